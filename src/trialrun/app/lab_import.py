"""Laboratory results from a file: looked at line by line before anything is saved, then saved, bad lines given back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from trialrun.app.lab_file import LabFile, Meaning, mapping_from, read_day
from trialrun.app.language import gettext as _
from trialrun.app.visits import anchors_of, visit_title
from trialrun.app.workspace import Workspace
from trialrun.derive.names import local_name
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, Entry, RecordImport, SaveForm
from trialrun.ledger.decide.refusal import Refusal
from trialrun.ledger.rows import plain_visit
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.schedule import target_window
from trialrun.values.quantity import parse_decimal

KIND = "laboratory"
Place = tuple[str, str, str]  # participant, visit, form


class Standing(StrEnum):
    """What becomes of a line."""

    NEW = "new"
    SAME = "same"
    DIFFERS = "differs"
    LEFT_OUT = "left_out"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file, and where it would be saved; `message` says why it is rejected, or what differs."""

    number: int
    cells: Mapping[str, str]
    standing: Standing
    participant: str = ""
    visit: str = ""
    visit_title: str = ""
    form: str = ""
    item: str = ""
    text: str = ""
    unit: str = ""
    on: date | None = None
    laboratory: str = ""
    saved: str = ""
    message: str = ""

    @property
    def place(self) -> Place:
        """Participant, visit and form."""
        return (self.participant, self.visit, self.form)


@dataclass(frozen=True, slots=True)
class Preview:
    """All lines of a file; nothing is saved yet."""

    lines: tuple[Line, ...]

    def of(self, standing: Standing | str) -> tuple[Line, ...]:
        """The lines of one standing."""
        return tuple(line for line in self.lines if line.standing == standing)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: values saved, and the lines given back with their reasons."""

    saved: int
    forms: int
    rejected: tuple[Line, ...]


def last_mapping(workspace: Workspace, site: str) -> Meaning | None:
    """The mapping of the site's newest laboratory import, read from the log."""
    newest: Meaning | None = None
    for event in workspace.store.read("study"):
        if event.type == "FileImported" and event.data["kind"] == KIND and event.data["site"] in ("", site):
            newest = mapping_from(event.data["description"]) or newest
    return newest


def preview(
    workspace: Workspace, actor: Actor, sites: Sequence[str], file: LabFile, mapping: Meaning
) -> Preview:
    """Every line of a file with what would become of it; the log's own rules are asked, nothing is written.

    Args:
        sites: the sites whose participants may be meant.
    """
    people = _people(workspace, sites)
    lines = [_line(workspace, people, number, cells, mapping) for number, cells in file.rows]
    return Preview(tuple(_asked(workspace, actor, _without_doubles(lines))))


def _people(workspace: Workspace, sites: Sequence[str]) -> dict[str, ParticipantState]:
    found: dict[str, ParticipantState] = {}
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.site in sites:
            found[key.casefold()] = person
            if person.number:
                found[person.number.casefold()] = person
    return found


def _line(
    workspace: Workspace,
    people: Mapping[str, ParticipantState],
    number: int,
    cells: Mapping[str, str],
    mapping: Meaning,
) -> Line:
    def cell(column: str) -> str:
        return cells.get(mapping.columns.get(column, ""), "")

    shown = {column: cell(column) for column in mapping.columns}
    line = Line(
        number, shown, Standing.NEW, text=cell("result"), laboratory=cell("laboratory") or mapping.laboratory
    )
    try:
        item = mapping.tests.get(cell("test"), "")
        if not item:
            return replace(line, standing=Standing.LEFT_OUT, message=_("the test is not mapped to an item"))
        person = _person(people, cell("participant"))
        on = read_day(cell("date"), mapping.dates)
        visit, form = _visit(workspace, person, item, on)
        text = _number(cell("result"), comma=mapping.comma)
        unit = _unit(mapping, cell("unit"))
        line = replace(
            line, participant=person.key, visit=visit, visit_title=visit_title(workspace.study, visit),
            form=form, item=item, text=text, unit=unit, on=on,
        )  # fmt: skip
        _need_one_sample(workspace, person, line)
        return _compared(line, person.values.get((visit, form, 0, item)))
    except UserError as error:
        words = f"{error.message} ({error.remedy})" if error.remedy else error.message
        return replace(line, standing=Standing.REJECTED, message=words)


def _person(people: Mapping[str, ParticipantState], named: str) -> ParticipantState:
    person = people.get(named.casefold())
    if person is None:
        raise UserError(_("there is no participant {} at your site").format(named or "—"))
    return person


def _unit(mapping: Meaning, named: str) -> str:
    unit = mapping.units.get(named, "")
    if named and not unit:
        raise UserError(_("the unit {} is not mapped to one of ours").format(named))
    return unit


def _number(text: str, *, comma: bool) -> str:
    """The number as the log keeps it: the text as written, with a decimal point."""
    if comma:
        if "." in text:
            raise UserError(_("{} has a point where decimals are written with a comma").format(text))
        text = text.replace(",", ".")
    parse_decimal(text)
    return text


def _visit(workspace: Workspace, person: ParticipantState, item: str, on: date) -> tuple[str, str]:
    """The recorded visit of that very day, or the one in whose window the sample lies.

    Errors: `UserError` where no recorded visit fits; a visit is never recorded by an import.
    """
    study = workspace.study
    form = study.form_of(item)
    if form is None or form.repeating:
        raise UserError(_("no form asks {} once").format(item))
    held = {
        name: day for name, day in person.visits.items() if form.name in study.visits[plain_visit(name)].forms
    }
    sampled = local_name(study, "sample_date")
    for name in held:
        saved = person.values.get((name, form.name, 0, sampled))
        if saved is not None and saved.text == on.isoformat():
            return name, form.name
    fitting = [name for name, day in held.items() if day == on] or [
        name for name, day in held.items() if _in_window(workspace, person, name, day, on)
    ]
    if not fitting:
        raise UserError(
            _("no recorded visit of {} fits a sample of {}").format(person.key, on),
            _("record the visit first, or look at the date"),
        )
    return min(fitting, key=lambda name: (abs((held[name] - on).days), name)), form.name


def _in_window(workspace: Workspace, person: ParticipantState, name: str, day: date, on: date) -> bool:
    study = workspace.study
    window = target_window(study, plain_visit(name), anchors_of(study, person).days)
    if window is not None and window[1] < window[2]:
        return window[1] <= on <= window[2]
    days = int(study.settings.get("screening_days", 28))
    kind = study.visits[plain_visit(name)].kind.value
    return kind == "screening" and day - timedelta(days=days) <= on <= day


def _need_one_sample(workspace: Workspace, person: ParticipantState, line: Line) -> None:
    """A form holds one sample: another day, or another laboratory, does not go on it."""
    study = workspace.study
    given = {"sample_date": line.on.isoformat() if line.on else "", "laboratory_name": line.laboratory}
    for name, text in given.items():
        saved = person.values.get((line.visit, line.form, 0, local_name(study, name)))
        if saved is not None and saved.text and text and saved.text != text:
            raise UserError(
                _("the form already holds the sample of {}, this one is of {}").format(saved.text, text),
                _("enter it at an unscheduled visit, or correct the form"),
            )


def _compared(line: Line, saved: SavedValue | None) -> Line:
    if saved is None:
        return line
    shown = saved.missing or f"{saved.text} {saved.unit or ''}".strip()
    if saved.text == line.text and (saved.unit or "") == line.unit:
        return replace(line, standing=Standing.SAME, saved=shown)
    message = _("saved by {} as {}").format(saved.by, shown)
    return replace(line, standing=Standing.DIFFERS, saved=shown, message=message)


def _without_doubles(lines: list[Line]) -> list[Line]:
    """Two different results for one place are both rejected: which one counts is not for us to say."""
    held: dict[tuple[Place, str], list[Line]] = {}
    for line in lines:
        if line.standing in (Standing.NEW, Standing.DIFFERS, Standing.SAME):
            held.setdefault((line.place, line.item), []).append(line)
    doubled = {
        line.number: [other.number for other in group if other.number != line.number]
        for group in held.values()
        if len({(line.text, line.unit, line.on) for line in group}) > 1
        for line in group
    }
    repeated = {line.number for group in held.values() for line in group[1:] if line.number not in doubled}
    out: list[Line] = []
    for line in lines:
        if line.number in doubled:
            others = ", ".join(str(number) for number in doubled[line.number])
            message = _("line {} gives another result for the same visit").format(others)
            out.append(replace(line, standing=Standing.REJECTED, message=message))
        elif line.number in repeated:
            out.append(replace(line, standing=Standing.LEFT_OUT, message=_("the same line stands above")))
        else:
            out.append(line)
    return out


def _asked(workspace: Workspace, actor: Actor, lines: list[Line]) -> list[Line]:
    """The lines after the log's own rules were asked about each."""
    out: list[Line] = []
    for line in lines:
        if line.standing in (Standing.NEW, Standing.DIFFERS):
            refusal = _refusal(workspace, actor, [line], "imported")
            if refusal is not None:
                words = f"{refusal.message} ({refusal.remedy})" if refusal.remedy else refusal.message
                line = replace(line, standing=Standing.REJECTED, message=words)
        out.append(line)
    return out


def _refusal(workspace: Workspace, actor: Actor, lines: Sequence[Line], reason: str) -> Refusal | None:
    decided = workspace.conduct.decide(_command(workspace, lines, reason), actor)
    return decided if isinstance(decided, Refusal) else None


def _command(workspace: Workspace, lines: Sequence[Line], reason: str) -> SaveForm:
    study, first = workspace.study, lines[0]
    values = {line.item: Entry(line.text, line.unit or None) for line in lines}
    person = workspace.conduct.participant(first.participant)
    beside = {"sample_date": first.on.isoformat() if first.on else "", "laboratory_name": first.laboratory}
    for name, text in beside.items():
        item = local_name(study, name)
        held = person.values.get((first.visit, first.form, 0, item))
        if text and item in study.forms[first.form].items and (held is None or not held.text):
            values[item] = Entry(text)
    return SaveForm(
        first.participant, first.visit, first.form,
        values=values, expected_version=workspace.conduct.version(first.participant), reason=reason,
    )  # fmt: skip


def import_results(
    workspace: Workspace,
    actor: Actor,
    sites: Sequence[str],
    file: LabFile,
    mapping: Meaning,
    *,
    replace_lines: frozenset[int],
    reason: str,
) -> Imported:
    """Save the new results, and of the differing ones those chosen; the import itself stands in the log.

    Args:
        replace_lines: numbers of the lines whose result replaces the saved one.
        reason: why the saved ones are replaced; needed when there are any.

    Every line is asked again first; the lines of one form are saved together or not at all. What is rejected is
    recorded by line number and reason with the import, so that nothing is lost.
    Errors: `UserError` when a reason is missing; `CommandRefusedError` when the visitor may not import.
    """
    seen = preview(workspace, actor, sites, file, mapping)
    chosen = [
        line
        for line in seen.lines
        if line.standing is Standing.NEW
        or (line.standing is Standing.DIFFERS and line.number in replace_lines)
    ]
    if any(line.standing is Standing.DIFFERS for line in chosen) and not reason.strip():
        raise UserError(_("replacing saved results needs a reason"), _("say why in a few words"))
    why = f"imported from {file.name} ({file.checksum[:12]})" + (
        f": {reason.strip()}" if reason.strip() else ""
    )
    rejected = list(seen.of(Standing.REJECTED))
    groups: dict[Place, list[Line]] = {}
    for line in chosen:
        groups.setdefault(line.place, []).append(line)
    saved = forms = 0
    site = sites[0] if len(sites) == 1 else ""
    for lines in groups.values():
        try:
            workspace.do(_command(workspace, lines, why), actor)
        except UserError as error:
            rejected += [replace(line, standing=Standing.REJECTED, message=error.message) for line in lines]
        else:
            saved, forms = saved + len(lines), forms + 1
    kept = {
        "mapping": json.loads(mapping.as_text()),
        "rejected": [[line.number, line.message] for line in rejected],
    }
    description = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    workspace.do(RecordImport(KIND, file.name, file.checksum, saved, len(rejected), description, site), actor)
    return Imported(saved, forms, tuple(rejected))
