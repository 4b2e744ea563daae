"""All criteria and derived values of the first study for one person, as a form save asks."""

from __future__ import annotations

import time
from pathlib import Path

from bench.measure import Row, table
from trialrun.evaluate.rows import compile_program
from trialrun.study.load import load_study
from trialrun.study.program import study_program

ROOT = Path(__file__).resolve().parent.parent


def run(folder: Path, rows: int, runs: int = 5) -> str:  # noqa: ARG001 (the same call for all)
    """Microseconds for one person: what is compiled once, and what each save costs."""
    study = load_study(ROOT / "examples" / "nct05871463")
    program = study_program(study)
    start = time.perf_counter()
    compiled = compile_program(program)
    compile_seconds = time.perf_counter() - start
    criteria = compiled.only(tuple(study.criteria))
    scores = compiled.only(("meld_na", "meld_3", "child_pugh"))
    row = {
        "bilirubin": 3.2, "creatinine": 1.4, "inr": 1.7, "sodium": 130.0, "albumin": 2.9, "dialysis": False,
        "sex": "F", "ascites": "slight", "ascites_treated": True, "encephalopathy": "1",
        "encephalopathy_treated": False, "systolic_2": 120.0, "systolic_3": 121.0,
    }  # fmt: skip
    lines = []
    for name, function, count in (
        ("all derived values and criteria", compiled, len(program.stages)),
        ("the criteria alone", criteria, len(study.criteria)),
        ("MELD-Na, MELD 3.0 and Child-Pugh", scores, 3),
    ):
        seconds = min(_once(function, row) for _ in range(runs))
        lines.append(Row(name, seconds, seconds * 1e6 / 10, f"{count} rules, {seconds * 1e6:.1f} µs"))
    lines.append(Row("compiled once", compile_seconds, compile_seconds * 1e6 / 10))
    return table("One person", "10 µs", lines)


def _once(function: object, row: dict[str, object], calls: int = 2000) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        function(row)  # type: ignore[operator]
    return (time.perf_counter() - start) / calls
