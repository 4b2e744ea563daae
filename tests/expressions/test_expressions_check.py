"""Types, units, names and order of rules, found when a study loads."""

from __future__ import annotations

import pytest

from trialrun.errors import ExpressionError, UnitError
from trialrun.expressions import (
    Checked,
    Definition,
    Symbol,
    Type,
    build_program,
    check_expression,
    parse_expression,
    units,
)
from trialrun.expressions.nodes import Name, Number, children, names_in, walk

SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("age", Type.NUMBER, unit="a"),
        Symbol("bilirubin", Type.NUMBER, unit="mg/dL", analyte="bilirubin"),
        Symbol("bilirubin_si", Type.NUMBER, unit="umol/L", analyte="bilirubin"),
        Symbol("inr", Type.NUMBER, unit="{INR}"),
        Symbol("weight", Type.NUMBER, unit="kg"),
        Symbol("volume", Type.NUMBER, unit="mL"),
        Symbol("sex", Type.CHOICE, choices=("M", "F")),
        Symbol("ascites", Type.CHOICE, choices=("none", "slight", "moderate")),
        Symbol("pregnant", Type.BOOLEAN),
        Symbol("note", Type.TEXT),
        Symbol("birth_date", Type.DATE, bounded=True),
        Symbol("consent_date", Type.DATE),
    )
}


def checked(text: str) -> Checked:
    return check_expression(parse_expression(text), SYMBOLS)


@pytest.mark.parametrize(
    ("text", "kind", "unit"),
    [
        ("age >= 18", Type.BOOLEAN, None),
        ("bilirubin", Type.NUMBER, "mg/dL"),
        ("bilirubin * 2", Type.NUMBER, "mg/dL"),
        ("2 + bilirubin", Type.NUMBER, "mg/dL"),
        ("bilirubin * volume", Type.NUMBER, "mL.mg/dL"),
        ("weight / weight", Type.NUMBER, None),
        ("bilirubin / bilirubin * age", Type.NUMBER, "a"),
        ("CLAMP(bilirubin, 1, NULL)", Type.NUMBER, "mg/dL"),
        ("ROUND_HALF_UP(bilirubin, 1)", Type.NUMBER, "mg/dL"),
        ("-bilirubin", Type.NUMBER, "mg/dL"),
        ("LN(inr)", Type.NUMBER, None),
        ("LN(MAGNITUDE(bilirubin))", Type.NUMBER, None),
        ("IN_UNIT(bilirubin, 'umol/L')", Type.NUMBER, "umol/L"),
        ("YEARS_BETWEEN(birth_date, consent_date)", Type.NUMBER, "a"),
        ("ADD_MONTHS(consent_date, -6)", Type.DATE, None),
        ("ADD_DAYS(consent_date, DAYS_BETWEEN(birth_date, consent_date))", Type.DATE, None),
        ("LARGER(birth_date, consent_date)", Type.DATE, None),
        ("CASE WHEN pregnant THEN 1 ELSE bilirubin END", Type.NUMBER, "mg/dL"),
        ("CASE WHEN pregnant THEN 'M' ELSE sex END", Type.CHOICE, None),
        ("CASE WHEN pregnant THEN note ELSE 'x' END", Type.TEXT, None),
        ("COALESCE(note, 'x')", Type.TEXT, None),
        ("LOWER(note)", Type.TEXT, None),
        ("birth_date__low", Type.DATE, None),
        ("sex = 'F' AND NOT pregnant", Type.BOOLEAN, None),
    ],
)
def test_a_rule_has_one_type_and_one_unit(text: str, kind: Type, unit: str | None) -> None:
    found = checked(text)
    assert (found.type, found.unit) == (kind, unit)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bilirubin > bilirubin_si", "IN_UNIT(bilirubin_si, 'mg/dL')"),
        ("bilirubin > weight", "MAGNITUDE(x) drops a unit"),
        ("bilirubin + inr > 1", "no unit"),
        ("IN_UNIT(inr, 'kg') > 1", "no unit to convert from"),
        ("IN_UNIT(bilirubin, bilirubin) > 1", "written in quotes"),
        ("IN_UNIT(bilirubin, 'mEq/L') > 1", "remedy"),
        ("ascites = sex", "not a code"),
        ("ascites = 'sligt'", "did you mean 'slight'?"),
        ("CASE WHEN pregnant THEN sex ELSE 'X' END = 'M'", "not a code of sex"),
        ("age__low > 1", "unknown name 'age__low'"),
        ("zzzzzz > 1", "'age', 'bilirubin'"),
    ],
)
def test_what_does_not_fit_says_what_would(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        checked(text)
    assert says in str(caught.value)


def test_a_conversion_is_worked_out_when_the_study_loads() -> None:
    core = checked("IN_UNIT(bilirubin, 'umol/L')").core
    numbers = [part.value for part in walk(core) if isinstance(part, Number)]
    assert numbers[0] / numbers[1] == pytest.approx(17.104)
    assert all(number == int(number) for number in numbers)
    assert checked("IN_UNIT(bilirubin, 'mg/dL')").core == Name("bilirubin")


def test_a_temperature_also_has_an_offset() -> None:
    factor, offset, divisor = units.conversion("K", "Cel", None)
    assert factor == divisor
    assert offset / divisor == pytest.approx(-273.15)


@pytest.mark.parametrize(
    ("left", "right", "sign", "expected"),
    [
        ("mg/dL", "mL", 1, "mL.mg/dL"),
        ("mg/dL", "mg/dL", -1, None),
        ("kg", "m2", -1, "kg/m2"),
        (None, "s", -1, "/s"),
        (None, "s", 1, "s"),
        ("g", None, 1, "g"),
        ("10*9/L", "L", 1, "10*9"),
        ("mm[Hg]", "mm[Hg]", -1, None),
        ("(odd", "g", 1, "(odd.(g)"),
        ("(odd", "(odd", -1, None),
    ],
)
def test_units_multiply(left: str | None, right: str | None, sign: int, expected: str | None) -> None:
    assert units.multiplied(left, right, sign) == expected


def test_units_are_the_same_by_their_atoms() -> None:
    assert units.same_unit("mg/dL", "mg/dL")
    assert units.same_unit("mg.kg/dL", "kg.mg/dL")
    assert not units.same_unit("mg/dL", None)
    assert not units.same_unit("mg/dL", "mg/L")
    assert units.can_convert("mg/dL", "g/L", None)
    assert not units.can_convert("mg/dL", "kg", None)
    assert not units.can_convert("nonsense", "kg", None)
    with pytest.raises(UnitError):
        units.conversion("mg/dL", "kg", None)


def test_rules_are_put_in_order_whatever_order_they_come_in() -> None:
    program = build_program(
        SYMBOLS, {"adult": "years >= 18", "years": "YEARS_BETWEEN(birth_date, consent_date)"}
    )
    assert [stage.name for stage in program.stages] == ["years", "adult"]
    assert program.uses("adult") == ("birth_date", "consent_date")
    assert program.stage("years").symbol.bounded
    assert not program.stage("adult").symbol.bounded
    with pytest.raises(KeyError):
        program.stage("age")
    with pytest.raises(KeyError):
        program.stage("nothing")


def test_a_rule_may_use_the_bounds_of_another() -> None:
    rules = {"surely": "years__low >= 18", "years": "YEARS_BETWEEN(birth_date, consent_date)"}
    assert [stage.name for stage in build_program(SYMBOLS, rules).stages] == ["years", "surely"]


@pytest.mark.parametrize(
    ("definitions", "says"),
    [
        (
            {"one": "two > 1", "two": "three + 1", "three": "CASE WHEN one THEN 1 ELSE 2 END"},
            "one -> two -> three -> one",
        ),
        ({"one": "one > 1"}, "one -> one"),
        ({"age": "1 + 1"}, "both an input and a rule"),
        ({"Age": "1 + 1"}, "differ only in capitals"),
        ({"and": "1 + 1"}, "cannot be a name"),
        ({"_x": "1 + 1"}, "cannot be a name"),
        ({"x y": "1 + 1"}, "cannot be a name"),
        ({"x": Definition("bilirubin", unit="kg")}, "its unit is declared as kg"),
        ({"x": Definition("age", low="1")}, "only one bound is given"),
        ({"x": Definition("age", low="1", high="'a'")}, "a bound is a text"),
        ({"x": Definition("CASE WHEN pregnant THEN 'A' ELSE 'D' END", choices=("A", "B"))}, "'D'"),
        ({"x": "bilrubin > 1"}, "did you mean 'bilirubin'?"),
    ],
)
def test_programs_that_cannot_work_are_refused_by_name(
    definitions: dict[str, str | Definition], says: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        build_program(SYMBOLS, definitions, place="study.yaml")
    assert says in str(caught.value)
    assert "study.yaml" in str(caught.value)


def test_a_declared_unit_is_kept_where_the_rule_has_none() -> None:
    program = build_program(SYMBOLS, {"points": Definition("inr * 2", unit="{points}")})
    assert program.stage("points").symbol.unit == "{points}"


def test_bounds_given_as_inputs_are_taken_as_bounds() -> None:
    symbols = {**SYMBOLS, "birth_date__low": Symbol("birth_date__low", Type.DATE)}
    program = build_program(symbols, {"early": "birth_date__low < DATE '1960-01-01'"})
    assert program.uses("early") == ("birth_date",)
    assert "birth_date__low" not in program.inputs


def test_the_tree_can_be_walked() -> None:
    node = parse_expression(
        "CASE WHEN age IN (1, 2) THEN ABS(age) ELSE inr END BETWEEN 1 AND 2 OR note IS NULL"
    )
    assert names_in(node) == ("age", "inr", "note")
    assert len(list(walk(node))) > len(children(node))
