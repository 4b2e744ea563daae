"""A site's complete copy of its own data: log, values, audit trail, casebooks, definition, with checksums.

Source: ICH E6(R3) 2.12.6 and 4.2.2: the investigator keeps control of, and access to, the site's data.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from trialrun.app.csv_text import csv_text
from trialrun.app.history import saved_words
from trialrun.app.language import gettext as _
from trialrun.app.trail import CSV_COLUMNS, Trail, TrailChoice, csv_rows
from trialrun.app.trail_file import PreparedFile
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, RecordExport
from trialrun.ledger.decide.access import INVESTIGATORS, SITE_COPY
from trialrun.ledger.events import canonical, utc_text
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

VALUE_COLUMNS = (
    "participant", "number", "visit", "form", "row", "item", "label", "value", "unit", "missing", "entered_by",
    "entered_at", "corrections",
)  # fmt: skip
DERIVED_COLUMNS = ("participant", "number", "visit", "name", "value", "unknown_because")

_README = """Complete copy of the data of site {site}, study {study}
Made {at} (UTC) for {user}, log position {position}.

log.jsonl           the entries of the site's streams as they were written, with their hashes, and all seals
values.csv          the values as they stand, identifying ones included: keep this copy as you keep patient files
derived.csv         the computed values as they stand
audit.csv           the audit trail of the site in plain words, old and new values
casebooks/          one casebook for each participant
definition/         the study definition in force
manifest.json       SHA-256 of every file, and where each stream ends
verify.py           checks all this with nothing but Python: python verify.py .
"""


def may_copy(actor: Actor) -> bool:
    """Whether the actor is an investigator of a site: they may always, whatever the table of rights says."""
    return actor.role in INVESTIGATORS and bool(actor.site)


class _Zip:
    """A zip on disk that lists what was put into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        """A file, part by part."""
        total, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as inner:
            for part in parts:
                total.update(part)
                size += len(part)
                inner.write(part)
        self.files[name] = {"sha256": total.hexdigest(), "bytes": size}

    def close(self, manifest: dict[str, Any]) -> None:
        """Write the manifest and end the file."""
        self._zip.writestr("manifest.json", canonical({**manifest, "files": self.files}))
        self._zip.close()


def site_copy(workspace: Workspace, actor: Actor) -> PreparedFile:
    """The complete copy of the actor's site as a zip on disk; that it was taken is an entry of the log.

    Errors: `UserError` for anybody but an investigator of one site.
    """
    if not may_copy(actor):
        raise UserError(
            _("Only the investigators of a site take its complete copy."),
            _("Choose the role at that site when you sign in."),
        )
    handle, place = tempfile.mkstemp(prefix="trialrun-", suffix=".zip")
    path = Path(place)
    try:
        with os.fdopen(handle, "wb") as file:
            position = _fill(workspace, actor, file)
        checksum, size = _digest(path)
        words = _("complete copy of site {site} up to position {position}").format(
            site=actor.site, position=position
        )
        workspace.do(RecordExport(SITE_COPY, words, checksum, _("the site's own records")), actor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    name = f"site-{actor.site}-{workspace.today.isoformat()}.zip"
    return PreparedFile(path, name, "application/zip", checksum, size)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _fill(workspace: Workspace, actor: Actor, file: IO[bytes]) -> int:
    """Write all files of the copy; the log position it goes up to."""
    position, link = workspace.store.position()
    past = workspace.conduct.as_of(position)
    people = [person for key in past.participants() if (person := past.participant(key)).site == actor.site]
    streams = [f"participant/{person.key}" for person in people]
    streams += [f"site/{actor.site}", f"stock/{actor.site}", "seal"]
    inside = _Zip(file)
    heads: dict[str, list[Any]] = {}
    inside.add("log.jsonl", _log_lines(workspace, frozenset(streams), position, link, heads))
    inside.add("values.csv", _values(workspace, actor, people))
    inside.add("derived.csv", _derived(people))
    inside.add("audit.csv", _audit(workspace, actor, position))
    for person in people:
        inside.add(f"casebooks/{person.key}.pdf", (_casebook(workspace, person),))
    for name, content in _definition(workspace):
        inside.add(f"definition/{name}", (content,))
    inside.add("verify.py", (Path(__file__).with_name("verify_site_copy.py").read_bytes(),))
    facts = {
        "site": actor.site,
        "study": workspace.study.id,
        "study_hash": workspace.study.hash,
        "position": position,
        "link": link,
        "made_at": utc_text(workspace.now),
        "made_for": actor.user,
    }
    readme = _README.format(
        site=actor.site, study=workspace.study.id, at=facts["made_at"], user=actor.user, position=position
    )
    inside.add("README.txt", (readme.encode(),))
    inside.close({**facts, "streams": heads})
    return position


def _log_lines(
    workspace: Workspace, streams: frozenset[str], position: int, link: str, heads: dict[str, list[Any]]
) -> Iterator[bytes]:
    header = {"format": "trialrun-site-log", "version": 1, "position": position, "link": link}
    yield f"{canonical(header)}\n".encode()
    for body, event_hash, at, running in workspace.store.raw(upto=position):
        fields = json.loads(body)
        if fields["stream"] not in streams:
            continue
        heads[fields["stream"]] = [fields["version"], event_hash]
        yield f"{canonical({**fields, 'hash': event_hash, 'link': running, 'position': at})}\n".encode()


def _lines(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[bytes]:
    yield ("\ufeff" + csv_text(columns, ())).encode()
    for row in rows:
        yield csv_text(("x",), (row,)).partition("\r\n")[2].encode()


def _values(workspace: Workspace, actor: Actor, people: list[ParticipantState]) -> Iterator[bytes]:
    trail = Trail(workspace, actor)
    rows = (
        (
            person.key,
            person.number,
            *slot[:3],
            slot[3],
            trail.words.item(slot[3]),
            value.text if value.missing != "erased" else saved_words(trail.words, slot[3], value),
            value.unit,
            value.missing,
            value.by,
            value.at,
            value.corrections,
        )
        for person in people
        for slot, value in sorted(person.values.items())
    )
    return _lines(VALUE_COLUMNS, rows)


def _derived(people: list[ParticipantState]) -> Iterator[bytes]:
    rows = (
        (person.key, person.number, visit, name, value.text, " ".join(value.unknown_because))
        for person in people
        for (visit, name), value in sorted(person.derived.items())
    )
    return _lines(DERIVED_COLUMNS, rows)


def _audit(workspace: Workspace, actor: Actor, position: int) -> Iterator[bytes]:
    trail = Trail(workspace, actor)
    found = trail.find(TrailChoice(system=True), before=position + 1, upwards=True)
    return _lines(CSV_COLUMNS, (line for row in found for line in csv_rows(trail, row)))


def _casebook(workspace: Workspace, person: ParticipantState) -> bytes:
    from trialrun.app.documents import casebook_file

    return casebook_file(workspace, person, identity=True).content


def _definition(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    folder = Path(workspace.study.folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path.relative_to(folder).as_posix(), path.read_bytes()
