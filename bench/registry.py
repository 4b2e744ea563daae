"""The store of records at the size of a registry: imported, its size, and searches with facets by kind."""

from __future__ import annotations

import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from bench.registry_records import Maker, originals, write
from trialrun.registry.store import open_existing, open_registry
from trialrun.registry.store.model import Search, Sort

_ORIGINALS = Path(__file__).resolve().parents[2] / "shared" / "ctgov"
_SEED = 7
_TODAY = date(2026, 1, 1)
_EACH = 40  # searches of a kind, every one with other words
_COMMON = (
    "study",
    "patients",
    "treatment",
    "diabetes",
    "safety",
    "clinical",
    "group",
    "years",
    "randomized",
    "effects",
)


def run(records: int = 500_000, folder: Path | None = None) -> str:
    """Make so many records, import them, search them; returns the tables. Files of a `folder` given are kept."""
    found = originals(_ORIGINALS)
    if not found:
        return "### Registry\n\nNot measured: the real records (../shared/ctgov) are not beside this clone.\n"
    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        maker = Maker(found, _SEED)
        source, store = place / f"records-{records}.jsonl.gz", place / f"registry-{records}.db"
        size = 0 if source.exists() else write(maker, records, source)
        if size:
            store.unlink(missing_ok=True)
        lines = [f"### Registry, {records:,} records made from {len(found)} real ones", ""]
        if not store.exists():
            lines += imported(source, store)
        lines += searched(store, maker)
        return "\n".join(lines) + "\n"


def imported(source: Path, store: Path) -> list[str]:
    """The import, in a process of its own so that its peak of memory is its own."""
    outcome = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=_import, args=(source, store, outcome))
    process.start()
    read, seconds, peak = outcome.get()
    process.join()
    size = store.stat().st_size
    return [
        "| import | |",
        "|---|---|",
        f"| records a second | {read / seconds:,.0f} |",
        f"| seconds | {seconds:,.0f} |",
        f"| peak memory of the writing process, MiB | {peak:,.0f} |",
        f"| store, bytes a record | {size / read:,.0f} |",
        f"| file imported (gzip), bytes a record | {source.stat().st_size / read:,.0f} |",
        "",
    ]


def _import(source: Path, store: Path, outcome: multiprocessing.Queue[tuple[int, float, float]]) -> None:
    registry = open_registry(store)
    begin = time.perf_counter()

    def told(step: object) -> None:
        print(f"\r{step.records:,} records, {time.perf_counter() - begin:,.0f} s", end="", file=sys.stderr)  # type: ignore[attr-defined]

    done = registry.import_files([source], now=datetime.now(UTC), progress=told)
    seconds = time.perf_counter() - begin
    registry.close()
    print(file=sys.stderr)
    outcome.put((done.read, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def searched(store: Path, maker: Maker) -> list[str]:
    """Every kind of search, with all facets and the first page; no question is asked twice but for paging."""
    registry = open_existing(store)
    begin = time.perf_counter()
    registry.search(Search(), _TODAY)
    first = time.perf_counter() - begin
    total = registry.statistics().trials
    lines = [
        f"The first search of a newly opened store of {total:,} trials reads the columns: {first:.2f} s.",
        "",
        "| search, with facets | trials found (median) | p50 ms | p95 ms | CPU p95 ms |",
        "|---|---|---|---|---|",
    ]
    everything: list[tuple[float, float]] = []
    for name, ask in _kinds(maker, random.Random(_SEED)).items():
        taken, counts = [], []
        for number in range(_EACH):
            asked = ask(number)
            wall, cpu = time.perf_counter(), time.process_time()
            counts.append(registry.search(asked, _TODAY).total)
            taken.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
        everything += taken
        lines.append(f"| {name} | {statistics.median(counts):,.0f} | {_row(taken)} |")
    taken = [_timed(lambda name=name: registry.related(name)) for name in _some_ids(store)]
    return [
        *lines,
        f"| **all searches** | | {_row(everything)} |",
        f"| related trials of a trial | 8 | {_row(taken)} |",
    ]


def _timed(job: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def _row(taken: list[tuple[float, float]]) -> str:
    walls, cpus = sorted(wall for wall, _ in taken), sorted(cpu for _, cpu in taken)
    last = int(0.95 * (len(taken) - 1))
    return f"{statistics.median(walls):.0f} | {walls[last]:.0f} | {cpus[last]:.0f}"


def _some_ids(store: Path) -> list[str]:
    registry = open_existing(store)
    hits = registry.search(Search(size=_EACH, page=50), _TODAY).hits
    registry.close()
    return [hit.registry_id for hit in hits]


def _kinds(maker: Maker, draw: random.Random) -> dict[str, Callable[[int], Search]]:
    illness = maker.illnesses
    countries = ("United States", "China", "France", "Iran", "Germany")
    phases = ("PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA")

    def other(word: str, number: int) -> str:
        """The same common word in a question not asked before."""
        return f"{word} -{maker.rare[-1 - number]}"

    return {
        "a rare word": lambda n: Search(words=maker.rare[2_000 + 613 * n]),
        "a product's name": lambda n: Search(words=maker.products[n * n]),
        "a common illness": lambda n: Search(words=illness[n]),
        "an illness among conditions, one phase": lambda n: Search(
            condition=illness[n + 3], phases=(phases[n % 5],)
        ),
        "a phrase": lambda n: Search(words=f'"{illness[n]}"'),
        "two words, country, recruiting": lambda n: Search(
            words=f"{illness[n]} {_COMMON[n % 10]}", countries=(countries[n % 5],), statuses=("RECRUITING",)
        ),
        "a beginning of a word": lambda n: Search(words=maker.rare[5 * n][:4] + "*"),
        "a word of nearly every trial": lambda n: Search(words=other(_COMMON[n % 10], n)),
        "two such words": lambda n: Search(
            words=other(f"{_COMMON[n % 10]} {_COMMON[(n // 10 + n + 1) % 10]}", n)
        ),
        "a word of nearly every trial, last updated first": lambda n: Search(
            words=f"{_COMMON[n % 10]} {maker.rare[n]}*", sort=Sort.UPDATED
        ),
        "without words: age, sex, results": lambda n: Search(
            age=Decimal(n), sex="FEMALE", results=n % 2 == 0
        ),
        "without words: country and phase": lambda n: Search(
            countries=countries[: 1 + n % 5], phases=(phases[n % 5],), page=1 + n
        ),
        "everything, a later page": lambda n: Search(page=1 + 97 * n, sort=Sort.STARTED),
        "overdue results": lambda n: Search(overdue=True, statuses=("COMPLETED",), page=1 + n),
        "a later page of a question asked": lambda n: Search(
            words=illness[n % 5], page=2 + draw.randrange(4)
        ),
    }
