"""Whether a link leads anywhere for the visitor: a list may name a thing whose page another role opens."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from trialrun.app.rights import PUBLIC, SIGNED_IN

if TYPE_CHECKING:
    from trialrun.web.here import Here


@cache
def _pages() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    from trialrun.web.application import all_routes

    found: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
    for route in all_routes():
        if route.method == "GET":
            for path in route.paths:
                pieces = re.split(r"{\w+:\w+}", path)
                found.append((re.compile("[^/]+".join(map(re.escape, pieces)) + "$"), route.who))
    return tuple(found)


def may_open(here: Here, address: str) -> bool:
    """Whether the visitor's role may open the page at an address of ours; site and session are asked when they do."""
    path = address.partition("?")[0].partition("#")[0]
    return any(
        bool({PUBLIC, SIGNED_IN} & set(who)) or here.may(*who)
        for pattern, who in _pages()
        if pattern.match(path)
    )
