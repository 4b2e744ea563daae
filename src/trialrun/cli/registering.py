"""The verbs on registry records, `trialrun registry …`: each loaded only when it is used."""

from __future__ import annotations

import difflib
from importlib import import_module

import click

# verb -> (module, one line of help); the module's function has the verb's name (`import_` for import)
COMMANDS: dict[str, tuple[str, str]] = {
    "import": ("registry_store", "Take registry records into a store that can be searched."),
    "search": ("registry_store", "Search a store of registry records."),
    "show": ("registry_store", "Print a record of the store as JSON, or list its versions."),
    "serve": ("registry_serve", "Search, read and compare trials, and draft studies, in the browser."),
    "timeframe": ("registry_timeframe", "Read a time frame: baseline, points, window, repeat, anchor."),
    "criteria": (
        "registry_criteria",
        "Read eligibility criteria: comparisons, times, judgement, one JSON object a line.",
    ),
    "compare": ("registry_compare", "Tell what changed between two versions of a record."),
    "lint": ("registry_compare", "List what a record leaves open or contradicts."),
}


class RegistryVerbs(click.Group):
    """A group whose verbs are listed without importing any of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click decides the signature
        """All verbs in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command, imported now and not before."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"trialrun.cli.{COMMANDS[cmd_name][0]}")
        return getattr(module, "import_" if cmd_name == "import" else cmd_name.replace("-", "_"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb typed, or a usage error that names the nearest one."""
        verb = args[0]
        if verb not in COMMANDS and not verb.startswith("-"):
            near = difflib.get_close_matches(verb, COMMANDS, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else "See trialrun registry --help for the verbs."
            raise click.UsageError(f"There is no verb {verb!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs in their order."""
        lines = [(verb.ljust(10), line) for verb, (_, line) in COMMANDS.items()]
        if lines:
            with formatter.section("Verbs"):
                formatter.write_dl(lines)


@click.group(cls=RegistryVerbs)
def registry() -> None:
    """Search, read and compare registry records.

    Records come from files; nothing is fetched. They are kept in one file with every version they were
    imported in, and searched there.
    """
