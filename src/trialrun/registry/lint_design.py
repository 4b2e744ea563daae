"""Arms, interventions, masking, sex and places of a record that contradict each other or are missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from trialrun.registry.criteria import SectionKind, plain
from trialrun.registry.lint_check import Hits
from trialrun.registry.record import Intervention, Record

_ARMS, _GIVEN = "armsInterventionsModule.armGroups", "armsInterventionsModule.interventions"
_INFO = "designModule.designInfo"
_CONTROLS = frozenset({"PLACEBO_COMPARATOR", "SHAM_COMPARATOR"})
_MASKED = {"SINGLE": 1, "DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}
_BLIND = re.compile(
    r"\b(?:single|double|triple|quadruple|observer|assessor)[\s-]+(?:blind|mask)(?:ed)?\b", re.IGNORECASE
)
_OPEN = re.compile(r"\b(?:open[\s-]+label|un(?:blinded|masked)|non[\s-]?blinded)\b", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\b(?:extension|run-?in|lead-?in|followed by|part|phase [ab]|period|roll-?over|after)\b", re.IGNORECASE
)
_ONE_SEX = re.compile(
    r"^(?:healthy |adult |non-?pregnant |post-?menopausal |pregnant |lactating |volunteer |patient[s]? who are )*"
    r"(?P<sex>wom[ae]n|females?|m[ae]n|males?)\b(?! (?:partner|sub(?:jects|jects')? must|participants must|of|with|who|must|should|and|or|/))",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\b(?:wom[ae]n|females?)\b.{0,60}\b(?:m[ae]n|males?)\b|\b(?:m[ae]n|males?)\b.{0,60}\b(?:wom[ae]n|females?)\b"
    r"|\b(?:both|either|any|all) (?:sex(?:es)?|genders?)\b|\bof (?:both|either) (?:sex(?:es)?|genders?)",
    re.IGNORECASE,
)
_LONGEST = 2_000
_MOST = 50


def no_arms(record: Record) -> Hits:
    """An interventional study without arms or without interventions."""
    if record.study_type != "INTERVENTIONAL":
        return
    if not record.interventions:
        yield _GIVEN, "the record registers no intervention"
    elif not record.arms:
        yield _ARMS, "the record registers interventions but no arm that gets them"


def empty_arm(record: Record) -> Hits:
    """An arm that gets nothing though it is not said to, or something though it is said to get nothing."""
    if record.study_type != "INTERVENTIONAL" or not record.interventions:
        return
    named = {label.casefold().strip() for one in record.interventions for label in one.arm_labels}
    for order, arm in enumerate(record.arms[:_MOST]):
        gets = bool(arm.intervention_names) or arm.label.casefold().strip() in named
        if not gets and arm.type != "NO_INTERVENTION":
            yield f"{_ARMS}[{order}]", f"no intervention is named for the arm {_short(arm.label)}"
        elif gets and arm.type == "NO_INTERVENTION":
            yield (
                f"{_ARMS}[{order}]",
                f"the arm {_short(arm.label)} is said to get no intervention but names some",
            )


def unused_intervention(record: Record) -> Hits:
    """An intervention that no arm gets."""
    if record.study_type != "INTERVENTIONAL" or not record.arms:
        return
    given = {name.casefold().strip() for arm in record.arms for name in arm.intervention_names}
    for order, one in enumerate(record.interventions[:_MOST]):
        if not one.arm_labels and not _given(one, given):
            yield f"{_GIVEN}[{order}]", f"no arm gets the intervention {_short(one.name)}"


def _given(one: Intervention, given: set[str]) -> bool:
    name = one.name.casefold().strip()
    return (
        one.full_name.casefold().strip() in given
        or name in given
        or any(text.endswith(f": {name}") for text in given)
    )


def dangling_name(record: Record) -> Hits:
    """An arm that names an intervention the record does not have, or the other way round."""
    known = {one.name.casefold().strip() for one in record.interventions}
    labels = {arm.label.casefold().strip() for arm in record.arms}
    for order, arm in enumerate(record.arms[:_MOST]):
        for name in arm.intervention_names:
            text = name.casefold().strip()
            if known and text not in known and text.partition(": ")[2].strip() not in known:
                yield (
                    f"{_ARMS}[{order}]",
                    f"the arm {_short(arm.label)} gets {_short(name)}, which is no intervention of the record",
                )
    for order, one in enumerate(record.interventions[:_MOST]):
        for label in one.arm_labels:
            if labels and label.casefold().strip() not in labels:
                yield (
                    f"{_GIVEN}[{order}]",
                    f"{_short(one.name)} is given in {_short(label)}, which is no arm of the record",
                )


def model_and_arms(record: Record) -> Hits:
    """A number of arms the allocation or the model cannot have."""
    count = len(record.arms)
    if record.study_type != "INTERVENTIONAL" or not count:
        return
    if record.allocation == "RANDOMIZED" and count == 1:
        yield f"{_INFO}.allocation", "participants are randomised, but there is one arm only"
    elif record.design_model == "PARALLEL" and count == 1:
        yield f"{_INFO}.interventionModel", "the groups are parallel, but there is one arm only"
    elif record.design_model == "SINGLE_GROUP" and count > 1:
        yield f"{_INFO}.interventionModel", f"the model is a single group, but there are {count} arms"
    elif record.design_model == "FACTORIAL" and count < 4:
        yield f"{_INFO}.interventionModel", f"a factorial design has four arms or more, but there are {count}"


def observational_with_allocation(record: Record) -> Hits:
    """A phase, an allocation or masking in a study that observes."""
    if record.study_type != "OBSERVATIONAL":
        return
    phases = [phase for phase in record.phases if phase != "NA"]
    found = [
        name
        for name, value in (
            ("a phase", phases),
            ("an allocation", record.allocation),
            ("masking", record.masking),
        )
        if value and value != "NA"
    ]
    if found:
        yield "designModule", f"the study is observational but has {', '.join(found)}"


def masking_words(record: Record) -> Hits:
    """Masking that the record's own titles, or its placebo, contradict."""
    if record.study_type != "INTERVENTIONAL" or not record.masking:
        return
    place, masked = f"{_INFO}.maskingInfo", record.masking != "NONE"
    for text in (record.official_title[:_LONGEST], record.brief_title[:_LONGEST]):
        blind, opened = _BLIND.search(text), _OPEN.search(text)
        if blind and not opened and not masked:
            yield place, f"masking is none, but the title says {blind.group(0)!r}"
            return
        if opened and not blind and masked and not _EXTENSION.search(text) and not _assessor(record):
            yield place, f"masking is {record.masking}, but the title says {opened.group(0)!r}"
            return
    controls = [arm for arm in record.arms if arm.type in _CONTROLS]
    if controls and not masked:
        yield place, f"masking is none, but the arm {_short(controls[0].label)} gets a placebo or sham"


def _assessor(record: Record) -> bool:
    """Whether only the assessor is masked, which open-label trials may be."""
    who = _who(record)
    return record.masking == "SINGLE" and (not who or who == ["OUTCOMES_ASSESSOR"])


def _who(record: Record) -> list[str]:
    info = record.module("designModule").get("designInfo")
    masking = info.get("maskingInfo") if isinstance(info, Mapping) else None
    who = masking.get("whoMasked") if isinstance(masking, Mapping) else None
    return [one for one in who if isinstance(one, str)] if isinstance(who, tuple | list) else []


def who_is_masked(record: Record) -> Hits:
    """A number of masked parties that is not the degree of masking."""
    who = set(_who(record))
    degree = _MASKED.get(record.masking)
    if who and degree is not None and len(who) != degree:
        yield (
            f"{_INFO}.maskingInfo",
            f"masking is {record.masking}, but {len(who)} are named: {', '.join(sorted(who))[:200]}",
        )
    elif who and record.masking == "NONE":
        yield (
            f"{_INFO}.maskingInfo",
            f"masking is none, but {', '.join(sorted(who))[:200]} are named as masked",
        )


def sex_words(record: Record) -> Hits:
    """A sex in the criteria's words that is not the sex of the field."""
    if not record.sex:
        return
    for criterion in record.criteria.atomic(SectionKind.INCLUSION):
        text = criterion.text[:_LONGEST]
        both, one = _BOTH.search(text), _ONE_SEX.match(text)
        place = f"eligibilityModule.eligibilityCriteria {criterion.id}"
        if (
            both
            and record.sex in ("FEMALE", "MALE")
            and re.search(r"\bage|years|eligible|adult", text, re.IGNORECASE)
        ):
            yield place, f"the sex field is {record.sex}, but the text admits both: {text[:120]!r}"
        elif one and not both and not criterion.context:
            said = "FEMALE" if one.group("sex").lower().startswith(("w", "f")) else "MALE"
            if record.sex != said and not _other_sex(record, criterion.id):
                yield place, f"the sex field is {record.sex}, but the text says {one.group(0)!r}"


def _other_sex(record: Record, id_: str) -> bool:
    """Whether another inclusion criterion speaks of a sex, too: then each only says what holds for one."""
    others = (one for one in record.criteria.atomic(SectionKind.INCLUSION) if one.id != id_)
    return any(_ONE_SEX.match(one.text[:_LONGEST]) or _BOTH.search(one.text[:_LONGEST]) for one in others)


def age_fields(record: Record) -> Hits:
    """A minimum age above the maximum."""
    low, high = record.minimum_age, record.maximum_age
    if low is None or high is None or low.unit != high.unit:
        return
    if low.value > high.value:
        yield (
            "eligibilityModule.minimumAge",
            f"the minimum age {low.text!r} is above the maximum {high.text!r}",
        )


def no_places(record: Record) -> Hits:
    """A recruiting trial without a site, or a site without country."""
    place = "contactsLocationsModule.locations"
    if not record.locations:
        if record.status == "RECRUITING":
            yield place, "the trial is recruiting but names no site"
        return
    bare = sum(not location.country.strip() for location in record.locations)
    if bare:
        yield place, f"{bare:,} of {len(record.locations):,} sites name no country"


def nobody_to_ask(record: Record) -> Hits:
    """An open trial nobody is named to be asked about."""
    module = record.module("contactsLocationsModule")
    if record.provenance.source not in ("", "ClinicalTrials.gov"):
        return  # a saved page of another site does not show contacts
    contacts = bool(module.get("centralContacts")) or bool(module.get("overallOfficials"))
    raw = module.get("locations")
    at_site = (
        any(isinstance(one, Mapping) and one.get("contacts") for one in raw)
        if isinstance(raw, tuple)
        else False
    )
    if record.status in ("RECRUITING", "NOT_YET_RECRUITING") and module and not contacts and not at_site:
        yield "contactsLocationsModule", "no contact, official or site is named whom a participant could ask"


def labels_twice(record: Record) -> Hits:
    """Two arms of one name: nobody can tell them apart."""
    labels = Counter(" ".join(plain(arm.label[:200]).casefold().split()) for arm in record.arms)
    for label, count in labels.items():
        if label and count > 1:
            yield _ARMS, f"{count} arms have the label {_short(label)}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 90 else f"{text[:87]}...")
