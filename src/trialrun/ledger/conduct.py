"""Conduct: the only door to the ledger. Loads the state, decides, appends what follows, durably."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trialrun.errors import ConflictError, RefusedError
from trialrun.ledger.allocation import AllocationState, fold_allocation, open_arm, open_list, seal_allocation
from trialrun.ledger.commands import (
    Actor,
    AmendStudy,
    Command,
    EraseIdentity,
    LockDatabase,
    ParticipantCommand,
    SiteCommand,
)
from trialrun.ledger.consequences import consequences, recomputed
from trialrun.ledger.decide import FieldConflict, Refusal, decide
from trialrun.ledger.decide.database_lock import CHANGES_DATA
from trialrun.ledger.events import NO_HASH, Event, NewEvent, chain_events
from trialrun.ledger.fold import SEALED_ARM, fold, fold_access, fold_site, fold_study
from trialrun.ledger.identity import Vault, place_of, seal_identifying
from trialrun.ledger.past import Past
from trialrun.ledger.state import (
    AccessState,
    ParticipantState,
    SiteState,
    State,
    StudyState,
)
from trialrun.ledger.stock import StockState, fold_stock
from trialrun.ledger.store import StaleStreamError, Store
from trialrun.study.model import Study

TRIES = 50
MOST_CACHED = 5_000


class CommandRefusedError(RefusedError):
    """A command was refused; `refusal` names the rule."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, refusal.remedy)
        self.refusal = refusal
        self.rule = refusal.rule


class FormConflictError(ConflictError):
    """Somebody changed the same form meanwhile; `fields` shows each value, by whom and when."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, refusal.remedy)
        self.refusal = refusal
        self.rule = refusal.rule
        self.fields: tuple[FieldConflict, ...] = refusal.fields


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: its events as written, and the participant concerned (candidate number)."""

    events: tuple[Event, ...]
    participant: str = ""

    def of(self, kind: str) -> tuple[Event, ...]:
        """The events of one type."""
        return tuple(event for event in self.events if event.type == kind)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a command would lead to: its events, those that follow, and the participant after them."""

    events: tuple[NewEvent, ...]
    consequences: tuple[NewEvent, ...]
    person: ParticipantState


AnyState = ParticipantState | StudyState | SiteState | AccessState | StockState | AllocationState


class Conduct:
    """Runs commands of one study against one ledger; may be used from many threads.

    Args:
        store: the ledger.
        study: the definition in force.
        clock: gives the time, with zone.
        random_bytes: source of identity keys and nonces.
    """

    def __init__(
        self,
        store: Store,
        study: Study,
        clock: Callable[[], datetime],
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.store = store
        self.study = study
        self._clock = clock
        self._random = random_bytes
        self._vault = Vault(store, random_bytes)
        self._mutex = threading.Lock()
        self._states: OrderedDict[str, AnyState] = OrderedDict()
        self._seen = (0, "")

    # --- state -------------------------------------------------------------------------------

    def participant(self, key: str) -> ParticipantState:
        """A participant's state as it stands; empty (no key) when there is none."""
        self._catch_up()
        return self._load(f"participant/{key}")  # pyright: ignore[reportReturnType]

    def participants(self) -> tuple[str, ...]:
        """All candidate numbers, in order of registration."""
        return tuple(self.study_state().candidates)

    def study_state(self) -> StudyState:
        """The study's state as it stands."""
        self._catch_up()
        return self._load("study")  # pyright: ignore[reportReturnType]

    def access_state(self) -> AccessState:
        """Accounts and roles as they stand."""
        self._catch_up()
        return self._load("access")  # pyright: ignore[reportReturnType]

    def site_state(self, site: str) -> SiteState:
        """A site's consent texts and reference ranges as they stand."""
        self._catch_up()
        return self._load(f"site/{site}")  # pyright: ignore[reportReturnType]

    def stock_state(self, site: str) -> StockState:
        """A site's product as it stands."""
        self._catch_up()
        return self._load(f"stock/{site}")  # pyright: ignore[reportReturnType]

    def allocation_state(self) -> AllocationState:
        """The allocation as it stands; its opened lists are for the rules alone."""
        self._catch_up()
        return self._load("allocation")  # pyright: ignore[reportReturnType]

    def version(self, key: str) -> int:
        """The version of a participant's stream, to be given back as `expected_version`."""
        return self.participant(key).version

    def opened(self, key: str, item: str, sealed: str) -> str | None:
        """An identifying value of a participant as it was typed; `None` once the identity is erased.

        Whoever shows it must have asked whether the reader may see it.
        """
        return self._vault.open(key, place_of(key, item), sealed)

    def as_of(self, position: int) -> Past:
        """Everything as it stood when the log ended at `position` (see `position_at` of the store)."""
        return Past(self.store, position, self._fold)

    def _catch_up(self) -> None:
        """Bring the cached states up to the log's end, whoever wrote it."""
        if self.store.position() == self._seen:
            return
        with self._mutex:
            fresh: dict[str, list[Event]] = {}
            position, link = self._seen
            for event in self.store.read(after=position):
                position, link = event.position, event.link
                fresh.setdefault(event.stream, []).append(event)
            for stream, events in fresh.items():
                self._advance(stream, events)
            self._seen = (position, link)

    def _advance(self, stream: str, events: Sequence[Event]) -> None:
        known = self._states.get(stream)
        if known is None:
            return
        following = [event for event in events if event.version > known.version]
        if following and following[0].version == known.version + 1:
            self._states[stream] = self._fold(stream, following, known)
        elif following:
            del self._states[stream]

    def _load(self, stream: str) -> AnyState:
        with self._mutex:
            known = self._states.get(stream)
            if known is None:
                known = self._fold(stream, self.store.read(stream), None)
                self._states[stream] = known
                while len(self._states) > MOST_CACHED:
                    self._states.popitem(last=False)
            else:
                self._states.move_to_end(stream)
            return known

    def _fold(self, stream: str, events: Iterable[Event], start: Any) -> AnyState:
        if stream == "study":
            return fold_study(events, start)
        if stream == "access":
            return fold_access(events, start)
        if stream.startswith("site/"):
            return fold_site(events, start)
        if stream.startswith("stock/"):
            return fold_stock(events, start or StockState(site=stream.removeprefix("stock/")))
        if stream == "allocation":
            return fold_allocation(
                events, start, reveal=lambda number, sealed: open_list(self._vault, number, sealed)
            )
        return self._fold_participant(stream.removeprefix("participant/"), events, start)

    def _fold_participant(self, key: str, events: Iterable[Event], start: Any) -> ParticipantState:
        def reveal(item: str, sealed: str) -> str | None:
            if item == SEALED_ARM:
                return open_arm(self._vault, key, sealed)
            return self._vault.open(key, place_of(key, item), sealed)

        return fold(events, start, reveal=reveal)

    def _state_for(self, command: Command) -> State:
        self._catch_up()
        study: Any = self._load("study")
        access: Any = self._load("access")
        person: Any = ParticipantState()
        site = ""
        if isinstance(command, ParticipantCommand):
            person = self._load(f"participant/{command.participant}")
            site = person.site
        elif isinstance(command, SiteCommand):
            site = command.site
        at: Any = self._load(f"site/{site}") if site else SiteState()
        stock: Any = self._load(f"stock/{site}") if site else StockState()
        allocation: Any = self._load("allocation")
        everyone: Any = ()
        if isinstance(command, LockDatabase):
            everyone = tuple(self._load(f"participant/{key}") for key in study.candidates)
        sites: Any = ()
        if isinstance(command, AmendStudy):
            # A site of which nothing is written yet folds to an empty state, so its name is put in here.
            sites = tuple(
                replace(self._load(f"site/{name}"), site=name)
                for name in sorted(set(study.candidates.values()))
            )
        return State(study, access, at, person, stock, allocation, everyone, sites)

    # --- commands ----------------------------------------------------------------------------

    def decide(self, command: Command, actor: Actor) -> tuple[NewEvent, ...] | Refusal:
        """What the command would lead to now; nothing is written."""
        decided = decide(self._state_for(command), command, self.study, now=self._clock(), actor=actor)
        return decided if isinstance(decided, Refusal) else tuple(self._sealed(event) for event in decided)

    def foresee(
        self, command: ParticipantCommand, actor: Actor, *, after: ParticipantCommand | None = None
    ) -> Foreseen | Refusal:
        """What a participant's command would lead to now, all that follows included.

        Nothing is written, and nothing is sealed: identifying values are as they were given.

        Args:
            after: another command about the same participant that would be carried out before it.
        """
        state = self._state_for(command)
        if after is not None:
            earlier = self._foresee(state, after, actor)
            if isinstance(earlier, Refusal):
                return earlier
            state = replace(state, participant=earlier.person)
        return self._foresee(state, command, actor)

    def _foresee(self, state: State, command: ParticipantCommand, actor: Actor) -> Foreseen | Refusal:
        now = self._clock()
        decided = decide(state, command, self.study, now=now, actor=actor)
        if isinstance(decided, Refusal):
            return decided
        person = state.participant
        stream = f"participant/{person.key}"
        mine = [event for event in decided if event.stream == stream]
        chained = self._chain(mine, (person.version, person.hash), now, actor)
        between = self._fold_participant(person.key, chained, person)
        more = consequences(person, between, chained, self.study)
        after = self._chain(more, (between.version, between.hash), now, actor)
        return Foreseen(tuple(decided), tuple(more), self._fold_participant(person.key, after, between))

    def do(self, command: Command, actor: Actor) -> Outcome:
        """Carry a command out; when it returns, its events and all that follows from them are on disk.

        Errors: `CommandRefusedError` when the protocol forbids it; `FormConflictError` when somebody
        changed the same form meanwhile; `LedgerError` when the database fails.
        """
        for _ in range(TRIES - 1):
            try:
                return self._try(command, actor)
            except StaleStreamError:
                continue  # somebody wrote in between: look again and decide anew
        return self._try(command, actor)

    def _try(self, command: Command, actor: Actor) -> Outcome:
        now = self._clock()
        state = self._state_for(command)
        decided = decide(state, command, self.study, now=now, actor=actor)
        if isinstance(decided, Refusal):
            raise FormConflictError(decided) if decided.rule == "conflict" else CommandRefusedError(decided)
        key = command.participant if isinstance(command, ParticipantCommand) else ""
        if not decided:
            return Outcome((), key)
        written = self._write(command, state, decided, now, actor)
        for event in written:
            if event.type == "CandidateRegistered":
                key = event.data["candidate"]
        return Outcome(written, key)

    def _write(
        self, command: Command, state: State, decided: tuple[NewEvent, ...], now: datetime, actor: Actor
    ) -> tuple[Event, ...]:
        chains: dict[str, list[Event]] = {}
        for stream in dict.fromkeys(event.stream for event in decided):
            head = self._head(state, stream)
            mine = [self._sealed(event) for event in decided if event.stream == stream]
            chains[stream] = list(self._chain(mine, head, now, actor))
            if stream.startswith("participant/"):
                chains[stream] += self._follow(state, stream, chains[stream], now, actor)
        if isinstance(command, AmendStudy):
            self._recompute(chains, now, actor)
        erased = command.participant if isinstance(command, EraseIdentity) else ""
        written = self.store.commit(
            tuple(chains.values()), destroy_key_of=erased, unmoved=_rests_on(command, state)
        )
        if erased:
            self._vault.forget(erased)
            self.store.backend.forget_deleted()
        return written

    def _sealed(self, event: NewEvent) -> NewEvent:
        """The event as the log may hold it: who somebody is and what they receive is encrypted."""
        hidden = seal_identifying(event, self.study, self._vault)
        return seal_allocation(hidden, self.study, self._vault, self._random)

    def _chain(
        self, events: Iterable[NewEvent], head: tuple[int, str], now: datetime, actor: Actor
    ) -> tuple[Event, ...]:
        return chain_events(
            events, version=head[0], previous=head[1], now=now, actor=actor, study_hash=self.study.hash
        )

    def _head(self, state: State, stream: str) -> tuple[int, str]:
        known: AnyState
        if stream == "study":
            known = state.study
        elif stream == "access":
            known = state.access
        elif stream.startswith("site/"):
            known = state.site
        elif stream.startswith("stock/"):
            known = state.stock
        elif stream == "allocation":
            known = state.allocation
        else:
            known = state.participant
        return (known.version, known.hash) if known.version else (0, NO_HASH)

    def _follow(
        self, state: State, stream: str, chained: Sequence[Event], now: datetime, actor: Actor
    ) -> tuple[Event, ...]:
        before = state.participant
        after = self._fold_participant(stream.removeprefix("participant/"), chained, before)
        more = consequences(before, after, chained, self.study)
        return self._chain(more, (after.version, after.hash), now, actor)

    def _recompute(self, chains: dict[str, list[Event]], now: datetime, actor: Actor) -> None:
        """After an amendment every participant's derived values are computed by the new definition."""
        causes = [event.hash for chain in chains.values() for event in chain]
        study: Any = self._load("study")
        for key in study.candidates:
            person: Any = self._load(f"participant/{key}")
            events = recomputed(person, self.study, causes)
            if events:
                chains[f"participant/{key}"] = list(
                    self._chain(events, (person.version, person.hash), now, actor)
                )


def _rests_on(command: Command, state: State) -> dict[str, int]:
    """Streams a decision rests on though it writes nothing there: they must not have moved meanwhile.

    So nobody saves into a database that was locked, or under a definition that was amended, a moment
    ago, and no lock closes over a query opened in the same moment.
    """
    if isinstance(command, LockDatabase):
        return {f"participant/{person.key}": person.version for person in state.everyone}
    return {"study": state.study.version} if isinstance(command, CHANGES_DATA) else {}
