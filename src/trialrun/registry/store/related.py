"""Trials near one: of the same conditions and interventions."""

from __future__ import annotations

from trialrun.registry.store.model import Hit
from trialrun.registry.store.searching import Searcher

_MOST_TERMS = 8


def related(searcher: Searcher, hit: Hit, n: int) -> tuple[Hit, ...]:
    """The trials that share most with one, the nearest first, itself left out.

    Every condition and intervention is looked for as a phrase where trials name theirs; the rarer a shared
    name and the more of them, the nearer (BM25 over those two parts alone).
    """
    phrases = [("condition", name) for name in hit.conditions[:_MOST_TERMS]]
    phrases += [("intervention", name) for name in hit.interventions[:_MOST_TERMS]]
    expression = " OR ".join(
        f'({column} : "{name.replace(chr(34), " ")}")'
        for column, name in phrases
        if any(map(str.isalnum, name))
    )
    if not expression or n < 1:
        return ()
    rows = searcher.connection.execute(
        "SELECT words.rowid, trial.registry_id FROM words JOIN trial ON trial.id = words.rowid"
        " WHERE words MATCH ? ORDER BY bm25(words, 0.0, 4.0, 6.0, 0.0, 0.0, 0.0) LIMIT ?",
        (expression, n + 1),
    ).fetchall()
    places = [number - 1 for number, name in rows if name != hit.registry_id]
    return searcher.hits(places[:n])
