"""Rules of random allocation: prepared by those who may know it, used line by line, never chosen by hand."""

from __future__ import annotations

from typing import Any

from trialrun.ledger.allocation import SITE, allocation_lists, is_masked, strata_of
from trialrun.ledger.commands_stock import PrepareAllocation, Unblind
from trialrun.ledger.decide.asked import Asked, need_reason
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.rows import row_at
from trialrun.ledger.rules import cell_text
from trialrun.study.model import ItemType, VisitKind

SHORTEST_SEED = 16
LONGEST = 10_000
MOST_STRATA = 200


def prepare(asked: Asked, command: PrepareAllocation) -> tuple[NewEvent, ...]:
    """Make a list; a further one carries the first on and must have its ratio and strata."""
    _need_ratio(asked, command)
    _need_blocks(command)
    _need_factors(asked, command)
    if not 1 <= command.length <= LONGEST:
        raise refuse("wrong-length", f"{command.length} allocations a stratum", f"give 1 to {LONGEST}")
    if len(command.seed) < SHORTEST_SEED:
        raise refuse(
            "weak-seed",
            f"the seed has {len(command.seed)} characters, and a short one can be guessed",
            f"give at least {SHORTEST_SEED} random characters",
        )
    known = asked.state.allocation.prepared
    if known and (dict(known[-1].ratio), known[-1].strata) != (dict(command.ratio), tuple(command.strata)):
        raise refuse(
            "other-allocation",
            "a further list must have the ratio and strata of the first, so that no stratum is lost",
            f"ratio {dict(known[-1].ratio)}, strata {', '.join(known[-1].strata) or 'none'}",
        )
    strata = strata_of(asked.study, command.strata)
    if len(strata) > MOST_STRATA:
        raise refuse(
            "too-many-strata",
            f"{len(strata)} strata, at most {MOST_STRATA}",
            "stratify by fewer items: most strata would stay empty",
        )
    lists = allocation_lists(command.ratio, command.blocks, strata, command.length, command.seed)
    data: dict[str, Any] = {
        "list": len(known) + 1,
        "ratio": dict(command.ratio),
        "strata": list(command.strata),
        "length": command.length,
        "secret": {
            "seed": command.seed,
            "blocks": list(command.blocks),
            "lists": {name: list(lines) for name, lines in lists.items()},
        },
    }
    return (NewEvent("allocation", "AllocationPrepared", data),)


def _need_ratio(asked: Asked, command: PrepareAllocation) -> None:
    if len(asked.study.arms) < 2:
        raise refuse("no-allocation-needed", "the study has one arm: everybody receives the same")
    if set(command.ratio) != set(asked.study.arms) or any(
        isinstance(share, bool) or share < 1 for share in command.ratio.values()
    ):
        raise refuse(
            "wrong-ratio",
            f"the ratio {dict(command.ratio)} does not give every arm a share",
            f"give a whole number from 1 for each of {', '.join(asked.study.arms)}",
        )


def _need_blocks(command: PrepareAllocation) -> None:
    shares = sum(command.ratio.values())
    wrong = [size for size in command.blocks if size < shares or size % shares]
    if not command.blocks or wrong:
        raise refuse(
            "wrong-blocks",
            f"block sizes {', '.join(map(str, command.blocks)) or 'none'}: each must be a multiple of {shares}",
            f"for example {2 * shares} and {3 * shares}; several sizes are harder to guess",
        )


def _need_factors(asked: Asked, command: PrepareAllocation) -> None:
    if len(set(command.strata)) != len(command.strata):
        raise refuse("wrong-strata", f"strata {', '.join(command.strata)} name one twice", "name each once")
    at_screening = {
        item
        for visit in asked.study.visits.values()
        if visit.kind is VisitKind.SCREENING
        for form in visit.forms
        if not asked.study.forms[form].repeating
        for item in asked.study.forms[form].items
    }
    for factor in command.strata:
        if factor == SITE:
            continue
        item = asked.study.items.get(factor)
        if (
            item is None
            or factor not in at_screening
            or item.type not in (ItemType.BOOLEAN, ItemType.CHOICE)
            or item.identifying
        ):
            raise refuse(
                "wrong-strata",
                f"{factor!r} is not a yes/no answer or a choice asked at screening",
                "stratify by site, and by items whose answers are few and known before enrolment",
            )


def next_arm(asked: Asked, wanted: str) -> tuple[str, tuple[NewEvent, ...]]:
    """The arm to be written in the clear (empty in a masked study) and the events of using the next line."""
    if wanted:
        raise refuse(
            "arm-never-chosen",
            f"arm {wanted!r} was asked for; the arm comes from the allocation list",
            "leave the arm out",
        )
    state = asked.state.allocation
    if not state.prepared:
        raise refuse(
            "no-allocation-list",
            "no allocation list was prepared",
            "have the statistician prepare it (PrepareAllocation) before the first enrolment",
        )
    if not state.readable:
        raise refuse(
            "allocation-unreadable",
            "the key of the allocation list is gone: nobody can be allocated",
            "bring the table identity_keys back from its backup",
        )
    stratum = _stratum(asked)
    line = len(state.used.get(stratum, ())) + 1
    lines = state.lists.get(stratum, ())
    if line > len(lines):
        raise refuse(
            "allocation-used-up",
            f"all allocations of stratum {stratum or 'all'} are used",
            "have a further list prepared",
        )
    arm = lines[line - 1]
    place: dict[str, Any] = {"stratum": stratum, "line": line}
    masked = is_masked(asked.study)
    allocated = {**place, "secret": arm} if masked else {**place, "arm": arm}
    return "" if masked else arm, (
        NewEvent("allocation", "AllocationLineUsed", {**place, "candidate": asked.person.key}),
        asked.event("ArmAllocated", allocated),
    )


def _stratum(asked: Asked) -> str:
    screening = next(
        (visit.name for visit in asked.study.visits.values() if visit.kind is VisitKind.SCREENING), ""
    )
    row = row_at(asked.study, asked.person, screening) if screening else {}
    parts: list[str] = []
    for factor in asked.state.allocation.factors:
        answer = asked.person.site if factor == SITE else row.get(factor)
        if answer is None:
            raise refuse(
                "stratum-unknown",
                f"{asked.person.key}: {factor!r} is not answered, so the stratum is not known",
                "complete it at screening",
            )
        parts.append(f"{factor}={cell_text(answer)}")
    return ";".join(parts)


def unblind(asked: Asked, command: Unblind) -> tuple[NewEvent, ...]:
    """Open one participant's arm, for a reason that everybody can read."""
    person = asked.person
    reason = need_reason(command.reason, "an emergency unblinding")
    if person.allocation is None:
        raise refuse("not-allocated", f"{person.key} has no allocation to open")
    if person.arm:
        raise refuse("no-change", f"{person.key}'s arm is known already: {person.arm}")
    if not person.concealed_arm:
        raise refuse(
            "allocation-unreadable",
            f"{person.key}'s arm cannot be opened: its key is gone",
            "bring the table identity_keys back from its backup",
        )
    stratum, line = person.allocation
    data = {"stratum": stratum, "line": line, "arm": person.concealed_arm}
    return (asked.event("AllocationUnblinded", data, reason),)
