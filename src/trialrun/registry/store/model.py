"""What is asked of the store of records and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType


class Sort(StrEnum):
    """The order of what is found."""

    RELEVANCE = "relevance"
    UPDATED = "updated"  # last update first
    STARTED = "started"  # latest start first


@dataclass(frozen=True, slots=True)
class Search:
    """A question to the store; an empty field asks for nothing. Values of one field are alternatives.

    Args:
        words: words to be found anywhere in the record's protocol part; `"two words"` for a phrase,
            `-word` for without, `word*` for a beginning. Plurals and common endings are found alike.
        condition, intervention, sponsor: words to be found there, written in the same way.
        phases, statuses, study_types: registry codes (`PHASE2`, `RECRUITING`, `INTERVENTIONAL`).
        countries: names as the records write them.
        age: an age in years the trial admits; a trial that states no limit admits every age.
        sex: `FEMALE` or `MALE`: trials that admit this sex.
        results: whether results are posted.
        overdue: whether results are overdue (see `registry.overdue`).
        sort, page, size: order, page from 1, hits a page.
    """

    words: str = ""
    condition: str = ""
    intervention: str = ""
    sponsor: str = ""
    phases: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    study_types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    age: Decimal | None = None
    sex: str = ""
    results: bool | None = None
    overdue: bool | None = None
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """One trial in a list: what is shown of it without opening the record."""

    registry_id: str
    title: str
    status: str = ""
    study_type: str = ""
    phases: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    sponsor: str = ""
    countries: tuple[str, ...] = ()
    enrollment: int | None = None
    started: str = ""
    updated: str = ""
    results: bool = False
    versions: int = 1


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how many trials would be found with it chosen."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search.

    Args:
        total: trials found on all pages.
        hits: those of the page asked for.
        facets: `status`, `phase`, `study_type`, `sex` (who is admitted), `country`, `results` (`yes`, `no`):
            values with counts, most first. A facet's counts leave its own choice aside, so that alternatives
            can be added.
        notes: what of the question could not be used, in words for the person who asked.
    """

    total: int
    hits: tuple[Hit, ...] = ()
    facets: Mapping[str, tuple[FacetValue, ...]] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record the store has seen; `number` counts from 1, oldest first."""

    registry_id: str
    number: int
    sha256: str
    updated: str  # the record's own date of last update
    imported: str  # UTC moment it came in
    source: str  # the file it came from


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in records; what was not taken is listed by `RegistryStore.rejected`.

    Args:
        files: files read, those inside an archive apart.
        read: records found in them that could be taken.
        new: trials the store did not have.
        updated: versions the store did not have of trials it had.
        unchanged: records whose content the store had already.
        bad: what could not be taken.
    """

    files: int
    read: int
    new: int
    updated: int
    unchanged: int
    bad: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something in a file that could not be taken as a record: where it stood and why."""

    file: str
    place: str
    reason: str
    imported: str = ""  # UTC moment of the import


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: bytes of the files given, records taken, things rejected."""

    bytes_read: int
    bytes_total: int
    records: int
    bad: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a store holds; `updated_last` is the latest date of update any record states."""

    trials: int
    versions: int
    rejected: int
    size: int  # bytes on disk
    updated_last: str = ""
