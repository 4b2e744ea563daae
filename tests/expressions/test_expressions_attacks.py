"""Everything outside the closed language is refused, before any engine sees it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from trialrun.errors import ExpressionError
from trialrun.expressions import Symbol, Type, check_expression, parse_expression, scan

CATALOGUE = Path(__file__).parent / "attacks.csv"
SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("age", Type.NUMBER, unit="a"),
        Symbol("bilirubin", Type.NUMBER, unit="mg/dL", analyte="bilirubin"),
        Symbol("sex", Type.CHOICE, choices=("M", "F")),
        Symbol("pregnant", Type.BOOLEAN),
        Symbol("note", Type.TEXT),
        Symbol("birth_date", Type.DATE, bounded=True),
    )
}


def attempts() -> list[tuple[str, str]]:
    with CATALOGUE.open(newline="", encoding="utf-8") as file:
        return [(row["text"].replace("\\n", "\n"), row["says"]) for row in csv.DictReader(file)]


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        check_expression(parse_expression(text), SYMBOLS)
    return caught.value


@pytest.mark.parametrize(("text", "says"), attempts())
def test_an_attempt_is_refused_with_a_clear_message(text: str, says: str) -> None:
    error = refusal(text)
    assert says in str(error)
    assert error.remedy
    assert "sqlglot" not in str(error)
    assert "<class" not in str(error)
    assert error.line >= 1
    assert error.column >= 1


def test_the_catalogue_is_long_enough_to_mean_something() -> None:
    assert len(attempts()) >= 60


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NOT " * 900 + "pregnant", "in a row"),
        ("- " * 900 + "age > 1", "in a row"),
        ("(" * 400 + "pregnant" + ")" * 400, "deep"),
        ("CASE WHEN " * 200 + "pregnant" + " THEN TRUE END" * 200, "deep"),
        ("ABS(" * 300 + "age" + ")" * 300 + " > 1", "deep"),
        ("1+" * 3000 + "1 > age", "words"),
        (" OR ".join(["TRUE"] * 700), "words"),
        ("age IN (" + ",".join(["1"] * 3000) + ")", "words"),
        ("age > " + "9" * 5000, "digits"),
        ("age > 0." + "0" * 300 + "1", "characters"),
        ("age > 1e" + "9" * 400, "too many characters"),
        ("note = '" + "x" * 7000 + "'", "characters"),
        ("x" * 7000 + " > 1", "name"),
        ("age > 1" + " " * 20_000, "characters"),
        ("age > 1 " * 5000, "characters"),
    ],
)
def test_what_is_too_much_is_stopped_while_it_is_read(
    text: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the recursive parser saw a text that is too much")

    monkeypatch.setattr("trialrun.expressions.parse._sqlglot_tree", never)
    assert says in str(refusal(text))


def test_the_longest_allowed_texts_are_read() -> None:
    deep = "(" * scan.MAX_DEPTH + "pregnant" + ")" * scan.MAX_DEPTH
    assert check_expression(parse_expression(deep), SYMBOLS).type is Type.BOOLEAN
    wide = " OR ".join(["pregnant"] * (scan.MAX_WORDS // 2))
    assert check_expression(parse_expression(wide), SYMBOLS).type is Type.BOOLEAN


def test_a_long_sum_is_refused_before_it_exhausts_the_stack() -> None:
    assert "deep" in str(refusal("age > " + "1 + " * 500 + "1"))


def test_the_place_in_the_study_stands_in_front() -> None:
    with pytest.raises(ExpressionError, match=r"study.yaml:12 \(line 2, column 5 of the rule\)") as caught:
        parse_expression("age > 1\nAND LOG(age) > 2", place="study.yaml:12")
    assert (caught.value.line, caught.value.column) == (2, 5)
