"""Data captured elsewhere: take them over as a snapshot, or screen them as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from trialrun.app.logs import STUDY_IN_SNAPSHOT
from trialrun.app.people import People, Person
from trialrun.app.screening import Screening, screening_of
from trialrun.app.studies import copy_study, open_study
from trialrun.app.text_table import Unreadable
from trialrun.errors import UserError

if TYPE_CHECKING:
    from trialrun.snapshot.mapping import ForeignMapping
    from trialrun.snapshot.reconcile import Reconciliation

# A throw-away snapshot carries no meaningful time; a fixed one keeps the answer the same.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Imported:
    """How an import ended: the account of every value, and what was not taken over."""

    reconciliation: Reconciliation
    folder: Path

    def lines(self) -> tuple[tuple[str, int], ...]:
        """The account as (what, how many), file by file."""
        found: list[tuple[str, int]] = [
            ("participants", self.reconciliation.participants),
            ("visits", self.reconciliation.visits),
        ]
        for name, count in self.reconciliation.files.items():
            found += [
                (f"{name}: rows read", count.rows),
                (f"{name}: values in them", count.values),
                ("  landed", count.landed),
                ("  missing by the source's own code", count.missing),
                ("  left out by the mapping, with reason", count.left_out),
                ("  superseded by another of the same day, or the same person", count.superseded),
                ("  rejected", count.rejected),
            ]
        return tuple(found)


def import_data(
    study_folder: Path, mapping: Path, sources: Sequence[Path], out: Path, *, now: datetime
) -> Imported:
    """Take over another system's files as a new snapshot, whole or not at all.

    Errors: `UserError` when the sources are not there, the mapping is not understood, or, unless the mapping says
    `on_reject: list`, a single value cannot be taken over; nothing is left behind then.
    """
    from trialrun.snapshot.foreign import import_foreign

    study = open_study(study_folder)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists already", "give a new folder with -o")
    account = import_foreign(_mapping(mapping), _place_of(sources), study, out, now=now)
    copy_study(study, out / STUDY_IN_SNAPSHOT)
    return Imported(account, out)


def _mapping(path: Path) -> ForeignMapping:
    from trialrun.snapshot.foreign import read_mapping

    if not path.is_file():
        raise UserError(f"{path} does not exist", "give a mapping file; examples/foreign shows two")
    return read_mapping(path)


def _place_of(sources: Sequence[Path]) -> Path:
    """One folder or file that holds the sources."""
    for source in sources:
        if not source.exists():
            raise UserError(
                f"{source} does not exist", "give the files of the mapping, or the folder they lie in"
            )
    if len(sources) == 1:
        return sources[0]
    folders = {source.parent.resolve() for source in sources}
    if len(folders) > 1 or any(source.is_dir() for source in sources):
        raise UserError("the sources lie in different folders", "put them in one folder and name that")
    return sources[0].parent


def screen_foreign(
    study_folder: Path, source: Path, mapping: Path, *, every_visit: bool = False
) -> Screening:
    """Screen another system's data through a mapping, without keeping a snapshot.

    A person is screened on the visit the mapping calls the first; with `every_visit` on each of their days.
    Values that are not understood are unknown, and listed.
    Errors: `UserError` when files or mapping cannot be read.
    """
    from trialrun.snapshot.foreign import import_foreign, rows
    from trialrun.snapshot.read import read_snapshot

    study = open_study(study_folder)
    read = replace(_mapping(mapping), on_reject="list")
    with TemporaryDirectory() as scratch:
        target = Path(scratch) / "snapshot"
        account = import_foreign(read, _place_of([source]), study, target, now=_ANY_TIME)
        visits = list(rows(read_snapshot(target), study))
    found = sorted(
        _people(visits, read.first_visit, every_visit), key=lambda p: (len(p.participant), p.participant)
    )
    people = People(tuple(found), _unreadable(account), (), ())
    screening = screening_of(study, people, str(source))
    counts = (
        f"{account.values_in} values read, {account.values_landed} taken over, {len(account.rejected)} not understood; "
        f"{account.participants} people, {account.visits} visits."
    )
    return replace(screening, notes=(counts, *read.notes), left_out=account.left_out)


def _people(
    visits: Iterable[tuple[str, str, dict[str, object]]], first: str, every_visit: bool
) -> Iterable[Person]:
    seen: set[str] = set()
    for participant, visit, row in visits:
        if not every_visit and (visit != first or participant in seen):
            continue
        seen.add(participant)
        yield Person(participant, 0, row, visit=visit if every_visit else "")


def _unreadable(account: Reconciliation) -> tuple[Unreadable, ...]:
    return tuple(
        Unreadable(bad.source, bad.line, bad.column, bad.text, bad.reason) for bad in account.rejected
    )
