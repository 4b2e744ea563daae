"""`decide`: a command in a state becomes events, or a refusal that says which rule forbids it.

Pure: no clock, no database, no randomness. One function per command, grouped by task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from trialrun.ledger import commands as c
from trialrun.ledger.commands import Actor, Command, ParticipantCommand
from trialrun.ledger.decide import (
    access,
    allocation,
    batches,
    capture,
    consenting,
    database_lock,
    deviations,
    ranges,
    review,
    safety,
    screening,
    stock,
    study_rules,
)
from trialrun.ledger.decide.asked import Asked, need_participant
from trialrun.ledger.decide.refusal import FieldConflict, Refusal, RuleBrokenError, refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import State
from trialrun.study.model import Study

__all__ = ["FieldConflict", "Refusal", "decide"]


def _consent(asked: Asked, command: c.RecordConsent) -> tuple[NewEvent, ...]:
    return (*screening.consent(asked, command), *capture.consent_form(asked, command))


_RULES: Mapping[type[Command], Callable[[Asked, Any], tuple[NewEvent, ...]]] = {
    c.ActivateStudy: study_rules.activate,
    c.AmendStudy: study_rules.amend,
    c.ConfirmAssumption: study_rules.confirm,
    c.ApproveAmendment: study_rules.approve_amendment,
    c.ApproveConsent: study_rules.approve_consent,
    c.RecordExport: study_rules.export,
    c.RecordImport: study_rules.record_import,
    c.ReviewTrail: study_rules.review_trail,
    c.SetRanges: ranges.set_ranges,
    c.RecordLockStep: database_lock.record_lock_step,
    c.LockDatabase: database_lock.lock_database,
    c.UnlockDatabase: database_lock.unlock_database,
    c.RegisterCandidate: screening.register,
    c.RecordConsent: _consent,
    c.WithdrawConsent: consenting.withdraw,
    c.SignEligibility: screening.sign_eligibility,
    c.Enrol: screening.enrol,
    c.EndParticipation: screening.end,
    c.EraseIdentity: screening.erase,
    c.RecordVisit: capture.record_visit,
    c.MissVisit: capture.miss_visit,
    c.SaveForm: capture.save_form,
    c.RemoveRow: capture.remove_row,
    c.RecordDeviation: deviations.record_deviation,
    c.AssessDeviation: deviations.assess_deviation,
    c.CodeTerm: safety.code_term,
    c.AcknowledgeAlert: safety.acknowledge_alert,
    c.RecordSafetyReport: safety.record_safety_report,
    c.RaiseQuery: review.raise_query,
    c.AnswerQuery: review.answer_query,
    c.CloseQuery: review.close_query,
    c.ReopenQuery: review.reopen_query,
    c.VerifySource: review.verify_source,
    c.Sign: review.sign,
    c.Freeze: review.freeze,
    c.Unfreeze: review.unfreeze,
    c.Lock: review.lock,
    c.Unlock: review.unlock,
    c.AddUser: access.add_user,
    c.DisableUser: access.disable_user,
    c.GrantRole: access.grant_role,
    c.RevokeRole: access.revoke_role,
    c.RecordSignIn: access.record_sign_in,
    c.RecordCredential: access.record_credential,
    c.RecordTraining: access.record_training,
    c.LinkParticipant: access.link_participant,
    c.RegisterBatch: batches.register_batch,
    c.MoveStock: stock.move_stock,
    c.ReverseMove: stock.reverse_move,
    c.CountStock: stock.count_stock,
    c.RecordExcursion: stock.record_excursion,
    c.PrepareAllocation: allocation.prepare,
    c.Unblind: allocation.unblind,
}
COMMANDS: Mapping[str, type[Command]] = {kind.__name__: kind for kind in _RULES}

_BEFORE_ACTIVATION = (
    c.ActivateStudy, c.AmendStudy, c.ConfirmAssumption, c.ApproveConsent, c.AddUser, c.DisableUser, c.GrantRole,
    c.RevokeRole, c.RecordSignIn, c.RecordExport, c.RecordCredential,
    c.RecordTraining, c.SetRanges, c.ApproveAmendment,
)  # fmt: skip


def decide(
    state: State, command: Command, study: Study, *, now: datetime, actor: Actor
) -> tuple[NewEvent, ...] | Refusal:
    """The events a command leads to, or why it is refused. No events: it changes nothing.

    Args:
        state: study, access, site and participant as they stand.
        command: what is asked.
        study: the definition in force.
        now: the time, with zone.
        actor: who asks, in which role, at which site.
    """
    asked = Asked(state, study, now, actor)
    try:
        if not isinstance(command, _BEFORE_ACTIVATION):
            _need_active(asked)
        if isinstance(command, ParticipantCommand):
            need_participant(asked, command.participant)
        access.need_right(asked, command)
        database_lock.need_unlocked_database(asked, command)
        return _RULES[type(command)](asked, command)
    except RuleBrokenError as broken:
        return broken.refusal


def _need_active(asked: Asked) -> None:
    active = asked.state.study
    if not active.mode:
        raise refuse(
            "not-active", "the ledger is not open for a study yet", "activate the study first (page Study)"
        )
    if active.study_id != asked.study.id:
        raise refuse("other-study", f"this ledger holds study {active.study_id!r}, not {asked.study.id!r}")
    if active.study_hash != asked.study.hash:
        raise refuse(
            "definition-changed",
            f"the study definition differs from the one in force ({active.study_hash[:12]})",
            "put the amendment in force (page Study), or use the definition in force",
        )
