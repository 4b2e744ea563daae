"""Random allocation in permuted blocks: how a list is made, sealed, and used line by line.

Within each stratum blocks of randomly drawn size follow each other; each holds every arm in the
ratio's shares, in an order drawn so that every arrangement is equally likely. Neither the list nor
the block sizes are in the clear log, since whoever knows a block's size can guess its last lines.
Source: ICH E9 (1998) 2.3.2: lists made in advance, short blocks whose length investigators do not
know, stratified by a few factors. R. A. Fisher and F. Yates, Statistical tables, 1938: the shuffle.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trialrun.errors import LedgerError
from trialrun.ledger.events import NO_HASH, Event, NewEvent, canonical, digest
from trialrun.ledger.identity import Vault
from trialrun.study.model import ItemType, Study
from trialrun.values.finding import Finding, Severity

KEY = "allocation"  # the name under which the list's key stands among the identity keys
SITE = "site"
_PAGE = 512  # a sealed list is filled up to a multiple of this, so that its length tells little
Lists = Mapping[str, tuple[str, ...]]
Draw = Callable[[int], int]  # a whole number below n, each as likely


# --- masking -----------------------------------------------------------------------------------


def is_masked(study: Study) -> bool:
    """Whether arms are concealed: `settings.masking`, else what the registry record says; needs two arms."""
    said = study.settings.get("masking")
    if said is None:
        design = study.record.get("protocolSection", {}).get("designModule", {}).get("designInfo", {})
        said = design.get("maskingInfo", {}).get("masking", "")
    return len(study.arms) > 1 and str(said).strip().upper() not in {"", "NONE", "OPEN", "FALSE"}


# --- lists -------------------------------------------------------------------------------------


def draws(seed: str, stratum: str) -> Draw:
    """Whole numbers drawn from a seed, the same on every machine and version.

    SHA-256 of seed, stratum and a counter gives 64 bits at a time; a number that would favour the
    small ones is thrown away.
    """
    count = itertools.count()

    def draw(n: int) -> int:
        limit = (1 << 64) - (1 << 64) % n
        while True:
            text = canonical([seed, stratum, next(count)])
            number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            if number < limit:
                return number % n

    return draw


def permuted_block(ratio: Mapping[str, int], size: int, draw: Draw) -> tuple[str, ...]:
    """One block: every arm as often as its share asks, in random order."""
    times = size // sum(ratio.values())
    block = [arm for arm, share in ratio.items() for _ in range(share * times)]
    for last in range(len(block) - 1, 0, -1):
        other = draw(last + 1)
        block[last], block[other] = block[other], block[last]
    return tuple(block)


def allocation_lists(
    ratio: Mapping[str, int], blocks: Sequence[int], strata: Iterable[str], length: int, seed: str
) -> dict[str, tuple[str, ...]]:
    """The list of each stratum: whole blocks, at least `length` lines. The same arguments give the same lists."""
    lists: dict[str, tuple[str, ...]] = {}
    for stratum in strata:
        draw = draws(seed, stratum)
        lines: list[str] = []
        while len(lines) < length:
            lines += permuted_block(ratio, blocks[draw(len(blocks))], draw)
        lists[stratum] = tuple(lines)
    return lists


def strata_of(study: Study, factors: Sequence[str]) -> tuple[str, ...]:
    """The names of all strata: every site with every answer of every item."""
    levels: list[list[str]] = []
    for factor in factors:
        if factor == SITE:
            answers = [str(site["id"]) for site in study.sites]
        elif study.items[factor].type is ItemType.BOOLEAN:
            answers = ["true", "false"]
        else:
            answers = [choice.code for choice in study.items[factor].choices]
        levels.append([f"{factor}={answer}" for answer in answers])
    return tuple(";".join(parts) for parts in itertools.product(*levels))


# --- state -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepared:
    """A list that was made: what may be known of it."""

    number: int
    ratio: Mapping[str, int]
    strata: tuple[str, ...]
    length: int
    commitment: str
    by: str
    at: str


@dataclass(slots=True)
class AllocationState:
    """The allocation stream. `lists` is opened with the key and shown to nobody; the rest is in the clear."""

    version: int = 0
    hash: str = NO_HASH
    prepared: tuple[Prepared, ...] = ()
    used: dict[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )  # stratum: candidates
    readable: bool = True
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)

    @property
    def factors(self) -> tuple[str, ...]:
        """What the lists are stratified by."""
        return self.prepared[-1].strata if self.prepared else ()


def fold_allocation(
    events: Iterable[Event], start: AllocationState | None = None, *, reveal: Callable[[int, str], str | None]
) -> AllocationState:
    """The allocation after more events.

    Args:
        events: the stream's events after `start`.
        start: state so far; it is left as it is.
        reveal: opens a sealed list by its number; `None` means its key is gone.
    """
    state = replace(start, used=dict(start.used), lists=dict(start.lists)) if start else AllocationState()
    for event in events:
        data = event.data
        if event.type == "AllocationPrepared":
            made = Prepared(
                data["list"], data["ratio"], tuple(data["strata"]), data["length"], data["commitment"], event.by,
                event.at,
            )  # fmt: skip
            state.prepared = (*state.prepared, made)
            text = reveal(made.number, data["sealed"])
            if text is None:
                state.readable = False
            else:
                for stratum, lines in json.loads(text)["lists"].items():
                    state.lists[stratum] = (*state.lists.get(stratum, ()), *lines)
        elif event.type == "AllocationLineUsed":
            stratum = data["stratum"]
            state.used[stratum] = (*state.used.get(stratum, ()), data["candidate"])
        state.version, state.hash = event.version, event.hash
    return state


# --- sealing -----------------------------------------------------------------------------------


def _list_place(number: int) -> str:
    return f"{KEY}/{number}"


def _arm_place(candidate: str) -> str:
    return f"{KEY}/arm/{candidate}"


def open_list(vault: Vault, number: int, sealed: str) -> str | None:
    """A sealed list as canonical JSON; `None` when the key is gone."""
    text = vault.open(KEY, _list_place(number), sealed)
    return None if text is None else text.rstrip()


def open_arm(vault: Vault, candidate: str, sealed: str) -> str | None:
    """The sealed arm of a participant; `None` when the key is gone."""
    text = vault.open(KEY, _arm_place(candidate), sealed)
    return None if text is None else text.rstrip()


def seal_allocation(
    event: NewEvent, study: Study, vault: Vault, random_bytes: Callable[[int], bytes]
) -> NewEvent:
    """The event with list or arm encrypted; others unchanged.

    `secret` is what a rule hands over in the clear. No event type has such a field, so that an event which
    missed this step cannot be written.
    """
    secret = event.data.get("secret")
    if secret is None:
        return event
    data = {name: value for name, value in event.data.items() if name != "secret"}
    if event.type == "AllocationPrepared":
        salted = canonical({**secret, "salt": random_bytes(32).hex()})
        filled = salted.ljust(-(-len(salted) // _PAGE) * _PAGE)
        data |= {
            "commitment": digest(salted),
            "sealed": vault.seal(KEY, _list_place(data["list"]), filled),
        }
    else:
        candidate = event.stream.removeprefix("participant/")
        # Texts of different length would tell the arms apart through their ciphertexts.
        width = max(len(name.encode()) for name in study.arms)
        padded = secret + " " * (width - len(secret.encode()))
        data["sealed"] = vault.seal(KEY, _arm_place(candidate), padded)
    return NewEvent(event.stream, event.type, data, event.reason)


# --- verification ------------------------------------------------------------------------------


def allocation_findings(events: Iterable[Event], vault: Vault) -> list[Finding]:
    """Where lists do not open, differ from their commitment, or lines were not used one after the other."""
    found: list[Finding] = []
    lines: dict[str, int] = {}
    for event in events:
        place = f"position {event.position}"
        try:
            if event.type == "AllocationPrepared":
                found += _list_findings(event, vault, place)
            elif event.type == "AllocationLineUsed":
                stratum, line = event.data["stratum"], event.data["line"]
                if line != lines.get(stratum, 0) + 1:
                    said = f"stratum {stratum}: line {line} follows line {lines.get(stratum, 0)}"
                    found.append(_wrong("allocation-gap", said, place))
                lines[stratum] = line
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            found.append(_wrong("unreadable-allocation", f"{event.type} cannot be read ({error!r})", place))
    return found


def _list_findings(event: Event, vault: Vault, place: str) -> list[Finding]:
    number = event.data["list"]
    try:
        text = open_list(vault, number, event.data["sealed"])
    except LedgerError as error:
        return [_wrong("wrong-key", f"allocation list {number}: {error.message}", place)]
    if text is None:
        return [_wrong("missing-key", f"allocation list {number} has no key, so nobody can read it", place)]
    if digest(text) != event.data["commitment"]:
        said = f"allocation list {number} is not the one its commitment was made of"
        return [_wrong("allocation-changed", said, place)]
    return []


def _wrong(code: str, message: str, place: str) -> Finding:
    remedy = "bring the table identity_keys back from its backup, and find out who had access to the database"
    return Finding(Severity.ERROR, code, message, place, remedy)
