"""Draft a study from a registry record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trialrun.errors import RecordError, UserError
from trialrun.values.finding import Finding


@dataclass(frozen=True, slots=True)
class Drafted:
    """A drafted study: the record's title, what could not be read or placed, and what the record itself lacks."""

    title: str
    registry_id: str
    findings: tuple[Finding, ...]
    defects: tuple[Finding, ...] = ()


def draft_study(record: Path, out: Path) -> Drafted:
    """Read a registry record and write a draft study folder from it.

    Errors: `RecordError` when the record cannot be read or `out` holds a study already; `UserError` when `out`
    cannot be written.
    """
    from trialrun.registry.draft import write_draft
    from trialrun.registry.lint import lint_record
    from trialrun.registry.read import read_record

    if not record.is_file():
        raise RecordError(
            f"{record} does not exist", "give the record's file: a saved page, or the registry's JSON"
        )
    read, odd = read_record(record)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file", "give a new folder with -o")
    made = write_draft(read, out)
    return Drafted(read.brief_title, read.registry_id, (*odd, *made.findings), tuple(lint_record(read)))
