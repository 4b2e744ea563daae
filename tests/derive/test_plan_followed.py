"""Populations and windows follow the plan, and every kind of intercurrent event is found where the study asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, form, item, make_study, origin, six_people
from trialrun.derive.dataset import derive_dataset
from trialrun.derive.endpoints import Status
from trialrun.derive.populations import derive_populations
from trialrun.derive.windows import visit_window, window_of
from trialrun.errors import AnalysisError
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Choice, ItemType
from trialrun.study.plan import EVENTS, Need, PopulationPlan, WindowPlan
from trialrun.study.plan_events import collected_events, sources_of

CLASSES = ("albumin", "vitamin_k_antagonist", "diuretic")
MORE = [
    item("medication_name", ItemType.TEXT),
    item("medication_class", ItemType.CHOICE, choices=tuple(Choice(c, c.title()) for c in CLASSES)),
    item("medication_start", ItemType.DATE, partial=True),
    item("medication_end", ItemType.DATE, partial=True),
    item(
        "ae_action", ItemType.CHOICE, choices=(Choice("none", "None"), Choice("stopped", "Stopped for good"))
    ),
    item("alcohol_relapse", ItemType.BOOLEAN),
]


def wide_study(**changes):
    """The small study with medication, action taken and drinking asked."""
    study = make_study()
    forms = {
        **study.forms,
        "medication": form("medication", *(one.name for one in MORE[:4]), repeating=True),
        "adverse_event": replace(
            study.forms["adverse_event"], items=(*study.forms["adverse_event"].items, "ae_action")
        ),
        "laboratory": replace(
            study.forms["laboratory"], items=(*study.forms["laboratory"].items, "alcohol_relapse")
        ),
    }
    items = {**study.items, **{one.name: one for one in MORE}}
    return replace(study, items=items, forms=forms, **changes)


def planned(study, **changes):
    """A study that states this part of its plan."""
    return replace(study, analysis=replace(study.analysis, assumed=False, **changes))


def derived(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules())


def one_person(study=None, **more):
    cut = Cut(study or wide_study())
    cut.person("S-001", **more)
    cut.doses("S-001", 20, 20)
    return cut


def events(tmp_path, cut):
    return {(one.kind, one.day) for one in derived(tmp_path, cut).events}


def medicine(cut, row, kind, start, end=None, name="Tablets"):
    given = {"medication_name": name, "medication_start": start}
    given |= {"medication_class": kind} if kind else {}
    given |= {"medication_end": end} if end else {}
    cut.visit("S-001", "log", None, "medication", row, **given)


@pytest.mark.parametrize("kind", ["albumin", "vitamin_k_antagonist"])
@pytest.mark.parametrize(
    ("start", "end", "day"),
    [
        ("2026-02-01", None, 21),
        ("2026-02-01", "2026-02-02", 21),
        ("2026-02", None, 48),  # the last day it can have begun
        ("2025-12-01", None, 1),  # running at the first dose
        ("2025-12-01", "2026-01-12", 1),  # its last day is the day of the first dose
        ("2025-12-01", "2026-01-11", None),
        ("2025-12-01", "2026-01", 1),  # may have ended after the first dose
    ],
)
def test_medication_given_after_the_first_dose_is_flagged(tmp_path, kind, start, end, day):
    cut = one_person()
    medicine(cut, "1", kind, start, end)
    assert events(tmp_path, cut) == ({(kind, day)} if day else set())


def test_other_medication_is_no_event(tmp_path):
    cut = one_person()
    medicine(cut, "1", "diuretic", "2026-02-01", name="Albumin is not what this is")
    assert events(tmp_path, cut) == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Warfarin 5 mg", "vitamin_k_antagonist"),
        ("Human albumin 20 %", "albumin"),
        ("nab-paclitaxel (albumin)", None),
    ],
)
def test_without_a_class_the_name_decides(tmp_path, name, kind):
    cut = one_person()
    medicine(cut, "1", None, "2026-02-01", name=name)
    assert events(tmp_path, cut) == ({(kind, 21)} if kind else set())


def test_an_item_of_another_name_is_found_through_the_settings(tmp_path):
    study = wide_study(settings={"analysis": {"items": {"alcohol_relapse": "drinks"}}})
    items = {**study.items, "drinks": item("drinks", ItemType.BOOLEAN)}
    laboratory = replace(study.forms["laboratory"], items=("sample_date", "bilirubin", "inr", "drinks"))
    study = replace(study, items=items, forms={**study.forms, "laboratory": laboratory})
    assert sources_of(study, "alcohol_relapse") == ("drinks",)
    cut = one_person(study)
    cut.visit("S-001", "month_2", date(2026, 3, 12), bilirubin="3", inr="1.5", drinks="true")
    assert events(tmp_path, cut) == {("alcohol_relapse", 60)}


@pytest.mark.parametrize(
    ("answer", "found"), [("true", {("alcohol_relapse", 60)}), ("false", set()), ("?not_done", set())]
)
def test_drinking_again_is_what_a_visit_says(tmp_path, answer, found):
    cut = one_person()
    cut.visit("S-001", "baseline", DOSE_DAY - timedelta(1), bilirubin="3", inr="1.5", alcohol_relapse="true")
    cut.visit("S-001", "month_2", date(2026, 3, 12), bilirubin="3", inr="1.5", alcohol_relapse=answer)
    assert events(tmp_path, cut) == found


def test_a_product_stopped_after_an_adverse_event(tmp_path):
    cut = one_person()
    cut.visit(
        "S-001", "log", None, "adverse_event", "1", ae_term="Rash", ae_start="2026-01-20", ae_action="stopped"
    )
    cut.visit(
        "S-001", "log", None, "adverse_event", "2", ae_term="Cough", ae_start="2026-01-13", ae_action="none"
    )
    assert events(tmp_path, cut) == {("dose_stopped", 9)}


@pytest.mark.parametrize(
    ("amounts", "person", "found"),
    [
        ((20, 20), {}, set()),
        ((20, 0), {}, {("dose_stopped", 8)}),
        ((20,), {}, {("dose_stopped", 8)}),
        ((20,), {"status": "ended", "ended": DOSE_DAY + timedelta(3), "reason": "withdrawal"}, set()),
    ],
)
def test_a_dose_that_was_due_and_was_not_given(tmp_path, amounts, person, found):
    cut = Cut(wide_study())
    cut.person("S-001", **person)
    cut.doses("S-001", *amounts)
    assert events(tmp_path, cut) == found


def test_a_dose_not_yet_due_at_the_cut_is_no_event(tmp_path):
    cut = Cut(wide_study())
    cut.person("S-001")
    cut.doses("S-001", 20)
    write_snapshot(tmp_path / "one", cut.tables, origin(created_at="2026-01-15T00:00:00+00:00"))
    data = derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules())
    assert data.events == ()


def test_only_the_first_event_of_a_kind_counts_and_each_names_its_answer(tmp_path):
    cut = one_person()
    medicine(cut, "1", "albumin", "2026-03-01")
    medicine(cut, "2", "albumin", "2026-02-01")
    data = derived(tmp_path, cut)
    (found,) = data.events
    assert (found.day, found.source.item, found.source.row) == (21, "medication_class", "2")
    assert found.source.event_hash in data.snapshot.event_by_hash


def test_what_a_study_collects():
    assert set(collected_events(wide_study())) == set(EVENTS) - {"transplant", "paracentesis"}
    assert "albumin" not in collected_events(make_study())


def test_the_plan_narrows_the_analysis_window_and_not_the_visits(tmp_path):
    study = planned(make_study(), windows={"month_4": WindowPlan("month_4", before=5)})
    anchors = {"first_dose": DOSE_DAY}
    month_4 = date(2026, 5, 12)
    wide, narrow = visit_window(study, "month_4", anchors), window_of(study, "month_4", anchors)
    assert (wide.first, wide.last) == (month_4 - timedelta(21), month_4 + timedelta(21))
    assert (narrow.first, narrow.last) == (month_4 - timedelta(5), month_4 + timedelta(21))
    cut = one_person(study)
    cut.labs("S-001", "baseline", DOSE_DAY, "3.0", "1.5")
    cut.labs("S-001", "month_4", month_4 - timedelta(6), "3.0", "1.5")
    data = derived(tmp_path, cut)
    (row,) = [one for one in data.rows if one.parameter == "points" and one.visit == "month_4"]
    assert row.status is Status.OUTSIDE_WINDOW
    assert not [one for one in data.deviations if one.kind == "window"]


def test_populations_are_those_of_the_plan(tmp_path):
    study = make_study()
    own = {
        "all_people": PopulationPlan("all_people", "All", "", (Need.REGISTERED,)),
        "clean": PopulationPlan("clean", "Clean", "all_people", (Need.DOSED, Need.NO_MAJOR_DEVIATION)),
        "treated": PopulationPlan(
            "treated", "Treated and known", "all_people", (Need.DOSED, Need.PRIMARY_KNOWN)
        ),
    }
    data = derived(tmp_path, six_people(planned(study, populations=own)))
    assert list(data.populations)[:3] == ["all_people", "clean", "treated"]
    assert set(data.populations["clean"].members) == {f"S-00{n}" for n in range(1, 7)}
    assert data.populations["clean"].left_out["S-007"] == "screen failure"
    assert set(data.populations["treated"].left_out) == {"S-005", "S-006", "S-007"}
    # the usual ones are counted too, within what the plan means by their wider one
    assert data.populations["evaluable"].members == data.populations["treated"].members


def test_populations_that_lie_in_each_other_are_refused(tmp_path):
    data = derived(tmp_path, six_people())
    circle = {
        "a": PopulationPlan("a", "A", "b", (Need.DOSED,)),
        "b": PopulationPlan("b", "B", "a", (Need.DOSED,)),
    }
    study = planned(data.study, populations=circle)
    with pytest.raises(AnalysisError, match="a, b"):
        derive_populations(data.snapshot, study, data.rows, data.deviations)
