"""A draft's folder at work: its text opened, saved, kept in every version, and taken back.

`study.yaml` stays the one source; a text editor may change it at any time. Whoever saves says which version they
saw: what changed in between is never overwritten. Every version seen is kept in `.history` beside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trialrun.app.builder.endings import restored, unified
from trialrun.app.language import gettext as _
from trialrun.errors import StudyError, UserError

STUDY_FILE = "study.yaml"
HISTORY = ".history"
_LIST = "versions.jsonl"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")
LARGEST = 5_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """One kept state of a study's text.

    Args:
        number: from 1, in the order they were seen.
        hash: of its bytes.
        at: when it was kept, ISO 8601.
        what: what was done to get there, in words.
    """

    number: int
    hash: str
    at: str
    what: str


class ChangedMeanwhileError(StudyError):
    """The file is no longer the one the page was opened with. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """The folder of one draft."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    # --- reading -------------------------------------------------------------------------------------

    def raw(self) -> str:
        """The text of `study.yaml` as it is on disk. Errors: `UserError` when it cannot be read as UTF-8."""
        path = self.folder / STUDY_FILE
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(
                _("{} of {} cannot be read: {}").format(STUDY_FILE, self.name, error.strerror),
                _("Look at the folder."),
            ) from None
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                _("{} of {} is not UTF-8 text (byte {}).").format(STUDY_FILE, self.name, error.start),
                _("Save it as UTF-8 in a text editor."),
            ) from None

    def text(self) -> str:
        """The text to be edited: line feeds alone."""
        return unified(self.raw())

    def seen(self, now: datetime) -> tuple[str, str]:
        """The text and its version's name; a state nobody has kept yet (a text editor's) is kept first."""
        raw = self.raw()
        mark = _hash(raw)
        if mark not in {version.hash for version in self.versions()}:
            # in a folder nobody may write it is still read; saving says then that it cannot be done
            with suppress(UserError), self._held():
                self._keep(raw, _("as found in the folder"), now)
        return unified(raw), mark

    # --- writing -------------------------------------------------------------------------------------

    def save(self, text: str, *, seen: str, what: str, now: datetime) -> str:
        """Write a changed text and keep it; gives its version's name.

        Args:
            text: with line feeds alone; the file's own line ends are put back.
            seen: the version the change was made to.
            what: what was changed, in words, for the list of versions.
            now: the time.

        Errors: `ChangedMeanwhileError` when the file is another one by now; `UserError` when the folder cannot be
        written (no space, no right). `study.yaml` is as it was then.
        """
        if len(text) > LARGEST:
            raise StudyError(
                _("The text has {} characters, more than {}.").format(len(text), LARGEST), _("Shorten it.")
            )
        with self._held():
            raw = self.raw()
            if _hash(raw) != seen:
                raise ChangedMeanwhileError(
                    _("study.yaml was changed since this page was opened."),
                    _("Look at both, and save again."),
                )
            if unified(raw) == text:
                return seen
            after = restored(raw, text)
            if _hash(raw) not in {version.hash for version in self.versions()}:
                self._keep(raw, _("as found in the folder"), now)
            self._keep(after, what, now)
            _replace(self.folder / STUDY_FILE, after)
            return _hash(after)

    # --- versions ------------------------------------------------------------------------------------

    def versions(self) -> tuple[Version, ...]:
        """Every state kept, the oldest first. A line of the list that cannot be read is left out."""
        path = self.folder / HISTORY / _LIST
        if not path.is_file():
            return ()
        found: list[Version] = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry: dict[str, Any] = json.loads(line)
                version = Version(
                    int(entry["number"]), str(entry["hash"]), str(entry["at"]), str(entry["what"])
                )
            except (ValueError, KeyError, TypeError):
                continue
            found.append(version)
        return tuple(found)

    def version(self, number: int) -> Version | None:
        """One of them by its number."""
        return next((one for one in self.versions() if one.number == number), None)

    def text_of(self, version: Version) -> str:
        """The text of a kept version, line feeds alone. Errors: `UserError` when its file is gone or another."""
        return unified(self._raw_of(version))

    def base(self, mark: str) -> str | None:
        """The text of the version with a name; `None` when it was not kept."""
        version = next((one for one in self.versions() if one.hash == mark), None)
        if version is None:
            return None
        try:
            return self.text_of(version)
        except UserError:
            return None

    def restore(self, version: Version, *, seen: str, now: datetime) -> str:
        """Make a kept version the study again; the present one stays in the list. Errors: as `save`."""
        words = _("back to version {}").format(version.number)
        return self.save(self.text_of(version), seen=seen, what=words, now=now)

    def _raw_of(self, version: Version) -> str:
        path = self.folder / HISTORY / _file(version)
        try:
            raw = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            raw = ""
        if _hash(raw) != version.hash:
            raise UserError(
                _("Version {} is no longer in the folder {}.").format(version.number, HISTORY),
                _("Take another one."),
            )
        return raw

    def _keep(self, raw: str, what: str, now: datetime) -> None:
        folder = self.folder / HISTORY
        known = self.versions()
        version = Version(
            known[-1].number + 1 if known else 1, _hash(raw), now.isoformat(timespec="seconds"), what
        )
        _replace(folder / _file(version), raw)
        line = json.dumps(
            {"number": version.number, "hash": version.hash, "at": version.at, "what": version.what},
            ensure_ascii=False,
        )
        with (folder / _LIST).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One writer at a time, of all processes."""
        folder = self.folder / HISTORY
        try:
            folder.mkdir(exist_ok=True)
            with (folder / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise UserError(
                _("The folder of {} cannot be written: {}. {} is as it was.").format(
                    self.name, error.strerror or type(error).__name__, STUDY_FILE
                ),
                _("Look at the space on the disk and at who may write there, then save again."),
            ) from None


def workshop(drafts: Path, name: str) -> Workshop | None:
    """The draft of a name in a folder of drafts; `None` when there is none. A name never leads out of the folder."""
    if not _NAME.match(name) or ".." in name:
        return None
    folder = drafts / name
    return Workshop(folder) if (folder / STUDY_FILE).is_file() and not folder.is_symlink() else None


def _file(version: Version) -> str:
    return f"{version.number:06d}-{version.hash}.yaml"


def _hash(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8")).hexdigest()[:16]


def _replace(path: Path, raw: str) -> None:
    """The whole file or none of it: written beside, on the disk, then put in its place."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(mode)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
