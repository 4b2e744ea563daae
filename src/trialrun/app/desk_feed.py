"""The feed of a search: the trials updated last, as Atom. Source: RFC 4287."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as Tree  # only written with, never read with

from trialrun.app.desk_addresses import trial_path
from trialrun.app.desk_search import address_of_search, in_a_sentence, query_of
from trialrun.app.language import gettext as _
from trialrun.app.language import language
from trialrun.app.registry_words import in_words
from trialrun.errors import UserError
from trialrun.registry.store.model import Hit, Search
from trialrun.values.dates import parse_partial_date

SIZE = 50
_ATOM = "http://www.w3.org/2005/Atom"
# Ids must stay the same wherever and whenever the feed is made: they are drawn from a name space of their own.
_SPACE = uuid.UUID("6f6b5a0e-7d0c-5d2e-9a4f-3b1f2f7c9e51")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom_feed(search: Search, hits: Sequence[Hit], site: str, now: datetime) -> str:
    """The feed as XML text.

    Args:
        search: what was searched for.
        hits: the trials, last update first.
        site: address of the desk, without a slash at its end.
        now: used for a trial whose record states no date.
    """
    # order, page and size are the feed's own: searches that ask for the same trials have the same feed
    question = replace(search, sort=Search().sort, page=1, size=Search().size)
    feed = Tree.Element("feed", {"xmlns": _ATOM, "xml:lang": language()})
    _add(feed, "id", _id(f"search:{query_of(question)}"))
    _add(feed, "title", _("Trials: {}").format(in_a_sentence(search)))
    dates = [_moment(hit.updated, now) for hit in hits]
    _add(feed, "updated", max(dates, default=_moment("", now)))
    _link(feed, "self", site + address_of_search(question, "/feed.atom"), "application/atom+xml")
    _link(feed, "alternate", site + address_of_search(question), "text/html")
    author = Tree.SubElement(feed, "author")
    _add(author, "name", _("Registry desk of trialrun"))
    _add(feed, "generator", "trialrun")
    for hit, updated in zip(hits, dates, strict=True):
        feed.append(_entry(hit, updated, site))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Tree.tostring(feed, encoding="unicode")}\n'


def _entry(hit: Hit, updated: str, site: str) -> Tree.Element:
    entry = Tree.Element("entry")
    _add(entry, "id", _id(f"trial:{hit.registry_id}"))
    _add(entry, "title", f"{hit.registry_id}: {hit.title}" if hit.title else hit.registry_id)
    _add(entry, "updated", updated)
    _link(entry, "alternate", site + trial_path(hit.registry_id), "text/html")
    if hit.sponsor:
        _add(Tree.SubElement(entry, "author"), "name", hit.sponsor)
    for condition in hit.conditions:
        Tree.SubElement(entry, "category", {"term": _clean(condition)})
    lines = (
        (_("Status"), in_words(hit.status)),
        (_("Phase"), ", ".join(in_words(phase) for phase in hit.phases)),
        (_("Conditions"), ", ".join(hit.conditions)),
        (_("Interventions"), ", ".join(hit.interventions)),
        (_("Countries"), ", ".join(hit.countries)),
    )
    _add(entry, "summary", ". ".join(f"{label}: {text}" for label, text in lines if text))
    return entry


def _id(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_SPACE, name)}"


def _moment(date: str, now: datetime) -> str:
    """A record's date as the moment it begins, UTC; `now` where it states none that can be read."""
    try:
        return f"{parse_partial_date(date).earliest.isoformat()}T00:00:00Z"
    except UserError:
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _add(parent: Tree.Element, name: str, text: str) -> None:
    Tree.SubElement(parent, name).text = _clean(text)


def _link(parent: Tree.Element, kind: str, address: str, media_type: str) -> None:
    Tree.SubElement(parent, "link", {"rel": kind, "type": media_type, "href": _clean(address)})


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
