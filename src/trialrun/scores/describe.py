"""Scores in words: the list, and one score with formula, bounds, source and worked example."""

from __future__ import annotations

from trialrun.scores.frames import compute_one
from trialrun.scores.load import label, names, score
from trialrun.scores.model import InputType, Score, ScoreInput
from trialrun.scores.program import usual_unit

NOT_A_DEVICE = "Not a medical device: a score supports the judgement of the clinician or investigator and never replaces it."
_EVIDENCE = "V primary text read; A abstract or table read; R recalled and confirmed by two programs; K recalled; D a default of this program"


def list_scores() -> str:
    """All scores, one a line, for `trialrun score --list`."""
    width = max(len(name) for name in names())
    lines = [f"{name:<{width}}  {label(name)}" for name in names()]
    return "\n".join([*lines, "", "trialrun score NAME --show explains one.", NOT_A_DEVICE])


def show_score(name: str) -> str:
    """One score in full, for `trialrun score NAME --show`; the worked example is computed as it is shown.

    Errors: `ScoreError` for an unknown name.
    """
    found = score(name)
    parts = [
        f"{found.name}: {found.label}",
        f"For {found.purpose}.",
        "",
        f"Formula   {found.formula}",
        f"Bounds    {found.bounds}",
        f"Rounding  {found.rounding}",
        f"Result    {found.result.label}{result_range(found)}",
        "",
        "Inputs",
        *(f"  {line}" for each in found.inputs for line in [f"{each.name}: {describe_input(each)}"]),
        "",
        "Output    value, " + ", ".join([*found.shown, "low", "high", "unknown_because", "refused_because"]),
        *(f"Note      {note}" for note in found.notes),
        "",
        f"Source    {'; '.join(found.sources)}",
        *([f"In force  {in_force(found)}"] if any(found.in_force) else []),
        f"Evidence  {found.evidence}  ({_EVIDENCE})",
        "",
        *worked_example(found),
        "",
        NOT_A_DEVICE,
    ]
    return "\n".join(parts)


def result_range(found: Score) -> str:
    """The ends of the score's range, in words."""
    low, high = found.result.lowest, found.result.highest
    unit = "" if found.result.unit.startswith("{") else f" {found.result.unit}"
    if low is not None and high is not None:
        return f", {low:g} to {high:g}{unit}"
    if low is not None:
        return f", from {low:g}{unit}"
    return f", up to {high:g}{unit}" if high is not None else unit


def describe_input(each: ScoreInput) -> str:
    """One input in a sentence: what, unit, allowed values, what holds without a unit or answer."""
    parts = [each.label]
    if each.type is InputType.CHOICE:
        parts.append(f"one of {', '.join(each.choices)}")
        if each.synonyms:
            parts.append("also " + ", ".join(f"{word} = {code}" for word, code in each.synonyms.items()))
    elif each.type is InputType.BOOLEAN:
        parts.append("true or false; empty is unknown")
    else:
        parts.append(_number_words(each))
    if each.if_absent is not None:
        parts.append(f"not asked at all: {each.if_absent_says}")
    if each.only_for:
        parts.append(f"only for {', '.join(each.only_for)}")
    return "; ".join(part for part in parts if part)


def _number_words(each: ScoreInput) -> str:
    if each.allowed:
        return "one of " + ", ".join(f"{option:g}" for option in each.allowed)
    if each.unit == "same":
        return "in one unit with the others, or all without"
    if not each.unit or each.unit in ("1", "{INR}"):
        return "a plain number"
    usual = usual_unit(each)
    given = f"used in {'years' if each.unit == 'a' else each.unit}"
    if not usual:
        return f"{given}; always with a unit, it is never guessed"
    return given if usual == each.unit else f"{given}; without a unit taken as {usual}"


def in_force(found: Score) -> str:
    """From when to when the rule held."""
    first, last = found.in_force
    return f"{first or '...'} to {last or 'today'}"


def worked_example(found: Score) -> list[str]:
    """The example of the file, computed now, and what its source says."""
    example = found.example
    given = ", ".join(f"{name} {_shown(value)}" for name, value in example.inputs.items())
    result = compute_one(found, dict(example.inputs))
    components = ", ".join(
        f"{name} {_shown(value)}" for name, value in result.components.items() if value is not None
    )
    computed = "unknown" if result.value is None else f"{result.value:.10g}"
    return [
        f"Example   {given}",
        f"          gives {computed}" + (f" ({components})" if components else ""),
        f"          expected {example.value:.10g}: {example.source}",
    ]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        number, unit = value  # pyright: ignore[reportUnknownVariableType]
        return f"{number:g} {unit}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
