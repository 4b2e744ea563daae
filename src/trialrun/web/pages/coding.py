"""Coding reported terms with a dictionary the site supplies."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response

from trialrun.app.coding import (
    CodingStatus,
    Move,
    ReportedTerm,
    alike,
    carry_over,
    code_term,
    coded_items,
    dictionaries,
    dictionary_named,
    one_term,
    reported_terms,
    suggestions,
)
from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.work import participant_path
from trialrun.errors import UserError
from trialrun.ledger.state import Slot
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole

PLACE = "/coding"
RIGHTS = ("CodeTerm", "see_safety")
_COLUMNS = (
    "participant", "number", "site", "form", "row", "item", "verbatim", "status", "dictionary", "version", "code",
    "term", "path",
)  # fmt: skip


def status_words(status: str) -> str:
    """What a term's standing is called."""
    return {
        "uncoded": _("uncoded"), "changed": _("changed since it was coded"), "outdated": _("coded in another version"),
        "coded": _("coded"),
    }[status]  # fmt: skip


def move_words(move: Move) -> str:
    """What a new version means for a code."""
    return {
        Move.SAME: _("unchanged in the new version"), Move.RENAMED: _("renamed in the new version"),
        Move.MOVED: _("other levels above it in the new version"), Move.RETIRED: _("no longer in use"),
    }[move]  # fmt: skip


def _address(term: ReportedTerm) -> str:
    place = {"visit": term.visit, "form": term.form, "row": term.row, "item": term.item}
    return f"{participant_path(term.participant)}/coding?{urlencode(place)}"


def _chosen(here: Here) -> tuple[ReportedTerm, ...]:
    return reported_terms(
        here.workspace,
        here.sites,
        status=here.query("status"),
        dictionary=here.query("dictionary"),
        text=here.query("text")[:200],
    )


@page(PLACE, who=RIGHTS)
def terms(here: Here) -> Response[str]:
    """All terms, those that wait for a coder first."""
    found = _chosen(here)
    every = reported_terms(here.workspace, here.sites)
    counts = {status.value: sum(one.status is status for one in every) for status in CodingStatus}
    named = tuple(dict.fromkeys(coded_items(here.workspace.study).values()))
    return here.render(
        "coding/terms.html",
        found=found,
        total=len(every),
        counts=counts,
        statuses=tuple((one.value, status_words(one.value)) for one in CodingStatus),
        named=tuple((one, one) for one in named),
        missing=tuple(one for one in named if dictionary_named(one) is None),
        at_hand=dictionaries(),
        same=sum(one.move is Move.SAME for one in every),
        wanted={name: here.query(name) for name in ("status", "dictionary", "text")},
        address=str(here.request.url.query),
        path=_address,
        words=status_words,
        moved=move_words,
        may_code=here.may("CodeTerm"),
    )


@page(f"{PLACE}.csv", who=RIGHTS)
def terms_file(here: Here) -> Response[bytes]:
    """The same as CSV."""
    rows = (
        (
            one.participant, one.number, one.site, one.form, one.row, one.item, one.verbatim, one.status.value,
            one.dictionary, one.code.dictionary_version if one.code else "", one.code.code if one.code else "",
            one.code.term if one.code else "", " > ".join(one.code.path) if one.code else "",
        )
        for one in _chosen(here)
    )  # fmt: skip
    name = f"{here.workspace.study.id}-coding-{here.workspace.today}.csv"
    return here.download(csv_text(_COLUMNS, rows), name, "text/csv; charset=utf-8")


def _slot(visit: str, form: str, row: str, item: str) -> Slot:
    return (visit, form, whole(row), item)


@page("/participants/{key:str}/coding", who=RIGHTS)
def term(here: Here, key: str) -> Response[str]:
    """One term: what the dictionary suggests, and a search in it."""
    slot = _slot(here.query("visit"), here.query("form"), here.query("row"), here.query("item"))
    return _term(here, key, slot, search=here.query("search")[:200])


def _term(
    here: Here, key: str, slot: Slot, *, search: str = "", error: UserError | None = None
) -> Response[str]:
    person = here.participant(key)
    found = one_term(here.workspace, person.key, slot)
    source = dictionary_named(found.dictionary)
    return here.render(
        "coding/term.html",
        status=422 if error else 200,
        person=person,
        term=found,
        source=source,
        suggested=suggestions(found),
        searched=source.search(search) if source is not None and search else (),
        search=search,
        alike=alike(here.workspace, here.sites, found),
        words=status_words,
        moved=move_words,
        path=_address,
        error=error,
        may_code=here.may("CodeTerm"),
    )


@action("/participants/{key:str}/coding", who="CodeTerm")
def decide(here: Here, key: str) -> Response[Any]:
    """The coder's decision."""
    person = here.participant(key)
    slot = _slot(here.text("visit"), here.text("form"), here.text("row"), here.text("item"))
    also = here.sites if here.text("alike") == "true" else ()
    try:
        done = code_term(
            here.workspace, here.actor, person.key, slot, here.text("code"), seen=here.text("seen"), also=also
        )
    except UserError as error:
        return _term(here, key, slot, search=here.text("search"), error=error)
    count = len(done)
    return here.redirect(
        f"{PLACE}?status=uncoded", ngettext("{} term coded.", "{} terms coded.", count).format(count)
    )


@action(f"{PLACE}/carry-over", who="CodeTerm")
def take_over(here: Here) -> Response[Any]:
    """Code again, in the version at hand, what means the same there."""
    count = carry_over(here.workspace, here.actor, here.sites, here.text("dictionary"))
    return here.redirect(
        PLACE, ngettext("{} term carried over.", "{} terms carried over.", count).format(count)
    )


ROUTES = [terms, terms_file, term, decide, take_over]
