"""The people who run a rehearsed trial, and the door they go through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trialrun.errors import RefusedError, StudyError
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AddUser,
    Command,
    GrantRole,
    PrepareAllocation,
    SetRanges,
)
from trialrun.ledger.rules import EligibilityView
from trialrun.ledger.state import ParticipantState
from trialrun.simulate.parameters import Rehearsal
from trialrun.study.model import Study

SETUP = Actor("setup", "administrator")


class Door(Protocol):
    """What a rehearsal needs of `ledger.conduct.Conduct`: the same commands as real use."""

    def do(self, command: Command, actor: Actor) -> Any:
        """Carry out a command, or raise `RefusedError`."""
        ...

    def participant(self, key: str) -> ParticipantState:
        """The state of one participant."""
        ...

    def eligibility(self, key: str) -> EligibilityView:
        """What the criteria give for a candidate now."""
        ...


@dataclass
class Team:
    """Who acts in which role, and what was done and refused so far."""

    door: Door
    study: Study
    actors: Mapping[str, Actor]
    done: dict[str, int] = field(default_factory=dict[str, int])
    refused: list[str] = field(default_factory=list[str])

    def do(self, command: Command, *roles: str) -> Any:
        """Carry out a command as the first of the roles that the study lets do it.

        Errors: `RefusedError` when the protocol forbids it, `StudyError` when no role of the study may.
        """
        outcome = self.door.do(command, self.actor_for(type(command).__name__, roles))
        name = type(command).__name__
        self.done[name] = self.done.get(name, 0) + 1
        return outcome

    def try_to(self, command: Command, *roles: str) -> Any | None:
        """Carry out a command, or note why the protocol refused it and go on."""
        try:
            return self.do(command, *roles)
        except RefusedError as refusal:
            self.refused.append(f"{type(command).__name__}: {refusal.message}")
            return None

    def eligibility(self, key: str) -> str:
        """`eligible`, `not_eligible` or `undecided`, as computed."""
        return self.door.eligibility(key).status

    def deciding(self, key: str) -> tuple[str, ...]:
        """The criteria that speak against a candidate, or leave the answer open."""
        if self.door.participant(key).consent is None:
            return ()
        return self.door.eligibility(key).deciding

    def actor_for(self, command: str, roles: Iterable[str] = ()) -> Actor:
        """The actor who may give a command; the roles named come first."""
        order = [*roles, *(role for role in self.actors if role not in roles)]
        for role in order:
            if role in self.actors and command in self.study.roles[role].may:
                return self.actors[role]
        raise StudyError(
            f"no role of the study that the rehearsal has staff for may {command}",
            "let a role of study.yaml do it, or add staff for that role to rehearsal.yaml",
        )


def open_trial(door: Door, study: Study, rehearsal: Rehearsal) -> Team:
    """Open the ledger as a rehearsal, and give everyone their account and role."""
    site = str(study.sites[0]["id"])
    actors: dict[str, Actor] = {}
    for role, person in rehearsal.staff.items():
        if role not in study.roles:
            raise StudyError(
                f"rehearsal.yaml: staff {person['user']} has the role {role!r}, which the study does not have",
                f"use one of {', '.join(study.roles)}",
            )
        at = site if "RecordVisit" in study.roles[role].may else ""
        actors[role] = Actor(person["user"], role, at)
    administrator = next((a for role, a in actors.items() if "AddUser" in study.roles[role].may), SETUP)
    for role, actor in sorted(actors.items(), key=lambda pair: pair[1] is not administrator):
        door.do(AddUser(actor.user, rehearsal.staff[role]["name"]), administrator)
        door.do(GrantRole(actor.user, role, actor.site), administrator)
    team = Team(door, study, actors)
    team.do(ActivateStudy("rehearsal"), "principal_investigator")
    for laboratory, ranges in rehearsal.ranges.items():
        door.do(SetRanges(site, laboratory, ranges), team.actor_for("SetRanges"))
    if len(study.arms) > 1:
        # Equal shares in blocks of two sizes, so that a rehearsal goes the same way as the trial; nobody is behind it.
        ratio = dict.fromkeys(study.arms, 1)
        blocks = (2 * len(ratio), 3 * len(ratio))
        seed = f"rehearsal of {study.id}".ljust(16, ".")
        team.do(PrepareAllocation(ratio, blocks, ("site",), study.target, seed), "statistician")
    return team
