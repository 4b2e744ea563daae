"""An infusion's units: moved when its form is saved, moved back when it is corrected, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal

from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.commands import RemoveRow, SaveForm
from trialrun.ledger.decide.asked import Asked
from trialrun.ledger.decide.batches import batch_item, need_batch, need_usable
from trialrun.ledger.decide.entries import Saved
from trialrun.ledger.decide.stock import movement, need_units
from trialrun.ledger.events import NewEvent
from trialrun.ledger.stock import Batch
from trialrun.study.model import Study
from trialrun.values.quantity import parse_decimal


@dataclass(frozen=True, slots=True)
class _Use:
    batch: str
    units: int
    on: date


def _items(study: Study) -> tuple[str, str, str]:
    """The items that name batch, amount and start."""
    dose = str(study.settings.get("dose_item", "dose_given"))
    start = str(study.settings.get("dose_start_item", "infusion_start"))
    return batch_item(study), dose, start


def infusion_moves(asked: Asked, command: SaveForm, changed: Mapping[str, Saved]) -> tuple[NewEvent, ...]:
    """What saving an infusion form does to the stock; nothing while the site has registered no batch.

    Refuses a batch that is unknown, unreleased or expired on the day, or of which too few units are thawed.
    """
    stock = asked.state.stock
    items = _items(asked.study)
    if not stock.batches or items[0] not in asked.study.forms[command.form].items:
        return ()
    if not set(items) & changed.keys():
        return ()
    use = (asked.person.key, command.visit, command.form, command.row)
    before = stock.uses.get(use)
    after = _use_after(asked, command, changed)
    if before and after and (before.batch, before.units, before.on) == (after.batch, after.units, after.on):
        return ()
    events: list[NewEvent] = []
    if before is not None:
        events += _taken_back(asked, use, command.reason)
    if after is not None:
        batch = need_batch(asked, after.batch)
        need_usable(batch, after.on, "infusion")
        if before is not None and before.batch == batch.name:
            balance = batch.balance.moved("infused", "thawed", before.units)
            batch = replace(batch, balance=balance)
        if after.units:
            need_units(batch, "thawed", after.units)
            events.append(
                movement(
                    asked,
                    batch.name,
                    "infuse",
                    after.units,
                    ("thawed", "infused"),
                    after.on,
                    participant=use[0],
                    visit=use[1],
                    form=use[2],
                    row=use[3],
                    reason=command.reason.strip(),
                    ahead=len(events),
                )
            )
    return tuple(events)


def row_removed_moves(asked: Asked, command: RemoveRow) -> tuple[NewEvent, ...]:
    """Taking back a row takes its units back to where they were."""
    return _taken_back(
        asked, (asked.person.key, command.visit, command.form, command.row), command.reason.strip()
    )


def _taken_back(asked: Asked, use: tuple[str, str, str, int], reason: str) -> tuple[NewEvent, ...]:
    line = asked.state.stock.uses.get(use)
    if line is None:
        return ()
    more = {"participant": use[0], "visit": use[1], "form": use[2], "row": use[3], "reverses": line.number}
    way = (line.target, line.source)
    return (
        movement(asked, line.batch, "reversal", line.units, way, asked.today, reason=reason.strip(), **more),
    )


def _use_after(asked: Asked, command: SaveForm, changed: Mapping[str, Saved]) -> _Use | None:
    """Batch, units and day as they will stand; nothing where no batch is named."""
    batch_name, dose_name, start_name = (
        _standing(asked, command, changed, item) for item in _items(asked.study)
    )
    name = batch_name.get("text")
    if name is None:
        return None
    start = start_name.get("text")
    day = (
        datetime.fromisoformat(start).date() if start else asked.person.visits.get(command.visit, asked.today)
    )
    batch = need_batch(asked, name)
    return _Use(name, units_of(asked.study, batch, dose_name), day)


def _standing(asked: Asked, command: SaveForm, changed: Mapping[str, Saved], item: str) -> Saved:
    if item in changed:
        return dict(changed[item])
    value = asked.person.values.get((command.visit, command.form, command.row, item))
    if value is None or value.text is None:
        return {}
    return {"text": value.text} if value.unit is None else {"text": value.text, "unit": value.unit}


def units_of(study: Study, batch: Batch, dose: Mapping[str, str]) -> int:
    """How many units a dose takes: a unit once opened is used up."""
    text = dose.get("text")
    if text is None:
        return 0
    item = study.items[_items(study)[1]]
    amount = in_item_unit(parse_decimal(text), dose.get("unit") or item.unit, batch.unit, item.analyte)
    return (
        int((amount / batch.amount_per_unit).to_integral_value(ROUND_CEILING)) if amount > Decimal(0) else 0
    )
