"""One cell of somebody's data as an input of a score: read, converted, doubted, or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from trialrun.errors import ScoreError, UnitError, UserError
from trialrun.scores.model import InputType, ScoreInput
from trialrun.scores.program import competing_units, usual_unit
from trialrun.values.finding import Severity
from trialrun.values.missing import Missing
from trialrun.values.plausible import doubt
from trialrun.values.quantity import Quantity, parse_decimal, parse_quantity
from trialrun.values.units import convert, same_dimension

_EMPTY = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "nil", "unknown", "unk", "missing", "not done", "nd", "."}
)
_NO_ANSWER = frozenset({"u", "?"})
#: Units as systems without small letters print them: UCUM's own case-insensitive form.
_CAPITALS = {
    unit.upper(): unit
    for unit in ("mg/dL", "g/dL", "g/L", "umol/L", "mmol/L", "meq/L", "ukat/L", "10*3/uL", "/uL")
}
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell came to.

    Args:
        value: in the unit of the steps; None when missing or refused.
        refused: why it is refused, with the remedy.
        queried: why it should be looked at, though it is used.
        unanswerable: why the score has no number for it.
    """

    value: float | bool | str | None = None
    refused: str = ""
    queried: str = ""
    unanswerable: str = ""


class NoUnitError(ScoreError):
    """A number came without a unit where that is never guessed."""


def is_empty(raw: object, choices: tuple[str, ...] = ()) -> bool:
    """Whether a cell holds nothing: None, NaN, an empty text or one of the usual words for it."""
    if raw is None or isinstance(raw, Missing):
        return True
    if isinstance(raw, tuple) and len(cast("tuple[Any, ...]", raw)) == 2:  # (value, unit)
        return is_empty(cast("tuple[Any, Any]", raw)[0])
    if isinstance(raw, str):
        text = raw.strip()
        return text.lower() in _EMPTY and text not in choices
    try:
        return bool(raw != raw)
    except (TypeError, ValueError):  # pandas.NA refuses to be compared
        return True


def read_cell(each: ScoreInput, raw: object, unit: str | None, shared: str = "") -> Cell:
    """Read one cell.

    Args:
        raw: a number, text, truth value, `Quantity`, `(value, unit)` or `"2.1 mg/dL"`.
        unit: of a plain number; "" when a unit was expected and is empty; None when nobody said.
        shared: the unit all inputs marked `same` are brought to; "" when none of them has one.

    Errors: `NoUnitError` when nobody said and it is never guessed. All else is in the cell.
    """
    if is_empty(raw, each.choices):
        return Cell()
    try:
        if each.type is not InputType.NUMBER and str(raw).strip().lower() in _NO_ANSWER:
            return Cell()
        if each.type is InputType.BOOLEAN:
            return Cell(_boolean(raw))
        if each.type is InputType.CHOICE:
            code = _choice(each, raw)
            return Cell(code, unanswerable=each.unanswerable.get(code, ""))
        return _number(each, raw, unit, shared)
    except NoUnitError:
        raise
    except UserError as error:
        return Cell(refused=f"{each.name}: {error.message}" + (f"; {error.remedy}" if error.remedy else ""))


def _boolean(raw: object) -> bool:
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ScoreError(
        f"{str(raw)[:40]!r} is neither true nor false", "write true or false; leave it empty if unknown"
    )


def _choice(each: ScoreInput, raw: object) -> str:
    text = str(raw).strip()
    if isinstance(raw, float) and raw.is_integer():
        text = str(int(raw))
    elif text.endswith(".0") and text[:-2] in each.choices:
        text = text[:-2]
    if text in each.choices:
        return text
    folded = {code.lower(): code for code in each.choices} | {k.lower(): v for k, v in each.synonyms.items()}
    if text.lower() in folded:
        return folded[text.lower()]
    allowed = ", ".join(each.choices)
    raise ScoreError(f"{text[:40]!r} is not one of its values", f"write {allowed}; leave it empty if unknown")


def _number(each: ScoreInput, raw: object, unit: str | None, shared: str) -> Cell:
    number, given = split(raw, unit)
    given = _in_small_letters(each, given)
    if each.unit == "same":
        given, target = given or shared, shared
        converted = convert(number, given, target, each.analyte or None) if shared else number
    else:
        given, target = _unit_given(each, number, given), each.unit or "1"
        converted = convert(number, given, target, each.analyte or None)
    queried = ""
    if each.analyte and each.plausible and given:
        finding = doubt(number, given, each.analyte)
        if finding is not None and finding.severity is Severity.ERROR:
            raise ScoreError(finding.message, finding.remedy)
        queried = f"{each.name}: {finding.message}" if finding else ""
    value = float(converted)
    _within(each, value, number)
    return Cell(value, queried=queried)


def _in_small_letters(each: ScoreInput, given: str | None) -> str | None:
    """A unit printed in capitals as UCUM writes it, where the substance leaves no doubt (albumin in G/L)."""
    plain = _CAPITALS.get(given or "")
    if plain is None or not each.analyte or each.unit in ("", "same"):
        return given
    return plain if same_dimension(plain, each.unit, each.analyte) else given


def _unit_given(each: ScoreInput, number: Decimal, given: str | None) -> str:
    if given:
        return given
    usual = usual_unit(each)
    if given is None and not usual:
        raise NoUnitError(no_unit_message(each), no_unit_remedy(each))
    if given == "" and (each.unit_needed or competing_units(each)):
        raise UnitError(f"{number} has no unit", "fill in its unit; it is not guessed")
    return usual or each.unit


def _within(each: ScoreInput, value: float, number: Decimal) -> None:
    if each.allowed and value not in each.allowed:
        allowed = ", ".join(f"{option:g}" for option in each.allowed)
        raise ScoreError(f"{number} is not one of its values", f"it is one of {allowed}")
    if each.refuse and not each.refuse[0] <= value <= each.refuse[1]:
        low, high = each.refuse
        raise ScoreError(f"{number} is outside {low:g} to {high:g} {each.unit}".rstrip(), "check the number")
    if each.refuse_below is not None and value <= each.refuse_below:
        raise ScoreError(f"{number} is not above {each.refuse_below:g}", "check the number")


def split(raw: object, unit: str | None) -> tuple[Decimal, str | None]:
    """A cell's number and its unit; the unit given beside it when it carries none.

    Errors: `UserError` for anything that is no number, and when the two units differ.
    """
    if isinstance(raw, Quantity):
        return raw.value, _agreed(raw.unit, unit)
    if isinstance(raw, tuple | list) and len(cast("list[Any]", raw)) == 2:
        value, own = cast("tuple[Any, Any]", tuple(cast("list[Any]", raw)))
        number = split(value, None)[0]
        return number, (unit or "") if is_empty(own) else _agreed(str(own).strip(), unit)
    if isinstance(raw, bool):
        raise ScoreError(f"{raw} is not a number", "write the measured value")
    if isinstance(raw, str):
        if any(char.isalpha() or char in "[{%" for char in raw.strip()) and " " in raw.strip():
            quantity = parse_quantity(raw)
            return quantity.value, _agreed(quantity.unit, unit)
        return parse_decimal(raw), unit
    if isinstance(raw, Decimal | int):
        return parse_decimal(str(raw)), unit
    plain = _unwrapped(raw)
    if isinstance(plain, bool) or not isinstance(plain, int | float | Decimal):
        raise ScoreError(f"{str(plain)[:40]!r} is not a number", "write the measured value")
    return parse_decimal(repr(plain) if isinstance(plain, float) else str(plain)), unit


def _agreed(own: str, beside: str | None) -> str:
    if beside and own != beside:
        raise ScoreError(f"the value says {own}, the unit given beside it {beside}", "keep the right one")
    return own


def _unwrapped(raw: Any) -> object:
    """NumPy's scalars as Python's own."""
    item = getattr(raw, "item", None)
    return item() if callable(item) else raw


def unit_inside(raw: object) -> str | None:
    """The unit a cell carries itself, as in `2.1 mg/dL`; None when it has none or cannot be read."""
    if raw is None or raw.__class__ in (float, int):
        return None
    try:
        return split(raw, None)[1]
    except UserError:
        return None


def no_unit_message(each: ScoreInput) -> str:
    """Why a number without a unit is refused."""
    return f"{each.name} has no unit, and the same number is ordinary in more than one"


def no_unit_remedy(each: ScoreInput) -> str:
    """What to add so that it is accepted."""
    return (
        f"add a column {each.name}_unit with the UCUM unit ({'mg/dL or umol/L' if each.analyte == 'bilirubin' else each.unit}), "
        f"or state it: units={{'{each.name}': ...}} in Python, --unit {each.name}=... on the command line"
    )
