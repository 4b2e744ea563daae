"""The verbs `analyse` and `report`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import say

FOLDER = click.Path(path_type=Path)
_STUDY = click.option("--study", type=FOLDER, help="The study's folder, if the snapshot holds no copy of it.")


@click.command()
@click.argument("snapshot", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Where results.json goes: a file, or a folder.")
@_STUDY
def analyse(snapshot: Path, out: Path, study: Path | None) -> None:
    """Analyse the registered outcomes of a snapshot.

    Scores are derived per visit, then each registered outcome is estimated as registered, with its
    population, method and the log entries behind it. The same snapshot gives the same results, byte for byte.
    """
    from trialrun.app.analyses import analyse_snapshot
    from trialrun.cli.results import show_results

    target = out if out.suffix == ".json" else out / "results.json"
    results = analyse_snapshot(snapshot, target, study_folder=study)
    show_results(*results)
    say()
    say(f"Results written to {target}.")


@click.command()
@click.argument("snapshot", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for the report.")
@_STUDY
def report(snapshot: Path, out: Path, study: Path | None) -> None:
    """Write the report of a snapshot as one HTML page.

    Outcomes in registered order, flow, baseline, adverse events, figures, the assumptions the study rests on,
    and what so few people in one arm cannot show. The page needs nothing else and no network.
    """
    from trialrun.app.analyses import build_report

    say(f"Report written to {build_report(snapshot, out, study_folder=study)}.")
