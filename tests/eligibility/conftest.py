"""Reading the table of cases, and the study they are about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from trialrun.study.load import load_study
from trialrun.study.model import ItemType, Study
from trialrun.values.dates import parse_partial_date

ROWS = re.compile(r"^([a-z_]+)\[(.*)\]$")


@pytest.fixture(scope="session")
def study(root: Path) -> Study:
    return load_study(root / "examples" / "nct05871463")


def read_value(study: Study, name: str, text: str) -> Any:
    item = study.items[name]
    match item.type:
        case ItemType.NUMBER | ItemType.INTEGER:
            return float(text)
        case ItemType.BOOLEAN:
            return {"true": True, "false": False}[text]
        case ItemType.DATE:
            day = parse_partial_date(text)
            return day if item.partial else day.exact
        case ItemType.CHOICE:
            assert text in {choice.code for choice in item.choices}, f"{name} has no choice {text}"
            return text
        case _:
            return text


def read_given(study: Study, text: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """`name=value; form[name=value, ...]` as a row and the rows of repeating forms."""
    row: dict[str, Any] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = ROWS.match(part)
        if match:
            pairs = (pair.split("=") for pair in match[2].split(","))
            one = {name.strip(): read_value(study, name.strip(), value.strip()) for name, value in pairs}
            assert set(one) <= set(study.forms[match[1]].items)
            rows.setdefault(match[1], []).append(one)
        else:
            name, value = part.split("=")
            row[name] = read_value(study, name, value)
    return row, rows
