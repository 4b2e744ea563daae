"""Random allocation: the list's state, preparing it, and opening one arm in an emergency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.response import Redirect

from trialrun.app.allocation import (
    allocation_view,
    arm_shown,
    arms_file,
    new_seed,
    possible_factors,
    prepare,
    unblind,
)
from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.ledger.allocation import SITE
from trialrun.ledger.commands import PrepareAllocation
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole

_VIEW = ("see_participants", "see_allocation", "PrepareAllocation")


@page("/allocation", who=_VIEW)
def show(here: Here) -> Response[str]:
    """How far the list is used; arms only for those who may know them."""
    return _page(here)


def _page(here: Here, error: UserError | None = None) -> Response[str]:
    study = here.workspace.study
    view = allocation_view(here.workspace, here.actor)
    known = dict(view.ratio)
    shares_in_all = sum(known.values()) or len(study.arms)
    typed = error is not None and "blocks" in here.form
    shares = {arm: here.text(f"ratio-{arm}") if typed else str(known.get(arm, 1)) for arm in study.arms}
    return here.render(
        "allocation/allocation.html",
        status=200 if error is None else 422,
        view=view,
        shares=shares,
        factors=possible_factors(study),
        chosen=_chosen(_strata(here) if typed else view.factors or ("site",)),
        blocks=here.text("blocks") if typed else f"{2 * shares_in_all} {3 * shares_in_all}",
        length=here.text("length") if typed else str(study.target),
        seed=here.text("seed") if typed else new_seed(),
        error=error,
        reason=here.text("reason"),
        titles={name: arm.title for name, arm in study.arms.items()},
    )


@action("/allocation", who="PrepareAllocation")
def prepared(here: Here) -> Response[str] | Redirect:
    """Make a list."""
    try:
        command = PrepareAllocation(
            ratio={arm: _whole(here.text(f"ratio-{arm}")) for arm in here.workspace.study.arms},
            blocks=tuple(_whole(part) for part in here.text("blocks").replace(",", " ").split()),
            strata=_strata(here),
            length=_whole(here.text("length")),
            seed=here.text("seed"),
        )
        prepare(here.workspace, here.actor, command)
    except UserError as error:
        return _page(here, error)
    return here.redirect("/allocation", _("The list is prepared and sealed."))


@action("/allocation/arms", who="PrepareAllocation")
def arms(here: Here) -> Response[Any]:
    """Everybody's arm as a file, once the database is locked; recorded as an export."""
    try:
        text = arms_file(here.workspace, here.actor, here.text("reason"))
    except UserError as error:
        return _page(here, error)
    return here.download(text, "arms.csv", "text/csv; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The strata as the form shows them: site or not, and up to two answers."""

    site: bool
    items: tuple[str, str]


def _chosen(factors: Iterable[str]) -> Chosen:
    names = [name for name in factors if name != SITE]
    return Chosen(SITE in set(factors), (names[0] if names else "", names[1] if len(names) > 1 else ""))


def _strata(here: Here) -> tuple[str, ...]:
    site = (SITE,) if here.text("site") else ()
    return (*site, *(text for number in (1, 2) if (text := here.text(f"stratum-{number}"))))


def _whole(text: str) -> int:
    if not is_whole(text):
        raise UserError(_("{text} is not a whole number").format(text=repr(text)), _("Write digits only."))
    return int(text)


@page("/participants/{key:str}/unblind", who="Unblind")
def ask(here: Here, key: str) -> Response[str]:
    """Before an arm is opened: what it means."""
    return _ask(here, key)


def _ask(here: Here, key: str, error: UserError | None = None) -> Response[str]:
    person = here.participant(key)
    arm = arm_shown(here.workspace.study, person, here.actor.role)
    arms = here.workspace.study.arms
    return here.render(
        "allocation/unblind.html",
        status=200 if error is None else 422,
        person=person,
        arm=arms[arm].title if arm in arms else "",
        reason=here.text("reason"),
        error=error,
    )


@action("/participants/{key:str}/unblind", who="Unblind")
def opened(here: Here, key: str) -> Response[Any] | Redirect:
    """Open it; everybody sees that it was done, by whom and why."""
    here.participant(key)
    if here.text("sure") != "true":
        return _ask(
            here, key, UserError(_("The box was not ticked."), _("Tick it if the arm must be known now."))
        )
    try:
        unblind(here.workspace, here.actor, key, here.text("reason"))
    except UserError as error:
        return _ask(here, key, error)
    return here.redirect(f"/participants/{key}/unblind", _("The arm is open."), "warning")


ROUTES = [show, prepared, arms, ask, opened]
