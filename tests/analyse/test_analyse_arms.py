"""Two arms: described by arm, compared with the control; masked, pooled and said so."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date

import pytest
from scipy import stats

from small_study import DOSE_DAY, Cut, SmallRules, make_study, origin
from trialrun.analyse.result import Analysis
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.errors import AnalysisError
from trialrun.report.overview import is_masked
from trialrun.report.registry_groups import groups_of
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm
from trialrun.study.plan import Method, Responder, Variable

ARMS = {"quartz": Arm("quartz", "Quartz", "40 mg"), "topaz": Arm("topaz", "Topaz", "nothing")}
MONTH_2, MONTH_4 = date(2026, 3, 12), date(2026, 5, 12)
# Bilirubin at baseline, month 2 and month 4; INR stays 1.5, so points change as bilirubin does.
QUARTZ = {
    "S-001": (3.0, 2.5, 2.0),
    "S-002": (4.0, 4.0, 3.0),
    "S-003": (2.0, 2.5, 2.1),
    "S-004": (9.0, 8.0, 6.5),
    "S-005": (3.5, 3.0, 1.2),
    "S-006": (5.0, 4.6, None),
}
TOPAZ = {
    "S-011": (3.2, 3.3, 3.6),
    "S-012": (4.1, 4.0, 4.4),
    "S-013": (2.2, 2.6, 2.5),
    "S-014": (8.0, 9.5, None),
    "S-015": (3.4, 3.2, 2.9),
    "S-016": (5.5, 5.1, 5.6),
}
DIED = "S-014"


def arms_study(**changes):
    study = make_study(
        arms=ARMS,
        dose_plans=tuple(replace(make_study().dose_plans[0], arm=name) for name in ARMS),
        **changes,
    )
    responder = Responder("fall", "A fall of 1 or more", "points", fall_of=1.0)
    return replace(study, analysis=replace(study.analysis, assumed=False, responders={"fall": responder}))


def cut_of(study, *, masked=False):
    cut = Cut(study)
    for arm, people in (("quartz", QUARTZ), ("topaz", TOPAZ)):
        for key, course in people.items():
            died = key == DIED
            cut.person(
                key,
                status="ended" if died else "treated",
                ended=date(2026, 4, 20) if died else None,
                reason="death" if died else None,
            )
            cut.tables["participants"][-1]["arm"] = None if masked else arm
            cut.doses(key, 20, 20)
            for visit, on, value in zip(
                ("baseline", "month_2", "month_4"), (DOSE_DAY, MONTH_2, MONTH_4), course, strict=True
            ):
                if value is not None:
                    cut.labs(key, visit, on, str(value), "1.5")
    return cut


def analysed(folder, study, *, masked=False):
    write_snapshot(folder, cut_of(study, masked=masked).tables, origin())
    return analyse_dataset(derive_dataset(read_snapshot(folder), study, rules=SmallRules()))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return analysed(tmp_path_factory.mktemp("arms") / "cut", arms_study())


def one(results, ident):
    (found,) = [result for result in results.results if result.id == ident]
    return found


def changes(people):
    return [round(course[2] - course[0], 6) for course in people.values() if course[2] is not None]


def test_outcomes_are_described_pooled_and_by_arm(results):
    found = results.of("points_month_4", Analysis.DESCRIBE, "month_4")
    assert [(result.arm, result.n) for result in found] == [("", 10), ("topaz", 5), ("quartz", 5)]
    assert one(results, "points_month_4/month_4/change/quartz").estimate == pytest.approx(
        sum(changes(QUARTZ)) / 5
    )


def test_the_first_arm_is_the_control_where_nobody_says_and_the_results_say_so(results):
    assert results.control == "quartz"
    assert list(results.arms) == ["topaz", "quartz"]
    assert any("first arm" in note for note in results.notes)


def test_the_primary_compares_ranks_with_death_as_the_worst(results):
    found = one(results, "points_month_4/month_4/estimand/composite/topaz-quartz")
    values = [*changes(TOPAZ), 1e9, *changes(QUARTZ)]
    ranks = stats.rankdata(values)
    observed = sum(ranks[:6])
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, 6)]
    expected = 6 * (len(ranks) + 1) / 2
    far = sum(abs(total - expected) >= abs(observed - expected) - 1e-9 for total in sums) / len(sums)
    assert found.details["U"] == observed - 21
    assert found.p == pytest.approx(far, abs=1e-12)
    assert (found.n, found.details["death"]) == (11, 1)
    assert found.left_out == {"S-006": "not reached at the time of the cut"}
    assert found.p_adjusted == found.p


def test_the_mean_is_adjusted_for_baseline(results):
    found = one(results, "points_month_4/month_4/estimand/while_alive/topaz-quartz")
    rows = [(c[0], c[2] - c[0], 0.0) for c in QUARTZ.values() if c[2] is not None]
    rows += [(c[0], c[2] - c[0], 1.0) for c in TOPAZ.values() if c[2] is not None]
    # Frisch and Waugh: the arm's coefficient is that of what baseline leaves of change and arm.
    left = [[], []]
    for place in (1, 2):
        line = stats.linregress([r[0] for r in rows], [r[place] for r in rows])
        left[place - 1] = [r[place] - line.intercept - line.slope * r[0] for r in rows]
    slope = sum(a * b for a, b in zip(*left, strict=True)) / sum(b * b for b in left[1])
    assert found.estimate == pytest.approx(slope)
    assert found.left_out[DIED].startswith("died on day 99")
    assert found.details["df"] == len(rows) - 3


def test_the_mixed_model_compares_arms_at_each_visit(results):
    for visit in ("month_2", "month_4"):
        compared = one(results, f"points_month_4/{visit}/estimand/hypothetical/topaz-quartz")
        own = {arm: one(results, f"points_month_4/{visit}/estimand/hypothetical/{arm}") for arm in ARMS}
        assert compared.estimate == pytest.approx(own["topaz"].estimate - own["quartz"].estimate)
        assert (compared.n, own["quartz"].n, own["topaz"].n) == (12, 6, 6)
        assert "mixed model" in compared.method


def test_responders_are_counted_by_arm_and_compared(results):
    found = one(results, "points_month_4/month_4/response/fall/quartz")
    # A fall of 1 or more: S-001, S-002, S-004, S-005; S-006 was not followed for so long at the cut.
    assert (found.details["responders"], found.n) == (4, 5)
    other = one(results, "points_month_4/month_4/response/fall/topaz")
    assert (other.details["responders"], other.n) == (0, 6)
    compared = one(results, "points_month_4/month_4/response/fall/topaz-quartz")
    assert compared.estimate == pytest.approx(-0.8)
    assert compared.p == pytest.approx(stats.fisher_exact([[0, 6], [4, 1]]).pvalue)


def test_every_result_of_an_arm_rests_on_that_arm_alone(results):
    for result in results.results:
        people = {row.row.split("/")[0] for row in result.rows}
        if result.arm in ARMS:
            assert people <= set(QUARTZ if result.arm == "quartz" else TOPAZ)
        assert not people & set(result.left_out)


def test_the_control_can_be_said_or_read_from_the_record(tmp_path):
    said = analysed(tmp_path / "a", arms_study(settings={"analysis": {"control": "topaz"}}))
    assert (said.control, list(said.arms)) == ("topaz", ["quartz", "topaz"])
    group = {"label": "Topaz", "type": "NO_INTERVENTION"}
    record = {"protocolSection": {"armsInterventionsModule": {"armGroups": [group]}}}
    assert analysed(tmp_path / "b", arms_study(record=record)).control == "topaz"
    with pytest.raises(AnalysisError, match="nonsense"):
        analysed(tmp_path / "c", arms_study(settings={"analysis": {"control": "nonsense"}}))


def test_a_masked_snapshot_is_pooled_and_says_so(tmp_path):
    study = arms_study()
    found = analysed(tmp_path / "cut", study, masked=True)
    assert found.masked
    assert not found.arms
    assert not found.control
    assert all(not result.arm for result in found.results)
    assert any("masked" in note for note in found.notes)
    pooled = one(found, "points_month_4/month_4/estimand/composite")
    assert pooled.n == 11
    # The study's own words name its arms; nothing else may, and no participant is put beside one.
    data = json.loads(found.text())
    assert data["analysisGroupings"] == []
    for analysis in data["analyses"]:
        assert analysis["orderedGroupings"] == []
        assert all(each["resultGroups"] == [] for each in analysis["results"])
        beside = json.dumps({**analysis["trialrun"], "estimand": None}).casefold()
        assert "quartz" not in beside
        assert "topaz" not in beside


def test_swapping_the_concealed_arms_changes_nothing_while_masked(tmp_path):
    one_way = analysed(tmp_path / "a", arms_study(), masked=True)
    assert one_way.text() == analysed(tmp_path / "b", arms_study(), masked=True).text()


def test_in_the_file_groups_are_named_as_the_standard_names_them(results):
    data = json.loads(results.text())
    (grouping,) = data["analysisGroupings"]
    assert [group["id"] for group in grouping["groups"]] == ["topaz", "quartz"]
    (found,) = [a for a in data["analyses"] if a["id"] == "points_month_4/month_4/change/quartz"]
    assert found["orderedGroupings"][0]["groupingId"] == "arm"
    assert {group["groupId"] for each in found["results"] for group in each["resultGroups"]} == {"quartz"}


def test_time_to_the_first_event_is_compared_where_the_plan_asks(tmp_path):
    study = arms_study()
    plan = replace(
        study.analysis.estimands["composite"],
        name="free",
        endpoints=(),
        variable=Variable.TIME,
        method=Method.SURVIVAL,
        events=("death",),
        visits=("month_4",),
    )
    estimands = {**study.analysis.estimands, "free": plan}
    found = analysed(tmp_path / "cut", replace(study, analysis=replace(study.analysis, estimands=estimands)))
    own = one(found, "month_4/incidence/free/topaz")
    # The one death, on day 98 after the first dose, with six at risk.
    assert own.estimate == pytest.approx(5 / 6)
    assert own.details["events"] == 1
    compared = one(found, "month_4/incidence/free/topaz-quartz")
    assert (compared.estimate, compared.n) == (None, 12)
    assert compared.note


def test_one_participant_unblinded_does_not_open_the_trial(tmp_path):
    """An emergency tells one arm of twelve; no table, group or listing is by arm before all are known."""
    study = arms_study()
    cut = cut_of(study, masked=True)
    cut.tables["participants"][2]["arm"] = "topaz"
    write_snapshot(tmp_path / "cut", cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / "cut"), study, rules=SmallRules())
    results = analyse_dataset(data)
    assert results.masked
    assert not results.arms
    assert not any(result.arm for result in results.results)
    assert results.safety.masked
    assert [group.name for group in results.safety.groups] == [""]
    assert is_masked(data)
    assert len(groups_of(data)) == 1
    text = results.text()
    for arm in study.arms.values():
        assert arm.title not in text
