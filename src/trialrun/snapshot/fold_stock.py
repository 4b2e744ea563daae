"""The stock and allocation streams of the log as rows of the snapshot's tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trialrun.ledger.events import Event
from trialrun.ledger.stock import STATES, Batch, Movement, StockState, fold_stock
from trialrun.snapshot.layout import Row


def stock_rows(events: Sequence[Event]) -> dict[str, list[Row]]:
    """The rows of `batches`, `stock` and `allocations`, from the entries in log order."""
    streams = sorted({event.stream for event in events if event.stream.startswith("stock/")})
    states = [fold_stock(event for event in events if event.stream == stream) for stream in streams]
    return {
        "batches": [_batch(state, batch) for state in states for batch in state.batches.values()],
        "stock": [_movement(state, line) for state in states for line in state.movements],
        "allocations": list(_lines(events)),
    }


def _batch(state: StockState, batch: Batch) -> Row:
    return {
        "site": state.site,
        "batch": batch.name,
        "product": batch.product,
        "amount_per_unit": str(batch.amount_per_unit),
        "unit": batch.unit,
        "potency": batch.potency,
        "release_reference": batch.release_reference,
        "released_on": batch.released_on,
        "storage": batch.storage,
        "expires_on": batch.expires_on,
        "received": batch.balance.received,
        **{name: batch.balance.in_state(name) for name in STATES},
        "event_hash": batch.hash,
    }


def _movement(state: StockState, line: Movement) -> Row:
    return {
        "site": state.site,
        "movement": line.number,
        "batch": line.batch,
        "kind": line.kind,
        "units": line.units,
        "source": line.source,
        "target": line.target,
        "on": line.on,
        "participant": line.participant or None,
        "visit": line.visit or None,
        "temperature": line.temperature or None,
        "witness": line.witness or None,
        "reverses": line.reverses or None,
        "reason": line.reason or None,
        "entered_by": line.by,
        "entered_at": line.at,
        "event_hash": line.hash,
    }


def _lines(events: Iterable[Event]) -> Iterable[Row]:
    for event in events:
        if event.type == "AllocationLineUsed":
            yield {
                "participant": event.data["candidate"],
                "stratum": event.data["stratum"],
                "line": event.data["line"],
                "position": event.position,
                "event_hash": event.hash,
            }
