"""The workspace: one study, its log and its accounts, opened together. What every action is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, Command
from trialrun.ledger.conduct import Conduct, Outcome
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.accounts.store import Accounts
    from trialrun.ledger.store import Store

SYSTEM = Actor("system", "administrator")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A study, its log, the door to it, its accounts, and the clock."""

    study: Study
    store: Store
    conduct: Conduct
    accounts: Accounts
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        """The time, UTC."""
        return self.clock()

    @property
    def zone(self) -> ZoneInfo:
        """The study's time zone; UTC where its settings name none."""
        return ZoneInfo(str(self.study.settings.get("timezone") or "UTC"))

    @property
    def today(self) -> date:
        """Today at the study's place."""
        return self.clock().astimezone(self.zone).date()

    def day_of(self, moment: str) -> date:
        """The day of a moment of the log (UTC text) at the study's place."""
        return datetime.fromisoformat(moment).astimezone(self.zone).date()

    def do(self, command: Command, actor: Actor) -> Outcome:
        """Carry out a command; see `Conduct.do` for what it raises."""
        return self.conduct.do(command, actor)

    def close(self) -> None:
        """Give the database back."""
        self.accounts.close()
        self.store.close()


def open_workspace(
    study_folder: Path, database: str, *, clock: Callable[[], datetime] = utc_now, study: Study | None = None
) -> Workspace:
    """Open a study's log and accounts, making the database's tables on first use.

    Args:
        study_folder: the definition.
        database: a URL (`sqlite:///file`, `postgresql://...`) or the path of an SQLite file.
        clock: gives the time, with zone.
        study: the definition, where it is loaded already.

    Errors: `StudyError` when the definition does not load; `UserError` when the log is another study's.
    """
    from trialrun.accounts.store import open_accounts
    from trialrun.app.studies import open_study
    from trialrun.ledger.store import open_store

    loaded = study or open_study(study_folder)
    store = open_store(database if "://" in database else f"sqlite:///{database}")
    conduct = Conduct(store, loaded, clock)
    held = conduct.study_state().study_id
    if held and held != loaded.id:
        store.close()
        raise UserError(f"the database holds study {held!r}, not {loaded.id!r}", "give that study's database")
    return Workspace(loaded, store, conduct, open_accounts(store.backend), clock)
