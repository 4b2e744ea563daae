"""The verb `trialrun registry timeframe`: what schedule the words of a time frame mean."""

from __future__ import annotations

import json

import click

from trialrun.cli.output import printable


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("text", nargs=-1, required=True)
def timeframe(text: tuple[str, ...]) -> None:
    """Read a time frame: baseline, points, window, repeat, anchor.

    TEXT is the time frame in the record's words; of several, each is printed on its own line. Prints JSON:
    points are ISO 8601 durations from the anchor (P4M), study days (D29 is 28 days after D1), cycles (C2D1)
    or samples (D1+PT2H); a window is start..end; a repeat R/step/until, several separated by semicolons.
    What no rule accounts for is quoted in not_understood, and never guessed.
    """
    from trialrun.registry.timeframe import parse_timeframe

    for one in text:
        click.echo(printable(json.dumps(parse_timeframe(one).as_plain(), ensure_ascii=False)))
