"""Rules of the product: every unit accounted for, nothing used unreleased, expired or out of quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from trialrun.errors import UserError
from trialrun.ledger.commands_stock import CountStock, MoveStock, RecordExcursion, ReverseMove
from trialrun.ledger.decide.asked import Asked, need_reason, not_future
from trialrun.ledger.decide.batches import batch_item, need_batch, need_usable, stock_event
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.decide.study_rules import need_site
from trialrun.ledger.events import NewEvent
from trialrun.ledger.stock import HELD, Batch
from trialrun.values.quantity import parse_decimal

# kind: (states the units may come from, the first being the usual one; state they go to)
MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "receipt": (("",), "stored"),
    "quarantine": (("stored",), "quarantined"),
    "release": (("quarantined",), "stored"),
    "thaw": (("stored",), "thawed"),
    "infuse": (("thawed",), "infused"),
    "return": (("stored", "quarantined"), "returned"),
    "destroy": (("quarantined", "stored", "thawed"), "destroyed"),
}
_WITH_REASON = frozenset({"quarantine", "release", "return", "destroy"})


def move_stock(asked: Asked, command: MoveStock) -> tuple[NewEvent, ...]:
    """Units go from one state to another; never more than there are."""
    need_site(asked.study, command.site)
    batch = need_batch(asked, command.batch)
    if command.kind not in MOVES:
        raise refuse("unknown-move", f"{command.kind!r} is not a movement", f"choose from {', '.join(MOVES)}")
    _need_whole(command.units, "a movement")
    not_future(asked, command.on, "a movement")
    sources, target = MOVES[command.kind]
    source = command.source or sources[0]
    if source not in sources:
        raise refuse(
            "wrong-source",
            f"units that are {source} cannot go the way of {command.kind!r}",
            f"only units that are {' or '.join(sources) or 'from outside'}",
        )
    if command.kind == "receipt" and not batch.released(command.on):
        target = "quarantined"  # what nobody has released waits
    if command.kind in ("release", "thaw"):
        need_usable(batch, command.on, command.kind)
    _need_words(asked, command)
    if source:
        need_units(batch, source, command.units)
    return (
        movement(
            asked,
            batch.name,
            command.kind,
            command.units,
            (source, target),
            command.on,
            participant=command.participant,
            visit=command.visit,
            temperature=_degrees(command.temperature) if command.temperature.strip() else "",
            witness=command.witness.strip(),
            reason=command.reason.strip(),
        ),
    )


def _need_words(asked: Asked, command: MoveStock) -> None:
    if command.kind in _WITH_REASON:
        need_reason(command.reason, f"the movement {command.kind!r}")
    witness = command.witness.strip()
    if command.kind == "destroy" and (not witness or witness == asked.actor.user):
        raise refuse("no-witness", "a destruction needs a second person", "name who watched it")
    if command.participant and asked.state.study.candidates.get(command.participant) != command.site:
        raise refuse(
            "unknown-participant", f"there is no participant {command.participant!r} at site {command.site!r}"
        )
    if command.kind == "infuse":
        if asked.study.form_of(batch_item(asked.study)) is not None:
            raise refuse(
                "infusion-by-form",
                "an infusion moves its units by itself when its form is saved",
                "save the infusion form; it names the batch",
            )
        need_usable(need_batch(asked, command.batch), command.on, "infusion")
        if not command.participant or not command.visit:
            raise refuse("infusion-unnamed", "an infusion needs participant and visit", "name both")


def _need_whole(units: int, what: str) -> None:
    if isinstance(units, bool) or units < 1:
        raise refuse("wrong-count", f"{units} units are not {what}", "give a whole number from 1")


def need_units(batch: Batch, state: str, units: int) -> None:
    """Enough units in a state."""
    there = batch.balance.in_state(state)
    if there >= units:
        return
    if state == "stored" and batch.balance.quarantined:
        raise refuse(
            "stock-quarantined",
            f"batch {batch.name}: {units} wanted, {there} stored and {batch.balance.quarantined} in quarantine",
            "decide about the quarantine first",
        )
    remedies = {"thawed": "record the thaw first", "stored": "record the receipt first, or count the stock"}
    raise refuse(
        "stock-too-low",
        f"batch {batch.name}: {units} wanted, {there} {state}",
        remedies.get(state, "check the number of units"),
    )


def movement(
    asked: Asked,
    batch: str,
    kind: str,
    units: int,
    way: tuple[str, str],
    on: date,
    *,
    reason: str = "",
    ahead: int = 0,
    **more: object,
) -> NewEvent:
    """A line of the books; `ahead` counts lines of the same command before it."""
    data: dict[str, object] = {
        "movement": f"M-{len(asked.state.stock.movements) + 1 + ahead:04d}",
        "batch": batch,
        "kind": kind,
        "units": units,
        "source": way[0],
        "target": way[1],
        "on": on.isoformat(),
        "participant": "",
        "visit": "",
        "form": "",
        "row": 0,
        "temperature": "",
        "witness": "",
        "reverses": "",
    }
    return stock_event(asked, "StockMoved", {**data, **more}, reason)


def reverse_move(asked: Asked, command: ReverseMove) -> tuple[NewEvent, ...]:
    """Take a movement back, where its units are still where it put them."""
    need_site(asked.study, command.site)
    reason = need_reason(command.reason, "taking a movement back")
    stock = asked.state.stock
    line = stock.movement(command.movement)
    if line is None:
        raise refuse("unknown-movement", f"there is no movement {command.movement!r} at this site")
    if line.number in stock.reversed or line.reverses:
        raise refuse("no-change", f"{line.number} was taken back already, or takes another one back")
    if line.form:
        raise refuse(
            "infusion-by-form",
            f"{line.number} belongs to the infusion of {line.participant} at {line.visit}",
            "correct the infusion form; the units move back by themselves",
        )
    if line.target in HELD:
        need_units(stock.batches[line.batch], line.target, line.units)
    return (
        movement(
            asked,
            line.batch,
            "reversal",
            line.units,
            (line.target, line.source),
            asked.today,
            participant=line.participant,
            visit=line.visit,
            reverses=line.number,
            reason=reason,
        ),
    )


def count_stock(asked: Asked, command: CountStock) -> tuple[NewEvent, ...]:
    """A count by hand; what differs from the books is explained and goes to or comes from `missing`."""
    need_site(asked.study, command.site)
    batch = need_batch(asked, command.batch)
    not_future(asked, command.on, "a count")
    if command.held not in HELD:
        raise refuse(
            "wrong-source", f"units {command.held!r} cannot be counted", f"choose from {', '.join(HELD)}"
        )
    if isinstance(command.counted, bool) or command.counted < 0:
        raise refuse("wrong-count", f"{command.counted} is not a count", "give a whole number from 0")
    expected = batch.balance.in_state(command.held)
    difference = command.counted - expected
    reason = command.reason.strip()
    if difference:
        reason = need_reason(
            command.reason,
            f"a difference of {difference:+d} units ({command.counted} there, {expected} booked)",
        )
    data = {
        "batch": batch.name,
        "held": command.held,
        "counted": command.counted,
        "expected": expected,
        "on": command.on.isoformat(),
        "witness": command.witness.strip(),
    }
    counted = stock_event(asked, "StockCounted", data, reason)
    if not difference:
        return (counted,)
    way = (command.held, "missing") if difference < 0 else ("missing", command.held)
    witness = command.witness.strip()
    line = movement(
        asked, batch.name, "count", abs(difference), way, command.on, witness=witness, reason=reason
    )
    return (counted, line)


def _degrees(text: str) -> str:
    try:
        return str(parse_decimal(text))
    except UserError as error:
        raise refuse(
            "wrong-temperature", f"{text!r} is not a temperature: {error.message}", error.remedy
        ) from error


def record_excursion(asked: Asked, command: RecordExcursion) -> tuple[NewEvent, ...]:
    """A temperature outside its limits; what is stored waits in quarantine until somebody decides."""
    need_site(asked.study, command.site)
    batch = need_batch(asked, command.batch)
    not_future(asked, command.on, "an excursion")
    description = need_reason(command.description, "an excursion (what happened)")
    lowest, highest = _degrees(command.lowest), _degrees(command.highest)
    if Decimal(lowest) > Decimal(highest):
        raise refuse("wrong-temperature", f"the lowest {lowest} is above the highest {highest}", "check both")
    data = {
        "batch": batch.name,
        "on": command.on.isoformat(),
        "lowest": lowest,
        "highest": highest,
        "hours": _degrees(command.hours) if command.hours.strip() else "",
        "description": description,
    }
    events = [stock_event(asked, "ExcursionRecorded", data)]
    if batch.balance.stored:
        reason = f"temperature {lowest} to {highest} °C: {description}"
        way = ("stored", "quarantined")
        events.append(
            movement(
                asked,
                batch.name,
                "quarantine",
                batch.balance.stored,
                way,
                command.on,
                reason=reason,
                temperature=highest,
            )
        )
    return tuple(events)
