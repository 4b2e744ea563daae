"""`make bench`: every measurement in one run, with the command, versions and machine.

python -m bench [cohort] [scores] [person] [ledger] [save] [web_save] [analyses] [methods] [criteria] [registry] [--rows N] [--out FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from bench import measure

OUT = Path(__file__).resolve().parent / "out"


def _cohort(rows: int) -> str:
    from bench import cohort

    return cohort.run(OUT, rows)


def _scores(rows: int) -> str:
    from bench import scores

    return scores.run(OUT, rows)


def _person(rows: int) -> str:
    from bench import person

    return person.run(OUT, rows)


def _ledger(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import ledger

    lines = [
        "### Durable appends to the log",
        "",
        "| who | per second | × raw append + fdatasync |",
        "|---|---|---|",
    ]
    lines += [
        f"| {r['database']}, {r['job']} | {r['appends_per_second']} (raw {r['raw_per_second']}) | {r['ratio']} |"
        for r in ledger.run(folder=OUT)
    ]
    return "\n".join(lines) + "\n"


def _save(rows: int) -> str:
    from bench import save

    return save.run(OUT, rows)


def _web_save(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import web_save

    return web_save.run(OUT)


def _analyses(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import analyses

    return analyses.run(OUT)


def _methods(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import methods

    return methods.run()


def _mmrm(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import mmrm

    return mmrm.run(OUT)


def _registry(rows: int) -> str:
    from bench import registry

    return registry.run(min(rows, 500_000))


def _criteria(rows: int) -> str:  # noqa: ARG001 (the same call for all)
    from bench import criteria

    return criteria.run()


JOBS: dict[str, Callable[[int], str]] = {
    "cohort": _cohort,
    "scores": _scores,
    "person": _person,
    "ledger": _ledger,
    "save": _save,
    "web_save": _web_save,
    "mmrm": _mmrm,
    "analyses": _analyses,
    "methods": _methods,
    "criteria": _criteria,
    "registry": _registry,
}


def main() -> None:
    """Run the measurements asked for, all by default."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Ratios from one run, never a timed test."
    )
    parser.add_argument(
        "jobs", nargs="*", choices=[*JOBS, []], help=f"any of {', '.join(JOBS)}; all by default"
    )
    parser.add_argument(
        "--rows", type=int, default=10_000_000, help="people in the cohort and score measurements"
    )
    parser.add_argument("--out", type=Path, help="also write the tables to this file")
    asked = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    jobs = asked.jobs or list(JOBS)
    parts = [f"`python -m bench {' '.join(jobs)} --rows {asked.rows}` on {measure.machine()}\n"]
    print(parts[0], flush=True)
    for name in jobs:
        parts.append(JOBS[name](asked.rows))
        print(parts[-1], flush=True)
    if asked.out:
        asked.out.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
