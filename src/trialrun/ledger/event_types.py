"""The registry of event types: their fields, their meaning, and how old versions are read.

A type is never edited once a log may hold it. A change is a new schema number and an upcaster that
reads the old data as the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialrun.errors import LedgerError

Upcaster = Callable[[Mapping[str, Any]], tuple[str, Mapping[str, Any]]]

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "date": str,
    "integer": int,
    "boolean": bool,
    "list": (list, tuple),
    "map": Mapping,
}
_SIMPLE: Mapping[str, type] = {"text": str, "date": str, "integer": int, "boolean": bool}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data: kind (`text`, `date`, `integer`, `boolean`, `list`, `map`) and meaning."""

    name: str
    kind: str
    meaning: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: name (noun + past participle), schema number, stream, meaning, fields."""

    name: str
    schema: int
    stream: str
    meaning: str
    fields: tuple[Field, ...]
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(part.name for part in self.fields))


@dataclass(frozen=True, slots=True)
class Registry:
    """All event types by name, and the upcasters by (name, old schema)."""

    types: Mapping[str, EventType]
    upcasters: Mapping[tuple[str, int], Upcaster] = field(default_factory=dict[tuple[str, int], Upcaster])

    def check(self, name: str, data: Mapping[str, Any]) -> EventType:
        """The type of that name, if the data fit it.

        Errors: `LedgerError` naming type and field.
        """
        kind = self.types.get(name)
        if kind is None:
            raise LedgerError(f"there is no event type {name!r}")
        for extra in sorted(data.keys() - kind.names):
            raise LedgerError(f"event {name}: field {extra!r} is not one of {', '.join(sorted(kind.names))}")
        for part in kind.fields:
            value = data.get(part.name, _ABSENT)
            if type(value) is _SIMPLE.get(part.kind):
                continue  # nearly every field: right, and with one JSON text
            if value is not _ABSENT:
                _check_kind(name, part, value)
                _check_plain(name, value)
            elif not part.optional:
                raise LedgerError(f"event {name}: field {part.name!r} is missing")
        return kind

    def upcast(self, name: str, schema: int, data: Mapping[str, Any]) -> tuple[str, int, Mapping[str, Any]]:
        """Name, schema and data as the present program reads them.

        Errors: `LedgerError` for a type or schema that is unknown or newer than this program.
        """
        while (step := self.upcasters.get((name, schema))) is not None:
            name, data = step(data)
            schema += 1
        kind = self.types.get(name)
        if kind is None or kind.schema != schema:
            raise LedgerError(
                f"event type {name!r} schema {schema} is not known to this version of the program",
                "open the log with the version that wrote it, or a newer one",
            )
        return name, schema, data


def _check_kind(name: str, part: Field, value: object) -> None:
    wanted = _KINDS[part.kind]
    fits = isinstance(value, wanted) and not (part.kind == "integer" and isinstance(value, bool))
    if not fits:
        raise LedgerError(f"event {name}: field {part.name!r} is {value!r}, not a {part.kind}")


def _check_plain(name: str, value: object) -> None:
    """Only what has one JSON text in every language: no floating-point number, no other object."""
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise LedgerError(f"event {name}: the key {key!r} is not a text")
            _check_plain(name, inner)
        return
    if isinstance(value, (list, tuple)):
        for inner in value:
            _check_plain(name, inner)
        return
    raise LedgerError(f"event {name}: {value!r} has no single JSON text", "write numbers as text")


def _type(name: str, stream: str, meaning: str, *fields: str) -> EventType:
    """A type from lines `name kind? meaning`; a question mark behind the kind makes it optional."""
    parts: list[Field] = []
    for line in fields:
        field_name, kind, text = line.split(" ", 2)
        parts.append(Field(field_name, kind.rstrip("?"), text, optional=kind.endswith("?")))
    return EventType(name, 1, stream, meaning, tuple(parts))


_SLOT = (
    "visit text visit name, `#2` and on for a repeated one",
    "form text form name",
    "row integer 0, or the row of a repeating form from 1",
)
_SCOPE = (
    "visit text visit name; empty means the whole casebook",
    "form text form name; empty means the whole visit",
)
_ITEMS = "items map item name to `text`, `unit`, `missing`, or `sealed` for an identifying value"

_STUDY = (
    _type(
        "StudyActivated",
        "study",
        "The ledger was opened for a study.",
        "study text study id",
        "mode text `rehearsal` or `live`",
        "target integer planned number of participants",
        "sites list site ids",
    ),
    _type(
        "StudyAmended",
        "study",
        "The study definition changed; entries from here on follow the new one.",
        "from_hash text definition before",
        "to_hash text definition from now on",
    ),
    _type(
        "AssumptionConfirmed",
        "study",
        "A named person confirmed something the registry record does not say.",
        "assumption text assumption id",
        "answer text the default, or the alternative chosen",
    ),
    _type(
        "CandidateNumberIssued",
        "study",
        "A screening number was given out; numbers are never used twice.",
        "candidate text candidate number, `S-001`",
        "site text site id",
    ),
    _type(
        "ParticipantNumberIssued",
        "study",
        "A participant number with check digit was given out at enrolment.",
        "candidate text candidate number",
        "number text participant number",
        "site text site id",
    ),
    _type(
        "DataExported",
        "study",
        "Somebody took data out.",
        "kind text snapshot, export, casebook ...",
        "description text what was taken",
        "checksum text SHA-256 of it, if it is a file",
        "purpose text what for",
    ),
    _type(
        "ConsentTextApproved",
        "site",
        "A site may use a consent text from a date on.",
        "version text consent version",
        "language text language code",
        "from_date date first day",
        "reference text the approval's own reference",
    ),
)

_SCREENING = (
    _type(
        "CandidateRegistered",
        "participant",
        "A person is being screened.",
        "candidate text candidate number",
        "site text site id",
        "previous text candidate number of an earlier screening, or empty",
    ),
    _type(
        "ConsentGiven",
        "participant",
        "The participant signed the consent text.",
        "version text consent version",
        "language text language code",
        "text_hash text SHA-256 of the words signed",
        "signed_on date day of signature",
        "explained_by text who explained it",
        "capacity boolean capacity to consent judged present",
    ),
    _type("ConsentWithdrawn", "participant", "Consent was taken back.", "on date from this day"),
    _type(
        "EligibilitySigned",
        "participant",
        "The investigator signed the computed outcome of the criteria.",
        "outcome text `eligible`, `not_eligible` or `undecided`",
        "criteria map criterion id to outcome",
        "missing map criterion id to the names of what was missing",
        "inputs text SHA-256 over the values the criteria used",
        "statement text the investigator's words",
    ),
    _type(
        "EligibilityInvalidated",
        "participant",
        "A value the signed outcome rests on changed; it must be signed again.",
        "signed text hash of the EligibilitySigned event",
        "causes list hashes of the events that changed it",
        "outcome text what the criteria give now",
    ),
    _type(
        "ParticipantEnrolled",
        "participant",
        "The candidate entered the study.",
        "number text participant number",
        "arm text arm",
        "override boolean enrolled over the planned number, with reason",
    ),
    _type(
        "ParticipationEnded",
        "participant",
        "The participant left.",
        "on date last day",
        "cause text completed, screen_failure, death, transplant, withdrawal, lost_to_follow_up, other",
        "note text more about it",
        "criteria list? the criteria a screening failed on",
    ),
    _type("IdentityErased", "participant", "The key of the identifying values was destroyed."),
)

_DATA = (
    _type(
        "VisitRecorded",
        "participant",
        "A visit took place.",
        "visit text visit name",
        "date date day",
        "was text? the day recorded before",
    ),
    _type("VisitMissed", "participant", "A visit did not take place.", "visit text visit name"),
    _type("ItemsEntered", "participant", "Values were saved for the first time.", *_SLOT, _ITEMS),
    _type(
        "ItemsCorrected",
        "participant",
        "Saved values were changed, with reason; the old ones stay readable.",
        *_SLOT,
        _ITEMS,
        "was map item name to what stood there before",
    ),
    _type("RowRemoved", "participant", "A row of a repeating form was taken back.", *_SLOT),
    _type(
        "ValuesDerived",
        "participant",
        "Derived values were computed anew because their inputs changed.",
        "visit text visit name",
        "values map derived name to `text` or `unknown_because` (item names)",
        "causes list hashes of the events that changed an input",
    ),
    _type(
        "DeviationRecorded",
        "participant",
        "A departure from the protocol.",
        "kind text dose, window, consent, eligibility, enrolment ...",
        "description text what happened",
        "visit text visit name or empty",
        "rule text the rule that found it, or empty if a person did",
        "action text corrective action",
    ),
)

_REVIEW = (
    _type(
        "QueryOpened",
        "participant",
        "A question to the site.",
        "query text query number, `Q-001` within the participant",
        *_SLOT,
        "item text item name or empty",
        "message text the question",
        "rule text the check that asks, or empty if a person does",
        "causes list hashes of the events that led to it",
    ),
    _type(
        "QueryAnswered", "participant", "The site answered.", "query text query number", "answer text answer"
    ),
    _type(
        "QueryClosed",
        "participant",
        "A question was settled, by a person or because the check holds now.",
        "query text query number",
        "rule text the check that closed it, or empty if a person did",
        "causes list hashes of the events that settled it",
    ),
    _type("QueryReopened", "participant", "A settled question was asked again.", "query text query number"),
    _type(
        "SourceVerified",
        "participant",
        "A value or form was compared with its source.",
        *_SLOT,
        "item text item name; empty means the whole form",
        "content text SHA-256 of what was compared",
    ),
    _type(
        "VerificationInvalidated",
        "participant",
        "A source-verified value changed.",
        *_SLOT,
        "item text item name; empty means the whole form",
        "verified text hash of the SourceVerified event",
        "causes list hashes of the events that changed it",
    ),
    _type(
        "SignatureGiven",
        "participant",
        "Somebody signed a form, a visit or the casebook.",
        *_SCOPE,
        "row integer row of a repeating form, else 0",
        "meaning text what the signature means",
        "content text SHA-256 of what was signed",
    ),
    _type(
        "SignatureInvalidated",
        "participant",
        "Something signed changed; the signature no longer holds.",
        *_SCOPE,
        "row integer row of a repeating form, else 0",
        "signed text hash of the SignatureGiven event",
        "signer text who had signed",
        "causes list hashes of the events that changed it",
    ),
    _type("DataFrozen", "participant", "Changes were stopped for review.", *_SCOPE),
    _type("DataUnfrozen", "participant", "Changes were let through again.", *_SCOPE),
    _type("DataLocked", "participant", "Changes were ended.", *_SCOPE),
    _type("DataUnlocked", "participant", "Locked data were opened.", *_SCOPE),
)

_ACCESS = (
    _type(
        "UserAdded",
        "access",
        "A new account.",
        "user text user name",
        "name text printed name",
        "email text address or empty",
    ),
    _type("UserDisabled", "access", "An account was closed.", "user text user name"),
    _type(
        "RoleGranted",
        "access",
        "A user was given a role.",
        "user text user name",
        "role text role",
        "site text site id or empty for all",
    ),
    _type(
        "RoleRevoked",
        "access",
        "A role was taken away.",
        "user text user name",
        "role text role",
        "site text site id or empty for all",
    ),
    _type(
        "SignInRecorded",
        "access",
        "Somebody signed in, failed to, or signed out.",
        "user text user name as given",
        "outcome text `success`, `failure`, `locked_out` or `signed_out`",
        "method text password, passkey ...",
    ),
)

_SEAL = (
    _type(
        "LogSealed",
        "seal",
        "Binds the heads of all streams that moved since the last seal, and the order of the log.",
        "through integer log position sealed",
        "link text running hash at that position",
        "heads map stream to [version, hash]",
        "key text? Ed25519 public key, hexadecimal",
        "signature text? Ed25519 signature over the canonical JSON of through, link and heads",
    ),
)

TYPES: Mapping[str, EventType] = {
    kind.name: kind for group in (_STUDY, _SCREENING, _DATA, _REVIEW, _ACCESS, _SEAL) for kind in group
}
REGISTRY = Registry(TYPES)
