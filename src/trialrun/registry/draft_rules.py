"""Criteria of a draft that a machine can decide: read, written as a rule, and left for a person to confirm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.errors import ExpressionError
from trialrun.registry.comparison import ReadCriterion
from trialrun.registry.criteria import SectionKind
from trialrun.registry.draft_sketch import Plain, Sketch, clean
from trialrun.registry.eligibility.read import read_criteria
from trialrun.registry.expression_atoms import AgeLimits
from trialrun.registry.expression_writer import write_expression
from trialrun.registry.record import Record
from trialrun.registry.vocabulary import SCORE_ITEM_FORMS, SCORE_ITEMS, Term, Vocabulary, score_in
from trialrun.study.rules import names_used

if TYPE_CHECKING:
    from trialrun.expressions import Symbol

SCREENING_FORMS = {
    "laboratory": ("screening_laboratory", "Laboratory at screening"),
    "examination": ("screening_examination", "Examination at screening"),
    "scales": ("screening_scales", "Scales and classes at screening"),
}
_LIMIT_FORM = ("laboratory_limits", "Limits of normal of the laboratory")
_LIMITS = {"_uln": "upper", "_lln": "lower"}
_ALWAYS_THERE = ("age", "sex", "birth_date", "consent_date")
_SAMPLE = "screening_sample_date"
_LONGEST = 600
_OLDEST = 120


@dataclass(frozen=True, slots=True)
class Rule:
    """A criterion's rule, in the language and in English, and the names it rests on."""

    expression: str
    english: str
    names: tuple[str, ...]


def age_limits(record: Record) -> AgeLimits:
    """The record's own age limits, where they are whole years."""

    def years(limit: object) -> int | None:
        value = getattr(limit, "years", None)
        return int(value) if value is not None and value == int(value) else None

    return AgeLimits(years(record.minimum_age), years(record.maximum_age))


def read_alone(kind: SectionKind, words: str) -> ReadCriterion | None:
    """One piece of eligibility text read by itself; none where it holds several or nothing."""
    text = " ".join(words.split()).rstrip(" .;,")
    if not text or len(text) > _LONGEST:
        return None
    read = read_criteria(f"{kind.value.capitalize()} Criteria:\n\n* {text}")
    return read[0] if len(read) == 1 else None


def rule_for(
    record: Record, kind: SectionKind, words: str, vocabulary: Vocabulary
) -> tuple[Rule | None, str]:
    """The rule of a piece of eligibility text, or none and why not."""
    read = read_alone(kind, words)
    if read is None:
        return None, ""
    ages = age_limits(record)
    written = write_expression(read, vocabulary, ages)
    if not written.expression:
        return None, written.not_understood if read.comparisons else ""
    if _contradicts_fields(written, ages, kind):
        return None, "it would leave nobody of the record's own ages"
    english = _english(written.expression, vocabulary)
    if not english:
        return None, "the rule it gives does not fit its measurements"
    return Rule(written.expression, english, tuple(sorted(names_used(written.expression)))), ""


def _contradicts_fields(written: ReadCriterion, ages: AgeLimits, kind: SectionKind) -> bool:
    """Whether the rule admits nobody the record's age fields admit: a line on the wrong side, or misread."""
    rule = written.expression
    if re.search(r"\b(?:OR|BETWEEN)\b", rule) or ages.minimum is ages.maximum is None:
        return False
    parts = [
        re.fullmatch(r"\(?age (>=|<=|>|<|=) (\d+)\)?", part.strip())
        for part in rule.split(" AND ")
        if "age " in part
    ]
    limits = [(match[1], int(match[2])) for match in parts if match is not None]
    if not limits:
        return False
    low = ages.minimum if ages.minimum is not None else 0
    high = ages.maximum if ages.maximum is not None else _OLDEST
    met = [age for age in range(low, high + 1) if all(_holds(age, sign, limit) for sign, limit in limits)]
    if kind is SectionKind.INCLUSION:
        return not met
    only_age = len(limits) == len(rule.split(" AND "))
    return only_age and len(met) == high - low + 1


def _holds(age: int, sign: str, limit: int) -> bool:
    return {">=": age >= limit, "<=": age <= limit, ">": age > limit, "<": age < limit, "=": age == limit}[
        sign
    ]


def _english(expression: str, vocabulary: Vocabulary) -> str:
    """The rule in English, from the tree that is run; empty where names, types or units do not fit."""
    from trialrun.evaluate.words import in_words
    from trialrun.expressions import Type, check_expression, parse_expression
    from trialrun.expressions.nodes import names_in

    try:
        node = parse_expression(expression)
        symbols = {name: _symbol(name, vocabulary) for name in names_in(node)}
        checked = check_expression(node, symbols)
    except (ExpressionError, KeyError):
        return ""
    return in_words(node, symbols) if checked.type is Type.BOOLEAN else ""


def _symbol(name: str, vocabulary: Vocabulary) -> Symbol:
    from trialrun.expressions import Symbol, Type

    if name in ("birth_date", "consent_date"):
        return Symbol(name, Type.DATE, name.replace("_", " "))
    if name == "age":
        return Symbol(name, Type.NUMBER, "Age in completed years at consent")
    if name == "sex":
        return Symbol(
            name,
            Type.CHOICE,
            "Sex at birth",
            choices=("M", "F"),
            choice_labels=(("M", "Male"), ("F", "Female")),
        )
    if name == "child_pugh":
        return Symbol(name, Type.NUMBER, "Child-Pugh score", "{score}")
    item = item_of(name, vocabulary)
    kind = {"number": Type.NUMBER, "integer": Type.NUMBER, "choice": Type.CHOICE, "boolean": Type.BOOLEAN}[
        item["type"]
    ]
    choices = tuple(item.get("choices", {}).items())
    return Symbol(
        name, kind, item["label"], item.get("unit"), item.get("analyte"), tuple(code for code, _ in choices),
        choice_labels=choices,
    )  # fmt: skip


def item_of(name: str, vocabulary: Vocabulary) -> Plain:
    """The item behind a name of a rule. Errors: `KeyError` for a name nothing stands behind."""
    for suffix, which in _LIMITS.items():
        term = vocabulary.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if term is not None:
            return _limit_item(term, which)
    return vocabulary.terms[name].item()


def _limit_item(term: Term, which: str) -> Plain:
    item = term.item()
    entry: Plain = {"label": f"{term.label}: {which} limit of normal", "type": "number"}
    entry |= {key: item[key] for key in ("unit", "units", "analyte") if key in item}
    entry["note"] = "As the laboratory that measured the value gives it; for this participant's sex and age."
    return entry | {"attested_by": "laboratory"}


def add_rule(sketch: Sketch, name: str, rule: Rule, words: str, vocabulary: Vocabulary) -> list[str]:
    """Ask for what the rule needs, and note what a person must confirm; returns who attests."""
    attested = ["computed"]
    parts = [f"criteria.{name}"]
    for each in rule.names:
        if each == "child_pugh":
            attested += _child_pugh(sketch, words)
            parts.append("derived.child_pugh")
        elif each not in _ALWAYS_THERE:
            item = item_of(each, vocabulary)
            form, title = _form_of(each, vocabulary)
            _dated(sketch, form, title)
            sketch.ask(form, title, each, {**item, "record": clean(words)})
            sketch.fill_in("screening", form)
            attested.append(item["attested_by"])
            parts.append(f"items.{each}")
    if "age" in rule.names:
        sketch.derived.setdefault(
            "age",
            {
                "label": "Age in completed years at consent",
                "expression": "YEARS_BETWEEN(birth_date, consent_date)",
            },
        )
    sketch.assume(
        f"rule_{name.lower()}",
        f"A program read {words!r} as a rule.",
        f"It is met when {rule.english}.",
        "Every word of it is a measurement, number, sign or unit the vocabulary knows, or says nothing more. Confirm that "
        "it means what the protocol means; values are those of screening, with no limit on their age.",
        *parts,
        alternatives=("a question in the record's own words",),
    )
    return list(dict.fromkeys(attested))


def _form_of(name: str, vocabulary: Vocabulary) -> tuple[str, str]:
    if name not in vocabulary.terms:
        return _LIMIT_FORM
    form = vocabulary.terms[name].form
    return SCREENING_FORMS.get(
        form, (f"screening_{form}", f"{form.replace('_', ' ').capitalize()} at screening")
    )


def _dated(sketch: Sketch, form: str, title: str) -> None:
    if form == SCREENING_FORMS["laboratory"][0]:
        sketch.ask(
            form,
            title,
            _SAMPLE,
            {
                "label": "Date of the screening sample",
                "type": "date",
                "note": "Dates the values drawn with it.",
            },
        )


def _child_pugh(sketch: Sketch, words: str) -> list[str]:
    from trialrun.registry.vocabulary import shipped

    score = score_in("Child-Pugh score")
    if score is None:
        return []
    for name in score.inputs:
        base = SCORE_ITEM_FORMS.get(name, "laboratory")
        form, title = SCREENING_FORMS[base]
        _dated(sketch, form, title)
        item = SCORE_ITEMS[name] if name in SCORE_ITEMS else shipped().terms[name].item()
        sketch.ask(form, title, name, {**item, "record": clean(words)})
        sketch.fill_in("screening", form)
    sketch.derived.setdefault(score.name, {"label": score.label, "score": score.score})
    return ["laboratory", "investigator"]


def settle_screening_forms(sketch: Sketch) -> None:
    """Ask each item on one form: what an outcome's form asks too is asked there, at screening as well.

    Called once the outcomes are drafted.
    """
    ours = {form for form, _ in SCREENING_FORMS.values()} | {_LIMIT_FORM[0]}
    ours |= {form for form in sketch.forms if form.startswith("screening_")}
    elsewhere: dict[str, str] = {}
    for form, sheet in sketch.forms.items():
        if form not in ours:
            elsewhere |= dict.fromkeys(sheet["items"], form)
    for form in sorted(ours & set(sketch.forms)):
        sheet = sketch.forms[form]
        for item in [name for name in sheet["items"] if name in elsewhere]:
            sheet["items"].remove(item)
            if item != _SAMPLE:
                sketch.fill_in("screening", elsewhere[item])
        if not [name for name in sheet["items"] if name != _SAMPLE]:
            _drop_form(sketch, form)


def _drop_form(sketch: Sketch, form: str) -> None:
    rest = sketch.forms.pop(form)["items"]
    for visit in sketch.visits.values():
        if form in visit.get("forms", []):
            visit["forms"].remove(form)
    asked = {name for sheet in sketch.forms.values() for name in sheet["items"]}
    for name in rest:
        if name not in asked:
            sketch.items.pop(name, None)
