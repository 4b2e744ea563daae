"""Durable appends against raw append + fdatasync on the same disk, interleaved in one run.

python -m bench.ledger [postgresql://...]
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import postgres as server
from trialrun.ledger.commands import Actor
from trialrun.ledger.events import NewEvent
from trialrun.ledger.store import Store, open_store

ACTOR = Actor("bench", "coordinator", "01")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS, PER_ROUND, CLIENTS = 15, 100, 32
PER_CLIENT = 40  # long enough that starting the threads does not count
RAW_BYTES = 512


def _event(stream: str, number: int) -> NewEvent:
    data = {
        "visit": "screening", "form": "laboratory", "row": 0, "item": "", "query": f"Q-{number:03d}",
        "message": "Bilirubin is 18 times the upper limit. Is it right?", "rule": "query-limit:bilirubin", "causes": [],
    }  # fmt: skip
    return NewEvent(stream, "QueryOpened", data)


def _raw(file: int, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        os.write(file, b"x" * RAW_BYTES)
        os.fdatasync(file)
    return count / (time.perf_counter() - start)


def _append(store: Store, stream: str, after: int, count: int) -> None:
    for number in range(after, after + count):
        store.append(stream, number, (_event(stream, number),), now=NOW, actor=ACTOR, study_hash="0" * 64)


def _single(store: Store) -> Callable[[int], float]:
    def run(turn: int) -> float:
        start = time.perf_counter()
        _append(store, "participant/S-000", turn * PER_ROUND, PER_ROUND)
        return PER_ROUND / (time.perf_counter() - start)

    return run


def _clients(store: Store, clients: int) -> Callable[[int], float]:
    def run(turn: int) -> float:
        each = PER_CLIENT
        threads = [
            threading.Thread(target=_append, args=(store, f"participant/S-{n:03d}", turn * each, each))
            for n in range(1, clients + 1)
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return each * clients / (time.perf_counter() - start)

    return run


def _compare(job: str, database: str, file: int, append: Callable[[int], float]) -> dict[str, object]:
    """Alternate raw and ledger in short rounds, so that both meet the same load; median of the rounds' ratios."""
    append(0)
    pairs = [(_raw(file, PER_ROUND), append(turn)) for turn in range(1, ROUNDS + 1)]
    return {
        "job": job,
        "database": database,
        "raw_per_second": round(median(raw for raw, _ in pairs)),
        "appends_per_second": round(median(made for _, made in pairs)),
        "ratio": round(median(made / raw for raw, made in pairs), 2),
    }


def run(postgres: str = "", folder: Path | None = None) -> list[dict[str, object]]:
    """One row per job: appends per second, raw flushes per second, and their ratio.

    PostgreSQL is measured at the URL given, else on a server started for it where its programs are installed.
    """
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=folder or Path.cwd()) as place:
        file = os.open(Path(place) / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        rows += _database("SQLite", f"sqlite:///{place}/log.db", file)
        if postgres:
            rows += _database("PostgreSQL", postgres, file)
        elif server.programs() is not None:
            with server.server(folder or Path.cwd()) as url:
                rows += _database("PostgreSQL", url, file)
        else:
            print("PostgreSQL is left out: its server programs (initdb, pg_ctl) are not installed")
        os.close(file)
    return rows


def _database(name: str, url: str, file: int) -> list[dict[str, object]]:
    store = open_store(url)
    try:
        many = f"append, {CLIENTS} waiting clients"
        return [
            _compare("append, one per commit", name, file, _single(store)),
            _compare(many, name, file, _clients(store, CLIENTS)),
        ]
    finally:
        store.close()


def main() -> None:
    """Print the table."""
    for row in run(sys.argv[1] if len(sys.argv) > 1 else ""):
        print(
            f"{row['database']:<11} {row['job']:<28} {row['appends_per_second']:>7}/s  "
            f"raw {row['raw_per_second']:>6}/s  ratio {row['ratio']}"
        )


if __name__ == "__main__":
    main()
