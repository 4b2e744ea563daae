"""Whether a document has the types the v2 shape promises, told as findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trialrun.values.finding import Finding, Severity

_TEXT, _NUMBER, _LIST_OF_TEXTS, _LIST_OF_OBJECTS = (
    "a text",
    "a whole number",
    "a list of texts",
    "a list of objects",
)
_MODULES: Mapping[str, Mapping[str, str]] = {
    "identificationModule": {"nctId": _TEXT, "briefTitle": _TEXT, "officialTitle": _TEXT, "acronym": _TEXT},
    "statusModule": {"overallStatus": _TEXT},
    "sponsorCollaboratorsModule": {"leadSponsor.name": _TEXT, "collaborators": _LIST_OF_OBJECTS},
    "descriptionModule": {"briefSummary": _TEXT, "detailedDescription": _TEXT},
    "conditionsModule": {"conditions": _LIST_OF_TEXTS, "keywords": _LIST_OF_TEXTS},
    "designModule": {"studyType": _TEXT, "phases": _LIST_OF_TEXTS, "enrollmentInfo.count": _NUMBER},
    "armsInterventionsModule": {"armGroups": _LIST_OF_OBJECTS, "interventions": _LIST_OF_OBJECTS},
    "outcomesModule": {
        "primaryOutcomes": _LIST_OF_OBJECTS,
        "secondaryOutcomes": _LIST_OF_OBJECTS,
        "otherOutcomes": _LIST_OF_OBJECTS,
    },
    "eligibilityModule": {
        "eligibilityCriteria": _TEXT,
        "sex": _TEXT,
        "minimumAge": _TEXT,
        "maximumAge": _TEXT,
    },
    "contactsLocationsModule": {"locations": _LIST_OF_OBJECTS},
}
_OTHER_MODULES = frozenset({"oversightModule", "referencesModule", "ipdSharingStatementModule"})
_SECTIONS = frozenset(
    {
        "protocolSection",
        "resultsSection",
        "annotationSection",
        "documentSection",
        "derivedSection",
        "hasResults",
    }
)


def check_shape(document: Mapping[str, Any]) -> list[Finding]:
    """What has another type than the v2 shape says, or a name it does not know.

    A value of the wrong type stays in the document but no accessor reads it.
    """
    findings = [_unknown(str(key)[:80], document[key]) for key in document if key not in _SECTIONS]
    protocol = document.get("protocolSection")
    modules = protocol if isinstance(protocol, Mapping) else {}
    for name, module in modules.items():
        place = f"protocolSection.{str(name)[:80]}"
        if name not in _MODULES and name not in _OTHER_MODULES:
            findings.append(_unknown(place, module))
        elif not isinstance(module, Mapping):
            findings.append(_wrong(place, "an object", module))
        else:
            findings.extend(_fields(place, module, _MODULES.get(name, {})))
    return findings


def _fields(place: str, module: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[Finding]:
    for path, expected in types.items():
        value: Any = module
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None and not _has_type(value, expected):
            yield _wrong(f"{place}.{path}", expected, value)


def _has_type(value: Any, expected: str) -> bool:
    if expected == _TEXT:
        return isinstance(value, str)
    if expected == _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    inner = str if expected == _LIST_OF_TEXTS else Mapping
    return isinstance(value, list | tuple) and all(isinstance(part, inner) for part in value)


def _wrong(place: str, expected: str, value: Any) -> Finding:
    return Finding(
        Severity.WARNING,
        "not-the-v2-shape",
        f"should be {expected} but is {repr(value)[:200]}; it is kept and not used",
        place,
        "correct the record or take it from the registry again",
    )


def _unknown(place: str, value: Any) -> Finding:
    return Finding(
        Severity.NOTE,
        "not-in-the-v2-shape",
        f"is no part of the v2 shape this version knows; it is kept and not used: {repr(value)[:200]}",
        place,
    )
