"""From every sentence of the record to the parts of the study that carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from trialrun.study.model import RecordQuote, Study
from trialrun.study.record_text import plain_text, record_sentences
from trialrun.study.references import BACKGROUND
from trialrun.values.finding import Finding, Severity

# What repeats another field (an arm's list of interventions by name, and back).
_REPEATED = (
    "armsInterventionsModule.armGroups.interventionNames",
    "armsInterventionsModule.interventions.armGroupLabels",
)


def uncovered(study: Study) -> tuple[tuple[str, str], ...]:
    """The sentences of the record, with their paths, that no part of the study answers for."""
    covered = {(quote.path, plain_text(quote.text)) for quote in study.traceability}
    return tuple(
        (path, text)
        for path, text in record_sentences(study.record)
        if path not in _REPEATED and (path, text) not in covered
    )


def invented(study: Study) -> tuple[tuple[str, str], ...]:
    """Quotes that are not in the record, with their paths."""
    known = set(record_sentences(study.record))
    return tuple(
        (quote.path, quote.text)
        for quote in study.traceability
        if (quote.path, plain_text(quote.text)) not in known
    )


def check_traceability(study: Study) -> Iterator[Finding]:
    """Sentences nothing carries out, and quotes the record does not have."""
    if not study.record or not study.traceability:
        return
    for path, text in uncovered(study):
        yield Finding(
            Severity.ERROR,
            "sentence-uncovered",
            f"no part of the study answers for {text!r}",
            f"record.json {path}",
            "add it to traceability, with its parts or as background",
        )
    strange = set(invented(study))
    for quote in study.traceability:
        if (quote.path, quote.text) in strange:
            yield Finding(
                Severity.ERROR,
                "quote-not-in-record",
                f"the record has no {quote.text!r} at {quote.path}",
                str(quote.place),
                "quote it verbatim",
            )


def traceability_page(study: Study) -> str:
    """The table of sentences and parts, as Markdown."""
    lines = [
        f"# From the record of {study.registry_id} to the study",
        "",
        "Every sentence of the registry record, and the parts of the study definition that carry it out.",
        "*Background* explains the study and asks for nothing. Generated from the study; do not edit.",
        "",
    ]
    for section, quotes in groupby(study.traceability, key=lambda quote: quote.path.partition(".")[0]):
        lines += [f"## {section}", "", "| field | sentence | parts |", "| --- | --- | --- |"]
        lines += [_row(quote) for quote in quotes]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(quote: RecordQuote) -> str:
    parts = ", ".join("*background*" if part == BACKGROUND else f"`{part}`" for part in quote.parts)
    note = f" {quote.note}" if quote.note else ""
    text = quote.text.replace("|", "\\|")
    return f"| {quote.path.partition('.')[2]} | {text} | {parts}{note} |"
