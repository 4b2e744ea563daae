"""Rules of a batch: known by number, certificate and expiry before a unit of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from trialrun.errors import UserError
from trialrun.ledger.commands_stock import RegisterBatch
from trialrun.ledger.decide.asked import Asked, need_reason, not_future
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.decide.study_rules import need_site
from trialrun.ledger.events import NewEvent
from trialrun.ledger.stock import Batch
from trialrun.study.model import Study
from trialrun.values.quantity import parse_decimal
from trialrun.values.units import same_dimension


def stock_event(asked: Asked, name: str, data: Mapping[str, object], reason: str = "") -> NewEvent:
    """An event of the site's stock stream."""
    return NewEvent(f"stock/{asked.state.stock.site}", name, data, reason)


def batch_item(study: Study) -> str:
    """The item in which an infusion names its batch."""
    return str(study.settings.get("batch_item", "batch"))


def register_batch(asked: Asked, command: RegisterBatch) -> tuple[NewEvent, ...]:
    """A batch with its certificate and expiry; a known one is corrected, with reason."""
    need_site(asked.study, command.site)
    _need_batch_words(command)
    amount = _positive(command.amount_per_unit)
    _need_plan_unit(asked, command.unit)
    _need_product_of_all_arms(asked, command.product)
    _need_certificate(asked, command)
    known = asked.state.stock.batches.get(command.batch)
    data = {
        "batch": command.batch,
        "product": command.product,
        "amount_per_unit": str(amount),
        "unit": command.unit,
        "potency": command.potency,
        "release_reference": command.release_reference,
        "released_on": command.released_on.isoformat() if command.released_on else "",
        "storage": command.storage,
        "expires_on": command.expires_on.isoformat(),
    }
    if known is None:
        near = [name for name in asked.state.stock.batches if name.casefold() == command.batch.casefold()]
        if near:
            raise refuse(
                "batch-known", f"batch {near[0]!r} is registered already", "write its number as there"
            )
        return (stock_event(asked, "BatchRegistered", data),)
    reason = need_reason(command.reason, f"changing what is known of batch {command.batch!r}")
    if known.balance.infused and (known.amount_per_unit, known.unit) != (amount, command.unit):
        raise refuse(
            "batch-in-use",
            f"{known.balance.infused} units of {known.name} were infused as {known.amount_per_unit} {known.unit} each",
            "correct those infusions first",
        )
    return (stock_event(asked, "BatchCorrected", data, reason),)


def _need_batch_words(command: RegisterBatch) -> None:
    for name in ("batch", "product", "unit", "storage"):
        text = str(getattr(command, name))
        if not text.strip() or text != text.strip():
            raise refuse("batch-incomplete", f"the batch's {name} is {text!r}", f"give its {name}")


def _positive(text: str) -> Decimal:
    try:
        amount = parse_decimal(text)
    except UserError as error:
        raise refuse(
            "wrong-amount", f"the amount per unit {text!r}: {error.message}", error.remedy
        ) from error
    if amount <= 0:
        raise refuse("wrong-amount", f"one unit holds {text}", "give an amount greater than zero")
    return amount


def _need_plan_unit(asked: Asked, unit: str) -> None:
    for plan in asked.study.dose_plans:
        try:
            fits = same_dimension(unit, plan.unit)
        except UserError as error:
            raise refuse("wrong-unit", error.message, error.remedy) from error
        if not fits:
            raise refuse(
                "wrong-unit",
                f"doses are planned in {plan.unit}, which {unit!r} cannot be turned into",
                f"give the amount per unit in {plan.unit}; particles belong to the potency",
            )


def _need_product_of_all_arms(asked: Asked, product: str) -> None:
    """In a masked study a batch must not say by its product's name which arm it is for."""
    from trialrun.ledger.allocation import is_masked

    products = {plan.product.casefold() for plan in asked.study.dose_plans}
    if is_masked(asked.study) and len(products) > 1 and product.casefold() in products:
        raise refuse(
            "product-tells-arm",
            f"the product {product!r} belongs to one arm of a masked study",
            "register the batch under the name all arms share; the packing list says what is in it",
        )


def _need_certificate(asked: Asked, command: RegisterBatch) -> None:
    if command.released_on is None:
        return
    not_future(asked, command.released_on, "a release")
    if not command.release_reference.strip():
        raise refuse(
            "no-certificate",
            f"batch {command.batch!r} was released on {command.released_on} without a certificate",
            "give the number of the release certificate",
        )
    if command.released_on > command.expires_on:
        raise refuse(
            "date-order",
            f"batch {command.batch!r} is released on {command.released_on} and expires on {command.expires_on}",
            "check both dates",
        )


def need_batch(asked: Asked, name: str) -> Batch:
    """The batch, which must be registered at the site."""
    found = asked.state.stock.batches.get(name)
    if found is None:
        known = ", ".join(asked.state.stock.batches) or "none"
        raise refuse(
            "unknown-batch",
            f"batch {name!r} is not registered at site {asked.state.stock.site!r}",
            f"registered there: {known}; check the label, or register the batch first",
        )
    return found


def need_usable(batch: Batch, day: date, what: str) -> None:
    """Released and not expired on that day."""
    if not batch.released(day):
        said = f"released only on {batch.released_on}" if batch.released_on else "not released"
        raise refuse(
            "batch-not-released",
            f"batch {batch.name} was {said}: no {what} on {day}",
            "record its release certificate first",
        )
    if batch.expired(day):
        raise refuse(
            "batch-expired",
            f"batch {batch.name} expired on {batch.expires_on}: no {what} on {day}",
            "take another batch, and have this one returned or destroyed",
        )
