"""The study in plain words: a summary and the visits, made from the definition and the record alone.

The same definition gives the same text, and a sentence is written only where they say what it says.
What rests on an assumption nobody has confirmed is marked. Short words and sentences: the reading
ease of a newspaper (Flesch 1948; the names of illness and treatment are the record's own).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.public_questions import public_words, spoken
from trialrun.registry.record import Record
from trialrun.study.model import DosePlan, EndpointRole, Study, Visit, VisitKind

PHASE_WORDS: Mapping[str, str] = {
    "EARLY_PHASE1": marked("It is one of the first studies of this treatment in people."),
    "PHASE1": marked("It is an early study: it looks above all at how safe the treatment is."),
    "PHASE2": marked("It is a phase 2 study. Such a study looks at whether a treatment may work and how safe it is."),
    "PHASE3": marked("It is a late study: it tests how well the treatment works in many people."),
    "PHASE4": marked("It looks at a treatment that is already in use."),
}  # fmt: skip
_ROUTE: Mapping[str, str] = {
    "intravenous": marked("It goes into a vein."),
    "oral": marked("It is taken by mouth."),
    "subcutaneous": marked("It is injected under the skin."),
    "intramuscular": marked("It is injected into a muscle."),
    "inhaled": marked("It is breathed in."),
}


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading and its sentences; `assumed` marks those that wait for a confirmation."""

    heading: str
    sentences: tuple[str, ...]
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlainVisit:
    """A visit as a participant sees it: when, what happens, what is measured there, how long it takes.

    `lasts` is empty where the definition does not say it.
    """

    name: str
    title: str
    when: str
    happens: tuple[str, ...]
    measured: tuple[str, ...]
    lasts: str = ""
    only_if_needed: bool = False


def plain_summary(study: Study, confirmed: Iterable[str] = ()) -> tuple[Passage, ...]:
    """The study in a few plain passages.

    Args:
        study: the definition.
        confirmed: assumptions confirmed in the log, beside those of the definition.
    """
    record = Record(study.record)
    settled = frozenset(confirmed) | {
        one.id for one in study.assumptions.values() if one.confirmed is not None
    }
    passages = (
        Passage(_("What is this study about?"), tuple(_about(study, record))),
        _treatment(study, record, settled),
        Passage(_("How long does it take?"), tuple(_length(study))),
        Passage(_("What do the researchers want to find out?"), tuple(_aims(study))),
        Passage(_("Who can take part?"), tuple(_who(study, record))),
        Passage(
            _("What should you know?"),
            (
                _("You decide on your own if you want to take part."),
                _("Ask the study team all you want to know."),
            ),
        ),
    )
    return tuple(passage for passage in passages if passage.sentences)


def _about(study: Study, record: Record) -> Iterable[str]:
    if record.conditions:
        yield _("The study is about this illness: {}.").format(listed(record.conditions))
    names = [one.name for one in record.interventions]
    if names and record.study_type != "OBSERVATIONAL":
        yield _("It tests this treatment: {}.").format(listed(names))
    for phase in record.phases:
        if phase in PHASE_WORDS:
            yield _(PHASE_WORDS[phase])
    yield _("The study is led by: {}.").format((record.sponsor or study.sponsor).rstrip("."))


def _treatment(study: Study, record: Record, settled: frozenset[str]) -> Passage:
    sentences: list[str] = []
    assumed: list[str] = []
    if record.study_type == "OBSERVATIONAL":
        sentences.append(
            _("The researchers watch and note what happens. They do not decide about your treatment.")
        )
    elif len(study.arms) == 1:
        sentences.append(_("All who take part get the same treatment. There is no group to compare with."))
    elif study.arms:
        sentences.append(_("There are {} groups. They get different treatments.").format(len(study.arms)))
        if record.allocation == "RANDOMIZED":
            sentences.append(_("Which group you are in is drawn by chance, not chosen."))
    for plan in study.dose_plans:
        rests = [name for name in plan.assumptions if name not in settled]
        (assumed if rests else sentences).extend(_doses(study, plan))
    return Passage(_("What treatment is given?"), tuple(sentences), tuple(assumed))


def _doses(study: Study, plan: DosePlan) -> Iterable[str]:
    title = study.arms[plan.arm].title if plan.arm in study.arms else plan.arm
    if len(study.arms) > 1:
        yield _("In the group {}:").format(title)
    count = len(plan.doses)
    if count:
        yield ngettext(
            "You get the treatment once.", "You get the treatment {} times within {} days.", count
        ).format(count, plan.within_days)
    if plan.unit != "1":
        yield _("In all you get {} {}.").format(plan.total.normalize().__format__("f"), plan.unit)
    if plan.route in _ROUTE:
        yield _(_ROUTE[plan.route])


def _length(study: Study) -> Iterable[str]:
    planned = [visit for visit in study.visits.values() if visit.offset is not None]
    if not planned:
        return
    yield ngettext("There is one planned visit.", "There are {} planned visits.", len(planned)).format(
        len(planned)
    )
    last = planned[-1]
    if last.offset and last.offset != "P0D":
        yield _("The last one is {} after {}.").format(_duration(last.offset), _anchor(last))


def _aims(study: Study) -> Iterable[str]:
    for role, sentence in (
        (EndpointRole.PRIMARY, _("First they look at: {}.")),
        (EndpointRole.SECONDARY, _("They also look at: {}.")),
    ):
        times: dict[str, list[str]] = {}
        for one in study.endpoints.values():
            if one.role is role and one.order:
                times.setdefault(one.time_frame, []).append(one.title)
        for time, titles in times.items():
            yield sentence.format("; ".join(titles))
            if time:
                yield _("When: {}.").format(time[:1].lower() + time[1:])


def _who(study: Study, record: Record) -> Iterable[str]:
    yield ngettext("The study looks for one person.", "The study looks for {} people.", study.target).format(
        study.target
    )
    if record.sex in ("FEMALE", "MALE"):
        yield {"FEMALE": _("Only women can take part."), "MALE": _("Only men can take part.")}[record.sex]
    elif record.sex == "ALL":
        yield _("Men and women can take part.")
    if study.criteria:
        yield _("Before you can start, the team checks {} points about your health.").format(
            len(study.criteria)
        )


def listed(names: Iterable[str]) -> str:
    """Names one after the other, the full stops some records end them with taken off."""
    return ", ".join(name.rstrip(".") for name in names)


def _duration(offset: str) -> str:
    number, unit = offset[1:-1], offset[-1]
    if not number.isdigit():
        return offset
    count = int(number)
    return {
        "M": ngettext("{} month", "{} months", count),
        "W": ngettext("{} week", "{} weeks", count),
        "D": ngettext("{} day", "{} days", count),
    }.get(unit, offset).format(count)


def _anchor(visit: Visit) -> str:
    return {
        "first_dose": _("your first treatment"),
        "consent": _("the day you sign"),
        "enrolment": _("the day you join"),
        "screening": _("your first visit"),
    }.get(visit.anchor or "", (visit.anchor or "").replace("_", " "))


def plain_visits(study: Study) -> tuple[PlainVisit, ...]:
    """The visits in the order of the definition, without the running logs."""
    words = public_words(study)
    return tuple(
        PlainVisit(
            visit.name,
            visit.title,
            _when(visit),
            _happens(study, visit),
            _measured(study, visit),
            spoken(words.visits[visit.name]) if visit.name in words.visits else "",
            visit.offset is None,
        )
        for visit in study.visits.values()
        if visit.kind is not VisitKind.LOG
    )


def at_every_visit(study: Study) -> tuple[str, ...]:
    """What goes on all the time: the running logs in plain words."""
    return tuple(
        line
        for visit in study.visits.values()
        if visit.kind is VisitKind.LOG
        for line in _happens(study, visit)
    )


def _happens(study: Study, visit: Visit) -> tuple[str, ...]:
    words = public_words(study)
    lines = [
        spoken(words.forms[form]) if form in words.forms else study.forms[form].title for form in visit.forms
    ]
    return tuple(dict.fromkeys(lines))


def _measured(study: Study, visit: Visit) -> tuple[str, ...]:
    registered = [one for one in study.endpoints.values() if one.order]
    here = [one.title for one in registered if visit.name in (*one.visits, *one.baseline_visits)]
    return tuple(dict.fromkeys(here))


def _when(visit: Visit) -> str:
    if visit.offset is None:
        return {
            VisitKind.EARLY_TERMINATION: _("Only if you leave the study early."),
            VisitKind.UNSCHEDULED: _("Only when it is needed."),
        }.get(visit.kind, _("The day is agreed with you."))
    if visit.offset == "P0D":
        first = (
            _("The first visit.")
            if visit.anchor == "screening"
            else _("On the day of {}.").format(_anchor(visit))
        )
    else:
        first = _("{} after {}.").format(_duration(visit.offset), _anchor(visit))
    return f"{first} {_window(visit)}".strip()


def _window(visit: Visit) -> str:
    before, after = visit.window_before, visit.window_after
    if before and before == after:
        return ngettext(
            "It can be one day earlier or later.", "It can be up to {} days earlier or later.", before
        ).format(before)
    parts = [
        ngettext("It can be one day earlier.", "It can be up to {} days earlier.", before).format(before)
        if before
        else "",
        ngettext("It can be one day later.", "It can be up to {} days later.", after).format(after)
        if after
        else "",
    ]
    return " ".join(part for part in parts if part)
