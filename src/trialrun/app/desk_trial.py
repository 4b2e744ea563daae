"""A trial at the desk: its record as a page, what is wrong with it, its versions, and trials like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from trialrun.app.plain_record import plain_record
from trialrun.app.plain_words import Passage
from trialrun.app.record_page import RecordPage, record_page
from trialrun.app.record_results import RecordResults, record_results
from trialrun.registry.lint import lint_record
from trialrun.registry.overdue import Overdue, overdue
from trialrun.registry.record import Record
from trialrun.registry.store.model import Hit, Version
from trialrun.registry.trim import legible
from trialrun.registry.write import document_of
from trialrun.values.finding import Finding, Severity

if TYPE_CHECKING:
    from trialrun.registry.store import RegistryStore

RELATED = 6


@dataclass(frozen=True, slots=True)
class TrialView:
    """Everything the page of a trial shows.

    Args:
        version: the one shown; `latest` is the newest the store has.
        overdue: late results; `None` where none are due, or a version of the past is shown.
        results: whether results are posted; `reported` are those the record holds.
    """

    registry_id: str
    page: RecordPage
    plain: tuple[Passage, ...]
    findings: tuple[Finding, ...]
    overdue: Overdue | None
    results: bool
    reported: RecordResults
    version: Version
    versions: tuple[Version, ...]
    related: tuple[Hit, ...]

    @property
    def latest(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def is_latest(self) -> bool:
        """Whether the newest version is shown."""
        return self.version.number == self.latest.number

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings of each severity."""
        return {kind: sum(one.severity is kind for one in self.findings) for kind in Severity}


def trial_view(registry: RegistryStore, registry_id: str, today: date, number: int = 0) -> TrialView | None:
    """The page of a trial, in its newest version or the one asked for; `None` where there is none."""
    versions = registry.versions(registry_id)
    shown = (
        next((one for one in versions if one.number == number), None) if number else (versions or (None,))[-1]
    )
    record = registry.record(registry_id, shown.number) if shown is not None else None
    if shown is None or record is None:
        return None
    newest = shown.number == versions[-1].number
    read = legible(record)
    return TrialView(
        registry_id=shown.registry_id,
        page=record_page(read),
        plain=plain_record(read, today),
        findings=tuple(lint_record(record, today=today)),
        overdue=overdue(record, today) if newest else None,
        results=has_results(record),
        reported=record_results(read),
        version=shown,
        versions=versions,
        related=registry.related(registry_id, RELATED) if newest else (),
    )


def has_results(record: Record) -> bool:
    """Whether the record holds results."""
    return record.document.get("hasResults") is True or bool(record.document.get("resultsSection"))


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """A trial of a list, for a program; the names are documented and do not change."""
    return {
        "id": hit.registry_id,
        "title": hit.title,
        "status": hit.status,
        "study_type": hit.study_type,
        "phases": list(hit.phases),
        "conditions": list(hit.conditions),
        "interventions": list(hit.interventions),
        "sponsor": hit.sponsor,
        "countries": list(hit.countries),
        "enrollment": hit.enrollment,
        "started": hit.started,
        "updated": hit.updated,
        "results": hit.results,
        "versions": hit.versions,
    }


HIT_COLUMNS = (
    "id", "title", "status", "study_type", "phases", "conditions", "interventions", "sponsor", "countries",
    "enrollment", "started", "updated", "results", "versions",
)  # fmt: skip


def hit_as_row(hit: Hit) -> tuple[object, ...]:
    """A trial of a list as a row under `HIT_COLUMNS`; several values of a cell are parted by `; `."""
    values = hit_as_json(hit)
    cells: list[object] = []
    for name in HIT_COLUMNS:
        value = values[name]
        if isinstance(value, bool):
            cells.append("yes" if value else "no")
        else:
            cells.append("; ".join(value) if isinstance(value, list) else value)
    return tuple(cells)


def version_as_json(version: Version) -> dict[str, Any]:
    """A version of a record, for a program."""
    return {
        "number": version.number,
        "updated": version.updated,
        "imported": version.imported,
        "source": version.source,
        "sha256": version.sha256,
    }


def record_as_json(record: Record) -> dict[str, Any]:
    """A record as its registry's JSON, letters that cannot be written as UTF-8 replaced."""
    return _writable(document_of(record))


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, dict):
        return {_writable(key): _writable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_writable(part) for part in value]
    return value
