"""The shape of `study.yaml` as a JSON Schema (draft 2020-12): the only place where it is written down.

The loader checks with it, the published schema and the reference page are printed from it.
"""

from __future__ import annotations

from trialrun.study.model import AttestedBy, CriterionKind, EndpointRole, ItemType, VisitKind
from trialrun.study.plan_schema import ANALYSIS
from trialrun.study.schema_parts import (
    CRITERION_NAME,
    DATE,
    DURATION,
    NAME,
    Schema,
    entry,
    flag,
    list_of,
    name_of,
    number,
    one_of,
    section,
    text,
    whole,
)
from trialrun.study.time_to_event import STARTS

_LIMITS: Schema = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"type": ["number", "null"]},
}

_STATED: Schema = entry(
    "One level of an outcome, and whether the record states it or it is assumed.",
    ("value", "stated"),
    value=text("What it is."),
    stated={"type": "boolean", "description": "True when the record says so."},
    assumption=name_of("The assumption that fills it when the record does not state it."),
)

_STUDY = entry(
    "What the study is.",
    ("id", "title", "sponsor", "target"),
    id=name_of("The study's own name in file names and the ledger."),
    registry_id=text("The registry's number, e.g. NCT05871463."),
    title=text("The record's title."),
    acronym={"type": "string", "description": "Short title; may be empty."},
    sponsor=text("Who answers for the study."),
    target=whole("How many participants shall be enrolled.", 1),
    sites=list_of(
        {
            "type": "object",
            "required": ["id", "name"],
            "properties": {"id": text("Two or three digits."), "name": text("The institution.")},
            "additionalProperties": {"type": "string"},
            "description": "One site: id, name, city, country.",
        },
        "Where the study is conducted.",
    ),
)

_ITEM = entry(
    "One question.",
    ("label", "type"),
    label=text("What the form says."),
    type=one_of(ItemType, "What it holds."),
    unit=text("The UCUM unit rules are computed in."),
    units=list_of(text("A UCUM unit."), "Units a value may be entered in, `unit` included."),
    analyte=text("The substance, where mass and molar units are both in use."),
    codings=list_of({"type": "string", "pattern": r"^[A-Za-z0-9 .-]+:\S+$"}, "Codes such as `LOINC:1975-2`."),
    choices={
        "type": "object",
        "description": "Code to label, in the order shown.",
        "additionalProperties": {"type": "string"},
        "minProperties": 2,
    },
    hard={**_LIMITS, "description": "[low, high]: outside, a value is refused."},
    query={**_LIMITS, "description": "[low, high]: outside, a value is asked about."},
    partial=flag("A date whose day, or day and month, may be unknown.", False),
    future=flag("A date that may lie ahead, such as a planned day.", False),
    identifying=flag("Encrypted under the participant's own key.", False),
    required=flag("Its absence needs a reason.", True),
    only_if=text("Expression: asked only where it is true."),
    attested_by=one_of(AttestedBy, "Who may vouch for the answer."),
    record=text("The record's words that ask for it."),
    note=text("Why it is asked or how to answer."),
)

_FORM = entry(
    "Items asked together.",
    ("title", "items"),
    title=text("What the form is called."),
    items=list_of(name_of("An item."), "The items, in the order shown."),
    repeating=flag("Has many rows.", False),
    before_consent=flag("May be filled in before consent.", False),
    checks=section(
        "Edit checks by name.",
        entry(
            "A query is raised where the expression is false; unknown raises nothing.",
            ("expression", "message"),
            expression=text("What ought to be true."),
            message=text("What the query says."),
        ),
    ),
)

_VISIT = entry(
    "A planned contact.",
    ("title", "kind"),
    title=text("What the visit is called."),
    kind=one_of(VisitKind, "What it is for."),
    forms=list_of(name_of("A form."), "Forms filled in at it."),
    anchor=name_of("The day it counts from: screening, consent, enrolment, first_dose."),
    offset={
        "type": "string",
        "pattern": DURATION,
        "description": "ISO 8601 duration from the anchor, e.g. P2M.",
    },
    window_before=whole("Days before the target that still count."),
    window_after=whole("Days after the target that still count."),
    record=text("The record's words that ask for it."),
    note=text("Why it stands where it stands."),
)

_CRITERION = entry(
    "One atomic eligibility rule beside the record's own words.",
    ("kind", "bullet", "text", "expression"),
    kind=one_of(CriterionKind, "Inclusion passes when met, exclusion passes when not met."),
    bullet=whole(
        "The bullet's number in its section of the record, from 1; 0: from another field, e.g. minimumAge.", 0
    ),
    text=text("The record's words, verbatim."),
    expression=text("True when the criterion is met as worded."),
    attested_by=list_of(one_of(AttestedBy, "Who."), "Who vouches for the answers it rests on."),
    look_back=text("The window it looks at."),
    if_undecided=text("What to do when it stays unknown though nothing is missing."),
    assumptions=list_of(name_of("An assumption."), "What the rule takes for granted."),
    note=text("How the rule came out of the words."),
)

_DERIVED = entry(
    "A computed value: exactly one of score, expression, over.",
    ("label",),
    label=text("What it is called."),
    score=text("A score's name."),
    inputs={
        "type": "object",
        "description": "The score's input to the item or derived value that feeds it.",
        "additionalProperties": {"type": "string"},
    },
    expression=text("A scalar expression."),
    low=text("Lowest possible value while the expression is unknown."),
    high=text("Highest possible value while the expression is unknown."),
    over=name_of("A repeating form."),
    how={"enum": ["any", "sum", "max", "longest_run"], "description": "What is made of the rows."},
    where=text("Which rows count; an expression over one row."),
    value=text("What a row contributes; an expression over one row."),
    starts=name_of("longest_run: the date item of a row's first day."),
    ends=name_of("longest_run: the date item of a row's last day."),
    ongoing=name_of("longest_run: the boolean item that says a row goes on."),
    above=number("longest_run: days count whose summed value is greater than this."),
    since=text("longest_run: runs must reach this day or a later one."),
    until=text("longest_run: runs must begin on this day or before."),
    complete=name_of("The boolean item that says the list is complete."),
    flag=flag("Shown to the investigator beside the eligibility where it is true.", False),
    unit=text("The UCUM unit of the result."),
    note=text("Why it is computed so."),
)

_ARM = entry(
    "A group of participants and what they receive.",
    ("title", "description"),
    title=text("What it is called."),
    description=text("What they receive."),
    record=text("The record's words."),
)

_DOSES = entry(
    "What an arm receives.",
    ("arm", "product", "route", "unit", "total", "within_days", "doses"),
    arm=name_of("The arm."),
    product=text("What is given."),
    route=text("How it is given."),
    unit=text("UCUM unit of all amounts."),
    total=number("The planned sum."),
    within_days=whole("The sum is given within so many days of the first dose."),
    doses=list_of(
        entry(
            "One planned administration.",
            ("visit", "amount"),
            visit=name_of("A visit."),
            amount=number("How much."),
        ),
        "The administrations, in order.",
    ),
    assumptions=list_of(name_of("An assumption."), "What the plan takes for granted."),
    record=text("The record's words."),
)

_ENDPOINT = entry(
    "An outcome with its five levels.",
    ("role", "title", "variable", "visits", "domain", "measure", "metric", "aggregation", "time"),
    role=one_of(EndpointRole, "How it was registered."),
    order=whole("Its number in its table of the record; 0 when it is not registered."),
    title=text("The record's title."),
    time_frame={"type": "string", "description": "The record's time frame."},
    description={"type": "string", "description": "The record's description."},
    variable=name_of("The item or derived value analysed."),
    visits=list_of(name_of("A visit."), "Where it is measured."),
    baseline_visits=list_of(
        name_of("A visit."), "Where its baseline is looked for; the last before the first dose counts."
    ),
    time_to_event=entry(
        "Of a time to an event: where it begins and what ends it. Method `kaplan_meier` analyses it.",
        ("start", "events", "last_known"),
        start=name_of(f"One of {', '.join(STARTS)}, or a date item; who has no such day has no time."),
        events={
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": NAME},
            "additionalProperties": name_of("The item with its day."),
            "description": "Yes/no item to the item with its day; the first that happened ends the time.",
        },
        last_known=name_of(
            "Item with the last day on which none of them had happened; without an event the time is censored there."
        ),
    ),
    domain=_STATED,
    measure=_STATED,
    metric=_STATED,
    aggregation=_STATED,
    time=_STATED,
    lower_is_better=flag("A fall is an improvement.", True),
    assumptions=list_of(name_of("An assumption."), "What it takes for granted."),
    note=text("How it came out of the words."),
)

_ASSUMPTION = entry(
    "Something the record does not say.",
    ("about", "default", "reason", "confirm_by"),
    about=text("The gap or contradiction."),
    default=text("What the study runs on until somebody confirms."),
    alternatives=list_of(text("Another reading."), "Other readings."),
    reason=text("Why this default."),
    confirm_by=text("Who must confirm it."),
    parts=list_of(text("A path such as `criteria.E2a`."), "Parts of the study that rest on it."),
    confirmed=entry(
        "The confirmation.",
        ("by", "on"),
        by=text("Who."),
        on={"type": "string", "pattern": DATE, "description": "The day."},
    ),
)

_ROLE = entry(
    "A kind of user.",
    ("title", "may"),
    title=text("What the role is called."),
    may=list_of(text("A command."), "The commands a user in this role may give."),
)

_QUOTE = entry(
    "A sentence of the record and what became of it.",
    ("path", "text"),
    path=text("Where it stands in the record (API v2 path)."),
    text=text("The sentence, verbatim."),
    parts=list_of(text("A path such as `criteria.E2a`, or `background`."), "The parts that carry it out."),
    note=text("How."),
)

SECTIONS: dict[str, Schema] = {
    "study": _STUDY,
    "settings": {"type": "object", "description": "Defaults of conduct and monitoring."},
    "roles": section("Who may do what.", _ROLE),
    "items": section("All questions.", _ITEM),
    "forms": section("All forms.", _FORM),
    "visits": section("The schedule.", _VISIT),
    "derived": section("Computed values.", _DERIVED),
    "criteria": section("Eligibility.", _CRITERION, CRITERION_NAME),
    "arms": section("Groups.", _ARM),
    "dose_plans": list_of(_DOSES, "What the arms receive."),
    "endpoints": section("Outcomes.", _ENDPOINT),
    "analysis": ANALYSIS,
    "assumptions": section("What the record leaves open.", _ASSUMPTION),
    "traceability": list_of(_QUOTE, "Every sentence of the record."),
}


def study_schema() -> Schema:
    """The JSON Schema of `study.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trialrun study definition",
        "description": "The content of study.yaml; see docs/reference/study-format.md.",
        **entry("A study.", ("study", "items", "forms", "visits"), **SECTIONS),
    }
