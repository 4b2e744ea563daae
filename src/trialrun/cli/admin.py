"""The verb `admin`: the first account of a study, and the way back in when nobody can sign in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialrun.cli.output import say
from trialrun.errors import UserError

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


@click.command()
@click.argument("database", required=False, default="")
@click.option(
    "--database", "url", default="", help="The same as DATABASE, for a URL: postgresql://host/name."
)
@click.option("--study", required=True, type=click.Path(path_type=Path), help="The study's folder.")
@click.option("--user", default="", help="User name of the first administrator; asked for when left out.")
@click.option("--name", default="", help="Their printed name; asked for when left out.")
@click.option("--link", is_flag=True, help="Print a set-up link in place of asking for a password.")
@click.option(
    "--unlock", default="", metavar="USER", help="Let an account that failed too often be tried again."
)
@click.option(
    "--reset", default="", metavar="USER", help="Print a set-up link for an account, and unlock it."
)
@click.option(
    "--address",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where people reach the application.",
)
def admin(
    database: str,
    url: str,
    study: Path,
    user: str,
    name: str,
    link: bool,
    unlock: str,
    reset: str,
    address: str,
) -> None:
    """Make the first administrator of a study's log, or open a locked account.

    DATABASE is an SQLite file (made on first use) or a URL. The administrator adds everybody else in the browser.
    Whoever can run this can reach the database itself, so there is no password to ask for; what is done is
    recorded in the log as done by the system.
    """
    from trialrun.app.workspace import open_workspace

    place = url or database
    if not place:
        raise UserError("no database was named", "give an SQLite file, or --database postgresql://host/name")
    if not (unlock or reset):
        user, name = user or click.prompt("User name"), name or click.prompt("Printed name")
    workspace = open_workspace(study, place)
    try:
        if unlock or reset:
            _open_again(workspace, unlock or reset, address if reset else "")
        else:
            _first(workspace, user, name, link, address)
    finally:
        workspace.close()


def _first(workspace: Workspace, user: str, name: str, link: bool, address: str) -> None:
    from trialrun.app.users import create_first_administrator

    password = ""
    if not link:
        password = click.prompt(
            "Password (at least 12 characters)", hide_input=True, confirmation_prompt=True
        )
    token = create_first_administrator(workspace, user, name, password=password)
    say(f"{name} is the administrator, with the user name {user}.")
    if token:
        _say_link(token, address)
    say(f"Sign in at {address.rstrip('/')}/sign-in once the application runs (trialrun serve).")


def _open_again(workspace: Workspace, user: str, address: str) -> None:
    from trialrun.app.users import open_again

    token = open_again(workspace, user, link=bool(address))
    say(f"The account {user} can be tried again.")
    if token:
        _say_link(token, address)


def _say_link(token: str, address: str) -> None:
    say("This link sets the password. It works once, within 72 hours, and is not shown again:")
    say(f"{address.rstrip('/')}/set-up/{token}", indent=2)
