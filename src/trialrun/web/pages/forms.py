"""Forms: the page a coordinator works in all day. Show, check while typing, save, settle collisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.form_checks import Examined, examine
from trialrun.app.form_controls import conversion, plain_unit
from trialrun.app.form_drafts import FormDraft, drop_form_draft, form_draft, keep_form_draft
from trialrun.app.form_entry import NEW_ROW, FormPlace, NoSuchFormError, Typed
from trialrun.app.form_merge import changes_since
from trialrun.app.form_rows import rows_page
from trialrun.app.form_scores import derived_shown
from trialrun.app.form_view import FormPage, form_page
from trialrun.app.forms import Collision, Needs, Saved, Submission, save_form, take_back_row
from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.errors import UserError
from trialrun.values.missing import MissingReason
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole, whole

READ = ("see_participants",)
WRITE = ("SaveForm",)
_BASE = "/participants/{key:str}/visits/{visit:str}/forms/{form:str}"
_ROW = _BASE + "/rows/{row:str}"

# What is chosen is kept with the change as it stands here; it is translated where it is shown.
REASONS = (
    marked("Typing error"),
    marked("Misread in the source"),
    marked("Wrong unit"),
    marked("The source was corrected"),
    marked("Entered in the wrong field or form"),
    marked("Found when answering a query"),
    marked("Information that came later"),
)
MISSING_WORDS: Mapping[MissingReason, str] = {
    MissingReason.NOT_DONE: marked("Not done"),
    MissingReason.UNKNOWN: marked("Unknown"),
    MissingReason.REFUSED: marked("Refused by the participant"),
    MissingReason.NOT_APPLICABLE: marked("Not applicable"),
    MissingReason.ILLEGIBLE: marked("Illegible in the source"),
    MissingReason.NOT_ASKED: marked("Not asked"),
}


# --- where things are ------------------------------------------------------------------------


def visit_path(place: FormPlace) -> str:
    """The address of the visit a form belongs to."""
    return f"/participants/{quote(place.participant)}/visits/{quote(place.visit, safe='')}"


def form_path(place: FormPlace) -> str:
    """The address of a form; of its row, where it has one."""
    base = f"{visit_path(place)}/forms/{quote(place.form)}"
    if place.row == 0:
        return base
    return f"{base}/rows/{'new' if place.row == NEW_ROW else place.row}"


def history_path(place: FormPlace, item: str) -> str:
    """The address of a value's history."""
    base = f"/participants/{quote(place.participant)}/history/{quote(place.visit, safe='')}"
    return f"{base}/{quote(place.form)}/{max(place.row, 0)}/{quote(item)}"


def _place(here: Here, key: str, visit: str, form: str, row: str = "0") -> FormPlace:
    here.participant(key)
    known = here.workspace.study.forms.get(form)
    if known is None or not (row in ("new", "0") or is_whole(row)):
        raise NotFoundException(_("The study has no such form."))
    number = NEW_ROW if row == "new" else int(row)
    if known.repeating != (number != 0):
        raise NotFoundException(_("The study has no such form."))
    return FormPlace(key, visit, form, number)


# --- what was sent ---------------------------------------------------------------------------


def _typed(here: Here, place: FormPlace) -> dict[str, Typed]:
    """The fields that were on the page; identifying ones only from those who may see them."""
    study = here.workspace.study
    found: dict[str, Typed] = {}
    for name in study.forms[place.form].items:
        if f"v.{name}" not in here.form or (study.items[name].identifying and not here.sees_identity):
            continue
        parts = [part for part in here.texts(f"v.{name}") if part]
        found[name] = Typed(";".join(parts), here.text(f"u.{name}"), here.text(f"m.{name}"))
    return found


def _named(here: Here, prefix: str) -> dict[str, str]:
    """Fields of the form whose names begin so, without it."""
    return {
        name.removeprefix(prefix): values[0].strip()
        for name, values in here.form.items()
        if name.startswith(prefix) and values[0].strip()
    }


def _submission(here: Here, place: FormPlace) -> Submission:
    chosen, words = here.text("reason.choice"), here.text("reason.words")
    return Submission(
        typed=_typed(here, place),
        seen=whole(here.text("seen")),
        first_seen=whole(here.text("first_seen")),
        reason=": ".join(part for part in (chosen, words) if part),
        decisions=_named(here, "d."),
        undecided=here.texts("undecided"),
        confirmed=frozenset(here.texts("confirmed")),
        answers=_named(here, "answer."),
        hidden=_named(here, "hidden."),
    )


# --- pages -----------------------------------------------------------------------------------


def _show(here: Here, place: FormPlace, *, status: int = 200, **more: Any) -> Response[str]:
    """The form as saved, or as typed with what has to be settled first."""
    page_shown: FormPage = more.pop("shown")
    context = {
        "page": page_shown,
        "title": page_shown.form.title,
        "address": form_path(place),
        "back": visit_path(place),
        "rows_address": form_path(replace(place, row=0)) if place.row else "",
        "missing_words": {reason.value: _(words) for reason, words in MISSING_WORDS.items()},
        "reasons": [(reason, _(reason)) for reason in REASONS],
        "needs": None,
        "submission": None,
        "refused": None,
        "draft": None,
        "continued": None,
        "unit_words": plain_unit,
        "history_of": lambda item: history_path(place, item),
        **more,
    }
    return here.render("forms/form.html", status=status, **context)


def _read(here: Here, place: FormPlace, **more: Any) -> FormPage:
    try:
        return form_page(here.workspace, here.actor, place, identity=here.sees_identity, **more)
    except NoSuchFormError as error:
        raise NotFoundException(error.message) from error


@page(_BASE, who=READ)
def show_form(here: Here, key: str, visit: str, form: str) -> Response[str]:
    """A form at a visit; of a repeating form the list of its rows."""
    known = here.workspace.study.forms.get(form)
    if known is not None and known.repeating:
        return _show_rows(here, key, visit, form)
    return _open(here, _place(here, key, visit, form))


@page(_ROW, who=READ)
def show_row(here: Here, key: str, visit: str, form: str, row: str) -> Response[str]:
    """One row of a repeating form; `new` for a row to come."""
    return _open(here, _place(here, key, visit, form, row))


def _open(here: Here, place: FormPlace) -> Response[str]:
    shown = _read(here, place)
    draft = form_draft(here.workspace, here.actor, place) if shown.access.writable else None
    if draft is not None and here.query("draft") == "continue":
        return _continued(here, place, draft)
    return _show(here, place, shown=shown, draft=draft)


def _continued(here: Here, place: FormPlace, draft: FormDraft) -> Response[str]:
    """The form with a draft's fields, examined as if it had been typed just now."""
    examined = examine(here.workspace, here.actor, place, draft.typed)
    shown = _read(here, place, typed=draft.typed, examined=examined, seen=draft.seen)
    left_out = (
        [here.workspace.study.items[name].label for name in draft.left_out] if here.sees_identity else []
    )
    return _show(here, place, shown=shown, continued=draft, left_out=left_out)


def _show_rows(
    here: Here, key: str, visit: str, form: str, *, status: int = 200, error: UserError | None = None
) -> Response[str]:
    place = _place(here, key, visit, form, "new")
    try:
        shown = rows_page(here.workspace, here.actor, replace(place, row=0), identity=here.sees_identity)
    except NoSuchFormError as missing:
        raise NotFoundException(missing.message) from missing
    return here.render(
        "forms/rows.html",
        status=status,
        page=shown,
        title=shown.form.title,
        address=form_path(replace(place, row=0)),
        back=visit_path(place),
        error=error,
        removing=here.text("row") or here.query("take_back"),
        reason=here.text("reason"),
        draft=form_draft(here.workspace, here.actor, place) if shown.access.writable else None,
    )


# --- saving ----------------------------------------------------------------------------------


@action(_BASE, who=WRITE)
def save(here: Here, key: str, visit: str, form: str) -> Response[Any]:
    """Save a form."""
    return _save(here, _place(here, key, visit, form))


@action(_ROW, who=WRITE)
def save_row(here: Here, key: str, visit: str, form: str, row: str) -> Response[Any]:
    """Save a row of a repeating form."""
    return _save(here, _place(here, key, visit, form, row))


def _save(here: Here, place: FormPlace) -> Response[Any]:
    submission = _submission(here, place)
    try:
        result = save_form(here.workspace, here.actor, place, submission)
    except NoSuchFormError as error:
        raise NotFoundException(error.message) from error
    except UserError as error:
        examined = examine(here.workspace, here.actor, place, submission.typed, reason=submission.reason)
        return _again(here, place, Needs(examined, submission.typed), submission, error)
    if isinstance(result, Saved):
        return _after(here, place, result)
    if isinstance(result, Collision):
        return _collided(here, place, result, submission)
    return _again(here, place, result, submission)


def _again(
    here: Here, place: FormPlace, needs: Needs, submission: Submission, error: UserError | None = None
) -> Response[str]:
    """The form once more, with everything typed and what is still needed."""
    examined: Examined = needs.examined
    typed = _with_decisions(needs.typed, submission)
    seen = max(submission.seen, 0)
    shown = _read(here, place, typed=typed, examined=examined, seen=seen)
    refused = error or (
        UserError(examined.refusal.message, examined.refusal.remedy) if examined.refusal else None
    )
    return _show(
        here, place, status=422, shown=shown, needs=needs, submission=submission, refused=refused,
        may_answer=here.may("AnswerQuery"), reason_words=here.text("reason.words"), then=here.text("then"),
    )  # fmt: skip


def _with_decisions(typed: Mapping[str, Typed], submission: Submission) -> Mapping[str, Typed]:
    return {**submission.typed, **typed}


def _collided(here: Here, place: FormPlace, collision: Collision, submission: Submission) -> Response[str]:
    """Mine and theirs, field by field."""
    merge = collision.merge
    first_seen = submission.first_seen if collision.missing else submission.seen
    study = here.workspace.study
    return here.render(
        "forms/collision.html",
        status=409,
        merge=merge,
        missing=collision.missing,
        title=study.forms[place.form].title,
        address=form_path(place),
        back=visit_path(place),
        place=place,
        typed=merge.typed,
        first_seen=first_seen,
        submission=submission,
        then=here.text("then"),
    )


def _after(here: Here, place: FormPlace, saved: Saved) -> Response[Any]:
    """Where to go on: the visit, the next form, or another row."""
    study = here.workspace.study
    then, title = here.text("then"), study.forms[place.form].title
    if not saved.outcome.events:
        notice, kind = _("Nothing had changed on %(form)s; nothing was saved.") % {"form": title}, "info"
    else:
        notice, kind = _("%(form)s is saved.") % {"form": title}, "success"
    count = len(saved.opened)
    if count:
        notice += " " + ngettext("%(n)d query was opened.", "%(n)d queries were opened.", count) % {
            "n": count
        }
    address = form_path(replace(place, row=0)) if place.row else visit_path(place)
    forms = study.visits[place.visit.partition("#")[0]].forms
    if then == "row":
        address = form_path(replace(place, row=NEW_ROW))
    elif then == "stay":
        address = form_path(replace(place, row=saved.row))
    elif then == "next" and place.form in forms[:-1]:
        address = form_path(replace(place, form=forms[forms.index(place.form) + 1], row=0))
    return here.redirect(address, notice, kind)


@action(_ROW + "/take-back", who="RemoveRow")
def take_back(here: Here, key: str, visit: str, form: str, row: str) -> Response[Any]:
    """Take back a row that was entered by mistake."""
    place = _place(here, key, visit, form, row)
    try:
        take_back_row(here.workspace, here.actor, place, here.text("reason"))
    except UserError as error:
        return _show_rows(here, key, visit, form, status=422, error=error)
    said = _("Row %(row)d was taken back; it stays readable in the history.") % {"row": place.row}
    return here.redirect(form_path(replace(place, row=0)), said)


# --- while typing ----------------------------------------------------------------------------


@action((_BASE + "/check", _ROW + "/check"), who=WRITE)
def check(here: Here, key: str, visit: str, form: str, row: str = "0") -> Response[Any]:
    """What saving would lead to, as data for the page's script; nothing is written."""
    place = _place(here, key, visit, form, row)
    typed = _typed(here, place)
    try:
        examined = examine(here.workspace, here.actor, place, typed, reason=here.text("reason.words"))
    except NoSuchFormError as error:
        raise NotFoundException(error.message) from error
    items = here.workspace.study.items
    since = changes_since(here.workspace, place, whole(here.text("seen"))) if place.row >= 0 else ()
    refusal = examined.refusal
    derived = derived_shown(here.workspace.study, examined.person, place)
    return here.json(
        {
            "problems": {
                name: f"{one.message}: {one.remedy}" if one.remedy else one.message
                for name, one in examined.problems.items()
            },
            "refusal": f"{refusal.message}. {refusal.remedy}".strip() if refusal else "",
            "findings": [
                {"rule": one.rule, "item": one.item, "message": one.message} for one in examined.findings
            ],
            "asked": dict(examined.asked),
            "converted": {name: conversion(items[name], one) for name, one in typed.items()},
            "derived": {one.name: one.value for one in derived},
            "changed": list(examined.entries),
            "others": sorted({event.by for event in since}),
            "scores": here.pages.render("forms/scores.html", here, {"derived": derived}),
        }
    )


@action((_BASE + "/draft", _ROW + "/draft"), who=WRITE)
def draft(here: Here, key: str, visit: str, form: str, row: str = "0") -> Response[Any]:
    """Keep what is typed, apart from the record."""
    place = _place(here, key, visit, form, row)
    kept = keep_form_draft(here.workspace, here.actor, place, _typed(here, place), whole(here.text("seen")))
    at = here.now.astimezone(here.workspace.zone)
    return here.json({"kept": kept, "at": f"{at:%H:%M}"})


@action((_BASE + "/draft/discard", _ROW + "/draft/discard"), who=WRITE)
def discard(here: Here, key: str, visit: str, form: str, row: str = "0") -> Response[Any]:
    """Forget a draft."""
    place = _place(here, key, visit, form, row)
    drop_form_draft(here.workspace, here.actor, place)
    return here.redirect(form_path(place), _("The draft was discarded."), "info")


ROUTES = [
    show_form, show_row, save, save_row, take_back, check, draft, discard,
]  # fmt: skip
