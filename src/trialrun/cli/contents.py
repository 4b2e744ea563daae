"""The table of contents: every verb, in the order a study meets it, loaded only when it is used."""

from __future__ import annotations

import difflib
from importlib import import_module

import click

# section -> verb -> (module, one line of help)
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("running", "Run the example trial from registry record to report."),
    },
    "Registry": {
        "registry": ("registering", "Search, read and compare registry records."),
    },
    "Define": {
        "draft": ("defining", "Draft a study from a registry record."),
        "check": ("defining", "List what does not fit together in a study."),
        "show": ("defining", "Print a study: criteria, schedule, items, endpoints."),
        "plan": ("planning", "Write the statistical analysis plan of a study as a document."),
    },
    "Screen and score": {
        "screen": ("screening", "Screen a file of people against a study's criteria."),
        "score": ("scoring", "Compute a published score over a file, or list the scores."),
    },
    "Rehearse": {
        "rehearse": ("running", "Run a study with virtual participants."),
    },
    "Conduct": {
        "admin": ("admin", "Make the first administrator of a study's log, or open a locked account."),
        "serve": ("serving", "Run the web application of a study."),
    },
    "Data": {
        "import": ("data", "Take over data captured elsewhere as a snapshot."),
        "cut": ("data", "Cut a snapshot from a study's log."),
        "export-log": ("data", "Write the log to a plain file anyone can verify."),
        "verify": ("data", "Check a log: chain, seals, projections."),
    },
    "Analyse and report": {
        "analyse": ("analysing", "Analyse the registered outcomes of a snapshot."),
        "report": ("analysing", "Write the report of a snapshot as one HTML page."),
        "view": ("serving", "Show a folder's finished report and study page on this machine."),
    },
}


class Contents(click.Group):
    """A group of verbs whose help reads like a table of contents."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click decides the signature
        """All verbs in the order of the contents."""
        return [verb for verbs in SECTIONS.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command, imported now and not before."""
        for verbs in SECTIONS.values():
            if cmd_name in verbs:
                module = import_module(f"trialrun.cli.{verbs[cmd_name][0]}")
                return getattr(module, cmd_name.replace("-", "_").replace("import", "import_"))
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb typed, or a usage error that names the nearest one."""
        verb = args[0]
        if self.get_command(ctx, verb) is None and not verb.startswith("-"):
            near = difflib.get_close_matches(verb, self.list_commands(ctx), n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else "See trialrun --help for the verbs."
            raise click.UsageError(f"There is no verb {verb!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs by section without importing any of them."""
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(verb.ljust(10), line) for verb, (_, line) in verbs.items()])
