"""Eligibility of a draft: what is certain is computed, everything else asked in the record's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.ages import ages_in
from trialrun.registry.criteria import Bullet, Combination, SectionKind, plain
from trialrun.registry.draft_events import EventLately, add_event, event_lately
from trialrun.registry.draft_headings import Bars, closes, neutral_heading, open_ended
from trialrun.registry.draft_rules import add_rule, read_alone, rule_for
from trialrun.registry.draft_sketch import Plain, Sketch, clean
from trialrun.registry.lint_criteria import is_judgement
from trialrun.registry.record import AgeLimit, Record
from trialrun.registry.vocabulary import TermKind, Vocabulary, shipped
from trialrun.registry.write import document_of
from trialrun.study.record_text import criteria_bullets
from trialrun.values.finding import Severity

_PATH = "eligibilityModule.eligibilityCriteria"
_NOTHING = re.compile(r"\W*(?:none|n/?a|not applicable|nil|no exclusion criteria)?\W*", re.IGNORECASE)
_MOST = 400
_BESIDE_A_CONDITION = re.compile(
    r"(?:\W|\b(?:patients?|subjects?|participants?|individuals?|people|with|known|diagnosis|diagnosed|of|confirmed|current|currently|active|"
    r"presence|the|a|an|any|have|has|having|is|are|who|or|females?|women)\b)*",
    re.IGNORECASE,
)
_COMBINES = {
    Combination.ANY: "its words ask for any of them",
    Combination.ALL: "its words ask for all of them",
    Combination.UNSTATED: "does not say plainly how they combine",
}
_AGE_FUNCTIONS = {
    "year": "YEARS_BETWEEN",
    "month": "MONTHS_BETWEEN",
    "week": "DAYS_BETWEEN",
    "day": "DAYS_BETWEEN",
}


def draft_criteria(sketch: Sketch, vocabulary: Vocabulary | None = None) -> None:
    """Add the criteria, the questions and measurements they rest on, and the forms that ask them.

    A rule is written only where the vocabulary accounts for every word; each waits for a person who
    confirms it.
    """
    vocabulary = vocabulary or shipped()
    _ages(sketch)
    _sex(sketch)
    inclusion, exclusion = criteria_bullets(document_of(sketch.record))
    for kind, lines in ((SectionKind.INCLUSION, inclusion), (SectionKind.EXCLUSION, exclusion)):
        bars = Bars(sketch.record, kind)
        for group in _groups(sketch.record, kind, lines):
            if len(sketch.criteria) >= _MOST:
                sketch.say(
                    Severity.WARNING,
                    "too-many-criteria",
                    f"only the first {_MOST} criteria were drafted",
                    _PATH,
                )
                return
            allowed = bars.admit(group.bullet, group.lines)
            _group(sketch, kind, group, vocabulary, allowed)
        if bars.reason:
            sketch.say(
                Severity.WARNING,
                "criteria-not-computed",
                f"{kind} criteria are asked of everybody and not computed {bars.reason}",
                _PATH,
                "write the rules by hand, for the people they are about; as drafted every group has to meet them",
            )
    _unasked(sketch, (*inclusion, *exclusion))


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines of the record that are one question: their numbers and words, and the bullet they make up."""

    lines: tuple[tuple[int, str], ...]
    bullet: Bullet | None


def _groups(record: Record, kind: SectionKind, lines: tuple[str, ...]) -> list[_Group]:
    """A bullet and what is nested in it belong together; the record's lines say where they stand."""
    kinds = (kind, SectionKind.UNKNOWN) if kind is SectionKind.INCLUSION else (kind,)
    bullets = [bullet for one in kinds for bullet in record.criteria.bullets(one)]
    ends: list[int] = []
    text = ""
    for bullet in bullets:
        text += _squashed(bullet.original)
        ends.append(len(text))
    groups: list[_Group] = []
    place, last = 0, -1
    for number, line in enumerate(lines, start=1):
        key = _squashed(line)
        found = text.find(key, place) if key else -1
        index = next((order for order, end in enumerate(ends) if found < end), -1) if found >= 0 else -1
        place = found + len(key) if found >= 0 else place
        if index >= 0 and index == last:
            groups[-1] = _Group((*groups[-1].lines, (number, line)), groups[-1].bullet)
        else:
            groups.append(_Group(((number, line),), bullets[index] if index >= 0 else None))
        last = index
    return groups


def _squashed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _unasked(sketch: Sketch, lines: tuple[str, ...]) -> None:
    """Quote what stands in the eligibility text and became no criterion."""
    asked = _squashed("".join(lines))
    for criterion in sketch.record.criteria.atomic():
        if _squashed(criterion.text) not in asked:
            sketch.say(
                Severity.WARNING,
                "criterion-not-drafted",
                f"{criterion.text[:300]!r} stands in no bullet of the record and became no criterion",
                f"{_PATH} {criterion.id}",
                "add it to criteria by hand",
            )


def _group(sketch: Sketch, kind: SectionKind, group: _Group, vocabulary: Vocabulary, allowed: bool) -> None:
    number, line = group.lines[0]
    name = f"{kind.letter}{number}"
    bullet = group.bullet
    words = vocabulary if allowed else None
    if bullet is not None and len(group.lines) == 1 and len(bullet.parts) > 1 and not bullet.text:
        for order, part in enumerate(bullet.parts):
            said = f"{part.marker} {part.whole_text}".strip()
            label = f"{name}{chr(97 + order) if order < 26 else f'_{order + 1}'}"
            _piece(sketch, _Piece(kind, label, number, said, line, part.whole_text), words)
        return
    if (
        bullet is not None
        and len(group.lines) > 1
        and words is not None
        and _list(sketch, kind, group, words)
    ):
        return
    if len(group.lines) == 1 and (bullet is None or not bullet.parts):
        _piece(sketch, _Piece(kind, name, number, line, "", line), words if bullet is not None else None)
    else:
        _question(sketch, kind, group.lines, name, "")
    _say_of(sketch, group, name)


def _say_of(sketch: Sketch, group: _Group, name: str) -> None:
    bullet, line = group.bullet, group.lines[0][1]
    if _NOTHING.fullmatch(line):
        sketch.say(
            Severity.NOTE,
            "criterion-says-none",
            f"{name} says {line!r}; answer it with no, or remove it",
            f"criteria.{name}",
        )
    elif bullet is not None and bullet.parts:
        sketch.say(
            Severity.NOTE,
            "parts-asked-together",
            f"{name} has {len(bullet.parts)} parts and {_COMBINES[bullet.combination]}; it is one question",
            f"criteria.{name}",
            "split it once it is clear how the parts combine",
        )
    elif bullet is not None and bullet.heading:
        _announces(sketch, name, bullet)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One criterion of one line: its words with marker, the line they stand in, and the words that are read."""

    kind: SectionKind
    name: str
    number: int
    words: str
    whole: str
    read: str


def _piece(sketch: Sketch, piece: _Piece, vocabulary: Vocabulary | None) -> str:
    """One criterion, computed where that is certain; returns the rule or the item that decides it."""
    why = ""
    if vocabulary is not None:
        said = clean(plain(piece.words))
        rule, why = rule_for(sketch.record, piece.kind, piece.read, vocabulary)
        if rule is not None:
            _read(sketch, piece, rule.expression, add_rule(sketch, piece.name, rule, said, vocabulary))
            return rule.expression
        event = _event(piece.kind, piece.read)
        if event is not None:
            expression = add_event(sketch, piece.name, event, said)
            _read(sketch, piece, expression, ["computed", "investigator"])
            return expression
    _question(sketch, piece.kind, ((piece.number, piece.words),), piece.name, piece.whole, why, vocabulary)
    return f"criterion_{piece.name.lower()}"


def _event(kind: SectionKind, words: str) -> EventLately | None:
    read = read_alone(kind, words)
    return None if read is None else event_lately(read)


def _certain(record: Record, kind: SectionKind, words: str, vocabulary: Vocabulary) -> bool:
    return rule_for(record, kind, words, vocabulary)[0] is not None or _event(kind, words) is not None


def _read(sketch: Sketch, piece: _Piece, expression: str, attested: list[str]) -> None:
    assumption = f"rule_{piece.name.lower()}"
    sketch.criteria[piece.name] = {
        "kind": str(piece.kind),
        "bullet": piece.number,
        "text": clean(piece.words),
        "expression": expression,
        "attested_by": attested,
        "look_back": "values of the screening visit",
        "assumptions": [assumption],
        "note": f"Read by machine; a person confirms assumption {assumption} before the study goes live.",
    }
    sketch.trace(_PATH, piece.whole or piece.words, f"criteria.{piece.name}")


def _list(sketch: Sketch, kind: SectionKind, group: _Group, vocabulary: Vocabulary) -> bool:
    """A bullet that only announces the bullets nested in it: each is a criterion of its own."""
    bullet = group.bullet
    if bullet is None or not neutral_heading(kind, bullet.text) or len(bullet.parts) != len(group.lines) - 1:
        return False
    if any(part.parts or part.heading or open_ended(kind, part.text) for part in bullet.parts):
        return False
    lines = group.lines[1:]
    if any(
        _squashed(line) != _squashed(part.text) for (_, line), part in zip(lines, bullet.parts, strict=True)
    ):
        return False
    read = [closes(part.text) for part in bullet.parts]
    if not any(_certain(sketch.record, kind, words, vocabulary) for words in read):
        return False
    number, line = group.lines[0]
    name = f"{kind.letter}{number}"
    sketch.criteria[name] = {}
    decided = [
        _piece(sketch, _Piece(kind, f"{kind.letter}{at}", at, text, "", words), vocabulary)
        for (at, text), words in zip(lines, read, strict=True)
    ]
    parts = [sketch.criteria[f"{kind.letter}{at}"] for at, _ in lines]
    joint = " AND " if kind is SectionKind.INCLUSION else " OR "
    sketch.criteria[name] |= {
        "kind": str(kind),
        "bullet": number,
        "text": clean(line),
        "expression": joint.join(f"({rule})" for rule in decided),
        "attested_by": list(dict.fromkeys(who for part in parts for who in part["attested_by"])),
        "assumptions": [assumed for part in parts for assumed in part.get("assumptions", [])],
        "note": f"It announces the {len(parts)} criteria after it and "
        + ("needs all of them." if kind is SectionKind.INCLUSION else "is met when one of them is."),
    }
    sketch.trace(_PATH, line, f"criteria.{name}")
    return True


def _announces(sketch: Sketch, name: str, bullet: Bullet) -> None:
    alternatives = re.search(r"\b(?:any|one|either) of\b", bullet.text, re.IGNORECASE) is not None
    sketch.say(
        Severity.WARNING if alternatives else Severity.NOTE,
        "heading-among-criteria",
        f"{name} {bullet.text!r} announces the bullets after it"
        + (
            "; they read as alternatives but each is asked as if required"
            if alternatives
            else " and is asked like one of them"
        ),
        f"criteria.{name}",
        "combine the criteria it announces by hand",
    )


def _question(
    sketch: Sketch,
    kind: SectionKind,
    lines: tuple[tuple[int, str], ...],
    name: str,
    whole: str,
    why: str = "",
    vocabulary: Vocabulary | None = None,
) -> None:
    """One attested yes-or-no question in the record's own words, and a criterion for each line of it."""
    words = " ".join(line for _, line in lines)
    item = f"criterion_{name.lower()}"
    who = "principal_investigator" if is_judgement(words) else "investigator"
    label = plain(words)
    entry: Plain = {"label": clean(label), "type": "boolean"}
    codings = _codings(label, vocabulary or shipped())
    entry |= {"codings": codings} if codings else {}
    sketch.ask("eligibility", "Eligibility", item, {**entry, "attested_by": who, "record": clean(words)})
    note = "Asked in the record's own words; " + (
        "a named person signs it." if who == "principal_investigator" else "not computed."
    )
    note += f" Not certain: {clean(why)[:200]}." if why else ""
    for order, (number, line) in enumerate(lines):
        own = name if order == 0 else f"{kind.letter}{number}"
        together = "" if order == 0 else f" Answered together with {name}, to whose bullet it belongs."
        sketch.criteria[own] = {
            "kind": str(kind),
            "bullet": number,
            "text": clean(line),
            "expression": item,
            "attested_by": [who],
            "note": note + together,
        }
        sketch.trace(_PATH, whole or line, f"criteria.{own}")


def _codings(label: str, vocabulary: Vocabulary) -> list[str]:
    """The codes of the condition a question is about, where it is about nothing else."""
    found = vocabulary.mentions(label, (TermKind.CONDITION,))
    if len(found) != 1:
        return []
    rest = label[: found[0].start] + label[found[0].end :]
    return list(found[0].term.codings) if _BESIDE_A_CONDITION.fullmatch(rest) else []


def _sex(sketch: Sketch) -> None:
    sex = sketch.record.sex
    if sex in ("MALE", "FEMALE"):
        _computed(sketch, "I_SEX", f"Sex: {sex}", f"sex = '{sex[0]}'", "eligibilityModule.sex", sex)
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
    for bullet in record.criteria.bullets(SectionKind.INCLUSION):
        ages = ages_in(bullet.whole_text)
        if ages is None:
            continue
        _age_value(sketch)
        limits = [
            f"age >= {ages.low}" if ages.low is not None else "",
            f"age <= {ages.high}" if ages.high is not None else "",
        ]
        _computed(sketch, "I_AGE", ages.words, " AND ".join(filter(None, limits)), _PATH, ages.words)
        sketch.criteria["I_AGE"]["assumptions"] = [
            sketch.assume(
                "age_limits",
                f"The record has no age fields; the limits were read from {ages.words!r}.",
                f"Both ends are included, counted in completed years at consent: {' and '.join(filter(None, limits))}.",
                "It is the usual meaning of the words.",
                "criteria.I_AGE",
            )
        ]
        return


def _age_field(sketch: Sketch, name: str, limit: AgeLimit, sign: str) -> None:
    key = f"I_AGE_{name.upper()}"
    path = f"eligibilityModule.{name}Age"
    function = _AGE_FUNCTIONS.get(limit.unit)
    if function is None:
        sketch.say(
            Severity.WARNING, "age-not-drafted", f"the {name} age {limit.text!r} has an unknown unit", path
        )
        return
    number = f"7 * {limit.value:f}" if limit.unit == "week" else f"{limit.value:f}"
    words = f"{name.capitalize()} age {limit.text}"
    value = "age" if limit.unit == "year" else f"{function}(birth_date, consent_date)"
    _computed(sketch, key, words, f"{value} {sign} {number}", path, limit.text)


def _age_value(sketch: Sketch) -> None:
    sketch.derived["age"] = {
        "label": "Age in completed years at consent",
        "expression": "YEARS_BETWEEN(birth_date, consent_date)",
    }


def _computed(sketch: Sketch, name: str, words: str, expression: str, path: str, quote: str) -> None:
    entry: Plain = {
        "kind": "inclusion",
        "bullet": 0,
        "text": clean(words),
        "expression": expression,
        "attested_by": ["computed"],
        "note": f"From {path} of the record.",
    }
    sketch.criteria[name] = entry
    sketch.trace(path, quote, f"criteria.{name}")
