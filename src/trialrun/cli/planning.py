"""The verb `plan`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import say

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("study", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="The file to write: .html or .pdf.")
def plan(study: Path, out: Path) -> None:
    """Write the statistical analysis plan of a study as a document.

    Estimands with their five attributes, populations, windows, every analysis with its method and formula, multiplicity,
    missing data, safety, the stopping boundary, what the number of participants can show, table shells and the assumptions
    still open. It is printed from the analysis section of the study definition, which the analysis itself follows.
    """
    from trialrun.app.plan_file import write_plan_file

    found, still = write_plan_file(study, out)
    say(f"Plan written to {out}.")
    if found.analysis.assumed:
        say(
            "The study states no plan; these are the defaults of a small trial (add analysis: to study.yaml)."
        )
    if still:
        say(f"It rests on {still} assumption{'s' if still > 1 else ''} nobody has confirmed.")
