"""The statuses of the casebook in words and tones; the word carries the meaning, the tone only helps the eye."""

from __future__ import annotations

from trialrun.app.casebook import Cell, CellStatus
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.visits import VisitStatus

_CELL_TONES = {
    CellStatus.IN_PROGRESS: "info",
    CellStatus.DRAFT: "info",
    CellStatus.COMPLETE: "good",
    CellStatus.VERIFIED: "good",
    CellStatus.SIGNED: "good",
    CellStatus.QUERY: "warn",
    CellStatus.SIGNATURE_BROKEN: "bad",
}
_VISIT_TONES = {
    VisitStatus.IN_WINDOW: "info",
    VisitStatus.OVERDUE: "bad",
    VisitStatus.DONE: "good",
    VisitStatus.DONE_OUTSIDE: "warn",
    VisitStatus.MISSED: "warn",
}


def cell_tone(cell: Cell) -> str:
    """The tone of a form's status."""
    return _CELL_TONES.get(cell.status, "plain")


def visit_tone(status: VisitStatus) -> str:
    """The tone of a visit's status."""
    return _VISIT_TONES.get(status, "plain")


def cell_words(cell: Cell) -> str:
    """A form's status in a few words, with the numbers that matter."""
    if cell.status is CellStatus.QUERY:
        count = cell.queries
        return ngettext("{count} open query", "{count} open queries", count).format(count=count)
    if cell.status is CellStatus.IN_PROGRESS:
        return _("{answered} of {needed}").format(answered=cell.answered, needed=cell.needed)
    return {
        CellStatus.NOT_APPLICABLE: _("not asked"),
        CellStatus.NOT_DUE: _("not due"),
        CellStatus.EMPTY: _("none listed") if cell.repeating else _("empty"),
        CellStatus.DRAFT: _("draft"),
        CellStatus.COMPLETE: _("complete"),
        CellStatus.VERIFIED: _("verified"),
        CellStatus.SIGNED: _("signed"),
        CellStatus.SIGNATURE_BROKEN: _("signature broken"),
        CellStatus.FROZEN: _("frozen"),
        CellStatus.LOCKED: _("locked"),
    }[cell.status]
