"""Signatures: what is signed, with which meaning, and which were broken by what.

21 CFR 11.50 (name, time, meaning), 11.70 (bound to the record), 11.200 (both components first, the password after).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trialrun.accounts.sessions import Session
from trialrun.app.form_controls import plain_unit
from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, RecordSignIn, Sign
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.content import days_in_scope, in_scope, scope_content
from trialrun.ledger.events import Event
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ERASED, Mark, ParticipantState, Query, SavedValue, Slot
from trialrun.study.model import Item, ItemType, Study

# What a signature can mean; the words are recorded with it (21 CFR 11.50(a)(3)).
MEANINGS: tuple[str, ...] = (
    marked("I have reviewed these data; they are complete and correct to the best of my knowledge."),
    marked("I entered these data and am responsible for them."),
    marked("I approve this casebook for analysis."),
)


class SigningError(UserError):
    """The signer is not who they say; nothing was signed."""


# --- what is signed ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignedValue:
    """One value as it is shown before signing."""

    item: str
    label: str
    shown: str
    missing: bool
    identifying: bool
    corrections: int


@dataclass(frozen=True, slots=True)
class SignedForm:
    """One form (row) within what is signed."""

    visit: str
    visit_title: str
    form: str
    title: str
    row: int
    values: tuple[SignedValue, ...]


@dataclass(frozen=True, slots=True)
class Manifestation:
    """A signature as 11.50 wants it shown: printed name, time, meaning; and whether it still holds."""

    name: str
    user: str
    at: str
    meaning: str
    scope: str
    content: str
    hash: str
    valid: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class ToSign:
    """All of what a signature would cover now, in full."""

    key: str
    number: str
    scope: str
    visit: str
    form: str
    row: int
    content: str
    days: tuple[tuple[str, str], ...]
    forms: tuple[SignedForm, ...]
    queries: tuple[Query, ...]
    given: tuple[Manifestation, ...]

    @property
    def label(self) -> str:
        """The participant's number; before enrolment the candidate's."""
        return self.number or self.key


def visit_title(study: Study, visit: str) -> str:
    """A visit's title with its number where it is a repeated one."""
    plain = plain_visit(visit)
    title = study.visits[plain].title if plain in study.visits else plain
    return title if plain == visit else f"{title} ({visit.partition('#')[2]})"


def scope_title(study: Study, visit: str, form: str, row: int = 0) -> str:
    """A scope in words: the casebook, a visit, a form of a visit."""
    if not visit:
        return _("the whole casebook")
    if not form:
        return visit_title(study, visit)
    title = study.forms[form].title if form in study.forms else form
    return f"{visit_title(study, visit)} · {title}" + (f" {row}" if row else "")


def shown_value(item: Item | None, value: SavedValue, *, identity: bool) -> str:
    """A saved value as people read it: label of the choice, unit, or the reason it is missing."""
    if item is not None and item.identifying and not identity:
        return _("(identifying, kept at the site)")
    if value.missing == ERASED:
        return _("(erased)")
    if value.missing:
        return _("missing: {}").format(value.missing.replace("_", " "))
    return shown_text(item, value.text or "", value.unit or "")


def shown_text(item: Item | None, text: str, unit: str = "") -> str:
    """A stored text as people read it."""
    if item is not None and item.type is ItemType.BOOLEAN:
        return {"true": _("yes"), "false": _("no")}.get(text, text)
    if item is not None and item.choices:
        labels = {choice.code: choice.label for choice in item.choices}
        return "; ".join(labels.get(code, code) for code in text.split(";"))
    return f"{text} {plain_unit(unit)}".strip()


def forms_in_scope(
    study: Study, person: ParticipantState, visit: str, form: str, row: int, *, identity: bool
) -> tuple[SignedForm, ...]:
    """The saved forms of a scope in the study's order, every value in the form's order."""
    held: dict[tuple[str, str, int], dict[str, SavedValue]] = {}
    for slot, value in person.values.items():
        if in_scope(slot, visit, form, row, ""):
            held.setdefault(slot[:3], {})[slot[3]] = value
    return tuple(
        SignedForm(
            place[0],
            visit_title(study, place[0]),
            place[1],
            study.forms[place[1]].title,
            place[2],
            tuple(_values(study, place[1], held[place], identity=identity)),
        )
        for place in sorted(held, key=form_order(study))
    )


def form_order(study: Study) -> Callable[[tuple[str, str, int]], tuple[int, int, int, int]]:
    """Orders places (visit, form, row) as the study's schedule does."""
    visits = {name: number for number, name in enumerate(study.visits)}

    def order(place: tuple[str, str, int]) -> tuple[int, int, int, int]:
        plain, _sep, times = place[0].partition("#")
        forms = study.visits[plain].forms if plain in study.visits else ()
        at = forms.index(place[1]) if place[1] in forms else len(forms)
        return visits.get(plain, len(visits)), int(times or 1), at, place[2]

    return order


def _values(
    study: Study, form: str, saved: dict[str, SavedValue], *, identity: bool
) -> Iterable[SignedValue]:
    for name in study.forms[form].items:
        if name in saved:
            item, value = study.items[name], saved[name]
            yield SignedValue(
                name,
                item.label,
                shown_value(item, value, identity=identity),
                bool(value.missing),
                item.identifying,
                value.corrections,
            )


def to_sign(
    workspace: Workspace, key: str, visit: str = "", form: str = "", row: int = 0, *, identity: bool = True
) -> ToSign:
    """What a signature over this scope would cover, with the digest it would be bound to."""
    study, person = workspace.study, workspace.conduct.participant(key)
    return ToSign(
        key=key,
        number=person.number,
        scope=scope_title(study, visit, form, row),
        visit=visit,
        form=form,
        row=row,
        content=scope_content(person, visit, form, row, ""),
        days=tuple((visit_title(study, name), said) for name, said in days_in_scope(person, visit, form)),
        forms=forms_in_scope(study, person, visit, form, row, identity=identity),
        queries=tuple(
            query
            for query in person.open_queries()
            if (not visit or query.visit == visit) and (not form or (query.form, query.row) == (form, row))
        ),
        given=tuple(
            one
            for one in manifestations(workspace, person)
            if (one.mark.visit, one.mark.form, one.mark.row) == (visit, form, row)
        ),
    )


def manifestations(workspace: Workspace, person: ParticipantState) -> tuple[Manifestation, ...]:
    """Every signature given for a participant, the newest first, broken ones among them."""
    names = workspace.conduct.access_state().users
    return tuple(
        Manifestation(
            names.get(mark.by, mark.by),
            mark.by,
            mark.at,
            mark.meaning,
            scope_title(workspace.study, mark.visit, mark.form, mark.row),
            mark.content,
            mark.hash,
            mark.valid,
            mark,
        )
        for mark in reversed(person.signatures)
    )


# --- signing -------------------------------------------------------------------------------------


def needs_user_name(session: Session) -> bool:
    """Whether this would be the first signature of the session: then name and password are both given."""
    return session.confirmed_at is None or session.confirmed_at <= session.opened_at


def confirm_signer(workspace: Workspace, session: Session, token: str, user: str, password: str) -> None:
    """Make sure the one who signs is the one signed in; failures count towards the account's lock.

    Args:
        token: of the session, which keeps that it was done.
        user: the user name as typed; looked at only for the first signature of a session.

    Errors: `SigningError`; nothing was signed.
    """
    now = workspace.now
    named = not needs_user_name(session) or user.strip() == session.user
    # With another name the attempt counts against the account signed in: somebody sits at this person's session.
    result = workspace.accounts.check_password(session.user, password if named else "", now=now)
    if not result.ok:
        outcome = "locked_out" if result.just_locked else "failure"
        failed = RecordSignIn(session.user, outcome, "signature", session.role, session.site)
        workspace.do(failed, SYSTEM)
    if result.locked_until is not None and not result.ok:
        raise SigningError(
            _("the account is locked after several wrong passwords"), _("wait, or ask the administrator")
        )
    if not named:
        raise SigningError(
            _("the user name is not the one signed in"), _("sign with your own name and password")
        )
    if not result.ok:
        raise SigningError(_("the password is not right: nothing was signed"), _("type it again"))
    workspace.accounts.confirm(token, now=now)


def sign(
    workspace: Workspace,
    actor: Actor,
    key: str,
    meaning: str,
    shown: str,
    visit: str = "",
    form: str = "",
    row: int = 0,
) -> Outcome:
    """Sign what was shown; call `confirm_signer` first.

    Args:
        shown: digest of the content as it was on the page; if it changed meanwhile nothing is signed.
    """
    if meaning not in MEANINGS:
        raise UserError(_("it is not said what the signature means"), _("choose one of the meanings"))
    person = workspace.conduct.participant(key)
    if scope_content(person, visit, form, row, "") != shown:
        raise UserError(
            _("somebody changed these data while you were reading: nothing was signed"),
            _("look at them again, then sign"),
        )
    # The ledger compares once more: somebody may save between this look and the signature.
    return workspace.do(Sign(key, meaning, visit, form, row, shown), actor)


# --- broken signatures ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that changed after a signature: where, from what to what, by whom, when, why."""

    visit: str
    form: str
    row: int
    item: str
    label: str
    old: str
    new: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class BrokenSignature:
    """A signature that no longer holds, with everything that changed under it since."""

    key: str
    number: str
    site: str
    given: Manifestation
    changes: tuple[Changed, ...]

    @property
    def label(self) -> str:
        """The participant's number; before enrolment the candidate's."""
        return self.number or self.key


def changes_since(
    workspace: Workspace, person: ParticipantState, mark: Mark, *, identity: bool = True
) -> tuple[Changed, ...]:
    """What changed in a signature's scope after it was given, in order."""
    found: list[Changed] = []
    after = False
    for event in workspace.store.read(f"participant/{person.key}"):
        if after:
            found.extend(_changes(workspace.study, event, mark, identity=identity))
        after = after or event.hash == mark.hash
    return tuple(found)


def _changes(study: Study, event: Event, mark: Mark, *, identity: bool) -> Iterable[Changed]:
    data = event.data
    if event.type == "RowRemoved":
        slot: Slot = (data["visit"], data["form"], data["row"], "")
        if in_scope(slot, mark.visit, mark.form, mark.row, ""):
            yield Changed(*slot, _("whole row"), _("present"), _("removed"), event.by, event.at, event.reason)
        return
    if event.type in ("VisitRecorded", "VisitMissed") and not mark.form and mark.visit in ("", data["visit"]):
        old, new = data.get("was") or _("(empty)"), data.get("date") or _("missed")
        label = _("Date of the visit")
        yield Changed(data["visit"], "", 0, "", label, old, new, event.by, event.at, event.reason)
    if event.type not in ("ItemsEntered", "ItemsCorrected"):
        return
    for name, entry in data["items"].items():
        slot = (data["visit"], data["form"], data["row"], name)
        if in_scope(slot, mark.visit, mark.form, mark.row, mark.item):
            item = study.items.get(name)
            old = _entry(item, data.get("was", {}).get(name), identity=identity)
            new = _entry(item, entry, identity=identity)
            label = item.label if item else name
            yield Changed(*slot, label, old, new, event.by, event.at, event.reason)


def _entry(item: Item | None, entry: dict[str, str] | None, *, identity: bool) -> str:
    """A value within an event as people read it."""
    if entry is None:
        return _("(empty)")
    if item is not None and item.identifying:
        return _("(identifying value)") if identity else _("(identifying, kept at the site)")
    if entry.get("missing"):
        return _("missing: {}").format(entry["missing"].replace("_", " "))
    if entry.get("text") is None:
        return _("(empty)")
    return shown_text(item, entry["text"], entry.get("unit") or "")


def broken_signatures(
    workspace: Workspace, people: Sequence[ParticipantState], user: str = "", *, identity: bool = True
) -> tuple[BrokenSignature, ...]:
    """Signatures that were broken and not given anew by the same person over the same, the last broken first.

    Args:
        user: only theirs (their notices); everyone's where empty.
    """
    found: list[BrokenSignature] = []
    for person in people:
        for given in manifestations(workspace, person):
            mark = given.mark
            again = any(
                other.valid and other.by == mark.by and _covers(other, mark) for other in person.signatures
            )
            if not mark.valid and user in ("", mark.by) and not again:
                changes = changes_since(workspace, person, mark, identity=identity)
                found.append(BrokenSignature(person.key, person.number, person.site, given, changes))
    return tuple(sorted(_last_only(found), key=lambda one: _last_change(one), reverse=True))


def _covers(wide: Mark, narrow: Mark) -> bool:
    return (
        wide.visit in ("", narrow.visit)
        and wide.form in ("", narrow.form)
        and (not wide.form or wide.row == narrow.row)
    )


def _last_only(found: Iterable[BrokenSignature]) -> Iterable[BrokenSignature]:
    """Of several broken signatures by one person over the same scope the last given tells enough."""
    last: dict[tuple[str, str, str, str, int], BrokenSignature] = {}
    for one in found:
        mark = one.given.mark
        place = (one.key, mark.by, mark.visit, mark.form, mark.row)
        if place not in last or last[place].given.at < one.given.at:
            last[place] = one
    return last.values()


def _last_change(broken: BrokenSignature) -> datetime:
    return datetime.fromisoformat(broken.changes[-1].at if broken.changes else broken.given.at)
