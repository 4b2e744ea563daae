"""The door of a rehearsal: the ledger's own `Conduct`, on a new log, with simulated time and a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trialrun.errors import LedgerError
from trialrun.ledger.commands import Actor, Command
from trialrun.ledger.conduct import Conduct
from trialrun.ledger.rules import EligibilityView, rules_of
from trialrun.ledger.state import ParticipantState
from trialrun.ledger.store import Store, open_store
from trialrun.study.model import Study


class RehearsalDoor:
    """Commands in, events in the log: nothing in a rehearsal is written any other way."""

    def __init__(self, store: Store, study: Study, clock: Callable[[], datetime], seed: int) -> None:
        self.store = store
        self.study = study
        # The log of one seed must be the same each time, identity keys and nonces included. Nobody is behind
        # these identities; a live log never comes through here.
        self._conduct = Conduct(store, study, clock, random_bytes=np.random.default_rng([seed, 14]).bytes)

    def do(self, command: Command, actor: Actor) -> Any:
        """Carry out a command.

        Errors: `RefusedError` when the protocol forbids it.
        """
        return self._conduct.do(command, actor)

    def participant(self, key: str) -> ParticipantState:
        """The state of one participant."""
        return self._conduct.participant(key)

    def eligibility(self, key: str) -> EligibilityView:
        """What the criteria give for a candidate now."""
        return rules_of(self.study).eligibility(self.participant(key))

    def finish(self, now: datetime) -> None:
        """Seal the log."""
        self.store.seal(now=now)


@contextmanager
def open_door(
    database: Path | str, study: Study, clock: Callable[[], datetime], seed: int
) -> Iterator[RehearsalDoor]:
    """A door to a new log: a file, or an empty database by its URL.

    Errors: `LedgerError` when there is a log already: rehearsals are not mixed.
    """
    if isinstance(database, Path) and database.exists():
        raise LedgerError(
            f"{database} exists already",
            "choose another folder, or remove that one: rehearsals are not mixed",
        )
    store = open_store(database if isinstance(database, str) else f"sqlite:///{database}")
    try:
        written = store.position()[0]
        if written:
            raise LedgerError(
                f"the database holds a log of {written} entries already",
                "give an empty database: a rehearsal is never mixed with anything else",
            )
        yield RehearsalDoor(store, study, clock, seed)
    finally:
        store.close()
