"""The builder: one entry of a draft beside the record's words, looked at while it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.builder.changing import (
    Clashing,
    Harmful,
    Result,
    Saved,
    add_entry,
    change_entry,
    remove_entry,
    rename_entry,
)
from trialrun.app.builder.checked import Checked
from trialrun.app.builder.fields import FIELDS, SECTION_WORDS, read_entry
from trialrun.app.builder.overview import SETTLED, beside, findings_of, is_question, section_of
from trialrun.app.builder.rules import RuleAnswer, Tried, look_at_rule, try_rule
from trialrun.app.builder.shown import in_file, shown_entry
from trialrun.app.builder.sound import look_at_entry
from trialrun.app.builder.uses import fixed_names, uses
from trialrun.app.builder.workshop import Workshop
from trialrun.app.language import gettext as _
from trialrun.errors import StudyError, UserError
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.pages.drafts import opened
from trialrun.web.desk.routes import DRAFT, action, page

_ENTRY = "/drafts/{draft:str}/{section:str}/{name:str}"


@dataclass(frozen=True, slots=True)
class Place:
    """The entry a page is about; `new` when it is being added."""

    work: Workshop
    checked: Checked
    seen: str
    section: str
    name: str
    new: bool = False

    @property
    def entry(self) -> Mapping[str, Any]:
        """What it says; nothing for a new one."""
        return self.checked.section(self.section).get(self.name, {})

    @property
    def address(self) -> str:
        """Its page."""
        return f"/drafts/{self.work.name}/{self.section}/{self.name}"

    @property
    def words(self) -> tuple[str, str]:
        """What the section and one of its entries are called."""
        many, one = SECTION_WORDS[self.section]
        return _(many), _(one)


@page("/drafts/{draft:str}/{section:str}", who=DRAFT)
def section(here: DeskHere, draft: str, section: str) -> Response[str]:
    """All entries of a section, the record's words left and what they became right; unresolved first."""
    _need_section(section)
    work, checked, mark = opened(here, draft)
    shown = section_of(checked, section)
    rows = shown.rows if here.query("order") == "study" else shown.sorted
    return here.render(
        "desk/builder/section.html", work=work, checked=checked, shown=shown, rows=rows, seen=mark,
        in_order=here.query("order") == "study",
    )  # fmt: skip


@page(_ENTRY, who=DRAFT)
def entry(here: DeskHere, draft: str, section: str, name: str) -> Response[str]:
    """One entry as a form."""
    return _form(here, _place(here, draft, section, name))


@page("/drafts/{draft:str}/add/{section:str}", who=DRAFT)
def new_entry(here: DeskHere, draft: str, section: str) -> Response[str]:
    """An empty form for a new entry."""
    return _form(here, _place(here, draft, section, "", new=True))


@action("/drafts/{draft:str}/add/{section:str}", who=DRAFT)
def add(here: DeskHere, draft: str, section: str) -> Response[str] | Redirect:
    """Put a new entry into the study, or try its rule."""
    place = _place(here, draft, section, "", new=True)
    return _tried(here, place) if here.text("try") else _save(here, place)


@action(_ENTRY, who=DRAFT)
def save(here: DeskHere, draft: str, section: str, name: str) -> Response[str] | Redirect:
    """Save an entry, or try its rule."""
    place = _place(here, draft, section, name)
    return _tried(here, place) if here.text("try") else _save(here, place)


@action(f"{_ENTRY}/look", who=DRAFT)
def look(here: DeskHere, draft: str, section: str, name: str) -> Response[Any]:
    """What can be said of the form as it is now, for the page's script; nothing is kept."""
    return _said(here, draft, section, name)


@action("/drafts/{draft:str}/add/{section:str}/look", who=DRAFT)
def look_at_new(here: DeskHere, draft: str, section: str) -> Response[Any]:
    """The same for an entry being added: what is not filled in yet is not held against it."""
    return _said(here, draft, section, "")


def _said(here: DeskHere, draft: str, section: str, name: str) -> Response[Any]:
    _need_section(section)
    _work, checked, _mark = opened(here, draft)
    read = read_entry(section, here.texts)
    said: dict[str, dict[str, Any]] = {
        field: {"message": message, "remedy": ""}
        for field, message in read.errors.items()
        if name or field not in read.values
    }
    for field, (message, remedy) in look_at_entry(checked, section, read.values).items():
        said.setdefault(field, {"message": message, "remedy": remedy})
    for field, answer in _rules(checked, section, name, here.texts).items():
        if answer.message or answer.words:
            said.setdefault(
                field, {"words": answer.words, "message": answer.message, "remedy": answer.remedy}
            )
    return here.json({"fields": said})


@action(f"{_ENTRY}/rename", who=DRAFT)
def rename(here: DeskHere, draft: str, section: str, name: str) -> Response[str] | Redirect:
    """Give an entry another name, wherever the study uses it."""
    place = _place(here, draft, section, name)
    new = here.text("new_name")
    try:
        made = rename_entry(place.work, section, name, new, seen=here.text("seen"), now=here.now)
    except UserError as error:
        return _form(here, place, error=error)
    if not isinstance(made, Saved):
        return _not_saved(here, place, made)
    notice = _("{} is now called {}.").format(name, new)
    if made.beside:
        notice += " " + _("{} may still use the old name.").format(", ".join(made.beside))
    return here.redirect(f"/drafts/{draft}/{section}/{new}", notice, "warning" if made.beside else "success")


@action(f"{_ENTRY}/remove", who=DRAFT)
def remove(here: DeskHere, draft: str, section: str, name: str) -> Response[str] | Redirect:
    """Take an entry out; refused where something works with it."""
    place = _place(here, draft, section, name)
    keep = bool(here.text("keep"))
    try:
        made = remove_entry(place.work, section, name, seen=here.text("seen"), now=here.now, keep=keep)
    except UserError as error:
        return _form(here, place, error=error)
    if not isinstance(made, Saved):
        return _not_saved(here, place, made, removing=True)
    return here.redirect(
        f"/drafts/{draft}/{section}", _("{} is removed. The list of versions brings it back.").format(name)
    )


@action(f"{_ENTRY}/settle", who=DRAFT)
def settle(here: DeskHere, draft: str, section: str, name: str) -> Response[str] | Redirect:
    """Say that a criterion stays a question to whoever vouches for it."""
    if section != "criteria":
        raise NotFoundException
    place = _place(here, draft, section, name)
    form = shown_entry("criteria", place.entry) | {"note": [f"{SETTLED}, in the record's own words."]}
    read = read_entry("criteria", lambda key: form.get(key, []))
    try:
        made = change_entry(
            place.work, "criteria", name, read, seen=here.text("seen"), now=here.now, keep=False
        )
    except UserError as error:
        return _form(here, place, error=error)
    if not isinstance(made, Saved):
        return _not_saved(here, place, made)
    return here.redirect(f"/drafts/{draft}/criteria", _("{} stays a question.").format(name))


# --- saving ----------------------------------------------------------------------------------------


def _save(here: DeskHere, place: Place) -> Response[str] | Redirect:
    read = read_entry(place.section, here.texts)
    if read.errors:
        return _form(here, place, sent=here.texts, errors=read.errors)
    keep, seen = bool(here.text("keep")), here.text("seen")
    name = here.text("entry_name") if place.new else place.name
    make = add_entry if place.new else change_entry
    try:
        made = make(place.work, place.section, name, read, seen=seen, now=here.now, keep=keep)
    except UserError as error:
        return _form(here, place, sent=here.texts, error=error)
    if not isinstance(made, Saved):
        return _not_saved(here, place, made)
    notice = _("{} is saved.").format(name)
    if made.merged:
        notice += " " + _("Other parts of the file were changed meanwhile; those changes are kept too.")
    if made.harm:
        notice += " " + _("It has errors now, so it is a draft that does not load yet.")
    return here.redirect(
        f"/drafts/{place.work.name}/{place.section}/{name}", notice, "warning" if made.harm else "success"
    )


def _not_saved(here: DeskHere, place: Place, made: Result, *, removing: bool = False) -> Response[str]:
    """The form as it was sent, with what the change would break, or with what somebody else wrote meanwhile."""
    sent = None if removing or not here.texts("seen") or ("label" not in here.form and "title" not in here.form and "text" not in here.form and "about" not in here.form) else here.texts  # fmt: skip
    if isinstance(made, Harmful):
        return _form(here, place, sent=sent, harm=made, removing=removing)
    if isinstance(made, Clashing):
        return _form(here, place, sent=sent, clash=made)
    return _form(here, place, sent=sent)


def _tried(here: DeskHere, place: Place) -> Response[str]:
    """The form as it was sent, with what its rule answers."""
    rule = here.text("expression")
    if place.checked.study is None:
        error = StudyError(_("A rule is tried on a study that loads."), _("Correct the errors first."))
        return _form(here, place, sent=here.texts, error=error)
    try:
        tried = try_rule(place.checked.study, place.name, rule, lambda item: here.text(f"try.{item}"))
    except UserError:
        # What is wrong with the rule stands beside it.
        return _form(here, place, sent=here.texts)
    return _form(here, place, sent=here.texts, tried=tried)


# --- showing ---------------------------------------------------------------------------------------


def _form(
    here: DeskHere,
    place: Place,
    *,
    sent: Callable[[str], Sequence[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    error: UserError | None = None,
    harm: Harmful | None = None,
    clash: Clashing | None = None,
    tried: Tried | None = None,
    removing: bool = False,
) -> Response[str]:
    kept = shown_entry(place.section, place.entry)
    form: Callable[[str], Sequence[str]] = sent or (lambda key: kept.get(key, []))
    rules = _rules(place.checked, place.section, place.name, form)
    if tried is None and place.section == "criteria":
        tried = _needed(place, form)
    bad = bool(errors or error or harm or clash)
    theirs = shown_entry(place.section, clash.theirs) if clash and clash.theirs else {}
    return here.render(
        "desk/builder/entry.html",
        status=422 if bad else 200,
        place=place,
        work=place.work,
        fields=FIELDS[place.section],
        form=form,
        entries=place.checked.section,
        rules=rules,
        errors=errors or {},
        error=error,
        harm=harm,
        clash=clash,
        in_file=lambda field: in_file(field, form, theirs),
        seen=clash.version if clash else (here.text("seen") if sent else place.seen),
        findings=findings_of(place.checked, place.section, place.name),
        quotes=beside(place.checked, place.section, place.name),
        used=uses(place.checked.data, place.section, place.name) if place.name else (),
        fixed=place.name in fixed_names(place.checked.data).get(place.section, ()),
        question=place.section == "criteria" and not place.new and is_question(place.checked, place.entry),
        tried=tried,
        given=lambda item: here.text(f"try.{item}"),
        removing=removing,
        entry_name=here.text("entry_name"),
    )


def _rules(
    checked: Checked, section: str, name: str, form: Callable[[str], Sequence[str]]
) -> dict[str, RuleAnswer]:
    found: dict[str, RuleAnswer] = {}
    for field in FIELDS[section]:
        if field.kind == "rule":
            text = (list(form(field.name)) or [""])[0]
            found[field.name] = look_at_rule(checked, section, name, text.replace("\r\n", "\n"))
    order = 0
    while section == "forms" and (rule := list(form(f"checks.{order}.expression"))):
        found[f"checks.{order}.expression"] = look_at_rule(
            checked, section, name, rule[0].replace("\r\n", "\n")
        )
        order += 1
    return found


def _needed(place: Place, form: Callable[[str], Sequence[str]]) -> Tried | None:
    """The items a criterion rests on, to be tried; none for a rule that does not fit."""
    rule = (list(form("expression")) or [""])[0]
    if place.checked.study is None or not rule.strip():
        return None
    try:
        return Tried(try_rule(place.checked.study, place.name, rule, lambda _item: "").items)
    except UserError:
        return None


def _place(here: DeskHere, draft: str, section: str, name: str, *, new: bool = False) -> Place:
    _need_section(section)
    work, checked, mark = opened(here, draft)
    if not new and name not in checked.section(section):
        raise NotFoundException(_("There is no {} in this draft.").format(f"{section}.{name}"[:80]))
    return Place(work, checked, mark, section, name, new)


def _need_section(section: str) -> None:
    if section not in FIELDS:
        raise NotFoundException


ROUTES = [section, entry, new_entry, add, save, look, look_at_new, rename, remove, settle]
