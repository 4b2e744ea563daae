"""Refusals: the answer when the protocol, the data or a right forbids a command now."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.errors import RefusedError


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field somebody else changed meanwhile: what stands there now, by whom, when."""

    item: str
    theirs: str
    by: str
    at: str
    mine: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: the rule's stable name, what it says about this command, and what to do.

    `fields` is filled when the rule is `conflict`.
    """

    rule: str
    message: str
    remedy: str = ""
    fields: tuple[FieldConflict, ...] = ()


class RuleBrokenError(RefusedError):
    """Raised within `decide` by the rule that refuses; `decide` returns it as a `Refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, refusal.remedy)
        self.refusal = refusal


def refuse(
    rule: str, message: str, remedy: str = "", fields: tuple[FieldConflict, ...] = ()
) -> RuleBrokenError:
    """The exception that makes `decide` answer with this refusal; raise it."""
    return RuleBrokenError(Refusal(rule, message, remedy, fields))
