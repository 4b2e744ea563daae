"""What trials are filtered, counted and sorted by, a column an array, held in memory.

A trial's place in every array is its number in the store less one. Half a million trials take some 30 MB and
are read in under a second; a filter or a count is then one pass over an array.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

_FIXED = [
    ("status", "<u4"),
    ("study_type", "<u4"),
    ("sex", "<u4"),
    ("results", "u1"),
    ("started", "<i4"),
    ("updated", "<i4"),
    ("due", "<i4"),
    ("youngest", "<f4"),
    ("oldest", "<f4"),
]


@dataclass(frozen=True, slots=True)
class Several:
    """A column whose trials have none, one or several values: owner and value of every entry."""

    owner: NDArray[np.int32]
    code: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Columns:
    """The arrays of one state of the store.

    Args:
        generation: the state they were read from.
        count: trials.
        one: columns with one value a trial, by name; dates are days since 0001-01-01, 0 for none.
        several: `phase` and `country`.
        texts: the words of every value's code.
        codes: the code of a value, by facet and text.
    """

    generation: int
    count: int
    one: dict[str, NDArray[Any]]
    several: dict[str, Several]
    texts: dict[int, str]
    codes: dict[tuple[str, str], int]
    orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # made when first asked for

    def having(self, facet: str, values: Iterable[str]) -> Mask:
        """The trials that have one of the values."""
        import numpy as np

        wanted = np.zeros(max(self.texts, default=0) + 1, dtype=bool)
        for value in values:
            code = self.codes.get((facet, value))
            if code is not None:
                wanted[code] = True
        if facet in self.one:
            return wanted[self.one[facet]]
        column, found = self.several[facet], np.zeros(self.count, dtype=bool)
        found[column.owner[wanted[column.code]]] = True
        return found

    def counted(self, facet: str, mask: Mask) -> dict[str, int]:
        """How many of the trials have each value; values none has are left out."""
        import numpy as np

        if facet in self.one:
            codes = self.one[facet][mask]
        else:
            column = self.several[facet]
            codes = column.code[mask[column.owner]]
        counts = np.bincount(codes)
        return {self.texts[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist() if code}

    def latest_first(self, name: str) -> NDArray[np.int64]:
        """All trials by a date, the latest first, those without one last."""
        import numpy as np

        order = self.orders.get(name)
        if order is None:
            order = self.orders[name] = np.argsort(-self.one[name].astype(np.int64), kind="stable")
        return order


def read_columns(connection: sqlite3.Connection, generation: int) -> Columns:
    """Read all columns; the caller holds a transaction so that they are of one state."""
    import numpy as np

    rows = connection.execute("SELECT fixed, phases, countries FROM facet ORDER BY trial").fetchall()
    fixed = np.frombuffer(b"".join([row[0] for row in rows]), dtype=np.dtype(_FIXED))
    values = connection.execute("SELECT id, facet, text FROM value").fetchall()
    return Columns(
        generation,
        len(rows),
        {name: np.ascontiguousarray(fixed[name]) for name, _ in _FIXED},
        {"phase": _several([row[1] for row in rows]), "country": _several([row[2] for row in rows])},
        {0: "", **{number: text for number, _, text in values}},
        {(facet, text): number for number, facet, text in values},
    )


def _several(parts: list[bytes]) -> Several:
    import numpy as np

    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) // 4
    owner = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    return Several(owner, np.frombuffer(b"".join(parts), dtype="<u4"))
