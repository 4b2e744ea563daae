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
            "ActivateStudy", "AmendStudy", "ApproveAmendment", "ConfirmAssumption", "ApproveConsent", *_CARE, "SignEligibility", "Enrol", "OverrideCap",
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
    "statistician": {"title": "Statistician", "may": ["RecordExport", "PrepareAllocation"]},
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
    # What the clocks of expedited reporting and the report to the sponsor ask for (ICH E2A II.B, III.B; E6 4.11).
    ("adverse_event", "Adverse events", "ae_aware_on", {"label": "The site became aware on", "type": "date", "only_if": "ae_serious"}),
    ("adverse_event", "Adverse events", "ae_seriousness", {"label": "Why it is serious", "type": "choices", "only_if": "ae_serious",
        "attested_by": "investigator",
        "choices": {"death": "Results in death", "life_threatening": "Is life-threatening",
                    "hospitalisation": "Requires or prolongs a stay in hospital",
                    "disability": "Results in persistent or significant disability or incapacity",
                    "congenital": "Is a congenital anomaly or birth defect", "other": "Is another medically important event"}}),
    ("adverse_event", "Adverse events", "ae_expected", {"label": "Described in the reference safety information (expected)",
        "type": "boolean", "only_if": "ae_serious", "attested_by": "investigator"}),
    ("adverse_event", "Adverse events", "ae_causality_by", {"label": "Who judged the relation to the intervention", "type": "text",
        "only_if": "ae_serious"}),
    ("adverse_event", "Adverse events", "ae_action", {"label": "Action taken with the intervention", "type": "choice",
        "choices": {"none": "Not changed", "interrupted": "Interrupted", "reduced": "Reduced", "postponed": "Postponed",
                    "stopped": "Stopped for good", "not_applicable": "Not applicable", "unknown": "Unknown"}}),
    ("adverse_event", "Adverse events", "ae_treatment", {"label": "Treatment given", "type": "text", "required": False}),
    ("adverse_event", "Adverse events", "ae_narrative", {"label": "Narrative", "type": "text", "only_if": "ae_serious"}),
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
        },
        "ae_fatal_is_grade_5": {
            "expression": "(ae_outcome = 'fatal' AND ae_grade = 5) OR (ae_outcome <> 'fatal' AND ae_grade < 5)",
            "message": "Grade 5 and a fatal outcome go together.",
        },
        "ae_fatal_is_serious": {
            "expression": "ae_serious OR ae_outcome <> 'fatal'",
            "message": "A fatal event is serious by definition.",
        },
        "ae_known_after_it_began": {
            "expression": "ae_start <= ae_aware_on",
            "message": "The site became aware of this event before it began.",
        },
    }


def fixed_settings() -> dict[str, Any]:
    """What the web application reads from a study's settings and the record does not say; each rests on an assumption.

    The times are those of the regulations named; a time of recruitment and laboratory alerts are the sponsor's to add.
    """
    return {
        "timezone": "UTC",
        "ctcae_version": "5.0",
        "safety": {
            "forms": ["adverse_event"],
            "clocks": {
                "sponsor": _clock(
                    "Sponsor", "serious", 1, "ICH E6(R2) 4.11.1; Regulation (EU) 536/2014 art. 41"
                ),
                "susar_fatal": _clock(_AUTHORITY, "susar_fatal", 7, "ICH E2A III.B.1"),
                "susar_fatal_complete": _clock(_AUTHORITY, "susar_fatal", 15, "ICH E2A III.B.1")
                | {"kind": "follow_up"},
                "susar": _clock(_AUTHORITY, "susar", 15, "ICH E2A III.B.2"),
            },
        },
        "coding": {"ae_term": "MedDRA"},
    }


_AUTHORITY = "Ethics committee and authority"


def _clock(recipient: str, what: str, days: int, source: str) -> dict[str, Any]:
    return {"recipient": recipient, "for": what, "days": days, "source": source}


def consent_text(sketch: Sketch) -> str:
    """The placeholder a site replaces by its approved consent text."""
    record = sketch.record
    return (
        f"# Informed consent (draft, not approved)\n\n{record.brief_title}\n\n{record.registry_id}\n\n"
        "Replace this text by the version the ethics committee approved. A signature is bound to the words it signs.\n"
    )
