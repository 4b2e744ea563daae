"""The registry record as one frozen value in the shape of ClinicalTrials.gov's API v2.

The document is kept whole and untouched; the accessors read from it, so what no accessor knows
(results, documents, annotations, a registry's own extensions) is carried along unchanged.
Source of the shape: ClinicalTrials.gov REST API 2.0.0, schema `Study`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from trialrun.errors import UserError
from trialrun.registry.criteria import Eligibility, split_criteria
from trialrun.values.dates import PartialDate, parse_partial_date

PROVENANCE_KEY = "provenance"


def freeze(value: object) -> Any:
    """The same JSON value, unchangeable: objects become read-only mappings, arrays tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({str(key): freeze(part) for key, part in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(part) for part in value)
    return value


def thaw(value: object) -> Any:
    """The same JSON value as plain dictionaries and lists, ready to be written."""
    if isinstance(value, Mapping):
        return {str(key): thaw(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [thaw(part) for part in value]
    return value


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a copy of a record came from.

    Args:
        source: the site the record was published on, e.g. `ClinicalTrials.gov` or `MedPath`.
        copied: the date the copy states for itself, as precisely as it does (`2025`, `2024-06-14`).
        notice: the site's copyright line, if it has one.
        page_only: what the page shows and the v2 shape has no place for.
        file, sha256, layout: the file read, the hash of its bytes and how it was read. They do not
            take part in equality: one page saved as text and as HTML gives equal records.
    """

    source: str = ""
    copied: str = ""
    notice: str = ""
    page_only: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    file: str = field(default="", compare=False)
    sha256: str = field(default="", compare=False)
    layout: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ArmGroup:
    """A group of participants as the record names it."""

    label: str
    type: str = ""
    description: str = ""
    intervention_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intervention:
    """What is given or done to participants."""

    type: str
    name: str
    description: str = ""
    arm_labels: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name arms refer to it by, e.g. `Biological: MSC-derived exosomes`."""
        words = self.type.replace("_", " ").capitalize()
        return f"{words}: {self.name}" if self.type else self.name


class OutcomeRole(StrEnum):
    """Which of the record's outcome tables an outcome stands in."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A registered outcome in the record's own words; `order` counts within its table from 1."""

    role: OutcomeRole
    order: int
    measure: str
    time_frame: str = ""
    description: str = ""

    @property
    def place(self) -> str:
        """Where it stands in the record, e.g. `primaryOutcomes[0]`."""
        return f"outcomesModule.{self.role}Outcomes[{self.order - 1}]"


@dataclass(frozen=True, slots=True)
class Location:
    """A site where the trial runs."""

    facility: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    zip: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """An age limit as the record writes it, e.g. `18 Years`."""

    value: Decimal
    unit: str
    text: str

    @property
    def years(self) -> Decimal | None:
        """The limit in years; `None` when the unit is not a number of months (weeks, days)."""
        if self.unit == "year":
            return self.value
        return self.value / 12 if self.unit == "month" else None


@dataclass(frozen=True)
class Record:
    """A registry record: the v2 document, unchangeable, and where it came from.

    Accessors return an empty string, an empty tuple or `None` where the record says nothing: a
    registry record never gets a value it does not state.
    """

    document: Mapping[str, Any]
    provenance: Provenance = Provenance()

    def __post_init__(self) -> None:
        object.__setattr__(self, "document", freeze(self.document))

    @property
    def content_hash(self) -> str:
        """SHA-256 of the document's content, independent of key order and white space."""
        text = json.dumps(thaw(self.document), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def module(self, name: str) -> Mapping[str, Any]:
        """One module of the protocol section, e.g. `designModule`; empty when absent."""
        return _mapping(_mapping(self.document.get("protocolSection")).get(name))

    def text(self, module: str, *path: str) -> str:
        """A text of the protocol section by its path; empty when absent or not a text."""
        value: object = self.module(module)
        for key in path:
            value = _mapping(value).get(key)
        return value if isinstance(value, str) else ""

    @property
    def registry_id(self) -> str:
        """The registration number, e.g. `NCT05871463`."""
        return self.text("identificationModule", "nctId")

    @property
    def brief_title(self) -> str:
        """The short public title."""
        return self.text("identificationModule", "briefTitle")

    @property
    def official_title(self) -> str:
        """The long title."""
        return self.text("identificationModule", "officialTitle")

    @property
    def acronym(self) -> str:
        """The trial's acronym."""
        return self.text("identificationModule", "acronym")

    @property
    def status(self) -> str:
        """The overall status, e.g. `RECRUITING`."""
        return self.text("statusModule", "overallStatus")

    @property
    def sponsor(self) -> str:
        """The lead sponsor's name."""
        return self.text("sponsorCollaboratorsModule", "leadSponsor", "name")

    @property
    def collaborators(self) -> tuple[str, ...]:
        """The collaborators' names."""
        parts = _mappings(self.module("sponsorCollaboratorsModule").get("collaborators"))
        return tuple(_text(part, "name") for part in parts)

    @property
    def brief_summary(self) -> str:
        """The brief summary."""
        return self.text("descriptionModule", "briefSummary")

    @property
    def detailed_description(self) -> str:
        """The detailed description."""
        return self.text("descriptionModule", "detailedDescription")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions studied."""
        return _texts(self.module("conditionsModule").get("conditions"))

    @property
    def keywords(self) -> tuple[str, ...]:
        """The sponsor's keywords."""
        return _texts(self.module("conditionsModule").get("keywords"))

    @property
    def study_type(self) -> str:
        """`INTERVENTIONAL`, `OBSERVATIONAL` or `EXPANDED_ACCESS`."""
        return self.text("designModule", "studyType")

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases, e.g. `PHASE2`; `NA` where the record says not applicable."""
        return _texts(self.module("designModule").get("phases"))

    @property
    def allocation(self) -> str:
        """`RANDOMIZED`, `NON_RANDOMIZED` or `NA`."""
        return self.text("designModule", "designInfo", "allocation")

    @property
    def design_model(self) -> str:
        """The interventional or observational model, e.g. `SINGLE_GROUP`, `COHORT`."""
        interventional = self.text("designModule", "designInfo", "interventionModel")
        return interventional or self.text("designModule", "designInfo", "observationalModel")

    @property
    def masking(self) -> str:
        """`NONE`, `SINGLE`, `DOUBLE`, `TRIPLE` or `QUADRUPLE`."""
        return self.text("designModule", "designInfo", "maskingInfo", "masking")

    @property
    def primary_purpose(self) -> str:
        """The primary purpose, e.g. `TREATMENT`."""
        return self.text("designModule", "designInfo", "primaryPurpose")

    @property
    def enrollment(self) -> int | None:
        """The number of participants, planned or actual; `None` when the record states none."""
        count = _mapping(self.module("designModule").get("enrollmentInfo")).get("count")
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    @property
    def enrollment_type(self) -> str:
        """`ACTUAL` or `ESTIMATED`."""
        return self.text("designModule", "enrollmentInfo", "type")

    @property
    def arms(self) -> tuple[ArmGroup, ...]:
        """The arm groups in the record's order."""
        return tuple(
            ArmGroup(
                _text(part, "label"),
                _text(part, "type"),
                _text(part, "description"),
                _texts(part.get("interventionNames")),
            )
            for part in _mappings(self.module("armsInterventionsModule").get("armGroups"))
        )

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """The interventions in the record's order."""
        return tuple(
            Intervention(
                _text(part, "type"),
                _text(part, "name"),
                _text(part, "description"),
                _texts(part.get("armGroupLabels")),
                _texts(part.get("otherNames")),
            )
            for part in _mappings(self.module("armsInterventionsModule").get("interventions"))
        )

    def outcomes(self, role: OutcomeRole | None = None) -> tuple[Outcome, ...]:
        """The registered outcomes of one table, or of all three in their order."""
        roles = tuple(OutcomeRole) if role is None else (role,)
        return tuple(
            Outcome(kind, order, _text(part, "measure"), _text(part, "timeFrame"), _text(part, "description"))
            for kind in roles
            for order, part in enumerate(
                _mappings(self.module("outcomesModule").get(f"{kind}Outcomes")), start=1
            )
        )

    @property
    def criteria_text(self) -> str:
        """The eligibility criteria as one text with bullets."""
        return self.text("eligibilityModule", "eligibilityCriteria")

    @property
    def criteria(self) -> Eligibility:
        """The eligibility criteria as sections, bullets and atomic criteria."""
        return split_criteria(self.criteria_text)

    @property
    def sex(self) -> str:
        """`ALL`, `FEMALE` or `MALE`."""
        return self.text("eligibilityModule", "sex")

    @property
    def minimum_age(self) -> AgeLimit | None:
        """The lowest age admitted, where the record has it as a field."""
        return _age(self.text("eligibilityModule", "minimumAge"))

    @property
    def maximum_age(self) -> AgeLimit | None:
        """The highest age admitted, where the record has it as a field."""
        return _age(self.text("eligibilityModule", "maximumAge"))

    @property
    def locations(self) -> tuple[Location, ...]:
        """The sites in the record's order."""
        keys = ("facility", "city", "state", "country", "zip", "status")
        parts = _mappings(self.module("contactsLocationsModule").get("locations"))
        return tuple(Location(**{key: _text(part, key) for key in keys}) for part in parts)

    def status_date(self, name: str) -> PartialDate | None:
        """A date of the status module, e.g. `completionDateStruct`; `None` when absent or unreadable."""
        value = self.module("statusModule").get(name)
        text = value if isinstance(value, str) else _text(_mapping(value), "date")
        try:
            return parse_partial_date(text) if text else None
        except UserError:
            return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else MappingProxyType({})


def _mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(part for part in value if isinstance(part, Mapping))


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(part for part in value if isinstance(part, str))


def _age(text: str) -> AgeLimit | None:
    number, _, unit = text.partition(" ")
    if not (number.isascii() and number.isdigit() and len(number) < 5):
        return None
    return AgeLimit(Decimal(number), unit.strip().lower().removesuffix("s"), text)
