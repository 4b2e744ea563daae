"""The past: every state as it stood when the log ended at an earlier position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trialrun.ledger.events import Event
from trialrun.ledger.state import AccessState, ParticipantState, SiteState, StudyState
from trialrun.ledger.stock import StockState
from trialrun.ledger.store.reading import Reader


class Past:
    """Reads like `Conduct`, and knows nothing of what came after `position`. Changes nothing.

    What was erased since stays erased: its key is gone. `fold` makes a stream's state of its events.
    """

    def __init__(
        self, store: Reader, position: int, fold: Callable[[str, Iterable[Event], Any], Any]
    ) -> None:
        self.store = store
        self.position = position
        self._fold = fold
        self._states: dict[str, Any] = {}

    def participant(self, key: str) -> ParticipantState:
        """A participant's state then; empty (no key) when there was none."""
        return self._load(f"participant/{key}")

    def participants(self) -> tuple[str, ...]:
        """The candidate numbers given out by then."""
        return tuple(self.study_state().candidates)

    def study_state(self) -> StudyState:
        """The study's state then."""
        return self._load("study")

    def access_state(self) -> AccessState:
        """Accounts and roles then."""
        return self._load("access")

    def site_state(self, site: str) -> SiteState:
        """A site's consent texts and reference ranges then."""
        return self._load(f"site/{site}")

    def stock_state(self, site: str) -> StockState:
        """A site's product then."""
        return self._load(f"stock/{site}")

    def version(self, key: str) -> int:
        """The version of a participant's stream then."""
        return self.participant(key).version

    def events(self, stream: str) -> Iterator[Event]:
        """The events of a stream up to then."""
        for event in self.store.read(stream):
            if event.position > self.position:
                return
            yield event

    def _load(self, stream: str) -> Any:
        if stream not in self._states:
            self._states[stream] = self._fold(stream, self.events(stream), None)
        return self._states[stream]
