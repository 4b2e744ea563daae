"""Commands about accounts, roles, sign-in and training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from trialrun.ledger.commands_base import Command


@dataclass(frozen=True, slots=True)
class AddUser(Command):
    """A new account; user names are never used twice."""

    user: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class DisableUser(Command):
    """Close an account for good."""

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRole(Command):
    """Give a user a role at one site, or everywhere (site empty)."""

    user: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class RevokeRole(Command):
    """Take a role away again."""

    user: str
    role: str
    site: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordSignIn(Command):
    """Somebody signed in, failed to, or signed out; recorded by the system for that user."""

    user: str
    outcome: str
    method: str = ""
    role: str = ""
    site: str = ""
    everyone_may: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RecordCredential(Command):
    """A password or second factor was set, reset, added or removed; the secret itself is never logged."""

    user: str
    kind: str


@dataclass(frozen=True, slots=True)
class RecordTraining(Command):
    """A user was trained in a topic (good clinical practice, this protocol, this system)."""

    user: str
    topic: str
    on: date


@dataclass(frozen=True, slots=True)
class LinkParticipant(Command):
    """The account of a participant: who signs in with it sees that participant's own pages only."""

    user: str
    participant: str
