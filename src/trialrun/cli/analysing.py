"""The verbs `analyse` and `report`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import heading, say

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
@click.option("--pdf", is_flag=True, help="Also the report as PDF.")
@click.option(
    "--rtf", is_flag=True, help="Also every table as RTF, in a folder of its own (needs trialrun[rtf])."
)
@click.option(
    "--registry",
    is_flag=True,
    help="Also the results as ClinicalTrials.gov takes them, and what it would ask.",
)
@click.option("--plain", is_flag=True, help="Also the results in plain language.")
@click.option("--plan", is_flag=True, help="Also the analysis plan, as a page and as PDF.")
def report(snapshot: Path, out: Path, study: Path | None, **also: bool) -> None:
    """Write the report of a snapshot as one HTML page.

    Outcomes in registered order, flow, baseline, adverse events, figures, the assumptions the study rests on,
    and what so few people in one arm cannot show. The page needs nothing else and no network.
    """
    from trialrun.app.analyses import build_report

    wanted = [name for name, chosen in also.items() if chosen]
    made = build_report(snapshot, out, study_folder=study, also=wanted)
    say(f"Report written to {made[0]}.")
    for path in made[1:]:
        if path.parent == out:
            say(f"{path.name}", indent=2)
    tables = [path for path in made if path.parent != out]
    if tables:
        say(f"{len(tables)} tables in {tables[0].parent}", indent=2)
    if also["registry"]:
        _show_findings(out)


def _show_findings(out: Path) -> None:
    """What a registry's reviewers would ask, in a terminal."""
    import json

    from trialrun.app.analyses import REGISTRY_FINDINGS

    found = json.loads((out / REGISTRY_FINDINGS).read_text(encoding="utf-8"))
    asked = [one for one in found if one["severity"] != "note"]
    if not asked:
        say("The registry's checks find nothing to ask about.")
        return
    heading(f"The registry would ask about {len(asked)} point(s)")
    for one in asked:
        say(f"{one['severity']}: {one['place']}: {one['message']}", hanging=4)
        if one["remedy"]:
            say(f"Remedy: {one['remedy']}.", indent=4)
