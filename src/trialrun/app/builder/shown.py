"""An entry's values as the texts of its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from trialrun.app.builder.fields import FIELDS, Field, Form, Kind
from trialrun.app.language import gettext as _

EMPTY_CHECKS = 1


def shown_entry(section: str, entry: Mapping[str, Any]) -> dict[str, list[str]]:
    """What each field of an entry's form holds; reading the form again gives the entry's values."""
    shown: dict[str, list[str]] = {}
    for field in FIELDS[section]:
        _show(field, entry.get(field.name), shown)
    return shown


def in_file(field: Field, form: Form, theirs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """What the file says in a field, in words, where the form says something else; `None` where it does not.

    Args:
        form: the form as it was sent.
        theirs: the entry in the file, as `shown_entry` gives it; nothing when there is none to compare with.
    """
    keys = [key for key in theirs if key == field.name or key.startswith(f"{field.name}.")]
    if all(_texts(theirs[key]) == _texts(form(key)) for key in keys):
        return None
    match field.kind:
        case Kind.YES:
            return [_("Yes") if _texts(theirs[field.name]) else _("No")]
        case Kind.LIMITS:
            return [" – ".join((_texts(theirs[key]) or ["…"])[0] for key in keys)]
        case Kind.LEVEL:
            stated = _texts(theirs[f"{field.name}.stated"])
            rests = _texts(theirs[f"{field.name}.assumption"])
            level = _("Stated by the record") if stated else _("Assumed")
            return [*_texts(theirs[f"{field.name}.value"]), level, *rests]
        case _:
            return [text for key in keys for text in _texts(theirs[key])]


def _texts(values: Sequence[str]) -> list[str]:
    return [text.replace("\r\n", "\n").strip() for text in values if text.strip()]


def _show(field: Field, value: Any, shown: dict[str, list[str]]) -> None:
    match field.kind:
        case Kind.YES:
            shown[field.name] = ["true" if (field.default if value is None else value) is True else ""]
        case Kind.SEVERAL:
            shown[field.name] = [str(one) for one in _list(value)]
        case Kind.LINES:
            shown[field.name] = ["\n".join(str(one) for one in _list(value))]
        case Kind.LABELLED:
            shown[field.name] = ["\n".join(f"{code} = {label}" for code, label in _dict(value).items())]
        case Kind.LIMITS:
            ends = [*_list(value), None, None]
            for name, end in zip(("low", "high"), ends, strict=False):
                shown[f"{field.name}.{name}"] = ["" if end is None else str(end)]
        case Kind.LEVEL:
            level = _dict(value)
            shown[f"{field.name}.value"] = [str(level.get("value", ""))]
            shown[f"{field.name}.stated"] = ["true" if level.get("stated") is True else ""]
            shown[f"{field.name}.assumption"] = [str(level.get("assumption") or "")]
        case Kind.CHECKS:
            rows = [*_dict(value).items(), *[("", {})] * EMPTY_CHECKS]
            for order, (name, check) in enumerate(rows):
                shown[f"{field.name}.{order}.name"] = [name]
                for part in ("expression", "message"):
                    shown[f"{field.name}.{order}.{part}"] = [str(_dict(check).get(part, "")).rstrip("\n")]
        case _:
            shown[field.name] = ["" if value is None else str(value).rstrip("\n")]


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
