"""A document made ready for the store: words to search, the card a list shows, what is filtered by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from trialrun.errors import RecordError, UserError
from trialrun.registry.overdue import overdue
from trialrun.registry.record import Record
from trialrun.registry.store.documents import content_hash, packed
from trialrun.registry.store.model import Hit
from trialrun.values.dates import parse_partial_date

LONGEST_ID = 100
_LONGEST_COLUMN = (
    200_000  # characters searched in one part of a record; the registry's longest field has 32,000
)
_LONGEST_NAME = 200
_MOST_LISTED = 100
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MONTHS = {"year": 12.0, "month": 1.0, "week": 12 / 52.1775, "day": 12 / 365.2425}
_MONTHS |= {"hour": 12 / 365.2425 / 24, "minute": 12 / 365.2425 / 1440}


@dataclass(frozen=True, slots=True)
class Facets:
    """What trials are filtered and counted by.

    Dates are days since 0001-01-01 (0: none stated). Ages are months: from `youngest` to before `oldest`.
    """

    status: str
    study_type: str
    sex: str
    results: bool
    phases: tuple[str, ...]
    countries: tuple[str, ...]
    started: int
    updated: int
    due: int  # the day results were or will be due; 0: no date or no duty known
    youngest: float
    oldest: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """One record ready to be written."""

    registry_id: str
    sha256: bytes
    updated: str
    document: bytes
    words: tuple[str, ...]  # one text a column of `schema.COLUMNS`
    card: str
    facets: Facets


def prepare(document: Mapping[str, Any], dictionary: bytes, text: bytes = b"") -> Prepared:
    """A v2 document made ready; `text` is its own JSON where it came on one line.

    Errors: `RecordError` when it is no study or has no registration number.
    """
    protocol = document.get("protocolSection")
    if not isinstance(protocol, Mapping):
        raise RecordError(_no_study(document))
    registry_id = _text(_part(protocol, "identificationModule"), "nctId").strip()
    if not registry_id:
        raise RecordError("it has no registration number (identificationModule.nctId)")
    if not _can_be_number(registry_id):
        raise RecordError(f"its registration number {registry_id[:40]!r} cannot be one")
    hit = _hit(document, protocol, registry_id)
    return Prepared(
        registry_id,
        content_hash(document),
        hit.updated,
        packed(document, dictionary, text),
        searchable(document),
        _card(hit),
        _facets(document, protocol, hit),
    )


def _can_be_number(text: str) -> bool:
    """Whether a trial can be registered and looked up under it: no letter that addresses use otherwise."""
    return (
        len(text) <= LONGEST_ID
        and text.isprintable()
        and not {"~", "%"} & set(text)
        and any(map(str.isalnum, text))
    )


def searchable(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The words to search by part of the record, in the order of `schema.COLUMNS`.

    Results, documents and the registry's own notes are left out: their tables of adverse events would be
    found for every illness. The registry's terms for condition and intervention are taken in.
    """
    protocol = _part(document, "protocolSection")
    derived = _part(document, "derivedSection")
    about, told = _part(protocol, "identificationModule"), _part(protocol, "descriptionModule")
    conditions, arms = _part(protocol, "conditionsModule"), _part(protocol, "armsInterventionsModule")
    sponsors = _part(protocol, "sponsorCollaboratorsModule")
    interventions = _parts(arms, "interventions")
    return (
        _joined([_text(about, "briefTitle"), _text(about, "officialTitle"), *_identifiers(about)]),
        _joined(
            [
                *_texts(conditions, "conditions"),
                *_texts(conditions, "keywords"),
                *_terms(_part(derived, "conditionBrowseModule")),
            ]
        ),
        _joined(
            [
                *(_text(part, "name") for part in interventions),
                *(name for part in interventions for name in _texts(part, "otherNames")),
                *_terms(_part(derived, "interventionBrowseModule")),
            ]
        ),
        _joined([_sponsor(sponsors), *(_text(part, "name") for part in _parts(sponsors, "collaborators"))]),
        _joined([_text(told, "briefSummary"), _text(told, "detailedDescription")]),
        _joined(_rest(protocol, arms, interventions)),
    )


def _identifiers(about: Mapping[str, Any]) -> Iterable[str]:
    yield _text(about, "acronym")
    yield _text(about, "nctId")
    yield from _texts(about, "nctIdAliases")
    yield _text(_part(about, "orgStudyIdInfo"), "id")
    yield from (_text(part, "id") for part in _parts(about, "secondaryIdInfos"))


def _rest(
    protocol: Mapping[str, Any], arms: Mapping[str, Any], interventions: Sequence[Mapping[str, Any]]
) -> Iterable[str]:
    yield _text(_part(protocol, "eligibilityModule"), "eligibilityCriteria")
    yield from (_text(part, "description") for part in interventions)
    for part in _parts(arms, "armGroups"):
        yield _text(part, "label")
        yield _text(part, "description")
    outcomes = _part(protocol, "outcomesModule")
    for role in ("primaryOutcomes", "secondaryOutcomes", "otherOutcomes"):
        for part in _parts(outcomes, role):
            yield _text(part, "measure")
            yield _text(part, "timeFrame")
            yield _text(part, "description")
    places = _part(protocol, "contactsLocationsModule")
    seen: dict[str, None] = {}
    for part in _parts(places, "locations"):
        for key in ("facility", "city", "state", "country"):
            seen[_text(part, key)] = None
    yield from seen
    for part in _parts(places, "overallOfficials"):
        yield _text(part, "name")
        yield _text(part, "affiliation")


def _terms(module: Mapping[str, Any]) -> Iterable[str]:
    for key in ("meshes", "ancestors"):
        yield from (_text(part, "term") for part in _parts(module, key))


def _hit(document: Mapping[str, Any], protocol: Mapping[str, Any], registry_id: str) -> Hit:
    about, status = _part(protocol, "identificationModule"), _part(protocol, "statusModule")
    design = _part(protocol, "designModule")
    arms = _part(protocol, "armsInterventionsModule")
    places = _parts(_part(protocol, "contactsLocationsModule"), "locations")
    count = _part(design, "enrollmentInfo").get("count")
    usable = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**53
    return Hit(
        registry_id,
        _clean((_text(about, "briefTitle") or _text(about, "officialTitle"))[:1000]),
        _code(_text(status, "overallStatus")),
        _code(_text(design, "studyType")),
        _names(_texts(design, "phases")),
        _names(_texts(_part(protocol, "conditionsModule"), "conditions")),
        _names(_text(part, "name") for part in _parts(arms, "interventions")),
        _clean(_sponsor(_part(protocol, "sponsorCollaboratorsModule"))[:_LONGEST_NAME]),
        _names(_text(part, "country") for part in places),
        count if usable else None,
        _date(status, "startDateStruct"),
        _date(status, "lastUpdatePostDateStruct") or _date(status, "lastUpdateSubmitDate"),
        bool(document.get("resultsSection")) or document.get("hasResults") is True,
    )


def _facets(document: Mapping[str, Any], protocol: Mapping[str, Any], hit: Hit) -> Facets:
    who = _part(protocol, "eligibilityModule")
    youngest, oldest = _months(_text(who, "minimumAge")), _months(_text(who, "maximumAge"))
    return Facets(
        hit.status,
        hit.study_type,
        _code(_text(who, "sex")),
        hit.results,
        hit.phases,
        hit.countries,
        _day(hit.started),
        _day(hit.updated),
        0 if hit.results else _due(document, protocol),
        youngest[0] if youngest else 0.0,
        oldest[1] if oldest else float("inf"),
    )


def _due(document: Mapping[str, Any], protocol: Mapping[str, Any]) -> int:
    """The day after which missing results are overdue; 0 where none are owed as the record stands."""
    # only what decides it: a record of hundreds of places is not made whole for one date
    light = {name: _part(protocol, name) for name in ("statusModule", "designModule", "oversightModule")}
    given = {
        _text(part, "type") for part in _parts(_part(protocol, "armsInterventionsModule"), "interventions")
    }
    places = {
        _text(part, "country") for part in _parts(_part(protocol, "contactsLocationsModule"), "locations")
    }
    light["armsInterventionsModule"] = {"interventions": [{"type": kind} for kind in sorted(given)]}
    light["contactsLocationsModule"] = {"locations": [{"country": place} for place in sorted(places)]}
    found = overdue(
        Record({"protocolSection": light, "annotationSection": _part(document, "annotationSection")}),
        date.max,
    )
    return found.due.toordinal() if found else 0


def _card(hit: Hit) -> str:
    return json.dumps(
        [
            hit.title, hit.status, hit.study_type, hit.phases, hit.conditions, hit.interventions, hit.sponsor,
            hit.countries, hit.enrollment, hit.started, hit.updated, hit.results,
        ],
        separators=(",", ":"),
    )  # fmt: skip


def hit_of(registry_id: str, card: str, versions: int) -> Hit:
    """The hit a stored card stands for."""
    title, status, kind, phases, conditions, given, sponsor, countries, count, started, updated, results = (
        json.loads(card)
    )
    return Hit(
        registry_id, title, status, kind, tuple(phases), tuple(conditions), tuple(given), sponsor,
        tuple(countries), count, started, updated, results, versions,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _months(text: str) -> tuple[float, float] | None:
    """An age limit in months, as the first moment of it and the first moment after it."""
    number, _, unit = text.strip().partition(" ")
    size = _MONTHS.get(unit.strip().lower().removesuffix("s"))
    if size is None or not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    return int(number) * size, (int(number) + 1) * size


@lru_cache(maxsize=65_536)
def _day(text: str) -> int:
    """A date as a day's number, the first day it can mean; 0 when there is none."""
    try:
        return parse_partial_date(text).earliest.toordinal() if text else 0
    except UserError:
        return 0


def _date(module: Mapping[str, Any], name: str) -> str:
    value = module.get(name)
    text = value if isinstance(value, str) else _text(_part(module, name), "date")
    return text if _day(text[:20]) and len(text) <= 20 else ""


def _sponsor(module: Mapping[str, Any]) -> str:
    return _text(_part(module, "leadSponsor"), "name")


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    """Every name once, in their order; more than a hundred are no list anybody reads."""
    return tuple(dict.fromkeys(_clean(text[:_LONGEST_NAME]) for text in texts if text))[:_MOST_LISTED]


def _code(text: str) -> str:
    return _clean(text[:_LONGEST_NAME])


def _clean(text: str) -> str:
    """The text as lists, files and the index can hold it: halves of characters, controls, turned reading replaced."""
    return _NO_TEXT.sub("\ufffd", text)


def _joined(texts: Iterable[str]) -> str:
    return _clean("\n".join(text for text in texts if text)[:_LONGEST_COLUMN])


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _parts(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _texts(value: Mapping[str, Any], key: str) -> list[str]:
    found = value.get(key)
    return [part for part in found if isinstance(part, str)] if isinstance(found, list) else []


def _no_study(document: Mapping[str, Any]) -> str:
    keys = ", ".join(repr(str(key)[:40]) for key in list(document)[:6]) or "none"
    return f"it is JSON without a protocolSection (its keys: {keys})"
