"""Arms, what they are given, and how participants come into them: the design of a draft."""

from __future__ import annotations

import re

from trialrun.registry.draft_sketch import Plain, Sketch, clean, slug
from trialrun.registry.record import ArmGroup
from trialrun.values.finding import Severity

_FIRST = "The first administration starts the clock of the visits."
_RATIO = re.compile(r"(?<![\d:])\d{1,2}(?:\s*:\s*\d{1,2})+(?![\d:])")
_ROUTES = (
    ("intravenous", r"\bintravenous(?:ly)?\b|\bi\.?v\.(?=\W|$)|\bIV\b|\binfusions?\b"),
    ("oral", r"\boral(?:ly)?\b|\bper os\b|\bby mouth\b|\bp\.?o\.(?=\W|$)|\bPO\b|\btablets?\b|\bcapsules?\b"),
    ("subcutaneous", r"\bsubcutaneous(?:ly)?\b|\bs\.c\."),
    ("intramuscular", r"\bintramuscular(?:ly)?\b"),
    ("epidural", r"\bepidural\b"),
    ("intradiscal", r"\bintra-?discal\b|\bintervertebral dis[ck]\b"),
    ("topical", r"\btopical(?:ly)?\b"),
    ("inhaled", r"\binhal(?:ed|ation)\b"),
    ("intranasal", r"\bintranasal(?:ly)?\b"),
    ("intravitreal", r"\bintravitreal(?:ly)?\b"),
)
_SAME_DAY = "same_day"


def draft_design(sketch: Sketch) -> None:
    """Add the arms with what they are given, and say what the record leaves open about the design."""
    for arm in sketch.record.arms:
        _arm(sketch, arm)
    _interventions(sketch)
    if not sketch.arms:
        _one_group(sketch)
    if len(sketch.arms) > 1:
        _allocation(sketch)
        _control(sketch)
    _model(sketch)
    if sketch.interventional:
        _administration(sketch)
    else:
        _nothing_recorded(sketch)


def _arm(sketch: Sketch, arm: ArmGroup) -> None:
    name = slug(arm.label, "arm", sketch.arms)
    said = clean(arm.description)
    text = said or clean(", ".join(arm.intervention_names)) or clean(arm.label) or "not described"
    entry: Plain = {"title": clean(arm.label) or name, "description": text}
    sketch.arms[name] = entry | ({"record": said} if said else {})
    for field, words in (("label", arm.label), ("type", arm.type), ("description", arm.description)):
        sketch.trace(f"armsInterventionsModule.armGroups.{field}", words, f"arms.{name}")


def _interventions(sketch: Sketch) -> None:
    for given in sketch.record.interventions:
        names = [name for name, arm in sketch.arms.items() if arm["title"] in given.arm_labels]
        parts = [f"arms.{name}" for name in names or sketch.arms]
        for field, said in (("type", given.type), ("name", given.name), ("description", given.description)):
            sketch.trace(f"armsInterventionsModule.interventions.{field}", said, *parts)


def _one_group(sketch: Sketch) -> None:
    sketch.arms["participants"] = {
        "title": "All participants",
        "description": "One group: the record names none.",
    }
    sketch.assume(
        "groups",
        "The record names no groups.",
        "All participants are one group.",
        "Everybody belongs to some group, and nothing in the record tells them apart.",
        "arms.participants",
    )


# --- how participants come into the arms ----------------------------------------------------------


def _allocation(sketch: Sketch) -> None:
    record = sketch.record
    parts = [f"arms.{name}" for name in sketch.arms]
    masking = f"masking {record.masking or 'not stated'}"
    if record.allocation == "RANDOMIZED":
        ratio = _stated_ratio(sketch)
        sketch.assume(
            "allocation",
            f"Participants are randomised to {len(sketch.arms)} arms ({masking}); "
            + (f"the record says {ratio!r}, not which arm has which share" if ratio else "the ratio")
            + ("; " if ratio else ", ")
            + "the block sizes and the strata are not in the record.",
            "The statistician prepares the allocation list before the first enrolment; nobody chooses an arm. "
            "A rehearsal takes equal shares in blocks of two sizes, by site.",
            "A list nobody agreed on must not allocate anybody.",
            *parts,
        )
        return
    why = "groups are observed, not assigned" if sketch.observational else "assignment is not random"
    sketch.assume(
        "allocation",
        f"How somebody comes into one of the {len(sketch.arms)} groups is not in the record: {why} "
        f"(allocation {record.allocation or 'not stated'}, {masking}).",
        "A rehearsal puts equal shares into the groups by a list. Before the study is opened, somebody says how the "
        "group is found.",
        "A list nobody agreed on must not allocate anybody.",
        *parts,
        alternatives=("a question at screening decides the group", "the groups are filled one after another"),
    )


_COMPARATORS = {"PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION", "ACTIVE_COMPARATOR"}
_CONTROL_WORDS = re.compile(
    r"\b(?:controls?|placebo|sham|(?:usual|standard)(?: of)? care|standard treatment|untreated|no treatment|unexposed|"
    r"comparators?|comparison)\b",
    re.IGNORECASE,
)


def _control(sketch: Sketch) -> None:
    """Name the group the others are compared with where only its title tells."""
    if any(arm.type in _COMPARATORS for arm in sketch.record.arms):
        return
    named = [name for name, arm in sketch.arms.items() if _CONTROL_WORDS.search(arm["title"])]
    first = next(iter(sketch.arms))
    sketch.control = named[0] if len(named) == 1 else ""
    title = sketch.arms[sketch.control or first]["title"]
    sketch.assume(
        "control",
        "The record calls no group a comparator.",
        f"Groups are compared with {title!r}"
        + (", as its title says." if sketch.control else ", the first of the record."),
        "A difference needs a group to count from; which one changes its sign.",
        f"arms.{sketch.control or first}",
    )


def _stated_ratio(sketch: Sketch) -> str:
    """The first ratio with as many shares as there are arms, in words about randomisation."""
    info = ("designModule", "designInfo")
    texts = [
        sketch.record.text(*info, field) for field in ("interventionModelDescription", "maskingDescription")
    ]
    for text in (*texts, sketch.record.brief_summary):
        for found in _RATIO.finditer(text):
            near = text[max(found.start() - 60, 0) : found.end() + 60].lower()
            if found.group().count(":") + 1 == len(sketch.arms) and ("random" in near or "ratio" in near):
                return found.group()
    return ""


_MODELS = {
    "CROSSOVER": (
        (
            "Everybody receives the treatments in turn; sequences, lengths of the periods and washout are not fields of "
            "the record."
        ),
        (
            "Each arm of the record is one group, followed through the times its outcomes name: one period. No further "
            "period is drafted."
        ),
        "A sequence nobody stated must not be given.",
    ),
    "FACTORIAL": (
        "The arms are combinations of factors; which arm has which factor is free text.",
        "Every combination is an arm of its own, compared with the control arm; factors are not pooled.",
        "Pooling over a factor takes for granted that the factors do not interact.",
    ),
    "SEQUENTIAL": (
        "Groups follow one another; the rule by which the next one is opened is not a field of the record.",
        "All groups are open from the first day.",
        "A rule for going on to a higher dose is decided by people who see the safety of the one before.",
    ),
    "CASE_CONTROL": (
        "Cases and controls differ by their outcome; how controls are matched is free text.",
        "Cases and controls are groups that are seen at the times the outcomes name.",
        "Matching nobody described is not invented.",
    ),
    "CASE_CROSSOVER": (
        "Everybody is their own control; the periods that are compared are not fields of the record.",
        "Participants are followed through the times the outcomes name.",
        "A period nobody stated is not invented.",
    ),
}


def _model(sketch: Sketch) -> None:
    model = sketch.record.design_model
    if model in _MODELS:
        about, default, reason = _MODELS[model]
        parts = [f"arms.{name}" for name in sketch.arms]
        sketch.assume("design_model", about, default, reason, *parts)
    looked = sketch.record.text("designModule", "designInfo", "timePerspective")
    if looked in ("RETROSPECTIVE", "CROSS_SECTIONAL"):
        sketch.assume(
            "looking_back",
            f"The record says that it looks {'back' if looked == 'RETROSPECTIVE' else 'at one moment'} "
            f"({looked.lower().replace('_', ' ')}).",
            "Values are entered at visits counted from enrolment, as if they were collected from then on.",
            "The schedule has to say something; where data of the past are read, import them instead.",
            "visits.baseline",
        )


# --- what is given --------------------------------------------------------------------------------


def _administration(sketch: Sketch) -> None:
    title = "Administration of the intervention"
    start = {"label": "Given or begun on", "type": "datetime", "note": _FIRST}
    amount = {
        "label": "Administrations (1: given as the arm says)",
        "type": "number",
        "unit": "1",
        "hard": [0, None],
    }
    sketch.ask("infusion", title, "infusion_start", start)
    sketch.ask("infusion", title, "dose_given", {**amount, "note": _FIRST})
    sketch.fill_in("dose_1", "infusion")
    said: list[str] = []
    for name, arm in sketch.arms.items():
        product, words = _product(sketch, arm)
        said.append(words)
        sketch.dose_plans.append(
            {
                "arm": name,
                "product": product,
                "route": _route(words) or "not stated",
                "unit": "1",
                "total": 1,
                "within_days": 1,
                "doses": [{"visit": "dose_1", "amount": 1}],
                "assumptions": ["dose_plan"],
            }
        )
    sketch.assume(
        "dose_plan",
        f"Amounts, days and route are only free text in the record: {clean('; '.join(said))[:600]!r}.",
        "One administration is recorded, at the first dose, counted as one: given as the arm's words say.",
        "A dose plan read from free text could be wrong, and a wrong dose harms.",
        "visits.dose_1",
        "items.dose_given",
        *(f"dose_plans.{name}" for name in sketch.arms),
    )


def _product(sketch: Sketch, arm: Plain) -> tuple[str, str]:
    """What an arm is given by name, with its kind, and all the record says about it."""
    own = [one for one in sketch.record.interventions if arm["title"] in map(clean, one.arm_labels)]
    names = [
        f"{clean(one.name)} ({one.type.lower().replace('_', ' ')})" if one.type else clean(one.name)
        for one in own
        if clean(one.name)
    ]
    words = [arm["title"], arm["description"], *(f"{one.name} {one.description}" for one in own)]
    return ("; ".join(names) or arm["description"])[:300], clean(". ".join(dict.fromkeys(words)))


def _route(words: str) -> str:
    """The route the words name; empty where they name none, or several."""
    found = [route for route, pattern in _ROUTES if re.search(pattern, words)]
    return found[0] if len(found) == 1 else ""


def _nothing_recorded(sketch: Sketch) -> None:
    what = (
        "Nothing is given: the study observes."
        if sketch.observational
        else "Not every arm is given something on a day, so the first dose cannot start the clock."
    )
    sketch.assume(
        "start_of_time",
        what,
        "Time counts from enrolment, for every participant.",
        "It is the one day all participants of all groups have.",
        "visits.baseline",
    )


# --- outcomes of the first day --------------------------------------------------------------------


def measured_after_the_start(sketch: Sketch) -> None:
    """Outcomes with no later time than the first day get a visit of that day, after what begins it.

    A value of the dose visit or of the baseline visit is the value before; the analysis looks at visits that follow.
    """
    later = {name for name, visit in sketch.visits.items() if visit["kind"] == "follow_up"}
    for name, endpoint in sketch.endpoints.items():
        if later & {*endpoint["visits"]}:
            continue
        if _SAME_DAY not in sketch.visits:
            _same_day(sketch)
        for visit in endpoint["visits"]:
            forms = sketch.visits[visit].get("forms", [])
            for form in [
                one for one in forms if one not in ("infusion", "consent", "eligibility", "demographics")
            ]:
                sketch.fill_in(_SAME_DAY, form)
        endpoint["visits"] = [_SAME_DAY]
        sketch.say(
            Severity.NOTE,
            "same-day",
            f"the outcome {endpoint['title']!r} is assessed on the first day; it got a visit of its own there",
            f"endpoints.{name}",
        )


def _same_day(sketch: Sketch) -> None:
    visits = dict(sketch.visits)
    sketch.visits.clear()
    for name, visit in visits.items():
        if visit["kind"] == "follow_up" and _SAME_DAY not in sketch.visits:
            sketch.visits[_SAME_DAY] = {}
        sketch.visits[name] = visit
    sketch.visits[_SAME_DAY] = {
        "title": "First day, afterwards" if sketch.interventional else "First day",
        "kind": "follow_up",
        "anchor": sketch.anchor,
        "offset": "P0D",
        "window_before": 0,
        "window_after": 0,
    }
    sketch.assume(
        "same_day",
        "Some outcomes name no time later than the first day.",
        f"They are assessed at a visit on the day of {sketch.clock_words}"
        + (", after the administration." if sketch.interventional else "."),
        "What was measured before cannot show what came after.",
        f"visits.{_SAME_DAY}",
    )
