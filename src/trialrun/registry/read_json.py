"""Read ClinicalTrials.gov API v2 JSON into a record; what is odd is a finding, never dropped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from trialrun.errors import RecordError
from trialrun.registry.record import PROVENANCE_KEY, Provenance, Record, freeze
from trialrun.registry.shape import check_shape
from trialrun.values.finding import Finding, Severity

_V1_KEYS = frozenset({"FullStudiesResponse", "FullStudy", "StudyFieldsResponse", "Study", "ProtocolSection"})
_V2_KEYS = frozenset({"protocolSection"})
_DEEPEST = 200


def parse_json(text: str, name: str) -> tuple[Any, list[Finding]]:
    """The JSON value, with a finding for every key that stands twice in one object.

    Errors: `RecordError` when the text ends early, is not JSON, or holds NaN or Infinity.
    """
    findings: list[Finding] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                findings.append(
                    Finding(
                        Severity.WARNING,
                        "key-twice",
                        f"key {key[:80]!r} stands twice in one object; the first value {_short(found[key])} was replaced",
                        name,
                        "take the file from the registry again",
                    )
                )
            found[key] = value
        return found

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
            raise RecordError(
                f"{name} ends in the middle of the record, at line {error.lineno}: {error.msg}",
                "the download was cut short; take the file from the registry again",
            ) from None
        raise RecordError(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            "give the study's JSON from ClinicalTrials.gov, or the saved registry page",
        ) from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RecordError(f"{name} cannot be read as JSON: {reason}") from None
    return value, findings


def read_document(value: Any, name: str, sha256: str = "") -> tuple[Record, list[Finding]]:
    """A parsed v2 study as a record, with findings about its shape.

    Errors: `RecordError` for a search answer with several studies, the retired API's shape, or
    anything that is no study.
    """
    value = _one_study(value, name)
    if _depth(value) > _DEEPEST:
        raise RecordError(f"{name} is nested deeper than {_DEEPEST} levels, which no registry record is")
    document = {str(key): part for key, part in value.items()}
    origin = document.pop(PROVENANCE_KEY, None)
    record = Record(freeze(document), _provenance(document, origin, name, sha256))
    return record, check_shape(document)


def _one_study(value: Any, name: str) -> Mapping[str, Any]:
    if isinstance(value, list):
        ids = [_id_of(part) for part in value]
        if len(value) == 1:
            return _one_study(value[0], name)
        raise RecordError(
            f"{name} holds {len(value)} entries ({_listed(ids)}), not one study", "give a file with one study"
        )
    if not isinstance(value, Mapping):
        raise RecordError(
            f"{name} is JSON but not a registry record (it is {_short(value)})", "give a study's v2 JSON"
        )
    studies = value.get("studies")
    if isinstance(studies, list):
        if len(studies) == 1:
            return _one_study(studies[0], name)
        raise RecordError(
            f"{name} is a search answer with {len(studies)} studies ({_listed([_id_of(s) for s in studies])})",
            "save one study as its own file; `/studies/NCT...` gives one",
        )
    if not _V2_KEYS & set(value):
        if _V1_KEYS & set(value):
            raise RecordError(
                f"{name} has the shape of ClinicalTrials.gov's retired API v1 (key {min(_V1_KEYS & set(value))!r})",
                "download the study again from API v2 (`/api/v2/studies/NCT...`)",
            )
        keys = ", ".join(repr(str(key)[:40]) for key in list(value)[:6]) or "none"
        raise RecordError(
            f"{name} is JSON without a protocolSection (its keys: {keys})", "give a study's v2 JSON"
        )
    if not isinstance(value["protocolSection"], Mapping):
        raise RecordError(f"{name}: protocolSection is {_short(value['protocolSection'])}, not an object")
    return value


def _provenance(document: Mapping[str, Any], origin: Any, name: str, sha256: str) -> Provenance:
    if isinstance(origin, Mapping):
        known = {key: origin[key] for key in ("source", "copied", "notice", "file", "sha256", "layout")
                 if isinstance(origin.get(key), str)}  # fmt: skip
        page_only = origin.get("page_only")
        return Provenance(
            page_only=freeze(page_only) if isinstance(page_only, Mapping) else MappingProxyType({}), **known
        )
    derived = document.get("derivedSection")
    misc = derived.get("miscInfoModule") if isinstance(derived, Mapping) else None
    holder = misc.get("versionHolder") if isinstance(misc, Mapping) else None
    nct = _id_of(document).upper().startswith("NCT")
    return Provenance(
        source="ClinicalTrials.gov" if nct else "",
        copied=holder if isinstance(holder, str) else "",
        file=name,
        sha256=sha256,
        layout="v2-json",
    )


def _id_of(study: Any) -> str:
    for key in ("protocolSection", "identificationModule", "nctId"):
        study = study.get(key) if isinstance(study, Mapping) else None
    return study if isinstance(study, str) else "without a number"


def _listed(ids: list[str]) -> str:
    shown = ", ".join(name[:40] for name in ids[:8])
    return shown + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            inner
            for part in level
            if isinstance(part, Mapping | list)
            for inner in (part.values() if isinstance(part, Mapping) else part)
        ]
    return deepest


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a value JSON has")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value
