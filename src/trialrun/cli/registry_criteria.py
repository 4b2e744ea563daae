"""`trialrun registry criteria`: what the lines of an eligibility text say, as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialrun.errors import RecordError

if TYPE_CHECKING:
    from trialrun.registry.comparison import Comparison, ReadCriterion, TimeLimit

_HELP = "give an eligibility text, a registry record, or JSON Lines with a text each"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def criteria(file: Path) -> None:
    """Read eligibility criteria: comparisons, times, judgement, one JSON object a line."""
    from trialrun.registry.eligibility.read import read_criteria

    for nct, text in _texts(file):
        for one in read_criteria(text):
            document = {"nct": nct} if nct else {}
            click.echo(json.dumps(document | as_json(one), ensure_ascii=False))


def as_json(one: ReadCriterion) -> dict[str, Any]:
    """A read criterion as a JSON object."""
    return {
        "line_no": one.line_no,
        "section": one.section,
        "id": one.id,
        "text": one.text,
        "comparisons": [_comparison(each) for each in one.comparisons],
        "temporal": [_time(each) for each in one.temporal],
        "judgement": one.judgement,
        "negated": one.negated,
        "exception": one.exception or None,
        "expression": one.expression or None,
        "not_understood": one.not_understood or None,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "concept": one.concept,
        "op": one.op.value,
        "value": list(one.value),
        "unit": one.unit,
        "confident": one.confident,
        "multiple_of": one.multiple_of or None,
        "measure": one.measure or None,
        "ucum": one.ucum or None,
        "start": one.start,
        "end": one.end,
    }


def _time(one: TimeLimit) -> dict[str, Any]:
    return {
        "concept": one.concept,
        "op": one.op.value,
        "value": list(one.value),
        "unit": one.unit,
        "direction": one.direction.value if one.direction else None,
        "anchor": one.anchor or None,
        "duration": one.duration,
        "text": one.text,
        "confident": one.confident,
        "start": one.start,
        "end": one.end,
    }


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    """The eligibility texts of a file, each with the record's number where one is known."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RecordError(f"{file} cannot be read: {error.strerror or error}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(
            f"{file.name} is not text: byte {error.start} cannot be read as UTF-8", _HELP
        ) from None
    start = text.lstrip()
    if start.startswith("{"):
        lines = _json_lines(start, file.name)
        if lines is not None:
            yield from lines
            return
    if start.startswith(("{", "[")) or _is_page(start):
        from trialrun.registry.read import read_bytes

        record, _ = read_bytes(data, file.name)
        yield record.registry_id or "", record.criteria_text or ""
        return
    yield "", text


def _is_page(start: str) -> bool:
    from trialrun.registry.page_lines import html_page, text_page
    from trialrun.registry.read_page import looks_like_page

    return looks_like_page(html_page(start) if start.startswith("<") else text_page(start))


def _json_lines(text: str, name: str) -> list[tuple[str, str]] | None:
    """The texts of JSON Lines; None where the file is one JSON document of another kind."""
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            if not found:
                return None
            raise RecordError(f"{name}, line {number}: this is not JSON", _HELP) from None
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            if not found:
                return None
            raise RecordError(f"{name}, line {number}: this object has no text", _HELP)
        found.append((str(value.get("nct") or ""), value["text"]))
    return found
