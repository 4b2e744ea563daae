"""Where the command starts and where every error ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import click

from trialrun import __version__
from trialrun.cli.contents import Contents
from trialrun.cli.output import printable
from trialrun.errors import UserError

FAULT = 70  # sysexits.h EX_SOFTWARE
INTERRUPTED = 130
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # writing into an open file names no file


@click.group(
    cls=Contents,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="trialrun VERB --help tells more. --traceback, anywhere, shows the inside of a fault. "
    "Not a medical device: results support, never replace, the investigator's judgement.",
)
@click.version_option(__version__, message="trialrun %(version)s")
def trialrun() -> None:
    """Run a clinical trial from its registry record.

    The record goes in; a study a machine can run and a physician can read comes out. People are
    screened against it with a reason for every answer, data are captured in a log that cannot be changed
    quietly, and the registered outcomes are analysed as registered.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code.

    0 done; 1 done, and something was found; 2 to 7 bad input, by class (`errors`); 70 a fault of the program.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    wants_traceback = "--traceback" in given
    given = [word for word in given if word != "--traceback"]
    sys.exit(_run(given, wants_traceback))


def _run(given: list[str], wants_traceback: bool) -> int:
    try:
        outcome = trialrun.main(args=given, prog_name="trialrun", standalone_mode=False)
    except UserError as error:
        if wants_traceback:
            raise
        _say_error(error.message, error.remedy)
        return error.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "\nInterrupted: the job was not finished. What the log had acknowledged is kept.", err=True
        )
        return INTERRUPTED
    except BrokenPipeError:
        # the reader (head, less) has left: not an error, and the interpreter must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if wants_traceback:
            raise
        if not error.filename and error.errno not in _NO_ROOM:
            _say_fault(error)
            return FAULT
        place = f"{error.filename}: " if error.filename else ""
        _say_error(
            f"{place}{(error.strerror or type(error).__name__).lower()}",
            "check the path, whether you may write there, and the space on the disk",
        )
        return UserError.exit_code
    except Exception as error:
        if wants_traceback:
            raise
        _say_fault(error)
        return FAULT
    return outcome if isinstance(outcome, int) else 0


def _say_error(message: str, remedy: str) -> None:
    click.echo(click.style("Error: ", fg="red", bold=True) + printable(message), err=True)
    if remedy:
        click.echo(click.style("Remedy: ", bold=True) + printable(remedy), err=True)


def _say_fault(error: Exception) -> None:
    click.echo(
        f"Sorry, trialrun failed ({type(error).__name__}: {printable(str(error))}).\n"
        "This is a fault of the program, not of your input. Run the same command with --traceback to see "
        "where, and report it with that output.",
        err=True,
    )
