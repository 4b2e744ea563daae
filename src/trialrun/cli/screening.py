"""The verb `screen`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialrun.cli.output import heading, say, shortened, table
from trialrun.errors import UserError

if TYPE_CHECKING:
    from trialrun.app.screening import Screened, Screening

FILE = click.Path(path_type=Path)
_SHOWN = 30
_NAMED = 4
_WORDS = {"eligible": "eligible", "not_eligible": "not eligible", "undecided": "undecided"}


@click.command()
@click.argument("study", type=FILE)
@click.argument("people", type=FILE)
@click.option("--mapping", type=FILE, help="YAML file: which column is which item, in which unit.")
@click.option(
    "--rows", multiple=True, metavar="FORM=FILE", help="Rows of a repeating form, e.g. medication=meds.csv."
)
@click.option(
    "--unit", "units", multiple=True, metavar="ITEM=UNIT", help="Unit of a column that has no _unit column."
)
@click.option("-o", "--out", type=FILE, help="Write every answer to a .csv or .json file.")
@click.option(
    "--every-visit", is_flag=True, help="With --mapping: screen each day of a person, not the first only."
)
@click.option("--why", is_flag=True, help="Show each person's answers with the reason for each.")
@click.option("--only", metavar="PARTICIPANT", multiple=True, help="With --why: show these people only.")
def screen(
    study: Path,
    people: Path,
    mapping: Path | None,
    rows: tuple[str, ...],
    units: tuple[str, ...],
    out: Path | None,
    every_visit: bool,
    why: bool,
    only: tuple[str, ...],
) -> None:
    """Screen a file of people against a study's criteria.

    PEOPLE is a CSV file with one row a person, a column participant, and columns named after the study's items,
    each quantity with a _unit column (bilirubin, bilirubin_unit). Empty means unknown. Every criterion is met, not
    met or unknown, and unknown names what is missing; unknown never includes and never excludes.

    With --mapping, PEOPLE is any file, or a folder of files, and the mapping says what its columns mean.
    """
    from trialrun.app import screening as app

    of_forms = _pairs(rows, "--rows")
    if out is not None:
        app.check_target(out, (people, *of_forms.values(), *([mapping] if mapping else [])))
    if mapping is not None:
        from trialrun.app.imports import screen_foreign

        found = screen_foreign(study, people, mapping, every_visit=every_visit)
    else:
        found = app.screen_people(study, people, rows=of_forms, units=texts_by_name(units))
    _show(found, out, why=why, only=only, notice=app.NOTICE)
    if out is not None:
        say()
        for path in app.write_screening(found, out):
            click.echo(f"Written: {path}")


def texts_by_name(pairs: tuple[str, ...]) -> dict[str, str]:
    """`NAME=UNIT` pairs of an option as a mapping."""
    split: dict[str, str] = {}
    for pair in pairs:
        name, equals, unit = pair.partition("=")
        if not equals or not name or not unit:
            raise UserError(f"--unit {pair!r} is not ITEM=UNIT", "write for example --unit bilirubin=mg/dL")
        split[name] = unit
    return split


def _pairs(pairs: tuple[str, ...], option: str) -> dict[str, Path]:
    split: dict[str, Path] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not equals or not name or not path:
            raise UserError(
                f"{option} {pair!r} is not FORM=FILE", "write for example --rows medication=meds.csv"
            )
        split[name] = Path(path)
    return split


def _show(found: Screening, out: Path | None, *, why: bool, only: tuple[str, ...], notice: str) -> None:
    people = [one for one in found.screened if not only or one.participant in only]
    if only and not people:
        raise UserError(
            f"nobody in {found.source} is called {', '.join(only)}", "check the participant column"
        )
    heading(f"{found.study.id}: {len(people)} screened from {found.source}")
    if why:
        for one in people:
            _show_person(one)
    else:
        _show_table(people, out)
    _show_counts(found, people)
    _show_unread(found)
    say()
    say(notice)


def _who(one: Screened) -> str:
    return f"{one.participant} {one.visit}".strip()


def _show_table(people: list[Screened], out: Path | None) -> None:
    scores = (
        [seen.label.partition(" (")[0].removesuffix(" score") for seen in people[0].scores] if people else []
    )
    rows = [
        (_who(one), _WORDS[one.eligibility.status.value], *map(str, one.scores), _because(one))
        for one in people[:_SHOWN]
    ]
    table(("participant", "answer", *scores, "because"), rows)
    if len(people) > _SHOWN:
        where = "are in the file written" if out else "can be written with -o answers.csv"
        say(f"... {len(people) - _SHOWN} more {where}.")


def _because(one: Screened) -> str:
    outcomes = {outcome.id: outcome for outcome in one.eligibility.outcomes}
    deciding = [outcomes[name] for name in one.eligibility.deciding]
    if not deciding:
        return "every inclusion met, no exclusion met"
    if one.eligibility.status.value == "not_eligible":
        return ", ".join(f"{o.id} {'not met' if o.inclusion else 'met'}" for o in deciding)
    names = [o.id for o in deciding[:_NAMED]]
    more = f" and {len(deciding) - _NAMED} more" if len(deciding) > _NAMED else ""
    return f"unknown: {', '.join(names)}{more}"


def _show_person(one: Screened) -> None:
    heading(f"{_who(one)}: {_WORDS[one.eligibility.status.value]}")
    for seen in one.scores:
        say(f"{seen.label}: {seen}")
    for outcome in one.eligibility.outcomes:
        mark = {True: "+", False: "-", None: "?"}[outcome.passes]
        text = shortened(outcome.text, 62) if outcome.passes is True else outcome.text
        say(f"{mark} {outcome.id:<4} {outcome.outcome.value.replace('_', ' '):<8} {text}", hanging=16)
        if outcome.passes is True:
            continue
        say(f"rule: {outcome.words}", indent=16, hanging=18)
        if outcome.missing:
            say(f"missing: {', '.join(outcome.missing)}", indent=16, hanging=18)
        for value in (*outcome.values, *outcome.possible):
            say(f"· {value}", indent=16, hanging=18)
        if outcome.advice:
            say(outcome.advice, indent=16, hanging=18)
    say()
    say("+ speaks for, - speaks against, ? unknown")


def _show_counts(found: Screening, people: list[Screened]) -> None:
    counts = Counter(one.eligibility.status.value for one in people)
    say()
    say(", ".join(f"{counts[status]} {word}" for status, word in _WORDS.items()) + ".")
    rows: list[tuple[object, ...]] = []
    for criterion in found.study.criteria.values():
        answers = Counter(one.eligibility.outcome(criterion.id).outcome.value for one in people)
        rows.append(
            (
                criterion.id,
                answers["met"],
                answers["not_met"],
                answers["unknown"],
                shortened(criterion.text, 45),
            )
        )
    if len(people) > 1:
        say()
        table(("criterion", "met", "not met", "unknown", "in the record's words"), rows)


def _show_unread(found: Screening) -> None:
    if found.unreadable:
        heading(f"Not understood: {len(found.unreadable)}")
        for bad in found.unreadable[:10]:
            say(shortened(str(bad), 300), indent=2, hanging=4)
        if len(found.unreadable) > 10:
            say(f"... and {len(found.unreadable) - 10} more.", indent=2)
    if found.ignored:
        say()
        say(f"Columns not used (no item of the study has that name): {', '.join(found.ignored)}.", hanging=2)
    if found.notes:
        heading("About these data")
        for note in found.notes:
            say(note, hanging=2)
    if found.left_out:
        heading("Not used, and why")
        table(("what", "why"), found.left_out.items(), indent=2)
