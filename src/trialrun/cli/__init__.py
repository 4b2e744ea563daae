"""The command `trialrun`: parse, call `app`, show. No rule lives here."""

from __future__ import annotations

from trialrun.cli.entry import main

__all__ = ["main"]
