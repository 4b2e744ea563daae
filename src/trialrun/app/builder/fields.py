"""The fields of a study's entries: what a form asks for each section, and how answers become values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, cast

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.study.model import AttestedBy, CriterionKind, EndpointRole, ItemType, VisitKind
from trialrun.study.references import ANCHORS


class Kind(StrEnum):
    """How a field is asked."""

    LINE = "line"
    AREA = "area"
    RULE = "rule"
    ONE = "one"  # one of a list
    NAME = "name"  # one of the study's names
    SEVERAL = "several"  # ticks
    LINES = "lines"  # one a line, in order
    YES = "yes"
    WHOLE = "whole"
    LIMITS = "limits"
    LABELLED = "labelled"  # code = label, one a line
    LEVEL = "level"  # one of an outcome's five levels
    CHECKS = "checks"  # edit checks: name, rule, message


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `of` names the sections whose entries can be chosen; `options` are fixed choices."""

    name: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    of: tuple[str, ...] = ()
    default: bool = False

    @property
    def title(self) -> str:
        """The label in the reader's language."""
        return _(self.label)

    @property
    def about(self) -> str:
        """The help in the reader's language."""
        return _(self.help) if self.help else ""

    def choices(self, entries: Callable[[str], Mapping[str, Mapping[str, Any]]]) -> list[tuple[str, str]]:
        """What can be chosen, with words."""
        if self.options:
            return [(code, _(words)) for code, words in self.options]
        return [
            (name, f"{name}: {_words(entry)}")
            for section in self.of
            for name, entry in entries(section).items()
        ]


Value = Any
ABSENT = object()

ATTESTED = (
    (AttestedBy.PRINCIPAL_INVESTIGATOR.value, marked("Principal investigator")),
    (AttestedBy.INVESTIGATOR.value, marked("Investigator")),
    (AttestedBy.PARTICIPANT.value, marked("Participant")),
    (AttestedBy.LABORATORY.value, marked("Laboratory")),
    (AttestedBy.COMPUTED.value, marked("Computed")),
)
_TYPES = (
    (ItemType.NUMBER.value, marked("Number")),
    (ItemType.INTEGER.value, marked("Whole number")),
    (ItemType.BOOLEAN.value, marked("Yes or no")),
    (ItemType.CHOICE.value, marked("One of a list")),
    (ItemType.CHOICES.value, marked("Several of a list")),
    (ItemType.TEXT.value, marked("Text")),
    (ItemType.DATE.value, marked("Date")),
    (ItemType.DATETIME.value, marked("Date and time")),
)
_VISITS = (
    (VisitKind.SCREENING.value, marked("Screening")),
    (VisitKind.BASELINE.value, marked("Baseline")),
    (VisitKind.DOSE.value, marked("Dose")),
    (VisitKind.FOLLOW_UP.value, marked("Follow-up")),
    (VisitKind.EARLY_TERMINATION.value, marked("Early termination")),
    (VisitKind.UNSCHEDULED.value, marked("Unscheduled")),
    (VisitKind.LOG.value, marked("Running logs")),
)
_ROLES = (
    (EndpointRole.PRIMARY.value, marked("Primary")),
    (EndpointRole.SECONDARY.value, marked("Secondary")),
    (EndpointRole.EXPLORATORY.value, marked("Exploratory")),
    (EndpointRole.SAFETY.value, marked("Safety")),
)
_KINDS = (
    (CriterionKind.INCLUSION.value, marked("Inclusion")),
    (CriterionKind.EXCLUSION.value, marked("Exclusion")),
)
_ANCHOR_WORDS = {
    "screening": marked("Screening"),
    "consent": marked("Consent"),
    "first_dose": marked("First dose"),
    "enrolment": marked("Enrolment"),
}
_NOTE = Field("note", Kind.AREA, marked("Note"), marked("Why it is so; shown to whoever reads the study."))
_RECORD = Field("record", Kind.AREA, marked("The record’s words"), marked("The sentence that asks for it."))
_ASSUMPTIONS = Field("assumptions", Kind.SEVERAL, marked("Rests on"), of=("assumptions",))
_TITLE = Field("title", Kind.LINE, marked("Title"), required=True)

FIELDS: dict[str, tuple[Field, ...]] = {
    "criteria": (
        Field("expression", Kind.RULE, marked("Rule"), marked("True when the criterion is met as worded; an exclusion that is met excludes."), required=True),
        Field("attested_by", Kind.SEVERAL, marked("Who vouches"), options=ATTESTED),
        Field("kind", Kind.ONE, marked("Kind"), required=True, options=_KINDS),
        Field("bullet", Kind.WHOLE, marked("Bullet of the record"), marked("From 1 in its section; 0: from another field."), required=True),
        Field("text", Kind.AREA, marked("The record’s words"), marked("Word for word."), required=True),
        Field("look_back", Kind.LINE, marked("Window it looks at")),
        Field("if_undecided", Kind.LINE, marked("What to do when it stays unknown"), marked("Though nothing is missing, such as a sample that is too old.")),
        _ASSUMPTIONS,
        _NOTE,
    ),
    "items": (
        Field("label", Kind.LINE, marked("What the form says"), required=True),
        Field("type", Kind.ONE, marked("What it holds"), required=True, options=_TYPES),
        Field("unit", Kind.LINE, marked("Unit"), marked("UCUM, such as mg/dL, 10*9/L, {score}; rules are computed in it.")),
        Field("units", Kind.LINES, marked("Units it may be entered in"), marked("One a line, the unit above among them.")),
        Field("analyte", Kind.LINE, marked("Substance"), marked("Where mass and molar units are both in use.")),
        Field("hard", Kind.LIMITS, marked("Refused outside")),
        Field("query", Kind.LIMITS, marked("Asked about outside")),
        Field("choices", Kind.LABELLED, marked("Choices"), marked("One a line: code = label.")),
        Field("codings", Kind.LINES, marked("Codes"), marked("One a line, such as LOINC:1975-2.")),
        Field("only_if", Kind.RULE, marked("Asked only if"), marked("A rule; always asked when empty.")),
        Field("attested_by", Kind.ONE, marked("Who vouches"), options=ATTESTED),
        Field("required", Kind.YES, marked("Its absence needs a reason"), default=True),
        Field("partial", Kind.YES, marked("Day or month may be unknown")),
        Field("future", Kind.YES, marked("May lie ahead")),
        Field("identifying", Kind.YES, marked("Identifies the participant; encrypted")),
        _RECORD,
        _NOTE,
    ),
    "forms": (
        _TITLE,
        Field("items", Kind.LINES, marked("Items"), marked("One name a line, in the order asked."), of=("items",)),
        Field("repeating", Kind.YES, marked("Has many rows")),
        Field("before_consent", Kind.YES, marked("May be filled in before consent")),
        Field("checks", Kind.CHECKS, marked("Edit checks"), marked("A query is raised where the rule is false.")),
    ),
    "visits": (
        _TITLE,
        Field("kind", Kind.ONE, marked("Kind"), required=True, options=_VISITS),
        Field("anchor", Kind.ONE, marked("Counts from"), options=tuple((one, _ANCHOR_WORDS.get(one, one)) for one in ANCHORS)),
        Field("offset", Kind.LINE, marked("How long after"), marked("ISO 8601: P7D seven days, P2W two weeks, P4M four calendar months. Empty with the field above: no planned day.")),
        Field("window_before", Kind.WHOLE, marked("Days before that still count")),
        Field("window_after", Kind.WHOLE, marked("Days after that still count")),
        Field("forms", Kind.SEVERAL, marked("Forms"), of=("forms",)),
        _RECORD,
        _NOTE,
    ),
    "derived": (
        Field("label", Kind.LINE, marked("What it is called"), required=True),
        Field("expression", Kind.RULE, marked("Rule"), marked("A value computed from items.")),
        Field("score", Kind.LINE, marked("Or a score"), marked("The name of a shipped score, such as meld_na_optn2016.")),
        Field("inputs", Kind.LABELLED, marked("Inputs of the score"), marked("One a line: input = item; an input of an item’s own name needs none.")),
        Field("unit", Kind.LINE, marked("Unit")),
        Field("flag", Kind.YES, marked("Shown beside the eligibility where it is true")),
        _NOTE,
    ),
    "endpoints": (
        Field("role", Kind.ONE, marked("Role"), required=True, options=_ROLES),
        Field("order", Kind.WHOLE, marked("Number in its table of the record"), marked("0: not registered.")),
        Field("title", Kind.LINE, marked("Title in the record"), required=True),
        Field("time_frame", Kind.LINE, marked("Time frame in the record")),
        Field("description", Kind.AREA, marked("Description in the record")),
        Field("variable", Kind.NAME, marked("What is analysed"), required=True, of=("items", "derived")),
        Field("visits", Kind.SEVERAL, marked("Measured at"), of=("visits",)),
        Field("baseline_visits", Kind.SEVERAL, marked("Baseline looked for at"), of=("visits",)),
        Field("domain", Kind.LEVEL, marked("Domain"), of=("assumptions",), required=True),
        Field("measure", Kind.LEVEL, marked("Measure"), of=("assumptions",), required=True),
        Field("metric", Kind.LEVEL, marked("Metric"), of=("assumptions",), required=True),
        Field("aggregation", Kind.LEVEL, marked("Aggregation"), of=("assumptions",), required=True),
        Field("time", Kind.LEVEL, marked("Time"), of=("assumptions",), required=True),
        Field("lower_is_better", Kind.YES, marked("A fall is an improvement"), default=True),
        _ASSUMPTIONS,
        _NOTE,
    ),
    "assumptions": (
        Field("about", Kind.AREA, marked("What the record leaves open"), required=True),
        Field("default", Kind.AREA, marked("What the study runs on"), required=True),
        Field("alternatives", Kind.LINES, marked("Other readings"), marked("One a line.")),
        Field("reason", Kind.AREA, marked("Why this default"), required=True),
        Field("confirm_by", Kind.LINE, marked("Who must confirm it"), marked("A role. The confirmation itself is given in the running study, signed by name."), required=True),
        Field("parts", Kind.LINES, marked("Parts that rest on it"), marked("One a line, such as criteria.E2a.")),
    ),
    "arms": (
        _TITLE,
        Field("description", Kind.AREA, marked("What they receive"), required=True),
        _RECORD,
    ),
}  # fmt: skip

SECTION_WORDS: dict[str, tuple[str, str]] = {
    "criteria": (marked("Criteria"), marked("Criterion")),
    "visits": (marked("Visits"), marked("Visit")),
    "forms": (marked("Forms"), marked("Form")),
    "items": (marked("Items"), marked("Item")),
    "derived": (marked("Computed values"), marked("Computed value")),
    "endpoints": (marked("Endpoints"), marked("Endpoint")),
    "arms": (marked("Arms"), marked("Arm")),
    "assumptions": (marked("Assumptions"), marked("Assumption")),
}


@dataclass(frozen=True, slots=True)
class Read:
    """What a form said: a value for each field (`ABSENT` where it is empty), and what could not be read."""

    values: Mapping[str, Value]
    errors: Mapping[str, str]


Form = Callable[[str], Sequence[str]]


def read_entry(section: str, form: Form) -> Read:
    """The values of an entry's form.

    Args:
        section: the section.
        form: gives the texts of a field by its name.
    """
    values: dict[str, Value] = {}
    errors: dict[str, str] = {}
    for field in FIELDS[section]:
        try:
            value = _READERS[field.kind](field, form)
        except ValueError as error:
            errors[field.name] = str(error)
            continue
        if value is ABSENT and field.required:
            errors[field.name] = _("This is needed.")
        values[field.name] = value
    return Read(values, errors)


def _one(name: str, form: Form) -> str:
    found = form(name)
    return found[0].replace("\r\n", "\n").strip() if found else ""


def _line(field: Field, form: Form) -> Value:
    return _one(field.name, form) or ABSENT


def _chosen(field: Field, form: Form) -> Value:
    text = _one(field.name, form)
    if text and field.options and text not in dict(field.options):
        raise ValueError(_("{!r} is not one of the answers.").format(text[:40]))
    return text or ABSENT


def _several(field: Field, form: Form) -> Value:
    found = [text.strip() for text in form(field.name) if text.strip()]
    known = dict(field.options)
    odd = next((text for text in found if known and text not in known), "")
    if odd:
        raise ValueError(_("{!r} is not one of the answers.").format(odd[:40]))
    return list(dict.fromkeys(found)) or ABSENT


def _lines(field: Field, form: Form) -> Value:
    return [line.strip() for line in _one(field.name, form).split("\n") if line.strip()] or ABSENT


def _yes(field: Field, form: Form) -> Value:
    return _one(field.name, form) == "true"


def _whole(field: Field, form: Form) -> Value:
    text = _one(field.name, form)
    if not text:
        return ABSENT
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ValueError(_("{!r} is not a whole number from 0 up.").format(text[:20]))
    return int(text)


def number(text: str) -> int | Decimal:
    """A number as typed. Errors: `ValueError`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(_("{!r} is not a number.").format(text[:20])) from None
    if not value.is_finite() or abs(value.adjusted()) > 15:
        raise ValueError(_("{!r} is not a number.").format(text[:20]))
    return int(value) if value == value.to_integral_value() else value


def _limits(field: Field, form: Form) -> Value:
    ends = [_one(f"{field.name}.{end}", form) for end in ("low", "high")]
    if not any(ends):
        return ABSENT
    return [number(text) if text else None for text in ends]


def _labelled(field: Field, form: Form) -> Value:
    found: dict[str, str] = {}
    for line in _one(field.name, form).split("\n"):
        code, sign, label = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not sign or not code or not label:
            raise ValueError(_("{!r} is not of the form code = label.").format(line.strip()[:40]))
        if code in found:
            raise ValueError(_("The code {!r} stands here twice.").format(code[:40]))
        found[code] = label
    return found or ABSENT


def _level(field: Field, form: Form) -> Value:
    value = _one(f"{field.name}.value", form)
    if not value:
        return ABSENT
    level: dict[str, Value] = {"value": value, "stated": _one(f"{field.name}.stated", form) == "true"}
    assumption = _one(f"{field.name}.assumption", form)
    return level | ({"assumption": assumption} if assumption and not level["stated"] else {})


def _checks(field: Field, form: Form) -> Value:
    found: dict[str, Value] = {}
    order = 0
    while form(f"{field.name}.{order}.name"):
        name, rule, message = (
            _one(f"{field.name}.{order}.{part}", form) for part in ("name", "expression", "message")
        )
        order += 1
        if not (name or rule or message):
            continue
        if not (name and rule and message):
            raise ValueError(_("An edit check needs a name, a rule and a message."))
        if name in found:
            raise ValueError(_("The check {!r} stands here twice.").format(name[:40]))
        found[name] = {"expression": rule, "message": message}
    return found or ABSENT


_READERS: dict[Kind, Callable[[Field, Form], Value]] = {
    Kind.LINE: _line,
    Kind.AREA: _line,
    Kind.RULE: _line,
    Kind.ONE: _chosen,
    Kind.NAME: _line,
    Kind.SEVERAL: _several,
    Kind.LINES: _lines,
    Kind.YES: _yes,
    Kind.WHOLE: _whole,
    Kind.LIMITS: _limits,
    Kind.LABELLED: _labelled,
    Kind.LEVEL: _level,
    Kind.CHECKS: _checks,
}


def changes(section: str, before: Mapping[str, Any], read: Read) -> dict[str, Value]:
    """The keys a form changes: their new value, or `ABSENT` for one to be taken out."""
    found: dict[str, Value] = {}
    for field in FIELDS[section]:
        value = read.values.get(field.name, ABSENT)
        old = before.get(field.name, ABSENT)
        if field.kind is Kind.YES and old is ABSENT and value is field.default:
            continue
        if field.kind is Kind.WHOLE and field.name.startswith("window") and old is ABSENT and value == 0:
            continue
        if value is ABSENT and isinstance(old, list | dict) and not old:
            continue
        if value is ABSENT and isinstance(old, str) and not old.strip():
            continue
        if value is ABSENT and field.name in ("items", "visits"):
            value = []
        if field.kind is Kind.SEVERAL and isinstance(value, list) and isinstance(old, list):
            value = _in_old_order(cast("list[Any]", old), cast("list[Any]", value))
        if value is not old:
            found[field.name] = value
    return found


def _in_old_order(old: list[Any], value: list[Any]) -> list[Any]:
    """Ticks have no order of their own: what was there stays in its order, what is new comes behind."""
    return [*(one for one in old if one in value), *(one for one in value if one not in old)]


def _words(entry: Mapping[str, Any]) -> str:
    said = entry.get("label") or entry.get("title") or entry.get("about") or ""
    text = str(said)
    return text if len(text) <= 80 else text[:79] + "…"
