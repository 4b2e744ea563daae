"""What is computed once per study and kept, because a compiled program is dear and a study never changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from trialrun.errors import UserError
from trialrun.study.model import Study

T = TypeVar("T")
KEPT = 8


class Kept(Generic[T]):
    """The result of a function of a study, for the last few studies asked about.

    A study is recognised as the object it is, not by its hash: two studies built in memory can share one.
    Of many threads that ask at once, one computes and the others wait for it.
    """

    def __init__(self, make: Callable[[Study], T]) -> None:
        self._make = make
        self._kept: OrderedDict[int, tuple[Study, T]] = OrderedDict()
        self._making = RLock()
        _ALL.add(self)

    def of(self, study: Study) -> T:
        """The result for this study."""
        found = self._kept.get(id(study))
        if found is not None and found[0] is study:
            return found[1]
        with self._making:
            found = self._kept.get(id(study))
            if found is not None and found[0] is study:
                return found[1]
            made = self._make(study)
            self._kept[id(study)] = (study, made)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return made


_ALL: WeakSet[Kept[Any]] = WeakSet()


def prepare(study: Study) -> int:
    """Compute everything that is kept of a study now, for the modules imported so far; how many things that is."""
    each = list(_ALL)
    for kept in each:
        with suppress(UserError):  # said again, in its place, to whoever asks for it
            kept.of(study)
    return len(each)
