"""What every command is made of: who asks, what is entered, whom or which site it is about."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.values.missing import MissingReason


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, at which site (empty: not bound to one site)."""

    user: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as entered: the text, its unit, or the reason it is missing.

    All three empty asks for the saved value to be taken back (a correction, with reason).
    Several choices of a list are written `a;b`.
    """

    text: str | None = None
    unit: str | None = None
    missing: MissingReason | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """The root of all commands."""


@dataclass(frozen=True, slots=True)
class ParticipantCommand(Command):
    """A command about one participant, named by candidate number (`S-001`)."""

    participant: str


@dataclass(frozen=True, slots=True)
class SiteCommand(Command):
    """A command about one site; who belongs to a site acts there only."""

    site: str
