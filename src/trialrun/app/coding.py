"""Coding reported terms: what is uncoded, what a dictionary suggests, what the coder decides, what a new version moves.

Which items are coded with which dictionary stands in `settings.coding`; the dictionaries themselves are the site's own
files, read once per process (`serve --dictionary`). Nothing is coded without a person.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.dictionaries import Dictionary, DictionaryTerm, Suggestion, plain_words, read_dictionary
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, CodeTerm
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import Code, ParticipantState, Slot
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

PLACES = "TRIALRUN_DICTIONARIES"  # paths, separated as in PATH
_USUAL = {"ae_term": "MedDRA", "medication_name": "WHODrug"}


class CodingStatus(StrEnum):
    """Where a term stands."""

    UNCODED = "uncoded"
    CHANGED = "changed"  # the reported words changed after it was coded
    OUTDATED = "outdated"  # coded with another version than the one loaded
    CODED = "coded"


class Move(StrEnum):
    """What a new version of the dictionary means for a code."""

    SAME = "same"
    RENAMED = "renamed"
    MOVED = "moved"  # other levels above
    RETIRED = "retired"  # no longer current, or no longer there


@dataclass(frozen=True, slots=True)
class ReportedTerm:
    """A reported term and its code; `move` is set for codes of another version than the one loaded."""

    participant: str
    number: str
    site: str
    visit: str
    form: str
    row: int
    item: str
    label: str
    verbatim: str
    dictionary: str
    status: CodingStatus
    code: Code | None
    move: Move | None = None
    now: DictionaryTerm | None = None

    @property
    def slot(self) -> Slot:
        """Where it stands in the casebook."""
        return (self.visit, self.form, self.row, self.item)


# --- the dictionaries at hand ------------------------------------------------------------------------


class _Shelf:
    """The dictionaries of this process: read on first use, replaced by `use_dictionaries`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Mapping[str, Dictionary] | None = None

    def held(self) -> Mapping[str, Dictionary]:
        with self._lock:
            if self._held is None:
                places = [Path(part) for part in os.environ.get(PLACES, "").split(os.pathsep) if part]
                self._held = _read_all(places)
            return self._held

    def put(self, found: Mapping[str, Dictionary] | None) -> None:
        with self._lock:
            self._held = found


_SHELF = _Shelf()


def use_dictionaries(paths: Sequence[Path]) -> tuple[Dictionary, ...]:
    """Read these dictionaries and use them, and no others, in this process.

    Errors: `UserError` for a file that cannot be read, or two versions of one dictionary.
    """
    found = _read_all(paths)
    _SHELF.put(found)
    return tuple(found.values())


def offer_dictionaries(paths: Sequence[Path]) -> tuple[Dictionary, ...]:
    """Read these dictionaries, and let the processes started from here find them.

    Errors: as `use_dictionaries`, before anything is started.
    """
    found = use_dictionaries(paths)
    os.environ[PLACES] = os.pathsep.join(str(path.resolve()) for path in paths)
    return found


def forget_dictionaries() -> None:
    """Use none until the environment, or `use_dictionaries`, names some."""
    _SHELF.put(None)


def _read_all(paths: Iterable[Path]) -> Mapping[str, Dictionary]:
    found: dict[str, Dictionary] = {}
    for path in paths:
        one = read_dictionary(path)
        other = found.get(one.name.casefold())
        if other is not None:
            raise UserError(
                f"{one.name} was given in two versions, {other.version} and {one.version}", "give one of them"
            )
        found[one.name.casefold()] = one
    return found


def dictionaries() -> tuple[Dictionary, ...]:
    """The dictionaries at hand."""
    return tuple(_SHELF.held().values())


def dictionary_named(name: str) -> Dictionary | None:
    """A dictionary at hand by its name, capital letters aside."""
    return _SHELF.held().get(name.casefold())


def coded_items(study: Study) -> Mapping[str, str]:
    """The items whose answers are coded, each with the name of its dictionary."""
    given: Mapping[str, str] = study.settings.get("coding") or _USUAL
    return {item: str(name) for item, name in given.items() if item in study.items}


# --- lists -------------------------------------------------------------------------------------------


def reported_terms(
    workspace: Workspace, sites: Iterable[str], *, status: str = "", dictionary: str = "", text: str = ""
) -> tuple[ReportedTerm, ...]:
    """The terms of all participants at these sites, those to be coded first, alike ones together."""
    within, conduct = frozenset(sites), workspace.conduct
    found = [
        term
        for key in conduct.participants()
        if (person := conduct.participant(key)).site in within
        for term in _terms_of(workspace.study, person)
        if status in ("", term.status.value)
        and dictionary.casefold() in ("", term.dictionary.casefold())
        and plain_words(text) in plain_words(f"{term.verbatim} {term.code.term if term.code else ''}")
    ]
    order = list(CodingStatus)
    found.sort(key=lambda one: (order.index(one.status), plain_words(one.verbatim), one.participant, one.row))
    return tuple(found)


def uncoded_terms(workspace: Workspace, sites: Iterable[str]) -> tuple[ReportedTerm, ...]:
    """The terms that wait for a coder: uncoded, or changed since."""
    waiting = {CodingStatus.UNCODED, CodingStatus.CHANGED}
    return tuple(term for term in reported_terms(workspace, sites) if term.status in waiting)


def _terms_of(study: Study, person: ParticipantState) -> Iterable[ReportedTerm]:
    wanted = coded_items(study)
    for (visit, form, row, item), value in sorted(person.values.items()):
        if item not in wanted or not value.text:
            continue
        code = person.codes.get((visit, form, row, item))
        status, move, now = _standing(wanted[item], code, value.text)
        yield ReportedTerm(
            person.key, person.number, person.site, visit, form, row, item, study.items[item].label, value.text,
            wanted[item], status, code, move, now,
        )  # fmt: skip


def _standing(
    name: str, code: Code | None, verbatim: str
) -> tuple[CodingStatus, Move | None, DictionaryTerm | None]:
    if code is None:
        return CodingStatus.UNCODED, None, None
    if not code.valid or code.verbatim != verbatim:
        return CodingStatus.CHANGED, None, None
    at_hand = dictionary_named(name)
    if at_hand is None or (at_hand.version == code.dictionary_version and at_hand.name == code.dictionary):
        return CodingStatus.CODED, None, None
    now = at_hand.term(code.code)
    return CodingStatus.OUTDATED, _move(code, now), now


def _move(code: Code, now: DictionaryTerm | None) -> Move:
    if now is None or not now.current:
        return Move.RETIRED
    if now.term != code.term:
        return Move.RENAMED
    return Move.SAME if now.path == tuple(code.path) else Move.MOVED


def one_term(workspace: Workspace, key: str, slot: Slot) -> ReportedTerm:
    """One reported term. Errors: `UserError` when nothing is reported there, or the item is not coded."""
    person = workspace.conduct.participant(key)
    for term in _terms_of(workspace.study, person):
        if term.slot == slot:
            return term
    raise UserError(
        f"{key} has no term to code at {slot[0]}, {slot[1]}, row {slot[2]}", "open the list of terms"
    )


def suggestions(term: ReportedTerm, *, most: int = 8) -> tuple[Suggestion, ...]:
    """What the term's dictionary suggests; nothing when it is not at hand."""
    at_hand = dictionary_named(term.dictionary)
    return at_hand.suggest(term.verbatim, most=most) if at_hand is not None else ()


def alike(workspace: Workspace, sites: Iterable[str], term: ReportedTerm) -> tuple[ReportedTerm, ...]:
    """The other waiting terms with the same words and dictionary."""
    words = plain_words(term.verbatim)
    return tuple(
        other
        for other in uncoded_terms(workspace, sites)
        if plain_words(other.verbatim) == words
        and other.dictionary == term.dictionary
        and (other.participant, other.slot) != (term.participant, term.slot)
    )


# --- actions -----------------------------------------------------------------------------------------


def code_term(
    workspace: Workspace,
    actor: Actor,
    key: str,
    slot: Slot,
    code: str,
    *,
    seen: str,
    also: Iterable[str] = (),
) -> tuple[Outcome, ...]:
    """The coder's decision for one term, and for alike ones of the actor's sites when these are given.

    Args:
        seen: the reported words the coder looked at; another text by now is refused.
        also: sites whose waiting terms of the same words get the same code.

    Errors: `UserError` when the dictionary is not at hand, does not hold the code as a term in use, or the text
    changed meanwhile; `CommandRefusedError` as the ledger refuses.
    """
    term = one_term(workspace, key, slot)
    if term.verbatim != seen:
        raise UserError(
            f"the reported words were changed meanwhile to {term.verbatim!r}",
            "look at the term again and decide anew",
        )
    chosen = _chosen(term.dictionary, code)
    others = alike(workspace, also, term)
    return tuple(_code(workspace, actor, one, chosen) for one in (term, *others))


def _chosen(name: str, code: str) -> tuple[Dictionary, DictionaryTerm]:
    at_hand = dictionary_named(name)
    if at_hand is None:
        raise UserError(f"the dictionary {name} is not loaded", "start with --dictionary and its file")
    term = at_hand.term(code.strip())
    if term is None:
        raise UserError(
            f"{at_hand.name} {at_hand.version} has no code {code.strip()!r}", "choose a term of the list"
        )
    if not term.current:
        raise UserError(f"{term.term} ({term.code}) is no longer in use", "choose a current term")
    return at_hand, term


def _code(
    workspace: Workspace, actor: Actor, term: ReportedTerm, chosen: tuple[Dictionary, DictionaryTerm]
) -> Outcome:
    source, found = chosen
    visit, form, row, item = term.slot
    command = CodeTerm(
        term.participant,
        visit,
        form,
        row,
        item,
        source.name,
        source.version,
        found.code,
        found.term,
        found.path,
    )
    return workspace.do(command, actor)


def carry_over(workspace: Workspace, actor: Actor, sites: Iterable[str], dictionary: str) -> int:
    """Code again, in the version at hand, every term whose code means the same there; returns how many.

    Terms renamed, moved or retired are left for the coder.
    """
    outdated = reported_terms(workspace, sites, status=CodingStatus.OUTDATED.value, dictionary=dictionary)
    done = 0
    for term in outdated:
        if term.move is Move.SAME and term.code is not None:
            _code(workspace, actor, term, _chosen(term.dictionary, term.code.code))
            done += 1
    return done
