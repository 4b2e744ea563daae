"""How a measurement is taken: best of a few runs, side by side, in one process."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import duckdb


def quiet() -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that draws no progress bar."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


@dataclass(frozen=True)
class Row:
    """One line of a table: who, how long, how many times the reference."""

    name: str
    seconds: float
    ratio: float
    note: str = ""


def best_of(runs: int, job: Callable[[], object]) -> tuple[float, object]:
    """The shortest wall time of `runs` runs in seconds, and what the job returned."""
    shortest, answer = float("inf"), None
    for _ in range(runs):
        start = time.perf_counter()
        answer = job()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, answer


def machine() -> str:
    """The machine and the versions a figure belongs to."""
    packages = ("duckdb", "sqlglot", "numpy", "polars", "pandas", "scipy", "sqlalchemy")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {sys.version.split()[0]}, {names}"
    )


def table(title: str, reference: str, rows: list[Row]) -> str:
    """A Markdown table of one measurement."""
    lines = [f"### {title}", "", f"| who | seconds | × {reference} | note |", "|---|---|---|---|"]
    lines += [f"| {r.name} | {r.seconds:.4g} | {r.ratio:.2f} | {r.note} |" for r in rows]
    return "\n".join(lines) + "\n"
