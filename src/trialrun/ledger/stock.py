"""The product at one site: batches, what became of every unit, counts. Folded from stream `stock/<site>`.

Every unit ever received is in exactly one state, so for each batch
received = stored + quarantined + thawed + infused + returned + destroyed + missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from trialrun.ledger.events import NO_HASH, Event
from trialrun.values.finding import Finding, Severity

HELD = ("stored", "quarantined", "thawed")
STATES = (*HELD, "infused", "returned", "destroyed", "missing")
Use = tuple[str, str, str, int]  # participant, visit, form, row


@dataclass(frozen=True, slots=True)
class Balance:
    """How many units of a batch are in each state. `missing` is below zero where more was found than booked."""

    received: int = 0
    stored: int = 0
    quarantined: int = 0
    thawed: int = 0
    infused: int = 0
    returned: int = 0
    destroyed: int = 0
    missing: int = 0

    @property
    def held(self) -> int:
        """Units that are at the site."""
        return self.stored + self.quarantined + self.thawed

    @property
    def holds(self) -> bool:
        """Whether every unit is accounted for and no state is below zero."""
        parts = [self.in_state(name) for name in STATES]
        return self.received == sum(parts) and self.received >= 0 and all(part >= 0 for part in parts[:-1])

    def in_state(self, state: str) -> int:
        """Units in one of `STATES`."""
        return int(getattr(self, state))

    def moved(self, source: str, target: str, units: int) -> Balance:
        """After units went from one state to another; an empty state is outside the site's books."""
        change: dict[str, int] = {}
        if source:
            change[source] = self.in_state(source) - units
        else:
            change["received"] = self.received + units
        if target:
            change[target] = self.in_state(target) + units
        else:
            change["received"] = self.received - units
        return replace(self, **change)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is known of a batch, and where its units are."""

    name: str
    product: str
    amount_per_unit: Decimal
    unit: str
    potency: str
    release_reference: str
    released_on: date | None
    storage: str
    expires_on: date
    hash: str
    balance: Balance = field(default_factory=Balance)

    def released(self, day: date) -> bool:
        """Whether the release certificate was there on that day."""
        return self.released_on is not None and self.released_on <= day

    def expired(self, day: date) -> bool:
        """Whether that day lies behind the last day of use."""
        return day > self.expires_on


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the books, with the balance of the batch after it."""

    number: str
    batch: str
    kind: str
    units: int
    source: str
    target: str
    on: date
    participant: str
    visit: str
    form: str
    row: int
    temperature: str
    witness: str
    reverses: str
    reason: str
    by: str
    at: str
    hash: str
    balance: Balance

    @property
    def use(self) -> Use:
        """The infusion it belongs to."""
        return (self.participant, self.visit, self.form, self.row)


@dataclass(frozen=True, slots=True)
class Count:
    """A count by hand beside what the books said."""

    batch: str
    held: str
    counted: int
    expected: int
    on: date
    witness: str
    reason: str
    by: str
    at: str

    @property
    def difference(self) -> int:
        """Below zero where units were missing."""
        return self.counted - self.expected


@dataclass(frozen=True, slots=True)
class Excursion:
    """The storage temperature left its limits."""

    batch: str
    on: date
    lowest: str
    highest: str
    hours: str
    description: str
    by: str
    at: str


@dataclass(slots=True)
class StockState:
    """All of one site's product."""

    site: str = ""
    version: int = 0
    hash: str = NO_HASH
    batches: dict[str, Batch] = field(default_factory=dict[str, Batch])
    movements: list[Movement] = field(default_factory=list[Movement])
    counts: list[Count] = field(default_factory=list[Count])
    excursions: list[Excursion] = field(default_factory=list[Excursion])
    uses: dict[Use, Movement] = field(default_factory=dict[Use, Movement])  # infusions that stand
    reversed: frozenset[str] = frozenset()

    def movement(self, number: str) -> Movement | None:
        """A movement by its number."""
        return next((one for one in self.movements if one.number == number), None)

    def of(self, batch: str) -> tuple[Movement, ...]:
        """A batch's movements in the order they were recorded."""
        return tuple(one for one in self.movements if one.batch == batch)


def fold_stock(events: Iterable[Event], start: StockState | None = None) -> StockState:
    """A site's stock after more events of its stream; `start` is left as it is."""
    state = StockState()
    if start is not None:
        state = replace(
            start,
            batches=dict(start.batches),
            movements=list(start.movements),
            counts=list(start.counts),
            excursions=list(start.excursions),
            uses=dict(start.uses),
        )
    for event in events:
        state.site = event.stream.removeprefix("stock/")
        step = _STEPS.get(event.type)
        if step is not None:
            step(state, event, event.data)
        state.version, state.hash = event.version, event.hash
    return state


def _batch(state: StockState, event: Event, data: Mapping[str, Any]) -> None:
    known = state.batches.get(data["batch"])
    released = data["released_on"]
    state.batches[data["batch"]] = Batch(
        name=data["batch"],
        product=data["product"],
        amount_per_unit=Decimal(data["amount_per_unit"]),
        unit=data["unit"],
        potency=data["potency"],
        release_reference=data["release_reference"],
        released_on=date.fromisoformat(released) if released else None,
        storage=data["storage"],
        expires_on=date.fromisoformat(data["expires_on"]),
        hash=event.hash,
        balance=known.balance if known else Balance(),
    )


def _moved(state: StockState, event: Event, data: Mapping[str, Any]) -> None:
    batch = state.batches[data["batch"]]
    balance = batch.balance.moved(data["source"], data["target"], data["units"])
    state.batches[batch.name] = replace(batch, balance=balance)
    line = Movement(
        number=data["movement"],
        batch=batch.name,
        kind=data["kind"],
        units=data["units"],
        source=data["source"],
        target=data["target"],
        on=date.fromisoformat(data["on"]),
        participant=data["participant"],
        visit=data["visit"],
        form=data["form"],
        row=data["row"],
        temperature=data["temperature"],
        witness=data["witness"],
        reverses=data["reverses"],
        reason=event.reason,
        by=event.by,
        at=event.at,
        hash=event.hash,
        balance=balance,
    )
    state.movements.append(line)
    if line.reverses:
        state.reversed |= {line.reverses}
        if line.form:
            state.uses.pop(line.use, None)
    elif line.kind == "infuse" and line.form:
        state.uses[line.use] = line


def _counted(state: StockState, event: Event, data: Mapping[str, Any]) -> None:
    state.counts.append(
        Count(
            data["batch"],
            data["held"],
            data["counted"],
            data["expected"],
            date.fromisoformat(data["on"]),
            data["witness"],
            event.reason,
            event.by,
            event.at,
        )
    )


def _excursion(state: StockState, event: Event, data: Mapping[str, Any]) -> None:
    state.excursions.append(
        Excursion(
            data["batch"],
            date.fromisoformat(data["on"]),
            data["lowest"],
            data["highest"],
            data["hours"],
            data["description"],
            event.by,
            event.at,
        )
    )


_STEPS = {
    "BatchRegistered": _batch,
    "BatchCorrected": _batch,
    "StockMoved": _moved,
    "StockCounted": _counted,
    "ExcursionRecorded": _excursion,
}


def stock_findings(events: Iterable[Event]) -> list[Finding]:
    """Where the books of a site do not balance, folded anew from the log; empty when all is well."""
    streams: dict[str, list[Event]] = {}
    for event in events:
        if event.stream.startswith("stock/"):
            streams.setdefault(event.stream, []).append(event)
    found: list[Finding] = []
    for stream, own in streams.items():
        try:
            state = fold_stock(own)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            found.append(_wrong(f"the books cannot be read ({error!r})", stream))
            continue
        for line in state.movements:
            if not line.balance.holds:
                said = f"batch {line.batch} does not balance after {line.number}: {line.balance}"
                found.append(_wrong(said, stream))
    return found


def _wrong(message: str, place: str) -> Finding:
    remedy = "find out which program wrote this entry; correct it by a further movement"
    return Finding(Severity.ERROR, "stock-out-of-balance", message, place, remedy)
