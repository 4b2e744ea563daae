"""Folding the streams beside the participants': study, sites, accounts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

from trialrun.ledger.events import Event
from trialrun.ledger.state import AccessState, SiteState, StudyState
from trialrun.ledger.state_records import LockStep, TrailReview

S = TypeVar("S", bound=Any)


def own_copy(state: S) -> S:
    """A state whose containers are its own."""
    copied = replace(state)
    for part in fields(state):
        value = getattr(state, part.name)
        if isinstance(value, dict):
            setattr(copied, part.name, dict(value))  # pyright: ignore[reportUnknownArgumentType]
    return copied


def fold_study(events: Iterable[Event], start: StudyState | None = None) -> StudyState:
    """The study's state after more events of stream `study`."""
    state = own_copy(start) if start else StudyState()
    for event in events:
        data = event.data
        match event.type:
            case "StudyActivated":
                state.mode, state.study_id, state.study_hash = data["mode"], data["study"], event.study_hash
                state.target = data["target"]
            case "StudyAmended":
                state.study_hash = data["to_hash"]
            case "AssumptionConfirmed":
                state.confirmed |= {data["assumption"]}
            case "CandidateNumberIssued":
                state.candidates[data["candidate"]] = data["site"]
            case "ParticipantNumberIssued":
                state.participants[data["number"]] = data["candidate"]
            case "DatabaseLocked" | "DatabaseUnlocked":
                state.database_locked = event.type == "DatabaseLocked"
            case "LockStepRecorded":
                step = LockStep(data["step"], data["note"], event.by, event.at)
                state.lock_steps = (*state.lock_steps, step)
            case "TrailReviewed":
                state.trail_reviews = (*state.trail_reviews, _review(event))
            case _:
                pass
        state.version, state.hash = event.version, event.hash
    return state


def _review(event: Event) -> TrailReview:
    data = event.data
    return TrailReview(
        data["through"], data["scope"], data["finding"], event.by, event.role, event.at, event.position
    )


def fold_site(events: Iterable[Event], start: SiteState | None = None) -> SiteState:
    """A site's state after more events of its stream."""
    state = own_copy(start) if start else SiteState()
    for event in events:
        state.site = event.stream.removeprefix("site/")
        if event.type == "ConsentTextApproved":
            key = (event.data["version"], event.data["language"])
            state.approved[key] = date.fromisoformat(event.data["from_date"])
        elif event.type == "AmendmentApproved":
            state.amendments[event.data["definition"]] = date.fromisoformat(event.data["from_date"])
        elif event.type == "ReferenceRangesRecorded":
            state.ranges[event.data["laboratory"]] = tuple(event.data["ranges"])
        state.version, state.hash = event.version, event.hash
    return state


def fold_access(events: Iterable[Event], start: AccessState | None = None) -> AccessState:
    """The accounts after more events of stream `access`."""
    state = own_copy(start) if start else AccessState()
    for event in events:
        data = event.data
        match event.type:
            case "UserAdded":
                state.users[data["user"]] = data["name"]
            case "UserDisabled":
                state.disabled |= {data["user"]}
            case "RoleGranted":
                held = state.roles.get(data["user"], frozenset())
                state.roles[data["user"]] = held | {(data["role"], data["site"])}
            case "RoleRevoked":
                held = state.roles.get(data["user"], frozenset())
                state.roles[data["user"]] = held - {(data["role"], data["site"])}
            case "TrainingRecorded":
                done = (data["topic"], date.fromisoformat(data["on"]))
                state.training[data["user"]] = (*state.training.get(data["user"], ()), done)
            case "ParticipantLinked":
                state.linked[data["user"]] = data["participant"]
            case _:
                pass
        state.version, state.hash = event.version, event.hash
    return state
