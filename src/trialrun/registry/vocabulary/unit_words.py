"""Units as registry texts write them, in UCUM."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from trialrun.errors import UnitError
from trialrun.registry.vocabulary.model import Term, TermKind

_UCUM = {
    "kg": "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes kg(s)",
    "g": "g gm gms gram grams gramme grammes",
    "[lb_av]": "lb lbs lb. lbs. pound pounds",
    "cm": "cm cms centimeter centimeters centimetre centimetres",
    "m": "m meter meters metre metres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "um": "um micron microns micrometer micrometers micrometre micrometres",
    "[in_i]": "inch inches",
    "m2": "m2 m^2",
    "kg/m2": "kg/m2 kg/m^2 kgs/m2 kgm2 kg/squaremeter kg/squaremetre kg/metersquared kg/sqm kg/m(2) kilogram/squaremeter kg/m**2 "
    "kilograms/squaremeter kg/metresquared kg/meter2 kilograms/metersquared kgm-2 kg.m-2",
    "mm[Hg]": "mmhg mm[hg] torr mmofhg",
    "kPa": "kpa",
    "Cel": "°c degreesc degreescelsius degreecelsius celsius ℃ degreescentigrade degc ºc degreec c",
    "[degF]": "°f degreesf degreesfahrenheit degreefahrenheit fahrenheit degf ºf degreef ℉",
    "/min": "/min bpm b.p.m. b.p.m beats/min beats/minute beat/min beatsperminute breaths/min breaths/minute breath/min /minute "
    "beats/mn",
    "ms": "ms msec msecs msec. millisecond milliseconds",
    "s": "s sec secs second seconds",
    "h": "h hr hrs hour hours",
    "d": "day days",
    "wk": "wk wks week weeks",
    "mo": "month months",
    "a": "year years",
    "%": "% percent percentage",
    "mg/dL": "mg/dl mg/dcl mg/deciliter mg/decilitre mgs/dl mgdl mg/100ml milligrams/deciliter mgm/dl",
    "g/dL": "g/dl gm/dl gms/dl gr/dl grams/dl gram/dl g/deciliter gm%",
    "g/L": "g/l gm/l grams/l g/liter grams/liter",
    "mg/L": "mg/l mg/liter mg/litre",
    "ug/L": "ug/l mcg/l",
    "ug/dL": "ug/dl mcg/dl",
    "ng/mL": "ng/ml ng/milliliter",
    "ng/dL": "ng/dl",
    "ng/L": "ng/l",
    "pg/mL": "pg/ml",
    "umol/L": "umol/l mcmol/l micromol/l micromoles/l micromoles/liter micromol/liter umols/l",
    "mmol/L": "mmol/l mm/l mmol/liter mmol/litre millimol/l mmoles/l mmols/l",
    "nmol/L": "nmol/l",
    "pmol/L": "pmol/l",
    "mmol/mol": "mmol/mol",
    "meq/L": "meq/l",
    "mg/g": "mg/g mg/gram",
    "g/(24.h)": "g/day g/24h g/24hours g/d g/24hrs g/24hr g/24hour grams/24hours g/24-hour grams/day gm/day",
    "mg/(24.h)": "mg/day mg/24h mg/24hours mg/d mg/24hr mg/24hrs",
    "U/L": "u/l iu/l units/l units/liter unit/l iu/liter",
    "U/mL": "u/ml units/ml",
    "[IU]/mL": "iu/ml ku/l",
    "m[IU]/L": "miu/l mu/l",
    "m[IU]/mL": "miu/ml mu/ml",
    "u[IU]/mL": "uiu/ml uu/ml",
    "{copies}/mL": "copies/ml copies/milliliter",
    "/uL": "/ul /mm3 cells/ul cells/mm3 cell/mm3 cell/ul /mm^3 cells/mm^3 /microliter cells/microliter /cumm cells/cumm /cu.mm /mcl cells/mcl /cmm "
    "/cubicmillimeter cells/cubicmillimeter platelets/ul platelets/mm3 /microlitre cu.mm cumm mm3 /mmc",
    "10*3/uL": "k/ul k/mm3 k/mm^3 thou/ul thousand/ul thousand/mm3 k/mcl k/cumm thousands/mm3 thousand/microliter",
    "10*9/L": "g/l_count giga/l billion/l",
    "mL/min": "ml/min ml/minute milliliter/minute milliliters/minute ml/mn cc/min milliliter/min",
    "mL/min/{1.73_m2}": "ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73 ml/minute/1.73m2 ml/min/1.73sqm ml/min/1.73meter2 ml/min/1.73metersquared ml/min1.73m2 "
    "ml/min/1.73squaremeters ml/min/1.73squaremeter ml/minute/1.73m^2 ml/min/1.73mm2 ml/mn/1.73m2 ml/min/1.73squaremetre "
    "milliliters/minute/1.73m2 ml/min/m2_173 ml/minute/1.73squaremeters ml/min/1.73squaremetres",
    "L": "l liter liters litre litres",
    "mL": "ml milliliter milliliters cc",
    "mL/kg/min": "ml/kg/min ml/kg/minute",
    "mm/h": "mm/h mm/hr mm/hour mm/1sthour mm/1h",
    "{events}/h": "/h /hour events/hour events/h events/hr /hr",
    "mosm/kg": "mosm/kg mosmol/kg",
    "[pH]": "",
}
_NAMES = {name: unit for unit, names in _UCUM.items() for name in names.split()}
# Laboratories all over the world report in these; of every other unit there is a second one in use somewhere.
_EVERYWHERE = frozenset(("U/L", "%", "mL/min", "mL/min/{1.73_m2}", "mm/h", "[pH]"))
_NO_DIMENSION = "plain number"
_POINTS = frozenset(("", "point", "points", "score", "scores", "/10", "/100", "/30", "outof10", "outof100"))
_POWER = re.compile(r"^(?:x|\*|\.)?10(?:\^|\*\*|\*|e|exp)?\(?(\d{1,2})\)?(/?(?:cells|platelets)?/?.*)$")
_COUNT_VOLUMES = {"/l": "/L", "/liter": "/L", "/litre": "/L", "/ul": "/uL", "/mm3": "/uL", "/mm^3": "/uL", "/microliter": "/uL", "/mcl": "/uL",
                  "/ml": "/mL", "/cumm": "/uL", "/cubicmillimeter": "/uL", "/cu.mm": "/uL", "l": "/L", "": ""}  # fmt: skip


@lru_cache(maxsize=2048)
def ucum_of(text: str) -> str:
    """The UCUM unit a text means; empty where it is not certain.

    `K/uL` means thousands in a microlitre in such texts, never kelvin.
    """
    plain = _plain(text)
    power = _POWER.match(plain)
    if power and (volume := _COUNT_VOLUMES.get(re.sub(r"cells?|platelets", "", power[2]).replace("//", "/"))):
        return f"10*{int(power[1])}{volume}"
    return _NAMES.get(plain, "")


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.replace("×", "x").replace("⋅", ".")).lower()
    text = text.replace("μ", "u").replace("µ", "u").replace("−", "-")
    text = re.sub(r"\s*\bper\s+", "/", text)
    text = re.sub(r"\b1,73\b", "1.73", text)
    text = re.sub(r"\s+", "", text).rstrip(".,")
    text = re.sub(r"^(?:-)", "", text)
    return text.replace("/(1.73m2)", "/1.73m2").replace("/(1.73m^2)", "/1.73m2").replace("mm[hg]", "mmhg")


def unit_for(text: str, term: Term) -> str:
    """The UCUM unit of a number written for a term; empty where the text does not tell it for certain.

    A number without unit is taken only where one unit is in use everywhere; a unit that cannot be turned into the
    term's is refused, and so is a clearance per body surface where one without it is meant.
    """
    from trialrun.values.units import dimension, same_dimension

    if term.plain_number:
        return term.unit if _plain(text) in _POINTS else ""
    if not text.strip():
        told = term.kind is not TermKind.LABORATORY or term.unit in _EVERYWHERE
        return term.unit if len(term.units) == 1 and told else ""
    unit = ucum_of(text)
    if not unit or ("1.73" in unit) != ("1.73" in term.unit):
        return ""
    if unit in term.units:
        return unit
    try:
        # Fractions are no substance: mmol/mol of HbA1c is no percent of it, though both are plain numbers.
        fits = dimension(unit) != _NO_DIMENSION and same_dimension(unit, term.unit, term.analyte or None)
    except UnitError:
        return ""
    return unit if fits else ""
