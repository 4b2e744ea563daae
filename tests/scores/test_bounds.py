"""Bounds: whatever the missing inputs turn out to be, the score lies between them, and reaches them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialrun.scores import names
from trialrun.scores.load import score
from trialrun.scores.model import InputType, Score, ScoreInput
from trialrun.scores.program import needed_for_value, pattern_decides
from trialrun.scores.rows import missing_inputs, stages
from trialrun.values.analytes import ANALYTES
from trialrun.values.units import convert

BOUNDED = [name for name in names() if not name.startswith("ctcae") and not name.endswith("aki")]


def limits(each: ScoreInput) -> tuple[float, float]:
    """The range of an input that is not refused, in the unit of the steps."""
    if each.refuse:
        return each.refuse
    if each.symbol == "uln" or each.unit == "same":
        return 1.0, 500.0
    analyte = ANALYTES[each.analyte]
    assert analyte.refuse
    low, high = (convert(float(end), analyte.unit, each.unit, each.analyte) for end in analyte.refuse)
    return low, high


def cells(each: ScoreInput) -> st.SearchStrategy[Any]:
    """Anything an input can be, its ends and the ends of its effect among it."""
    if each.type is InputType.BOOLEAN:
        return st.booleans()
    if each.type is InputType.CHOICE:
        return st.sampled_from([code for code in each.choices if code not in each.unanswerable])
    if each.allowed:
        return st.sampled_from(each.allowed)
    low, high = limits(each)
    likely = [low, high]
    if each.effect and isinstance(each.effect.first, float) and isinstance(each.effect.last, float):
        likely += [each.effect.first, each.effect.last]
    inside = [value for value in likely if low <= value <= high]
    return st.one_of(
        st.sampled_from(inside), st.floats(low, high).map(lambda x: min(high, max(low, round(x, 3))))
    )


def entering(found: Score) -> list[ScoreInput]:
    needed = needed_for_value(found)
    return [each for each in found.inputs if each.symbol in needed]


@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_completion_lies_within(name: str, data: st.DataObject) -> None:
    found = score(name)
    inputs = entering(found)
    full = {each.symbol: data.draw(cells(each), label=each.symbol) for each in inputs}
    lost = data.draw(st.sets(st.sampled_from([each.symbol for each in inputs]), min_size=1), label="lost")
    if name.startswith("audit"):
        skipped = full["q1"] == 0 or full["q2"] + full["q3"] == 0
        lost = {symbol for symbol in lost if not skipped or symbol in ("q1", "q9", "q10")} or {"q1"}
    whole = stages(found)(full)["value"]
    part = stages(found)({symbol: None if symbol in lost else value for symbol, value in full.items()})
    if part["value"] is not None:
        # Only an item that the interview skips may be missing and the total known.
        assert name.startswith("audit")
        return
    low, high = part["value__low"], part["value__high"]
    assert low is not None
    assert high is not None
    assert whole is not None
    assert low - 1e-9 <= whole <= high + 1e-9


@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_both_ends_are_reached(name: str, data: st.DataObject) -> None:
    found = score(name)
    inputs = entering(found)
    full = {each.symbol: data.draw(cells(each), label=each.symbol) for each in inputs}
    lost = data.draw(st.sampled_from(inputs), label="lost")
    part = stages(found)({**full, lost.symbol: None})
    if part["value"] is not None or lost.effect is None:
        return
    ends = (lost.effect.first, lost.effect.last)
    if any(isinstance(end, str) for end in ends) and lost.type is InputType.NUMBER:
        return  # an end that is a rule (AUDIT's skipped items) is held by the test above
    reached = [stages(found)({**full, lost.symbol: end})["value"] for end in ends]
    assert min(reached) == pytest.approx(part["value__low"], abs=1e-9)
    assert max(reached) == pytest.approx(part["value__high"], abs=1e-9)


@pytest.mark.parametrize(
    "name", [name for name in names() if name.startswith("ctcae") or name.endswith("aki")]
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_grades_lie_within_their_bounds(name: str, data: st.DataObject) -> None:
    found = score(name)
    inputs = entering(found)
    full = {each.symbol: data.draw(cells(each), label=each.symbol) for each in inputs}
    lost = data.draw(st.sets(st.sampled_from([each.symbol for each in inputs]), min_size=1), label="lost")
    whole = stages(found)(full)["value"]
    part = stages(found)({symbol: None if symbol in lost else value for symbol, value in full.items()})
    low = part["value"] if part["value"] is not None else part["value__low"]
    high = part["value"] if part["value"] is not None else part["value__high"]
    if whole is not None:
        assert low <= whole <= high


@pytest.mark.parametrize("name", names())
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_missing_inputs_are_named_as_the_evaluator_names_them(name: str, data: st.DataObject) -> None:
    found = score(name)
    row = {each.symbol: data.draw(st.none() | cells(each)) for each in entering(found)}
    if stages(found)(row)["value"] is not None:
        return
    causes = {each.name for each in found.inputs if each.symbol in stages(found).why("value", row)}
    named = set(missing_inputs(found, row))
    missing = {each.name for each in found.inputs if row.get(each.symbol, 0) is None}
    if not missing:
        assert named == {"the formula has no value for these inputs"}
    elif pattern_decides(found):
        # The evaluator stops at the first unknown condition; a person is told of all that is missing.
        assert causes <= named == missing
    else:
        assert named == causes or not causes


@pytest.mark.parametrize("name", [name for name in BOUNDED if not name.startswith("audit")])
def test_any_missing_input_leaves_the_value_unknown(name: str) -> None:
    found = score(name)
    for lost in entering(found):
        for dialysis in (True, False):
            row = {
                each.symbol: dialysis
                if each.type is InputType.BOOLEAN
                else each.choices[0]
                if each.choices
                else 20.0
                for each in entering(found)
            }
            assert stages(found)({**row, lost.symbol: None})["value"] is None
