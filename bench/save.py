"""Saving forms of the first study through the conduct: checks, derivations and audit, durably."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench.measure import Row, table
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    ApproveConsent,
    Entry,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
    SaveForm,
)
from trialrun.ledger.conduct import Conduct
from trialrun.ledger.store import open_store
from trialrun.study.load import load_study
from trialrun.study.model import Item, ItemType, Study

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 0.005  # seconds of processor time
PEOPLE, FIELDS = 30, 20
DAY = date(2026, 1, 5)
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
PI = Actor("ada", "principal_investigator", "01")
_SIMPLE = {ItemType.BOOLEAN: "false", ItemType.DATE: "2025-12-01", ItemType.DATETIME: "2025-12-01T09:30"}


def _entry(item: Item, turn: int) -> Entry:
    """An answer the definition allows; numbers differ from turn to turn."""
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        return Entry(item.choices[0].code)
    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        low = item.query.low if item.query.low is not None else item.hard.low or Decimal(0)
        return Entry(str(low + 1 + turn), item.unit)
    return Entry(_SIMPLE.get(item.type, "as told"))


def _form(study: Study, name: str, turn: int) -> dict[str, Entry]:
    return {item: _entry(study.items[item], turn) for item in study.forms[name].items[:FIELDS]}


class _Saver:
    """A site at work: new candidates, and forms saved for them."""

    def __init__(self, study: Study, url: str) -> None:
        self.study = study
        self.now = START
        self.conduct = Conduct(open_store(url), study, self._tick)
        self.conduct.do(ActivateStudy("rehearsal"), PI)
        text = study.consents[0]
        self.conduct.do(ApproveConsent("01", text.version, text.language, DAY, "bench"), PI)

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def candidate(self) -> str:
        text = self.study.consents[0]
        key = self.conduct.do(RegisterCandidate("01"), PI).participant
        self.conduct.do(RecordConsent(key, text.version, text.language, DAY, "Dr Ada", capacity=True), PI)
        self.conduct.do(RecordVisit(key, "screening", DAY), PI)
        return key

    def save(self, key: str, form: str, turn: int = 0) -> tuple[float, float]:
        """Processor and wall seconds of one save."""
        seen, entries = self.conduct.version(key), _form(self.study, form, turn)
        command = SaveForm(key, "screening", form, 0, entries, seen, "read again" if turn else "")
        cpu, wall = time.thread_time(), time.perf_counter()
        self.conduct.do(command, PI)
        return time.thread_time() - cpu, time.perf_counter() - wall


def measure(url: str) -> dict[str, list[tuple[float, float]]]:
    """Processor and wall seconds of each save, by what was saved."""
    saver = _Saver(load_study(ROOT / "examples" / "nct05871463"), url)
    found: dict[str, list[tuple[float, float]]] = {
        f"{FIELDS} fields, first entry": [], "laboratory, first entry": [], "laboratory, all corrected": [],
    }  # fmt: skip
    history, entered, corrected = found.values()
    try:
        for person in range(PEOPLE + 1):
            key = saver.candidate()
            taken = (
                saver.save(key, "medical_history"),
                saver.save(key, "laboratory"),
                saver.save(key, "laboratory", 1),
            )
            if person:  # the first compiles the rules
                for kept, one in zip((history, entered, corrected), taken, strict=True):
                    kept.append(one)
    finally:
        saver.conduct.store.close()
    return found


def run(folder: Path, rows: int) -> str:  # noqa: ARG001 (the same call for all)
    """Processor time per save against its budget, and the wall time of the same saves."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        found = measure(f"sqlite:///{place}/log.db")
    lines: list[Row] = []
    for name, pairs in found.items():
        cpu, wall = (sorted(one[which] for one in pairs) for which in (0, 1))
        note = f"wall {median(wall) * 1e3:.1f} ms, 99th of 100 {wall[-1 - len(wall) // 100] * 1e3:.1f} ms"
        lines.append(Row(name, median(cpu), median(cpu) / BUDGET, note))
    return table("Saving a form, one client (processor seconds)", "5 ms", lines)


if __name__ == "__main__":
    print(run(ROOT / "bench" / "out", 0))
