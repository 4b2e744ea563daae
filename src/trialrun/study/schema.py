"""The shape of `study.yaml` as a JSON Schema (draft 2020-12): the only place where it is written down.

The loader checks with it, the published schema and the reference page are printed from it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from trialrun.study.model import AttestedBy, CriterionKind, EndpointRole, ItemType, VisitKind

Schema = dict[str, Any]

# No double underscore: `x__low` and `x__high` are the bounds of `x` in a rule.
NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
CRITERION_NAME = r"^[A-Z][A-Za-z0-9_]*$"
DURATION = r"^P(\d+[MDW])+$"
DATE = r"^\d{4}-\d{2}-\d{2}$"


def _text(about: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": about}


def _name(about: str) -> Schema:
    return {"type": "string", "pattern": NAME, "description": about}


def _flag(about: str, default: bool) -> Schema:
    return {"type": "boolean", "default": default, "description": about}


def _whole(about: str, low: int = 0) -> Schema:
    return {"type": "integer", "minimum": low, "description": about}


def _number(about: str) -> Schema:
    return {"type": "number", "description": about}


def _one_of(kind: type[StrEnum], about: str) -> Schema:
    return {"enum": [member.value for member in kind], "description": about}


def _list(entry: Schema, about: str) -> Schema:
    return {"type": "array", "items": entry, "description": about}


def _entry(about: str, needed: tuple[str, ...], /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }


def _section(about: str, entry: Schema, pattern: str = NAME) -> Schema:
    return {
        "type": "object",
        "description": about,
        "propertyNames": {"pattern": pattern},
        "additionalProperties": entry,
    }


_LIMITS: Schema = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"type": ["number", "null"]},
}

_STATED: Schema = _entry(
    "One level of an outcome, and whether the record states it or it is assumed.",
    ("value", "stated"),
    value=_text("What it is."),
    stated={"type": "boolean", "description": "True when the record says so."},
    assumption=_name("The assumption that fills it when the record does not state it."),
)

_STUDY = _entry(
    "What the study is.",
    ("id", "title", "sponsor", "target"),
    id=_name("The study's own name in file names and the ledger."),
    registry_id=_text("The registry's number, e.g. NCT05871463."),
    title=_text("The record's title."),
    acronym={"type": "string", "description": "Short title; may be empty."},
    sponsor=_text("Who answers for the study."),
    target=_whole("How many participants shall be enrolled.", 1),
    sites=_list(
        {
            "type": "object",
            "required": ["id", "name"],
            "properties": {"id": _text("Two or three digits."), "name": _text("The institution.")},
            "additionalProperties": {"type": "string"},
            "description": "One site: id, name, city, country.",
        },
        "Where the study is conducted.",
    ),
)

_ITEM = _entry(
    "One question.",
    ("label", "type"),
    label=_text("What the form says."),
    type=_one_of(ItemType, "What it holds."),
    unit=_text("The UCUM unit rules are computed in."),
    units=_list(_text("A UCUM unit."), "Units a value may be entered in, `unit` included."),
    analyte=_text("The substance, where mass and molar units are both in use."),
    codings=_list({"type": "string", "pattern": r"^[A-Za-z0-9 .-]+:\S+$"}, "Codes such as `LOINC:1975-2`."),
    choices={
        "type": "object",
        "description": "Code to label, in the order shown.",
        "additionalProperties": {"type": "string"},
        "minProperties": 2,
    },
    hard={**_LIMITS, "description": "[low, high]: outside, a value is refused."},
    query={**_LIMITS, "description": "[low, high]: outside, a value is asked about."},
    partial=_flag("A date whose day, or day and month, may be unknown.", False),
    future=_flag("A date that may lie ahead, such as a planned day.", False),
    identifying=_flag("Encrypted under the participant's own key.", False),
    required=_flag("Its absence needs a reason.", True),
    only_if=_text("Expression: asked only where it is true."),
    attested_by=_one_of(AttestedBy, "Who may vouch for the answer."),
    record=_text("The record's words that ask for it."),
    note=_text("Why it is asked or how to answer."),
)

_FORM = _entry(
    "Items asked together.",
    ("title", "items"),
    title=_text("What the form is called."),
    items=_list(_name("An item."), "The items, in the order shown."),
    repeating=_flag("Has many rows.", False),
    before_consent=_flag("May be filled in before consent.", False),
    checks=_section(
        "Edit checks by name.",
        _entry(
            "A query is raised where the expression is false; unknown raises nothing.",
            ("expression", "message"),
            expression=_text("What ought to be true."),
            message=_text("What the query says."),
        ),
    ),
)

_VISIT = _entry(
    "A planned contact.",
    ("title", "kind"),
    title=_text("What the visit is called."),
    kind=_one_of(VisitKind, "What it is for."),
    forms=_list(_name("A form."), "Forms filled in at it."),
    anchor=_name("The day it counts from: screening, consent, first_dose."),
    offset={
        "type": "string",
        "pattern": DURATION,
        "description": "ISO 8601 duration from the anchor, e.g. P2M.",
    },
    window_before=_whole("Days before the target that still count."),
    window_after=_whole("Days after the target that still count."),
    record=_text("The record's words that ask for it."),
    note=_text("Why it stands where it stands."),
)

_CRITERION = _entry(
    "One atomic eligibility rule beside the record's own words.",
    ("kind", "bullet", "text", "expression"),
    kind=_one_of(CriterionKind, "Inclusion passes when met, exclusion passes when not met."),
    bullet=_whole(
        "The bullet's number in its section of the record, from 1; 0: from another field, e.g. minimumAge.", 0
    ),
    text=_text("The record's words, verbatim."),
    expression=_text("True when the criterion is met as worded."),
    attested_by=_list(_one_of(AttestedBy, "Who."), "Who vouches for the answers it rests on."),
    look_back=_text("The window it looks at."),
    if_undecided=_text("What to do when it stays unknown though nothing is missing."),
    assumptions=_list(_name("An assumption."), "What the rule takes for granted."),
    note=_text("How the rule came out of the words."),
)

_DERIVED = _entry(
    "A computed value: exactly one of score, expression, over.",
    ("label",),
    label=_text("What it is called."),
    score=_text("A score's name."),
    inputs={
        "type": "object",
        "description": "The score's input to the item or derived value that feeds it.",
        "additionalProperties": {"type": "string"},
    },
    expression=_text("A scalar expression."),
    low=_text("Lowest possible value while the expression is unknown."),
    high=_text("Highest possible value while the expression is unknown."),
    over=_name("A repeating form."),
    how={"enum": ["any", "sum", "max", "longest_run"], "description": "What is made of the rows."},
    where=_text("Which rows count; an expression over one row."),
    value=_text("What a row contributes; an expression over one row."),
    starts=_name("longest_run: the date item of a row's first day."),
    ends=_name("longest_run: the date item of a row's last day."),
    ongoing=_name("longest_run: the boolean item that says a row goes on."),
    above=_number("longest_run: days count whose summed value is greater than this."),
    since=_text("longest_run: runs must reach this day or a later one."),
    until=_text("longest_run: runs must begin on this day or before."),
    complete=_name("The boolean item that says the list is complete."),
    flag=_flag("Shown to the investigator beside the eligibility where it is true.", False),
    unit=_text("The UCUM unit of the result."),
    note=_text("Why it is computed so."),
)

_ARM = _entry(
    "A group of participants and what they receive.",
    ("title", "description"),
    title=_text("What it is called."),
    description=_text("What they receive."),
    record=_text("The record's words."),
)

_DOSES = _entry(
    "What an arm receives.",
    ("arm", "product", "route", "unit", "total", "within_days", "doses"),
    arm=_name("The arm."),
    product=_text("What is given."),
    route=_text("How it is given."),
    unit=_text("UCUM unit of all amounts."),
    total=_number("The planned sum."),
    within_days=_whole("The sum is given within so many days of the first dose."),
    doses=_list(
        _entry(
            "One planned administration.",
            ("visit", "amount"),
            visit=_name("A visit."),
            amount=_number("How much."),
        ),
        "The administrations, in order.",
    ),
    assumptions=_list(_name("An assumption."), "What the plan takes for granted."),
    record=_text("The record's words."),
)

_ENDPOINT = _entry(
    "An outcome with its five levels.",
    ("role", "title", "variable", "visits", "domain", "measure", "metric", "aggregation", "time"),
    role=_one_of(EndpointRole, "How it was registered."),
    order=_whole("Its number in its table of the record; 0 when it is not registered."),
    title=_text("The record's title."),
    time_frame={"type": "string", "description": "The record's time frame."},
    description={"type": "string", "description": "The record's description."},
    variable=_name("The item or derived value analysed."),
    visits=_list(_name("A visit."), "Where it is measured."),
    baseline_visits=_list(
        _name("A visit."), "Where its baseline is looked for; the last before the first dose counts."
    ),
    domain=_STATED,
    measure=_STATED,
    metric=_STATED,
    aggregation=_STATED,
    time=_STATED,
    lower_is_better=_flag("A fall is an improvement.", True),
    assumptions=_list(_name("An assumption."), "What it takes for granted."),
    note=_text("How it came out of the words."),
)

_ASSUMPTION = _entry(
    "Something the record does not say.",
    ("about", "default", "reason", "confirm_by"),
    about=_text("The gap or contradiction."),
    default=_text("What the study runs on until somebody confirms."),
    alternatives=_list(_text("Another reading."), "Other readings."),
    reason=_text("Why this default."),
    confirm_by=_text("Who must confirm it."),
    parts=_list(_text("A path such as `criteria.E2a`."), "Parts of the study that rest on it."),
    confirmed=_entry(
        "The confirmation.",
        ("by", "on"),
        by=_text("Who."),
        on={"type": "string", "pattern": DATE, "description": "The day."},
    ),
)

_ROLE = _entry(
    "A kind of user.",
    ("title", "may"),
    title=_text("What the role is called."),
    may=_list(_text("A command."), "The commands a user in this role may give."),
)

_QUOTE = _entry(
    "A sentence of the record and what became of it.",
    ("path", "text"),
    path=_text("Where it stands in the record (API v2 path)."),
    text=_text("The sentence, verbatim."),
    parts=_list(_text("A path such as `criteria.E2a`, or `background`."), "The parts that carry it out."),
    note=_text("How."),
)

SECTIONS: dict[str, Schema] = {
    "study": _STUDY,
    "settings": {"type": "object", "description": "Estimand, analysis and monitoring defaults."},
    "roles": _section("Who may do what.", _ROLE),
    "items": _section("All questions.", _ITEM),
    "forms": _section("All forms.", _FORM),
    "visits": _section("The schedule.", _VISIT),
    "derived": _section("Computed values.", _DERIVED),
    "criteria": _section("Eligibility.", _CRITERION, CRITERION_NAME),
    "arms": _section("Groups.", _ARM),
    "dose_plans": _list(_DOSES, "What the arms receive."),
    "endpoints": _section("Outcomes.", _ENDPOINT),
    "assumptions": _section("What the record leaves open.", _ASSUMPTION),
    "traceability": _list(_QUOTE, "Every sentence of the record."),
}


def study_schema() -> Schema:
    """The JSON Schema of `study.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trialrun study definition",
        "description": "The content of study.yaml; see docs/reference/study-format.md.",
        **_entry("A study.", ("study", "items", "forms", "visits"), **SECTIONS),
    }
