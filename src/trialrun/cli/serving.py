"""The verbs `serve` and `view`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trialrun.app.results_folder import FOLDER_SETTING
from trialrun.cli.output import say
from trialrun.errors import UserError

DEMO_FOLDER = Path("out/site")


@click.command()
@click.option("--study", type=click.Path(path_type=Path), help="The study's folder.")
@click.option(
    "--database", default="", help="The log: an SQLite file, or postgresql://host/name. Made on first use."
)
@click.option("--demo", is_flag=True, help=f"A made-up trial half-way, kept in {DEMO_FOLDER}.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; PostgreSQL only."
)
@click.option("--https", is_flag=True, help="A proxy in front speaks https: cookies are sent by https only.")
@click.option(
    "--dictionary",
    "dictionaries",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A coding dictionary of the site's own (NAME-VERSION.csv or a MedDRA folder); may be repeated.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="Folder for analyses made in the browser; beside an SQLite file if left out.",
)
def serve(
    study: Path | None,
    database: str,
    demo: bool,
    port: int,
    host: str,
    workers: int,
    https: bool,
    dictionaries: tuple[Path, ...],
    results: Path | None,
) -> None:
    """Run the web application of a study.

    With --study and --database: for real, after `trialrun admin` has made the first account. With --demo: a site
    with made-up participants, one account per role, to try everything in.
    """
    from trialrun.web.server import serve as serve_application

    if demo:
        from trialrun.app.demo_site import open_demo_site

        site = open_demo_site(DEMO_FOLDER, progress=lambda text: say(text))
        study, database = site.study_folder, site.database
        click.echo(site.accounts_table())
    if study is None or not database:
        raise UserError(
            "serve needs the study's folder and its database",
            "give --study FOLDER --database FILE, or --demo to look around",
        )
    if dictionaries:
        from trialrun.app.coding import offer_dictionaries

        for one in offer_dictionaries(dictionaries):
            say(f"Coding with {one.name} {one.version}: {len(one)} terms from {one.source}.")
    if results is not None:
        os.environ[FOLDER_SETTING] = str(results.resolve())
    say(f"Serving at http://{host}:{port}/ - stop with Ctrl-C.")
    serve_application(study, _url(database), host=host, port=port, workers=workers, secure=https)


def _url(database: str) -> str:
    return database if "://" in database else f"sqlite:///{Path(database).resolve()}"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes any."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine itself.")
def view(folder: Path, port: int, host: str) -> None:
    """Show a folder's finished report and study page on this machine.

    FOLDER is what trialrun demo, or trialrun report, wrote to. The pages are shown read-only, to browsers on
    this machine only. To capture data: trialrun serve.
    """
    from trialrun.app.serving import find_pages, open_server

    shelf = find_pages(folder)
    server = open_server(shelf, host=host, port=port)
    address = f"http://{host}:{server.server_port}/"
    say(f"Showing {len(shelf.pages)} finished page(s) of {folder}, read-only, on this machine only:")
    say(address, indent=2)
    say("Stop with Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    finally:
        server.server_close()
