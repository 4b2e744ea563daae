"""Where a score's inputs stand in somebody's table: their columns, and the units these columns are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialrun.errors import ScoreError
from trialrun.scores.model import InputType, Score, ScoreInput
from trialrun.scores.program import usual_unit
from trialrun.values.units import same_dimension

#: What the end of a column's name says about its unit, as in `bilirubin_umol_l`.
_UNITS_IN_NAMES = {
    "mg_dl": "mg/dL", "g_dl": "g/dL", "g_l": "g/L", "umol_l": "umol/L", "mmol_l": "mmol/L", "meq_l": "meq/L",
    "u_l": "U/L", "iu_l": "[IU]/L", "ukat_l": "ukat/L", "10e9_l": "10*9/L", "10_9_l": "10*9/L",
    "10e3_ul": "10*3/uL", "10_3_ul": "10*3/uL", "per_ul": "/uL", "mg": "mg", "g": "g", "kg": "kg", "ml": "mL",
    "l": "L", "percent": "%", "years": "a", "months": "mo", "hours": "h", "s": "s", "sec": "s", "seconds": "s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an input is found: its column, its unit's column, or a unit stated for all rows.

    Args:
        named_unit: the unit the column's own name states, which nothing may contradict.
    """

    input: ScoreInput
    column: str | None
    unit_column: str | None = None
    unit: str | None = None
    named_unit: str = ""
    unused: tuple[str, ...] = ()


def bind(score: Score, columns: Iterable[str], units: Mapping[str, str] | None = None) -> tuple[Binding, ...]:
    """Find the score's inputs among columns, by name or alias, capital letters aside.

    A name may end in its unit (`bilirubin_umol_l`, `albumin_g_l`), which then counts as stated.

    Args:
        units: the unit of an input for all rows, where there is no unit column.

    Errors: `ScoreError` when none is there, two columns are told apart by capital letters only,
    `units` names no input or contradicts a column's name.
    """
    folded = _folded(columns)
    stated = dict(units or {})
    found = tuple(_binding(each, folded, stated) for each in score.inputs)
    if stated:
        raise ScoreError(
            f"{score.name} has no input named {next(iter(stated))!r}",
            f"its inputs are {', '.join(each.name for each in score.inputs)}",
        )
    if not any(binding.column for binding in found):
        wanted = ", ".join(each.name for each in score.inputs)
        raise ScoreError(f"none of the columns is an input of {score.name}", f"its inputs are {wanted}")
    return found


def _folded(columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for column in columns:
        name = column.strip().lower()
        found[name] = (*found.get(name, ()), column)
    return found


def _binding(each: ScoreInput, folded: Mapping[str, tuple[str, ...]], stated: dict[str, str]) -> Binding:
    names = (each.name, *each.aliases)
    wanted = (*names, *(f"{name}_{end}" for name in names for end in _UNITS_IN_NAMES))
    there = list(
        dict.fromkeys(
            column
            for name in wanted
            for column in (_only_one(folded, name),)
            if column is not None and (name in names or _named_unit(each, column))
        )
    )
    column = there[0] if there else None
    unit_names = (f"{column}_unit" if column else "", *(f"{name}_unit" for name in names), *each.unit_aliases)
    unit_columns = (_only_one(folded, name.strip().lower()) for name in unit_names)
    unit_column = next((found for found in unit_columns if found is not None), None)
    unit = next((stated.pop(name) for name in names if name in stated), None)
    named = _named_unit(each, column) if column else ""
    if named and unit not in (None, named):
        raise ScoreError(
            f"{each.name}: column {column!r} says {named}, {unit!r} was stated", "state one unit"
        )
    if named and unit_column is None:
        unit = named
    return Binding(each, column, unit_column, unit, named, tuple(there[1:]))


def _only_one(folded: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    found = folded.get(name.lower(), ())
    if len(found) > 1:
        raise ScoreError(
            f"columns {found[0]!r} and {found[1]!r} have the same name but for capital letters or spaces",
            "rename or remove one",
        )
    return found[0] if found else None


def _named_unit(each: ScoreInput, column: str) -> str:
    """The unit the end of a column's name states; "" when it states none that fits."""
    name = column.strip().lower()
    if each.type is not InputType.NUMBER or name == each.name:
        return ""
    end = next((end for end in _UNITS_IN_NAMES if name.endswith(f"_{end}")), None)
    if end is None:
        return ""
    unit = _UNITS_IN_NAMES[end]
    return unit if each.unit == "same" or same_dimension(unit, each.unit or "1", each.analyte or None) else ""


def lacks_unit(binding: Binding) -> bool:
    """Whether nobody states the unit of a column for which none is ever guessed."""
    each = binding.input
    stated = binding.unit_column is not None or binding.unit is not None or bool(each.unit_like)
    return each.type is InputType.NUMBER and not stated and not usual_unit(each)
