"""The shipped vocabulary is right by what can be computed of it, and a user's file is checked line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import RecordError
from trialrun.registry.vocabulary import (
    TermKind,
    Vocabulary,
    measurement_in,
    read_terms,
    shipped,
    vocabulary_with,
)
from trialrun.registry.vocabulary.load import DATA
from trialrun.registry.vocabulary.unit_words import ucum_of, unit_for

# The tables of Verhoeff's scheme (J. Verhoeff, Error Detecting Decimal Codes, 1969), which SNOMED CT identifiers use.
_PERMUTED = "1576283094"
_SECTIONS = 8


def _times(a: int, b: int) -> int:
    """The product in the group of the symmetries of a pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def _permuted(place: int, digit: int) -> int:
    for _ in range(place % _SECTIONS):
        digit = int(_PERMUTED[digit])
    return digit


def verhoeff_holds(code: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = _times(check, _permuted(place, int(digit)))
    return check == 0


def mod_10_holds(code: str) -> bool:
    body, _, check = code.partition("-")
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return (10 - sum(value - 9 if value > 9 else value for value in doubled) % 10) % 10 == int(check)


def test_every_code_carries_its_own_check_digit() -> None:
    codes = [coding for term in shipped().terms.values() for coding in term.codings]
    assert len(codes) > 150
    for coding in codes:
        system, _, code = coding.partition(":")
        assert (mod_10_holds if system == "LOINC" else verhoeff_holds)(code), coding
    assert not mod_10_holds("2160-1")
    assert not verhoeff_holds("73211008")


def test_no_code_stands_for_two_terms() -> None:
    measured = [
        term for term in shipped().terms.values() if term.kind not in (TermKind.EVENT, TermKind.CONDITION)
    ]
    codes = [coding for term in measured for coding in term.codings]
    assert len(codes) == len(set(codes))


def test_every_shipped_file_names_its_sources_and_passes_the_checks_of_a_users_file() -> None:
    paths = sorted(DATA.glob("*.yaml"))
    assert len(paths) >= 6
    for path in paths:
        terms, findings = read_terms(path)
        assert findings == []
        assert terms
        assert re.search(r"^sources:\n  - ", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


def test_scales_say_range_and_source() -> None:
    for term in shipped().terms.values():
        if term.kind is TermKind.SCORE:
            assert term.hard is not None, term.name
        if term.kind in (TermKind.SCORE, TermKind.CLASS):
            assert term.source, term.name


def test_what_is_named_by_a_condition_or_a_time_exists() -> None:
    terms = shipped().terms
    for term in terms.values():
        assert set(term.measures) <= set(terms), term.name
        assert set(term.time_to) <= set(terms), term.name


def test_every_shipped_word_is_found_as_its_own_term() -> None:
    vocabulary = shipped()
    shared: list[tuple[str, str]] = []
    for term in vocabulary.terms.values():
        for word in term.words:
            found = vocabulary.mentions(word, (term.kind,))
            if [one.term.name for one in found] != [term.name]:
                shared.append((term.name, word))
    assert shared == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Serum AST (SGOT) and ALT", ["ast", "ast", "alt"]),
        ("creatinine clearance", ["creatinine_clearance"]),
        ("HbA1c and haemoglobin", ["hba1c", "hemoglobin"]),
        ("left ventricular ejection fraction (LVEF)", ["lvef", "lvef"]),
        ("a pt with ast", []),
        ("urinary albumin to creatinine ratio", ["urine_albumin_creatinine"]),
        ("prostate-specific antigen", ["psa"]),
        ("as a whole", []),
    ],
)
def test_the_longest_name_is_found_and_abbreviations_only_as_written(text: str, names: list[str]) -> None:
    assert [one.term.name for one in shipped().mentions(text)] == names


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_searched_without_error(text: str) -> None:
    for one in shipped().mentions(text):
        assert 0 <= one.start < one.end <= len(text)
    assert isinstance(ucum_of(text), str)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("x 10^9/L", "10*9/L"), ("×10⁹/L", "10*9/L"), ("x 109/L", "10*9/L"), ("/mm3", "/uL"), ("cells/µL", "/uL"), ("K/uL", "10*3/uL"),
        ("mL/min/1.73 m2", "mL/min/{1.73_m2}"), ("kg/m²", "kg/m2"), ("μmol/L", "umol/L"), ("mm Hg", "mm[Hg]"), ("IU/L", "U/L"),
        ("mg per dL", "mg/dL"), ("beats per minute", "/min"), ("furlongs", ""), ("", ""),
    ],
)  # fmt: skip
def test_units_as_texts_write_them(written: str, unit: str) -> None:
    assert ucum_of(written) == unit


@pytest.mark.parametrize(
    ("term", "written", "unit"),
    [
        ("creatinine", "", ""),  # two units are in use
        ("bmi", "", "kg/m2"),  # one is
        ("egfr", "mL/min", ""),  # per body surface is another quantity
        ("creatinine_clearance", "mL/min/1.73 m2", ""),
        ("hba1c", "mmol/mol", ""),  # no percent, though both are plain numbers
        ("fev1", "% predicted", ""),
        ("hemoglobin", "mg/dL", "mg/dL"),
        ("ecog", "points", "{score}"),
        ("weight", "mmHg", ""),
    ],
)
def test_a_unit_is_taken_only_where_it_is_certain(term: str, written: str, unit: str) -> None:
    assert unit_for(written, shipped().terms[term]) == unit


def _file(folder: Path, text: str) -> Path:
    path = folder / "vocabulary.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_terms_go_first(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "terms:\n  elf_score:\n    label: ELF score\n    words: [ELF, Enhanced Liver Fibrosis score]\n    kind: score\n"
        '    type: number\n    units: ["{score}"]\n    hard: [4, 16]\n  tsh:\n    label: TSH, our method\n    words: [TSH]\n'
        "    kind: laboratory\n    type: number\n    units: [m\\[IU\\]/L]\n".replace(
            "m\\[IU\\]/L", '"m[IU]/L"'
        ),
    )
    vocabulary = vocabulary_with(path)
    assert vocabulary.terms["tsh"].label == "TSH, our method"
    found = vocabulary.named("Enhanced Liver Fibrosis score")
    assert found is not None
    assert found.item() == {
        "label": "ELF score",
        "type": "number",
        "unit": "{score}",
        "hard": [4, 16],
        "attested_by": "investigator",
    }
    assert shipped().named("Enhanced Liver Fibrosis score") is None


def test_problems_of_a_users_file_are_told_with_their_lines(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "terms:\n  Elf:\n    label: ELF\n    words: ELF\n    type: number\n    units: [IU/L]\n    hard: [9, 1]\n    codings: [LOINC]\n    colour: red\n"
        "  grade:\n    label: Grade\n    words: [grade]\n    type: choice\n",
    )
    with pytest.raises(RecordError) as caught:
        vocabulary_with(path)
    said = caught.value.message
    for part in (
        "vocabulary.yaml:2", "small letters", "vocabulary.yaml:4", "list of texts", "vocabulary.yaml:6", "UCUM", "vocabulary.yaml:7", "lower first",
        "vocabulary.yaml:8", "no coding", "vocabulary.yaml:9", "'colour'", "vocabulary.yaml:10", "choices",
    ):  # fmt: skip
        assert part in said, (part, said)


@pytest.mark.parametrize(
    "text", ["", "terms: 3\n", "[1, 2]\n", "terms: {a: 1}\n", "terms: {a: {}}\n", "a: [\n"]
)
def test_no_file_raises_anything_but_a_message(text: str, tmp_path: Path) -> None:
    _, findings = read_terms(_file(tmp_path, text))
    assert findings


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        vocabulary_with(tmp_path / "none.yaml")


def test_a_name_two_terms_share_is_nobodys() -> None:
    one, other = shipped().terms["ast"], shipped().terms["alt"]
    from dataclasses import replace

    both = Vocabulary.of([replace(one, words=("liver enzyme",)), replace(other, words=("liver enzyme",))])
    assert both.mentions("liver enzyme") == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Change in HbA1c from baseline", "hba1c"),
        ("Number of participants with elevated ALT", None),
        ("Systolic and diastolic blood pressure", None),
        ("Heart rate at week 4", "heart_rate"),
        ("international normalized ratio (INR) for prothrombin time", "inr"),
        ("PHQ-9 total score", "phq_9"),
    ],
)
def test_the_one_measurement_an_outcome_is_about(text: str, name: str | None) -> None:
    found = measurement_in(text)
    assert (found.name if found else None) == name
