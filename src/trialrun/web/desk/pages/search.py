"""Searching: the page, what was found as a file, and the feed of a search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from litestar import Response
from litestar.response import Redirect, Stream

from trialrun.app.csv_text import csv_pieces
from trialrun.app.desk_feed import SIZE, atom_feed
from trialrun.app.desk_search import (
    OPEN,
    SEXES,
    address_of_search,
    as_written,
    chips,
    facets,
    fields_kept,
    read_question,
)
from trialrun.app.desk_trial import HIT_COLUMNS, hit_as_json, hit_as_row
from trialrun.app.language import gettext as _
from trialrun.app.registry_words import in_words
from trialrun.registry.store.model import Found, Hit, Search, Sort
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import page

_ATOM = "application/atom+xml; charset=utf-8"


@page(["/", "/trials"], stateless=True)
def search(here: DeskHere) -> Response[Any]:
    """Trials found, with what they can be narrowed by."""
    if here.desk.registry is None:
        return Redirect("/drafts", status_code=303)
    question = read_question(here.queries)
    wanted, found = _found(here, question.search)
    # Counting a large store takes longer than searching it: the search of everything is asked only where it matters.
    if not found.total and not here.registry.search(Search(size=1), here.today).total:
        return here.render("desk/no_records.html")
    last = _last_page(wanted, found)
    return here.render(
        "desk/search.html",
        search=wanted,
        found=found,
        notes=(*question.notes, *found.notes),
        facets=facets(wanted, found),
        chips=chips(wanted),
        kept=fields_kept(
            wanted, "words", "condition", "intervention", "sponsor", "age", "sex", "overdue", "size"
        ),
        sorts=_sorts(wanted),
        pages=_pages(wanted, last),
        sexes=[(code, in_words(code)) for code in SEXES],
        address=lambda path, **changed: address_of_search(wanted, path, **changed),
    )


@page("/take-part", stateless=True)
def take_part(here: DeskHere) -> Response[str]:
    """A search in plain words, for somebody who thinks of taking part."""
    countries = here.registry.search(Search(size=1), here.today).facets.get("country", ())
    return here.render(
        "desk/take_part.html",
        countries=sorted(one.value for one in countries),
        open=OPEN,
        sexes=[(code, in_words(code)) for code in SEXES],
    )


@page("/export.csv", stateless=True)
def export_csv(here: DeskHere) -> Stream:
    """All trials found, as a table."""
    rows = (hit_as_row(hit) for hit in _all(here))
    return _file(csv_pieces(HIT_COLUMNS, rows), "trials.csv", "text/csv; charset=utf-8")


@page("/export.json", stateless=True)
def export_json(here: DeskHere) -> Stream:
    """All trials found, as a JSON array with one trial a line."""
    return _file(_json_lines(_all(here)), "trials.json", "application/json")


@page("/feed.atom", stateless=True)
def feed(here: DeskHere) -> Response[str]:
    """The trials of a search that were updated last, for a feed reader."""
    asked = written(here, read_question(here.queries).search)
    wanted = replace(asked, sort=Sort.UPDATED, page=1, size=SIZE)
    found = here.registry.search(wanted, here.today)
    text = atom_feed(wanted, found.hits, str(here.request.base_url).rstrip("/"), here.now)
    return Response(content=text, media_type=_ATOM)


def _found(here: DeskHere, wanted: Search) -> tuple[Search, Found]:
    """What a search finds, its countries written as the records do and its page one that there is."""
    wanted = written(here, wanted)
    found = here.registry.search(wanted, here.today)
    if wanted.page > (last := _last_page(wanted, found)):
        wanted = replace(wanted, page=last)
        found = here.registry.search(wanted, here.today)
    return wanted, found


def written(here: DeskHere, wanted: Search) -> Search:
    """The search with its countries as the records write them."""
    return as_written(wanted, lambda search: here.registry.search(search, here.today))


def _last_page(wanted: Search, found: Found) -> int:
    return max(1, -(-found.total // wanted.size))


def _all(here: DeskHere) -> Iterator[Hit]:
    return iter(here.registry.export(written(here, read_question(here.queries).search), here.today))


def _json_lines(hits: Iterator[Hit]) -> Iterator[str]:
    import json

    before = "[\n"
    for hit in hits:
        yield before + json.dumps(hit_as_json(hit), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _file(pieces: Iterator[str], name: str, media_type: str) -> Stream:
    encoded = (piece.encode("utf-8", "replace") for piece in pieces)
    return Stream(
        encoded, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _sorts(wanted: Search) -> list[tuple[str, str, bool]]:
    """The orders to choose from. Without words nothing matches better than anything else."""
    words = {Sort.RELEVANCE: _("Best match"), Sort.UPDATED: _("Last update"), Sort.STARTED: _("Start")}
    used = wanted.sort
    if not (wanted.words or wanted.condition or wanted.intervention or wanted.sponsor):
        del words[Sort.RELEVANCE]
        used = Sort.UPDATED if used is Sort.RELEVANCE else used
    return [(address_of_search(wanted, sort=one), label, one is used) for one, label in words.items()]


def _pages(wanted: Search, last: int) -> dict[str, Any]:
    """The neighbours of a page: address or nothing."""
    here = wanted.page
    return {
        "number": here,
        "last": last,
        "before": address_of_search(wanted, page=here - 1) if here > 1 else "",
        "after": address_of_search(wanted, page=here + 1) if here < last else "",
    }


ROUTES = [search, take_part, export_csv, export_json, feed]
