"""What a snapshot holds: its tables, their columns, and the order of their rows.

A data cut, a rehearsal and an import all land in this layout; analysis and report read nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LAYOUT_VERSION = 1
MANIFEST = "manifest.json"

ColumnType = Literal["VARCHAR", "BIGINT", "DOUBLE", "DATE"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type in the Parquet file and what it means."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One Parquet file; `order` names the columns its rows are sorted by."""

    name: str
    meaning: str
    order: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def file(self) -> str:
        """The file's name inside the snapshot folder."""
        return f"{self.name}.parquet"

    def names(self) -> tuple[str, ...]:
        """The columns' names in their order in the file."""
        return tuple(column.name for column in self.columns)


def _text(name: str, meaning: str) -> Column:
    return Column(name, "VARCHAR", meaning)


def _number(name: str, meaning: str) -> Column:
    return Column(name, "DOUBLE", meaning)


def _whole(name: str, meaning: str) -> Column:
    return Column(name, "BIGINT", meaning)


def _day(name: str, meaning: str) -> Column:
    return Column(name, "DATE", meaning)


_PARTICIPANT = _text("participant", "candidate number, given at registration and never reused")
_VISIT = _text("visit", "visit of the study definition")
_POSITION = _whole("position", "place of the log entry in the whole log; empty for imported data")
_HASH = _text("event_hash", "hash of the log entry, or `import:` and the source line's place")

PARTICIPANTS = Table(
    "participants",
    "everyone registered, one row each",
    ("participant",),
    (
        _PARTICIPANT,
        _text("number", "participant number given at enrolment"),
        _text("site", "site that registered the candidate"),
        _text("arm", "arm, once enrolled; empty while it is concealed"),
        _text("status", "registered, consented, enrolled, treated, completed, ended or withdrawn"),
        _day("screened_on", "day of the screening visit, else of registration"),
        _day("consented_on", "day the consent was signed"),
        _day("enrolled_on", "day of enrolment"),
        _day("first_dose_on", "day of the first administration"),
        _day("ended_on", "day participation ended"),
        _text("end_reason", "code of the reason participation ended"),
        _text("sex", "code as collected"),
        _number("age", "completed years at consent; empty where the birth date leaves it open"),
    ),
)
VALUES = Table(
    "values",
    "one row per item that was asked and answered, with its last answer",
    ("participant", "visit", "form", "row", "item"),
    (
        _PARTICIPANT,
        _VISIT,
        _text("form", "form of the study definition"),
        _text("row", "row of a repeating form; empty otherwise"),
        _text("item", "item of the study definition"),
        _text("text", "the value exactly as entered; empty text is a value, NULL is none"),
        _number("number", "the entered number, in the entered unit"),
        _text("unit", "the unit as entered"),
        _number("number_in_item_unit", "the same amount in the item's unit, which rules compute in"),
        _day("date_low", "first day an entered date can mean"),
        _day("date_high", "last day an entered date can mean"),
        _text("code", "code of a choice, `true` or `false` of a yes/no answer"),
        _text("missing_reason", "why there is no value; NULL where there is one"),
        _text("entered_at", "UTC time of the entry, ISO 8601"),
        _text("entered_by", "user who entered it"),
        _text("role", "role the user acted in"),
        _text("reason", "reason given for a change; empty for a first entry"),
        _whole("corrections", "how often the value was changed after its first entry"),
        _POSITION,
        _HASH,
    ),
)
VISITS = Table(
    "visits",
    "visits that took place or were recorded as missed",
    ("participant", "visit", "date"),
    (
        _PARTICIPANT,
        _VISIT,
        _day("date", "day of the visit; empty when missed"),
        _text("status", "done or missed"),
        _text("reason", "why it was missed"),
        _POSITION,
        _HASH,
    ),
)
CRITERIA = Table(
    "criteria",
    "the answer to each criterion at the last judgement of eligibility",
    ("participant", "criterion"),
    (
        _PARTICIPANT,
        _text("criterion", "criterion of the study definition"),
        _text("outcome", "met, not_met or unknown, of the criterion as worded"),
        _text("missing", "items an unknown answer rests on that had no value, separated by blanks"),
        _text("words", "the rule in words"),
        _POSITION,
        _HASH,
    ),
)
SCREENING = Table(
    "screening",
    "how screening ended for everyone registered",
    ("participant",),
    (
        _PARTICIPANT,
        _text("status", "eligible, not_eligible, undecided or not_judged"),
        _text("reasons", "criteria that decided, separated by blanks"),
    ),
)
DERIVED = Table(
    "derived",
    "derived values as the log computed them when their inputs were saved",
    ("participant", "visit", "name"),
    (
        _PARTICIPANT,
        _VISIT,
        _text("name", "derived value of the study definition"),
        _text("text", "the value; NULL where it was unknown"),
        _text("unknown_because", "items that were missing, separated by blanks"),
        _POSITION,
        _HASH,
    ),
)
CODINGS = Table(
    "codings",
    "codes of a dictionary that a person gave to reported terms, as they stand",
    ("participant", "visit", "form", "row", "item"),
    (
        _PARTICIPANT,
        _VISIT,
        _text("form", "form of the study definition"),
        _text("row", "row of a repeating form; empty otherwise"),
        _text("item", "item of the study definition"),
        _text("verbatim", "the reported words that were coded"),
        _text("dictionary", "which dictionary"),
        _text("version", "its version"),
        _text("code", "code"),
        _text("term", "the dictionary's term"),
        _text("path", "terms of the levels above, lowest first, separated by ` > `"),
        _text("status", "valid, or changed: the reported words are others now and wait to be coded again"),
        _POSITION,
        _HASH,
    ),
)
RANGES = Table(
    "ranges",
    "reference ranges of the laboratories, as they stand",
    ("site", "laboratory", "item", "line"),
    (
        _text("site", "site that recorded them"),
        _text("laboratory", "name of the laboratory, as on the laboratory form"),
        _text("item", "item of the study definition"),
        _whole("line", "place among the laboratory's ranges"),
        _text("unit", "unit of the limits"),
        _text("low", "lower limit of normal as written; empty: none"),
        _text("high", "upper limit of normal as written; empty: none"),
        _text("sex", "code of the sex it holds for; empty: both"),
        _text("age_from", "first completed year of age it holds for"),
        _text("age_to", "last completed year of age it holds for"),
        _text("valid_from", "first day of the samples it holds for"),
        _text("valid_to", "last day of the samples it holds for"),
        _POSITION,
        _HASH,
    ),
)
QUERIES = Table(
    "queries",
    "questions asked about values, and where they stand",
    ("participant", "query"),
    (
        _PARTICIPANT,
        _text("query", "the question's number"),
        _VISIT,
        _text("form", "form asked about"),
        _text("item", "item asked about"),
        _text("status", "open, answered or closed"),
        _text("text", "the question"),
        _text("opened_at", "UTC time, ISO 8601"),
        _text("closed_at", "UTC time, ISO 8601"),
        _POSITION,
        _HASH,
    ),
)
SIGNATURES = Table(
    "signatures",
    "who signed what, and with which meaning",
    ("position",),
    (
        _PARTICIPANT,
        _text("signed_by", "user"),
        _text("role", "role the user signed in"),
        _text("meaning", "what the signature means"),
        _text("subject", "what was signed"),
        _text("signed_at", "UTC time, ISO 8601"),
        _POSITION,
        _HASH,
    ),
)
BATCHES = Table(
    "batches",
    "batches of the product at each site, and where every unit received is",
    ("site", "batch"),
    (
        _text("site", "site that holds it"),
        _text("batch", "batch number"),
        _text("product", "what it is"),
        _text("amount_per_unit", "amount in one unit, as written"),
        _text("unit", "UCUM unit of that amount"),
        _text("potency", "potency as released"),
        _text("release_reference", "release certificate"),
        _day("released_on", "day of release"),
        _text("storage", "how it is kept"),
        _day("expires_on", "last day of use"),
        _whole("received", "units received; the sum of the columns that follow"),
        _whole("stored", "units in store"),
        _whole("quarantined", "units that wait for a decision"),
        _whole("thawed", "units thawed, not yet used"),
        _whole("infused", "units given"),
        _whole("returned", "units sent back"),
        _whole("destroyed", "units destroyed"),
        _whole("missing", "units a count did not find; below zero where it found more"),
        _HASH,
    ),
)
STOCK = Table(
    "stock",
    "movements of the product, line by line as the books hold them",
    ("site", "movement"),
    (
        _text("site", "site"),
        _text("movement", "number of the movement within the site"),
        _text("batch", "batch number"),
        _text("kind", "receipt, quarantine, release, thaw, infuse, return, destroy, count or reversal"),
        _whole("units", "how many"),
        _text("source", "state they came from; empty: from outside"),
        _text("target", "state they went to; empty: out of the books"),
        _day("on", "day of the movement"),
        _PARTICIPANT,
        _VISIT,
        _text("temperature", "degrees Celsius, as read"),
        _text("witness", "second person"),
        _text("reverses", "movement taken back"),
        _text("reason", "reason given"),
        _text("entered_by", "user"),
        _text("entered_at", "UTC time, ISO 8601"),
        _HASH,
    ),
)
ALLOCATIONS = Table(
    "allocations",
    "lines of the allocation list that were used; the arm stands in `participants` where it may be known",
    ("stratum", "line"),
    (
        _PARTICIPANT,
        _text("stratum", "stratum of the list"),
        _whole("line", "line within the stratum"),
        _POSITION,
        _HASH,
    ),
)
EVENTS = Table(
    "events",
    "the log up to the cut, entry by entry",
    ("position",),
    (
        _POSITION,
        _text("stream", "stream of the log"),
        _whole("version", "place in the stream"),
        _text("type", "what happened"),
        _whole("schema", "version of the entry type"),
        _text("at", "UTC time, ISO 8601"),
        _text("by", "user"),
        _text("role", "role the user acted in"),
        _text("site", "site the user acted for"),
        _text("reason", "reason given"),
        _text("study_hash", "hash of the study definition in force"),
        _text("data", "the entry's data as canonical JSON"),
        _text("previous", "hash of the entry before it in the stream"),
        _text("hash", "hash of this entry"),
    ),
)
REJECTED = Table(
    "rejected",
    "values of an import that could not be taken over, with place and reason",
    ("source", "line", "column"),
    (
        _text("source", "file they stood in"),
        _whole("line", "line of the file, the header is line 1"),
        _text("column", "column of the file"),
        _text("text", "the value as it stood there"),
        _text("reason", "why it was not taken over"),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        PARTICIPANTS,
        VALUES,
        VISITS,
        CRITERIA,
        SCREENING,
        DERIVED,
        CODINGS,
        RANGES,
        QUERIES,
        SIGNATURES,
        BATCHES,
        STOCK,
        ALLOCATIONS,
        EVENTS,
        REJECTED,
    )
}
# Tables that snapshots of earlier versions do not have: there they are empty.
LATER = frozenset({"batches", "stock", "allocations", "codings", "ranges"})
