"""The rules that raise laboratory alerts, in words. What holds is found by `trialrun.derive.laboratory_rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trialrun.app.alerts import Alert, Fact, Looked
from trialrun.app.language import gettext as _
from trialrun.derive.laboratory_rules import (
    ENZYMES,
    KidneyRise,
    Worsening,
    fewest_draws,
    hys_law,
    injuries,
    kidney_rises,
    meld_rises,
    worsenings,
)


def liver_injury(looked: Looked) -> Iterable[Alert]:
    """ALT or AST raised against baseline, with bilirubin or INR; unknown partners are said, not taken as normal."""
    course = looked.course
    caveats = _baseline_caveats(fewest_draws(course))
    for found in injuries(course):
        facts = [looked.fact(value) for value in (*found.enzymes, *found.partners)]
        if found.partners:
            words = (
                _("Liver injury signal"),
                _(
                    "Transaminases and bilirubin or INR rose together against this participant's own baseline."
                ),
            )
            yield looked.raised("liver_injury", found.draw, words, facts, caveats=caveats)
        else:
            unknown = [
                _("{} (no value)").format(name) if what == "value" else _("{} (no baseline)").format(name)
                for name, what in found.without.items()
            ]
            words = (
                _("Raised transaminases; bilirubin or INR cannot be judged"),
                _("Missing for the judgement: {}.").format(", ".join(unknown)),
            )
            yield looked.raised("liver_incomplete", found.draw, words, facts, caveats=caveats)


def _baseline_caveats(fewest: int) -> tuple[str, ...]:
    return (_("The baseline rests on a single draw; two are asked for."),) if fewest == 1 else ()


def hys_law_alerts(looked: Looked) -> Iterable[Alert]:
    """Hy's law in multiples of the upper limit, where the participant did not fulfil it before the first dose."""
    for draw in hys_law(looked.course):
        values = [draw.values[name] for name in (*ENZYMES, "bilirubin", "alp") if name in draw.values]
        caveats = [
            _("Multiples of the upper limit were made for people with normal liver tests; in cirrhosis read them "
              "beside the multiples of baseline."),
        ]  # fmt: skip
        alp = draw.values.get("alp")
        if alp is None or alp.times_high is None:
            caveats.append(_("Cholestasis is not excluded: no alkaline phosphatase with its upper limit."))
        words = (
            _("Hy's law by multiples of normal"),
            _(
                "ALT or AST at least 3 times and bilirubin above 2 times the upper limit of normal, without cholestasis."
            ),
        )
        yield looked.raised("hys_law", draw, words, [looked.fact(v) for v in values], caveats=caveats)


def meld_rise(looked: Looked) -> Iterable[Alert]:
    """MELD against the mean of its values up to the first dose."""
    derived = looked.study.derived.get(looked.limits.meld)
    label = derived.label if derived is not None else looked.limits.meld
    for found in meld_rises(looked.course):
        words = (
            _("{} rose by {:g}").format(label, round(found.value - found.base, 1)),
            _(
                "A rise of {:g} or more from baseline can be the first sign of liver injury in cirrhosis."
            ).format(looked.limits.meld_rise),
        )
        yield looked.raised("meld_rise", found.draw, words, [Fact(label, f"{found.value:g}", found.base)])


def kidney(looked: Looked) -> Iterable[Alert]:
    """Acute kidney injury (ICA 2015) against every creatinine of the last three months; the worst stage counts."""
    for found in kidney_rises(looked.course):
        facts = [looked.fact(found.value), *_reference_fact(found)]
        if found.stage:
            words = (
                _("Acute kidney injury, stage {}").format(found.stage),
                _("By the ICA 2015 criteria in cirrhosis, from creatinine alone."),
            )
            yield looked.raised("kidney_injury", found.draw, words, facts)
        else:
            words = (
                _("Creatinine rose by half or more; when it rose is not known"),
                _(
                    "Samples this far apart neither show nor exclude acute kidney injury. Look at values in between."
                ),
            )
            yield looked.raised("kidney_rise", found.draw, words, facts)


def _reference_fact(found: KidneyRise) -> Iterable[Fact]:
    if found.reference is not None:
        label = _("{} on {}").format(found.reference.label, found.reference_on)
        yield Fact(label, found.reference.shown)


def ctcae(looked: Looked) -> Iterable[Alert]:
    """A laboratory grade of 3 or more that is worse than the worst one up to the first dose."""
    for found in worsenings(looked.course):
        yield _graded(looked, found)


def _graded(looked: Looked, found: Worsening) -> Alert:
    grade = found.grade
    known = [one.grade for one in found.started if one.grade is not None]
    words = (
        _("{}: CTCAE grade {}").format(
            found.value.label, grade.grade if grade.grade is not None else f"{grade.low}-{grade.high}"
        ),
        _("Worse than before the first dose (grade {}).").format(max(known))
        if known
        else _("The grade before the first dose is not known."),
    )
    caveats = [_("Unknown: {}.").format(", ".join(grade.unknown_because))] if grade.unknown_because else []
    return looked.raised(
        "ctcae", found.draw, words, [looked.fact(found.value)], urgent=grade.least >= 4, caveats=caveats,
        also=grade.term.removeprefix("ctcae_v5_"),
    )  # fmt: skip


RULES: tuple[Callable[[Looked], Iterable[Alert]], ...] = (
    liver_injury,
    hys_law_alerts,
    meld_rise,
    kidney,
    ctcae,
)
