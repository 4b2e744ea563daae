"""Times to an event: derived from answers, censored where nothing had happened, and compared with what R gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, endpoint, form, item, make_study, origin
from trialrun.analyse import methods
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.errors import AnalysisError
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm, EndpointRole, ItemType, VisitKind
from trialrun.study.plan import Method, Strategy
from trialrun.study.plan_defaults import assumed_plan
from trialrun.study.time_to_event import TimeToEvent

# Acute myelogenous leukaemia: weeks to relapse with and without maintenance. Source: Miller RG, Survival Analysis, 1981.
MAINTAINED = [
    (9, 1),
    (13, 1),
    (13, 0),
    (18, 1),
    (23, 1),
    (28, 0),
    (31, 1),
    (34, 1),
    (45, 0),
    (48, 1),
    (161, 0),
]
NOT = [(5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1), (33, 1), (43, 1), (45, 1)]


def curve(rows, scale):
    return methods.kaplan_meier([t for t, _ in rows], [bool(e) for _, e in rows], scale=scale)


@pytest.mark.parametrize(
    ("scale", "maintained", "other"),
    [
        ("log-log", (31, 13, None), (23, 5, 33)),
        ("log", (31, 18, None), (23, 8, None)),
        ("plain", (31, 18, 48), (23, 8, 33)),
    ],
)
def test_the_median_and_its_interval_are_those_of_r(scale, maintained, other):
    """As R survival 3.5-3: summary(survfit(Surv(time, status) ~ x, aml, conf.type = ...))$table."""
    for rows, expected in ((MAINTAINED, maintained), (NOT, other)):
        fit = curve(rows, scale)
        assert (fit.median(), *fit.median_interval()) == expected


def test_the_log_rank_test_is_that_of_r():
    """As R survival 3.5-3: survdiff(Surv(time, status) ~ x, aml)."""
    (t1, e1), (t2, e2) = (zip(*rows, strict=True) for rows in (MAINTAINED, NOT))
    found = methods.logrank(t1, e1, t2, e2)
    assert found.expected == pytest.approx(10.6893359923, abs=1e-9)
    assert found.chi_square == pytest.approx(3.39638869898, abs=1e-9)
    assert found.p == pytest.approx(0.0653393220405, abs=1e-11)
    assert methods.logrank(t2, e2, t1, e1).chi_square == pytest.approx(found.chi_square)


@pytest.mark.parametrize("second", [([], []), ([3], [True, False]), ([1], [False])])
def test_groups_that_cannot_be_compared_are_refused(second):
    with pytest.raises(AnalysisError):
        methods.logrank([5], [True], *second)


# --- from answers to results -----------------------------------------------------------------------------

ITEMS = (
    item("death", ItemType.BOOLEAN),
    item("death_date", ItemType.DATE, partial=True),
    item("last_alive", ItemType.DATE, partial=True),
)
TIME = TimeToEvent("first_dose", {"death": "death_date"}, "last_alive")


def survival_study(*, arms=False, start="first_dose"):
    study = make_study()
    events = form("events", *(one.name for one in ITEMS))
    visits = {
        name: replace(one, forms=(*one.forms, "events")) if one.kind is VisitKind.FOLLOW_UP else one
        for name, one in study.visits.items()
    }
    overall = endpoint("overall_survival", EndpointRole.PRIMARY, 1, "death", ("month_2", "month_4"))
    overall = replace(overall, baseline_visits=(), time_to_event=replace(TIME, start=start))
    study = replace(
        study,
        items={**study.items, **{one.name: one for one in ITEMS}},
        forms={**study.forms, "events": events},
        visits=visits,
        endpoints={"overall_survival": overall},
    )
    if arms:
        two = {"quartz": Arm("quartz", "Quartz", ""), "topaz": Arm("topaz", "Topaz", "")}
        study = replace(
            study,
            arms=two,
            dose_plans=tuple(replace(study.dose_plans[0], arm=name) for name in two),
        )
    return replace(study, analysis=assumed_plan(study))


def day(days):
    return DOSE_DAY + timedelta(days)


def told(cut, key, days, *, arm="single", **answers):
    """One treated participant and what was answered at month 4 about the event."""
    cut.person(key)
    cut.tables["participants"][-1]["arm"] = arm
    cut.doses(key, 20, 20)
    if answers:
        cut.visit(key, "month_4", day(days), "events", **answers)


def died(days):
    return {"death": "true", "death_date": day(days)}


def alive(days):
    return {"death": "false", "last_alive": day(days)}


def seven_people(study):
    """Deaths on days 30, 60 and 60, last seen alive on 45, 90 and 150; nothing told of the seventh."""
    cut = Cut(study)
    for key, answers in (
        ("S-001", died(30)),
        ("S-002", alive(45)),
        ("S-003", died(60)),
        ("S-004", died(60)),
        ("S-005", alive(90)),
        ("S-006", alive(150)),
    ):
        told(cut, key, 120, **answers)
    told(cut, "S-007", 120)
    return cut


def derived(folder, cut):
    write_snapshot(folder, cut.tables, origin())
    return derive_dataset(read_snapshot(folder), cut.study, rules=SmallRules())


def found(results, ident):
    (one,) = [result for result in results.results if result.id == ident]
    return one


MEDIAN = "overall_survival/month_4/estimand/primary_event_times"


def test_the_default_plan_analyses_a_time_as_one():
    (plan,) = survival_study().analysis.estimands.values()
    assert (plan.method, plan.endpoints) == (Method.KAPLAN_MEIER, ("overall_survival",))
    assert plan.intercurrent["death"].strategy is Strategy.COMPOSITE


def test_a_curve_worked_by_hand(tmp_path):
    """Of 6: 5/6 after day 30 (6 at risk), times 2/4 after day 60 (4 at risk): 5/12, so the median is day 60."""
    results = analyse_dataset(derived(tmp_path / "cut", seven_people(survival_study())))
    median = found(results, MEDIAN)
    assert (median.estimate, median.estimate_name, median.unit, median.n) == (60, "median time", "d", 6)
    assert median.details == {"events": 3, "censored": 3, "missing": 1, "never began": 0}
    assert median.log[0] == "6 participants: 3 with the event, 3 censored"
    assert median.left_out == {"S-007": "neither an event nor a last day known has a date"}
    assert [(ref.row, ref.value) for ref in median.rows][:2] == [
        ("S-001/time_to_event/death", 30.0),
        ("S-002/time_to_event/censored", 45.0),
    ]
    # Whether, when and until when: every time leads to its entries of the log.
    assert all(ref.events for ref in median.rows)
    month_2 = found(results, "overall_survival/month_2/event_free/primary_event_times")
    month_4 = found(results, "overall_survival/month_4/event_free/primary_event_times")
    assert month_2.details["day"] == 61
    assert month_2.estimate == pytest.approx(5 / 12)
    assert month_4.estimate == pytest.approx(5 / 12)
    assert (month_2.details["at_risk"], month_4.details["at_risk"]) == (2, 1)
    # R survival 3.5-3: survfit(Surv(c(30,45,60,60,90,150), c(1,0,1,1,0,0)) ~ 1, conf.type = "log-log")
    assert (median.interval.low, median.interval.high) == (30, None)
    assert (month_2.interval.low, month_2.interval.high) == pytest.approx(
        (0.0559918648521, 0.7665222195506), abs=1e-9
    )
    # No share of yes and no that would count those who left as alive.
    assert not [one for one in results.results if one.analysis in {"describe", "change"}]


def test_a_day_before_the_start_is_a_finding_and_not_a_time(tmp_path):
    cut = seven_people(survival_study())
    told(cut, "S-008", 120, **died(-3))
    results = analyse_dataset(derived(tmp_path / "cut", cut))
    median = found(results, MEDIAN)
    assert (median.n, median.details["missing"], median.estimate) == (6, 2, 60)
    assert "S-008, death on 2026-01-09 is before the time begins on 2026-01-12" in median.note
    assert "one of the two days is wrong" in median.left_out["S-008"]


def test_a_death_nobody_entered_as_the_event_still_ends_the_time(tmp_path):
    """Known from the end of participation alone: censoring it at the last visit would hide it."""
    cut = seven_people(survival_study())
    cut.person("S-008", status="ended", ended=day(100), reason="death")
    cut.doses("S-008", 20, 20)
    cut.visit("S-008", "month_2", day(58), "events", **alive(58))
    results = analyse_dataset(derived(tmp_path / "cut", cut))
    median = found(results, MEDIAN)
    assert ("S-008/time_to_event/death", 100.0) in [(ref.row, ref.value) for ref in median.rows]
    assert median.details["events"] == 4


def test_an_event_without_a_day_is_placed_where_it_was_told_and_the_log_says_so(tmp_path):
    cut = seven_people(survival_study())
    told(cut, "S-008", 118, death="true", death_date="?unknown")
    told(cut, "S-009", 121, death="true", death_date="2026-03")
    results = analyse_dataset(derived(tmp_path / "cut", cut))
    median = found(results, MEDIAN)
    times = {ref.row: ref.value for ref in median.rows}
    assert times["S-008/time_to_event/death"] == 118
    assert times["S-009/time_to_event/death"] == (date(2026, 3, 31) - DOSE_DAY).days
    assert any("S-008: the day of death is unknown" in line for line in median.log)
    assert any("S-009: death_date lies between 2026-03-01 and 2026-03-31" in line for line in median.log)


def test_who_never_began_has_no_time_and_is_not_missing(tmp_path):
    """A time from a response counts from its day; who never responded has none."""
    study = survival_study(start="response_date")
    response = item("response_date", ItemType.DATE)
    events = replace(study.forms["events"], items=(*study.forms["events"].items, "response_date"))
    study = replace(
        study,
        items={**study.items, "response_date": response},
        forms={**study.forms, "events": events},
    )
    cut = Cut(study)
    told(cut, "S-001", 120, **died(80), response_date=day(20))
    told(cut, "S-002", 120, **alive(110), response_date=day(10))
    told(cut, "S-003", 120, **alive(90))
    median = found(analyse_dataset(derived(tmp_path / "cut", cut)), MEDIAN)
    assert [ref.value for ref in median.rows] == [60.0, 100.0]
    assert (median.details["missing"], median.details["never began"]) == (0, 1)
    assert median.left_out == {"S-003": "it never began: no day of response_date"}


def two_arms(study, *, masked=False):
    """The leukaemia times as days, one arm each."""
    cut = Cut(study)
    for arm, rows in (("quartz", NOT), ("topaz", MAINTAINED)):
        for number, (days, event) in enumerate(rows):
            answers = died(days) if event else alive(days)
            told(cut, f"{arm[0].upper()}-{number:03d}", 170, arm=None if masked else arm, **answers)
    return cut


def test_arms_are_compared_as_r_compares_them(tmp_path):
    """As R survival 3.5-3: coxph(Surv(time, status) ~ x, aml), Efron; survdiff for p."""
    results = analyse_dataset(derived(tmp_path / "cut", two_arms(survival_study(arms=True))))
    compared = found(results, f"{MEDIAN}/topaz-quartz")
    assert compared.estimate == pytest.approx(1 / 2.498105326, rel=1e-8)
    assert compared.details["Wald p"] == pytest.approx(0.07371486064, rel=1e-7)
    assert compared.p == pytest.approx(0.0653393220405, abs=1e-11)
    assert compared.p_adjusted == compared.p
    assert (compared.details["events topaz"], compared.details["events quartz"]) == (7, 11)
    own = found(results, f"{MEDIAN}/topaz")
    assert (own.estimate, own.interval.low, own.interval.high) == (31, 13, None)
    own = found(results, f"{MEDIAN}/quartz")
    assert (own.estimate, own.interval.low, own.interval.high) == (23, 5, 33)


def test_masked_arms_are_pooled(tmp_path):
    results = analyse_dataset(derived(tmp_path / "cut", two_arms(survival_study(arms=True), masked=True)))
    assert results.masked
    assert found(results, MEDIAN).n == 23
    assert not any(one.arm for one in results.results)


def test_nobody_with_a_time_is_a_refusal(tmp_path):
    cut = Cut(survival_study())
    told(cut, "S-001", 120)
    with pytest.raises(AnalysisError, match="nobody has a day on which its time begins and one that ends it"):
        analyse_dataset(derived(tmp_path / "cut", cut))


# --- what readers get ----------------------------------------------------------------------------------


def test_the_report_and_the_registry_tell_the_times(tmp_path):
    from trialrun.report.build import render_report
    from trialrun.report.plain_summary import plain_summary
    from trialrun.report.plan_document import plan_html
    from trialrun.report.registry_lint import lint_results_section
    from trialrun.report.registry_results import results_section

    data = derived(tmp_path / "cut", two_arms(survival_study(arms=True)))
    results = analyse_dataset(data)
    page = render_report(data, results)
    for words in (
        "Days from the first dose to death.",
        "share free of the event",
        "Median, days",
        "p (log-rank)",
        "One minus the Kaplan-Meier estimate",
        "0.065",
        "not reached",
    ):
        assert words in page
    assert "Aalen-Johansen" not in page
    section = results_section(data, results)
    (measure,) = section["outcomeMeasuresModule"]["outcomeMeasures"]
    cells = {one["groupId"]: one for one in measure["classes"][0]["categories"][0]["measurements"]}
    assert (measure["paramType"], measure["unitOfMeasure"]) == ("MEDIAN", "days")
    assert [cells["OG000"][name] for name in ("value", "lowerLimit", "upperLimit")] == ["23.0", "5.0", "33.0"]
    assert cells["OG001"]["upperLimit"] == "NA"
    assert cells["OG001"]["comment"].startswith("The upper limit was not reached")
    (compared,) = measure["analyses"]
    assert (compared["statisticalMethod"], compared["paramValue"]) == ("Log Rank", "0.40")
    wrong = [one for one in lint_results_section(section, data.study) if one.severity == "error"]
    assert not [one for one in wrong if "outcome" in str(one.place).lower()]
    told = " ".join(
        sentence
        for passage in plain_summary(data, results).passages
        for sentence in (*passage.sentences, *passage.points)
    )
    assert "After 23 days it had happened to about half of them." in told
    plan = plan_html(data.study)
    assert "Brookmeyer" in plan
    assert "Days from the first dose to death" in plan
