"""PDF documents of the trial: a consent's copy, casebooks, the screening log. Taking one is in the trail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trialrun.app.casebook_document import casebook_section, cover_section
from trialrun.app.consents import GivenConsent, language_name, withdrawals
from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.app.work import label_of
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.ledger.commands import Actor, RecordExport
from trialrun.ledger.state import ParticipantState
from trialrun.report.documents.blocks import (
    Block,
    Bullets,
    Document,
    Facts,
    Heading,
    Note,
    Paragraph,
    Run,
    Section,
    Signed,
    Table,
    document,
)
from trialrun.report.documents.typeset import compile_document
from trialrun.study.prose import BlockKind, Line, ProseBlock, read_prose


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A finished document: file name (plain ASCII), bytes, SHA-256."""

    name: str
    content: bytes
    checksum: str


def made(name: str, of: Document) -> DocumentFile:
    """A document set as PDF."""
    content = compile_document(of)
    return DocumentFile(name, content, hashlib.sha256(content).hexdigest())


def record_taken(
    workspace: Workspace, actor: Actor, kind: str, description: str, file: DocumentFile, purpose: str = ""
) -> None:
    """Put into the trail that somebody took a document out.

    Errors: `CommandRefusedError` for a role that may not take data out.
    """
    workspace.do(RecordExport(kind, description, file.checksum, purpose), actor)


def record_own(workspace: Workspace, actor: Actor, kind: str, description: str, file: DocumentFile) -> None:
    """Put into the trail that somebody took a document their view right gives them, without the right to take data out.

    The system records it and says for whom: participants their own consent, readers of safety one report.
    """
    taken = RecordExport(kind, f"{description}, taken by {actor.user}", file.checksum)
    workspace.do(taken, actor if "RecordExport" in rights_of(workspace.study, actor.role) else SYSTEM)


def local(workspace: Workspace, moment: str) -> str:
    """A UTC moment in the study's time zone, with the zone's name."""
    there = datetime.fromisoformat(moment).astimezone(workspace.zone)
    return f"{there:%Y-%m-%d %H:%M} {workspace.zone.key}"


def position_words(workspace: Workspace) -> str:
    """Where in the log a document stands: position and running hash, so that it can be checked against it."""
    position, link = workspace.store.position()
    return _("Log position {position}, hash {link}; study definition {study}").format(
        position=position, link=link[:16], study=workspace.study.hash[:12]
    )


# --- the participant's copy of a consent ---------------------------------------------------------


def consent_copy(workspace: Workspace, person: ParticipantState, given: GivenConsent) -> DocumentFile:
    """The text that was signed with answers, signature and hash, in the text's own language."""
    consent, text = given.consent, given.text
    blocks: list[Block] = []
    if text is not None:
        if not given.same_words:
            blocks.append(
                Note(_("The words of this version have changed in the study since they were signed."))
            )
        blocks += prose_blocks(read_prose(text.text))
    blocks += [Heading(_("Questions and answers")), _answers(given)] if text and text.questions else []
    blocks += [Heading(_("Signature")), *_signature(workspace, given)]
    reasons = [
        Note(
            _("Consent was withdrawn from {on}: {stops}.").format(
                on=one.on, stops=", ".join(map(stop_words, one.stops))
            )
        )
        for one in withdrawals(workspace, person.key)
    ]
    made_of = document(
        _("Copy of a consent"),
        [*reasons, *blocks],
        made_at=workspace.now,
        subtitle=_("Version {version} ({language})").format(
            version=consent.version, language=language_name(consent.language)
        ),
        header=(workspace.study.registry_id or workspace.study.id, label_of(person)),
        footer=_("SHA-256 of the text and its questions {hash}; entry {entry}").format(
            hash=consent.text_hash[:32], entry=consent.hash[:16]
        ),
        language=consent.language,
    )
    return made(f"consent-{person.key}-{consent.version}-{consent.language}.pdf", made_of)


def stop_words(part: str) -> str:
    """What a withdrawal stops, in words."""
    known = {
        "treatment": _("no further treatment"),
        "follow_up": _("no further visits or data"),
        "samples": _("no further use of kept samples"),
    }
    return known.get(part, part)


def method_words(method: str) -> str:
    """How a consent was signed, in words."""
    known = {
        "paper": _("on paper"),
        "typed": _("on the screen, name typed"),
        "drawn": _("on the screen, drawn"),
    }
    return known.get(method, method)


def _answers(given: GivenConsent) -> Table:
    rows: list[tuple[str, str]] = []
    for question in given.text.questions if given.text else ():
        labels = {answer.code: answer.label for answer in question.answers}
        said = given.consent.answers.get(question.id, "")
        words = [labels.get(one, one) for one in said.split(";")] if said else []
        rows.append((question.ask, " → ".join(words) or _("not asked on the screen")))
    return Table((_("Question"), _("Answers, in order")), rows)


def _signature(workspace: Workspace, given: GivenConsent) -> Iterable[Block]:
    consent = given.consent
    names = workspace.conduct.access_state().users
    when = (
        f"{consent.signed_on} {consent.signed_at} {workspace.zone.key if consent.signed_at else ''}".strip()
    )
    name = _("(erased)") if given.erased else given.printed_name or _("(on the paper original)")
    meaning = _("Meaning: informed consent to taking part, version {}").format(consent.version)
    yield Signed(name, (when, meaning, method_words(consent.method)), given.drawing)
    facts = [
        (_("Explained by"), consent.explained_by),
        (_("Capacity to consent"), _("judged present") if consent.capacity else _("not present")),
        (_("Witness"), _("(erased)") if consent.witness and given.erased else consent.witness or _("none")),
        (
            _("Recorded by"),
            f"{names.get(consent.by, consent.by)} ({consent.by}), {local(workspace, consent.at)}",
        ),
        *([(_("Paper original kept"), consent.kept_at)] if consent.kept_at else []),
        (_("Remark"), given.reason or _("none")),
        (_("SHA-256 of text and questions"), consent.text_hash),
        (_("Entry in the log"), consent.hash),
    ]
    yield Facts(facts)


def prose_blocks(prose: Sequence[ProseBlock]) -> list[Block]:
    """A text's blocks as a document's."""
    blocks: list[Block] = []
    for one in prose:
        match one.kind:
            case BlockKind.HEADING:
                blocks.append(Heading("".join(words.text for words in one.lines[0]), min(one.level, 3)))
            case BlockKind.POINTS:
                blocks.append(Bullets([_runs(line) for line in one.lines]))
            case BlockKind.QUOTE:
                blocks += [Note(_runs(line)) for line in one.lines]
            case BlockKind.PARAGRAPH:
                blocks += [Paragraph(_runs(line)) for line in one.lines]
    return blocks


def _runs(line: Line) -> list[Run]:
    return [Run(words.text, words.bold, words.italic, words.code) for words in line]


# --- casebooks -----------------------------------------------------------------------------------


def casebook_file(workspace: Workspace, person: ParticipantState, *, identity: bool) -> DocumentFile:
    """The whole casebook of one participant."""
    return _casebooks(workspace, (person,), f"casebook-{person.key}.pdf", identity=identity)


def study_casebook_file(
    workspace: Workspace, people: Sequence[ParticipantState], *, identity: bool
) -> DocumentFile:
    """The casebooks of all these participants in one document, with a list of them first."""
    return _casebooks(workspace, people, "casebooks.pdf", identity=identity)


def _casebooks(
    workspace: Workspace, people: Sequence[ParticipantState], name: str, *, identity: bool
) -> DocumentFile:
    study = workspace.study
    sections = [casebook_section(workspace, person, identity=identity) for person in people]
    if len(people) != 1:
        sections.insert(0, cover_section(workspace, people))
    title = _("Casebook") if len(people) == 1 else _("Casebooks of the study")
    whole = Document(
        title,
        sections,
        workspace.now,
        subtitle=f"{study.registry_id or study.id} · {study.title}",
        footer=position_words(workspace),
        page_words=(_("Page"), _("of")),
    )
    return made(name, whole)


# --- lists ---------------------------------------------------------------------------------------


def screening_log_file(workspace: Workspace, actor: Actor) -> DocumentFile:
    """The screening log as the actor may see it: numbers, dates, outcome and reasons, nobody's name."""
    from trialrun.app.candidates import screening_log

    log = screening_log(workspace, actor)
    rows = [
        (
            line.key,
            line.site,
            str(line.registered_on or ""),
            str(line.consented_on or ""),
            line.words,
            line.number,
            "; ".join(f"{one.criterion} {one.text}" for one in line.reasons) or line.note,
        )
        for line in reversed(log.lines)
    ]
    columns = (
        _("Candidate"), _("Site"), _("Registered"), _("Consented"), _("Status"), _("Participant"), _("Reasons"),
    )  # fmt: skip
    table = Table(columns, rows, "", (2, 1, 2, 2, 3, 2, 7), _("Nobody has been screened yet."))
    whole = Document(
        _("Screening log"),
        (Section((table,), (workspace.study.registry_id or workspace.study.id, actor.site)),),
        workspace.now,
        subtitle=workspace.study.title,
        footer=position_words(workspace),
        landscape=True,
    )
    return made("screening-log.pdf", whole)
