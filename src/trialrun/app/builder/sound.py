"""What can be said of an entry's values at once, before the whole study is checked: names, units, days, codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from trialrun.app.builder.checked import Checked
from trialrun.app.builder.fields import ABSENT, FIELDS, Field
from trialrun.app.language import gettext as _
from trialrun.errors import UnitError
from trialrun.study.schema_parts import DURATION
from trialrun.study.text import did_you_mean

_CODING = re.compile(r"^[A-Za-z0-9 .-]+:\S+$")
Said = tuple[str, str]


def look_at_entry(checked: Checked, section: str, values: Mapping[str, Any]) -> dict[str, Said]:
    """Message and remedy by field, for what is wrong whatever the rest of the study says."""
    said: dict[str, Said] = {}
    for field in FIELDS[section]:
        value = values.get(field.name, ABSENT)
        if value is not ABSENT and field.of:
            _names(checked, field, value, said)
    if section == "items":
        _item(values, said)
    offset = values.get("offset", ABSENT)
    if section == "visits" and offset is not ABSENT and not re.match(DURATION, str(offset)):
        said["offset"] = (_("{} is no duration.").format(offset), _("Write P7D, P2W or P4M."))
    if section == "visits" and (offset is ABSENT) != (values.get("anchor", ABSENT) is ABSENT):
        said.setdefault("anchor", (_("A planned day needs both this and how long after."), ""))
    return said


def _names(checked: Checked, field: Field, value: Any, said: dict[str, Said]) -> None:
    known = [name for section in field.of for name in checked.section(section)]
    if isinstance(value, dict):
        named = [str(cast("dict[str, Any]", value).get("assumption") or "")]
    else:
        named = [str(one) for one in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]
    odd = next((name for name in named if name and name not in known), "")
    if odd:
        said[field.name] = (_("There is no {!r} in the study.").format(odd), did_you_mean(odd, known))


def _item(values: Mapping[str, Any], said: dict[str, Said]) -> None:
    from trialrun.values.units import check_unit, same_dimension

    unit, units = values.get("unit", ABSENT), values.get("units", ABSENT)
    given = [str(unit)] if unit is not ABSENT else []
    others = [str(one) for one in cast("list[Any]", units)] if units is not ABSENT else []
    analyte = values.get("analyte", ABSENT)
    for field, named in (("unit", given), ("units", others)):
        for one in named:
            try:
                check_unit(one)
                fits = not given or same_dimension(one, given[0], None if analyte is ABSENT else str(analyte))
            except UnitError as error:
                said.setdefault(field, (error.message, error.remedy))
                continue
            if not fits:
                said.setdefault(field, (_("{} cannot be turned into {}.").format(one, given[0]), ""))
    for name in ("hard", "query"):
        limits = values.get(name, ABSENT)
        if limits is ABSENT:
            continue
        low, high = cast("list[Any]", limits)
        if low is not None and high is not None and low > high:
            said[name] = (_("The lower limit is above the upper one."), "")
    codings = values.get("codings", ABSENT)
    odd = (
        next((one for one in cast("list[str]", codings) if not _CODING.match(one)), "")
        if codings is not ABSENT
        else ""
    )
    if odd:
        said["codings"] = (
            _("{!r} is no code.").format(odd),
            _("Write system and code, such as LOINC:1975-2."),
        )
