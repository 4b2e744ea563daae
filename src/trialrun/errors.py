"""Errors: what is raised, as opposed to findings (data) and refusals (answers).

A `UserError` is somebody's bad input: it is shown without a traceback and ends the command with
the exit code of its class. Everything else that is raised is a fault of the program.
"""

from __future__ import annotations


class TrialrunError(Exception):
    """The root of everything this package raises on purpose."""


class UserError(TrialrunError):
    """Bad input from outside: shown as a message, never as a traceback.

    Args:
        message: names place, value and rule.
        remedy: what the reader can do about it, in one sentence; may be empty.
    """

    exit_code = 2

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  remedy: {self.remedy}" if self.remedy else self.message


class UnitError(UserError):
    """A unit is missing, unknown, misspelt or of the wrong dimension."""


class ExpressionError(UserError):
    """A rule's text is outside the language, or its types or units do not fit."""

    def __init__(self, message: str, remedy: str = "", *, line: int = 1, column: int = 1) -> None:
        super().__init__(message, remedy)
        self.line = line
        self.column = column


class ScoreError(UserError):
    """A score was asked for with inputs it refuses."""


class StudyError(UserError):
    """A study folder does not load."""

    exit_code = 3


class RecordError(UserError):
    """A registry record cannot be read at all (what is merely odd is a finding)."""

    exit_code = 3


class RefusedError(UserError):
    """The protocol forbids the action now; the message says which rule and why."""

    exit_code = 4


class ConflictError(UserError):
    """Somebody else changed the same stream first; names the fields in conflict."""

    exit_code = 4


class LedgerError(UserError):
    """The log is damaged, or is not a log of this program."""

    exit_code = 5


class ImportRejectedError(UserError):
    """A file could not be taken over; nothing of it was."""

    exit_code = 6


class AnalysisError(UserError):
    """A registered outcome cannot be analysed."""

    exit_code = 7
