"""A study folder that is wrong says so: file, line, value, rule, remedy; all at once."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from trialrun.errors import StudyError
from trialrun.study.checks import check_study
from trialrun.study.load import load_study, read_study
from trialrun.study.model import Limits
from trialrun.values.finding import Severity

from .conftest import SMALL, Bench


def test_the_small_study_loads(bench: Bench) -> None:
    study = bench.load()
    assert list(study.items) == ["screening_date", "birth_date", "sex", "bilirubin", "dose_given"]
    assert study.items["bilirubin"].hard == Limits(Decimal("0.05"), Decimal(80))
    assert study.criteria["E1"].place.line == 22
    assert study.consents[0].language == "en"


WRONG = [
    ("type: date, partial", "typ: date, partial", "unknown-key", 4, "did you mean 'type'?"),
    ("type: choice", "type: choise", "not-allowed", 5, "did you mean 'choice'?"),
    ("title: A small study, ", "", "missing-key", 1, "add title:"),
    ("target: 2", "target: two", "wrong-type", 1, "write a whole number"),
    ("target: 2", "target: 0", "too-small", 1, ""),
    ("label: Sex,", "label: 12,", "wrong-type", 5, "put it in quotes"),
    ("[0.05, 80]", "[0.05]", "wrong-length", 7, ""),
    ("  sex: {", "  Sex: {", "bad-name", 5, "rename it"),
    ("offset: P2M", "offset: 2 months", "bad-form", 16, ""),
    ("items: [bilirubin]", "items: [bilirubn]", "unknown-item", 11, "did you mean 'bilirubin'?"),
    ("forms: [infusion]", "forms: [infusoin]", "unknown-form", 15, "did you mean 'infusion'?"),
    ("{visit: dose_1,", "{visit: dose_2,", "unknown-visit", 27, "did you mean 'dose_1'?"),
    ("variable: bilirubin", "variable: bilirubine", "unknown-value", 30, "did you mean 'bilirubin'?"),
    ("visits: [month_2]", "visits: [month_3]", "unknown-visit", 30, "did you mean 'month_2'?"),
    ("anchor: screening,", "anchor: screning,", "unknown-anchor", 14, "did you mean 'screening'?"),
    (
        "assumption: metric}\n    aggr",
        "assumption: metrics}\n    aggr",
        "unknown-assumption",
        30,
        "did you mean 'metric'?",
    ),
    (
        "{value: Liver, stated: true}",
        "{value: Liver, stated: true, assumption: metric}",
        "stated-and-assumed",
        30,
        "",
    ),
    ("query: [0.2, 40]", "query: [0.01, 40]", "query-outside-hard", 6, "narrow them"),
    ("hard: [0.05, 80]", "hard: [80, 0.05]", "limits-crossed", 6, ""),
    ("choices: {M: Male, F: Female}", "choices: {M: Male, F: Male}", "choice-twice", 5, ""),
    ("type: choice, choices: {M: Male, F: Female}", "type: choice", "no-choices", 5, "add choices:"),
    ("type: date}", "type: date, unit: d}", "stray-unit", 3, ""),
    ("items: [dose_given]", "items: [dose_given, bilirubin]", "item-on-two-forms", 12, "one home"),
    ("offset: P0D, forms: [inf", "forms: [inf", "half-planned", 15, "give both or none"),
    (
        'expression: "YEARS_BETWEEN',
        'score: meld_3, expression: "YEARS_BETWEEN',
        "derived-kind",
        19,
        "give one",
    ),
    ("  age: {", "  sex: {", "name-twice", 5, "rename one"),
    ("units: [mg/dL, umol/L]", "units: [umol/L]", "unit-not-listed", 6, ""),
    (
        "expression: bilirubin > 5",
        "expression: bilirubine > 5",
        "expression",
        22,
        "did you mean 'bilirubin'?",
    ),
    ("expression: bilirubin > 5", "expression: bilirubin > MAGNITUDE(bilirubin)", "expression", 22, ""),
    ("expression: sex = 'M'", "expression: sex = 'X'", "expression", 23, "'M'"),
    ("expression: sex = 'M'", "expression: sex", "rule-kind", 23, ""),
    ('"YEARS_BETWEEN(birth_date, screening_date)"', "age + 1", "expression", 19, ""),
    ("type: number, unit: mg, ", "type: number, unit: mg, only_if: sex = 'Q', ", "expression", 8, "'M'"),
    ("  sex: {", "  sex__low: {", "bad-name", 5, "rename it"),
    (
        "confirm_by: Somebody}",
        "confirm_by: Somebody, confirmed: {by: A, on: 2026-02-30}}",
        "not-a-day",
        45,
        "",
    ),
    ("  I1: {", "  i1: {", "bad-name", 21, "rename it"),
]
# One slip of the pen in the first study, of each kind of name; none may stop `check` itself.
SLIPS = [
    ("timezone: Asia/Tehran", "timezone: Asia/Teheran", "did you mean 'Asia/Tehran'?"),
    ("end_date, end_reason, end_comment", "end_date, end_raeson, end_comment", "did you mean 'end_reason'?"),
    ("score: meld_na_optn2016", "score: meld_na_optn2015", "did you mean meld_na_optn2016"),
    ("visit: dose_4, amount", "visit: dose_5, amount", "did you mean 'dose_4'?"),
    ("variable: ast\n    visits: [month_2", "variable: ast\n    visits: [month_3", "did you mean 'month_"),
    ("assumptions: [age_inclusive]", "assumptions: [age_inclusiv]", "did you mean 'age_inclusive'?"),
    (
        "type: boolean\n    note: Balloon",
        "type: boolean\n    only_if: bariatric_procedure = 'x'\n    note: Balloon",
        "ask one of them always",
    ),
]


@pytest.mark.parametrize(("old", "new", "remedy"), SLIPS, ids=[slip[1][:30] for slip in SLIPS])
def test_a_slip_in_the_first_study_is_a_finding_and_nothing_else(
    root: Path, tmp_path: Path, old: str, new: str, remedy: str
) -> None:
    folder = tmp_path / "slip"
    shutil.copytree(root / "examples/nct05871463", folder)
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / "study.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    study, findings = read_study(folder)
    if study is not None:
        findings = findings + check_study(study)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert any(remedy in finding.remedy for finding in errors), errors
    assert all("study.yaml:" in finding.place for finding in errors)


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "remedy"), WRONG, ids=[f"{w[2]}: {w[1]}" for w in WRONG]
)
def test_a_mistake_is_named_with_its_line(
    bench: Bench, old: str, new: str, code: str, line: int, remedy: str
) -> None:
    found = [finding for finding in bench.findings((old, new)) if finding.code == code]
    assert found, bench.findings((old, new))
    assert f"study.yaml:{line}" in found[0].place
    assert remedy in found[0].remedy
    with pytest.raises(StudyError, match=code):
        bench.load((old, new))


def test_all_mistakes_are_listed_at_once(bench: Bench) -> None:
    with pytest.raises(StudyError) as caught:
        bench.load(
            ("type: choice", "type: choise"), ("offset: P2M", "offset: 2M"), ("title: Dose", "titel: Dose")
        )
    assert caught.value.message.count("\n") == 4
    assert "4 problems" in caught.value.message


def test_one_broken_rule_is_reported_once_and_others_still(bench: Bench) -> None:
    found = bench.findings(
        ("YEARS_BETWEEN(birth_date", "YEARS_BETWEEN(birthdate"),
        ("expression: sex = 'M'", "expression: sex = 'X'"),
    )
    assert [finding.place.split()[1] for finding in found] == ["derived.age", "criteria.E2"]


def test_circles_are_named(bench: Bench) -> None:
    found = bench.findings(
        (
            'expression: "YEARS_BETWEEN(birth_date, screening_date)"}',
            'expression: "b + 1"}\n  b: {label: B, expression: age * 2}',
        )
    )
    assert "circle" in found[0].message
    assert "age" in found[0].message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("study: [1", "not-yaml"),
        ("study: {id: &a x, title: *a}", "alias"),
        ("study: !!python/object:os.system x", "tag"),
        ("study: {id: small, id: large}", "key-twice"),
        ("", "wrong-type"),
        ("- a\n- b\n", "wrong-type"),
        ("a: " + "[" * 60 + "]" * 60, "too-deep"),
        ("a: .inf", "not-a-number"),
        ("a: 0x1F", "not-a-number"),
        ("a: " + "9" * 5000, "not-a-number"),
        ("[" * 50_000, "not-yaml"),
        ("\tx: 1", "not-yaml"),
    ],
)
def test_texts_that_are_no_study(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    study, findings = read_study(tmp_path)
    assert study is None
    assert code in [finding.code for finding in findings]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_bytes(b"\xff\xfe\x00")
    assert read_study(tmp_path)[1][0].code == "unreadable"


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StudyError, match=r"no study.yaml|no folder"):
            load_study(folder)


def test_a_record_that_is_no_json_is_an_error(bench: Bench) -> None:
    folder = bench.write()
    (folder / "record.json").write_text("{", encoding="utf-8")
    with pytest.raises(StudyError, match=r"record.json is not JSON"):
        load_study(folder)
    (folder / "record.json").unlink()
    assert [finding.code for finding in read_study(folder)[1]] == ["no-record"]
    assert load_study(folder).record == {}


def test_a_consent_file_with_another_name_is_an_error(bench: Bench) -> None:
    (bench.folder / "consent" / "english.md").write_text("x", encoding="utf-8")
    with pytest.raises(StudyError, match=r"LANGUAGE-VERSION"):
        bench.load()


def test_numbers_stay_as_they_were_written(bench: Bench) -> None:
    study = bench.load(("total: 10", "total: 0.1"), ("amount: 10", "amount: 0.1"))
    assert study.dose_plans[0].total == Decimal("0.1")


def test_yaml_1_2_words_are_text(bench: Bench) -> None:
    assert (
        bench.load(("{M: Male, F: Female}", "{yes: Yes, no: No, on: On}"), ("sex = 'M'", "sex = 'on'"))
        .items["sex"]
        .choices[2]
        .code
        == "on"
    )


class TestHash:
    def test_comments_spaces_quotes_and_key_order_do_not_count(self, bench: Bench) -> None:
        before = bench.load().hash
        after = bench.load(
            ("items:\n", "# a remark\nitems:   # another\n\n"),
            ("label: Sex, type: choice", "type:   choice, label: 'Sex'"),
            ("total: 10,", "total: 10.0,"),
        ).hash
        assert before == after
        assert len(before) == 64

    @pytest.mark.parametrize(
        "change",
        [
            ("age >= 18", "age >= 19"),
            ("label: Sex", "label: Sex at birth"),
            ("total: 10,", "total: 10, assumptions: [metric],"),
            ("  sex: {label", "  name: {label: Name, type: text}\n  sex: {label"),
        ],
    )
    def test_content_counts(self, bench: Bench, change: tuple[str, str]) -> None:
        assert bench.load().hash != bench.load(change).hash

    def test_the_order_of_criteria_counts(self, bench: Bench) -> None:
        before = bench.load().hash
        lines = SMALL.splitlines(keepends=True)
        at = next(index for index, line in enumerate(lines) if line.startswith("  E1:"))
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
        assert load_study(bench.write(text="".join(lines))).hash != before

    def test_consent_and_record_count(self, bench: Bench) -> None:
        before = bench.load().hash
        (bench.folder / "consent" / "en-1.md").write_text("I agree.  \r\n", encoding="utf-8")
        assert bench.load().hash == before
        (bench.folder / "consent" / "en-1.md").write_text("I agree!\n", encoding="utf-8")
        changed = bench.load().hash
        assert changed != before
        bench.record["protocolSection"]["designModule"]["enrollmentInfo"]["count"] = 3
        assert bench.load().hash != changed

    def test_the_record_may_be_laid_out_anew(self, bench: Bench) -> None:
        before = bench.load().hash
        (bench.folder / "record.json").write_text(json.dumps(bench.record, indent=4), encoding="utf-8")
        assert load_study(bench.folder).hash == before
