"""Rules in English, from the tree."""

from __future__ import annotations

import pytest

from trialrun.evaluate.words import in_words, unit_in_words
from trialrun.expressions import Symbol, Type, parse_expression

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("age", Type.NUMBER, unit="a"),
        Symbol("sex", Type.CHOICE, choices=("M", "F"), choice_labels=(("M", "male"), ("F", "female"))),
        Symbol("ascites", Type.CHOICE, choices=("none", "slight", "moderate")),
        Symbol("bilirubin", Type.NUMBER, label="total bilirubin", unit="mg/dL", analyte="bilirubin"),
        Symbol("inr", Type.NUMBER, label="INR", unit="{INR}"),
        Symbol("loss", Type.NUMBER, label="weight loss", unit="%"),
        Symbol("birth_date", Type.DATE, bounded=True),
        Symbol("score", Type.NUMBER, bounded=True),
        Symbol("consent_date", Type.DATE, label="date of consent"),
        Symbol("malignancy", Type.BOOLEAN, label="malignancy ever"),
        Symbol("malignancy_date", Type.DATE, label="date of the last malignancy"),
        Symbol("pregnant", Type.BOOLEAN),
        Symbol("note", Type.TEXT),
    )
}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("age BETWEEN 18 AND 75", "age is at least 18 years and at most 75 years"),
        ("age >= 18 AND age <= 75", "age is at least 18 years and at most 75 years"),
        ("NOT (age BETWEEN 18 AND 75)", "age is less than 18 years or more than 75 years"),
        ("18 <= age", "age is at least 18 years"),
        ("age = 1", "age is 1 year"),
        ("loss > 5", "weight loss is more than 5%"),
        ("bilirubin <> 2", "total bilirubin is not 2 mg/dL"),
        ("sex = 'F' AND NOT pregnant", "sex is female, and pregnant: no"),
        ("note = 'x'", "note is “x”"),
        ("ascites IN ('slight', 'moderate')", "ascites is slight or moderate"),
        ("ascites NOT IN ('slight', 'moderate')", "ascites is neither slight nor moderate"),
        ("ascites NOT IN ('slight')", "ascites is not slight"),
        (
            "NOT malignancy OR malignancy_date < ADD_MONTHS(consent_date, -60)",
            "malignancy ever: no, or date of the last malignancy is before 5 years before date of consent",
        ),
        (
            "YEARS_BETWEEN(birth_date, consent_date) >= 18",
            "the number of completed years from birth date to date of consent is at least 18",
        ),
        ("consent_date >= DATE '2026-03-05'", "date of consent is on or after 5 March 2026"),
        ("ADD_DAYS(consent_date, 1) > malignancy_date", "1 day after date of consent is after date of the last malignancy"),
        ("ADD_MONTHS(consent_date, 6) = malignancy_date", "6 months after date of consent is date of the last malignancy"),
        ("ADD_DAYS(consent_date, inr) = malignancy_date", "the day INR days after date of consent is date of the last malignancy"),
        ("pregnant IS NULL", "pregnant is not known"),
        ("pregnant IS NOT NULL", "pregnant is known"),
        ("COALESCE(pregnant, FALSE)", "pregnant: yes (taken as no when not known)"),
        ("COALESCE(pregnant, malignancy)", "pregnant: yes (or, when not known, malignancy ever: yes)"),
        ("COALESCE(bilirubin, 1) > 2", "total bilirubin (or 1 mg/dL when not known) is more than 2 mg/dL"),
        (
            "CASE WHEN pregnant THEN 3 ELSE CLAMP(bilirubin, 1, 4) END",
            "3 mg/dL if pregnant: yes; otherwise total bilirubin (taken as at least 1 mg/dL and at most 4 mg/dL)",
        ),
        ("CASE WHEN malignancy THEN TRUE ELSE age > 3 END", "yes if malignancy ever: yes; otherwise age is more than 3 years"),
        ("CASE WHEN malignancy THEN FALSE END", "no if malignancy ever: yes; otherwise unknown"),
        ("CLAMP(inr, NULL, NULL) > 1", "INR is more than 1"),
        ("ROUND_HALF_UP(3.78 * LN(inr) + 6.43, 1) > 12", "(3.78 times the natural logarithm of INR plus 6.43) rounded to 1 decimal is more than 12"),
        ("ROUND_HALF_UP(inr) > 1", "INR rounded to a whole number is more than 1"),
        ("100 * (age - 2) > 5 * age", "100 times (age minus 2 years) is more than 5 times age"),
        ("-inr < 1", "minus INR is less than 1"),
        ("SMALLER(inr, 2) < 1", "the smaller of INR and 2 is less than 1"),
        ("IN_UNIT(bilirubin, 'umol/L') > 34", "total bilirubin in µmol/L is more than 34 µmol/L"),
        ("MAGNITUDE(bilirubin) > 34", "total bilirubin is more than 34"),
        ("LOWER(note) = 'a'", "note in small letters is “a”"),
        ("birth_date__low > consent_date", "the earliest possible birth date is after date of consent"),
        ("score__high > 3", "the highest possible score is more than 3"),
        ("age < 18 OR (age > 75 AND pregnant)", "age is less than 18 years, or (age is more than 75 years, and pregnant: yes)"),
        ("TRUE", "always"),
        ("pregnant", "pregnant: yes"),
        ("bilirubin / 2", "total bilirubin divided by 2"),
        ("nowhere > 2", "nowhere is more than 2"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_english(rule: str, words: str) -> None:
    assert in_words(parse_expression(rule), SYMBOLS) == words


def test_units_are_written_as_physicians_write_them() -> None:
    assert unit_in_words("mm[Hg]") == "mmHg"
    assert unit_in_words("{INR}") == ""
    assert unit_in_words("10*9/L") == "× 10⁹/L"
    assert unit_in_words("ng/mL") == "ng/mL"


def test_alternatives_inside_a_rule_stand_in_brackets() -> None:
    symbols = {name: Symbol(name, Type.BOOLEAN, label=name.upper()) for name in "abcd"}
    rule = parse_expression("a OR CASE WHEN b AND c THEN d OR a END")
    assert (
        in_words(rule, symbols)
        == "A: yes, or ((D: yes, or A: yes) if (B: yes, and C: yes); otherwise unknown)"
    )


def test_a_rule_of_two_numbers_is_a_switch() -> None:
    assert in_words(parse_expression("1 = 1"), {}) == "always"
    assert in_words(parse_expression("NOT 1 = 1"), {}) == "never"
    assert in_words(parse_expression("1 = 0"), {}) == "never"
