"""An amendment is told part by part, in plain words."""

from __future__ import annotations

from trialrun.study.difference import Change, ChangeKind, compare_studies
from trialrun.study.model import Study

from .conftest import Bench


def test_nothing_changed(bench: Bench, example: Study) -> None:
    assert compare_studies(bench.load(), bench.load(("items:\n", "# moved\n\nitems:\n"))) == ()
    assert compare_studies(example, example) == ()


def test_added_removed_and_changed(bench: Bench) -> None:
    before = bench.load()
    after = bench.load(
        ("target: 2", "target: 3"),
        ("age >= 18", "age >= 20"),
        ("  E2: {kind: exclusion, bullet: 2, text: Men., expression: sex = 'M'}\n", ""),
        (
            "  sex: {label: Sex",
            "  weight: {label: Weight, type: number, unit: kg}\n  sex: {label: Sex at birth",
        ),
        ("total: 10, within_days: 1", "total: 20, within_days: 1"),
        ("visits: [month_2]\n    baseline_visits: [screening]", "visits: [month_2]"),
    )
    changes = compare_studies(before, after)
    assert [str(change) for change in changes] == [
        "study.target: target was 2, is now 3",
        "items.sex: label was Sex, is now Sex at birth",
        "items.weight is added: Weight",
        "criteria.I1: expression was age >= 18, is now age >= 20",
        "criteria.E2 is removed: Men.",
        "endpoints.bilirubin_month_2: baseline_visits was screening, is now empty",
        "dose_plans.one: total was 10, is now 20",
    ]


def test_choices_limits_and_consent_are_compared(bench: Bench) -> None:
    before = bench.load()
    (bench.folder / "consent" / "en-1.md").write_text("I agree to more.\n", encoding="utf-8")
    (bench.folder / "consent" / "fa-1.md").write_text("متن\n", encoding="utf-8")
    after = bench.load(("F: Female}", "F: Woman}"), ("query: [0.2, 40]", "query: [0.2, 30]"))
    told = {(change.part, change.field, change.kind) for change in compare_studies(before, after)}
    assert told == {
        ("items.sex", "choices", ChangeKind.CHANGED),
        ("items.bilirubin", "query", ChangeKind.CHANGED),
        ("consent.en-1", "text", ChangeKind.CHANGED),
        ("consent.en-1", "hash", ChangeKind.CHANGED),
        ("consent.fa-1", "", ChangeKind.ADDED),
    }


def test_another_order_is_told(bench: Bench) -> None:
    before = bench.load()
    lines = bench.folder.joinpath("study.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if line.startswith("  E1:"))
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    from trialrun.study.load import load_study

    after = load_study(bench.write(text="".join(lines)))
    assert compare_studies(before, after) == (Change(ChangeKind.MOVED, "criteria"),)


def test_record_and_settings(bench: Bench) -> None:
    before = bench.load()
    bench.record["protocolSection"]["designModule"]["phases"] = ["PHASE2"]
    after = bench.load(("items:\n", "settings: {phase: PHASE2}\nitems:\n"))
    assert [change.part for change in compare_studies(before, after)] == [
        "settings.phase",
        "record.json",
    ]
