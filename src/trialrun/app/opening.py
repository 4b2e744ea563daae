"""Opening a study for real or as a rehearsal: assumptions confirmed by name, activation, amendments with approvals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AmendStudy,
    ApproveAmendment,
    ConfirmAssumption,
)
from trialrun.ledger.conduct import Outcome
from trialrun.study.model import Assumption

MODES = ("rehearsal", "live")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An assumption; `by` is the printed name of who confirmed it, empty while nobody has."""

    assumption: Assumption
    by: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class AmendmentApproval:
    """A site with candidates, and from when it may work under the definition served (`None`: no approval)."""

    site: str
    from_date: date | None
    reference: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """How far a study is: its mode (empty: not open), both definitions, assumptions, approvals of an amendment."""

    mode: str
    in_force: str
    served: str
    assumptions: tuple[Confirmed, ...]
    approvals: tuple[AmendmentApproval, ...]
    amendments: tuple[tuple[str, str, str, str], ...]  # when, who, why, definition from then on

    @property
    def waiting(self) -> tuple[Assumption, ...]:
        """Assumptions nobody has confirmed."""
        return tuple(one.assumption for one in self.assumptions if not one.by)

    @property
    def amended(self) -> bool:
        """Whether another definition is served than the one in force."""
        return bool(self.mode) and self.in_force != self.served


def opening(workspace: Workspace) -> Opening:
    """How far the study is, from its definition and its log."""
    study, conduct = workspace.study, workspace.conduct
    state, names = conduct.study_state(), conduct.access_state().users
    events = workspace.store.read("study")
    said: dict[str, tuple[str, str]] = {}
    amendments: list[tuple[str, str, str, str]] = []
    for event in events:
        who = names.get(event.by, event.by)
        if event.type == "AssumptionConfirmed":
            said[event.data["assumption"]] = (who, event.at)
        elif event.type == "StudyAmended":
            amendments.append((event.at, who, event.reason, event.data["to_hash"]))
    return Opening(
        state.mode,
        state.study_hash,
        study.hash,
        tuple(_confirmed(one, said.get(one.id)) for one in study.assumptions.values()),
        tuple(_approvals(workspace)),
        tuple(reversed(amendments)),
    )


def _confirmed(one: Assumption, said: tuple[str, str] | None) -> Confirmed:
    if said is not None:
        return Confirmed(one, *said)
    if one.confirmed is not None:
        return Confirmed(one, one.confirmed.by, str(one.confirmed.on))
    return Confirmed(one)


def _approvals(workspace: Workspace) -> list[AmendmentApproval]:
    found: list[AmendmentApproval] = []
    definition = workspace.study.hash
    for site in sorted(set(workspace.conduct.study_state().candidates.values())):
        day = workspace.conduct.site_state(site).amendments.get(definition)
        reference = ""
        for event in workspace.store.read(f"site/{site}") if day else ():
            if event.type == "AmendmentApproved" and event.data["definition"] == definition:
                reference = event.data["reference"]
        holds = day is not None and day <= workspace.today
        found.append(AmendmentApproval(site, day, reference, holds))
    return found


def confirm_assumptions(workspace: Workspace, actor: Actor, names: Sequence[str], remark: str) -> int:
    """Confirm assumptions as the actor's own word, one entry each; how many.

    Errors: `UserError` when none was chosen; `CommandRefusedError` for one that is confirmed or unknown.
    """
    if not names:
        raise UserError(_("No assumption was chosen."), _("Tick what you confirm."))
    for name in names:
        workspace.do(ConfirmAssumption(name, reason=remark), actor)
    return len(names)


def activate(workspace: Workspace, actor: Actor, mode: str) -> Outcome:
    """Open the log as `rehearsal` or `live`, for good.

    Errors: `CommandRefusedError`, live while something is assumed that nobody confirmed.
    """
    return workspace.do(ActivateStudy(mode), actor)


def approve_amendment(
    workspace: Workspace, actor: Actor, site: str, definition: str, from_date: date, reference: str
) -> Outcome:
    """Record that a site's ethics committee approved a definition, named by its content hash.

    Errors: `UserError` for a site out of the actor's scope; `CommandRefusedError`.
    """
    if actor.site not in ("", site):
        raise UserError(_("this is not your site"), _("approvals are recorded at the site they are for"))
    return workspace.do(ApproveAmendment(site, definition.strip().lower(), from_date, reference), actor)


def amend(workspace: Workspace, actor: Actor, reason: str) -> Outcome:
    """Put the definition that is served in force; derived values are computed again.

    Errors: `CommandRefusedError`, in a live study while a site with candidates has not approved it.
    """
    return workspace.do(AmendStudy(reason), actor)
