"""The registry of event types; those of a participant are declared here.

A type is never edited once a log may hold it. A change is a new schema number and an upcaster that
reads the old data as the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialrun.ledger.event_registry import EventType, Field, Registry, Upcaster, declare
from trialrun.ledger.event_types_stock import ALLOCATED, ALLOCATION, STOCK
from trialrun.ledger.event_types_study import ACCESS, SEAL, STUDY

__all__ = ["REGISTRY", "TYPES", "EventType", "Field", "Registry", "Upcaster"]

_SLOT = (
    "visit text visit name, `#2` and on for a repeated one",
    "form text form name",
    "row integer 0, or the row of a repeating form from 1",
)
_SCOPE = (
    "visit text visit name; empty means the whole casebook",
    "form text form name; empty means the whole visit",
)
_ITEMS = "items map item name to `text`, `unit`, `missing`, or `sealed` for an identifying value"

_SCREENING = (
    declare(
        "CandidateRegistered",
        "participant",
        "A person is being screened.",
        "candidate text candidate number",
        "site text site id",
        "previous text candidate number of an earlier screening, or empty",
    ),
    declare(
        "ConsentGiven",
        "participant",
        "The participant signed the consent text.",
        "version text consent version",
        "language text language code",
        "text_hash text SHA-256 of the words signed",
        "signed_on date day of signature",
        "explained_by text who explained it",
        "capacity boolean capacity to consent judged present",
        "method text `paper`, `typed` or `drawn`",
        "signed_at text time of day of the signature, `14:05`, or empty",
        "signature map `sealed`: the typed name or the drawn path; empty on paper",
        "answers map comprehension question to the answer given",
        "witness map `sealed`: the name of a witness; empty where there was none",
        "kept_at text? where the paper original is kept; not given where there is none",
        schema=2,
    ),
    declare(
        "ConsentWithdrawn",
        "participant",
        "Consent was taken back.",
        "on date from this day",
        "stops list? `treatment`, `follow_up`, `samples`; all of them where it is not given",
    ),
    declare(
        "EligibilitySigned",
        "participant",
        "The investigator signed the computed outcome of the criteria.",
        "outcome text `eligible`, `not_eligible` or `undecided`",
        "criteria map criterion id to outcome",
        "missing map criterion id to the names of what was missing",
        "inputs text SHA-256 over the values the criteria used",
        "statement text the investigator's words",
    ),
    declare(
        "EligibilityInvalidated",
        "participant",
        "A value the signed outcome rests on changed; it must be signed again.",
        "signed text hash of the EligibilitySigned event",
        "causes list hashes of the events that changed it",
        "outcome text what the criteria give now",
    ),
    declare(
        "ParticipantEnrolled",
        "participant",
        "The candidate entered the study.",
        "number text participant number",
        "arm text arm",
        "override boolean enrolled over the planned number, with reason",
    ),
    declare(
        "ParticipationEnded",
        "participant",
        "The participant left.",
        "on date last day",
        "cause text completed, screen_failure, death, transplant, withdrawal, lost_to_follow_up, other",
        "note text more about it",
        "criteria list? the criteria a screening failed on",
    ),
    declare("IdentityErased", "participant", "The key of the identifying values was destroyed."),
)

_DATA = (
    declare(
        "VisitRecorded",
        "participant",
        "A visit took place.",
        "visit text visit name",
        "date date day",
        "was text? the day recorded before",
    ),
    declare("VisitMissed", "participant", "A visit did not take place.", "visit text visit name"),
    declare("ItemsEntered", "participant", "Values were saved for the first time.", *_SLOT, _ITEMS),
    declare(
        "ItemsCorrected",
        "participant",
        "Saved values were changed, with reason; the old ones stay readable.",
        *_SLOT,
        _ITEMS,
        "was map item name to what stood there before",
    ),
    declare("RowRemoved", "participant", "A row of a repeating form was taken back.", *_SLOT),
    declare(
        "ValuesDerived",
        "participant",
        "Derived values were computed anew because their inputs changed.",
        "visit text visit name",
        "values map derived name to `text` or `unknown_because` (item names)",
        "causes list hashes of the events that changed an input",
    ),
    declare(
        "DeviationRecorded",
        "participant",
        "A departure from the protocol.",
        "deviation text number within the participant, `D-001`; empty in entries written before it was kept",
        "kind text dose, window, missed visit, consent, eligibility, enrolment ...",
        "description text what happened",
        "visit text visit name or empty",
        "rule text the rule that found it, or empty if a person did",
        "action text corrective action",
        "importance text `minor`, `major`, `critical`, or empty while nobody has judged it",
        schema=2,
    ),
    declare(
        "DeviationAssessed",
        "participant",
        "Somebody judged a deviation.",
        "deviation text number within the participant",
        "importance text `minor`, `major` or `critical`",
        "impact text what it means for safety, rights and data",
        "action text what was done about it",
        "prevention text what keeps it from happening again, or empty",
    ),
)

_SAFETY = (
    declare(
        "TermCoded",
        "participant",
        "A reported term was given a code of a dictionary.",
        *_SLOT,
        "item text item name",
        "verbatim text the term as reported",
        "dictionary text which dictionary",
        "dictionary_version text its version",
        "code text code",
        "term text the dictionary's term",
        "path list terms of the levels above, lowest first",
    ),
    declare(
        "CodeInvalidated",
        "participant",
        "A coded term changed; it must be coded again.",
        *_SLOT,
        "item text item name",
        "coded text hash of the TermCoded event",
        "causes list hashes of the events that changed it",
    ),
    declare(
        "AlertAcknowledged",
        "participant",
        "An investigator has seen an alert.",
        "alert text the alert's name",
        "assessment text what it means",
    ),
    declare(
        "SafetyReportSent",
        "participant",
        "A report of a serious event went out.",
        "row integer row of the adverse event",
        "kind text `initial`, `follow_up` or `final`",
        "recipient text to whom",
        "on date day",
        "reference text the report's number, or empty",
        "note text more about it",
    ),
)

_REVIEW = (
    declare(
        "QueryOpened",
        "participant",
        "A question to the site.",
        "query text query number, `Q-001` within the participant",
        *_SLOT,
        "item text item name or empty",
        "message text the question",
        "rule text the check that asks, or empty if a person does",
        "causes list hashes of the events that led to it",
    ),
    declare(
        "QueryAnswered", "participant", "The site answered.", "query text query number", "answer text answer"
    ),
    declare(
        "QueryClosed",
        "participant",
        "A question was settled, by a person or because the check holds now.",
        "query text query number",
        "rule text the check that closed it, or empty if a person did",
        "causes list hashes of the events that settled it",
    ),
    declare("QueryReopened", "participant", "A settled question was asked again.", "query text query number"),
    declare(
        "SourceVerified",
        "participant",
        "A value or form was compared with its source.",
        *_SLOT,
        "item text item name; empty means the whole form",
        "content text SHA-256 of what was compared",
    ),
    declare(
        "VerificationInvalidated",
        "participant",
        "A source-verified value changed.",
        *_SLOT,
        "item text item name; empty means the whole form",
        "verified text hash of the SourceVerified event",
        "causes list hashes of the events that changed it",
    ),
    declare(
        "SignatureGiven",
        "participant",
        "Somebody signed a form, a visit or the casebook.",
        *_SCOPE,
        "row integer row of a repeating form, else 0",
        "meaning text what the signature means",
        "content text SHA-256 of what was signed",
    ),
    declare(
        "SignatureInvalidated",
        "participant",
        "Something signed changed; the signature no longer holds.",
        *_SCOPE,
        "row integer row of a repeating form, else 0",
        "signed text hash of the SignatureGiven event",
        "signer text who had signed",
        "causes list hashes of the events that changed it",
    ),
    declare("DataFrozen", "participant", "Changes were stopped for review.", *_SCOPE),
    declare("DataUnfrozen", "participant", "Changes were let through again.", *_SCOPE),
    declare("DataLocked", "participant", "Changes were ended.", *_SCOPE),
    declare("DataUnlocked", "participant", "Locked data were opened.", *_SCOPE),
)


def _consent_1(data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Before consent was taken on a screen, all of it was on paper."""
    added = {"method": "paper", "signed_at": "", "signature": {}, "answers": {}, "witness": {}}
    return "ConsentGiven", {**data, **added}


def _deviation_1(data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The number follows from the order of the entries; the fold gives it."""
    return "DeviationRecorded", {**data, "deviation": "", "importance": ""}


def _sign_in_1(data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return "SignInRecorded", {**data, "role": "", "site": ""}


TYPES: Mapping[str, EventType] = {
    kind.name: kind
    for group in (
        STUDY,
        _SCREENING,
        ALLOCATED,
        _DATA,
        _SAFETY,
        _REVIEW,
        STOCK,
        ALLOCATION,
        ACCESS,
        SEAL,
    )
    for kind in group
}
REGISTRY = Registry(
    TYPES,
    {
        ("ConsentGiven", 1): _consent_1,
        ("DeviationRecorded", 1): _deviation_1,
        ("SignInRecorded", 1): _sign_in_1,
    },
)
