"""Comparisons and limits in time of eligibility texts: every form of a sign, and what must stay uncertain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.cli.registry_criteria import criteria
from trialrun.errors import RecordError
from trialrun.registry.comparison import Direction
from trialrun.registry.criteria import split_criteria
from trialrun.registry.eligibility.comparisons import read_piece
from trialrun.registry.eligibility.read import read_criteria


def _found(text: str) -> list[str]:
    return [f"{one.op} {' '.join(one.value)}" for one in read_piece(text)[0]]


def _times(text: str) -> list[str]:
    return [f"{one.op} {' '.join(one.value)} {one.unit}" for one in read_piece(text)[1]]


@pytest.mark.parametrize(
    ("words", "sign"),
    [
        *[(words, "GTEQ") for words in (">=", "≥", ">/=", "> or =", "=>", "\u2267", "at least", "a minimum of", "no less than")],
        *[(words, "GTEQ") for words in ("not less than", "greater than or equal to", "equal to or greater than", "not below")],
        *[(words, "LTEQ") for words in ("<=", "≤", "</=", "at most", "up to", "no more than", "not more than", "not exceeding")],
        *[(words, "GTEQ") for words in ("> or equal to", "greater than equal to", "over (or equal to)", "equal or above", ">=/")],
        *[(words, "LTEQ") for words in ("< or equal to", "less than equal", "under (or equal to)", "equal or below", "(<=)")],
        *[(words, "LTEQ") for words in ("a maximum of", "less than or equal to", "no greater than", "not above", "not over")],
        *[(words, "GT") for words in (">", "\uff1e", "over", "above", "more than", "higher than", "exceeding", "in excess of")],
        *[(words, "LT") for words in ("<", "\u02c2", "below", "under", "less than", "lower than", "fewer than")],
    ],
)  # fmt: skip
def test_every_form_of_a_sign_before_a_number(words: str, sign: str) -> None:
    assert _found(f"Haemoglobin {words} 9.5 g/dL") == [f"{sign} 9.5"]


@pytest.mark.parametrize(
    ("words", "sign"),
    [("or more", "GTEQ"), ("or higher", "GTEQ"), ("and above", "GTEQ"), ("or less", "LTEQ"), ("or below", "LTEQ")],
)  # fmt: skip
def test_signs_behind_a_number(words: str, sign: str) -> None:
    assert _found(f"Haemoglobin of 9.5 g/dL {words}") == [f"{sign} 9.5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("platelets < 50,000/mm3", ["LT 50000"]),
        ("platelets < 50 000/mm3", ["LT 50000"]),
        ("BMI between 18 kg/m2 and 30 kg/m2", ["BETWEEN 18 30"]),
        ("eGFR 30 mL/min/1.73m2 to 60 mL/min/1.73m2", ["BETWEEN 30 60"]),
        ("HbA1c between 48 mmol/mol (6.5 %) and 75 mmol/mol (9 %)", ["BETWEEN 48 75"]),
        ("BMI within the range of 18 to 30", ["BETWEEN 18 30"]),
        ("aged between ≥20 and ≤45 years", ["BETWEEN 20 45"]),
        ("BMI ≥20 and ≤45", ["GTEQ 20", "LTEQ 45"]),
        ("BMI of 25 to <30", ["GTEQ 25", "LT 30"]),
        ("women from 18 years to less than 40 years old", ["GTEQ 18", "LT 40"]),
        ("18-to-65-year-old patients", ["BETWEEN 18 65"]),
        ("18 years < age < 65 years", ["GT 18", "LT 65"]),
        ("age eighteen to sixty five", ["BETWEEN 18 65"]),
        ("less than 18 years old or under guardianship", ["LT 18"]),
        ("Subjects over 18 and under 75 years of age", ["GT 18", "LT 75"]),
        ("older than or 18 years old", ["GTEQ 18"]),
        ("weight no less than or equal to 30 kg", ["GTEQ 30"]),
        ("Patients who were 18 years old", ["EQ 18"]),
        ("from the age of 18 years", ["GTEQ 18"]),
        ("ALT or AST 3 or more times ULN", ["GTEQ 3"] * 2),
        ("ALT 3 folds above the upper limit of normal", ["GT 3"]),
        ("AST and ALT elevated to 3 x ULN", ["EQ 3"] * 2),
        ("a Beck score of 9 or 10", ["EQ 9 10"]),
        ("an ICDAS score of 1,2 or 3", ["EQ 1 2 3"]),
        ("HER2 negative (IHC 0, 1+ or 2+)", ["EQ 0 1 2"]),
        ("gestational age between 24+0 and 36+6 weeks", ["BETWEEN 24 36"]),
        ("Patients who are greater than 2 centimetres", ["GT 2"]),
        ("sight ranging from 20/40 to 20/320", ["BETWEEN 20/40 20/320"]),
        ("18 years up to and including 65 years", ["BETWEEN 18 65"]),
        ("fever for less than10 days and aged18-65", ["BETWEEN 18 65"]),
        ("GCS of 15", ["EQ 15"]),
        ("platelets > 100 109/l", ["GT 100"]),
        ("ANC ≥ 1.5 × 10^9/L", ["GTEQ 1.5"]),
        ("bacteria > 10^3 CFU/mL", ["GT 1000"]),
        ("temperature > 38,5 °C", ["GT 38.5"]),
        ("three (3) or more teeth", ["GTEQ 3"]),
        ("age: 18y-65y", ["BETWEEN 18 65"]),
        ("between the ages of 18 and 65", ["BETWEEN 18 65"]),
        ("20 years old to 70 years of age", ["BETWEEN 20 70"]),
        ("HbA1c 7.0%≤HbA1c≤10.0%", ["GTEQ 7.0", "LTEQ 10.0"]),
        ("children 2 to <12 years old", ["GTEQ 2", "LT 12"]),
        ("refraction from -1.00 D to -6.00 D", ["BETWEEN -6.00 -1.00"]),
        ("BMI <20 or >35 kg/m2", ["LT 20", "GT 35"]),
        ("ALT, AST and bilirubin > 2.5 x ULN", ["GT 2.5"] * 3),
        ("bilirubin above the upper limit of normal", ["GT 1"]),
        ("NYHA class III-IV", ["BETWEEN III IV"]),
        ("ASA I, II or III", ["EQ I II III"]),
        ("Child-Pugh B or C.", ["EQ B C"]),
        ("ECOG performance status of 0 or 1", ["EQ 0 1"]),
        ("CTCAE grade ≥ 2", ["GTEQ 2"]),
        ("type 2 diabetes, COVID-19 and HLA-B27", []),
        ("at least one of the following", []),
        ("pain on a scale of 0-10 of 4 or more", ["BETWEEN 0 10", "GTEQ 4"]),
    ],
)
def test_numbers_and_classes_as_written(text: str, expected: list[str]) -> None:
    assert _found(text) == expected


@pytest.mark.parametrize(
    ("text", "concept", "unit", "multiple"),
    [
        ("AST ≥ 3 times the upper limit of normal", "AST", "times the upper limit of normal", "ULN"),
        ("eGFR < 60 mL/min/1.73 m2", "eGFR", "mL/min/1.73 m2", ""),
        ("Patients who are 18 years of age or older", "age", "years", ""),
        ("gestational age < 32 weeks", "gestational age", "weeks", ""),
        ("life expectancy of at least 3 months", "life expectancy", "months", ""),
        ("a platelet count (PLT) of < 50/nL", "platelet count (PLT)", "/nL", ""),
    ],
)
def test_what_is_compared_and_in_what(text: str, concept: str, unit: str, multiple: str) -> None:
    ((one,), _) = read_piece(text)
    assert (one.concept, one.unit, one.multiple_of) == (concept, unit, multiple)
    assert one.confident or one.unit == "/nL"


@pytest.mark.parametrize(
    "text",
    [
        "BP > 140/90 mmHg",  # two numbers, two measurements
        "QTc > 450 ms (men) or > 470 ms (women)",
        "bilirubin ≤ 1.5 x ULN unless Gilbert's syndrome",
        "are not between 18 and 50 years of age",
        "age > 8 - 40 years",
        "platelets < 100.000/mm3",  # a thousand or a decimal
        "weight loss > 10 %",
        "gestational age between 20 weeks and 23 weeks and 6 days",
        "visual acuity of 20/40 or better",
        "Child-Pugh B or worse",
        "age of at least approximately 18 years",
        "ALT ≤ 2.5 x ULN (≤ 5 x ULN in case of liver metastases)",
        "haemoglobin 9 g/dL",
        "AST/ALT = 2.5 x ULN",  # the sign may have been lost on the way
        "neutrophils < 1.500/mm3",
        "ALT > 200 % ULN",
        "VAS (0-100 mm)",
        "a score of 5 or more",
        "over 18 years inclusive",
        "systolic/diastolic blood pressure ≥ 140 and/or 90 mmHg",
        "eGFR < 60 to 30",
        "have at least one child under 6 years of age",
        "gestational age < 36+6 weeks",
        "a haemoglobin score of 9 or 10",
    ],
)
def test_what_could_be_read_otherwise_is_never_confident(text: str) -> None:
    found = read_piece(text)[0]
    assert found
    assert not any(one.confident for one in found)


def test_a_number_whose_limit_comes_later_is_not_confident() -> None:
    found = read_piece("ALT > 3 or bilirubin > 2 x ULN; INR > 1.5")[0]
    assert [one.confident for one in found] == [False, True, True]


def test_words_that_are_also_names_of_classes() -> None:
    (found, _) = read_piece("WHO performance status 0-1 in patients who are at least 2 metres tall")
    assert [(one.op, one.confident) for one in found] == [("BETWEEN", True), ("GTEQ", False)]


def test_a_limit_for_one_sex_says_which() -> None:
    found = read_piece("HDL < 50 mg/dL in women, < 40 mg/dL in men")[0]
    assert [(one.value, one.only_for, one.confident) for one in found] == [
        (("50",), "F", False),
        (("40",), "M", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected", "direction", "anchor", "lasts"),
    [
        ("surgery within 30 days prior to screening", "LTEQ 30 day", "before", "screening", False),
        ("stroke in the past six months", "LTEQ 6 month", "before", "", False),
        ("at least 2 weeks after surgery", "GTEQ 2 week", "after", "surgery", False),
        ("stable dose for at least 3 months", "GTEQ 3 month", None, "", True),
        ("statins for the past 3 months", "GTEQ 3 month", None, "", True),
        ("study drug within 5 half-lives", "LTEQ 5 half-life", "before", "", False),
        ("within 48 hours of admission", "LTEQ 48 hour", "after", "admission", False),
        ("pain for more than 12 weeks", "GT 12 week", None, "", True),
        ("steroids over the last 4 weeks", "LTEQ 4 week", "before", "", False),
        ("surgery expected to last at least 1 hour", "GTEQ 1 hour", None, "", True),
    ],
)
def test_limits_in_time(text: str, expected: str, direction: str | None, anchor: str, lasts: bool) -> None:
    ((), (one,)) = read_piece(text)
    assert f"{one.op} {' '.join(one.value)} {one.unit}" == expected
    assert (one.direction, one.anchor, one.duration) == (
        Direction(direction) if direction else None,
        anchor,
        lasts,
    )


def test_calendar_years_are_no_lengths() -> None:
    assert _times("biopsy since 2010") == ["GTEQ 2010 calendar year"]


def test_each_line_yields_a_criterion_with_its_own_comparisons() -> None:
    text = (
        "Inclusion Criteria:\n\n* Age 18-65 years\n* Adequate function:\n\n  * ALT ≤ 2.5 x\n    ULN and\n"
        "    bilirubin ≤ 2 mg/dL\n\nExclusion Criteria:\n\n* No consent, in the opinion of the investigator"
    )
    read = read_criteria(text)
    assert [(one.line_no, one.section, one.id) for one in read] == [
        (2, "inclusion", "I1"),
        (3, "inclusion", "I2"),
        (5, "inclusion", "I2a"),
        (6, "inclusion", "I2a"),
        (7, "inclusion", "I2a"),
        (11, "exclusion", "E1"),
    ]
    assert [[one.unit for one in each.comparisons] for each in read[2:5]] == [["x ULN"], [], ["mg/dL"]]
    assert read[-1].judgement
    assert read[-1].negated


def test_exceptions_keep_their_words() -> None:
    (one,) = read_criteria("Exclusion criteria: cancer within 5 years except basal cell carcinoma")
    assert one.exception == "basal cell carcinoma"
    assert not one.negated


def test_no_line_of_the_twenty_records_is_left_out(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        text = json.loads(path.read_bytes())["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
        read = {one.line_no for one in read_criteria(text)}
        headings = {part.heading.strip(" :") for part in split_criteria(text).sections}
        for number, line in enumerate(text.splitlines()):
            words = line.replace("\\", "").strip(" :*#_-")
            assert number in read or not words or words in headings, (path.name, number, line)


@settings(max_examples=120, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("01259,./-–<>=≥≤ \n*()xULN%mgageyrs to or and within"), max_size=160)
    | st.text(max_size=160)
)
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    for one in read_criteria(text):
        for found in (*one.comparisons, *one.temporal):
            assert 0 <= found.start < found.end <= len(one.text)
            assert all(found.value)
            if len(found.value) == 2 and found.op == "BETWEEN" and found.confident:
                assert found.value[0] != found.value[1]


@pytest.mark.parametrize(
    "bit", ["1 ", "1-", "> ", "ASA ", "within the past ", "1,000", "\u202e> 5", "ALT, AST and "]
)
def test_long_fields_are_read_in_parts(bit: str) -> None:
    assert read_criteria((bit * 4000)[:8000])


def _run(tmp_path: Path, content: str, name: str = "text.txt") -> list[dict[str, object]]:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(criteria, [str(path)], catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.output.splitlines()]


def test_the_command_prints_json_lines(tmp_path: Path) -> None:
    (line,) = _run(tmp_path, "Inclusion Criteria:\n- Platelets ≥ 50,000 /mm3")
    assert line["line_no"] == 1
    (comparison,) = line["comparisons"]  # type: ignore[misc]
    assert comparison["op"] == "GTEQ"  # type: ignore[index]
    assert comparison["value"] == ["50000"]  # type: ignore[index]


def test_the_command_reads_json_lines_and_records(tmp_path: Path, shared: Callable[[str], Path]) -> None:
    texts = [{"nct": "NCT1", "text": "age ≥ 18\u2028years", "section": "exclusion"}, {"text": "BMI > 30"}]
    lines = _run(tmp_path, "\n".join(json.dumps(one, ensure_ascii=False) for one in texts))
    assert (lines[0].get("nct"), lines[0]["section"]) == ("NCT1", "exclusion")
    record = shared("ctgov/NCT06352177.json").read_text(encoding="utf-8")
    assert _run(tmp_path, record)[0]["nct"] == "NCT06352177"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\xfa", "is not text"),
        (b'{"text": "a"}\n{"x"', "line 2: this is not JSON"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message):
        CliRunner().invoke(criteria, [str(path)], catch_exceptions=False)
