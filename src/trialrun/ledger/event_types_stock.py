"""The event types of the stock and allocation streams, and of who was allocated what."""

from __future__ import annotations

from trialrun.ledger.event_registry import EventType, declare

_BATCH = (
    "batch text batch number as printed on the label",
    "product text what it is; in a masked study the name all arms share",
    "amount_per_unit text amount in one unit (vial, bag), as a decimal number",
    "unit text UCUM unit of that amount",
    "potency text potency as released: particles per mL, protein, method",
    "release_reference text number of the release certificate, or empty while there is none",
    "released_on text day of release, or empty",
    "storage text how it is kept",
    "expires_on date last day on which it may be used",
)

STOCK: tuple[EventType, ...] = (
    declare("BatchRegistered", "stock", "A batch of the product is known at the site.", *_BATCH),
    declare(
        "BatchCorrected",
        "stock",
        "What is known of a batch was changed, with reason; the earlier record stays readable.",
        *_BATCH,
    ),
    declare(
        "StockMoved",
        "stock",
        "Units of a batch went from one state to another; the balance of the batch always holds.",
        "movement text number of the movement within the site, `M-0001`",
        "batch text batch number",
        "kind text receipt, quarantine, release, thaw, infuse, return, destroy, count or reversal",
        "units integer how many, at least 1",
        "source text stored, quarantined, thawed, infused, returned, destroyed, missing; empty: from outside",
        "target text the same; empty: out of the site's books",
        "on date day on which it happened",
        "participant text candidate number, where it concerns one",
        "visit text visit name or empty",
        "form text form that recorded an infusion, or empty",
        "row integer row of that form, else 0",
        "temperature text temperature read, as a decimal number of degrees Celsius, or empty",
        "witness text second person at a destruction, or empty",
        "reverses text number of the movement taken back, or empty",
    ),
    declare(
        "StockCounted",
        "stock",
        "Units were counted by hand and compared with the books.",
        "batch text batch number",
        "held text stored, quarantined or thawed: which units were counted",
        "counted integer how many were there",
        "expected integer how many the books said",
        "on date day of the count",
        "witness text second person at the count, or empty",
    ),
    declare(
        "ExcursionRecorded",
        "stock",
        "Stored units were warmer or colder than they may be; they wait in quarantine for a decision.",
        "batch text batch number",
        "on date day it was found",
        "lowest text lowest temperature, degrees Celsius",
        "highest text highest temperature, degrees Celsius",
        "hours text how long, in hours, or empty where nobody knows",
        "description text what happened",
    ),
)

ALLOCATION: tuple[EventType, ...] = (
    declare(
        "AllocationPrepared",
        "allocation",
        "A list of random allocations was made. The list, its seed and its block sizes are encrypted under a key "
        "outside the log; the commitment proves later that it was not changed.",
        "list integer number of the list, from 1; a further list carries the earlier ones on",
        "ratio map arm to its share",
        "strata list what it is stratified by: `site`, and items of the screening visit",
        "length integer allocations asked for in each stratum",
        "commitment text SHA-256 of the canonical JSON of salt, seed, blocks and lists",
        "sealed text the list, encrypted",
    ),
    declare(
        "AllocationLineUsed",
        "allocation",
        "The next line of a stratum was used; which arm it holds is not said here.",
        "candidate text candidate number",
        "stratum text the stratum, `site=01;sex=F`",
        "line integer line within the stratum, from 1 without gaps",
    ),
)

ALLOCATED: tuple[EventType, ...] = (
    declare(
        "ArmAllocated",
        "participant",
        "The participant got the next line of the allocation list.",
        "stratum text the stratum",
        "line integer line within the stratum",
        "arm text? the arm, in an open study",
        "sealed text? the arm, encrypted and of one length for all arms, in a masked study",
    ),
    declare(
        "AllocationUnblinded",
        "participant",
        "In an emergency the arm of one participant was opened; from here on it is in the clear.",
        "stratum text the stratum",
        "line integer line within the stratum",
        "arm text the arm",
    ),
)
