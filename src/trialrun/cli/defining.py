"""The verbs on a study's definition: `draft`, `check`, `show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from trialrun.cli.output import heading, say, table
from trialrun.values.finding import Finding, Severity

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("record", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="New folder for the study.")
@click.option(
    "--vocabulary", type=FOLDER, help="Your own words for tests and scores, before those shipped (YAML)."
)
def draft(record: Path, out: Path, vocabulary: Path | None) -> None:
    """Draft a study from a registry record.

    RECORD is the registry's page saved as text or HTML, or the ClinicalTrials.gov JSON. The draft keeps the
    record's words beside every part it made of them; what the record leaves open is listed as an assumption,
    and what could not be understood is quoted. What the record itself leaves open or contradicts is told at the end.
    """
    from trialrun.app.drafts import draft_study

    drafted = draft_study(record, out, vocabulary)
    say(f"Draft of {drafted.title} written to {out}.")
    say()
    counts = drafted.counts
    say(
        f"{counts['criteria']} criteria ({counts['read']} read as rules, the others asked in the record's words), "
        f"{counts['arms']} group(s), {counts['visits']} visits, {counts['forms']} forms, {counts['items']} items, "
        f"{counts['endpoints']} outcomes; {counts['assumptions']} assumptions wait for a named person. "
        f"{len(drafted.findings)} finding(s) while drafting, {len(drafted.defects)} defect(s) of the record itself."
    )
    if drafted.findings:
        heading(f"{len(drafted.findings)} finding(s) while drafting")
        table(("place", "what"), [(finding.place, finding.message) for finding in drafted.findings])
    _defects(drafted.defects)
    say()
    say(f"Next: trialrun check {out}, then trialrun rehearse {out} -o OUT", hanging=6)


def _defects(defects: Sequence[Finding]) -> None:
    """What the record leaves open or contradicts: each kind once, with every place it stands at."""
    if not defects:
        return
    heading(f"{len(defects)} defect(s) of the record itself")
    kinds: dict[tuple[Severity, str], list[Finding]] = {}
    for defect in defects:
        kinds.setdefault((defect.severity, defect.code), []).append(defect)
    for (severity, code), found in sorted(kinds.items(), key=lambda kind: kind[0][0] is not Severity.WARNING):
        say(f"{severity}: {code.replace('-', ' ')}")
        for defect in found:
            say(f"{defect.place}: {defect.message}", indent=2, hanging=4)
        say(f"→ {found[0].remedy}", indent=2, hanging=4)


@click.command()
@click.argument("study", type=FOLDER)
@click.option("--errors-only", is_flag=True, help="Leave out warnings and notes.")
def check(study: Path, errors_only: bool) -> int:
    """List what does not fit together in a study.

    Errors keep the study from running. Warnings and notes do not: among them are the assumptions nobody has
    confirmed. Leaves with exit code 1 when there is an error.
    """
    from trialrun.app.studies import check_study_folder

    checked = check_study_folder(study)
    for severity in Severity:
        found = [finding for finding in checked.findings if finding.severity is severity]
        if not found or (errors_only and severity is not Severity.ERROR):
            continue
        heading(f"{len(found)} {severity}{'s' if len(found) != 1 else ''}")
        for finding in found:
            say(f"{finding.place}: {finding.message}" if finding.place else finding.message, hanging=2)
            if finding.remedy:
                say(f"→ {finding.remedy}", indent=2, hanging=4)
    errors = checked.count(Severity.ERROR)
    say()
    if checked.study is not None:
        waiting = sum(assumption.confirmed is None for assumption in checked.study.assumptions.values())
        say(
            f"{checked.study.id}: {len(checked.study.criteria)} criteria, {len(checked.study.items)} items, "
            f"{len(checked.study.visits)} visits, {len(checked.study.endpoints)} endpoints; "
            f"{errors} error(s), {waiting} assumption(s) nobody has confirmed."
        )
        say(f"Content hash, which names this definition in approvals and in the log: {checked.study.hash}")
    if not errors:
        ready = checked.study is not None and (Path(checked.study.folder) / "rehearsal.yaml").is_file()
        first = "It can be rehearsed" if ready else "It can be rehearsed once a rehearsal.yaml says with whom"
        say(f"{first}; it goes live only when every assumption is confirmed by name.")
    return 1 if errors else 0


@click.command()
@click.argument("study", type=FOLDER)
@click.option("--criteria", "parts", flag_value="criteria", multiple=True, help="Criteria in plain English.")
@click.option("--schedule", "parts", flag_value="schedule", multiple=True, help="Visits, windows, forms.")
@click.option("--items", "parts", flag_value="items", multiple=True, help="Every question, unit and limit.")
@click.option("--endpoints", "parts", flag_value="endpoints", multiple=True, help="Outcomes, five levels.")
@click.option("--assumptions", "parts", flag_value="assumptions", multiple=True, help="What was assumed.")
@click.option("--analysis", "parts", flag_value="analysis", multiple=True, help="Estimands, sets, methods.")
@click.option("--doses", "parts", flag_value="doses", multiple=True, help="Who receives what, when.")
def show(study: Path, parts: tuple[str, ...]) -> None:
    """Print a study: criteria, schedule, items, endpoints.

    Everything is printed from the definition itself: criteria are the rules in words, beside the record's own.
    Without an option, all parts are printed.
    """
    from trialrun.app.showing import study_text
    from trialrun.cli.output import width

    click.echo(study_text(study, parts, width=width()))
