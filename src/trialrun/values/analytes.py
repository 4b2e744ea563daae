"""The laboratory dictionary: what must be known of a measured substance to convert and to doubt it.

Source: molar factors as used with the OPTN tables (creatinine 88.42, bilirubin 17.104 umol/L per
mg/dL), else molar masses (triglycerides as triolein); limits are edit-check values chosen for this
program, not reference ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Analyte:
    """A measured substance.

    Args:
        name: as in item and input names, lower case.
        unit: the conventional unit in which the limits are given.
        other_units: units it is also reported in.
        umol_per_mg: how many micromoles one milligram is; None where mass and amount are never mixed.
        valence: charges per ion, for meq against mmol.
        enzyme: an activity, for which one [IU] is one U.
        unit_needed: numbers common in two units overlap, so a value without unit is always refused.
        query: outside these limits ask; inclusive, in `unit`.
        refuse: outside these limits refuse; inclusive, in `unit`.
    """

    name: str
    label: str
    unit: str
    other_units: tuple[str, ...] = ()
    umol_per_mg: Fraction | None = None
    valence: int | None = None
    enzyme: bool = False
    unit_needed: bool = False
    query: tuple[str, str] | None = None
    refuse: tuple[str, str] | None = None


def _enzyme(name: str, label: str, query: tuple[str, str], refuse: tuple[str, str]) -> Analyte:
    return Analyte(name, label, "U/L", ("ukat/L", "[IU]/L"), enzyme=True, query=query, refuse=refuse)


def _molar(grams: str) -> Fraction:
    """Micromoles in a milligram, from the molar mass."""
    return 1000 / Fraction(grams)


_ALL = (
    Analyte("creatinine", "creatinine", "mg/dL", ("umol/L",), Fraction("8.842"), query=("0.3", "8"), refuse=("0.1", "30")),
    Analyte(
        "bilirubin", "total bilirubin", "mg/dL", ("umol/L",), Fraction("1.7104"),
        unit_needed=True, query=("0.2", "40"), refuse=("0.05", "80"),
    ),
    Analyte("inr", "INR", "{INR}", ("1",), query=("0.8", "6"), refuse=("0.5", "20")),
    Analyte("prothrombin_time", "prothrombin time", "s", query=("9", "40"), refuse=("5", "150")),
    Analyte("sodium", "sodium", "mmol/L", ("meq/L",), valence=1, query=("120", "150"), refuse=("90", "190")),
    Analyte("potassium", "potassium", "mmol/L", ("meq/L",), valence=1),
    Analyte("chloride", "chloride", "mmol/L", ("meq/L",), valence=1),
    Analyte("bicarbonate", "bicarbonate", "mmol/L", ("meq/L",), valence=1),
    Analyte("calcium", "calcium", "mmol/L", ("meq/L", "mg/dL"), _molar("40.078"), valence=2),
    Analyte("magnesium", "magnesium", "mmol/L", ("meq/L",), valence=2),
    Analyte("albumin", "albumin", "g/dL", ("g/L",), query=("1.5", "5.5"), refuse=("0.5", "7")),
    _enzyme("ast", "AST", ("5", "1000"), ("1", "30000")),
    _enzyme("alt", "ALT", ("5", "1000"), ("1", "30000")),
    _enzyme("alp", "ALP", ("20", "1000"), ("1", "10000")),
    _enzyme("ggt", "GGT", ("5", "1000"), ("1", "10000")),
    Analyte("platelets", "platelets", "10*9/L", ("10*3/uL", "/uL", "/L"), query=("20", "600"), refuse=("1", "2500")),
    Analyte("glucose", "glucose", "mg/dL", ("mmol/L",), _molar("180.156")),
    Analyte("cholesterol", "cholesterol", "mg/dL", ("mmol/L",), _molar("386.65")),
    Analyte("triglycerides", "triglycerides", "mg/dL", ("mmol/L",), _molar("885.4")),
    Analyte("uric_acid", "uric acid", "mg/dL", ("umol/L",), _molar("168.11")),
    Analyte("iron", "iron", "ug/dL", ("umol/L",), _molar("55.845")),
    Analyte("cortisol", "cortisol", "ug/dL", ("nmol/L",), _molar("362.46")),
    Analyte("testosterone", "testosterone", "ng/dL", ("nmol/L",), _molar("288.42")),
    Analyte("estradiol", "estradiol", "pg/mL", ("pmol/L",), _molar("272.38")),
    Analyte("progesterone", "progesterone", "ng/mL", ("nmol/L",), _molar("314.46")),
    Analyte("vitamin_d", "25-hydroxyvitamin D", "ng/mL", ("nmol/L",), _molar("400.64")),
    Analyte("thyroxine", "thyroxine", "ng/dL", ("pmol/L",), _molar("776.87")),
    Analyte("vitamin_b12", "vitamin B12", "pg/mL", ("pmol/L",), _molar("1355.37")),
    Analyte("folate", "folate", "ng/mL", ("nmol/L",), _molar("441.40")),
    Analyte("leukocytes", "leukocytes", "10*9/L", ("10*3/uL", "/uL", "/L"), query=("1", "50"), refuse=("0.1", "500")),
)  # fmt: skip

ANALYTES: dict[str, Analyte] = {analyte.name: analyte for analyte in _ALL}


def find_analyte(name: str | None) -> Analyte | None:
    """The dictionary's entry for a name, capital letters aside; None when it has none."""
    return ANALYTES.get(name.strip().lower()) if name else None
