"""The analysis section: read, checked, completed, compared; a malformed one gives findings, never a traceback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialrun.study.checks import check_study
from trialrun.study.difference import compare_studies
from trialrun.study.load import read_study
from trialrun.study.model import Study
from trialrun.study.plan import Adjustment, Method, Need, SensitivityKind, Strategy, Variable
from trialrun.study.plan_schema import ANALYSIS
from trialrun.study.references import part_names

from .conftest import SMALL, Bench

PLAN = """\
analysis:
  populations:
    screened: {title: Screened, needs: [registered], assumptions: [metric]}
    treated: {title: Treated, within: screened, needs: [dosed], assumptions: [metric]}
    clean: {title: Without deviation, within: treated, needs: [no_major_deviation], assumptions: [metric]}
  windows:
    month_2: {before: 7, assumptions: [metric]}
  estimands:
    main:
      title: Change in bilirubin
      role: primary
      endpoints: [bilirubin_month_2]
      treatment: Something
      population: treated
      variable: change
      intercurrent: {death: {strategy: composite, how: worst rank}}
      missing: at random
      summary: Hodges-Lehmann estimate
      method: signed_rank
      assumptions: [metric]
    mean:
      title: Mean change among the living
      role: supportive
      endpoints: [bilirubin_month_2]
      treatment: Something
      population: treated
      variable: change
      intercurrent: {death: {strategy: while_alive}}
      missing: at random
      summary: mean change
      method: paired_t
      assumptions: [metric]
    fallen:
      title: Share with a fall
      role: supportive
      endpoints: [bilirubin_month_2]
      treatment: Something
      population: treated
      variable: response
      responder: fall
      intercurrent: {death: {strategy: composite, how: no response}}
      missing: left out
      summary: share
      method: proportion
      assumptions: [metric]
  multiplicity: {adjustment: none, over: [bilirubin_month_2], assumptions: [metric]}
  responders:
    fall: {title: A fall of one, parameter: bilirubin, fall_of: 1, assumptions: [metric]}
  sensitivity:
    clean: {title: Clean, estimand: main, kind: population, population: clean, assumptions: [metric]}
    imputed: {title: Imputed, estimand: mean, kind: multiple_imputation, assumptions: [metric]}
    tipped: {title: Tipped, estimand: mean, kind: tipping_point, deltas: [0, 1.5], assumptions: [metric]}
  shifts:
    sexes: {title: Sexes, parameter: sex, visit: month_2, order: [F, M, death], assumptions: [metric]}
"""
TEXT = SMALL.replace("assumptions:\n  metric:", PLAN + "assumptions:\n  metric:")


@pytest.fixture
def planned(bench: Bench) -> Bench:
    """The small study with a plan; its changes apply to that text."""
    return bench


def load(bench: Bench, *changes: tuple[str, str]) -> Study:
    from trialrun.study.load import load_study

    return load_study(bench.write(*changes, text=TEXT))


def codes(bench: Bench, *changes: tuple[str, str]) -> list[str]:
    """What loading, and where that succeeds checking, finds."""
    study, found = read_study(bench.write(*changes, text=TEXT))
    return [one.code for one in (found if study is None else [*found, *check_study(study)])]


def test_a_plan_is_read_as_it_stands(planned: Bench) -> None:
    plan = load(planned).analysis
    assert not plan.assumed
    main = plan.estimands["main"]
    assert (main.method, main.variable, main.population) == (Method.SIGNED_RANK, Variable.CHANGE, "treated")
    assert main.intercurrent["death"].strategy is Strategy.COMPOSITE
    assert main.intercurrent["death"].how == "worst rank"
    assert plan.populations["clean"].needs == (Need.NO_MAJOR_DEVIATION,)
    assert (plan.windows["month_2"].before, plan.windows["month_2"].after) == (7, None)
    assert plan.sensitivity["tipped"].deltas == (0.0, 1.5)
    assert plan.sensitivity["imputed"].kind is SensitivityKind.MULTIPLE_IMPUTATION
    assert plan.responders["fall"].fall_of == 1
    assert plan.shifts["sexes"].order == ("F", "M", "death")
    line = TEXT.splitlines().index("    main:") + 1
    assert str(main.place) == f"study.yaml:{line}"


def test_a_sound_plan_has_no_finding(planned: Bench) -> None:
    assert codes(planned) == ["open-assumption"]


def test_what_a_plan_leaves_out_is_derived(bench: Bench) -> None:
    text = SMALL.replace("assumptions:\n  metric:", "analysis: {level: 0.9}\nassumptions:\n  metric:")
    from trialrun.study.load import load_study

    plan = load_study(bench.write(text=text)).analysis
    assert (plan.assumed, plan.level) == (False, 0.9)
    assert list(plan.estimands) == ["composite", "while_alive", "hypothetical"]
    assert list(plan.populations) == ["screened", "enrolled", "treated", "evaluable", "per_protocol"]
    assert plan.multiplicity.over == ("bilirubin_month_2",)


def test_a_study_without_a_plan_has_the_defaults_and_says_so(bench: Bench) -> None:
    study = bench.load()
    plan = study.analysis
    assert plan.assumed
    assert plan.estimands["composite"].endpoints == ("bilirubin_month_2",)
    assert plan.estimands["composite"].intercurrent["death"].strategy is Strategy.COMPOSITE
    assert "transplant" not in plan.estimands["composite"].intercurrent  # nothing in this study asks for one
    assert plan.responders == {}
    assert plan.multiplicity.adjustment is Adjustment.NONE  # one primary outcome
    without = replace(study, endpoints={})
    assert without.analysis.estimands == {}
    assert without.analysis.assumed


SHARED = (
    "analysis:\n",
    (
        "analysis:\n  treatment: Something else\n  intercurrent:\n    dialysis: {strategy: treatment_policy}\n"
        "    death: {strategy: hypothetical, how: not used}\n"
    ),
)


def test_what_all_estimands_share_is_said_once(planned: Bench) -> None:
    plan = load(
        planned,
        SHARED,
        (
            "      treatment: Something\n      population: treated\n      variable: response",
            "      population: treated\n      variable: response",
        ),
    ).analysis
    main, fallen = plan.estimands["main"], plan.estimands["fallen"]
    assert (main.treatment, fallen.treatment) == ("Something", "Something else")
    assert list(main.intercurrent) == ["death", "dialysis"]  # in one order, whatever stands first
    assert main.intercurrent["death"].strategy is Strategy.COMPOSITE  # the estimand's own wins
    assert main.intercurrent["dialysis"].strategy is Strategy.TREATMENT_POLICY


def test_a_fault_in_what_is_shared_is_found_once_on_its_line(planned: Bench) -> None:
    old, new = SHARED
    folder = planned.write((old, new.replace("    dialysis:", "    dialisis:")), text=TEXT)
    found = [one for one in read_study(folder)[1] if one.code == "unknown-event"]
    line = (
        (folder / "study.yaml")
        .read_text(encoding="utf-8")
        .splitlines()
        .index("    dialisis: {strategy: treatment_policy}")
    )
    assert [one.place for one in found] == [f"study.yaml:{line + 1}"]
    assert "dialysis" in found[0].remedy


def test_the_parts_of_a_plan_can_be_pointed_at(planned: Bench) -> None:
    parts = part_names(load(planned))
    assert {"analysis.estimands.main", "analysis.multiplicity", "analysis.windows.month_2"} <= set(parts)


def test_a_changed_plan_is_told_key_by_key(planned: Bench) -> None:
    before = load(planned)
    after = load(
        planned,
        ("how: worst rank", "how: worst value"),
        ("fall_of: 1", "fall_of: 2"),
        ("before: 7", "before: 9"),
    )
    where = "analysis.estimands.main"
    assert [str(one) for one in compare_studies(before, after)] == [
        "analysis.windows.month_2: before was 7, is now 9",
        f"{where}: intercurrent.death was death composite worst rank, is now death composite worst value",
        "analysis.responders.fall: fall_of was 1.0, is now 2.0",
    ]


def test_the_order_of_the_questions_counts_in_the_hash(planned: Bench) -> None:
    before = load(planned)
    moved = TEXT.replace(
        "    clean: {title: Clean, estimand: main, kind: population, population: clean, assumptions: [metric]}\n",
        "",
    ).replace(
        "  shifts:\n",
        "    clean: {title: Clean, estimand: main, kind: population, population: clean, assumptions: [metric]}\n  shifts:\n",
    )
    from trialrun.study.load import load_study

    after = load_study(planned.write(text=moved))
    assert after.hash != before.hash


FAULTS = [
    (("estimand: main, kind: population", "estimand: mian, kind: population"), "unknown-estimand"),
    (("endpoints: [bilirubin_month_2]\n      treatment", "endpoints: [bilirubin_month_3]\n      treatment"), "unknown-endpoint"),
    (("      population: treated\n", "      population: treatd\n"), "unknown-population"),
    (("{death: {strategy: composite, how: worst rank}}", "{deth: {strategy: composite}}"), "unknown-event"),
    (("month_2: {before: 7", "month_9: {before: 7"), "unknown-visit"),
    (("parameter: sex", "parameter: sexx"), "unknown-value"),
    (("responder: fall", "responder: rise"), "unknown-responder"),
    (("Treated, within: screened, needs: [dosed], assumptions: [metric]", "Treated, within: screened, needs: [dosed], assumptions: [none]"), "unknown-assumption"),
    (("Screened, needs: [registered]", "Screened, within: clean, needs: [registered]"), "population-circle"),
    (("over: [bilirubin_month_2]", "over: [bilirubin]"), "unknown-endpoint"),
    (("method: signed_rank", "method: guess"), "not-allowed"),
    (("strategy: while_alive", "strategy: ignore"), "not-allowed"),
    (("adjustment: none", "level: 2, adjustment: none"), "out-of-range"),
    (("before: 7", "before: -1"), "too-small"),
    (("deltas: [0, 1.5]", "deltas: none"), "wrong-type"),
    (("      missing: at random\n      summary: Hodges", "      summary: Hodges"), "missing-key"),
    (("title: Sexes, ", "titel: Sexes, "), "unknown-key"),
    (("deltas: [0, 1.5], ", ""), "sensitivity-incomplete"),
    (("{death: {strategy: composite, how: worst rank}}", "{death: {strategy: while_alive}}"), "composite-without-events"),
    (("{death: {strategy: composite, how: worst rank}}", "{dialysis: {strategy: composite}}"), "event-unhandled"),
    (("{death: {strategy: composite, how: worst rank}}", "{death: {strategy: composite}, tips: {strategy: treatment_policy}}"), "event-not-collected"),
    (("role: primary\n      endpoints", "role: supportive\n      endpoints"), "primary-unanswered"),
    (("method: proportion", "method: mmrm"), "method-does-not-fit"),
    (("      responder: fall\n", ""), "no-responder"),
    (("      treatment: Something\n      population: treated\n      variable: response", "      population: treated\n      variable: response"), "no-treatment"),
    (("fall_of: 1,", "fall_of: 1, rise_of: 2,"), "responder-ambiguous"),
    (("fall_of: 1,", "fall_of: -1,"), "responder-amount"),
    (("fall_of: 1,", "better_category: true,"), "responder-order"),
    (("order: [F, M, death]", "order: [F, X, death]"), "unknown-category"),
    (("order: [F, M, death]", "order: [F, death]"), "category-missing"),
    (("kind: multiple_imputation", "kind: multiple_imputation, imputations: 10"), "few-imputations"),
    (("estimand: mean, kind: multiple_imputation", "estimand: fallen, kind: multiple_imputation"), "imputation-does-not-fit"),
    (("kind: population, population: clean", "kind: population, population: treated"), "sensitivity-same"),
    (("within: screened, needs: [dosed]", "within: screened, needs: [enrolled]"), "no-safety-set"),
    (("multiplicity: {adjustment: none, over: [bilirubin_month_2], assumptions: [metric]}", "multiplicity: {adjustment: none, over: [bilirubin_month_2]}"), "plan-unexplained"),
    (("endpoints:\n  bilirubin_month_2:\n    role: primary", "settings: {responders: {}}\nendpoints:\n  bilirubin_month_2:\n    role: primary"), "setting-not-read"),
    (("      method: signed_rank\n", "      method: signed_rank\n      visits: [screening]\n"), "registered-time-missing"),
    (("      method: signed_rank\n", "      method: signed_rank\n      visits: [month_2, dose_1]\n"), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"), FAULTS, ids=[f"{n}-{code}" for n, (_, code) in enumerate(FAULTS)]
)
def test_every_fault_of_a_plan_is_found(planned: Bench, change: tuple[str, str], code: str | None) -> None:
    found = codes(planned, change)
    assert (code in found) if code else ("registered-time-missing" not in found)


def test_a_registered_outcome_nobody_asks_about(planned: Bench) -> None:
    text = TEXT.replace("endpoints: [bilirubin_month_2]\n", "endpoints: []\n")
    study, _ = read_study(planned.write(text=text))
    assert study is not None
    found = [one.code for one in check_study(study)]
    assert "outcome-unanswered" in found
    assert "no-endpoint" in found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.integers(0, PLAN.count("\n") - 1),
    new=st.sampled_from(["", "  x", "  - 1", "    a: [", "null", "  estimands: 3"]),
)
def test_a_broken_line_never_stops_the_reader(bench: Bench, line: int, new: str) -> None:
    lines = [str(one) for one in PLAN.splitlines()]
    lines[line] = new
    text = SMALL.replace("assumptions:\n  metric:", "\n".join(lines) + "\nassumptions:\n  metric:")
    study, found = read_study(bench.write(text=text))
    assert study is not None or found
    if study is not None:
        check_study(study)
    for one in found:
        assert one.place


def test_the_section_of_the_how_to_is_one_the_reader_accepts(root: Path) -> None:
    from jsonschema import Draft202012Validator
    from ruamel.yaml import YAML

    page = (root / "docs" / "how-to" / "write-the-analysis-plan.md").read_text(encoding="utf-8")
    (section,) = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    said = YAML(typ="safe", pure=True).load(section)["analysis"]
    assert list(Draft202012Validator(ANALYSIS).iter_errors(said)) == []
