"""The verb `score`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import say
from trialrun.cli.screening import texts_by_name

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("name", required=False)
@click.argument("data", required=False, type=FILE)
@click.option("-o", "--out", type=FILE, help="CSV file to write.")
@click.option(
    "--unit", "units", multiple=True, metavar="INPUT=UNIT", help="Unit of a column that has no _unit column."
)
@click.option("--list", "wants_list", is_flag=True, help="List the scores.")
@click.option(
    "--show", "wants_one", is_flag=True, help="Print a score's formula, source and a worked example."
)
def score(
    name: str | None,
    data: Path | None,
    out: Path | None,
    units: tuple[str, ...],
    wants_list: bool,
    wants_one: bool,
) -> None:
    """Compute a published score over a file, or list the scores.

    \b
    trialrun score --list                       which scores there are
    trialrun score meld_3 --show                formula, source, worked example
    trialrun score meld_3 labs.csv -o out.csv   one score for every row

    DATA names the score's inputs in its header (bilirubin, bilirubin_unit ...). Every row is in the result with
    the columns value, the components, low and high where an input is missing, and unknown_because.
    """
    from trialrun.app import scoring as app

    if wants_list:
        _page(app.scores_text())
        return
    if name is None:
        raise click.UsageError("Name a score, or list them with --list.")
    if wants_one or data is None:
        _page(app.score_text(name))
        return
    if out is None:
        raise click.UsageError("Say where the result goes with -o out.csv.")
    click.echo(str(app.score_file(name, data, out, units=texts_by_name(units) or None)))
    say("Not a medical device: a score supports judgement and never replaces it.")


def _page(text: str) -> None:
    for line in text.splitlines():
        kept = len(line) - len(line.lstrip())
        say(line.strip(), indent=kept, hanging=max(kept, _column(line)))


def _column(line: str) -> int:
    """Where the text after a wide gap begins, so that wrapped lines stay under it."""
    head, gap, _ = line.strip().partition("  ")
    if not gap or len(head) > 28:
        return len(line) - len(line.lstrip()) + 2
    return len(line) - len(line[line.index(head) + len(head) :].lstrip())
