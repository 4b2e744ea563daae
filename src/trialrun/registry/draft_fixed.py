"""The parts every drafted study has: consent, identity, adverse events, end of study, roles."""

from __future__ import annotations

from typing import Any

from trialrun.registry.draft_sketch import Sketch

_SITE = (
    "RegisterCandidate", "RecordConsent", "SaveForm", "RemoveRow", "RecordVisit", "MissVisit", "RecordDeviation",
    "RecordSafetyReport", "AnswerQuery",
)  # fmt: skip
_CARE = (
    *_SITE,
    "WithdrawConsent",
    "RecordDose",
    "AcknowledgeAlert",
    "Unblind",
    "EndParticipation",
    "Sign",
    "RecordExport",
)
ROLES: dict[str, dict[str, Any]] = {
    "principal_investigator": {
        "title": "Principal investigator",
        "may": [
            "ActivateStudy", "AmendStudy", "ConfirmAssumption", "ApproveConsent", *_CARE, "SignEligibility", "Enrol", "OverrideCap",
            "AssessDeviation", "RaiseQuery", "CloseQuery", "ReopenQuery", "VerifySource", "SetRanges", "RecordImport",
            "ReviewTrail", "RecordTraining", "RecordLockStep",
        ],
    },
    "investigator": {"title": "Sub-investigator", "may": [*_CARE]},
    "coordinator": {"title": "Study coordinator", "may": [*_SITE, "SetRanges", "RecordImport", "RecordExport"]},
    "pharmacist": {
        "title": "Pharmacist",
        "may": [
            "RegisterBatch", "MoveStock", "ReverseMove", "CountStock", "RecordExcursion", "PrepareAllocation", "Unblind",
            "RecordDose", "RecordDeviation",
        ],
    },
    "monitor": {
        "title": "Monitor",
        "may": [
            "RaiseQuery", "CloseQuery", "ReopenQuery", "VerifySource", "RecordDeviation", "RecordImport", "RecordExport",
            "ReviewTrail",
        ],
    },
    "data_manager": {
        "title": "Data manager",
        "may": [
            "RaiseQuery", "CloseQuery", "ReopenQuery", "Freeze", "Unfreeze", "Lock", "Unlock", "CodeTerm", "SetRanges",
            "RecordImport", "RecordExport", "ReviewTrail", "RecordLockStep", "LockDatabase", "UnlockDatabase",
        ],
    },
    "statistician": {"title": "Statistician", "may": ["RecordExport"]},
    "sponsor": {"title": "Sponsor", "may": ["ConfirmAssumption", "RecordSafetyReport", "RecordExport"]},
    "participant": {"title": "Participant", "may": []},
    "administrator": {
        "title": "Administrator",
        "may": [
            "AddUser", "DisableUser", "GrantRole", "RevokeRole", "RecordSignIn", "RecordCredential", "RecordTraining",
            "LinkParticipant", "EraseIdentity",
        ],
    },
}  # fmt: skip

_ITEMS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("consent", "Informed consent", "consent_signed", {"label": "Consent form signed", "type": "boolean", "attested_by": "participant"}),
    ("consent", "Informed consent", "consent_date", {"label": "Date of signature", "type": "date"}),
    ("consent", "Informed consent", "consent_version", {"label": "Version of the consent text", "type": "text"}),
    ("consent", "Informed consent", "capacity", {"label": "Able to understand (capacity assessed and present)", "type": "boolean", "attested_by": "investigator"}),
    ("demographics", "Demographics", "birth_date", {"label": "Date of birth", "type": "date", "partial": True, "identifying": True}),
    ("demographics", "Demographics", "sex", {"label": "Sex at birth", "type": "choice", "choices": {"M": "Male", "F": "Female"}}),
    ("adverse_event", "Adverse events", "ae_term", {"label": "Event in the words of the reporter", "type": "text"}),
    ("adverse_event", "Adverse events", "ae_start", {"label": "Began on", "type": "date", "partial": True}),
    ("adverse_event", "Adverse events", "ae_end", {"label": "Ended on", "type": "date", "partial": True, "required": False}),
    ("adverse_event", "Adverse events", "ae_grade", {"label": "CTCAE grade", "type": "integer", "unit": "{score}", "hard": [1, 5]}),
    ("adverse_event", "Adverse events", "ae_serious", {"label": "Serious", "type": "boolean"}),
    ("adverse_event", "Adverse events", "ae_related", {"label": "Related to the intervention", "type": "choice", "attested_by": "investigator",
        "choices": {"unrelated": "Unrelated", "unlikely": "Unlikely", "possible": "Possible", "probable": "Probable", "definite": "Definite"}}),
    ("adverse_event", "Adverse events", "ae_outcome", {"label": "Outcome", "type": "choice",
        "choices": {"recovered": "Recovered", "recovering": "Recovering", "not_recovered": "Not recovered",
                    "sequelae": "Recovered with sequelae", "fatal": "Fatal", "unknown": "Unknown"}}),
    ("end_of_study", "End of study", "end_date", {"label": "Date of the end of participation", "type": "date"}),
    ("end_of_study", "End of study", "end_reason", {"label": "Reason", "type": "choice",
        "choices": {"completed": "Completed", "death": "Death", "withdrawal": "Withdrawal of consent",
                    "lost_to_follow_up": "Lost to follow-up", "screen_failure": "Not eligible", "other": "Other"}}),
)  # fmt: skip


_WHY = {
    "consent": "No procedure may precede a signed consent.",
    "demographics": "Describes who took part; the age limits count from the birth date.",
    "adverse_event": "Safety: collected whether or not the record registers a safety outcome.",
    "end_of_study": "Participant flow: when and why participation ended.",
}


def draft_fixed(sketch: Sketch) -> None:
    """Add the forms every study has."""
    for form, title, name, item in _ITEMS:
        sketch.ask(form, title, name, {**item, "note": _WHY[form]})
    sketch.forms["consent"]["before_consent"] = True
    sketch.forms["adverse_event"]["repeating"] = True
    sketch.forms["adverse_event"]["checks"] = {
        "ae_days_in_order": {
            "expression": "ae_start <= ae_end",
            "message": "The adverse event ends before it begins.",
        }
    }


def consent_text(sketch: Sketch) -> str:
    """The placeholder a site replaces by its approved consent text."""
    record = sketch.record
    return (
        f"# Informed consent (draft, not approved)\n\n{record.brief_title}\n\n{record.registry_id}\n\n"
        "Replace this text by the version the ethics committee approved. A signature is bound to the words it signs.\n"
    )
