"""Read a registry record from a file, whatever the file turns out to be."""

from __future__ import annotations

import hashlib
from pathlib import Path

from trialrun.errors import RecordError
from trialrun.registry.page_lines import html_page, text_page
from trialrun.registry.read_json import parse_json, read_document
from trialrun.registry.read_page import looks_like_page, read_page
from trialrun.registry.record import Provenance, Record, freeze
from trialrun.values.finding import Finding, Severity

LARGEST_FILE = 200_000_000
LARGEST_PAGE = 20_000_000
_HELP = "give the study's JSON from ClinicalTrials.gov (API v2), or the saved registry page as text or HTML"


def read_record(path: Path | str) -> tuple[Record, list[Finding]]:
    """Read a registry record: v2 JSON, or a saved registry page as HTML or text.

    Returns the record and what was odd about the file; every text that could not be placed is
    quoted in a finding.
    Errors: `RecordError` when the file is missing, empty, binary, cut short, a search answer with
    several studies, the retired API's shape, or nothing of the kind.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise RecordError(
                f"{path.name} has {size:,} bytes; a registry record has a few megabytes at most", _HELP
            )
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from None
    return read_bytes(data, path.name)


def read_bytes(data: bytes, name: str) -> tuple[Record, list[Finding]]:
    """Read a registry record from a file's content; `name` is used in messages and as its origin."""
    text = _decoded(data, name)
    digest = hashlib.sha256(data).hexdigest()
    start = text.lstrip()[:2000]
    if start[:1] in "{[":
        value, findings = parse_json(text, name)
        record, odd = read_document(value, name, digest)
        return record, findings + odd
    if len(text) > LARGEST_PAGE:
        raise RecordError(f"{name} has {len(text):,} characters; a saved page has a few thousand", _HELP)
    as_html = _is_html(start)
    page = html_page(text) if as_html else text_page(text)
    if not looks_like_page(page):
        raise RecordError(
            f"{name} is neither JSON nor a registry page this program knows (it begins with {start[:60]!r})",
            _HELP,
        )
    document, origin = read_page(page)
    layout = "page-html" if as_html else "page-text"
    record = Record(
        freeze(document),
        Provenance(
            source=origin["source"],
            copied=origin["copied"],
            notice=origin["notice"],
            page_only=freeze(origin["page_only"]),
            file=name,
            sha256=digest,
            layout=layout,
        ),
    )
    return record, page.findings + _incomplete(record, name)


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise RecordError(f"{name} is empty", _HELP)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise RecordError(
            f"{name} is not text: byte {error.start} cannot be read as {encoding.removesuffix('-sig').upper()}",
            _HELP,
        ) from None
    if "\0" in text[:10_000]:
        raise RecordError(f"{name} is a binary file, not a registry record", _HELP)
    return text


def _is_html(start: str) -> bool:
    lowered = start.lower()
    return lowered.startswith("<") and any(
        mark in lowered
        for mark in (
            "<!doctype html",
            "<html",
            "<head",
            "<body",
            "<div",
            "<main",
            "<h1",
            "<p>",
            "<p ",
            "<table",
        )
    )


def _incomplete(record: Record, name: str) -> list[Finding]:
    """What every page of this layout has and this one lacks: the page may have been cut short."""
    wanted = {
        "a title": record.brief_title,
        "a registration number": record.registry_id,
        "eligibility criteria": record.criteria_text,
        "a study type": record.study_type,
        "primary outcomes": record.outcomes(),
        "a copyright line at its end": record.provenance.notice,
    }
    return [
        Finding(
            Severity.WARNING,
            "page-incomplete",
            f"the page has no {what.removeprefix('a ')}; it may have been cut short",
            name,
            "save the whole page again, or use the registry's JSON",
        )
        for what, value in wanted.items()
        if not value
    ]
