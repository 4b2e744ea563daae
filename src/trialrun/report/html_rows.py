"""What the numbers of the page open: rows, answers and log entries, as plain HTML or, for many people, as data.

A report of few people is whole without any script. One of many would be hundreds of megabytes that way: there the same
rows are kept once as JSON, in parts, and a small script in the page lays out the part that is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby, islice
from typing import Any

from trialrun.derive.measures import Source
from trialrun.report.anchors import answer_anchor, entry_anchor
from trialrun.report.trace import Keystroke, Line, Opening, Openings, Trace, TracedAnswer

MOST_AS_HTML = 15_000
_PEOPLE_PER_PART = 100


def data_appendix(openings: Openings, trace: Trace) -> str:
    """The last section of the page; empty when no number opens anything."""
    if not len(openings):
        return ""
    as_html = len(openings.sources) <= MOST_AS_HTML
    inner = _as_html(openings, trace) if as_html else _as_data(openings, trace)
    return (
        '<section id="data">\n<h2>Values and log entries</h2>\n'
        "<p>First the rows behind each number, then every answer they rest on as it was entered, with all log entries "
        "about it: time (UTC), user, role, what was entered, the reason for a change, the place in the log and the hash.</p>\n"
        f"{inner}</section>"
    )


# --- few people: plain HTML ------------------------------------------------------------------------


def _as_html(openings: Openings, trace: Trace) -> str:
    groups = [
        f'<details class="group"><summary>{escape(chapter or "Other numbers")}: {len(own)}</summary>\n'
        + "".join(_opening(one, trace) for one in own)
        + "</details>\n"
        for chapter, found in groupby(openings, key=lambda opening: opening.chapter)
        for own in (list(found),)
    ]
    people = "".join(
        _person(name, answers, others) for name, (answers, others) in trace.by_participant().items()
    )
    answers = f'<details class="group"><summary>By participant: {len(trace.by_participant())}</summary>\n{people}</details>\n'
    return f"<h3>Rows</h3>\n{''.join(groups)}<h3>Answers</h3>\n{answers}"


def _opening(opening: Opening, trace: Trace) -> str:
    heads = "".join(
        f'<th scope="col"{" class=n" if index in opening.numbers else ""}>{escape(name)}</th>'
        for index, name in enumerate(opening.columns)
    )
    rows = "".join(_line(line, opening, trace) for line in opening.lines)
    note = f'<p class="soft">{escape(opening.note)}</p>\n' if opening.note else ""
    table = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(opening.title)}"><table class="stack">'
        f'<thead><tr><th scope="col">Participant</th>{heads}<th scope="col">Entered as</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div>\n"
        if rows
        else "<p>Nobody.</p>\n"
    )
    return (
        f'<details id="{escape(opening.anchor)}"><summary>{escape(opening.title)}: {len(opening.lines)}</summary>\n'
        f"{note}{table}</details>\n"
    )


def _line(line: Line, opening: Opening, trace: Trace) -> str:
    cells = "".join(
        f'<td class=n data-label="{escape(name)}">{escape(text)}</td>'
        if index in opening.numbers
        else f'<td data-label="{escape(name)}"{" dir=auto" if text else ""}>{escape(text)}</td>'
        for index, (name, text) in enumerate(zip(opening.columns, line.cells, strict=True))
    )
    links = "; ".join(
        [*(_answer_link(source, trace) for source in line.sources), *(_entry_link(e) for e in line.entries)]
    )
    entered = f'<td class="entered" data-label="Entered as">{links}</td>' if links else "<td></td>"
    return f'<tr><th scope="row" class=t>{escape(line.participant)}</th>{cells}{entered}</tr>\n'


def _answer_link(source: Source, trace: Trace) -> str:
    place = answer_anchor(source)
    if not source.form:
        return _entry_link(source.event_hash)
    label, words = trace.words(source)
    return f'<a href="#{escape(place)}">{escape(label)}</a> <bdi>{escape(words)}</bdi>'


def _entry_link(event_hash: str) -> str:
    return f'<a href="#{escape(entry_anchor(event_hash))}">log entry</a>' if event_hash else ""


def _person(name: str, answers: Sequence[TracedAnswer], others: Sequence[TracedAnswer]) -> str:
    counted = f"{len(answers)} answers" + (f", {len(others)} other log entries" if others else "")
    rows = "".join(
        f'<tr id="{escape(answer.anchor)}"><td data-label="Where">{escape(answer.where)}</td>'
        f'<th scope="row">{escape(answer.label)}</th><td data-label="Now" dir="auto">{escape(answer.shown)}</td>'
        f'<td data-label="Log">{"".join(_keystroke(entry) for entry in answer.entries)}</td></tr>\n'
        for answer in (*answers, *others)
    )
    title = escape(name or "The study")
    return (
        f"<details><summary>{title}: {counted}</summary>\n"
        f'<div class="wide" tabindex="0" role="region" aria-label="Answers of {title}"><table class="stack">'
        '<thead><tr><th scope="col">Where</th><th scope="col">Item</th><th scope="col">Now</th>'
        f'<th scope="col">Log entries</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div></details>\n'
    )


def _keystroke(entry: Keystroke) -> str:
    who = " ".join(part for part in (entry.at[:19].replace("T", " "), entry.by) if part)
    role = f" ({escape(entry.role.replace('_', ' '))})" if entry.role else ""
    reason = f", reason: <bdi>{escape(entry.reason)}</bdi>" if entry.reason else ""
    place = f", log {entry.position}" if entry.position else ""
    return (
        f"<div>{escape(who)}{role}: <b dir=auto>{escape(entry.entered)}</b>{reason}{place}"
        f'<br><span class="hash">{escape(entry.hash)}</span></div>'
    )


# --- many people: data in parts ----------------------------------------------------------------------


def _as_data(openings: Openings, trace: Trace) -> str:
    people = trace.by_participant()
    index = {name: number for number, name in enumerate(people)}
    parts = "".join(_rows_part(one, index, trace) for one in openings)
    parts += "".join(_people_parts(people))
    listed = "".join(
        f'<li><a href="#{escape(one.anchor)}">{escape(one.title)}</a>: {len(one.lines)}</li>\n'
        for one in openings
    )
    names = json.dumps(list(people), ensure_ascii=False).replace("<", "\\u003c")
    return (
        f"<p>{len(people):,} people: what a number opens is laid out when it is asked for, in this place. "
        "Nothing is fetched.</p>\n"
        "<noscript><p>Without scripts the rows cannot be laid out; they stand in the tables of the snapshot, under the same "
        "participant, visit, form and item.</p></noscript>\n"
        f'<div id="opened" role="region" aria-label="Rows asked for" aria-live="polite" tabindex="-1"></div>\n'
        f"<details><summary>All {len(openings)} sets of rows</summary><ul>\n{listed}</ul></details>\n"
        f'<script type="application/json" id="people" data-step="{_PEOPLE_PER_PART}">{names}</script>\n{parts}'
    )


def _script(attribute: str, value: str, data: Any) -> str:
    # A closing tag inside the text would end the script: `<` is written as an escape of JSON.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" {attribute}="{escape(value)}">{text}</script>\n'


def _rows_part(opening: Opening, index: Mapping[str, int], trace: Trace) -> str:
    labels: dict[str, int] = {}
    rows: list[list[Any]] = []
    for line in opening.lines:
        refs: list[Any] = []
        for source in line.sources:
            if source.form:
                number = labels.setdefault(trace.label(source.item), len(labels))
                suffix = answer_anchor(source).partition("/")[2]
                refs.append([number, suffix])
            elif source.event_hash:
                refs.append(entry_anchor(source.event_hash))
        refs += [entry_anchor(event) for event in line.entries]
        rows.append([index.get(line.participant, line.participant), list(line.cells), refs])
    ways: dict[str, int] = {}
    for row in rows:
        for ref in row[2]:
            if isinstance(ref, list):
                ref[1] = ways.setdefault(ref[1], len(ways))
    data = {
        "title": opening.title,
        "note": opening.note,
        "columns": list(opening.columns),
        "numbers": sorted(opening.numbers),
        "labels": list(labels),
        "ways": list(ways),
        "rows": rows,
    }
    return _script("data-rows", opening.anchor, data)


def _people_parts(
    people: Mapping[str, tuple[Sequence[TracedAnswer], Sequence[TracedAnswer]]],
) -> Iterable[str]:
    names = iter(people)
    number = 0
    while part := list(islice(names, _PEOPLE_PER_PART)):
        kinds: dict[tuple[str, str, str], int] = {}
        yield _script(
            "data-people",
            str(number),
            {"people": [_packed(people[n], kinds) for n in part], "kinds": list(kinds)},
        )
        number += 1


def _packed(
    found: tuple[Sequence[TracedAnswer], Sequence[TracedAnswer]], kinds: dict[tuple[str, str, str], int]
) -> dict[str, Any]:
    entries: dict[tuple[Any, ...], int] = {}
    answers: list[list[Any]] = []
    for answer in found[0]:
        kind = kinds.setdefault((answer.anchor.partition("/")[2], answer.where, answer.label), len(kinds))
        strokes: list[Any] = []
        for one in answer.entries:
            number = entries.setdefault(
                (one.at, one.by, one.role, one.reason, one.position, one.hash), len(entries)
            )
            strokes.append(number if one.entered == answer.shown else [number, one.entered])
        answers.append([kind, answer.shown, strokes])
    others = [
        [
            one.anchor,
            one.label,
            [[entries.setdefault(_parts(e), len(entries)), e.entered] for e in one.entries],
        ]
        for one in found[1]
    ]
    return {"answers": answers, "others": others, "entries": [list(entry) for entry in entries]}


def _parts(one: Keystroke) -> tuple[Any, ...]:
    return one.at, one.by, one.role, one.reason, one.position, one.hash
