"""The reference pages made from the study format and a study: `python -m trialrun.study.reference_pages`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from trialrun.study.load import load_study
from trialrun.study.schema import SECTIONS, study_schema
from trialrun.study.traceability import traceability_page

_INTRO = """# The study format

A study is one folder of text:

- `study.yaml`: the definition (YAML 1.2, without anchors, tags or a key twice), described below;
- `record.json`: the registry record as published (ClinicalTrials.gov API v2 shape);
- `consent/LANGUAGE-VERSION.md`: one file per version and language of the consent text, e.g. `en-1.md`;
- `consent/LANGUAGE-VERSION.questions.yaml`: questions that show whether that text was understood (optional): a map of
  question name to `ask`, `answers` (code to words), `correct` (a code) and `explain` (shown after a wrong answer);
- `rehearsal.yaml`: what simulated participants are like; it is no part of the study hash.

`trialrun check FOLDER` lists every problem with file, line, value, rule and remedy. An unknown key is refused.
The same rules as a JSON Schema: [study.schema.json](study.schema.json).

Expressions are described in [expressions.md](expressions.md). They may name every item that is asked once, every
derived value and its score's components (`child_pugh_class`); inside `where` and `value` also the items of the row.
A partial date `x` and a value of which only bounds are known bring `x__low` and `x__high`.

The **study hash** is a SHA-256 over the parsed `study.yaml`, the record and the consent texts with their questions. Comments, white
space and the order of keys within an entry do not count; the order of the entries of a section does.

This page is made from the schema; do not edit it.
"""


def schema_text() -> str:
    """The published JSON Schema."""
    return json.dumps(study_schema(), indent=2, ensure_ascii=False) + "\n"


def study_format_page() -> str:
    """The reference page of `study.yaml`, as Markdown."""
    lines = [_INTRO]
    needed = cast("list[str]", study_schema()["required"])
    for name, section in SECTIONS.items():
        must = "" if name in needed else " (may be left out)"
        lines += [f"## {name}{must}", "", section["description"], ""]
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: dict[str, Any]) -> Iterator[str]:
    if section["type"] == "array":
        yield f"A list. Each entry: {section['items']['description']}"
        yield ""
        yield from _table(section["items"])
    elif "propertyNames" in section:
        entry = section["additionalProperties"]
        yield f"Entries by name (`{section['propertyNames']['pattern']}`). Each: {entry['description']}"
        yield ""
        yield from _table(entry)
    elif "properties" in section:
        yield from _table(section)
    else:
        yield "Free keys."
        yield ""


def _table(entry: dict[str, Any]) -> Iterator[str]:
    yield "| key | needed | holds | meaning |"
    yield "| --- | --- | --- | --- |"
    yield from _rows(entry, "")
    yield ""


def _rows(entry: dict[str, Any], prefix: str) -> Iterator[str]:
    needed = cast("list[str]", entry.get("required", []))
    for key, schema in cast("dict[str, dict[str, Any]]", entry["properties"]).items():
        holds = _holds(schema).replace("|", "\\|")
        yield f"| `{prefix}{key}` | {'yes' if key in needed else ''} | {holds} | {schema.get('description', '')} |"
        inner = _inner(schema)
        if inner is not None:
            yield from _rows(inner[0], f"{prefix}{key}{inner[1]}")


def _inner(schema: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    """The entries below a key, and how they hang on it."""
    if "properties" in schema:
        return schema, "."
    for below, mark in ((schema.get("items"), "[]."), (schema.get("additionalProperties"), ".NAME.")):
        if isinstance(below, dict) and "properties" in below:
            return cast("dict[str, Any]", below), mark
    return None


def _holds(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema["type"])
    if kind == "array":
        if "minItems" in schema:
            return "two numbers, or null for open"
        return f"list of {_holds(schema['items'])}"
    words: dict[str, str] = {
        "object": "mapping",
        "string": "text",
        "boolean": "true or false",
        "integer": "whole number",
    }
    said = words.get(kind, kind)
    if "pattern" in schema:
        said += f" like `{schema['pattern']}`"
    if "default" in schema:
        said += f", default {str(schema['default']).lower()}"
    return said


def write_pages(folder: Path, study: Path) -> tuple[Path, ...]:
    """Write the pages into the reference folder of the docs; gives the files."""
    pages = {
        "study.schema.json": schema_text(),
        "study-format.md": study_format_page(),
        "traceability.md": traceability_page(load_study(study)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in pages)


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]), Path(sys.argv[2]))
