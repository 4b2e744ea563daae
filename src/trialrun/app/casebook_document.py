"""A casebook on paper: every form by visit, then derived values, questions, marks, and every change with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from trialrun.app.form_controls import plain_unit
from trialrun.app.language import gettext as _
from trialrun.app.roster import standing_of, standing_words
from trialrun.app.signatures import (
    form_order,
    manifestations,
    scope_title,
    shown_text,
    shown_value,
    visit_title,
)
from trialrun.app.work import label_of
from trialrun.app.workspace import Workspace
from trialrun.ledger.events import Event
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.report.documents.blocks import Block, Facts, Heading, Note, Section, Table
from trialrun.study.model import Item, Study

_ENTRY_WIDTHS = (8, 7, 4, 4)
_CHANGE_WIDTHS = (4, 3, 5, 4, 4, 5)


def cover_section(workspace: Workspace, people: Sequence[ParticipantState]) -> Section:
    """The list of the participants whose casebooks follow."""
    rows = [
        (
            person.key,
            person.number,
            person.site,
            standing_words(standing_of(workspace.study, person), person.end_cause),
        )
        for person in people
    ]
    columns = (_("Candidate"), _("Participant"), _("Site"), _("Status"))
    empty = _("There is nobody in your scope.")
    return Section(
        (Heading(_("Participants")), Table(columns, rows, empty=empty)), (_study_name(workspace), "")
    )


def casebook_section(workspace: Workspace, person: ParticipantState, *, identity: bool) -> Section:
    """One participant's casebook.

    Args:
        identity: whether identifying values are shown; they are named as left out where not.
    """
    pages = _Pages(workspace, person, identity=identity)
    blocks: list[Block] = [
        Heading(_("Participant {}").format(label_of(person))),
        Facts(list(pages.facts())),
        Note(_("Computed values support, and never replace, the investigator’s judgement.")),
        *pages.forms(),
        Heading(_("Questions (queries)"), 2),
        pages.queries(),
        Heading(_("Deviations"), 2),
        pages.deviations(),
        Heading(_("Signatures"), 2),
        pages.signatures(),
        Heading(_("Source verification"), 2),
        pages.verifications(),
        Heading(_("Appendix: changes and their reasons"), 2),
        pages.changes(),
    ]
    return Section(blocks, (_study_name(workspace), _("Participant {}").format(label_of(person))))


def _study_name(workspace: Workspace) -> str:
    study = workspace.study
    return f"{study.registry_id or study.id} · {study.sponsor}".strip(" ·")


class _Pages:
    """The parts of one participant's casebook."""

    def __init__(self, workspace: Workspace, person: ParticipantState, *, identity: bool) -> None:
        self.workspace = workspace
        self.study: Study = workspace.study
        self.person = person
        self.identity = identity
        self.names = workspace.conduct.access_state().users
        self.events = tuple(workspace.store.read(f"participant/{person.key}"))

    def when(self, moment: str) -> str:
        there = datetime.fromisoformat(moment).astimezone(self.workspace.zone)
        return f"{there:%Y-%m-%d %H:%M}"

    def who(self, user: str) -> str:
        return self.names.get(user, user)

    def facts(self) -> Iterator[tuple[str, str]]:
        person = self.person
        yield _("Candidate number"), person.key
        yield _("Site"), person.site
        yield _("Status"), standing_words(standing_of(self.study, person), person.end_cause)
        for consent in person.consents:
            words = _("version {version} ({language}), explained by {who}").format(
                version=consent.version, language=consent.language, who=consent.explained_by
            )
            yield _("Consent of {}").format(consent.signed_on), words
        for part, day in person.stopped.items():
            yield _("Withdrawn"), f"{day}: {part.replace('_', ' ')}"
        if person.enrolled_at:
            yield _("Enrolled"), self.when(person.enrolled_at)
        if person.arm in self.study.arms:
            yield _("Arm"), self.study.arms[person.arm].title
        if person.ended_on:
            yield _("Ended"), f"{person.ended_on} ({person.end_cause.replace('_', ' ')})"
        yield _("Times"), _("in the time zone {}").format(self.workspace.zone.key)

    # --- values ------------------------------------------------------------------------------

    def forms(self) -> Iterator[Block]:
        held: dict[tuple[str, str, int], dict[str, SavedValue]] = {}
        for slot, value in self.person.values.items():
            held.setdefault(slot[:3], {})[slot[3]] = value
        visits = list(
            dict.fromkeys([*self.person.visits, *(visit for visit, *_rest in held), *self.person.missed])
        )
        order = form_order(self.study)
        for visit in sorted(visits, key=lambda name: order((name, "", 0))):
            yield Heading(self._visit(visit), 2)
            for place in sorted((one for one in held if one[0] == visit), key=order):
                form = self.study.forms[place[1]]
                caption = form.title + (f" {place[2]}" if place[2] else "")
                rows = [
                    self._row(self.study.items[name], held[place][name])
                    for name in form.items
                    if name in held[place]
                ]
                columns = (_("Item"), _("Value"), _("Entered by"), _("At"))
                yield Table(columns, rows, caption, _ENTRY_WIDTHS)
            yield from self._derived(visit)

    def _visit(self, visit: str) -> str:
        title = visit_title(self.study, visit)
        if visit in self.person.visits:
            return f"{title} · {self.person.visits[visit]}"
        if visit in self.person.missed:
            return _("{visit} · missed: {reason}").format(visit=title, reason=self.person.missed[visit])
        return title

    def _row(self, item: Item, value: SavedValue) -> tuple[str, str, str, str]:
        shown = shown_value(item, value, identity=self.identity)
        if value.corrections:
            shown += _(" (corrected, see the appendix)")
        return item.label, shown, self.who(value.by), self.when(value.at)

    def _derived(self, visit: str) -> Iterator[Block]:
        rows: list[tuple[str, str]] = []
        for (where, name), value in self.person.derived.items():
            if where != visit:
                continue
            label, unit = self._computed(name)
            missing = ", ".join(self._label(one) for one in value.unknown_because)
            unknown = _("unknown, lacks {}").format(missing) if missing else _("unknown")
            words = {"true": _("yes"), "false": _("no")}.get(value.text or "", value.text)
            rows.append((label, f"{words} {unit}".strip() if value.text is not None else unknown))
        if rows:
            yield Table((_("Computed"), _("Value")), rows, _("Computed values"), (8, 13))

    def _computed(self, name: str) -> tuple[str, str]:
        """Label and unit of a computed value; a score's component is named after its score."""
        derived = self.study.derived.get(name)
        if derived is not None:
            return derived.label, plain_unit(derived.unit or "")
        owners = [one for one in self.study.derived.values() if name.startswith(f"{one.name}_")]
        owner = max(owners, key=lambda one: len(one.name), default=None)
        if owner is None:
            return name.replace("_", " "), ""
        return f"{owner.label}: {name.removeprefix(owner.name + '_').replace('_', ' ')}", ""

    def _label(self, name: str) -> str:
        return self.study.items[name].label if name in self.study.items else name

    # --- what was said about them --------------------------------------------------------------

    def _place(self, visit: str, form: str, row: int, item: str = "") -> str:
        place = scope_title(self.study, visit, form, row)
        return f"{place} · {self._label(item)}" if item else place

    def queries(self) -> Table:
        rows = [
            (
                query.id,
                self._place(query.visit, query.form, query.row, query.item),
                query.message,
                query.answer,
                f"{query.status} · {self.who(query.opened_by)} {self.when(query.opened_at)}",
            )
            for query in self.person.queries.values()
        ]
        columns = (_("Number"), _("Where"), _("Question"), _("Answer"), _("Status, opened"))
        return Table(columns, rows, "", (2, 5, 6, 4, 4))

    def deviations(self) -> Table:
        rows = [
            (
                one.id,
                f"{one.kind} {visit_title(self.study, one.visit) if one.visit else ''}".strip(),
                one.description,
                one.importance or _("not assessed"),
                one.action,
            )
            for one in self.person.deviations.values()
        ]
        columns = (_("Number"), _("Kind, visit"), _("What happened"), _("Importance"), _("Action"))
        return Table(columns, rows, "", (2, 3, 7, 3, 4))

    def signatures(self) -> Table:
        rows = [
            (
                f"{given.name} ({given.user})",
                self.when(given.at),
                given.meaning,
                given.scope,
                _("holds") if given.valid else _("broken by a later change"),
                given.content[:16],
            )
            for given in manifestations(self.workspace, self.person)
        ]
        columns = (_("Name"), _("At"), _("Meaning"), _("What"), _("Status"), _("Content hash"))
        return Table(columns, rows, "", (4, 3, 5, 4, 3, 4), _("Nothing is signed."))

    def verifications(self) -> Table:
        rows = [
            (
                self._place(mark.visit, mark.form, mark.row, mark.item),
                self.who(mark.by),
                self.when(mark.at),
                _("holds") if mark.valid else _("lost by a later change"),
            )
            for mark in self.person.verifications
        ]
        return Table((_("What"), _("By"), _("At"), _("Status")), rows, "", (9, 4, 4, 4))

    # --- the appendix ----------------------------------------------------------------------------

    def changes(self) -> Table:
        rows = [row for event in self.events for row in self._change(event)]
        columns = (_("When, who"), _("What"), _("Where"), _("From"), _("To"), _("Reason"))
        return Table(columns, rows, "", _CHANGE_WIDTHS, _("Nothing was changed after it was first saved."))

    def _change(self, event: Event) -> Iterable[tuple[str, str, str, str, str, str]]:
        data, by = event.data, f"{self.when(event.at)} {self.who(event.by)}"
        if event.type == "ItemsCorrected":
            where = self._place(data["visit"], data["form"], data["row"])
            for name, entry in data["items"].items():
                item = self.study.items.get(name)
                old, new = (self._entry(item, one) for one in (data["was"].get(name), entry))
                yield by, self._label(name), where, old, new, event.reason
        elif event.type == "RowRemoved":
            yield (
                by,
                _("row removed"),
                self._place(data["visit"], data["form"], data["row"]),
                "",
                "",
                event.reason,
            )
        elif event.type == "VisitRecorded" and data.get("was"):
            yield (
                by,
                _("visit date"),
                visit_title(self.study, data["visit"]),
                data["was"],
                data["date"],
                event.reason,
            )
        elif event.type in _HELD:
            where = scope_title(self.study, data["visit"], data["form"])
            yield by, _HELD[event.type], where, "", "", event.reason
        elif event.type == "ConsentWithdrawn":
            yield by, _("consent withdrawn"), "", "", data["on"], event.reason

    def _entry(self, item: Item | None, entry: dict[str, str] | None) -> str:
        if item is not None and item.identifying:
            return _("(identifying value)")
        if entry is None or (entry.get("text") is None and not entry.get("missing")):
            return _("(empty)")
        if entry.get("missing"):
            return _("missing: {}").format(entry["missing"].replace("_", " "))
        return shown_text(item, entry["text"], entry.get("unit") or "")


_HELD = {
    "DataFrozen": "frozen",
    "DataUnfrozen": "unfrozen",
    "DataLocked": "locked",
    "DataUnlocked": "unlocked",
}
