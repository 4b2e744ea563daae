"""Who receives what: who may know it, how far the list is used, preparing and opening."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.errors import UserError
from trialrun.ledger.allocation import is_masked, strata_of
from trialrun.ledger.commands import Actor, PrepareAllocation, RecordExport, Unblind
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import ParticipantState, Unblinding
from trialrun.study.model import DosePlan, ItemType, Study, VisitKind

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

# Whoever makes the list has its seed, so nothing can be concealed from them.
OPEN_TO = frozenset({"see_allocation", "PrepareAllocation"})
_PARTICIPANTS_ONLY = frozenset({"SINGLE", "PARTICIPANT", "PARTICIPANTS"})
_MOST_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One allocation that was used; `arm` is empty where the reader must not know it."""

    participant: str
    number: str
    site: str
    stratum: str
    line: int
    at: str
    arm: str
    unblinded: Unblinding | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """How far the list of one stratum is used."""

    name: str
    used: int
    asked_for: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The allocation of a study as one role may see it."""

    arms: int
    masked: bool
    sees_arms: bool
    prepared: bool
    readable: bool
    ratio: tuple[tuple[str, int], ...]
    factors: tuple[str, ...]
    commitments: tuple[tuple[int, str, str, str], ...]  # list, commitment, by, at
    strata: tuple[Stratum, ...]
    lines: tuple[Line, ...]


def conceals_from(study: Study, role: str) -> bool:
    """Whether a role must not learn arms before they are opened.

    Masking of participants alone conceals from participants; any more conceals from everybody without the
    right to see or prepare the allocation.
    """
    if not is_masked(study) or rights_of(study, role) & OPEN_TO:
        return False
    return role == "participant" or masking_word(study) not in _PARTICIPANTS_ONLY


def masking_word(study: Study) -> str:
    """The study's masking as settings or record say it, in capitals."""
    said = study.settings.get("masking")
    if said is None:
        design = study.record.get("protocolSection", {}).get("designModule", {}).get("designInfo", {})
        said = design.get("maskingInfo", {}).get("masking", "NONE")
    return str(said).strip().upper()


def arm_shown(study: Study, person: ParticipantState, role: str) -> str:
    """A participant's arm as the role may see it; empty while it is concealed from them."""
    if person.arm:
        return person.arm
    return "" if conceals_from(study, role) else person.treatment


def plan_shown(study: Study, person: ParticipantState, role: str) -> DosePlan | None:
    """The dose plan of a participant, where the role may see it.

    Where the arm is concealed, the plan is shown only if all arms are dosed alike; then it tells nothing.
    """
    plans = study.dose_plans
    if arm_shown(study, person, role) or len(study.arms) == 1:
        arm = person.treatment or next(iter(study.arms))  # before enrolment the only one there is
        return next((plan for plan in plans if plan.arm == arm), None)
    alike = len(plans) == len(study.arms) and len({_what_is_given(plan) for plan in plans}) == 1
    return plans[0] if plans and alike else None


def _what_is_given(plan: DosePlan) -> tuple[object, ...]:
    return (plan.route, plan.doses, plan.total, plan.unit, plan.within_days)


def product_shown(study: Study, person: ParticipantState, role: str) -> str:
    """The product's name; empty where it would tell a concealed arm."""
    plan = plan_shown(study, person, role)
    known = arm_shown(study, person, role) or len({one.product for one in study.dose_plans}) == 1
    return plan.product if plan is not None and known else ""


def allocation_view(workspace: Workspace, actor: Actor) -> Allocation:
    """The allocation as the actor may see it: counts without arms for those it is concealed from."""
    study, state = workspace.study, workspace.conduct.allocation_state()
    lines = tuple(_lines(workspace, actor))
    asked_for = sum(one.length for one in state.prepared)
    names = strata_of(study, state.factors) if state.prepared else ()
    ratio = tuple(state.prepared[-1].ratio.items()) if state.prepared else ()
    shown = [name for name in names if not actor.site or f"site={actor.site}" in name or "site=" not in name]
    return Allocation(
        arms=len(study.arms),
        masked=is_masked(study),
        sees_arms=not conceals_from(study, actor.role),
        prepared=bool(state.prepared),
        readable=state.readable,
        ratio=ratio,
        factors=state.factors,
        commitments=tuple((one.number, one.commitment, one.by, one.at) for one in state.prepared),
        strata=tuple(Stratum(name, len(state.used.get(name, ())), asked_for) for name in shown),
        lines=lines,
    )


def _lines(workspace: Workspace, actor: Actor) -> list[Line]:
    found: list[Line] = []
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.allocation is None or actor.site not in ("", person.site):
            continue
        stratum, line = person.allocation
        arm = arm_shown(workspace.study, person, actor.role)
        found.append(
            Line(key, person.number, person.site, stratum, line, person.enrolled_at, arm, person.unblinded)
        )
    return sorted(found, key=lambda one: (one.stratum, one.line))


def possible_factors(study: Study) -> tuple[tuple[str, str], ...]:
    """What a list can be stratified by besides the site: items of screening with few answers; name and label."""
    found: list[tuple[str, str]] = []
    for visit in study.visits.values():
        if visit.kind is not VisitKind.SCREENING:
            continue
        for form in visit.forms:
            if study.forms[form].repeating:
                continue
            for name in study.forms[form].items:
                item = study.items[name]
                few = item.type is ItemType.BOOLEAN or (
                    item.type is ItemType.CHOICE and len(item.choices) <= _MOST_LEVELS
                )
                if few and not item.identifying:
                    found.append((name, item.label))
    return tuple(found)


def new_seed() -> str:
    """A seed nobody can guess."""
    return secrets.token_hex(16)


def prepare(workspace: Workspace, actor: Actor, command: PrepareAllocation) -> Outcome:
    """Make a list; the seed stands in the sealed part only."""
    return workspace.do(command, actor)


def arms_file(workspace: Workspace, actor: Actor, reason: str) -> str:
    """Everybody's arm as CSV, for the analysis of a masked study; recorded as an export with the reason.

    Errors: `UserError` before database lock, from a role the arms are concealed from, or without a reason;
    `CommandRefusedError` for a role that may not take data out.
    """
    if conceals_from(workspace.study, actor.role):
        raise UserError(_("Your role is masked."), _("Ask the statistician who prepared the list."))
    if is_masked(workspace.study) and not workspace.conduct.study_state().database_locked:
        raise UserError(
            _("The database is not locked, so the arms stay concealed."),
            _("Lock the database first, or open one arm in an emergency."),
        )
    if not reason:
        raise UserError(_("Opening all arms needs a reason."), _("Say what for, in a few words."))
    text = csv_text(
        ("participant", "number", "site", "stratum", "line", "arm"),
        (
            (one.participant, one.number, one.site, one.stratum, one.line, one.arm)
            for one in _lines(workspace, actor)
        ),
    )
    checksum = sha256(text.encode()).hexdigest()
    workspace.do(RecordExport("allocation", "the arms of all participants", checksum, reason), actor)
    return text


def unblind(workspace: Workspace, actor: Actor, key: str, reason: str) -> Outcome:
    """Open one participant's arm in an emergency."""
    return workspace.do(Unblind(key, reason), actor)
