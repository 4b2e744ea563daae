"""An entry of a study in one line, for a list of its section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trialrun.app.builder.checked import Checked
from trialrun.app.builder.fields import FIELDS
from trialrun.app.language import gettext as _


def said(checked: Checked, section: str, name: str, entry: Mapping[str, Any]) -> str:
    """What an entry says, in words where the study has them."""
    if section == "visits":
        forms = _titles(checked, ("forms",), entry.get("forms"))
        return _joined(_day(checked, name, entry), forms)
    if section == "items":
        codings = (str(one) for one in entry.get("codings") or ())
        return _joined(_choice(section, "type", entry), str(entry.get("unit") or ""), *codings)
    if section == "forms":
        return _titles(checked, ("items",), entry.get("items"))
    if section == "endpoints":
        variable = _titles(checked, ("items", "derived"), [entry.get("variable", "")])
        return _joined(variable, _titles(checked, ("visits",), entry.get("visits")))
    if section == "assumptions":
        return str(entry.get("default", ""))
    return str(entry.get("expression") or entry.get("score") or entry.get("description") or "").strip()


def kind_words(section: str, entry: Mapping[str, Any]) -> str:
    """The kind of a criterion or a visit, the role of an endpoint; empty for what has neither."""
    return _choice(section, "kind", entry) or _choice(section, "role", entry)


def _choice(section: str, key: str, entry: Mapping[str, Any]) -> str:
    code = str(entry.get(key) or "")
    known = next((dict(field.options) for field in FIELDS[section] if field.name == key), {})
    return _(known[code]) if code in known else code


def _day(checked: Checked, name: str, entry: Mapping[str, Any]) -> str:
    """The planned day with its window; as written where the study does not load."""
    from trialrun.study.describe import timing

    if checked.study is not None and name in checked.study.visits:
        return timing(checked.study.visits[name])
    anchor, offset = entry.get("anchor"), entry.get("offset")
    return f"{anchor} + {offset}" if anchor and offset else _("no planned day")


def _titles(checked: Checked, sections: Iterable[str], names: Any) -> str:
    """What entries are called on the forms; the name itself of one that is not there."""
    known = {name: entry for section in sections for name, entry in checked.section(section).items()}
    called: list[str] = []
    for one in names if isinstance(names, list | tuple) else ():
        entry = known.get(str(one), {})
        called.append(str(entry.get("label") or entry.get("title") or one))
    return ", ".join(one.strip().rstrip(".") if len(one) <= 60 else f"{one[:59]}…" for one in called)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
