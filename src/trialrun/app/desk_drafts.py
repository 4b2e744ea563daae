"""The desk's folder of drafts: what is in it, and a new draft from a stored record or a file."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.builder.workshop import HISTORY, STUDY_FILE, Workshop, workshop
from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.values.finding import Finding, Severity

if TYPE_CHECKING:
    from trialrun.registry.record import Record

_TOLD = "drafting.json"
_LARGEST_FILE = 50_000_000
_RECORD_ENDINGS = (".json", ".html", ".htm", ".txt", ".md", ".mht")


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One draft in the list: its folder's name, what its text says of itself, and when it was last changed (UTC, ISO)."""

    name: str
    title: str
    registry_id: str
    changed: str


@dataclass(frozen=True, slots=True)
class MadeDraft:
    """A new draft: its folder's name, and what could not be read or placed."""

    name: str
    findings: tuple[Finding, ...]


def drafts_in(folder: Path) -> tuple[DraftLine, ...]:
    """The drafts of a folder, the last changed first; folders without a `study.yaml` are none."""
    lines: list[tuple[float, DraftLine]] = []
    for path in folder.iterdir() if folder.is_dir() else ():
        work = workshop(folder, path.name)
        if work is None:
            continue
        stamp = (path / STUDY_FILE).stat().st_mtime
        title, number = _about(work)
        lines.append((stamp, DraftLine(path.name, title, number, _moment(stamp))))
    return tuple(line for _stamp, line in sorted(lines, key=lambda one: (-one[0], one[1].name)))


def _about(work: Workshop) -> tuple[str, str]:
    """Title and number as the first lines of the text say them; a list of drafts must not parse them all."""
    with (work.folder / STUDY_FILE).open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(20_000)
    found = {}
    for key in ("title", "registry_id"):
        line = re.search(rf"(?m)^  {key}: *(.+)$", head)
        found[key] = line.group(1).strip().strip("'\"") if line else ""
    return found["title"] or work.name, found["registry_id"]


def _moment(stamp: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def draft_from_record(record: Record, folder: Path) -> MadeDraft:
    """Draft a study from a stored record into a new folder.

    Errors: `UserError` when the folder cannot be written.
    """
    from trialrun.registry.write import write_record

    with tempfile.TemporaryDirectory(prefix="trialrun-record-") as place:
        path = Path(place) / "record.json"
        write_record(record, path)
        return _draft(path, folder, record.registry_id or "draft")


def draft_from_file(name: str, content: bytes, folder: Path) -> MadeDraft:
    """Draft a study from a file somebody sent: the registry's JSON, or a saved page.

    Errors: `RecordError` for what is no record; `UserError` for one that is too large.
    """
    if len(content) > _LARGEST_FILE:
        raise UserError(_("{} is larger than a record can be.").format(name[:80]), _("Send one record."))
    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name somebody sent is no path
    with tempfile.TemporaryDirectory(prefix="trialrun-record-") as place:
        path = Path(place) / f"record{ending if ending in _RECORD_ENDINGS else '.json'}"
        path.write_bytes(content)
        return _draft(path, folder, "")


def _draft(path: Path, folder: Path, wish: str) -> MadeDraft:
    from trialrun.app.drafts import draft_study
    from trialrun.registry.read import read_record

    name = wish or read_record(path)[0].registry_id or "draft"
    target = _new_folder(folder, name)
    try:
        made = draft_study(path, target)
        _keep_findings(target, made.findings)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)  # made just now, for this draft alone
        raise UserError(
            _("The draft cannot be written: {}").format(error.strerror or type(error).__name__),
            _("Look at the space on the disk, then draft again."),
        ) from None
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return MadeDraft(target.name, made.findings)


def _keep_findings(target: Path, findings: tuple[Finding, ...]) -> None:
    """What was told while drafting, kept beside the draft: the check does not say it again."""
    place = target / HISTORY
    place.mkdir(exist_ok=True)
    text = json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=1)
    (place / _TOLD).write_text(text + "\n", encoding="utf-8", errors="replace")


def told_while_drafting(work: Workshop) -> tuple[Finding, ...]:
    """What drafting could not read or place; nothing for a draft made elsewhere."""
    try:
        kept = json.loads((work.folder / HISTORY / _TOLD).read_text(encoding="utf-8"))
        return tuple(Finding(**{**one, "severity": Severity(one["severity"])}) for one in kept)
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def _new_folder(folder: Path, wish: str) -> Path:
    """A folder that nobody has: made here, so that two drafts of one record never share one."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", wish)
    base = re.sub(r"\.{2,}", ".", base).strip("-._")[:60] or "draft"
    number = 1
    while True:
        target = folder / (base if number == 1 else f"{base}-{number}")
        try:
            target.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise UserError(
                _("The folder of drafts cannot be written: {}").format(error.strerror),
                _("Look at {}.").format(folder.name),
            ) from None
        else:
            return target
