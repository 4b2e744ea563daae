"""Screen people against a study's criteria, and keep the reason for every answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trialrun.app.people import People, Person, read_people
from trialrun.app.studies import open_study
from trialrun.app.text_table import Unreadable
from trialrun.errors import UserError
from trialrun.evaluate.eligibility import CriterionOutcome, Eligibility, EligibilityStatus
from trialrun.study.model import Derived, Study

NOTICE = "Supports, never replaces, the investigator's judgement. Not a medical device."
_COLUMNS = (
    "participant", "visit", "line", "status", "criterion", "kind", "outcome", "passes", "missing", "values",
    "possible", "attested_by", "words", "record",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoreSeen:
    """A score of one person: its value, or the bounds it must lie in, and its class where that is certain."""

    name: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    band: str

    def __str__(self) -> str:
        known = "" if self.band == "" else f" {self.band}"
        if self.value is not None:
            return f"{self.value:g}{known}"
        if self.low is None or self.high is None:
            return "unknown"
        if self.low == self.high:
            return f"{self.low:g}{known}"
        return f"{self.low:g}-{self.high:g}{known}"


@dataclass(frozen=True, slots=True)
class Screened:
    """One person, or one visit of a person, with the answer to every criterion and the scores behind it."""

    participant: str
    line: int
    eligibility: Eligibility
    visit: str = ""
    scores: tuple[ScoreSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Screening:
    """A whole file screened: everyone's answers, and what of the file was not understood or not used."""

    study: Study
    source: str
    screened: tuple[Screened, ...]
    unreadable: tuple[Unreadable, ...]
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    def count(self, status: EligibilityStatus) -> int:
        """How many have this status."""
        return sum(one.eligibility.status is status for one in self.screened)


def screen_people(
    study_folder: Path,
    people_file: Path,
    *,
    rows: Mapping[str, Path] | None = None,
    units: Mapping[str, str] | None = None,
) -> Screening:
    """Screen a file with one row a person whose columns are named after the study's items.

    Errors: `UserError` when the study does not load or the file cannot be read at all.
    """
    study = open_study(study_folder)
    people = read_people(study, people_file, rows=rows, units=units)
    return screening_of(study, people, str(people_file))


def screening_of(study: Study, people: People, source: str) -> Screening:
    """Screen people already read."""
    from trialrun.study.screen import Screener

    screener = Screener(study)
    return Screening(
        study,
        source,
        tuple(_screened(screener, person) for person in people.people),
        people.unreadable,
        people.ignored,
        people.absent,
    )


def _screened(screener: Any, person: Person) -> Screened:
    eligibility = screener.screen(person.row, person.rows_by_form)
    values = screener.values(person.row, person.rows_by_form)
    return Screened(
        person.participant,
        person.line,
        eligibility,
        visit=person.visit,
        scores=tuple(_score_seen(derived, values) for derived in _shown_scores(screener.study)),
    )


def _shown_scores(study: Study) -> tuple[Derived, ...]:
    """The scores people ask for: those the registered outcomes or the criteria rest on."""
    registered = {endpoint.variable for endpoint in study.endpoints.values() if endpoint.order}
    rules = " ".join(criterion.expression for criterion in study.criteria.values())
    return tuple(
        derived
        for derived in study.derived.values()
        if derived.score is not None and (derived.name in registered or derived.name in rules.split())
    )


def _score_seen(derived: Derived, values: Mapping[str, Any]) -> ScoreSeen:
    low, high = values.get(f"{derived.name}__low"), values.get(f"{derived.name}__high")
    bands = [values.get(f"{derived.name}_class{end}") for end in ("__low", "__high")]
    certain = values.get(f"{derived.name}_class") or (bands[0] if bands[0] == bands[1] else None)
    return ScoreSeen(derived.name, derived.label, values.get(derived.name), low, high, str(certain or ""))


def check_target(out: Path, sources: Iterable[Path]) -> None:
    """Refuse to write answers over what they come from.

    Errors: `UserError` for a name that is one of the sources, or for another ending than .csv or .json.
    """
    if out.suffix not in (".csv", ".json"):
        raise UserError(f"{out}: unknown kind of file {out.suffix!r}", "end the name in .csv or .json")
    read = {path.resolve() for source in sources for path in (source, *_inside(source))}
    for target in (out, _scores_file(out), _rejected_file(out)):
        if target.resolve() in read:
            raise UserError(f"{target}: would replace the source", "name another file with -o")


def _inside(source: Path) -> Iterable[Path]:
    return source.iterdir() if source.is_dir() else ()


def _scores_file(out: Path) -> Path:
    return out.with_name(f"{out.stem}.scores.csv")


def _rejected_file(out: Path) -> Path:
    return out.with_name(f"{out.stem}.rejected.csv")


def write_screening(screening: Screening, out: Path) -> tuple[Path, ...]:
    """Write the answers as CSV (one row per person and criterion) or JSON, and beside it what was not read.

    Returns the files written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".json":
        out.write_text(json.dumps(_as_json(screening), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return (out,)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(_csv_rows(screening))
    written = [out]
    if screening.screened and screening.screened[0].scores:
        written.append(_write_scores(screening, _scores_file(out)))
    rejected = _rejected_file(out)
    if not screening.unreadable:
        rejected.unlink(missing_ok=True)  # an earlier run's list would speak of another file
        return tuple(written)
    with rejected.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "line", "column", "text", "reason"))
        writer.writerows(
            (_plain(b.file), b.line, b.column, _plain(b.text), b.reason) for b in screening.unreadable
        )
    return (*written, rejected)


def _write_scores(screening: Screening, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("participant", "visit", "score", "value", "low", "high", "class"))
        for one in screening.screened:
            for seen in one.scores:
                cells = ("" if cell is None else f"{cell:g}" for cell in (seen.value, seen.low, seen.high))
                writer.writerow((_plain(one.participant), one.visit, seen.name, *cells, seen.band))
    return path


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _csv_rows(screening: Screening) -> Iterable[tuple[object, ...]]:
    for one in screening.screened:
        for outcome in one.eligibility.outcomes:
            yield (
                _plain(one.participant),
                one.visit,
                one.line,
                one.eligibility.status.value,
                outcome.id,
                "inclusion" if outcome.inclusion else "exclusion",
                outcome.outcome.value,
                {True: "yes", False: "no", None: "unknown"}[outcome.passes],
                "; ".join(outcome.missing),
                "; ".join(map(str, outcome.values)),
                "; ".join(outcome.possible),
                "; ".join(outcome.attested_by),
                outcome.words,
                outcome.text,
            )


def _as_json(screening: Screening) -> dict[str, Any]:
    return {
        "study": screening.study.id,
        "study_hash": screening.study.hash,
        "source": screening.source,
        "notice": NOTICE,
        "people": [
            {
                "participant": one.participant,
                "visit": one.visit,
                "line": one.line,
                "status": one.eligibility.status.value,
                "deciding": list(one.eligibility.deciding),
                "scores": [
                    {"score": s.name, "value": s.value, "low": s.low, "high": s.high, "class": s.band}
                    for s in one.scores
                ],
                "criteria": [_criterion_json(outcome) for outcome in one.eligibility.outcomes],
            }
            for one in screening.screened
        ],
        "unreadable": [
            {"file": b.file, "line": b.line, "column": b.column, "text": b.text, "reason": b.reason}
            for b in screening.unreadable
        ],
        "columns_ignored": list(screening.ignored),
        "left_out": dict(screening.left_out),
        "notes": list(screening.notes),
        "items_absent": list(screening.absent),
    }


def _criterion_json(outcome: CriterionOutcome) -> dict[str, Any]:
    return {
        "criterion": outcome.id,
        "inclusion": outcome.inclusion,
        "outcome": outcome.outcome.value,
        "missing": list(outcome.missing),
        "values": [
            {
                "item": value.name,
                "value": value.value if isinstance(value.value, (bool, int, float)) else str(value.value),
                "unit": value.unit,
                "on": value.on.isoformat() if value.on else None,
            }
            for value in outcome.values
        ],
        "possible": list(outcome.possible),
        "advice": outcome.advice,
        "attested_by": list(outcome.attested_by),
        "words": outcome.words,
        "record": outcome.text,
    }
