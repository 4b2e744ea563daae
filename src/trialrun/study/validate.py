"""A parsed study text against the schema: every violation as a finding with line, value, rule, remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, cast

from trialrun.study.schema import study_schema
from trialrun.study.schema_parts import DURATION
from trialrun.study.text import Located, Path_, did_you_mean, plain

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


def validate(located: Located) -> bool:
    """Note every violation of the schema in `located.findings`; true when there is none."""
    from jsonschema import Draft202012Validator

    validator: Any = Draft202012Validator(study_schema())
    before = len(located.findings)
    errors = sorted(validator.iter_errors(located.data), key=lambda error: [str(part) for part in error.path])
    for error in errors:
        path = cast("Path_", tuple(error.absolute_path))
        rule = str(error.validator)
        _EXPLAIN.get(rule, _other)(located, path, error)
    if not errors:
        _check_days(located)
    return len(located.findings) == before


def _check_days(located: Located) -> None:
    """Days that look like days and are none, such as 2026-02-30."""
    assumptions = cast("dict[str, dict[str, Any]]", located.data.get("assumptions", {}))
    for name, entry in assumptions.items():
        day = entry.get("confirmed", {}).get("on")
        try:
            if day is not None:
                date.fromisoformat(day)
        except ValueError:
            path: Path_ = ("assumptions", name, "confirmed", "on")
            located.problem(
                path, "not-a-day", f"{_where(path)} is {day}, no day of the calendar", "correct it"
            )


def _where(path: Path_) -> str:
    return ".".join(str(part) for part in path) or "the study"


def _unknown_key(located: Located, path: Path_, error: Any) -> None:
    known = cast("dict[str, Any]", error.schema.get("properties", {}))
    for key in cast("dict[str, Any]", error.instance):
        if key not in known:
            located.problem(
                (*path, key),
                "unknown-key",
                f"{_where(path)} has the unknown key {key!r}",
                did_you_mean(key, known) or f"allowed: {', '.join(known)}",
            )


def _missing_key(located: Located, path: Path_, error: Any) -> None:
    # jsonschema reports one `required` error per missing key and names it only in its message.
    for key in _absent(error):
        located.problem(path, "missing-key", f"{_where(path)} has no {key!r}", f"add {key}:")


def _absent(error: Any) -> Iterator[str]:
    for key in cast("list[str]", error.schema["required"]):
        if key not in error.instance and error.message.startswith(repr(key)):
            yield key


def _wrong_type(located: Located, path: Path_, error: Any) -> None:
    wanted = cast("str | list[str]", error.validator_value)
    kinds = [wanted] if isinstance(wanted, str) else wanted
    said = " or ".join(_KINDS[kind] for kind in kinds)
    remedy = "put it in quotes if it is meant as text" if kinds == ["string"] else f"write {said}"
    located.problem(
        path, "wrong-type", f"{_where(path)} is {plain(error.instance)}; it must be {said}", remedy
    )


def _not_listed(located: Located, path: Path_, error: Any) -> None:
    allowed = [str(value) for value in cast("list[Any]", error.validator_value)]
    near = did_you_mean(str(error.instance), allowed)
    located.problem(
        path,
        "not-allowed",
        f"{_where(path)} is {plain(error.instance)}; allowed: {', '.join(allowed)}",
        near or "take one of these",
    )


def _pattern(located: Located, path: Path_, error: Any) -> None:
    value = plain(error.instance)
    if "propertyNames" in error.absolute_schema_path:
        located.problem(
            (*path, error.instance),
            "bad-name",
            f"{_where(path)} has the name {value}; names are lower-case letters and digits, words joined by one _"
            if error.validator_value.startswith("^[a-z]")
            else f"{_where(path)} has the name {value}; criterion names begin with a capital, e.g. E2a",
            "rename it",
        )
        return
    if error.validator_value == DURATION:
        remedy = (
            "write P7D, P2W or P4M: days, weeks or calendar months; of several, months first and days last"
        )
        located.problem(path, "bad-form", f"{_where(path)} is {value}, which is no duration", remedy)
        return
    located.problem(
        path,
        "bad-form",
        f"{_where(path)} is {value}; it must look like {error.validator_value}",
        "see study-format.md",
    )


def _too_small(located: Located, path: Path_, error: Any) -> None:
    located.problem(
        path, "too-small", f"{_where(path)} is {plain(error.instance)}; the least is {error.validator_value}"
    )


def _open_bound(located: Located, path: Path_, error: Any) -> None:
    bound = "more than" if error.validator == "exclusiveMinimum" else "less than"
    located.problem(
        path,
        "out-of-range",
        f"{_where(path)} is {plain(error.instance)}; it must be {bound} {error.validator_value}",
        "correct the number",
    )


def _empty(located: Located, path: Path_, error: Any) -> None:  # noqa: ARG001 - one signature for all rules
    located.problem(path, "empty", f"{_where(path)} is empty", "write it, or leave the key out")


def _length(located: Located, path: Path_, error: Any) -> None:
    located.problem(
        path,
        "wrong-length",
        f"{_where(path)} has {len(error.instance)} entries; the rule is {error.validator} {error.validator_value}",
    )


def _other(located: Located, path: Path_, error: Any) -> None:
    located.problem(path, "schema", f"{_where(path)}: {error.message}")


_EXPLAIN: dict[str, Callable[[Located, Path_, Any], None]] = {
    "additionalProperties": _unknown_key,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _not_listed,
    "pattern": _pattern,
    "minimum": _too_small,
    "exclusiveMinimum": _open_bound,
    "exclusiveMaximum": _open_bound,
    "minLength": _empty,
    "minItems": _length,
    "maxItems": _length,
    "minProperties": _length,
}
