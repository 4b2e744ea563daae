"""Draft a study from a registry record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trialrun.errors import RecordError, UserError
from trialrun.values.finding import Finding

_COUNTED = ("criteria", "arms", "visits", "forms", "items", "endpoints", "assumptions")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A drafted study: the record's title, what could not be read or placed, and what the record itself lacks.

    `counts` says how many parts of each section were drafted; `read` how many criteria a machine wrote as rules.
    """

    title: str
    registry_id: str
    findings: tuple[Finding, ...]
    defects: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict[str, int])


def draft_study(record: Path, out: Path, vocabulary: Path | None = None) -> Drafted:
    """Read a registry record and write a draft study folder from it.

    `vocabulary` is a file of further words; without it a `vocabulary.yaml` beside the record is used, if there is one.

    Errors: `RecordError` when the record cannot be read or `out` holds a study already; `UserError` when `out`
    cannot be written.
    """
    from trialrun.registry.draft import write_draft
    from trialrun.registry.lint import lint_record
    from trialrun.registry.read import read_record
    from trialrun.registry.vocabulary import vocabulary_with

    if not record.is_file():
        raise RecordError(
            f"{record} does not exist", "give the record's file: a saved page, or the registry's JSON"
        )
    read, odd = read_record(record)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file", "give a new folder with -o")
    made = write_draft(read, out, vocabulary_with(_own_words(record, vocabulary)))
    content = made.content
    counts = {name: len(content[name]) for name in _COUNTED}
    counts["read"] = sum(
        1 for name in content["assumptions"] if name.startswith("rule_")
    )  # one such assumption for each criterion a machine read
    return Drafted(
        read.brief_title, read.registry_id, (*odd, *made.findings), tuple(lint_record(read)), counts
    )


def _own_words(record: Path, vocabulary: Path | None) -> Path | None:
    from trialrun.registry.vocabulary import USER_FILE

    beside = record.parent / USER_FILE
    if vocabulary is not None and not vocabulary.is_file():
        raise UserError(f"{vocabulary} does not exist", "give the file of your own words with --vocabulary")
    return vocabulary or (beside if beside.is_file() else None)
