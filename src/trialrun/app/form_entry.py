"""What a person typed into a form, and the entry of the ledger it stands for.

A typed field keeps three things apart: the text, its unit, and the reason there is no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trialrun.app.language import gettext as _
from trialrun.errors import RefusedError, UserError
from trialrun.ledger.commands import Entry
from trialrun.ledger.decide.asked import form_at, visit_of
from trialrun.ledger.decide.refusal import RuleBrokenError
from trialrun.ledger.state import ERASED, ParticipantState, SavedValue
from trialrun.study.model import Item, ItemType, Study
from trialrun.values.missing import MissingReason

NEW_ROW = -1  # a row of a repeating form that has no number yet

_DIGITS = {0x0660 + n: str(n) for n in range(10)} | {0x06F0 + n: str(n) for n in range(10)}
_DAY = re.compile(r"^(\d{4})[-/.](\d{1,2}|UN|un)(?:[-/.](\d{1,2}|UN|un))?$")
_CLOCK = re.compile(r"^(\d{1,2}):?(\d{2})$")
_EIGHT_DIGITS = 8


@dataclass(frozen=True, slots=True)
class FormPlace:
    """Whose form at which visit; `row` counts from 1 on a repeating form, 0 elsewhere, `NEW_ROW` to add one."""

    participant: str
    visit: str
    form: str
    row: int = 0

    @property
    def key(self) -> str:
        """The place as one text, under which drafts are kept."""
        return f"form/{self.participant}/{self.visit}/{self.form}/{self.row}"


class NoSuchFormError(RefusedError):
    """The study has no such form at that visit, or the participant no such row."""


def need_place(study: Study, place: FormPlace) -> None:
    """Errors: `NoSuchFormError` when the study asks no such form at that visit, whoever wants to know."""
    try:
        form_at(study, visit_of(study, place.visit), place.form)
    except RuleBrokenError as broken:
        raise NoSuchFormError(broken.refusal.message, broken.refusal.remedy) from broken


@dataclass(frozen=True, slots=True)
class Typed:
    """One field as typed; all empty: nothing was entered."""

    text: str = ""
    unit: str = ""
    missing: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is neither a value nor a reason for its absence (a unit alone says nothing)."""
        return not self.text and not self.missing


def typed_from_saved(value: SavedValue | None) -> Typed:
    """A saved value as its field shows it; what was erased or cannot be shown is empty."""
    if value is None or value.missing == ERASED:
        return Typed()
    return Typed(value.text or "", value.unit or "", value.missing or "")


def typed_fields(person: ParticipantState, place: FormPlace, items: Mapping[str, Item]) -> dict[str, Typed]:
    """Every item of a form as its saved value fills it."""
    saved = person.form_values(place.visit, place.form, place.row)
    return {name: typed_from_saved(saved.get(name)) for name in items}


def entry_of(item: Item, typed: Typed) -> Entry:
    """The entry a typed field stands for; numbers keep their text as typed.

    Errors: `UserError` for a reason that is none of the list.
    """
    if not typed.missing:
        text = plain_text(item, typed.text)
        return Entry(text, _unit(item, typed.unit)) if text else Entry()
    if typed.missing not in set(MissingReason):
        raise UserError(
            _("%(reason)s is not a reason for a missing value") % {"reason": repr(typed.missing[:40])}
        )
    return Entry(plain_text(item, typed.text) or None, None, MissingReason(typed.missing))


def _unit(item: Item, unit: str) -> str | None:
    return (unit.strip() or None) if item.type in (ItemType.NUMBER, ItemType.INTEGER) else None


def plain_text(item: Item, text: str) -> str:
    """The typed text in the one way of writing the ledger reads; what is not understood is left as it is."""
    tidy = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    return _PLAIN.get(item.type, _same)(item, tidy)


def _same(_item: Item, text: str) -> str:
    return text


def _choices(item: Item, text: str) -> str:
    """Several choices in the order of the list, so that ticking them in another order changes nothing."""
    codes = [code for code in text.split(";") if code]
    known = [choice.code for choice in item.choices]
    return ";".join(sorted(codes, key=lambda code: known.index(code) if code in known else len(known)))


def _day(_item: Item, text: str) -> str:
    return plain_day(text)


def plain_day(text: str) -> str:
    """`2026/3/4`, `20260304` and Persian digits as `2026-03-04`; year first always, so nothing is guessed."""
    plain = text.strip().translate(_DIGITS)
    if len(plain) == _EIGHT_DIGITS and plain.isdecimal():
        return f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    match = _DAY.match(plain)
    if match is None:
        return plain
    parts = [part.zfill(2) if part.isdecimal() else part.upper() for part in match.groups()[1:] if part]
    return "-".join((match[1], *parts))


def _moment(_item: Item, text: str) -> str:
    day, _space, clock = text.translate(_DIGITS).replace("T", " ", 1).partition(" ")
    match = _CLOCK.match(clock.strip())
    if match is None:
        return f"{plain_day(day)}T{clock.strip()}" if clock.strip() else plain_day(day)
    return f"{plain_day(day)}T{match[1].zfill(2)}:{match[2]}"


_PLAIN: Mapping[ItemType, Callable[[Item, str], str]] = {
    ItemType.CHOICES: _choices,
    ItemType.DATE: _day,
    ItemType.DATETIME: _moment,
}
