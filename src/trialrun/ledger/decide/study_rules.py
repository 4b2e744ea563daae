"""Rules of the study stream: activation, amendment, assumptions, consent texts, exports."""

from __future__ import annotations

import re

from trialrun.ledger.commands import (
    ActivateStudy,
    AmendStudy,
    ApproveAmendment,
    ApproveConsent,
    ConfirmAssumption,
    RecordExport,
    RecordImport,
    ReviewTrail,
)
from trialrun.ledger.decide.asked import Asked, need_reason
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import StudyState
from trialrun.study.model import Study


def open_assumptions(study: Study, state: StudyState) -> tuple[str, ...]:
    """The assumptions nobody has confirmed, neither in the definition nor in the ledger."""
    return tuple(
        one.id
        for one in study.assumptions.values()
        if one.confirmed is None and one.id not in state.confirmed
    )


def site_ids(study: Study) -> tuple[str, ...]:
    """The sites' ids in the definition's order."""
    return tuple(str(site["id"]) for site in study.sites)


def need_site(study: Study, site: str) -> None:
    """Refuse a site the study does not have."""
    if site not in site_ids(study):
        raise refuse(
            "unknown-site", f"the study has no site {site!r}", f"its sites are {', '.join(site_ids(study))}"
        )


def activate(asked: Asked, command: ActivateStudy) -> tuple[NewEvent, ...]:
    """Open the ledger; live only when nothing is assumed any more."""
    state, study = asked.state.study, asked.study
    if command.mode not in ("rehearsal", "live"):
        raise refuse(
            "unknown-mode", f"{command.mode!r} is neither rehearsal nor live", "write one of the two"
        )
    if state.mode:
        raise refuse(
            "already-active",
            f"this ledger is already a {state.mode} of study {state.study_id}",
            "use another database: rehearsed and real participants never share a ledger",
        )
    still_open = open_assumptions(study, state)
    if command.mode == "live" and still_open:
        raise refuse(
            "open-assumptions",
            f"{len(still_open)} assumptions are not confirmed: {', '.join(still_open)}",
            "have each confirmed by the person it names, or open the ledger as a rehearsal",
        )
    data = {"study": study.id, "mode": command.mode, "target": study.target, "sites": list(site_ids(study))}
    return (NewEvent("study", "StudyActivated", data),)


def amend(asked: Asked, command: AmendStudy) -> tuple[NewEvent, ...]:
    """Take over a changed definition."""
    state, study = asked.state.study, asked.study
    reason = need_reason(command.reason, "an amendment")
    if study.id != state.study_id:
        raise refuse("other-study", f"this ledger holds study {state.study_id!r}, not {study.id!r}")
    if study.hash == state.study_hash:
        raise refuse("no-change", "the definition is the one in force", "change the study folder first")
    still_open = open_assumptions(study, state)
    if state.mode == "live" and still_open:
        raise refuse(
            "open-assumptions",
            f"the amended study has unconfirmed assumptions: {', '.join(still_open)}",
            "have each confirmed first",
        )
    if state.mode == "live":
        _need_approvals(asked)
    return (
        NewEvent("study", "StudyAmended", {"from_hash": state.study_hash, "to_hash": study.hash}, reason),
    )


def _need_approvals(asked: Asked) -> None:
    """No site works under an amendment its own committee has not approved (ICH E6(R3) 4.3.5)."""
    day = asked.today
    waiting = [
        one.site
        for one in asked.state.sites
        if one.amendments.get(asked.study.hash) is None or one.amendments[asked.study.hash] > day
    ]
    if waiting:
        raise refuse(
            "amendment-not-approved",
            f"no approval of this definition ({asked.study.hash[:12]}) is in force at site {', '.join(waiting)}",
            "record the approval of each site's ethics committee first; until then use the definition in force",
        )


def approve_amendment(asked: Asked, command: ApproveAmendment) -> tuple[NewEvent, ...]:
    """A changed definition may be worked under at a site from a day on; it is named by its whole hash."""
    need_site(asked.study, command.site)
    if not re.fullmatch(r"[0-9a-f]{64}", command.definition):
        raise refuse(
            "wrong-definition-hash",
            f"{command.definition!r} is no content hash of a study definition",
            "give all 64 characters, as trialrun check FOLDER prints them",
        )
    reference = need_reason(command.reference, "an approval (its reference)")
    if asked.state.site.amendments.get(command.definition) == command.from_date:
        raise refuse("no-change", "this approval is recorded already")
    data = {
        "definition": command.definition,
        "from_date": command.from_date.isoformat(),
        "reference": reference,
    }
    return (NewEvent(f"site/{command.site}", "AmendmentApproved", data),)


def confirm(asked: Asked, command: ConfirmAssumption) -> tuple[NewEvent, ...]:
    """Confirm one assumption as the default."""
    one = asked.study.assumptions.get(command.assumption)
    if one is None:
        raise refuse("unknown-assumption", f"the study has no assumption {command.assumption!r}")
    if one.id in asked.state.study.confirmed or one.confirmed is not None:
        raise refuse("no-change", f"assumption {one.id!r} is confirmed already")
    answer = command.answer or one.default
    if answer != one.default:
        raise refuse(
            "not-the-default",
            f"assumption {one.id!r} runs on {one.default!r}, not on {answer!r}",
            "change the default in the study definition, then confirm it",
        )
    return (
        NewEvent("study", "AssumptionConfirmed", {"assumption": one.id, "answer": answer}, command.reason),
    )


def approve_consent(asked: Asked, command: ApproveConsent) -> tuple[NewEvent, ...]:
    """A consent text may be used at a site from a day on."""
    need_site(asked.study, command.site)
    known = {(text.version, text.language) for text in asked.study.consents}
    if (command.version, command.language) not in known:
        raise refuse(
            "unknown-consent-text",
            f"the study has no consent text {command.version!r} in {command.language!r}",
        )
    data = {
        "version": command.version,
        "language": command.language,
        "from_date": command.from_date.isoformat(),
        "reference": command.reference,
    }
    return (NewEvent(f"site/{command.site}", "ConsentTextApproved", data),)


def export(_asked: Asked, command: RecordExport) -> tuple[NewEvent, ...]:
    """Somebody took data out."""
    data = {
        "kind": command.kind,
        "description": command.description,
        "checksum": command.checksum,
        "purpose": command.purpose,
    }
    return (NewEvent("study", "DataExported", data),)


def record_import(asked: Asked, command: RecordImport) -> tuple[NewEvent, ...]:
    """A file was read: how much of it was taken over, how much given back."""
    need_reason(command.kind, "an import (its kind)")
    need_reason(command.name, "an import (the file's name)")
    if command.accepted < 0 or command.rejected < 0:
        raise refuse("wrong-count", "an import cannot have fewer than no lines")
    if command.site:
        need_site(asked.study, command.site)
    data = {
        "kind": command.kind,
        "name": command.name,
        "checksum": command.checksum,
        "accepted": command.accepted,
        "rejected": command.rejected,
        "description": command.description,
        "site": command.site,
    }
    return (NewEvent("study", "FileImported", data),)


def review_trail(_asked: Asked, command: ReviewTrail) -> tuple[NewEvent, ...]:
    """A review of the audit trail says how far it went and what it found."""
    if command.through < 1:
        raise refuse("wrong-position", f"{command.through} is no position of the log")
    scope = need_reason(command.scope, "a review (which entries it looked at)")
    finding = need_reason(command.finding, "a review (what it found, `nothing` is an answer)")
    data = {"through": command.through, "scope": scope, "finding": finding}
    return (NewEvent("study", "TrailReviewed", data),)
