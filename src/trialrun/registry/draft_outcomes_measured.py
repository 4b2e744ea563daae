"""What an outcome measures: the items it needs, typed and coded where the vocabulary knows them, shared where alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialrun.registry.draft_sketch import Plain, Sketch, clean
from trialrun.registry.record import Outcome
from trialrun.registry.vocabulary import (
    SCORE_ITEM_FORMS,
    SCORE_ITEMS,
    Better,
    Measurement,
    Term,
    TermKind,
    Vocabulary,
    measurement,
    measurement_in,
    score_in,
    shipped,
)
from trialrun.values.finding import Severity

_TITLES = {
    "laboratory": "Laboratory",
    "examination": "Examination",
    "assessment": "Outcome assessments",
    "scales": "Scores and scales",
    "pharmacokinetics": "Pharmacokinetics",
    "events": "Events and survival",
}
_YES_NO = re.compile(
    r"\b(?:number of (?:participants|patients|subjects)|percentage of|proportion|rates?|incidence|occurrence|responders?|response"
    r"|surviv\w+|mortality|death|onset|time to|progression|toxicit\w+|adverse|safety|tolerab\w+)\b",
    re.IGNORECASE,
)
_BETTER_HIGH = re.compile(
    r"\b(?:albumin|platelets?|h[a]?emoglobin|quality of life|response|responders?)\b", re.IGNORECASE
)
_TIME_TO = re.compile(
    r"\btime (?:from [^,;.]{1,60} )?to (?:the )?(?:first )?(?P<event>[^,;.(]{3,80})|\bsurvival\b",
    re.IGNORECASE,
)
_PHARMACOKINETIC = re.compile(
    r"\b(?:Cmax|C max|AUC\w*|area under the (?:plasma )?(?:concentration|curve)|Tmax|T max|Ctrough|trough concentration|half[- ]life"
    r"|pharmacokinetics?|(?:plasma|serum|blood) concentrations?|apparent clearance|volume of distribution)\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"\b(?:length of (?:hospital |icu )?stay|hospital stay|duration of (?!response|remission)|operat(?:ive|ion) time|surgery time|procedure time)",
    re.IGNORECASE,
)
_BLOOD_PRESSURE = re.compile(
    r"(?<!oxygen )\b(?:arterial )?blood pressure\b(?! (?:control|goals?|targets?|medic\w+|drugs?|cuff|monitor\w*))",
    re.IGNORECASE,
)
_PRESSURES = ("systolic", "diastolic", "mean_arterial_pressure")
_JOINED = 2
_SHORT = 250
_FEW_WORDS = 4
_NARROWER = re.compile(
    r"\b(?:specific|related|cardio\w*|cardiac|cancer|tumou?r|due|attributable|caused?|organ|vascular|renal|maternal|neonatal)\b|:\s*\w"
)
_SILENT = """
number percentage percent proportion rate rates incidence frequency occurrence overall total of the a an
and or in with who will be to participants patients subjects participant experiencing experienced having
had treatment emergent teae teaes phase evaluated assessed any first as measured by recist reporting
reported all related orr dcr pfs os best median mean time severity exploratory
"""
_COUNTING = frozenset(_SILENT.split())
_LENGTH_UNITS = (
    ("minutes", "min"),
    ("hours", "h"),
    ("days", "d"),
    ("weeks", "wk"),
    ("months", "mo"),
    ("years", "a"),
)
_NAME_ONLY = re.compile(
    r"^(?:mean |median |percent(?:age)? |absolute |relative )*(?:change|changes|difference|improvement|reduction|increase|decrease)"
    r"(?: from baseline)? (?:in|of)(?: the)? |\b(?:from|at|after|to|through|over|during|by|until)\b (?:baseline|week|day|month|year|hour|end|\d).*$"
    r"|\bchange from baseline\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """The item or derived value an outcome is about, the forms that ask for it, and why it was chosen.

    Args:
        at_baseline: whether a baseline value makes sense; an event that ends something has none, nor has what becomes of
            a dose in the body.
        lower_is_better: the direction, as far as the vocabulary knows it.
        time_to_event: of a time to an event, where it begins and what ends it, as `study.yaml` holds it.
    """

    variable: str
    forms: tuple[str, ...]
    why: str
    at_baseline: bool = True
    lower_is_better: bool = True
    time_to_event: Plain | None = None


def measured(sketch: Sketch, outcome: Outcome, label: str, vocabulary: Vocabulary | None = None) -> Measured:
    """Draft the items of an outcome: a known score, test, scale or event, else one question in the record's words."""
    known = vocabulary or shipped()
    score = _score(sketch, outcome)
    if score:
        return score
    event = _event(sketch, outcome, known)
    if event:
        return event
    test = _measurement(sketch, outcome, known)
    if test is not None:
        form = ask_known(sketch, test.name, clean(outcome.measure), known)
        return Measured(
            test.name,
            (form,),
            f"The outcome names {test.term.label}, which the vocabulary knows.",
            lower_is_better=_lower(test.term, outcome),
        )
    named = _listed(sketch, outcome, known)
    forms = tuple(dict.fromkeys(ask_known(sketch, one.name, clean(outcome.measure), known) for one in named))
    if named and not _names_more(_BLOOD_PRESSURE.sub(" ", outcome.measure), known):
        why = (
            f"The outcome names {_labels(named)}, which the vocabulary knows; the first of them is analysed."
        )
        return Measured(named[0].name, forms, why, lower_is_better=_lower(named[0].term, outcome))
    return _open(sketch, outcome, label, forms)


def _labels(named: list[Measurement]) -> str:
    return ", ".join(one.term.label for one in named)


def _listed(sketch: Sketch, outcome: Outcome, vocabulary: Vocabulary) -> list[Measurement]:
    """The measurements a name joins with others, which are all asked; a blood pressure alone is two."""
    words = clean(outcome.measure)
    if len(words) > _SHORT or _PHARMACOKINETIC.search(words) or _asked(outcome, words)[1]["type"] != "number":
        return []
    found = vocabulary.mentions(words, (TermKind.LABORATORY, TermKind.MEASUREMENT))
    names = list(dict.fromkeys(one.term.name for one in found))
    if _BLOOD_PRESSURE.search(words) and not {*_PRESSURES} & {*names}:
        names += ["systolic", "diastolic"]
    more = _names_more(_BLOOD_PRESSURE.sub(" ", words), vocabulary)
    if not more and len(names) < _JOINED:
        return []
    named = [measurement(name, vocabulary) for name in names]
    if named:
        sketch.say(
            Severity.WARNING,
            "several-measurements",
            f"{words!r} names {_labels(named)}; each is asked with its unit, and "
            + ("what else it names is one open question" if more else f"{named[0].term.label} is analysed"),
            outcome.place,
            "make an endpoint of each that is to be analysed",
        )
    return named


def _measurement(sketch: Sketch, outcome: Outcome, vocabulary: Vocabulary) -> Measurement | None:
    """The one measurement an outcome is about: by its name, or by a short description where several share the name."""
    test = measurement_in(outcome.measure, vocabulary)
    if test is not None and not _names_more(outcome.measure, vocabulary):
        return test
    same = [
        one
        for one in sketch.record.outcomes()
        if one.measure == outcome.measure and one.description != outcome.description
    ]
    if not same or len(outcome.description) > _SHORT or _told_apart(same, vocabulary):
        return None
    return measurement_in(outcome.description, vocabulary)


def _told_apart(outcomes: list[Outcome], vocabulary: Vocabulary) -> bool:
    """Whether names alone already tell these outcomes apart."""
    return all(
        measurement_in(one.measure, vocabulary) and not _names_more(one.measure, vocabulary)
        for one in outcomes
    )


def _names_more(measure: str, vocabulary: Vocabulary) -> bool:
    """Whether a name joins something the vocabulary does not know to what it knows ("liver fat and liver stiffness")."""
    rest = measure
    for one in reversed(vocabulary.mentions(measure)):
        rest = rest[: one.start] + " " + rest[one.end :]
    rest = re.sub(r"\([^)]*\)", " ", rest)
    rest = re.split(r"\b(?:from|at|after|between|during|in|by|using|measured|assessed|as|to|over)\b", rest)
    return any(
        re.search(r"\w{3,}\s*(?:,|/|&|\+|\band\b|\bor\b)|(?:,|/|&|\+|\band\b|\bor\b)\s*\w{3,}", part)
        for part in rest
    )


def _only_event(measure: str, start: int, end: int) -> bool:
    """Whether a name says little beside the event: a cause, a part of it or a long sentence mean something else."""
    rest = re.sub(r"\([^)]*\)?", " ", measure[:start] + " " + measure[end:]).lower()
    rest = re.sub(r"^\W*(?:phase|part|cohort|stage|arm)\b[^:]{0,20}:", " ", rest)
    return (
        not _NARROWER.search(rest)
        and len([word for word in re.findall(r"[a-z]+", rest) if word not in _COUNTING]) <= _FEW_WORDS
    )


def _lower(term: Term, outcome: Outcome) -> bool:
    if term.better is not None:
        return term.better is Better.LOWER
    return _BETTER_HIGH.search(outcome.measure) is None


def _score(sketch: Sketch, outcome: Outcome) -> Measured | None:
    score = score_in(outcome.measure) and score_in(f"{outcome.measure} {outcome.description}")
    if not score:
        return None
    words = clean(outcome.description or outcome.measure)
    forms = [ask_known(sketch, name, words) for name in score.inputs]
    sketch.derived.setdefault(score.name, {"label": score.label, "score": score.score})
    return Measured(score.name, tuple(dict.fromkeys(forms)), f"The outcome names a score; {score.reason}.")


def _event(sketch: Sketch, outcome: Outcome, vocabulary: Vocabulary) -> Measured | None:
    """An event, or a time to the first of several: whether, on which day, and how long nothing had happened."""
    named = {one.term.name: one.term for one in vocabulary.mentions(outcome.measure, (TermKind.EVENT,))}
    times = [term for term in named.values() if term.time_to]
    terms = times if len(times) == 1 else list(named.values())
    if len(terms) != 1:
        return None
    term = terms[0]
    place = next(
        one for one in vocabulary.mentions(outcome.measure, (TermKind.EVENT,)) if one.term.name == term.name
    )
    if not _only_event(outcome.measure, place.start, place.end):
        return None
    if not term.time_to:
        if vocabulary.mentions(outcome.measure, (TermKind.LABORATORY, TermKind.MEASUREMENT, TermKind.SCORE)):
            return None
        sketch.ask("events", _TITLES["events"], term.name, {**term.item(), "record": clean(outcome.measure)})
        _dated(sketch, term.name, term.label)
        said = f"The outcome names an event the vocabulary knows ({term.label}); it is asked with its day."
        return Measured(
            term.name, ("events",), said, at_baseline=False, lower_is_better=term.better is not Better.HIGHER
        )
    if {*term.time_to, *filter(None, (term.time_from,))} - {*vocabulary.terms}:
        return None
    for name in term.time_to:
        part = vocabulary.terms[name]
        sketch.ask("events", _TITLES["events"], name, {**part.item(), "record": clean(outcome.measure)})
        _dated(sketch, name, part.label)
    last = _last_known(sketch, term, vocabulary)
    start = sketch.anchor
    if term.time_from:
        first = vocabulary.terms[term.time_from]
        sketch.ask(
            "events", _TITLES["events"], first.name, {**first.item(), "record": clean(outcome.measure)}
        )
        _dated(sketch, first.name, first.label)
        start = f"{first.name}_date"
    variable = term.time_to[0]
    if len(term.time_to) > 1:
        variable = f"{term.name}_event"
        expression = " OR ".join(term.time_to)
        sketch.derived.setdefault(variable, {"label": f"{term.label}: the event", "expression": expression})
    said = f"A time to an event: {', '.join(term.time_to)}, each with its day; without one the time ends at the last day known."
    time: Plain = {
        "start": start,
        "events": {name: f"{name}_date" for name in term.time_to},
        "last_known": last,
    }
    return Measured(variable, ("events",), said, at_baseline=False, time_to_event=time)


def _dated(sketch: Sketch, name: str, label: str) -> None:
    sketch.ask(
        "events",
        _TITLES["events"],
        f"{name}_date",
        {"label": f"{label}: date", "type": "date", "partial": True, "only_if": name},
    )


def _last_known(sketch: Sketch, term: Term, vocabulary: Vocabulary) -> str:
    """The item with the last day known: being alive is known for longer than being free of a progression."""
    others = [vocabulary.terms[name] for name in term.time_to if name != "death"]
    name = "_".join(["last_known_without", *(one.name for one in others)]) if others else "last_known_alive"
    free = f" without {', '.join(one.label[:1].lower() + one.label[1:] for one in others)}" if others else ""
    sketch.ask(
        "events",
        _TITLES["events"],
        f"{name}_date",
        {
            "label": f"Last day known to be alive{free}",
            "type": "date",
            "note": "Where no event is recorded the time to it is cut off (censored) here.",
        },
    )
    return f"{name}_date"


def ask_known(sketch: Sketch, name: str, words: str, vocabulary: Vocabulary | None = None) -> str:
    """Put a known test, scale or grade on its form, and return the form."""
    if name in SCORE_ITEMS:
        form = SCORE_ITEM_FORMS[name]
        sketch.ask(form, _title(form), name, {**SCORE_ITEMS[name], "record": words})
        return form
    test = measurement(name, vocabulary)
    if test.form == "laboratory" and "sample_date" not in sketch.items:
        item: Plain = {
            "label": "Date of the sample",
            "type": "date",
            "note": "Dates the values drawn with it.",
        }
        sketch.ask(test.form, _title(test.form), "sample_date", item)
    sketch.ask(test.form, _title(test.form), name, {**test.item, "record": words})
    return test.form


def _title(form: str) -> str:
    return _TITLES.get(form, form.replace("_", " ").capitalize())


def _open(sketch: Sketch, outcome: Outcome, label: str, beside: tuple[str, ...]) -> Measured:
    """A measure nobody wrote down beforehand: asked in its own words, once for all outcomes that name it alike."""
    words = clean(outcome.measure) or "not named"
    form, item, said = _asked(outcome, words)
    item["label"] = _told(sketch, outcome, words)
    item |= {"attested_by": "laboratory" if form == "pharmacokinetics" else "investigator", "record": words}
    item["note"] = "Type and unit are assumed: the draft does not know this measure."
    name = _alike(sketch, outcome, item["type"]) or f"outcome_{label}"
    sketch.ask(form, _title(form), name, item)
    higher = _BETTER_HIGH.search(outcome.measure) is not None
    why = f"The measure is not in the draft's vocabulary; it is asked as {said}."
    why += "" if higher else " Nothing says whether a fall is better: that is the program's default."
    asked = tuple(dict.fromkeys((form, *beside)))
    return Measured(
        name,
        asked,
        why,
        at_baseline=item["type"] == "number" and not _PHARMACOKINETIC.search(words),
        lower_is_better=not higher,
    )


def _told(sketch: Sketch, outcome: Outcome, words: str) -> str:
    """The name to ask by, with the description's first words where another outcome has the same name."""
    said = clean(" ".join(outcome.description.split()))
    alike = any(
        clean(one.measure) == words and one.description != outcome.description
        for one in sketch.record.outcomes()
    )
    if not alike or not said:
        return words
    return f"{words}: {said if len(said) <= _SHORT else said[:_SHORT].rsplit(' ', 1)[0] + ' ...'}"


def _asked(outcome: Outcome, words: str) -> tuple[str, Plain, str]:
    if _PHARMACOKINETIC.search(words):
        return (
            "pharmacokinetics",
            {"label": words, "type": "number", "unit": "1"},
            "one number of the laboratory, its unit open",
        )
    if _LENGTH.search(words):
        text = f"{outcome.measure} {outcome.description}".lower()
        unit = next((code for name, code in _LENGTH_UNITS if re.search(rf"\b{name[:-1]}s?\b", text)), "d")
        return (
            "assessment",
            {"label": words, "type": "number", "unit": unit, "hard": [0, None]},
            f"a length of time in {unit}",
        )
    if _YES_NO.search(words):
        return "assessment", {"label": words, "type": "boolean"}, "whether it happened to the participant"
    return "assessment", {"label": words, "type": "number", "unit": "1"}, "one number without unit"


def _alike(sketch: Sketch, outcome: Outcome, kind: str) -> str | None:
    """The item already drafted for the same measure at another time; another description is another measure."""
    core = _core(outcome.measure)
    for other in sketch.record.outcomes():
        if (other.role, other.order) == (outcome.role, outcome.order):
            return None
        name = f"outcome_{other.role}_{other.order}"
        item = sketch.items.get(name)
        described = " ".join(other.description.split()) == " ".join(outcome.description.split())
        if item and item["type"] == kind and core and _core(other.measure) == core and described:
            return name
    return None


def _core(words: str) -> str:
    return " ".join(re.findall(r"\w+", _NAME_ONLY.sub(" ", words).lower()))
