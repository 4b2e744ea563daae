"""The verbs that run a trial with virtual participants: `demo`, `rehearse`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialrun.cli.output import heading, say, table

if TYPE_CHECKING:
    from trialrun.app.demo import DemoOutcome
    from trialrun.simulate.rehearse import RehearsalSummary

FOLDER = click.Path(path_type=Path)
SEED = 9


class Stages:
    """Says which stage a job is in, how long each took, and how far the present one is."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._current = ""
        self._live = sys.stderr.isatty()

    def stage(self, title: str) -> None:
        """Begin the next stage."""
        self.done()
        self._current, self._since = title, time.monotonic()
        if self._live:
            click.echo(f"  … {title}", nl=False, err=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far the present stage is (on a terminal only)."""
        if self._live:
            click.echo(f"\r  … {self._current}: {what}, {done} of {total} enrolled\033[K", nl=False, err=True)

    def done(self) -> None:
        """End the present stage."""
        if self._current:
            start = "\r\033[K" if self._live else ""
            click.echo(f"{start}  ✓ {self._current} ({time.monotonic() - self._since:.1f} s)", err=True)
        self._current = ""


@click.command()
@click.argument("study", type=FOLDER)
@click.option("--seed", default=SEED, show_default=True, help="One seed, one rehearsal.")
@click.option(
    "--screened", default=80, show_default=True, help="Stop after this many candidates at the latest."
)
@click.option("--scenario", default="", help="A scenario of the study's rehearsal.yaml (default: its own).")
@click.option("-o", "--out", required=True, type=FOLDER, help="New folder for the log and a summary.")
@click.option(
    "--database", default="", help="URL of an empty database for the log, instead of a file in OUT."
)
def rehearse(study: Path, seed: int, screened: int, scenario: str, out: Path, database: str) -> None:
    """Run a study with virtual participants.

    Candidates come until the study's target is enrolled. They are screened, dosed, followed and lost through the
    very commands, rules and log of real use. What they are like is written, with sources, in the study's
    rehearsal.yaml. Nothing a rehearsal shows is evidence about a treatment.
    """
    from trialrun.app.rehearsals import rehearse_study

    stages = Stages()
    stages.stage(f"Rehearsing {study.name}")
    summary = rehearse_study(
        study,
        out,
        seed=seed,
        screened=screened,
        scenario=scenario,
        database=database,
        progress=stages.progress,
    )
    stages.done()
    show_rehearsal(summary)
    say()
    say(f"Log: {summary.database}")
    say(f"Next: trialrun cut {study} --database {summary.database} -o {out / 'snapshot'}", hanging=6)


def show_rehearsal(summary: RehearsalSummary) -> None:
    """Say in plain words what a rehearsal did."""
    heading(f"Rehearsal of {summary.study}, seed {summary.seed}")
    say(f"Scenario {summary.scenario}: {summary.scenario_label}.", hanging=2)
    say(
        f"{summary.screened} people were screened and {summary.enrolled} enrolled, "
        f"from {summary.first_day} to {summary.last_day}."
    )
    fates = [(fate.replace("_", " "), count) for fate, count in summary.fates.items()]
    table(("how it ended", "people"), fates, indent=2)
    if summary.failures:
        say()
        shown = ", ".join(f"{name} ({count})" for name, count in summary.failures.items())
        say(f"Why candidates failed screening (criterion, how often): {shown}.", hanging=2)
    say(
        f"{summary.missed_visits} visits missed, {summary.adverse_events} adverse events, {summary.corrections} "
        f"values corrected, {summary.queries} queries settled."
    )


@click.command()
@click.option(
    "-o", "--out", default=Path("out/demo"), show_default=True, type=FOLDER, help="Folder to write to."
)
@click.option("--study", type=FOLDER, help="Another study than examples/nct05871463.")
@click.option("--seed", default=SEED, show_default=True, help="One seed, one result.")
@click.option(
    "--screened", default=80, show_default=True, help="Stop after this many candidates at the latest."
)
def demo(out: Path, study: Path | None, seed: int, screened: int) -> None:
    """Run the example trial from registry record to report.

    Reads the trial's registry record, checks the study, rehearses it with virtual participants until fifteen are
    enrolled, verifies the log, cuts a snapshot, analyses the registered outcomes and writes the report. It needs
    no network and about twenty seconds. The same seed gives the same results and the same report.
    """
    from trialrun.app.demo import run_demo

    began = time.monotonic()
    stages = Stages()
    outcome = run_demo(
        out, study_folder=study, seed=seed, screened=screened, stage=stages.stage, progress=stages.progress
    )
    stages.done()
    _tell(outcome, time.monotonic() - began)


def _tell(outcome: DemoOutcome, seconds: float) -> None:
    from trialrun.cli.results import show_results

    study, rehearsal = outcome.study, outcome.rehearsal
    heading("What was done")
    waiting = sum(assumption.confirmed is None for assumption in study.assumptions.values())
    say(f"The registry record {outcome.registry_id} was read: {outcome.title}.", hanging=2)
    say(
        f"The study made from it has {len(study.criteria)} criteria, {len(study.items)} items and "
        f"{len(study.visits)} visits. It rests on {waiting} assumptions nobody has confirmed, so it can be rehearsed "
        "and not run.",
        hanging=2,
    )
    say(
        f"{outcome.entries} log entries were written, and "
        + ("all of them verify." if not outcome.log_findings else f"{outcome.log_findings} do not verify."),
        hanging=2,
    )
    show_rehearsal(rehearsal)
    show_results(outcome.results, study)
    heading("What this means")
    say(
        "The participants are virtual and behave as the scenario above says. Whatever their changes look like, fifteen "
        "people in one arm cannot tell an effect from chance, from the course of the disease, or from regression to the "
        "mean."
    )
    say()
    say(f"Report:     {outcome.report}")
    say(f"Study page: {outcome.study_page}")
    say(f"Log:        {rehearsal.database}")
    say(f"Done in {seconds:.0f} s. To read the pages in a browser: trialrun view {outcome.study_page.parent}")
