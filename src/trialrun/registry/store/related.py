"""Trials near one: of the same conditions and interventions."""

from __future__ import annotations

import re

from trialrun.registry.store.model import Hit
from trialrun.registry.store.searching import Searcher

_MOST_NAMES = 8
_PARTING = re.compile('["\\0]')  # what would end a phrase in the index's notation


def related(searcher: Searcher, hit: Hit, n: int) -> tuple[Hit, ...]:
    """The trials that share most with one, the nearest first, itself left out.

    Every condition and intervention is looked for as a phrase where trials name theirs; the rarer a shared name
    and the more of them, the nearer. Of equally near ones the last updated come first.
    """
    named = [("condition", name) for name in hit.conditions[:_MOST_NAMES]]
    named += [("intervention", name) for name in hit.interventions[:_MOST_NAMES]]
    phrases = dict.fromkeys(
        f'{column} : "{_PARTING.sub(" ", name)}"' for column, name in named if any(map(str.isalnum, name))
    )
    return searcher.near(list(phrases), hit.registry_id, n) if n > 0 else ()
