"""A study of six people, small enough to check every number of it by hand."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from trialrun.snapshot.manifest import Origin
from trialrun.snapshot.typed import typed_columns
from trialrun.study.model import (
    Arm,
    Assumption,
    Choice,
    Criterion,
    CriterionKind,
    Derived,
    DosePlan,
    Endpoint,
    EndpointRole,
    Form,
    Item,
    ItemType,
    PlannedDose,
    Stated,
    Study,
    Visit,
    VisitKind,
)

DOSE_DAY = date(2026, 1, 12)
HASH = "5" * 64


def item(name, kind, **more):
    return Item(name, name.replace("_", " "), kind, **more)


ITEMS = [
    item("birth_date", ItemType.DATE, partial=True, identifying=True),
    item("sex", ItemType.CHOICE, choices=(Choice("M", "Male"), Choice("F", "Female"))),
    item("sample_date", ItemType.DATE),
    item("bilirubin", ItemType.NUMBER, unit="mg/dL", analyte="bilirubin"),
    item("inr", ItemType.NUMBER, unit="{INR}", analyte="inr"),
    item("dose_given", ItemType.NUMBER, unit="mg"),
    item("infusion_start", ItemType.DATETIME),
    item("infusion_interrupted", ItemType.BOOLEAN),
    item("batch", ItemType.TEXT),
    item("ae_term", ItemType.TEXT),
    item("ae_start", ItemType.DATE, partial=True),
    item("ae_end", ItemType.DATE, partial=True),
    item("ae_grade", ItemType.CHOICE, choices=tuple(Choice(str(n), f"Grade {n}") for n in range(1, 6))),
    item("ae_serious", ItemType.BOOLEAN),
    item("ae_related", ItemType.CHOICE, choices=(Choice("no", "Not related"), Choice("yes", "Related"))),
    item("ae_outcome", ItemType.CHOICE, choices=(Choice("recovered", "Recovered"), Choice("fatal", "Fatal"))),
    item("procedure_kind", ItemType.CHOICE, choices=(Choice("tips", "TIPS"), Choice("dialysis", "Dialysis"))),
    item("procedure_date", ItemType.DATE),
    item("end_date", ItemType.DATE),
    item("end_reason", ItemType.CHOICE, choices=(Choice("completed", "Completed"), Choice("death", "Death"))),
]


def form(name, *items, repeating=False):
    return Form(name, name.title(), items, repeating=repeating)


FORMS = [
    form("demographics", "birth_date", "sex"),
    form("laboratory", "sample_date", "bilirubin", "inr"),
    form("infusion", "dose_given", "infusion_start", "infusion_interrupted", "batch"),
    form(
        "adverse_event",
        *(name for name in (i.name for i in ITEMS) if name.startswith("ae_")),
        repeating=True,
    ),
    form("procedure", "procedure_kind", "procedure_date", repeating=True),
    form("end_of_study", "end_date", "end_reason"),
]


def visit(name, kind, *forms, offset=None, before=0, after=0):
    anchor = "first_dose" if offset else None
    return Visit(name, name.replace("_", " ").title(), kind, forms, anchor, offset, before, after)


VISITS = [
    visit("screening", VisitKind.SCREENING, "demographics", "laboratory"),
    visit("baseline", VisitKind.BASELINE, "laboratory", offset="P0D", before=14),
    visit("dose_1", VisitKind.DOSE, "infusion", offset="P0D"),
    visit("dose_2", VisitKind.DOSE, "infusion", offset="P7D", before=2, after=2),
    visit("month_2", VisitKind.FOLLOW_UP, "laboratory", offset="P2M", before=14, after=14),
    visit("month_4", VisitKind.FOLLOW_UP, "laboratory", offset="P4M", before=21, after=21),
    visit("unscheduled", VisitKind.UNSCHEDULED, "laboratory"),
    visit("log", VisitKind.LOG, "adverse_event", "procedure"),
]

STATED = Stated("bilirubin", True)


def endpoint(name, role, order, variable, visits):
    assumed = Stated("change from baseline", False, "A1")
    return Endpoint(
        name, role, order, f"The {variable}", "after 4 months", f"Measured as {variable}", variable, visits, ("baseline",),
        STATED, Stated(variable, True), assumed, assumed, Stated("4 months", True), assumptions=("A1",),
    )  # fmt: skip


def make_study(**changes):
    """The study; keyword arguments replace parts of it."""
    parts = {
        "id": "small",
        "registry_id": "NCT00000000",
        "title": "A small study of six people",
        "acronym": "",
        "sponsor": "Nobody",
        "target": 4,
        "sites": ({"id": "01", "name": "Site one"},),
        "items": {i.name: i for i in ITEMS},
        "forms": {f.name: f for f in FORMS},
        "visits": {v.name: v for v in VISITS},
        "criteria": {
            "I1": Criterion("I1", CriterionKind.INCLUSION, "Willing to take part.", "TRUE", 1),
            "E1": Criterion("E1", CriterionKind.EXCLUSION, "Known heart disease.", "FALSE", 1),
        },
        "derived": {"points": Derived("points", "Points", expression="bilirubin + 10 * inr")},
        "arms": {"single": Arm("single", "Exosomes", "40 mg")},
        "dose_plans": (
            DosePlan(
                "single",
                "exosomes",
                "IV",
                (PlannedDose("dose_1", Decimal(20), "mg"), PlannedDose("dose_2", Decimal(20), "mg")),
                Decimal(40),
                "mg",
                21,
            ),
        ),
        "endpoints": {
            e.name: e
            for e in (
                endpoint("points_month_4", EndpointRole.PRIMARY, 1, "points", ("month_4",)),
                endpoint("bilirubin", EndpointRole.SECONDARY, 1, "bilirubin", ("month_2", "month_4")),
            )
        },
        "assumptions": {
            "A1": Assumption(
                "A1", "metric", "change from baseline", ("value at month 4",), "not stated", "sponsor"
            )
        },
        "roles": {},
        "consents": (),
        "traceability": (),
        "record": {},
        "settings": {},
        "hash": "study-hash",
    }
    return Study(**{**parts, **changes})


class SmallRules:
    """The small study's one derived value, with bounds when an input is missing."""

    def __call__(self, row):
        bilirubin, inr = row.get("bilirubin"), row.get("inr")
        low = (bilirubin if bilirubin is not None else 0.0) + 10 * (inr if inr is not None else 0.8)
        high = (bilirubin if bilirubin is not None else 40.0) + 10 * (inr if inr is not None else 6.0)
        value = low if None not in {bilirubin, inr} else None
        return {"points": value, "points__low": low, "points__high": high}

    def why(self, name, row):
        return tuple(part for part in ("bilirubin", "inr") if row.get(part) is None)

    def uses(self, name):
        return ("bilirubin", "inr")


class Cut:
    """A snapshot's rows written by hand, with a log entry behind each value."""

    def __init__(self, study=None):
        self.study = study or make_study()
        self.tables = {
            name: [] for name in ("participants", "values", "visits", "criteria", "screening", "events")
        }

    def _entry(self, kind, stream, data):
        position = len(self.tables["events"]) + 1
        body = {"position": position, "type": kind, "data": data}
        digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
        self.tables["events"].append(
            {
                "position": position, "stream": stream, "version": position, "type": kind, "schema": 1,
                "at": f"2026-01-01T00:00:{position % 60:02d}.000000Z", "by": "coordinator", "role": "coordinator",
                "site": "01", "reason": "", "study_hash": "study-hash",
                "data": json.dumps(data, sort_keys=True, default=str), "previous": "", "hash": digest,
            }
        )  # fmt: skip
        return {"position": position, "event_hash": digest}

    def person(
        self, key, *, treated=True, status="treated", ended=None, reason=None, screening="eligible", why=""
    ):
        self.tables["participants"].append(
            {
                "participant": key, "number": f"01-{key}", "site": "01", "arm": "single" if treated else None,
                "status": status, "screened_on": DOSE_DAY - timedelta(10), "consented_on": DOSE_DAY - timedelta(10),
                "enrolled_on": DOSE_DAY - timedelta(1) if treated else None,
                "first_dose_on": DOSE_DAY if treated else None, "ended_on": ended, "end_reason": reason,
                "sex": "F", "age": 51.0,
            }
        )  # fmt: skip
        self.tables["screening"].append({"participant": key, "status": screening, "reasons": why})
        if ended is not None:
            self._entry(
                "ParticipationEnded", f"participant/{key}", {"on": ended, "cause": reason, "note": ""}
            )
        outcome = "not_met" if screening == "eligible" else "met"
        entry = self._entry("EligibilitySigned", f"participant/{key}", {"criteria": {}})
        for name, answer in (("I1", "met"), ("E1", outcome)):
            self.tables["criteria"].append(
                {
                    "participant": key,
                    "criterion": name,
                    "outcome": answer,
                    "missing": "",
                    "words": "",
                    **entry,
                }
            )

    def visit(self, key, name, on, form="laboratory", row="", status="done", reason=None, **answers):
        entry = self._entry("VisitRecorded", f"participant/{key}", {"visit": name, "date": on})
        known = any(v["participant"] == key and v["visit"] == name for v in self.tables["visits"])
        if not known and name != "log":
            self.tables["visits"].append(
                {"participant": key, "visit": name, "date": on, "status": status, "reason": reason, **entry}
            )
        entry = self._entry(
            "ItemsEntered", f"participant/{key}", {"visit": name, "form": form, "items": list(answers)}
        )
        for item_name, given in answers.items():
            it = self.study.items[item_name]
            missing = given.removeprefix("?") if isinstance(given, str) and given.startswith("?") else None
            text = None if missing else str(given)
            self.tables["values"].append(
                {
                    "participant": key, "visit": name, "form": form, "row": row, "item": item_name,
                    **typed_columns(it, text, it.unit, missing), "entered_at": "2026-01-01T00:00:00.000000Z",
                    "entered_by": "coordinator", "role": "coordinator", "reason": None, "corrections": 0, **entry,
                }
            )  # fmt: skip

    def doses(self, key, *amounts):
        for index, amount in enumerate(amounts):
            on = DOSE_DAY + timedelta(7 * index)
            self.visit(
                key, f"dose_{index + 1}", on, "infusion", dose_given=amount, infusion_start=f"{on}T09:00"
            )

    def labs(self, key, name, on, bilirubin, inr):
        self.visit(key, name, on, sample_date=on, bilirubin=bilirubin, inr=inr)


def origin(**more):
    given = {
        "purpose": "rehearsal", "study_id": "small", "study_hash": "study-hash",
        "created_at": datetime(2026, 6, 1, tzinfo=UTC).isoformat(), "code_version": "0.1.0", "synthetic": True, "seed": 7,
    }  # fmt: skip
    return Origin(**{**given, **more})


def six_people(study=None):
    """Six treated: two improve, one worsens, one dies, one misses month 4, one lacks an INR; one screened out."""
    cut = Cut(study)
    month_2, month_4 = date(2026, 3, 12), date(2026, 5, 12)
    courses = {
        "S-001": (("3.0", "1.5"), ("2.5", "1.4"), ("2.0", "1.2")),
        "S-002": (("4.0", "1.8"), ("4.0", "1.7"), ("3.0", "1.6")),
        "S-003": (("2.0", "1.4"), ("2.5", "1.4"), ("4.0", "1.5")),
        "S-004": (("9.0", "2.5"), ("11.0", "2.8"), None),
        "S-005": (("3.5", "1.6"), ("3.5", "1.6"), None),
        "S-006": (("5.0", "1.9"), ("4.0", "1.9"), ("4.5", "?not_done")),
    }
    for key, course in courses.items():
        died = key == "S-004"
        cut.person(
            key,
            status="ended" if died else "treated",
            ended=date(2026, 4, 20) if died else None,
            reason="death" if died else None,
        )
        cut.labs(key, "screening", DOSE_DAY - timedelta(10), "3.3", "1.5")
        cut.labs(key, "baseline", DOSE_DAY, *course[0])
        cut.doses(key, 20, 20)
        cut.labs(key, "month_2", month_2, *course[1])
        if course[2]:
            cut.labs(key, "month_4", month_4, *course[2])
    cut.visit("S-005", "month_4", None, status="missed", reason="moved away")
    cut.visit(
        "S-004", "log", None, "adverse_event", "1",
        ae_term="Variceal bleeding", ae_start="2026-04", ae_end="2026-04-20", ae_grade="5", ae_serious="true",
        ae_related="no", ae_outcome="fatal",
    )  # fmt: skip
    cut.person(
        "S-007", treated=False, status="ended", reason="screen_failure", screening="not_eligible", why="E1"
    )
    return cut
