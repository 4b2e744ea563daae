"""A real trial of two arms, from another system's file to the results and the report, beside R on the same file.

The numbers were computed by R 4 from `pbcseq.csv` itself, not from our import: `wilcox.test` on the changes to the
value nearest to day 731 within 120 days (death and transplant without such a value as the worst), `nlme::gls` with
`corSymm` and `varIdent` by REML, `t.test`, and `survival` (`coxph` with Efron's ties, `survfit`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from trialrun.analyse.run import analyse_dataset
from trialrun.app.analyses import derive_snapshot
from trialrun.cli.results import show_results
from trialrun.report.build import build_report
from trialrun.snapshot.foreign import import_foreign, read_mapping
from trialrun.study.load import load_study

pytestmark = pytest.mark.shared
CHANGE = "bilirubin_year_2"
COX = {"estimate": 0.935216735, "low": 0.6916641609, "high": 1.264530376}
INCIDENCE = {
    "penicillamine": {"death": 0.17088607595, "transplant": 0.03164556962},
    "placebo": {"death": 0.20779220779, "transplant": 0.01948051948},
}
SURVIVAL = {"penicillamine": (0.7974684, 0.7259597, 0.8522079), "placebo": (0.7727273, 0.6980765, 0.8311460)}


@pytest.fixture(scope="module")
def data(root, shared, tmp_path_factory):
    source = shared("data/pbcseq.csv")
    target = tmp_path_factory.mktemp("pbc") / "snapshot"
    mapping = read_mapping(root / "examples" / "foreign" / "pbcseq_trial.yaml")
    study = load_study(root / "examples" / "pbc")
    found = import_foreign(mapping, source, study, target, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert found.participants == 312
    assert [(one.column, one.text) for one in found.rejected] == [("albumin", "8.01")]
    return derive_snapshot(target, root / "examples" / "pbc")


@pytest.fixture(scope="module")
def results(data):
    return analyse_dataset(data)


def one(results, name):
    (found,) = [result for result in results.results if result.id == name]
    return found


def test_the_mean_change_is_that_of_a_t_test(results):
    found = one(results, f"{CHANGE}/year_2/change")
    assert (found.n, found.estimate) == (206, pytest.approx(1.573786, rel=1e-6))
    assert found.interval.low == pytest.approx(0.9687701, rel=1e-6)
    assert found.interval.high == pytest.approx(2.1788027, rel=1e-6)


def test_worst_ranks_give_the_rank_sum_of_r(results):
    found = one(results, f"{CHANGE}/year_2/estimand/composite/penicillamine-placebo")
    assert (found.n, found.details["n placebo"], found.details["n penicillamine"]) == (241, 125, 116)
    assert found.details["U"] == 7059.5
    assert found.p == pytest.approx(0.7247, abs=1e-3)  # R corrects for continuity


def test_the_mixed_model_is_that_of_nlme(results):
    found = one(results, f"{CHANGE}/month_6/estimand/hypothetical/penicillamine-placebo")
    assert (found.n, found.details["observations"]) == (279, 851)
    assert found.details["minus2_log_likelihood"] == pytest.approx(4165.004, abs=1e-3)
    assert found.estimate == pytest.approx(-0.61095059, rel=1e-3)


def test_hazard_ratio_survival_and_cumulative_incidence_are_those_of_r(results):
    cox = one(results, "year_3/incidence/time_to_either/penicillamine-placebo")
    assert (cox.n, cox.details["events"]) == (312, 169)
    found = {"estimate": cox.estimate, "low": cox.interval.low, "high": cox.interval.high}
    assert found == pytest.approx(COX, rel=1e-6)
    for arm, expected in INCIDENCE.items():
        details = one(results, f"year_3/incidence/survival/{arm}").details
        assert {kind: details[kind] for kind in expected} == pytest.approx(expected, rel=1e-8)
    for arm, (estimate, low, high) in SURVIVAL.items():
        kept = one(results, f"year_3/incidence/time_to_either/{arm}")
        assert (kept.estimate, kept.interval.low, kept.interval.high) == pytest.approx(
            (estimate, low, high), rel=1e-6
        )


def test_the_report_says_where_the_data_are_from(data, results, tmp_path):
    path = build_report(data.snapshot, data.study, results, tmp_path, data=data)
    words = re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8"))
    assert "Imported data" in words
    assert "Mayo Clinic trial in primary biliary cholangitis" in words
    assert "import:pbcseq.csv:2" in words
    assert "D-penicillamine (n = 158)" in words
    assert "Placebo (n = 154)" in words
    assert "D-penicillamine against Placebo" in words
    assert "there is no registry record" in words
    assert "Time frame on the record" not in words
    assert "No dose was recorded." in words


def test_the_tutorial_shows_what_the_terminal_says(data, results, root, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    show_results(results, data.study)
    printed = capsys.readouterr().out
    page = (root / "docs" / "tutorial" / "screen-real-people.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith("primary 1: bilirubin  ")]
    assert len(shown) == 2
    for line in shown:
        assert line in printed
