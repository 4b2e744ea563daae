"""The verb `trialrun registry serve`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import say


@click.command()
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="TRIALRUN_REGISTRY",
    show_envvar=True,
    help="The store of records; made if it is not there.",
)
@click.option(
    "--drafts",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of draft studies, to make and edit them.",
)
@click.option(
    "--port", default=8010, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def serve(store: Path | None, drafts: Path | None, port: int, host: str) -> None:
    """Search, read and compare trials, and draft studies, in the browser.

    There are no accounts. Everyone who reaches the address may search and read. Records are imported, and with
    --drafts studies are drafted and edited, only from this machine: at another address than its own, --drafts
    is refused and there is no import page.
    """
    from trialrun.web.desk.server import serve_desk

    shown = f"[{host}]" if ":" in host else host
    words = f"The registry desk is at http://{shown}:{port}/ - stop with Ctrl-C."
    serve_desk(store, drafts, host=host, port=port, begins=lambda: say(words))
