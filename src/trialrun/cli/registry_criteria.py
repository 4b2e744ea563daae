"""`trialrun registry criteria`: what the lines of an eligibility text say, as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialrun.cli.output import printable
from trialrun.errors import RecordError

if TYPE_CHECKING:
    from trialrun.registry.comparison import Comparison, ReadCriterion, TimeLimit
    from trialrun.registry.expression_atoms import AgeLimits

_HELP = "give an eligibility text, a registry record, or JSON Lines with a text each"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--vocabulary", type=click.Path(path_type=Path), help="A file with more measurements and their names."
)
def criteria(file: Path, vocabulary: Path | None) -> None:
    """Read eligibility criteria: comparisons, times, judgement, one JSON object a line.

    FILE is an eligibility text, a registry record (JSON or a saved page), or JSON Lines with a `text` each
    and, if known, its `nct` and `section`. Nothing is guessed: a comparison a machine must not act on has
    `confident` false, and a criterion without `expression` is a question for a person.
    """
    from trialrun.registry.eligibility.read import read_criteria
    from trialrun.registry.expression_writer import write_expression
    from trialrun.registry.vocabulary import vocabulary_with

    words = vocabulary_with(vocabulary)
    for text in _texts(file):
        for one in read_criteria(text.text, text.section):
            written = write_expression(one, words, text.ages)
            document = {"nct": text.nct} if text.nct else {}
            click.echo(printable(json.dumps(document | as_json(written), ensure_ascii=False)))


@dataclass(frozen=True, slots=True)
class _Text:
    """An eligibility text with what is known of its record."""

    text: str
    nct: str = ""
    section: str = "unknown"
    ages: AgeLimits | None = None


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
        "only_for": one.only_for or None,
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


def _texts(file: Path) -> Iterator[_Text]:
    """The eligibility texts of a file."""
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
    if not text.strip():
        raise RecordError(f"{file.name} is empty", _HELP)
    start = text.lstrip()
    lines = _json_lines(start, file.name) if start.startswith("{") else None
    if lines is not None:
        yield from lines
    elif start.startswith(("{", "[{")) or _is_page(start):
        yield _of_record(data, file.name)
    else:
        yield _Text(text)


def _of_record(data: bytes, name: str) -> _Text:
    from trialrun.registry.draft_rules import age_limits
    from trialrun.registry.read import read_bytes

    record, _ = read_bytes(data, name)
    if not (record.criteria_text or "").strip():
        raise RecordError(f"{name} has no eligibility criteria", _HELP)
    return _Text(record.criteria_text or "", record.registry_id or "", ages=age_limits(record))


def _is_page(start: str) -> bool:
    from trialrun.registry.page_lines import html_page, text_page
    from trialrun.registry.read_page import looks_like_page

    return looks_like_page(html_page(start) if start.startswith("<") else text_page(start))


def _json_lines(text: str, name: str) -> list[_Text] | None:
    """The texts of JSON Lines; None where the file is one JSON document of another kind."""
    found: list[_Text] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        problem = ""
        value: Any = None
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            problem = "this is not JSON"
        if not problem and (not isinstance(value, dict) or not isinstance(value.get("text"), str)):
            problem = "this object has no text"
        if problem and not found:
            return None
        if problem:
            raise RecordError(f"{name}, line {number}: {problem}", _HELP)
        section = value.get("section")
        known = section if section in ("inclusion", "exclusion") else "unknown"
        found.append(_Text(value["text"], str(value.get("nct") or ""), known))
    return found
