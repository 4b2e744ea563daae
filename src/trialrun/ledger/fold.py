"""Folding: from the events of a stream to its state. Pure; a state is never changed once returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from trialrun.ledger.events import Event
from trialrun.ledger.fold_records import RECORDS
from trialrun.ledger.fold_streams import fold_access, fold_site, fold_study, own_copy
from trialrun.ledger.identity import CONSENT_PLACE
from trialrun.ledger.state import (
    ERASED,
    Consent,
    DerivedValue,
    Mark,
    ParticipantState,
    Query,
    SavedValue,
    SignedEligibility,
    Unblinding,
)

SEALED_ARM = "#arm"  # no item can be called so
__all__ = ["Reveal", "fold", "fold_access", "fold_site", "fold_study"]

Reveal = Callable[[str, str], str | None]  # item, sealed text


def _nothing(_item: str, _sealed: str) -> str | None:
    return None


def fold(
    events: Iterable[Event], start: ParticipantState | None = None, *, reveal: Reveal = _nothing
) -> ParticipantState:
    """A participant's state after more events.

    Args:
        events: the stream's events after `start`, in order.
        start: state so far; it is left as it is.
        reveal: opens a sealed identifying value; `None` means its key is gone.
    """
    state = own_copy(start) if start else ParticipantState()
    for event in events:
        apply = _PARTICIPANT.get(event.type)
        if apply is not None:
            apply(state, event, event.data)
        elif (opened := _SEALED.get(event.type)) is not None:
            opened(state, event, reveal)
        state.version, state.hash = event.version, event.hash
    return state


# --- one participant: what each event type does ------------------------------------------------


def _registered(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.key, state.site, state.previous = data["candidate"], data["site"], data["previous"]
    state.registered_at = event.at


def _consented(state: ParticipantState, event: Event, reveal: Reveal) -> None:
    data = event.data

    def opened(name: str) -> str:
        sealed = data[name].get("sealed")
        if sealed is None:
            return str(data[name].get("text", ""))
        text = None if state.erased else reveal(CONSENT_PLACE[name], sealed)
        return ERASED if text is None else text

    given = Consent(
        version=data["version"],
        language=data["language"],
        signed_on=date.fromisoformat(data["signed_on"]),
        capacity=data["capacity"],
        hash=event.hash,
        method=data["method"],
        signed_at=data["signed_at"],
        answers=data["answers"],
        explained_by=data["explained_by"],
        signature=opened("signature"),
        witness=opened("witness"),
        kept_at=event.data.get("kept_at", ""),
        text_hash=data["text_hash"],
        by=event.by,
        at=event.at,
    )
    # The same text recorded again corrects the record of it; another text is a further consent.
    others = tuple(
        one for one in state.consents if (one.version, one.language) != (given.version, given.language)
    )
    state.consent, state.consents, state.withdrawn_on, state.stopped = given, (*others, given), None, {}


def _withdrawn(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    on = date.fromisoformat(data["on"])
    stops = data.get("stops", ("treatment", "follow_up", "samples"))
    state.stopped.update({part: on for part in stops if part not in state.stopped})
    state.withdrawn_on = state.stopped.get("follow_up")


def _eligibility(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.eligibility = SignedEligibility(
        data["outcome"], data["inputs"], event.by, event.at, event.hash, statement=data["statement"]
    )


def _eligibility_lost(state: ParticipantState, _event: Event, _data: Mapping[str, Any]) -> None:
    if state.eligibility is not None:
        state.eligibility = replace(state.eligibility, valid=False)


def _enrolled(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.number, state.arm, state.enrolled_at = data["number"], data["arm"], event.at


def _allocated(state: ParticipantState, event: Event, reveal: Reveal) -> None:
    data = event.data
    state.allocation = (data["stratum"], data["line"])
    if "arm" in data:
        state.arm = data["arm"]
    else:
        state.concealed_arm = reveal(SEALED_ARM, data["sealed"]) or ""


def _unblinded(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.arm = data["arm"]
    state.unblinded = Unblinding(event.by, event.role, event.at, event.reason)


def _ended(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.ended_on, state.end_cause = date.fromisoformat(data["on"]), data["cause"]
    state.end_note, state.end_criteria = data["note"], tuple(data.get("criteria", ()))


def _erased(state: ParticipantState, _event: Event, _data: Mapping[str, Any]) -> None:
    state.erased = True
    for slot, value in state.values.items():
        if value.sealed is not None:
            state.values[slot] = replace(value, text=None, missing=ERASED)
    state.consents = tuple(_without_names(one) for one in state.consents)
    state.consent = state.consent and _without_names(state.consent)


def _without_names(consent: Consent) -> Consent:
    return replace(consent, signature=consent.signature and ERASED, witness=consent.witness and ERASED)


def _visited(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.visits[data["visit"]] = date.fromisoformat(data["date"])
    state.missed.pop(data["visit"], None)


def _missed(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.missed[data["visit"]] = event.reason
    state.visits.pop(data["visit"], None)


def _items(state: ParticipantState, event: Event, reveal: Reveal) -> None:
    data = event.data
    corrected = event.type == "ItemsCorrected"
    for item, entry in data["items"].items():
        slot = (data["visit"], data["form"], data["row"], item)
        if not entry:
            state.values.pop(slot, None)
            continue
        sealed = entry.get("sealed")
        text, missing = entry.get("text"), entry.get("missing")
        if sealed is not None:
            text = None if state.erased else reveal(item, sealed)
            missing = ERASED if text is None else None
        before = state.values.get(slot)
        state.values[slot] = SavedValue(
            text=text,
            unit=entry.get("unit"),
            missing=missing,
            version=event.version,
            hash=event.hash,
            by=event.by,
            at=event.at,
            corrections=(before.corrections if before else 0) + corrected,
            sealed=sealed,
        )


def _row_removed(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    start = (data["visit"], data["form"], data["row"])
    for slot in [slot for slot in state.values if slot[:3] == start]:
        del state.values[slot]


def _derived(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    for name, value in data["values"].items():
        because = tuple(value.get("unknown_because", ()))
        state.derived[data["visit"], name] = DerivedValue(value.get("text"), because)


def _query_opened(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.queries[data["query"]] = Query(
        id=data["query"],
        visit=data["visit"],
        form=data["form"],
        row=data["row"],
        item=data["item"],
        message=data["message"],
        rule=data["rule"],
        status="open",
        opened_by=event.by,
        opened_at=event.at,
    )


def _query_to(status: str) -> Callable[[ParticipantState, Event, Mapping[str, Any]], None]:
    def apply(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
        query = state.queries[data["query"]]
        state.queries[data["query"]] = replace(
            query,
            status=status,
            answer=data.get("answer", query.answer),
            closed_at=event.at if status == "closed" else "",
        )

    return apply


def _mark(event: Event, data: Mapping[str, Any]) -> Mark:
    return Mark(
        visit=data["visit"],
        form=data["form"],
        row=data["row"],
        item=data.get("item", ""),
        meaning=data.get("meaning", ""),
        content=data["content"],
        by=event.by,
        at=event.at,
        hash=event.hash,
    )


def _signed(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.signatures = (*state.signatures, _mark(event, data))


def _verified(state: ParticipantState, event: Event, data: Mapping[str, Any]) -> None:
    state.verifications = (*state.verifications, _mark(event, data))


def _broken(marks: tuple[Mark, ...], event_hash: str) -> tuple[Mark, ...]:
    return tuple(replace(mark, valid=False) if mark.hash == event_hash else mark for mark in marks)


def _unsigned(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.signatures = _broken(state.signatures, data["signed"])


def _unverified(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.verifications = _broken(state.verifications, data["verified"])


def _frozen(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.frozen |= {(data["visit"], data["form"])}


def _unfrozen(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.frozen -= {(data["visit"], data["form"])}


def _locked(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.locked |= {(data["visit"], data["form"])}


def _unlocked(state: ParticipantState, _event: Event, data: Mapping[str, Any]) -> None:
    state.locked -= {(data["visit"], data["form"])}


_PARTICIPANT: Mapping[str, Callable[[ParticipantState, Event, Mapping[str, Any]], None]] = {
    "CandidateRegistered": _registered,
    "ConsentWithdrawn": _withdrawn,
    "EligibilitySigned": _eligibility,
    "EligibilityInvalidated": _eligibility_lost,
    "ParticipantEnrolled": _enrolled,
    "AllocationUnblinded": _unblinded,
    "ParticipationEnded": _ended,
    "IdentityErased": _erased,
    "VisitRecorded": _visited,
    "VisitMissed": _missed,
    "RowRemoved": _row_removed,
    "ValuesDerived": _derived,
    "QueryOpened": _query_opened,
    "QueryAnswered": _query_to("answered"),
    "QueryClosed": _query_to("closed"),
    "QueryReopened": _query_to("open"),
    "SourceVerified": _verified,
    "VerificationInvalidated": _unverified,
    "SignatureGiven": _signed,
    "SignatureInvalidated": _unsigned,
    "DataFrozen": _frozen,
    "DataUnfrozen": _unfrozen,
    "DataLocked": _locked,
    "DataUnlocked": _unlocked,
    **RECORDS,
}
_SEALED: Mapping[str, Callable[[ParticipantState, Event, Reveal], None]] = {
    "ConsentGiven": _consented,
    "ItemsEntered": _items,
    "ItemsCorrected": _items,
    "ArmAllocated": _allocated,
}
