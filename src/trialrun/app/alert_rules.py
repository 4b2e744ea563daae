"""The rules that raise laboratory alerts. Each looks at a participant's draws and gives alerts.

Sources: CLINICAL 1.5 (Treem 2021, Sanyal 2011, FDA 2009), 1.6 (CTCAE v5.0), 1.7 (Angeli 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from trialrun.app.alerts import Alert, Fact, Looked
from trialrun.app.draws import Draw, Grade, LabValue, grades_of
from trialrun.app.language import gettext as _
from trialrun.values.units import convert, same_dimension

ENZYMES = ("alt", "ast")
REFERENCE_DAYS = 92  # ICA 2015: the reference creatinine is a value of the last three months


def liver_injury(looked: Looked) -> Iterable[Alert]:
    """ALT or AST raised against baseline, with bilirubin or INR; unknown partners are said, not taken as normal."""
    for draw in looked.after:
        enzymes = [
            draw.values[name]
            for name in ENZYMES
            if name in draw.values and _raised(looked, draw.values[name])
        ]
        if not enzymes:
            continue
        partners, unknown = _partners(looked, draw)
        facts = [looked.fact(value) for value in (*enzymes, *partners)]
        if partners:
            words = (
                _("Liver injury signal"),
                _(
                    "Transaminases and bilirubin or INR rose together against this participant's own baseline."
                ),
            )
            yield looked.raised("liver_injury", draw, words, facts, caveats=_baseline_caveats(looked))
        elif unknown:
            words = (
                _("Raised transaminases; bilirubin or INR cannot be judged"),
                _("Missing for the judgement: {}.").format(", ".join(unknown)),
            )
            yield looked.raised("liver_incomplete", draw, words, facts, caveats=_baseline_caveats(looked))


def _raised(looked: Looked, value: LabValue) -> bool:
    limits = looked.limits
    base = looked.base.get(value.analyte)
    if base is not None and _times(value.number, base.mean) >= limits.enzyme_times_baseline:
        return True
    if not same_dimension(value.item_unit, limits.enzyme_unit, value.analyte):
        return False
    from decimal import Decimal

    fixed = float(
        convert(Decimal(str(limits.enzyme_at_least)), limits.enzyme_unit, value.item_unit, value.analyte)
    )
    return value.number >= fixed


def _times(number: float, base: float) -> float:
    return round(number / base, 9) if base else 0.0


def _partners(looked: Looked, draw: Draw) -> tuple[list[LabValue], list[str]]:
    """The partners of an enzyme rise that rose too, and the names of those that cannot be judged."""
    limits, found, unknown = looked.limits, list[LabValue](), list[str]()
    for analyte, rose in (
        ("bilirubin", lambda now, base: _times(now, base) >= limits.bilirubin_times_baseline),
        ("inr", lambda now, base: round(now - base, 9) >= limits.inr_rise),
    ):
        value, base = draw.values.get(analyte), looked.base.get(analyte)
        if value is None or base is None:
            unknown.append(
                _("{} (no value)").format(analyte) if value is None else _("{} (no baseline)").format(analyte)
            )
        elif rose(value.number, base.mean):
            found.append(value)
    return found, unknown


def _baseline_caveats(looked: Looked) -> tuple[str, ...]:
    counts = {base.count for name, base in looked.base.items() if name in (*ENZYMES, "bilirubin", "inr")}
    if counts and min(counts) < 2:
        return (_("The baseline rests on a single draw; two are asked for."),)
    return ()


def hys_law(looked: Looked) -> Iterable[Alert]:
    """Hy's law in multiples of the upper limit, where the participant did not fulfil it before the first dose."""
    if any(_hys_law(draw) for draw in looked.before):
        return
    for draw in looked.after:
        if _hys_law(draw):
            values = [draw.values[name] for name in (*ENZYMES, "bilirubin", "alp") if name in draw.values]
            caveats = [
                _("Multiples of the upper limit were made for people with normal liver tests; in cirrhosis read them "
                  "beside the multiples of baseline."),
            ]  # fmt: skip
            alp = draw.values.get("alp")
            if alp is None or alp.times_high is None:
                caveats.append(
                    _("Cholestasis is not excluded: no alkaline phosphatase with its upper limit.")
                )
            words = (
                _("Hy's law by multiples of normal"),
                _(
                    "ALT or AST at least 3 times and bilirubin above 2 times the upper limit of normal, without cholestasis."
                ),
            )
            yield looked.raised("hys_law", draw, words, [looked.fact(v) for v in values], caveats=caveats)


def _hys_law(draw: Draw) -> bool:
    enzymes = [draw.values[name].times_high for name in ENZYMES if name in draw.values]
    bilirubin = draw.values["bilirubin"].times_high if "bilirubin" in draw.values else None
    alp = draw.values["alp"].times_high if "alp" in draw.values else None
    raised = any(times is not None and times >= 3 for times in enzymes)
    return raised and bilirubin is not None and bilirubin > 2 and (alp is None or alp < 2)


def meld_rise(looked: Looked) -> Iterable[Alert]:
    """MELD against the mean of its values up to the first dose."""
    name = looked.limits.meld
    known = {
        draw.visit: value
        for draw in looked.draws
        if (value := _derived(looked, draw.visit, name)) is not None
    }
    before = [known[draw.visit] for draw in looked.before if draw.visit in known]
    if not before:
        return
    base = sum(before) / len(before)
    derived = looked.study.derived.get(name)
    label = derived.label if derived is not None else name
    for draw in looked.after:
        value = known.get(draw.visit)
        if value is None or round(value - base, 9) < looked.limits.meld_rise:
            continue
        words = (
            _("{} rose by {:g}").format(label, round(value - base, 1)),
            _(
                "A rise of {:g} or more from baseline can be the first sign of liver injury in cirrhosis."
            ).format(looked.limits.meld_rise),
        )
        yield looked.raised("meld_rise", draw, words, [Fact(label, f"{value:g}", base)])


def _derived(looked: Looked, visit: str, name: str) -> float | None:
    value = looked.person.derived.get((visit, name))
    return float(value.text) if value is not None and value.text is not None else None


def kidney(looked: Looked) -> Iterable[Alert]:
    """Acute kidney injury (ICA 2015) against every creatinine of the last three months; the worst stage counts."""
    for index, draw in enumerate(looked.draws):
        value = draw.values.get("creatinine")
        if draw.before or value is None or draw.on is None:
            continue
        stage, rise, used = _kidney_stage(looked.draws[:index], draw, value)
        facts = [looked.fact(value)] + ([_reference_fact(used)] if used is not None else [])
        if stage:
            words = (
                _("Acute kidney injury, stage {}").format(stage),
                _("By the ICA 2015 criteria in cirrhosis, from creatinine alone."),
            )
            yield looked.raised("kidney_injury", draw, words, facts)
        elif rise:
            words = (
                _("Creatinine rose by half or more; when it rose is not known"),
                _(
                    "Samples this far apart neither show nor exclude acute kidney injury. Look at values in between."
                ),
            )
            yield looked.raised("kidney_rise", draw, words, facts)


def _kidney_stage(
    before: Sequence[Draw], draw: Draw, value: LabValue
) -> tuple[int, bool, tuple[LabValue, date] | None]:
    from trialrun.scores.frames import one_person

    worst, rise, used = 0, False, None
    for earlier in before:
        reference = earlier.values.get("creatinine")
        if reference is None or earlier.on is None or draw.on is None:
            continue
        days = (draw.on - earlier.on).days
        if not 0 <= days <= REFERENCE_DAYS:
            continue
        result = one_person("ica_aki")(
            baseline=(reference.number, reference.item_unit),
            value=(value.number, value.item_unit),
            hours_between=(24 * days, "h"),
            rrt=draw.dialysis,
        )
        if result.value is not None and result.value > worst:
            worst, used = int(result.value), (reference, earlier.on)
        elif result.value is None and value.number >= 1.5 * reference.number:
            rise, used = True, used or (reference, earlier.on)
    return worst, rise, used


def _reference_fact(used: tuple[LabValue, date]) -> Fact:
    reference, on = used
    return Fact(_("{} on {}").format(reference.label, on), reference.shown)


def ctcae(looked: Looked) -> Iterable[Alert]:
    """A laboratory grade of 3 or more that is worse than the worst one up to the first dose."""
    started = [grade for draw in looked.before for _value, grade in _grades(looked, draw)]
    for draw in looked.after:
        for value, grade in _grades(looked, draw):
            before = max((one.least for one in started if one.term == grade.term), default=0)
            if grade.least >= looked.limits.ctcae_grade and grade.least > before:
                yield _graded(
                    looked, draw, (value, grade), [one for one in started if one.term == grade.term]
                )


def _graded(looked: Looked, draw: Draw, found: tuple[LabValue, Grade], started: Sequence[Grade]) -> Alert:
    value, grade = found
    known = [one.grade for one in started if one.grade is not None]
    words = (
        _("{}: CTCAE grade {}").format(
            value.label, grade.grade if grade.grade is not None else f"{grade.low}-{grade.high}"
        ),
        _("Worse than before the first dose (grade {}).").format(max(known))
        if known
        else _("The grade before the first dose is not known."),
    )
    caveats = [_("Unknown: {}.").format(", ".join(grade.unknown_because))] if grade.unknown_because else []
    return looked.raised(
        "ctcae", draw, words, [looked.fact(value)], urgent=grade.least >= 4, caveats=caveats,
        also=grade.term.removeprefix("ctcae_v5_"),
    )  # fmt: skip


def _grades(looked: Looked, draw: Draw) -> Iterable[tuple[LabValue, Grade]]:
    anticoagulated = _anticoagulated(looked, draw)
    for value in draw.values.values():
        for grade in grades_of(value, looked.base.get(value.analyte), anticoagulated=anticoagulated):
            yield value, grade


def _anticoagulated(looked: Looked, draw: Draw) -> bool | None:
    """Whether the study's own derived value says so; `None` where it has none or does not know."""
    value = looked.person.derived.get((draw.visit, "anticoagulated"))
    return {"true": True, "false": False}.get((value.text or "") if value is not None else "")


RULES: tuple[Callable[[Looked], Iterable[Alert]], ...] = (liver_injury, hys_law, meld_rise, kidney, ctcae)
