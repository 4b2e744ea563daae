"""The product at a site: batches, every unit's way, counts, excursions, the accountability log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect

from trialrun.app.accountability import (
    AHEAD_DAYS,
    KIND_WORDS,
    SiteStock,
    balance_cells,
    held_states,
    kind_words,
    log_csv,
    participant_product,
    plain,
    site_stock,
    state_words,
    stock_of_sites,
)
from trialrun.app.form_entry import plain_day
from trialrun.app.language import gettext as _
from trialrun.app.visits import visit_title
from trialrun.errors import UserError
from trialrun.ledger.commands import (
    Command,
    CountStock,
    MoveStock,
    RecordExcursion,
    RegisterBatch,
    ReverseMove,
)
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole

BY_HAND = ("receipt", "thaw", "quarantine", "release", "return", "destroy")
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of a form: name, label, kind of input, help, choices."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    help: str = ""
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Act:
    """A form that leads to one command."""

    title: str
    lead: str
    button: str
    fields: tuple[Asked, ...]
    right: str


# --- reading -------------------------------------------------------------------------------------


def site_path(site: str, more: str = "", **query: str) -> str:
    """An address of the product's pages."""
    behind = f"?{urlencode(query)}" if query else ""
    return f"/stock/{site}{more}{behind}"


def _known(here: Here, site: str) -> SiteStock:
    if site not in here.sites:
        raise NotFoundException(f"There is no site {site} in your scope.")
    return site_stock(here.workspace, site)


@page("/stock", who="see_stock")
def overview(here: Here) -> Response[str]:
    """The product at all sites in scope."""
    return here.render(
        "stock/overview.html",
        stocks=stock_of_sites(here.workspace, here.sites),
        path=site_path,
        plain=plain,
        state=state_words,
        days=AHEAD_DAYS,
    )


@page("/stock/{site:str}", who="see_stock")
def site_page(here: Here, site: str) -> Response[str]:
    """One site's batches, warnings and latest movements."""
    return here.render(
        "stock/site.html",
        stock=_known(here, site),
        path=site_path,
        plain=plain,
        state=state_words,
        kind=kind_words,
        visit=lambda name: visit_title(here.workspace.study, name),
    )


@page("/stock/{site:str}/batch", who="see_stock")
def batch_page(here: Here, site: str) -> Response[str]:
    """One batch: its certificate, where its units are, every movement with the balance after it."""
    stock = _known(here, site)
    batch = stock.batch(here.query("name"))
    if batch is None:
        raise NotFoundException(f"There is no batch {here.query('name')} at this site.")
    reversed_ = here.workspace.conduct.stock_state(site).reversed
    return here.render(
        "stock/batch.html",
        stock=stock,
        batch=batch,
        cells=balance_cells(batch),
        lines=tuple(line for line in stock.movements if line.batch == batch.name),
        counts=tuple(one for one in stock.counts if one.batch == batch.name),
        excursions=tuple(one for one in stock.excursions if one.batch == batch.name),
        warnings=tuple(one for one in stock.warnings if one.batch == batch.name),
        reversed=reversed_,
        path=site_path,
        plain=plain,
        state=state_words,
        kind=kind_words,
        visit=lambda name: visit_title(here.workspace.study, name),
    )


@page("/stock/{site:str}/log", who="see_stock")
def printed(here: Here, site: str) -> Response[str]:
    """The accountability log for paper."""
    stock = _known(here, site)
    return here.render(
        "stock/log.html",
        stock=stock,
        path=site_path,
        plain=plain,
        state=state_words,
        kind=kind_words,
        visit=lambda name: visit_title(here.workspace.study, name),
        today=here.workspace.today,
    )


@page("/stock/{site:str}/log.csv", who="see_stock")
def log_file(here: Here, site: str) -> Response[bytes]:
    """The accountability log as a file."""
    stock = _known(here, site)
    return here.download(log_csv((stock,)), f"accountability-{site}.csv", "text/csv; charset=utf-8")


@page("/participants/{key:str}/product", who=("see_stock", "see_dosing"))
def participant_page(here: Here, key: str) -> Response[str]:
    """What one participant received, from which batch, and that the books say the same."""
    person = here.participant(key)
    state = here.workspace.conduct.stock_state(person.site)
    return here.render(
        "stock/participant.html",
        person=person,
        given=participant_product(here.workspace.study, person, state),
        moves=tuple(line for line in state.movements if line.participant == key),
        path=site_path,
        state=state_words,
        kind=kind_words,
        visit=lambda name: visit_title(here.workspace.study, name),
    )


# --- what is done: one form, one command ---------------------------------------------------------


def _batch_act(here: Here, site: str, batch: str) -> Act:
    new = site_stock(here.workspace, site).batch(batch) is None
    plan = next(iter(here.workspace.study.dose_plans), None)
    unit = plan.unit if plan else ""
    fields = (
        Asked("batch", _("Batch number"), help=_("Exactly as printed on the label.")),
        Asked("product", _("Product"), help=_("In a masked study the name that all arms share.")),
        Asked("amount_per_unit", _("Amount in one unit (vial or bag)"), "number"),
        Asked("unit", _("Unit of that amount"), help=_("Doses are planned in {unit}.").format(unit=unit)),
        Asked("potency", _("Potency"), required=False, help=_("Particles per mL, protein, method.")),
        Asked(
            "release_reference",
            _("Release certificate"),
            required=False,
            help=_("Without certificate and day of release all units wait in quarantine."),
        ),
        Asked("released_on", _("Released on"), "date", required=False),
        Asked("storage", _("Storage"), help=_("For example −80 °C.")),
        Asked("expires_on", _("Last day of use"), "date"),
    )
    reason = () if new else (Asked("reason", _("Reason for the change"), "area"),)
    title = _("Register a batch") if new else _("Correct batch {batch}").format(batch=batch)
    return Act(
        title, "", _("Register") if new else _("Save the correction"), (*fields, *reason), "RegisterBatch"
    )


def _batch_command(here: Here, site: str, _batch: str) -> Command:
    return RegisterBatch(
        site,
        here.text("batch"),
        here.text("product"),
        here.text("amount_per_unit"),
        here.text("unit"),
        here.text("potency"),
        here.text("release_reference"),
        _day(here, "released_on") if here.text("released_on") else None,
        here.text("storage"),
        _day(here, "expires_on"),
        here.text("reason"),
    )


def _move_act(here: Here, site: str, batch: str) -> Act:
    people = tuple(
        (one.key, one.number or one.key)
        for one in here.participants()
        if one.site == site and one.enrolled and one.ended_on is None
    )
    states = tuple((code, text) for code, text in held_states())
    fields = (
        Asked("kind", _("What happened"), "choices", options=tuple((k, _(KIND_WORDS[k])) for k in BY_HAND)),
        Asked("units", _("Units"), "whole"),
        Asked("on", _("Day"), "date"),
        Asked("source", _("Which units"), "select", required=False, options=states,
              help=_("Only where several can be meant, as at a destruction.")),
        Asked("participant", _("For participant"), "select", required=False, options=people),
        Asked("temperature", _("Temperature read (°C)"), required=False),
        Asked("witness", _("Witness"), required=False, help=_("A destruction needs a second person.")),
        Asked("reason", _("Reason"), "area", required=False,
              help=_("Needed for quarantine, release, return and destruction.")),
    )  # fmt: skip
    title = _("Record a movement of batch {batch}").format(batch=batch)
    lead = _("Infusions are not recorded here: their form moves the units by itself.")
    return Act(title, lead, _("Record"), fields, "MoveStock")


def _move_command(here: Here, site: str, batch: str) -> Command:
    return MoveStock(
        site,
        batch,
        here.text("kind"),
        _whole(here, "units"),
        _day(here, "on"),
        here.text("participant"),
        "",
        here.text("reason"),
        here.text("temperature"),
        here.text("source"),
        here.text("witness"),
    )


def _count_act(_here: Here, _site: str, batch: str) -> Act:
    fields = (
        Asked("held", _("Which units"), "select", options=held_states()),
        Asked("counted", _("Units counted"), "whole"),
        Asked("on", _("Day"), "date"),
        Asked("witness", _("Counted together with"), required=False),
        Asked("reason", _("Reason of a difference"), "area", required=False,
              help=_("Needed where the count differs from the books.")),
    )  # fmt: skip
    lead = _("Count first, then compare: the books are shown afterwards.")
    return Act(_("Count batch {batch}").format(batch=batch), lead, _("Save the count"), fields, "CountStock")


def _count_command(here: Here, site: str, batch: str) -> Command:
    return CountStock(
        site,
        batch,
        _whole(here, "counted"),
        _day(here, "on"),
        here.text("reason"),
        here.text("held"),
        here.text("witness"),
    )


def _excursion_act(_here: Here, _site: str, batch: str) -> Act:
    fields = (
        Asked("on", _("Found on"), "date"),
        Asked("lowest", _("Lowest temperature (°C)")),
        Asked("highest", _("Highest temperature (°C)")),
        Asked("hours", _("For how many hours"), required=False),
        Asked("description", _("What happened"), "area"),
    )
    title = _("Temperature excursion of batch {batch}").format(batch=batch)
    lead = _("All stored units of the batch go into quarantine until somebody decides.")
    return Act(title, lead, _("Record the excursion"), fields, "RecordExcursion")


def _excursion_command(here: Here, site: str, batch: str) -> Command:
    return RecordExcursion(
        site,
        batch,
        _day(here, "on"),
        here.text("lowest"),
        here.text("highest"),
        here.text("description"),
        here.text("hours"),
    )


def _reverse_act(here: Here, site: str, batch: str) -> Act:
    number = here.text("movement") or here.query("movement")
    line = here.workspace.conduct.stock_state(site).movement(number)
    if line is None or line.batch != batch:
        raise NotFoundException(f"There is no movement {number} of this batch.")
    lead = _("{kind}, {units} units on {day}, recorded by {by}.").format(
        kind=kind_words(line.kind), units=line.units, day=line.on, by=line.by
    )
    fields = (Asked("movement", _("Movement"), "hidden"), Asked("reason", _("Reason"), "area"))
    title = _("Take back movement {number}").format(number=number)
    return Act(title, lead, _("Take back"), fields, "ReverseMove")


def _reverse_command(here: Here, site: str, _batch: str) -> Command:
    return ReverseMove(site, here.text("movement"), here.text("reason"))


Maker = Callable[[Here, str, str], Act]
ACTS: Mapping[str, tuple[Maker, Callable[[Here, str, str], Command]]] = {
    "register": (_batch_act, _batch_command),
    "move": (_move_act, _move_command),
    "count": (_count_act, _count_command),
    "excursion": (_excursion_act, _excursion_command),
    "reverse": (_reverse_act, _reverse_command),
}
RIGHTS = ("RegisterBatch", "MoveStock", "CountStock", "RecordExcursion", "ReverseMove")


def _whole(here: Here, name: str) -> int:
    text = here.text(name)
    if not is_whole(text):
        raise UserError(
            _("{text} is not a whole number").format(text=repr(text)), _("Give a number of units.")
        )
    return int(text)


def _day(here: Here, name: str) -> date:
    text = plain_day(here.text(name))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            _("{text} is not a day").format(text=repr(text)), _("Write it as YYYY-MM-DD.")
        ) from None


def _act(here: Here, site: str, name: str, batch: str) -> tuple[Act, Callable[[Here, str, str], Command]]:
    stock = _known(here, site)
    if name not in ACTS or (name != "register" and stock.batch(batch) is None):
        raise NotFoundException("There is no such page.")
    make, command = ACTS[name]
    act = make(here, site, batch)
    if not here.may(act.right):
        raise PermissionDeniedException("Your role does not include this.")
    return act, command


def _values(here: Here, site: str, name: str, batch: str) -> dict[str, str]:
    """What the fields start with."""
    found = site_stock(here.workspace, site).batch(batch)
    if name == "register" and found is not None:
        released = found.released_on.isoformat() if found.released_on else ""
        return {
            "batch": found.name, "product": found.product, "amount_per_unit": plain(found.amount_per_unit),
            "unit": found.unit, "potency": found.potency, "release_reference": found.release_reference,
            "released_on": released, "storage": found.storage, "expires_on": found.expires_on.isoformat(),
        }  # fmt: skip
    if name == "register":
        plans = here.workspace.study.dose_plans
        shared = {plan.product for plan in plans}
        return {"unit": plans[0].unit if plans else "", "product": shared.pop() if len(shared) == 1 else ""}
    start = {"on": here.workspace.today.isoformat(), "kind": here.query("kind"), "held": "stored"}
    return {**start, "movement": here.query("movement")}


def _form(here: Here, site: str, name: str, batch: str, error: UserError | None = None) -> Response[str]:
    act, _command = _act(here, site, name, batch)
    values = _values(here, site, name, batch)
    if error is not None:
        values = {one.name: here.text(one.name) for one in act.fields}
    context: dict[str, Any] = {"act": act, "name": name, "site": site, "batch": batch, "values": values}
    status = 200 if error is None else 422
    return here.render("stock/act.html", status=status, error=error, path=site_path, **context)


@page("/stock/{site:str}/do/{name:str}", who=RIGHTS)
def act_page(here: Here, site: str, name: str) -> Response[str]:
    """The form of one act."""
    return _form(here, site, name, here.query("batch"))


@action("/stock/{site:str}/do/{name:str}", who=RIGHTS)
def act_done(here: Here, site: str, name: str) -> Response[Any] | Redirect:
    """Carry the act out; a refusal shows the form again with everything typed."""
    batch = here.query("batch")
    _shown, command = _act(here, site, name, batch)
    try:
        here.do(command(here, site, batch))
    except UserError as error:
        return _form(here, site, name, batch, error)
    named = batch or here.text("batch")
    return here.redirect(site_path(site, "/batch", name=named), _("Recorded."))


ROUTES = [overview, site_page, batch_page, printed, log_file, participant_page, act_page, act_done]
