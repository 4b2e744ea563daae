"""Counting participants and events: who is at risk for how long, and what stands behind each count.

Person-time runs from the day of the first dose to the end of observation: the death, else the end of participation, else
the last day the participant was seen; both days count. A month is 365.25 / 12 days. Events per 100 person-months are
the exposure-adjusted event rate: all events over all person-time, several of a participant counted several times.
Sources: ICH E3, 1995, 12.1-12.2 (exposure beside events); Zhou Y, Ther Innov Regul Sci 2015;49:398 (choice of the metric);
Clopper CJ, Biometrika 1934;26:404 and Garwood F, Biometrika 1936;28:437 (exact intervals).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.analyse.methods import clopper_pearson, poisson_rate
from trialrun.analyse.result import Interval
from trialrun.analyse.safety_result import EVERYONE, Count, SafetyGroup, SafetyRow
from trialrun.derive.arms import arms_masked
from trialrun.derive.dataset import Dataset
from trialrun.derive.measures import Source
from trialrun.derive.names import DEATH

DAYS_A_MONTH = 365.25 / 12
PER = 100.0  # person-months


class Behind:
    """Everything that was counted, each once, by its address."""

    def __init__(self) -> None:
        self._rows: dict[str, SafetyRow] = {}

    def add(self, address: str, participant: str, value: str, events: Iterable[str]) -> str:
        """Keep what stands at an address; returns the address."""
        if address not in self._rows:
            hashes = tuple(dict.fromkeys(one for one in events if one))
            self._rows[address] = SafetyRow(address, participant, value, hashes)
        return address

    def participant(self, address: str) -> str:
        """Whose it is."""
        return self._rows[address].participant

    def rows(self) -> dict[str, SafetyRow]:
        """All of it, in order of address."""
        return dict(sorted(self._rows.items()))


def source_address(source: Source) -> str:
    """Where an answer stands: participant, visit, form, row and item."""
    return "/".join((source.participant, source.visit, source.form, source.row, source.item))


# --- groups ----------------------------------------------------------------------------------------


def last_seen(data: Dataset, name: str) -> date | None:
    """The last day a participant was seen: a visit that took place, or the end of participation."""
    person = data.snapshot.participants[name]
    days = [row["date"] for row in data.snapshot.visits_of.get(name, ()) if row["date"] is not None]
    days += [person["ended_on"]] if person["ended_on"] is not None else []
    return max(days, default=None)


def observation_end(data: Dataset, name: str, death: date | None) -> date | None:
    """The last day a participant was under observation; `None` where nothing tells."""
    if death is not None:
        return death
    return data.snapshot.participants[name]["ended_on"] or last_seen(data, name)


def observed_days(data: Dataset) -> Mapping[str, int | None]:
    """Days under observation of every treated participant, the day of the first dose being the first."""
    deaths = {event.participant: event.on for event in data.events if event.kind == DEATH}
    found: dict[str, int | None] = {}
    for name, person in data.snapshot.participants.items():
        first = person["first_dose_on"]
        if first is None:
            continue
        end = observation_end(data, name, deaths.get(name))
        found[name] = max((end - first).days, 0) + 1 if end is not None else None
    return found


def groups_of(data: Dataset) -> tuple[tuple[SafetyGroup, ...], bool]:
    """The groups that are counted, and whether arms are masked.

    Several arms: each, then everybody. One arm, or arms that are not in the snapshot: everybody alone.
    """
    days = observed_days(data)
    people = data.snapshot.participants
    treated = tuple(days)
    known = {people[name]["arm"] for name in treated if people[name]["arm"]}
    masked = arms_masked(data.snapshot, data.study)
    found: list[SafetyGroup] = []
    if not masked and len(data.study.arms) > 1 and known:
        for name, arm in data.study.arms.items():
            members = tuple(one for one in treated if people[one]["arm"] == name)
            found.append(SafetyGroup(name, arm.title, members, _months(days, members)))
    title = "All treated, arms masked" if masked else "All treated"
    found.append(SafetyGroup(EVERYONE, title, treated, _months(days, treated)))
    return tuple(found), masked


def _months(days: Mapping[str, int | None], members: Sequence[str]) -> float:
    return sum(days[name] or 0 for name in members) / DAYS_A_MONTH


# --- counts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the same thing in every group."""

    groups: Sequence[SafetyGroup]
    behind: Behind
    level: float

    def counts(
        self,
        key: str,
        hits: Sequence[str],
        unknown: Sequence[str] = (),
        *,
        rates: bool = True,
        intervals: bool = True,
    ) -> tuple[Count, ...]:
        """One count per group.

        Args:
            key: name of what is counted, unique over all of safety.
            hits: addresses of what is counted, in `behind`.
            unknown: addresses of what might be counted, were the answer known.
            rates: whether events per person-time mean something here.
        """
        return tuple(
            self.one(key, group, hits, unknown, rates=rates, intervals=intervals) for group in self.groups
        )

    def one(
        self,
        key: str,
        group: SafetyGroup,
        hits: Sequence[str],
        unknown: Sequence[str] = (),
        *,
        rates: bool = False,
        intervals: bool = True,
        at_risk: Sequence[str] | None = None,
    ) -> Count:
        """The count of one group; `at_risk` are those who could be counted, all of the group by default."""
        members = frozenset(group.participants if at_risk is None else at_risk)
        rows = tuple(row for row in hits if self.behind.participant(row) in members)
        open_rows = tuple(row for row in unknown if self.behind.participant(row) in members)
        people = {self.behind.participant(row) for row in rows}
        n = len(members)
        interval = None
        if intervals and n:
            exact = clopper_pearson(len(people), n, level=self.level)
            interval = Interval(self.level, exact.low, exact.high)
        rate, rate_interval = self._rate(len(rows), group.person_months) if rates else (None, None)
        return Count(
            id=f"safety/{key}/{group.name or 'all'}",
            group=group.name,
            participants=len(people),
            at_risk=n,
            interval=interval,
            events=len(rows),
            rate=rate,
            rate_interval=rate_interval,
            unknown=len({self.behind.participant(row) for row in open_rows} - people),
            rows=rows,
            unknown_rows=open_rows,
        )

    def _rate(self, events: int, months: float) -> tuple[float | None, Interval | None]:
        if months <= 0:
            return None, None
        found = poisson_rate(events, months, level=self.level)
        return PER * found.rate, Interval(self.level, PER * found.low, PER * found.high)
