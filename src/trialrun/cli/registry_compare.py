"""The verbs `trialrun registry compare` and `trialrun registry lint`: two versions of a record, and one alone."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialrun.cli.output import heading, say, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialrun.registry.difference import Change, RecordDifference, Words
    from trialrun.values.finding import Finding

_FILE = click.Path(path_type=Path)
_LONGEST = 600


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def compare(old: Path, new: Path, as_json: bool) -> None:
    """Tell what changed between two versions of a record.

    OLD and NEW are files of one trial's record, the older first. Alarms come first, gravest first: changed
    outcomes, size, eligibility, masking, dates. Another order of a list is no change. An alarm is a question to
    the sponsor and no verdict.
    """
    from trialrun.registry.difference import compare_records, difference_document
    from trialrun.registry.read import read_record

    (before, odd_old), (after, odd_new) = read_record(old), read_record(new)
    found = compare_records(before, after)
    if as_json:
        document = difference_document(found)
        document["findings"] += [_finding(one) for one in (*odd_old, *odd_new)]
        click.echo(json.dumps(document, ensure_ascii=True, indent=2))
        return
    _told(found, (*odd_old, *odd_new))


def _told(found: RecordDifference, odd: Sequence[Finding]) -> None:
    said = f"{found.old_id or 'no number'}: version of {found.old_date or 'no date'} to {found.new_date or 'no date'}"
    say(f"{said}, {found.moment}.")
    for finding in (*found.findings, *odd):
        say(str(finding), hanging=2)
    if found.alarms:
        heading(f"{len(found.alarms)} alarm(s)")
        for alarm in found.alarms:
            say(f"{alarm.level}: {alarm.message}", hanging=2)
            say(f"→ {alarm.reason}", indent=2, hanging=4)
    if not found.changes:
        say("Nothing changed.")
    for section, changes in found.sections:
        heading(section)
        for change in changes:
            note = f" [{change.note}]" if change.note else " [wording only]" if change.wording else ""
            say(f"{change.field} {change.kind}{note}", hanging=2)
            for line in _lines(change):
                say(line, indent=2, hanging=4)


def _lines(change: Change) -> list[str]:
    if change.words:
        return [_marked(change.words)]
    sides = (("- ", change.old), ("+ ", change.new))
    return [sign + shortened(text, _LONGEST) for sign, text in sides if text]


def _marked(words: Sequence[Words]) -> str:
    """A changed text: what went in [-...-], what came in {+...+}, long runs without change shortened."""
    from trialrun.registry.difference import Mark

    parts: list[str] = []
    for run in words:
        text = " ".join(run.text.split(" "))
        if run.mark is Mark.SAME:
            parts.append(text if len(text) <= 120 else f"{text[:50]} … {text[-50:]}")
        else:
            text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
            parts.append(f"[-{text}-]" if run.mark is Mark.REMOVED else f"{{+{text}+}}")
    return "".join(parts)


@click.command()
@click.argument("record", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a finding instead.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="Day dates are compared with; today if not given."
)
def lint(record: Path, as_json: bool, today: datetime | None) -> int:
    """List what a record leaves open or contradicts.

    RECORD is the registry's JSON or a saved page. Errors contradict themselves, warnings leave a plan open that
    somebody must fill, notes are worth reading. Late results are told, too. Leaves with exit code 1 when there
    is an error.
    """
    from trialrun.registry.lint import lint_record
    from trialrun.registry.read import read_record
    from trialrun.values.finding import Severity

    read, odd = read_record(record)
    day = (today or datetime.now().astimezone()).date()
    findings = [*odd, *lint_record(read, today=day)]
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        for finding in findings:
            click.echo(json.dumps(_finding(finding), ensure_ascii=True))
        return 1 if errors else 0
    for severity in Severity:
        found = [finding for finding in findings if finding.severity is severity]
        if found:
            _kinds(severity, found)
    say()
    say(f"{read.registry_id or record.name}: {len(findings)} finding(s), {errors} of them error(s).")
    return 1 if errors else 0


def _kinds(severity: str, findings: list[Finding]) -> None:
    """Findings of one severity, each kind once with every place it stands at."""
    heading(f"{len(findings)} {severity}{'s' if len(findings) != 1 else ''}")
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    for code, found in kinds.items():
        say(code.replace("-", " "))
        for finding in found:
            say(
                f"{finding.place}: {finding.message}" if finding.place else finding.message,
                indent=2,
                hanging=4,
            )
        if found[0].remedy:
            say(f"→ {found[0].remedy}", indent=2, hanging=4)


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "severity": str(finding.severity),
        "code": finding.code,
        "place": finding.place,
        "message": finding.message,
        "remedy": finding.remedy,
    }
