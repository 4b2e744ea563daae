"""The audit trail: search, files, recorded reviews; and a site's complete copy."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.site_copy import may_copy, site_copy
from trialrun.app.trail import (
    GROUPS,
    MOST_COUNTED,
    Trail,
    TrailChoice,
    TrailPage,
    choice_words,
    record_review,
)
from trialrun.app.trail_file import FORMATS, PreparedFile, trail_file
from trialrun.errors import UserError
from trialrun.ledger.event_types import TYPES
from trialrun.web.here import Here
from trialrun.web.pages.history import history_path
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole

WHO = ("see_trail",)
KINDS = {
    "changes": marked("Changes of saved data"),
    "data": marked("All data"),
    "queries": marked("Queries"),
    "review": marked("Verification, signatures, locks"),
    "consent": marked("Consent"),
    "access": marked("Accounts and sign-in"),
    "exports": marked("Files in and out"),
}


def _choice(given: Any) -> TrailChoice:
    """The choice from an address or a form: `given` looks up one of its fields."""
    names = ("who", "since", "until", "participant", "kind", "item", "text")
    return TrailChoice(**{name: given(name) for name in names}, system=given("system") == "yes")


def _fields(choice: TrailChoice) -> dict[str, str]:
    """The choice as fields of an address, the empty ones left out."""
    names = ("who", "since", "until", "participant", "kind", "item", "text")
    fields = {name: getattr(choice, name) for name in names if getattr(choice, name)}
    return {**fields, "system": "yes"} if choice.system else fields


@page("/trail", who=WHO)
def listed(here: Here) -> Response[str]:
    """The entries chosen by the address, the newest first, one page at a time."""
    return _listed(here, _choice(here.query))


def _listed(here: Here, choice: TrailChoice, error: UserError | None = None) -> Response[str]:
    trail = Trail(here.workspace, here.actor)
    before = here.query("before")
    shown = TrailPage((), 0)
    try:
        shown = trail.page(choice, whole(before))
    except UserError as problem:
        error = problem
    study, fields = here.workspace.study, _fields(choice)
    unreviewed = trail.unreviewed() if here.may("ReviewTrail") else 0
    older = urlencode({**fields, "before": shown.older})
    return here.render(
        "trail/list.html",
        status=422 if error else 200,
        choice=choice,
        fields=fields,
        rows=shown.rows,
        older=f"/trail?{older}" if shown.older else "",
        newest=not before,
        words=trail.words,
        kinds=[
            *((name, _(words)) for name, words in KINDS.items()),
            *((name, name) for name in sorted(TYPES)),
        ],
        items=sorted(
            ((item.name, item.label) for item in study.items.values()), key=lambda one: one[1].lower()
        ),
        users=sorted(here.workspace.conduct.access_state().users.items()),
        history=history_path,
        unreviewed=unreviewed,
        since_review=_since_review(unreviewed),
        chosen=choice_words(choice),
        end=shown.rows[0].event.position if shown.rows else 0,
        can_copy=may_copy(here.actor),
        error=error,
        known=frozenset(GROUPS),
    )


def _since_review(count: int) -> str:
    """How much came since the reader's last review, in words."""
    if count >= MOST_COUNTED:
        return _("{n} entries or more since your last recorded review.").format(n=MOST_COUNTED)
    return ngettext(
        "{n} entry since your last recorded review.", "{n} entries since your last recorded review.", count
    ).format(n=count)


def _sent(made: PreparedFile) -> Stream:
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Content-Length": str(made.size),
        "Cache-Control": "no-store",
        "X-Checksum-SHA256": made.checksum,
    }
    return Stream(made.chunks(), media_type=made.media_type, headers=headers)


@action("/trail/export", who=WHO)
def export(here: Here) -> Response[Any]:
    """The chosen entries, or all, as a file; taking it is itself an entry."""
    kind = here.text("format")
    if kind not in FORMATS:
        raise NotFoundException
    choice = TrailChoice(system=True) if here.text("whole") else _choice(here.text)
    try:
        return _sent(trail_file(here.workspace, here.actor, choice, kind))
    except UserError as error:
        return _listed(here, choice, error)


# --- reviews -------------------------------------------------------------------------------------


@page("/trail/reviews", who=WHO)
def reviews(here: Here) -> Response[str]:
    """The reviews on record, and what came after the last one."""
    return _reviews(here)


def _reviews(here: Here, error: UserError | None = None) -> Response[str]:
    trail = Trail(here.workspace, here.actor)
    through = here.text("through") or here.query("through") or str(here.workspace.store.position()[0])
    return here.render(
        "trail/reviews.html",
        status=422 if error else 200,
        rows=trail.reviews(),
        words=trail.words,
        since_review=_since_review(trail.unreviewed()),
        typed={
            "through": through,
            "scope": here.text("scope") or here.query("scope") or choice_words(TrailChoice()),
            "finding": here.text("finding"),
        },
        error=error,
    )


@action("/trail/reviews", who="ReviewTrail")
def record(here: Here) -> Response[Any]:
    """Put a review on record."""
    through = here.text("through")
    try:
        number = whole(through)
        record_review(here.workspace, here.actor, here.text("scope"), number, here.text("finding"))
    except UserError as error:
        return _reviews(here, error)
    return here.redirect("/trail/reviews", _("The review is on record."))


# --- the site's copy -----------------------------------------------------------------------------


@page("/site-copy", who="take_site_copy")
def copy_page(here: Here) -> Response[str]:
    """What the complete copy holds, and the button to take it."""
    return _copy_page(here)


def _copy_page(here: Here, error: UserError | None = None) -> Response[str]:
    return here.render(
        "trail/site_copy.html",
        status=422 if error else 200,
        can=may_copy(here.actor),
        site=here.actor.site,
        people=len(here.participants()),
        error=error,
    )


@action("/site-copy", who="take_site_copy")
def copy(here: Here) -> Response[Any]:
    """Make the copy and send it."""
    try:
        return _sent(site_copy(here.workspace, here.actor))
    except UserError as error:
        return _copy_page(here, error)


ROUTES = [listed, export, reviews, record, copy_page, copy]
