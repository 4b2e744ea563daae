"""Accountability of the product: batches, movements with running balances, what needs attention, per participant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.visits import OPEN, visit_schedule
from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.stock import HELD, STATES, Batch, Count, Excursion, Movement, StockState
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

EXPIRING_DAYS = 60
AHEAD_DAYS = 28
COUNT_DAYS = 31

STATE_WORDS = {
    "received": marked("Received"),
    "stored": marked("Stored"),
    "quarantined": marked("In quarantine"),
    "thawed": marked("Thawed"),
    "infused": marked("Infused"),
    "returned": marked("Returned"),
    "destroyed": marked("Destroyed"),
    "missing": marked("Missing"),
}
KIND_WORDS = {
    "receipt": marked("Receipt"),
    "quarantine": marked("Put in quarantine"),
    "release": marked("Released from quarantine"),
    "thaw": marked("Thawed"),
    "infuse": marked("Infused"),
    "return": marked("Returned"),
    "destroy": marked("Destroyed"),
    "count": marked("Difference at a count"),
    "reversal": marked("Taken back"),
}
LOG_COLUMNS = (
    "site", "movement", "batch", "on", "kind", "units", "from", "to", "participant", "visit", "temperature_celsius",
    "witness", "reverses", "reason", "by", "at", "stored_after", "quarantined_after", "thawed_after", "held_after",
    "received_after", "balances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Warned:
    """Something about the product that needs attention; `urgent` where it must not wait."""

    kind: str
    site: str
    batch: str
    text: str
    urgent: bool = False
    day: date | None = None


@dataclass(frozen=True, slots=True)
class SiteStock:
    """One site's product."""

    site: str
    name: str
    batches: tuple[Batch, ...]
    warnings: tuple[Warned, ...]
    movements: tuple[Movement, ...]
    counts: tuple[Count, ...]
    excursions: tuple[Excursion, ...]

    @property
    def balanced(self) -> bool:
        """Whether every unit is accounted for."""
        return all(batch.balance.holds for batch in self.batches)

    def batch(self, name: str) -> Batch | None:
        """A batch by its number."""
        return next((one for one in self.batches if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Given:
    """The product one participant received at one visit: what the form says and what the books say."""

    visit: str
    batch: str
    dose: str
    units: int
    movement: str
    on: date | None
    agrees: bool


def site_stock(workspace: Workspace, site: str) -> SiteStock:
    """One site's product with what needs attention, urgent things first."""
    state = workspace.conduct.stock_state(site)
    named = next((str(one.get("name", "")) for one in workspace.study.sites if str(one["id"]) == site), "")
    batches = tuple(sorted(state.batches.values(), key=lambda one: (one.expires_on, one.name)))
    warnings = sorted(_warnings(workspace, site, state), key=lambda one: (not one.urgent, one.batch))
    return SiteStock(
        site,
        named,
        batches,
        tuple(warnings),
        tuple(state.movements),
        tuple(state.counts),
        tuple(state.excursions),
    )


def stock_of_sites(workspace: Workspace, sites: Iterable[str]) -> tuple[SiteStock, ...]:
    """The product at several sites."""
    return tuple(site_stock(workspace, site) for site in sites)


# --- what needs attention ------------------------------------------------------------------------


def _warnings(workspace: Workspace, site: str, state: StockState) -> Iterator[Warned]:
    today = workspace.today
    for batch in state.batches.values():
        yield from _batch_warnings(site, batch, state, today)
    if not state.batches:
        return
    yield from _enough(workspace, site, state)
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.site == site:
            yield from _unaccounted(workspace.study, person, state)


def _batch_warnings(site: str, batch: Batch, state: StockState, today: date) -> Iterator[Warned]:
    held, left = batch.balance.held, (batch.expires_on - today).days
    if held and left < 0:
        said = ngettext("expired, and {n} unit is still here", "expired, and {n} units are still here", held)
        yield Warned("expired", site, batch.name, said.format(n=held), urgent=True, day=batch.expires_on)
    elif held and left <= EXPIRING_DAYS:
        said = ngettext("expires in {n} day", "expires in {n} days", left)
        yield Warned("expiring", site, batch.name, said.format(n=left), day=batch.expires_on)
    if held and not batch.released(today):
        yield Warned("unreleased", site, batch.name, _("has no release certificate yet"))
    if batch.balance.quarantined and batch.released(today):
        count = batch.balance.quarantined
        said = ngettext(
            "{n} unit in quarantine waits for a decision",
            "{n} units in quarantine wait for a decision",
            count,
        )
        yield Warned("quarantined", site, batch.name, said.format(n=count), urgent=True)
    thawed = [line.on for line in state.of(batch.name) if line.kind == "thaw"]
    if batch.balance.thawed and thawed and max(thawed) < today:
        count = batch.balance.thawed
        said = ngettext(
            "{n} unit was thawed before today and not used",
            "{n} units were thawed before today and not used",
            count,
        )
        yield Warned("thawed", site, batch.name, said.format(n=count), urgent=True, day=max(thawed))
    if batch.balance.missing:
        said = _("a count differs from the books by {n}").format(n=-batch.balance.missing)
        yield Warned("missing", site, batch.name, said)
    counted = [one.on for one in state.counts if one.batch == batch.name]
    first = next((line.on for line in state.of(batch.name)), today)
    if held and (today - max(counted, default=first)).days > COUNT_DAYS:
        said = _("was not counted for {n} days").format(n=(today - max(counted, default=first)).days)
        yield Warned("uncounted", site, batch.name, said)


def _enough(workspace: Workspace, site: str, state: StockState) -> Iterator[Warned]:
    """Whether what is usable covers the doses planned in the coming weeks."""
    needed = planned_need(workspace, site)
    for unit, amount in needed.items():
        there = usable_amount(state, workspace.today, unit)
        if there < amount:
            said = _("{there} {unit} usable, {needed} {unit} planned within {days} days")
            text = said.format(there=plain(there), needed=plain(amount), unit=unit, days=AHEAD_DAYS)
            yield Warned("low", site, "", text, urgent=True)


def usable_amount(state: StockState, today: date, unit: str) -> Decimal:
    """What may be thawed or is thawed and may be given today, in a unit."""
    total = Decimal(0)
    for batch in state.batches.values():
        if batch.released(today) and not batch.expired(today):
            units = batch.balance.stored + batch.balance.thawed
            total += units * in_item_unit(batch.amount_per_unit, batch.unit, unit, None)
    return total


def planned_need(workspace: Workspace, site: str) -> dict[str, Decimal]:
    """The doses planned and not given of those who take part at a site, in the coming weeks, by unit."""
    study, until = workspace.study, workspace.today + timedelta(days=AHEAD_DAYS)
    need: dict[str, Decimal] = {}
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.site != site or not person.enrolled or person.ended_on or person.withdrawn_on:
            continue
        plan = next((one for one in study.dose_plans if one.arm == person.treatment), None)
        open_visits = {
            visit.name
            for visit in visit_schedule(study, person, workspace.today)
            if visit.status in OPEN | {"waiting"} and (visit.first is None or visit.first <= until)
        }
        for dose in plan.doses if plan else ():
            if dose.visit in open_visits:
                need[dose.unit] = need.get(dose.unit, Decimal(0)) + dose.amount
    return need


def _unaccounted(study: Study, person: ParticipantState, state: StockState) -> Iterator[Warned]:
    for one in participant_product(study, person, state):
        if not one.agrees:
            said = _("{participant}, {visit}: {dose} given, no unit booked")
            text = said.format(participant=person.number or person.key, visit=one.visit, dose=one.dose)
            yield Warned("unbooked", person.site, one.batch, text, day=one.on)


# --- per participant -----------------------------------------------------------------------------


def participant_product(study: Study, person: ParticipantState, state: StockState) -> tuple[Given, ...]:
    """Each dose a participant got, beside the units the books moved for it."""
    dose_item = str(study.settings.get("dose_item", "dose_given"))
    batch_item = str(study.settings.get("batch_item", "batch"))
    found: list[Given] = []
    for (visit, form, row, item), value in person.values.items():
        if item != dose_item or value.text is None:
            continue
        named = person.values.get((visit, form, row, batch_item))
        line = state.uses.get((person.key, visit, form, row))
        given = Decimal(value.text) > 0
        found.append(
            Given(
                visit,
                (named.text or "") if named else "",
                f"{value.text} {value.unit or ''}".strip(),
                line.units if line else 0,
                line.number if line else "",
                person.visits.get(visit),
                agrees=line is not None or not given or not state.batches,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.on or date.max, one.visit)))


def moves_of(state: StockState, participant: str) -> tuple[Movement, ...]:
    """All movements that name a participant."""
    return tuple(line for line in state.movements if line.participant == participant)


# --- files ---------------------------------------------------------------------------------------


def log_csv(stocks: Sequence[SiteStock]) -> str:
    """The accountability log of sites as CSV, each line with the balance after it."""
    return csv_text(
        LOG_COLUMNS, (_log_line(stock.site, line) for stock in stocks for line in stock.movements)
    )


def _log_line(site: str, line: Movement) -> tuple[object, ...]:
    after = line.balance
    return (
        site, line.number, line.batch, line.on, line.kind, line.units, line.source, line.target, line.participant,
        line.visit, line.temperature, line.witness, line.reverses, line.reason, line.by, line.at, after.stored,
        after.quarantined, after.thawed, after.held, after.received, "yes" if after.holds else "NO",
    )  # fmt: skip


def plain(number: Decimal) -> str:
    """A decimal without idle zeros."""
    text = f"{number.normalize():f}"
    return "0" if text in ("-0", "") else text


def balance_cells(batch: Batch) -> tuple[tuple[str, str, int], ...]:
    """State, its word and the units in it, in the order of the books."""
    cells = [("received", batch.balance.received)]
    cells += [(name, batch.balance.in_state(name)) for name in STATES]
    return tuple((name, _(STATE_WORDS[name]), units) for name, units in cells)


def held_states() -> tuple[tuple[str, str], ...]:
    """The states units can be counted in, with their words."""
    return tuple((name, _(STATE_WORDS[name])) for name in HELD)


def kind_words(kind: str) -> str:
    """A movement's kind in the reader's language."""
    return _(KIND_WORDS.get(kind, kind))


def state_words(state: str) -> str:
    """A state in the reader's language; nothing where units come from or go outside."""
    return _(STATE_WORDS[state]) if state else _("outside")
