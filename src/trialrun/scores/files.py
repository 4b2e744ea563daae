"""Scores on files: a table comes in, the same table goes out with the score's columns added."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

from trialrun.errors import ScoreError
from trialrun.scores.bindings import Binding, bind, lacks_unit
from trialrun.scores.columns import can_run_as_columns, score_columns
from trialrun.scores.frames import MANY, output_names, outputs
from trialrun.scores.load import score as find_score
from trialrun.scores.model import Score
from trialrun.scores.reading import no_unit_message, no_unit_remedy
from trialrun.scores.rows import Reading, RowScorer

_MOST_LISTED = 20
_BATCH = 20_000


@dataclass(slots=True)
class FileSummary:
    """What became of a file.

    Args:
        rows: data rows read, all of which are in the output.
        known, unknown, refused: how many have a value, lack an input, or hold one that is refused.
        queried: rows used though a value lies outside the usual.
        value_column: the column that holds the score.
        notes: what was assumed because it was not asked.
        listed: the first refused rows, each with line and reason.
    """

    score: str
    source: str
    target: str
    value_column: str = "value"
    rows: int = 0
    known: int = 0
    unknown: int = 0
    refused: int = 0
    queried: int = 0
    notes: tuple[str, ...] = ()
    listed: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        lines = [
            self._counts(),
            f"The score is in column {self.value_column!r} of {self.target}.",
            *(f"Assumed: {note}." for note in self.notes),
            *self.listed,
        ]
        if self.refused > len(self.listed):
            lines.append(f"... and {self.refused - len(self.listed)} more refused rows; see refused_because.")
        return "\n".join(lines)

    def _counts(self) -> str:
        return (
            f"{self.score}: {self.rows} rows, {self.known} with a value, {self.unknown} unknown, "
            f"{self.refused} refused, {self.queried} to be looked at."
        )


def score_file(
    name: str, source: Path, target: Path, *, units: Mapping[str, str] | None = None
) -> FileSummary:
    """Compute a score for every row of a CSV, TSV or Parquet file and write a CSV file.

    Every row of the source is in the target, its own columns unchanged; a row that cannot be read
    has no value and says why. The target appears whole or not at all; a folder that is not there is made.

    Args:
        units: the unit of an input in all rows, e.g. `{"bilirubin": "umol/L"}`.

    Errors: `ScoreError` for a file that cannot be read, without any input of the score, or with a
    column whose unit is never guessed.
    """
    score = find_score(name)
    if source.resolve() == target.resolve():
        raise ScoreError(f"{target}: would replace the source", "name another file with -o")
    summary = FileSummary(score.name, str(source), str(target))
    lines = _scored(score, source, units, summary)
    header = next(lines)
    try:
        _write(target.resolve(), chain([header], lines))
    except OSError as error:
        raise ScoreError(
            f"{target}: cannot be written ({error.strerror})", "check folder and rights"
        ) from error
    return summary


def _write(target: Path, lines: Iterator[list[str]]) -> None:
    if target.exists() and not target.is_file() and not target.is_dir():
        # A device or a pipe takes what it is given; it must never be replaced by a file.
        with target.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(lines)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unused_name(target)
    try:
        with temporary.open("x", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(lines)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _unused_name(target: Path) -> Path:
    """A name beside the target that is nobody's file."""
    names = (target.with_name(f".{target.name[:100]}.{number}.part") for number in count(1))
    return next(path for path in names if not path.exists())


def _scored(
    score: Score, source: Path, units: Mapping[str, str] | None, summary: FileSummary
) -> Iterator[list[str]]:
    lines = _lines(source)
    header = [str(name) for name in next(lines, (1, list[Any]()))[1]]
    _check_header(source, header)
    bindings = bind(score, header, units)
    _check_units(source, bindings)
    scorer = RowScorer(score, bindings)
    columns = output_names(score, header)
    summary.value_column, summary.notes = columns["value"], scorer.notes
    yield [*header, *columns.values()]
    kept = ((number, line) for number, line in lines if not _is_blank_line(line, len(header)))
    while batch := list(islice(kept, _BATCH)):
        for (number, line), found in zip(
            batch, _batch(scorer, header, [line for _, line in batch]), strict=True
        ):
            _count(summary, number, found)
            cells = [*map(_text, line), *[""] * (len(header) - len(line))]
            yield [*cells[: len(header)], *map(_text, found.values())]


def _is_blank_line(line: list[Any], width: int) -> bool:
    """Whether a line holds no row at all; a row of empty cells is a row."""
    return not line or (len(line) == 1 < width and not str(line[0]).strip())


def _batch(scorer: RowScorer, header: list[str], lines: list[list[Any]]) -> list[dict[str, Any]]:
    """The outputs of some rows; many are computed column by column."""
    width = len(header)
    whole = [line for line in lines if len(line) == width]
    if len(whole) >= MANY and can_run_as_columns(scorer):
        columns = dict(zip(header, zip(*whole, strict=True), strict=True))
        table = score_columns(scorer, columns.__getitem__, len(whole))
        found = iter([dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)])
    else:
        found = (_outputs(scorer, scorer.read(dict(zip(header, line, strict=True)))) for line in whole)
    return [next(found) if len(line) == width else _outputs(scorer, _torn(line, width)) for line in lines]


def _outputs(scorer: RowScorer, reading: Reading) -> dict[str, Any]:
    return outputs(scorer.score, (), scorer.result(reading))


def _torn(line: list[Any], width: int) -> Reading:
    surplus = ", ".join(repr(cell) for cell in line[width:])
    beyond = f", beyond it {surplus}" if surplus else ""
    return Reading({}, (f"the row has {len(line)} fields, the header {width}{beyond}",))


def _count(summary: FileSummary, number: int, found: Mapping[str, Any]) -> None:
    summary.rows += 1
    summary.queried += bool(found["queried_because"])
    if found["refused_because"]:
        summary.refused += 1
        if len(summary.listed) < _MOST_LISTED:
            summary.listed.append(f"line {number}: {found['refused_because']}")
    elif found["value"] is None:
        summary.unknown += 1
    else:
        summary.known += 1


def _check_header(source: Path, header: list[str]) -> None:
    names = [name.strip() for name in header]
    if not any(names):
        raise ScoreError(f"{source}: is empty", "the first line names the columns")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise ScoreError(f"{source}: column {twice!r} is there twice", "rename or remove one")


def _check_units(source: Path, bindings: tuple[Binding, ...]) -> None:
    for binding in bindings:
        if binding.column is not None and lacks_unit(binding):
            each = binding.input
            raise ScoreError(f"{source}: {no_unit_message(each)}", no_unit_remedy(each))


def _lines(source: Path) -> Iterator[tuple[int, list[Any]]]:
    """The rows with the line each begins on, the header first."""
    if source.suffix.lower() == ".parquet":
        yield from enumerate(_parquet(source), 1)
        return
    line = 0
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            if first.startswith("PK\x03\x04"):
                raise ScoreError(f"{source}: is a workbook or an archive, not CSV", "save it as CSV UTF-8")
            file.seek(0)
            reader = csv.reader(file, delimiter=_delimiter(source, first), strict=True)
            for row in reader:
                yield line + 1, row
                line = reader.line_num
    except OSError as error:
        raise ScoreError(f"{source}: cannot be read ({error.strerror})", "check the path") from error
    except UnicodeDecodeError as error:
        raise ScoreError(
            f"{source}, {_not_utf8(source)}: is not UTF-8 text", "save it as CSV UTF-8"
        ) from error
    except csv.Error as error:
        place = f"{source}, row from line {line + 1}"
        raise ScoreError(f"{place}: is not CSV: {error}", "check the quotes") from error


def _not_utf8(source: Path) -> str:
    """Where the first text that is not UTF-8 stands."""
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f"line {number}, byte {error.start + 1}"
    return "at the end"


def _delimiter(source: Path, first: str) -> str:
    if source.suffix.lower() in (".tsv", ".tab") or ("\t" in first and "," not in first):
        return "\t"
    return ";" if first.count(";") > first.count(",") else ","


def _parquet(source: Path) -> Iterator[list[Any]]:
    import duckdb

    if not source.exists():
        raise ScoreError(f"{source}: cannot be read (no such file)", "check the path")
    with duckdb.connect() as connection:
        try:
            found = connection.execute("SELECT * FROM read_parquet(?)", [str(source)])
        except duckdb.Error as error:
            raise ScoreError(f"{source}: is not a Parquet file", "check the file") from error
        yield [column[0] for column in found.description or []]
        while batch := found.fetchmany(10_000):
            yield from (list(row) for row in batch)


def _text(value: object) -> str:
    if value.__class__ is str:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
