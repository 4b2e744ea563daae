"""Every check of `trialrun check`, both ways: quiet on what fits, speaking on what does not."""

from __future__ import annotations

import pytest

from trialrun.study.checks import check_study
from trialrun.study.model import Study
from trialrun.values.finding import Finding, Severity

from .conftest import Bench

BROKEN = [
    (("items: [dose_given]", "items: []"), "unused-item", "dose_given", Severity.WARNING),
    (("items: [dose_given]", "items: []"), "empty-form", "infusion", Severity.WARNING),
    (("note: The dose.", "identifying: false"), "item-without-purpose", "dose_given", Severity.WARNING),
    (("forms: [infusion]", "forms: []"), "unreachable-form", "infusion", Severity.WARNING),
    (
        ('type: number, unit: mg, codings: ["LOINC:26436-6"],', "type: number,"),
        "no-unit",
        "dose_given",
        Severity.WARNING,
    ),
    ((', codings: ["LOINC:26436-6"]', ""), "no-coding", "dose_given", Severity.NOTE),
    (("unit: mg, codings", "unit: mEq/L, codings"), "bad-unit", "dose_given", Severity.ERROR),
    (("units: [mg/dL, umol/L]", "units: [mg/dL, kg]"), "unit-dimension", "bilirubin", Severity.ERROR),
    (
        ("forms: [screening_form, laboratory]", "forms: [screening_form]"),
        "undecidable-criterion",
        "E1",
        Severity.ERROR,
    ),
    (
        ("forms: [screening_form, laboratory]", "forms: [laboratory]"),
        "undecidable-criterion",
        "I1",
        Severity.ERROR,
    ),
    (
        ("            forms: [laboratory]}", "            forms: []}"),
        "no-assessment",
        "bilirubin",
        Severity.ERROR,
    ),
    (("visits: [month_2]", "visits: []"), "no-visit", "bilirubin_month_2", Severity.ERROR),
    (
        ("stated: false, assumption: metric}\n    aggr", "stated: false}\n    aggr"),
        "level-unexplained",
        "metric",
        Severity.WARNING,
    ),
    (("total: 10", "total: 11"), "dose-sum", "sum to 10", Severity.ERROR),
    (
        ("offset: P0D, forms: [infusion]", "offset: P2D, forms: [infusion]"),
        "dose-late",
        "day 2",
        Severity.ERROR,
    ),
    (
        ("anchor: first_dose, offset: P0D, forms: [inf", "forms: [inf"),
        "dose-unplanned",
        "dose_1",
        Severity.ERROR,
    ),
    (("kind: dose", "kind: follow_up"), "dose-visit-kind", "dose_1", Severity.WARNING),
    (
        (
            "  month_2:",
            (
                "  month_1: {title: M1, kind: follow_up, anchor: first_dose, offset: P1M, window_after: 30,\n"
                "            forms: [laboratory]}\n  month_2:"
            ),
        ),
        "windows-overlap",
        "month_1",
        Severity.WARNING,
    ),
    (("target: 2", "target: 3"), "record-mismatch", "number of participants", Severity.ERROR),
    (("title: A small study", "title: A large study"), "record-mismatch", "title", Severity.ERROR),
    (("sponsor: Somebody", "sponsor: Nobody"), "record-mismatch", "sponsor", Severity.ERROR),
    (
        ("registry_id: NCT00000000", "registry_id: NCT00000001"),
        "record-mismatch",
        "registry number",
        Severity.ERROR,
    ),
    (("{M: Male, F: Female}", "{M: Male, X: Other}"), "record-mismatch", "sexes", Severity.ERROR),
    (("age >= 18", "age >= 20"), "record-mismatch", "minimumAge", Severity.ERROR),
    (
        ("record: Everybody gets it", "record: Somebody gets it"),
        "record-mismatch",
        "wording of arm",
        Severity.ERROR,
    ),
    (("title: One,", "title: Two,"), "record-mismatch", "arm", Severity.ERROR),
    (("title: Bilirubin\n", "title: ALT\n"), "record-mismatch", "title of primary outcome 1", Severity.ERROR),
    (("time_frame: 2 months", "time_frame: 3 months"), "record-mismatch", "time frame", Severity.ERROR),
    (("description: Blood test", "description: Urine"), "record-mismatch", "description", Severity.ERROR),
    (("order: 1", "order: 2"), "record-mismatch", "primary outcome 1", Severity.ERROR),
    (
        ("text: Jaundice.", "text: Yellow."),
        "record-mismatch",
        "wording of exclusion criterion 1",
        Severity.ERROR,
    ),
    (
        ("bullet: 2, text: Men.", "bullet: 3, text: Men."),
        "record-mismatch",
        "exclusion criterion 2",
        Severity.ERROR,
    ),
    (
        ("bullet: 2, text: Men.", "bullet: 3, text: Men."),
        "record-mismatch",
        "the record has 2",
        Severity.ERROR,
    ),
]


def _finding(study: Study, code: str, word: str) -> Finding | None:
    return next((one for one in check_study(study) if one.code == code and word in one.message), None)


@pytest.mark.parametrize(
    ("change", "code", "word", "severity"), BROKEN, ids=[f"{b[1]}: {b[2]}" for b in BROKEN]
)
def test_what_does_not_fit_is_found(
    bench: Bench, change: tuple[str, str], code: str, word: str, severity: Severity
) -> None:
    assert _finding(bench.load(), code, word) is None
    found = _finding(bench.load(change), code, word)
    assert found is not None
    assert found.severity is severity
    assert found.place


def test_the_small_study_has_only_its_open_assumption(bench: Bench) -> None:
    assert [finding.code for finding in check_study(bench.load())] == ["plan-assumed", "open-assumption"]


def test_a_confirmed_assumption_is_quiet(bench: Bench) -> None:
    study = bench.load(
        ("confirm_by: Somebody}", "confirm_by: Somebody, confirmed: {by: Dr A, on: 2026-01-01}}")
    )
    assert [finding.code for finding in check_study(study)] == ["plan-assumed"]


def test_a_record_with_one_more_outcome_or_criterion(bench: Bench) -> None:
    section = bench.record["protocolSection"]
    section["outcomesModule"]["secondaryOutcomes"] = [{"measure": "ALT", "timeFrame": "2 months"}]
    section["eligibilityModule"]["eligibilityCriteria"] += "\n* Women."
    messages = [finding.message for finding in check_study(bench.load())]
    assert any("secondary outcome 1" in message and "'ALT'" in message for message in messages)
    assert any("exclusion criterion 3" in message and "'Women.'" in message for message in messages)


def test_without_a_record_nothing_is_compared(bench: Bench) -> None:
    folder = bench.write(("target: 2", "target: 3"))
    (folder / "record.json").unlink()
    from trialrun.study.load import load_study

    assert [finding.code for finding in check_study(load_study(folder))] == [
        "plan-assumed",
        "open-assumption",
    ]


def test_a_missing_consent_text(bench: Bench) -> None:
    (bench.folder / "consent" / "en-1.md").unlink()
    assert _finding(bench.load(), "no-consent-text", "consent") is not None


def test_a_consent_text_to_be_filled_in(bench: Bench) -> None:
    (bench.folder / "consent" / "en-1.md").write_text("I agree. [name of the site]\n", encoding="utf-8")
    assert _finding(bench.load(), "consent-open", "en-1") is not None


def test_criterion_over_rows_that_nobody_enters(bench: Bench) -> None:
    rows = (
        "forms:\n",
        (
            "forms:\n  medication: {title: Medication, repeating: true, items: [drug]}\n"
            "  history: {title: History, items: [drugs_complete]}\n"
        ),
    )
    items = (
        "items:\n  sc",
        "items:\n  drug: {label: Drug, type: text}\n  drugs_complete: {label: All, type: boolean}\n  sc",
    )
    derived = (
        "derived:\n",
        "derived:\n  on_drug: {label: On it, over: medication, how: any, where: drug = 'x', complete: drugs_complete}\n",
    )
    rule = ("expression: sex = 'M'", "expression: on_drug")
    found = _finding(bench.load(rows, items, derived, rule), "undecidable-criterion", "E2")
    assert found is not None
    assert "the form medication" in found.message
    assert "drugs_complete" in found.message
    visit = (
        "forms: [screening_form, laboratory]",
        "forms: [screening_form, laboratory, history, medication]",
    )
    assert _finding(bench.load(rows, items, derived, rule, visit), "undecidable-criterion", "E2") is None


AGGREGATES = [
    ("how: any, where: drug = 'x'", "how: any", "derived-incomplete"),
    ("over: medication", "over: screening_form", "not-repeating"),
    ("over: medication", "over: medicatoin", "unknown-form"),
    ("complete: all_drugs", "complete: drug", "wrong-item-type"),
    ("complete: all_drugs", "complete: all_drug", "unknown-item"),
    ("how: any", "how: longest_run, value: '1', above: 0, starts: began, ends: drug", "wrong-item-type"),
    (
        "how: any",
        "how: longest_run, value: '1', above: 0, starts: screening_date, ends: began",
        "unknown-item",
    ),
]


@pytest.mark.parametrize(("old", "new", "code"), AGGREGATES, ids=[a[2] + ": " + a[1] for a in AGGREGATES])
def test_values_over_rows_that_do_not_fit(bench: Bench, old: str, new: str, code: str) -> None:
    derived = (
        "  on_drug: {label: On it, over: medication, how: any, where: drug = 'x', complete: all_drugs}\n"
    )
    changes = (
        ("forms:\n", "forms:\n  medication: {title: Medication, repeating: true, items: [drug, began]}\n"),
        (
            "items:\n  sc",
            (
                "items:\n  drug: {label: Drug, type: text}\n  began: {label: Began, type: date}\n"
                "  all_drugs: {label: All, type: boolean}\n  sc"
            ),
        ),
    )
    good = bench.findings(*changes, ("derived:\n", f"derived:\n{derived}"))
    assert good == []
    bad = bench.findings(*changes, ("derived:\n", f"derived:\n{derived.replace(old, new)}"))
    assert code in [finding.code for finding in bad]


SCORES = [
    ("score: fib_5", "unknown-score"),
    ("score: albi", "input-not-fed"),
    ("score: albi, inputs: {albumin: sex2}", "unknown-value"),
    ("score: albi, inputs: {albumn: bilirubin}", "unknown-input"),
]


@pytest.mark.parametrize(("score", "code"), SCORES, ids=[code for _, code in SCORES])
def test_scores_that_cannot_be_computed(bench: Bench, score: str, code: str) -> None:
    found = bench.findings(("derived:\n", f"derived:\n  liver: {{label: Liver, {score}}}\n"))
    assert code in [finding.code for finding in found]


def test_the_example_has_no_error_and_no_warning(example: Study) -> None:
    found = [finding for finding in check_study(example) if finding.severity is not Severity.NOTE]
    assert found == []


def test_the_example_lists_every_open_assumption(example: Study) -> None:
    open_ones = [finding for finding in check_study(example) if finding.code == "open-assumption"]
    assert len(open_ones) == len(example.assumptions) >= 40
    assert all("Default:" in finding.message and finding.remedy for finding in open_ones)
