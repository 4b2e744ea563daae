"""The reference page of all scores, written from their data: `python -m trialrun.scores.document FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from trialrun.scores.describe import NOT_A_DEVICE, describe_input, in_force, result_range, worked_example
from trialrun.scores.load import label, names, score
from trialrun.scores.model import Score

_HEAD = """# Scores

Written from the score files in `src/trialrun/scores/data` by `python -m trialrun.scores.document docs/reference/scores.md`.

{warning}

Each score is exactly what one source defines; a variant is another score, never a switch.

## What is common to all

- **Inputs** are columns by name. A quantity may have its unit beside it in `<input>_unit` (UCUM), or in the cell
  (`2.1 mg/dL`). Values are converted exactly and only then limited, banded or rounded.
- **A value without a unit** is taken in the unit named below, except bilirubin: 5 to 60 is ordinary in mg/dL and in
  umol/L, so it is refused. An empty cell in a unit column that exists is refused wherever units compete.
- **Doubt**: a value beyond what can be true is refused, with the unit in which it would be ordinary; one that is unusual is
  used and listed in `queried_because`.
- **Unknown**: a missing input gives no value. `unknown_because` names what is missing; `low` and `high` are the least and
  greatest value the score can still have; a class, zone or grade is given when all of these agree.
- **Not asked at all** is not the same as asked and empty. Only where a score says so below does a column that is not there
  stand for an answer.
- **Output**: `value`, the components, `low`, `high`, `unknown_because`, `refused_because`, `queried_because`. A column whose
  name is already taken is called `<score>_<name>`.
- **Evidence**: V primary text read; A abstract or table read; R recalled and confirmed by two independent programs; K
  recalled; D a default of this program.

| score | what |
|---|---|
"""


def reference_page() -> str:
    """The whole page; every worked example is computed while it is written."""
    rows = [f"| [`{name}`](#{name}) | {label(name)} |" for name in names()]
    parts = [_HEAD.format(warning=f"**{NOT_A_DEVICE}**") + "\n".join(rows)]
    parts += [_section(score(name)) for name in names()]
    return "\n\n".join(parts) + "\n"


def _section(found: Score) -> str:
    components = ", ".join(f"`{name}`" for name in found.shown) or "none"
    lines = [
        f"## {found.name}",
        "",
        f"{found.label}. For {found.purpose}.",
        "",
        f"- Formula: {found.formula}",
        f"- Bounds: {found.bounds}",
        f"- Rounding: {found.rounding}",
        f"- Result: {found.result.label}{result_range(found)}",
        f"- Components: {components}",
        *([f"- In force: {in_force(found)}"] if any(found.in_force) else []),
        f"- Source: {'; '.join(found.sources)}. Evidence {found.evidence}.",
        *([f"- Also known as: {', '.join(found.aliases)}"] if found.aliases else []),
        *(f"- {note}" for note in found.notes),
        "",
        "| input | meaning |",
        "|---|---|",
        *(f"| `{each.name}` | {describe_input(each)} |" for each in found.inputs),
        "",
        "```text",
        *worked_example(found),
        "```",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_page(), encoding="utf-8")
