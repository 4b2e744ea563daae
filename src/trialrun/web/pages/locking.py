"""Freezing and locking parts of a casebook, and the checklist to database lock."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.app.language import gettext as _
from trialrun.app.locks import (
    HOLDS,
    hold,
    hold_view,
    lock_database,
    lock_view,
    record_step,
    unlock_database,
)
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.pages.signing import scope_of
from trialrun.web.routes import action, page

_HOLDERS = ("Freeze", "Unfreeze", "Lock", "Unlock")
_LOCKERS = ("RecordLockStep", "LockDatabase", "UnlockDatabase")
_MOST_SHOWN = 50


@page("/participants/{key:str}/hold", who=_HOLDERS)
def hold_page(here: Here, key: str) -> Response[str]:
    """Freeze, unfreeze, lock or unlock a form, a visit or the casebook."""
    here.participant(key)
    visit, form, _row = scope_of(here, here.query("visit"), here.query("form"), "")
    return _hold_page(here, key, visit, form)


def _hold_page(here: Here, key: str, visit: str, form: str, error: UserError | None = None) -> Response[str]:
    view = hold_view(here.workspace, key, visit, form)
    words = {"freeze": _("Freeze"), "unfreeze": _("Unfreeze"), "lock": _("Lock"), "unlock": _("Unlock")}
    return here.render(
        "locking/hold.html",
        status=422 if error else 200,
        view=view,
        actions=[(name, words[name]) for name in view.actions if here.may(HOLDS[name].__name__)],
        reason=here.text("reason"),
        error=error,
    )


@action("/participants/{key:str}/hold", who=_HOLDERS)
def hold_now(here: Here, key: str) -> Response[Any]:
    """Carry it out; the ledger asks the right of the very command."""
    here.participant(key)
    visit, form, _row = scope_of(here, here.text("visit"), here.text("form"), "")
    what = here.text("what")
    try:
        if what in HOLDS:
            hold(here.workspace, here.actor, what, key, visit, form, here.text("reason"))
    except UserError as error:
        return _hold_page(here, key, visit, form, error)
    return here.redirect(f"/participants/{key}", _("Done. It is in the audit trail."))


@page("/lock", who=_LOCKERS)
def lock_page(here: Here) -> Response[str]:
    """The steps to database lock as the ledger shows them."""
    return _lock_page(here)


def _lock_page(here: Here, error: UserError | None = None) -> Response[str]:
    return here.render(
        "locking/database.html",
        status=422 if error else 200,
        view=lock_view(here.workspace),
        names=here.workspace.conduct.access_state().users,
        most=_MOST_SHOWN,
        typed={name: here.text(name) for name in ("step", "note", "reason")},
        error=error,
    )


@action("/lock/step", who="RecordLockStep")
def step(here: Here) -> Response[Any]:
    """Document a step."""
    return _do(here, lambda: record_step(here.workspace, here.actor, here.text("step"), here.text("note")))


@action("/lock/database", who="LockDatabase")
def lock_now(here: Here) -> Response[Any]:
    """Lock the database."""
    return _do(here, lambda: lock_database(here.workspace, here.actor, here.text("reason")))


@action("/lock/unlock", who="UnlockDatabase")
def unlock_now(here: Here) -> Response[Any]:
    """Unlock the database."""
    return _do(here, lambda: unlock_database(here.workspace, here.actor, here.text("reason")))


def _do(here: Here, act: Any) -> Response[Any]:
    try:
        act()
    except UserError as error:
        return _lock_page(here, error)
    return here.redirect("/lock", _("Done. It is in the audit trail."))


ROUTES = [hold_page, hold_now, lock_page, step, lock_now, unlock_now]
