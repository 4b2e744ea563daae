"""Eligibility of a draft: age and sex computed, everything else asked in the record's own words."""

from __future__ import annotations

import re
from decimal import Decimal

from trialrun.registry.ages import ages_in
from trialrun.registry.criteria import Bullet, Combination, SectionKind
from trialrun.registry.draft_sketch import Plain, Sketch, clean
from trialrun.registry.lint_criteria import is_judgement
from trialrun.registry.record import AgeLimit
from trialrun.values.finding import Severity

_PATH = "eligibilityModule.eligibilityCriteria"
_NOTHING = re.compile(r"\W*(?:none|n/?a|not applicable|nil|no exclusion criteria)?\W*", re.IGNORECASE)
_MOST = 400
_AGE_FUNCTIONS = {
    "year": "YEARS_BETWEEN",
    "month": "MONTHS_BETWEEN",
    "week": "DAYS_BETWEEN",
    "day": "DAYS_BETWEEN",
}


def draft_criteria(sketch: Sketch) -> None:
    """Add the criteria, the questions they rest on, and the form that asks them."""
    _ages(sketch)
    _sex(sketch)
    for kind in SectionKind:
        for number, bullet in enumerate(sketch.record.criteria.bullets(kind), start=1):
            if len(sketch.criteria) >= _MOST:
                sketch.say(
                    Severity.WARNING,
                    "too-many-criteria",
                    f"only the first {_MOST} criteria were drafted",
                    _PATH,
                )
                return
            _bullet(sketch, kind, number, bullet)


def _bullet(sketch: Sketch, kind: SectionKind, number: int, bullet: Bullet) -> None:
    name = f"{kind.letter}{number}"
    if _NOTHING.fullmatch(bullet.whole_text[:80]):
        sketch.trace(_PATH, bullet.whole_text)
        return
    if bullet.heading and not bullet.parts:
        _heading(sketch, name, bullet)
        return
    if bullet.parts and not bullet.text:
        for order, part in enumerate(bullet.parts):
            _question(
                sketch,
                kind,
                number,
                f"{name}{chr(97 + order) if order < 26 else f'_{order + 1}'}",
                part.whole_text,
            )
        return
    _question(sketch, kind, number, name, bullet.whole_text)
    if bullet.parts and bullet.combination is Combination.UNSTATED:
        sketch.say(
            Severity.NOTE,
            "parts-asked-together",
            f"{name} has {len(bullet.parts)} parts and does not say whether one or all must hold; it is one question",
            f"criteria.{name}",
            "split it once the sponsor has said how the parts combine",
        )


def _heading(sketch: Sketch, name: str, bullet: Bullet) -> None:
    sketch.trace(_PATH, bullet.whole_text)
    alternatives = bullet.combination is Combination.ANY or re.search(
        r"\b(?:any|one|either) of\b", bullet.text, re.IGNORECASE
    )
    sketch.say(
        Severity.WARNING if alternatives else Severity.NOTE,
        "heading-among-criteria",
        f"{name} {bullet.text!r} announces the bullets after it and is no question itself"
        + ("; they read as alternatives but each is asked as if required" if alternatives else ""),
        f"criteria.{name}",
        "combine the criteria it announces by hand" if alternatives else "",
    )


def _question(sketch: Sketch, kind: SectionKind, number: int, name: str, words: str) -> None:
    """One attested yes-or-no question in the record's own words."""
    text = clean(words)
    if not text:
        return
    item = f"criterion_{name.lower()}"
    who = "principal_investigator" if is_judgement(words) else "investigator"
    sketch.ask(
        "eligibility",
        "Eligibility",
        item,
        {"label": text, "type": "boolean", "attested_by": who, "record": text},
    )
    notes = [
        f"Asked in the record's own words; {'a named person signs it' if who == 'principal_investigator' else 'not parsed'}."
    ]
    if kind is SectionKind.UNKNOWN:
        notes.append("The record puts it under no heading; it is taken as an inclusion.")
    sketch.criteria[name] = {
        "kind": "exclusion" if kind is SectionKind.EXCLUSION else "inclusion",
        "bullet": number,
        "text": text,
        "expression": item,
        "attested_by": [who],
        "note": " ".join(notes),
    }
    sketch.trace(_PATH, text, f"criteria.{name}")


def _sex(sketch: Sketch) -> None:
    sex = sketch.record.sex
    if sex in ("MALE", "FEMALE"):
        _computed(sketch, "SEX", f"Sex: {sex}", f"sex = '{sex[0]}'", "eligibilityModule.sex", sex)
    elif sex:
        sketch.trace("eligibilityModule.sex", sex, "items.sex")


def _ages(sketch: Sketch) -> None:
    """Age limits from the record's fields; from the criteria's text only where there are no fields."""
    record = sketch.record
    fields = (("minimum", record.minimum_age, ">="), ("maximum", record.maximum_age, "<="))
    if any(limit for _, limit, _ in fields):
        for name, limit, sign in fields:
            if limit is not None:
                _age_field(sketch, name, limit, sign)
        _age_value(sketch)
        return
    for number, bullet in enumerate(record.criteria.bullets(SectionKind.INCLUSION), start=1):
        ages = ages_in(bullet.whole_text)
        if ages is None:
            continue
        _age_value(sketch)
        limits = [
            f"age >= {ages.low}" if ages.low is not None else "",
            f"age <= {ages.high}" if ages.high is not None else "",
        ]
        _computed(
            sketch, "AGE", ages.words, " AND ".join(filter(None, limits)), _PATH, ages.words, bullet=number
        )
        sketch.criteria["AGE"]["assumptions"] = [
            sketch.assume(
                "age_limits",
                f"The record has no age fields; the limits were read from {ages.words!r}.",
                f"Both ends are included, counted in completed years at consent: {' and '.join(filter(None, limits))}.",
                "It is the usual meaning of the words.",
                "criteria.AGE",
            )
        ]
        return


def _age_field(sketch: Sketch, name: str, limit: AgeLimit, sign: str) -> None:
    key = f"AGE_{name.upper()}"
    path = f"eligibilityModule.{name}Age"
    function = _AGE_FUNCTIONS.get(limit.unit)
    if function is None:
        sketch.say(
            Severity.WARNING, "age-not-drafted", f"the {name} age {limit.text!r} has an unknown unit", path
        )
        return
    number = limit.value * 7 if limit.unit == "week" else limit.value
    words = f"{name.capitalize()} age {limit.text}"
    value = "age" if limit.unit == "year" else f"{function}(birth_date, consent_date)"
    _computed(sketch, key, words, f"{value} {sign} {_plain(number)}", path, limit.text)


def _age_value(sketch: Sketch) -> None:
    sketch.derived["age"] = {
        "label": "Age in completed years at consent",
        "expression": "YEARS_BETWEEN(birth_date, consent_date)",
    }


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _computed(
    sketch: Sketch, name: str, words: str, expression: str, path: str, quote: str, *, bullet: int = 1
) -> None:
    entry: Plain = {
        "kind": "inclusion",
        "bullet": bullet,
        "text": clean(words),
        "expression": expression,
        "attested_by": ["computed"],
        "note": f"From {path} of the record.",
    }
    sketch.criteria[name] = entry
    sketch.trace(path, quote, f"criteria.{name}")
