"""Searches: words through the index, everything else through the columns in memory."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from trialrun.registry.store.columns import Columns
from trialrun.registry.store.model import FacetValue, Found, Hit, Search, Sort
from trialrun.registry.store.prepare import hit_of
from trialrun.registry.store.question import Question, question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

LARGEST_PAGE = 1000
_REMEMBERED = 32  # questions whose answers are kept: a reader pages and narrows, asking the same words again
# what a word weighs by where it stands: title, condition, intervention, sponsor, summary, rest
_WEIGHTS = "12.0, 8.0, 6.0, 3.0, 2.0, 1.0"
_MOST_RANKED = 25_000  # trials scored one by one: two microseconds each
_FACETS = ("status", "phase", "study_type", "sex", "country", "results")


@dataclass(slots=True)
class Memory:
    """Answers of the index kept for questions asked again; safe to use from several threads."""

    kept: OrderedDict[tuple[int, str, str], NDArray[np.int64]]
    lock: Lock

    @classmethod
    def empty(cls) -> Memory:
        """A memory of nothing."""
        return cls(OrderedDict(), Lock())

    def get(self, key: tuple[int, str, str]) -> NDArray[np.int64] | None:
        """The answer kept, if it still is."""
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def put(self, key: tuple[int, str, str], answer: NDArray[np.int64]) -> None:
        """Keep an answer; the one longest unasked goes."""
        with self.lock:
            self.kept[key] = answer
            while len(self.kept) > _REMEMBERED:
                self.kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Searcher:
    """One state of the store, ready to be searched; the caller holds a transaction on the connection."""

    connection: sqlite3.Connection
    columns: Columns
    memory: Memory

    def search(self, search: Search, today: date) -> Found:
        """The page asked for, how many there are, and the facets."""
        asked, masks, notes = self._narrowed(search, today)
        total = _all(masks)
        size = min(max(search.size, 1), LARGEST_PAGE)
        first = (max(search.page, 1) - 1) * size
        order = self._ordered(asked, search.sort, total, first + size)
        places = order[first : first + size].tolist() if first < len(order) else []
        facets = {name: self._facet(name, masks) for name in _FACETS}
        return Found(int(total.sum()), self.hits(places), MappingProxyType(facets), notes)

    def every(self, search: Search, today: date) -> NDArray[np.int64]:
        """The places of all trials found, in the order asked for."""
        asked, masks, _ = self._narrowed(search, today)
        return self._ordered(asked, search.sort, _all(masks))

    def near(self, expressions: list[str], registry_id: str, n: int) -> tuple[Hit, ...]:
        """Trials that answer some of several questions, those that answer most and rarest first; itself left out."""
        import numpy as np

        score = np.zeros(self.columns.count)
        for expression in expressions:
            places = self._matching(expression)
            score[places] += np.log1p(self.columns.count / max(len(places), 1))
        places = np.flatnonzero(score)
        order = places[np.lexsort((-self.columns.one["updated"][places], -score[places]))]
        hits = self.hits(order[: n + 1].tolist())
        return tuple(hit for hit in hits if hit.registry_id != registry_id)[:n]

    def hits(self, places: list[int]) -> tuple[Hit, ...]:
        """The trials at these places of the columns, in this order."""
        found: dict[int, Hit] = {}
        for start in range(0, len(places), 500):
            some = [place + 1 for place in places[start : start + 500]]
            rows = self.connection.execute(
                f"SELECT id, registry_id, card, versions FROM trial WHERE id IN ({', '.join('?' * len(some))})",  # noqa: S608
                some,
            )
            found.update((number - 1, hit_of(name, card, versions)) for number, name, card, versions in rows)
        return tuple(found[place] for place in places if place in found)

    def _narrowed(self, search: Search, today: date) -> tuple[Question, dict[str, Mask], tuple[str, ...]]:
        """What the words ask, a mask for the words and one for every filter set, and the notes."""
        asked = question(search)
        notes = list(asked.notes)
        masks = {"": self._by_words(asked)}
        for facet, values in (
            ("phase", search.phases),
            ("status", search.statuses),
            ("study_type", search.study_types),
            ("country", search.countries),
        ):
            if values:
                masks[facet] = self.columns.having(facet, values)
                notes += [
                    f"No record has the {facet.replace('_', ' ')} “{value[:60]}”."
                    for value in values
                    if (facet, value) not in self.columns.codes
                ]
        if search.age is not None:
            masks["age"] = self._admits_age(search.age)
        if search.sex:
            masks["sex"] = self._admits_sex(search.sex)
        if search.results is not None:
            masks["results"] = (self.columns.one["results"] > 0) == search.results
        if search.overdue is not None:
            masks["overdue"] = self._overdue(today) == search.overdue
        return asked, masks, tuple(notes)

    def _by_words(self, asked: Question) -> Mask:
        import numpy as np

        found = np.ones(self.columns.count, dtype=bool)
        if asked.wanted:
            found[:] = False
            found[self._matching(asked.wanted)] = True
        if asked.unwanted:
            found[self._matching(asked.unwanted)] = False
        return found

    def _matching(self, expression: str) -> NDArray[np.int64]:
        """The places of the trials the index finds, in no order."""
        import numpy as np

        key = (self.columns.generation, "matching", expression)
        found = self.memory.get(key)
        if found is None:
            # one text with all numbers is read many times faster than a row for each
            text = self.connection.execute(
                "SELECT group_concat(rowid) FROM words WHERE words MATCH ?", (expression,)
            ).fetchone()[0]
            found = np.fromstring(text or "", dtype=np.int64, sep=",") - 1
            found = found[
                found < self.columns.count
            ]  # trials newer than the columns are found a moment later
            self.memory.put(key, found)
        return found

    def _ordered(self, asked: Question, sort: Sort, mask: Mask, wanted: int = 0) -> NDArray[np.int64]:
        """The places found in their order: all of them, or at least so many as are wanted."""
        if sort is not Sort.RELEVANCE or not asked.wanted:
            order = self.columns.latest_first("started" if sort is Sort.STARTED else "updated")
        elif len(self._matching(asked.wanted)) > _MOST_RANKED:
            return self._by_parts(asked.plain, mask, wanted)
        else:
            order = self._ranked(asked.wanted)
        return order[mask[order]]

    def _ranked(self, expression: str) -> NDArray[np.int64]:
        """The places of the trials the index finds, the most relevant first, of equals the last updated."""
        import numpy as np

        key = (self.columns.generation, "ranked", expression)
        found = self.memory.get(key)
        if found is None:
            rows = self.connection.execute(
                f"SELECT rowid, bm25(words, {_WEIGHTS}) FROM words WHERE words MATCH ?",  # noqa: S608
                (expression,),
            ).fetchall()
            table = np.array(rows, dtype=np.float64).reshape(-1, 2)
            table = table[table[:, 0] <= self.columns.count]
            places = table[:, 0].astype(np.int64) - 1
            found = places[np.lexsort((-self.columns.one["updated"][places], table[:, 1]))]
            self.memory.put(key, found)
        return found

    def _by_parts(self, plain: str, mask: Mask, wanted: int) -> NDArray[np.int64]:
        """Places for words of very many trials: those with all words in the title first, then in other parts.

        Such words say too little for their counts to tell trials apart, and counting them takes seconds.
        Parts are only looked through until as many as wanted are found; 0 asks for all.
        """
        import numpy as np

        latest = self.columns.latest_first("updated")
        left = mask.copy()
        found: list[NDArray[np.int64]] = []
        for parts in ("title", "title condition", "title condition intervention"):
            holding = np.zeros(self.columns.count, dtype=bool)
            holding[self._matching(f"{{{parts}}} : ({plain})")] = True
            holding &= left
            found.append(latest[holding[latest]])
            left &= ~holding
            if wanted and sum(map(len, found)) >= wanted:
                break
        else:
            found.append(latest[left[latest]])
        return np.concatenate(found)

    def _admits_age(self, years: Decimal) -> Mask:
        months = float(years) * 12
        one = self.columns.one
        return (one["youngest"] <= months + 1e-3) & (months < one["oldest"])

    def _admits_sex(self, sex: str) -> Mask:
        """Trials of this sex or of all; one that names none shuts nobody out."""
        column = self.columns.one["sex"]
        return self.columns.having("sex", (sex, "ALL")) | (column == 0)

    def _overdue(self, today: date) -> Mask:
        due = self.columns.one["due"]
        return (due > 0) & (due < today.toordinal()) & (self.columns.one["results"] == 0)

    def _facet(self, name: str, masks: dict[str, Mask]) -> tuple[FacetValue, ...]:
        mask = _all({key: part for key, part in masks.items() if key != name})
        if name == "results":
            some = int((self.columns.one["results"][mask] > 0).sum())
            counts = {"yes": some, "no": int(mask.sum()) - some}
        elif name == "sex":
            counts = {sex: int((mask & self._admits_sex(sex)).sum()) for sex in ("FEMALE", "MALE")}
        else:
            counts = self.columns.counted(name, mask)
        pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(FacetValue(value, count) for value, count in pairs if count)


def _all(masks: dict[str, Mask]) -> Mask:
    first, *rest = masks.values()
    found = first.copy()
    for mask in rest:
        found &= mask
    return found
