"""The verb `serve`."""

from __future__ import annotations

from pathlib import Path

import click

from trialrun.cli.output import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes any."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine itself.")
def serve(folder: Path, port: int, host: str) -> None:
    """Show a folder's report and study page on this machine.

    FOLDER is what trialrun demo, or trialrun report, wrote to. The pages are shown read-only, to browsers on
    this machine only. This is not the application for capturing data: that is not part of this version.
    """
    from trialrun.app.serving import find_pages, open_server

    shelf = find_pages(folder)
    server = open_server(shelf, host=host, port=port)
    address = f"http://{host}:{server.server_port}/"
    say(f"Showing {len(shelf.pages)} finished page(s) of {folder}, read-only, on this machine only:")
    say(address, indent=2)
    say("Data capture in the browser is not part of this version. Stop with Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    finally:
        server.server_close()
