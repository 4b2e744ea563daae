"""A small trial for tests of the ledger: one site of two, two doses, two criteria that need values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    Enrol,
    Entry,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
    SaveForm,
    SignEligibility,
)
from trialrun.ledger.conduct import Conduct
from trialrun.ledger.store import open_store
from trialrun.study.model import (
    Arm,
    Assumption,
    Check,
    Choice,
    ConsentText,
    Criterion,
    CriterionKind,
    Derived,
    DosePlan,
    Form,
    Item,
    ItemType,
    Limits,
    PlannedDose,
    Role,
    Study,
    Visit,
    VisitKind,
)

CONSENTED = date(2026, 1, 5)
SCREENED = date(2026, 1, 6)
DOSED = date(2026, 1, 12)
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

PI = Actor("ada", "principal_investigator", "01")
COORDINATOR = Actor("cem", "coordinator", "01")
OTHER_SITE = Actor("olga", "coordinator", "02")
MONITOR = Actor("mia", "monitor")
DATA_MANAGER = Actor("dana", "data_manager")
ADMIN = Actor("root", "administrator")


def item(name, kind, **more):
    return Item(name, name.replace("_", " "), kind, **more)


ITEMS = (
    item("consent_date", ItemType.DATE),
    item("consent_version", ItemType.TEXT),
    item("capacity", ItemType.BOOLEAN),
    item("consent_signed", ItemType.BOOLEAN),
    item("name", ItemType.TEXT, identifying=True),
    item("birth_date", ItemType.DATE, partial=True, identifying=True),
    item("sex", ItemType.CHOICE, choices=(Choice("M", "Male"), Choice("F", "Female"))),
    item("symptoms", ItemType.CHOICES, choices=(Choice("itch", "Itch"), Choice("fatigue", "Fatigue"))),
    item(
        "bilirubin",
        ItemType.NUMBER,
        unit="mg/dL",
        units=("umol/L",),
        analyte="bilirubin",
        hard=Limits(Decimal("0.05"), Decimal(80)),
        query=Limits(Decimal("0.2"), Decimal(40)),
    ),
    item("inr", ItemType.NUMBER, unit="{INR}", hard=Limits(Decimal("0.5"), Decimal(20))),
    item("drinks", ItemType.INTEGER),
    item("expiry", ItemType.DATE, future=True),
    item("heart_disease", ItemType.BOOLEAN),
    item("dose_given", ItemType.NUMBER, unit="mg", hard=Limits(Decimal(0), Decimal(100))),
    item("infusion_start", ItemType.DATETIME),
    item("ae_term", ItemType.TEXT),
    item("ae_start", ItemType.DATE, partial=True),
    item("end_reason", ItemType.TEXT),
)

FORMS = (
    Form(
        "consent",
        "Consent",
        ("consent_date", "consent_version", "capacity", "consent_signed"),
        before_consent=True,
    ),
    Form("demographics", "Demographics", ("name", "birth_date", "sex", "symptoms", "drinks", "expiry")),
    Form("history", "History", ("heart_disease",)),
    Form(
        "laboratory",
        "Laboratory",
        ("bilirubin", "inr"),
        checks=(
            Check(
                "inr_fits", "inr <= 1.2 OR bilirubin > 1", "A raised INR with normal bilirubin: is it right?"
            ),
        ),
    ),
    Form("infusion", "Infusion", ("dose_given", "infusion_start")),
    Form("adverse_event", "Adverse event", ("ae_term", "ae_start"), repeating=True),
    Form("end_of_study", "End", ("end_reason",)),
)

VISITS = (
    Visit(
        "screening", "Screening", VisitKind.SCREENING, ("consent", "demographics", "history", "laboratory")
    ),
    Visit("dose_1", "Dose 1", VisitKind.DOSE, ("infusion",), "first_dose", "P0D"),
    Visit("dose_2", "Dose 2", VisitKind.DOSE, ("infusion",), "first_dose", "P7D"),
    Visit("month_2", "Month 2", VisitKind.FOLLOW_UP, ("laboratory", "end_of_study"), "first_dose", "P2M"),
    Visit("unscheduled", "Unscheduled", VisitKind.UNSCHEDULED, ("laboratory",)),
    Visit("log", "Running logs", VisitKind.LOG, ("adverse_event",)),
)

CRITERIA = (
    Criterion("I1", CriterionKind.INCLUSION, "Consents.", "consent_signed AND capacity", 1),
    Criterion("I2", CriterionKind.INCLUSION, "18 to 75 years.", "age BETWEEN 18 AND 75", 2),
    Criterion("I3", CriterionKind.INCLUSION, "Raised bilirubin.", "bilirubin >= 1.0", 3),
    Criterion("E1", CriterionKind.EXCLUSION, "Heart disease.", "heart_disease", 1),
)

_SITE = (
    "RegisterCandidate",
    "RecordConsent",
    "SaveForm",
    "RemoveRow",
    "RecordVisit",
    "MissVisit",
    "AnswerQuery",
)
_HEAD = ("ActivateStudy", "AmendStudy", "ApproveAmendment", "ConfirmAssumption", "ApproveConsent", "WithdrawConsent", "SignEligibility", "Enrol", "EndParticipation")  # fmt: skip
ROLES = (
    Role(
        "principal_investigator",
        "PI",
        (*_SITE, *_HEAD, "RecordDose", "RecordDeviation", "Sign", "CloseQuery"),
    ),
    Role("coordinator", "Coordinator", _SITE),
    Role("monitor", "Monitor", ("RaiseQuery", "CloseQuery", "ReopenQuery", "VerifySource", "SaveForm")),
    Role("data_manager", "Data manager", ("Freeze", "Unfreeze", "Lock", "Unlock", "RecordExport")),
    Role(
        "administrator",
        "Administrator",
        ("AddUser", "DisableUser", "GrantRole", "RevokeRole", "EraseIdentity"),
    ),
)


def make_study(**changes):
    """The study; keyword arguments replace parts of it."""
    parts = {
        "id": "kit",
        "registry_id": "NCT00000000",
        "title": "A kit",
        "acronym": "",
        "sponsor": "Nobody",
        "target": 2,
        "sites": ({"id": "01", "name": "One"}, {"id": "02", "name": "Two"}),
        "items": {i.name: i for i in ITEMS},
        "forms": {f.name: f for f in FORMS},
        "visits": {v.name: v for v in VISITS},
        "criteria": {c.id: c for c in CRITERIA},
        "derived": {
            "age": Derived("age", "Age", expression="YEARS_BETWEEN(birth_date, consent_date)"),
            "points": Derived("points", "Points", expression="MAGNITUDE(bilirubin) + 10 * MAGNITUDE(inr)"),
        },
        "arms": {"single": Arm("single", "Exosomes", "40 mg")},
        "dose_plans": (
            DosePlan(
                "single", "exosomes", "IV",
                (PlannedDose("dose_1", Decimal(20), "mg"), PlannedDose("dose_2", Decimal(20), "mg")),
                Decimal(40), "mg", 21,
            ),
        ),
        "endpoints": {},
        "assumptions": {"A1": Assumption("A1", "dose", "40 mg in all", ("40 mg each",), "not stated", "sponsor")},
        "roles": {r.name: r for r in ROLES},
        "consents": (ConsentText("1.0", "en", "I agree.", "c" * 64), ConsentText("2.0", "en", "I do.", "d" * 64)),
        "traceability": (),
        "record": {},
        "settings": {"timezone": "Asia/Tehran"},
        "hash": "a" * 64,
    }  # fmt: skip
    return Study(**{**parts, **changes})


class Clock:
    """A clock that goes one second at each look."""

    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


def counting_bytes():
    """Key and nonce bytes that come out the same each time."""
    count = 0

    def make(size):
        nonlocal count
        count += 1
        return count.to_bytes(4, "big") * (size // 4)

    return make


def open_conduct(url, study=None, *, mode="rehearsal", seal_every=100):
    """A new ledger of the study, activated (unless mode is empty)."""
    conduct = Conduct(
        open_store(url, seal_every=seal_every), study or make_study(), Clock(), random_bytes=counting_bytes()
    )
    if mode:
        conduct.do(ActivateStudy(mode), PI)
    return conduct


def save(conduct, key, visit, form, values, *, row=0, actor=COORDINATOR, reason="", version=None):
    """Save a form having seen what stands there now (or at `version`)."""
    seen = conduct.version(key) if version is None else version
    entries = {name: value if isinstance(value, Entry) else Entry(*value) for name, value in values.items()}
    return conduct.do(SaveForm(key, visit, form, row, entries, seen, reason), actor)


def consented(conduct):
    """A candidate who consented and came to screening."""
    key = conduct.do(RegisterCandidate("01"), COORDINATOR).participant
    conduct.do(RecordConsent(key, "1.0", "en", CONSENTED, "Dr Ada", True), PI)
    conduct.do(RecordVisit(key, "screening", SCREENED), COORDINATOR)
    return key


def screened(conduct):
    """A candidate whom every criterion lets in."""
    key = consented(conduct)
    save(
        conduct,
        key,
        "screening",
        "demographics",
        {"birth_date": ("1970-05",), "name": ("Mina",), "sex": ("F",)},
    )
    save(conduct, key, "screening", "history", {"heart_disease": ("false",)})
    save(conduct, key, "screening", "laboratory", {"bilirubin": ("50", "umol/L"), "inr": ("1.5",)})
    return key


def enrolled(conduct):
    """A participant."""
    key = screened(conduct)
    conduct.do(SignEligibility(key, "eligible"), PI)
    conduct.do(Enrol(key), PI)
    return key


def dosed(conduct):
    """A participant who had the first dose."""
    key = enrolled(conduct)
    conduct.do(RecordVisit(key, "dose_1", DOSED), PI)
    save(
        conduct,
        key,
        "dose_1",
        "infusion",
        {"dose_given": ("20", "mg"), "infusion_start": (f"{DOSED}T09:30",)},
        actor=PI,
    )
    return key
