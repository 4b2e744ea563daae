"""Empty forms on paper, for the day the application cannot be reached: every form by visit, to be entered afterwards.

Source: ICH E6(R3) 4.3.6 (contingency); EU GMP Annex 11 (2011), 16.
"""

from __future__ import annotations

from collections.abc import Iterator

from trialrun.app.documents import DocumentFile, made
from trialrun.app.form_controls import plain_unit
from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.report.documents.blocks import Block, Document, Facts, Heading, Note, Section, Table
from trialrun.study.model import Form, Item, ItemType, Study

_WIDTHS = (9, 9, 4)
_BOX, _LINE = "[  ]", "................................"


def paper_forms_file(workspace: Workspace) -> DocumentFile:
    """All forms of the study, empty, as PDF. It holds nobody's data; who took it is not recorded."""
    study = workspace.study
    name = f"{study.registry_id or study.id} · {study.title}"
    footer = _("Empty forms of the study definition {hash}").format(hash=study.hash[:16])
    whole = Document(
        _("Forms on paper"),
        [_first(study, name), *_visits(study)],
        workspace.now,
        subtitle=name,
        footer=footer,
        page_words=(_("Page"), _("of")),
    )
    return made("forms-on-paper.pdf", whole)


def _first(study: Study, name: str) -> Section:
    words = _(
        "For the time in which the application cannot be reached. Nobody is consented, judged eligible, enrolled or "
        "given a dose on these sheets alone: such steps wait until the application answers, unless the protocol says what "
        "to do. Keep the sheets: they are the source. Enter them as soon as possible; the log keeps the day of the visit "
        "and the moment of entry apart."
    )
    rows = [(form.title, ", ".join(_visits_of(study, form.name)) or "–") for form in study.forms.values()]
    return Section(
        (Heading(_("How to use these sheets")), Note(words), Table((_("Form"), _("Visits")), rows)),
        (name, ""),
    )


def _visits_of(study: Study, form: str) -> list[str]:
    return [visit.title for visit in study.visits.values() if form in visit.forms]


def _visits(study: Study) -> Iterator[Section]:
    for visit in study.visits.values():
        if visit.forms:
            blocks: list[Block] = [Heading(visit.title), _head()]
            for name in visit.forms:
                blocks += _form(study, study.forms[name])
            yield Section(blocks, (study.registry_id or study.id, visit.title))


def _head() -> Facts:
    lines = (
        _("Participant number"),
        _("Site"),
        _("Date of the visit"),
        _("Filled in by, on"),
        _("Signature"),
    )
    return Facts([(name, _LINE) for name in lines])


def _form(study: Study, form: Form) -> Iterator[Block]:
    if form.repeating:
        yield Note(
            _("{form}: copy this sheet for each entry; none to report: {box}").format(
                form=form.title, box=_BOX
            )
        )
    rows = [_row(study.items[name]) for name in form.items]
    yield Table((_("Item"), _("Answer"), _("If missing, why")), rows, form.title, _WIDTHS)


def _row(item: Item) -> tuple[str, str, str]:
    label = item.label if item.required else _("{item} (optional)").format(item=item.label)
    return label, _answer(item), ""


def _answer(item: Item) -> str:
    match item.type:
        case ItemType.BOOLEAN:
            return f"{_BOX} {_('yes')}   {_BOX} {_('no')}"
        case ItemType.CHOICE | ItemType.CHOICES:
            return "   ".join(f"{_BOX} {choice.label}" for choice in item.choices)
        case ItemType.DATE:
            return _("year ........ month ..... day .....")
        case ItemType.DATETIME:
            return _("year ........ month ..... day ..... time ..... : .....")
        case ItemType.NUMBER | ItemType.INTEGER if len(item.units) > 1:
            units = "   ".join(f"{_BOX} {plain_unit(unit)}" for unit in item.units)
            return f"................  {units}"
        case ItemType.NUMBER | ItemType.INTEGER:
            unit = plain_unit(item.unit) if item.unit else ""
            return f"................  {unit}".rstrip()
        case _:
            return _LINE
