"""A registry record in plain words, for people who think of taking part: from the record alone.

A sentence is written only where a field of the record says what it says; the record's own names of illnesses,
treatments and outcomes are kept as they are, for nobody may put a patient's illness in other words by machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.plain_words import PHASE_WORDS, Passage, listed
from trialrun.app.record_page import mapping, unescaped
from trialrun.registry.record import AgeLimit, OutcomeRole, Record

MOST_NAMED = 4
LONGEST_NAME = 200
_STATE: Mapping[str, str] = {
    "RECRUITING": marked("The study is looking for people now."),
    "NOT_YET_RECRUITING": marked("The study has not begun to look for people."),
    "ENROLLING_BY_INVITATION": marked("The study asks people itself. You cannot apply."),
    "ACTIVE_NOT_RECRUITING": marked("The study goes on, but takes no new people."),
    "SUSPENDED": marked("The study is paused. It takes no new people now."),
    "COMPLETED": marked("The study has ended."),
    "TERMINATED": marked("The study was stopped early."),
    "WITHDRAWN": marked("The study was called off before anybody took part."),
    "UNKNOWN": marked("The record has not been kept up to date. Nobody knows from it how the study stands."),
    "AVAILABLE": marked("The treatment can be asked for outside a study."),
    "NO_LONGER_AVAILABLE": marked("The treatment can no longer be asked for here."),
    "TEMPORARILY_NOT_AVAILABLE": marked("The treatment cannot be asked for at the moment."),
    "APPROVED_FOR_MARKETING": marked("The treatment has been approved and can be prescribed."),
}
_MODEL: Mapping[str, str] = {
    "SINGLE_GROUP": marked("All who take part get the same treatment. There is no group to compare with."),
    "CROSSOVER": marked("Everybody gets the treatments one after the other."),
    "FACTORIAL": marked("Some people get one treatment, some another, some both, and some neither."),
    "SEQUENTIAL": marked(
        "Small groups start one after the other. What one group shows decides about the next."
    ),
}
_YEARS, _MONTHS = "year", "month"


def plain_record(record: Record, today: date) -> tuple[Passage, ...]:
    """The record in a few plain passages; those it says nothing for are left out.

    Args:
        record: any record.
        today: decides whether a date lies ahead or behind.
    """
    passages = (
        Passage(_("How does the study stand?"), tuple(_state(record, today))),
        Passage(_("What is it about?"), tuple(_about(record))),
        Passage(_("What is done?"), tuple(_done(record))),
        Passage(_("What do the researchers want to find out?"), tuple(_aims(record))),
        Passage(_("Who can take part?"), tuple(_who(record))),
    )
    return tuple(passage for passage in passages if passage.sentences)


def _state(record: Record, today: date) -> Iterable[str]:
    if record.status in _STATE:
        yield _(_STATE[record.status])
    why = " ".join(record.text("statusModule", "whyStopped").split())
    if why:
        yield _("The reason given is: {}").format(_sentence(why))
    start, end = record.status_date("startDateStruct"), record.status_date("completionDateStruct")
    if start is not None:
        ahead = start.earliest > today
        yield (_("It is to begin in {}.") if ahead else _("It began in {}.")).format(str(start)[:7])
    if end is not None and record.status != "WITHDRAWN":
        actual = record.text("statusModule", "completionDateStruct", "type") == "ACTUAL"
        yield (_("It ended in {}.") if actual else _("It is planned to end in {}.")).format(str(end)[:7])
    if record.document.get("hasResults") is True:
        yield _("Results have been published in the registry.")


def _about(record: Record) -> Iterable[str]:
    if record.conditions:
        yield _("It is about: {}.").format(_some(record.conditions))
    for phase in record.phases:
        if phase in PHASE_WORDS:
            yield _(PHASE_WORDS[phase])
    if record.sponsor:
        yield _("The study is led by: {}.").format(record.sponsor.rstrip("."))


def _done(record: Record) -> Iterable[str]:
    if record.study_type == "OBSERVATIONAL":
        yield _("The researchers watch and note what happens. They do not decide about your treatment.")
    names = tuple(one.name for one in record.interventions if one.name)
    if names and record.study_type != "OBSERVATIONAL":
        yield _("It tests or uses: {}.").format(_some(names))
    if record.study_type != "INTERVENTIONAL":
        return
    arms = len(record.arms)
    if record.design_model in _MODEL and not (record.design_model == "SINGLE_GROUP" and arms > 1):
        yield _(_MODEL[record.design_model])
    elif arms > 1:
        yield _("There are {} groups. They get different treatments.").format(arms)
    if record.allocation == "RANDOMIZED":
        yield _("Which group you are in is drawn by chance, not chosen.")
    if any(arm.type == "PLACEBO_COMPARATOR" for arm in record.arms):
        yield _("Some people get a placebo: it looks like the treatment, but has no active substance.")
    if _masked_from_participants(record):
        yield _("You are not told which treatment you get until the study is over.")


def _masked_from_participants(record: Record) -> bool:
    info = mapping(record.module("designModule").get("designInfo"))
    who = mapping(info.get("maskingInfo")).get("whoMasked")
    return isinstance(who, tuple | list) and "PARTICIPANT" in who


def _aims(record: Record) -> Iterable[str]:
    first = record.outcomes(OutcomeRole.PRIMARY)
    measures = [unescaped(" ".join(one.measure.split())).rstrip(".") for one in first]
    sentence = _("They look first at: {}.")
    for measure in filter(None, measures[:MOST_NAMED]):
        yield sentence.format(_short(measure))
        sentence = _("And at: {}.")
    more = len(first) - MOST_NAMED
    if more > 0:
        yield ngettext("And at one more thing.", "And at {} more things.", more).format(more)


def _who(record: Record) -> Iterable[str]:
    yield from _ages(record.minimum_age, record.maximum_age)
    if record.sex in ("FEMALE", "MALE"):
        yield {"FEMALE": _("Only women can take part."), "MALE": _("Only men can take part.")}[record.sex]
    elif record.sex == "ALL":
        yield _("Men and women can take part.")
    healthy: object = record.module("eligibilityModule").get("healthyVolunteers")
    if healthy is True:
        yield _("Healthy people can take part, too.")
    count = sum(1 for section in record.criteria.sections for _bullet in section.bullets)
    if count:
        yield ngettext(
            "There is one more condition. The study team checks it with you.",
            "There are {} more conditions, listed below. The study team checks them with you.",
            count,
        ).format(count)


def _ages(low: AgeLimit | None, high: AgeLimit | None) -> Iterable[str]:
    if low and high:
        yield _("People from {low} to {high} old can take part.").format(low=_age(low), high=_age(high))
    elif low:
        yield _("You must be at least {} old.").format(_age(low))
    elif high:
        yield _("You must be at most {} old.").format(_age(high))


def _age(limit: AgeLimit) -> str:
    if limit.unit not in (_YEARS, _MONTHS):
        return limit.text.lower()
    count = int(limit.value)
    if limit.unit == _YEARS:
        return ngettext("{} year", "{} years", count).format(count)
    return ngettext("{} month", "{} months", count).format(count)


def _some(names: tuple[str, ...]) -> str:
    """The first names, and how many there are besides."""
    text = listed(_short(name) for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return text
    return ngettext("{names} and one more", "{names} and {more} more", more).format(names=text, more=more)


def _short(name: str) -> str:
    """A name as long as somebody reads it; the whole one stands in the record below."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME].rstrip()}…"


def _sentence(text: str) -> str:
    return text if text[-1:] in ".!?" else f"{text}."
