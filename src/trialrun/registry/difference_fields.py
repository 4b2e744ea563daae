"""Every field of two documents compared, with the name a reader of the record knows it by.

Fields nobody named here are compared, too, under a name made from their path: a registry's new field
must not change unseen. What the registry itself derives (search trees, date of the copy) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trialrun.registry.difference_model import Change, ChangeKind
from trialrun.registry.difference_words import (
    Effort,
    likeness,
    pair,
    same_meaning,
    weighed,
    word_difference,
)

SECTIONS: Mapping[str, str] = {
    "identificationModule": "Titles and numbers",
    "statusModule": "Status and dates",
    "sponsorCollaboratorsModule": "Sponsor",
    "oversightModule": "Oversight",
    "descriptionModule": "Description",
    "conditionsModule": "Conditions",
    "designModule": "Design",
    "armsInterventionsModule": "Arms and interventions",
    "outcomesModule": "Outcomes",
    "eligibilityModule": "Eligibility",
    "contactsLocationsModule": "Contacts and locations",
    "referencesModule": "References",
    "ipdSharingStatementModule": "Sharing of participants' data",
}
RESULTS = "Results"
DOCUMENTS = "Documents"
_OTHER = "Other parts"
_LABELS: Mapping[str, str] = {
    "nctId": "Registration number",
    "briefTitle": "Short title",
    "officialTitle": "Official title",
    "overallStatus": "Status",
    "whyStopped": "Why it was stopped",
    "statusVerifiedDate": "Last verified",
    "startDateStruct.date": "Start date",
    "startDateStruct.type": "Start date is",
    "primaryCompletionDateStruct.date": "Primary completion date",
    "primaryCompletionDateStruct.type": "Primary completion date is",
    "completionDateStruct.date": "Completion date",
    "completionDateStruct.type": "Completion date is",
    "lastUpdateSubmitDate": "Last update handed in",
    "lastUpdatePostDateStruct.date": "Last update posted",
    "leadSponsor.name": "Lead sponsor",
    "leadSponsor.class": "Kind of lead sponsor",
    "oversightHasDmc": "Has a data monitoring committee",
    "isFdaRegulatedDrug": "Studies a drug regulated by the FDA",
    "isFdaRegulatedDevice": "Studies a device regulated by the FDA",
    "studyType": "Study type",
    "designInfo.allocation": "Allocation",
    "designInfo.interventionModel": "Model",
    "designInfo.observationalModel": "Model",
    "designInfo.primaryPurpose": "Purpose",
    "designInfo.maskingInfo.masking": "Masking",
    "designInfo.maskingInfo.whoMasked": "Who is masked",
    "designInfo.timePerspective": "Time perspective",
    "enrollmentInfo.count": "Number of participants",
    "enrollmentInfo.type": "Number of participants is",
    "armGroups": "Arm",
    "interventions": "Intervention",
    "interventionNames": "gives",
    "armGroupLabels": "given in",
    "healthyVolunteers": "Admits healthy volunteers",
    "minimumAge": "Minimum age",
    "maximumAge": "Maximum age",
    "stdAges": "Age groups",
    "samplingMethod": "Sampling",
    "locations": "Site",
    "centralContacts": "Contact",
    "overallOfficials": "Responsible person",
    "secondaryIdInfos": "Other number",
    "seeAlsoLinks": "Link",
    "references": "Reference",
    "ipdSharing": "Plan to share data",
}
_NAMES = (
    "label",
    "measure",
    "title",
    "facility",
    "name",
    "citation",
    "term",
    "id",
    "url",
    "pmid",
    "filename",
)
_CODE = re.compile(r"[A-Z]{3,}[A-Z0-9_]*|NA|ALL")
_CODED = re.compile(
    r"(?:status|type|phases|allocation|model|purpose|masking|whomasked|timeperspective|sex|stdages|class|ipdsharing"
    r"|samplingmethod|infotypes|role)$",
    re.IGNORECASE,
)
_MOST_OF_A_MODULE = 60
_LEAST_ALIKE = 0.6
_LONGEST_NUMBER = 300


def field_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], effort: Effort, done: frozenset[str]
) -> Iterator[Change]:
    """Changes of all fields of two documents but those whose path is in `done`, in the order of the record."""
    protocol_old, protocol_new = (_mapping(one.get("protocolSection")) for one in (old, new))
    names = list(dict.fromkeys((*SECTIONS, *protocol_old, *protocol_new)))
    for name in names:
        section = SECTIONS.get(name, _words(name.removesuffix("Module")))
        yield from _capped(
            _value(
                protocol_old.get(name),
                protocol_new.get(name),
                At(section, "", f"{name}"),
                effort,
                done,
            ),
            section,
        )
    for key in dict.fromkeys((*old, *new)):
        if key not in ("protocolSection", "derivedSection", "hasResults", "resultsSection"):
            section = DOCUMENTS if key == "documentSection" else _OTHER
            yield from _capped(
                _value(old.get(key), new.get(key), At(section, "", key), effort, done), section
            )
    yield from _results(_mapping(old.get("resultsSection")), _mapping(new.get("resultsSection")), effort)


def _results(old: Mapping[str, Any], new: Mapping[str, Any], effort: Effort) -> Iterator[Change]:
    if bool(old) != bool(new):
        kind = ChangeKind.ADDED if new else ChangeKind.REMOVED
        parts = ", ".join(_words(name.removesuffix("Module")) for name in (new or old))
        texts = ("", parts) if new else (parts, "")
        yield Change(RESULTS, "Results", kind, *texts, place="resultsSection")
        return
    for name in dict.fromkeys((*old, *new)):
        at = At(RESULTS, _words(name.removesuffix("Module")), f"resultsSection.{name}")
        yield from _capped(_value(old.get(name), new.get(name), at, effort, frozenset()), RESULTS)


def _capped(changes: Iterator[Change], section: str) -> Iterator[Change]:
    """As many changes of one part as somebody reads, and how many more there are."""
    more = 0
    for number, change in enumerate(changes):
        if number < _MOST_OF_A_MODULE:
            yield change
        else:
            more += 1
    if more:
        yield Change(
            section, f"{more:,} further changes", ChangeKind.CHANGED, note="compare the documents themselves"
        )


class At:
    """A place in both documents: the section, the name so far, and the path."""

    __slots__ = ("label", "path", "section")

    def __init__(self, section: str, label: str, path: str) -> None:
        self.section, self.label, self.path = section, label, path

    def inside(self, key: str) -> At:
        """The place of a key of the object that stands here."""
        inner = self.path.split(".", 1)[1] if "." in self.path else ""
        whole = f"{inner}.{key}" if inner else key
        name = _LABELS.get(whole) or _LABELS.get(key) or _words(key)
        if whole in _LABELS or not self.label:
            label = name if whole in _LABELS and "[" not in inner else f"{self.label}: {name}".lstrip(": ")
        else:
            label = f"{self.label}: {name}"
        return At(self.section, label, f"{self.path}.{key}")

    def entry(self, name: str, order: int) -> At:
        """The place of an entry of the list that stands here."""
        said = quoted(name) if name else str(order + 1)
        return At(self.section, f"{self.label} {said}", f"{self.path}[{order}]")


def _value(old: Any, new: Any, at: At, effort: Effort, done: frozenset[str]) -> Iterator[Change]:
    if at.path in done or old == new:
        return
    if isinstance(old, Mapping | None) and isinstance(new, Mapping | None):
        left, right = _mapping(old), _mapping(new)
        for key in dict.fromkeys((*left, *right)):
            yield from _value(left.get(key), right.get(key), at.inside(str(key)[:80]), effort, done)
    elif _is_list(old) and _is_list(new):
        yield from _lists(tuple(old or ()), tuple(new or ()), at, effort, done)
    else:
        yield text_change(at, shown(old, at.path), shown(new, at.path), effort)


def _lists(
    old: Sequence[Any], new: Sequence[Any], at: At, effort: Effort, done: frozenset[str]
) -> Iterator[Change]:
    """Entries added, removed and changed; another order is no change."""
    left, right = ([weighed(_flat(part)) for part in parts] for parts in (old, new))
    pairs = pair(old, new, (_flat, name_of), lambda a, b: likeness(left[a], right[b]), _LEAST_ALIKE)
    partner = {b: a for a, b in pairs}
    for order, part in enumerate(new):
        place = f"{at.path}[{order}]"
        if order not in partner:
            yield Change(at.section, at.label, ChangeKind.ADDED, new=_listed(part, at.path), place=place)
            continue
        before = old[partner[order]]
        if isinstance(part, Mapping) and isinstance(before, Mapping):
            yield from _value(before, part, at.entry(name_of(part), order), effort, done)
        elif before != part:
            yield text_change(at, shown(before, at.path), shown(part, at.path), effort, place=place)
    for order in sorted(set(range(len(old))) - set(partner.values())):
        text = _listed(old[order], at.path)
        yield Change(at.section, at.label, ChangeKind.REMOVED, old=text, place=f"{at.path}[{order}]")


def text_change(at: At, old: str, new: str, effort: Effort, *, place: str = "") -> Change:
    """A field's change: texts with their words compared, codes and dates whole."""
    place = place or at.path
    if not old or not new:
        kind = ChangeKind.REMOVED if old else ChangeKind.ADDED
        return Change(at.section, at.label, kind, old, new, place=place)
    sentence = " " in old.strip() or " " in new.strip()
    return Change(
        at.section,
        at.label,
        ChangeKind.CHANGED,
        old,
        new,
        word_difference(old, new, effort) if sentence else (),
        place,
        wording=same_meaning(old, new),
    )


def shown(value: Any, path: str) -> str:
    """A value of the document as a reader sees it: codes and yes/no in words, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        key = path.rsplit(".", 1)[-1].split("[", 1)[0]
        return code_words(value) if _CODED.search(key) and _CODE.fullmatch(value) else value
    if isinstance(value, Mapping):
        return _listed(value, path)
    if isinstance(value, tuple | list):
        return ", ".join(shown(part, path) for part in value)
    return str(value)[:_LONGEST_NUMBER]


def code_words(code: str) -> str:
    """A registry code in words: `NOT_YET_RECRUITING` is "Not yet recruiting"."""
    if code == "NA":
        return "Not applicable"
    return re.sub(r"(?<=[a-z])(?=\d)", " ", code.replace("_", " ").lower()).capitalize()


def name_of(value: Any) -> str:
    """What an entry of a list is called; empty where it has no name."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        found = (value.get(key) for key in _NAMES)
        return next((text for text in found if isinstance(text, str) and text), "")
    return ""


def _listed(value: Any, path: str) -> str:
    """An entry with everything that is said about it, name first."""
    if not isinstance(value, Mapping):
        return shown(value, path)
    name = name_of(value)
    rest = [
        f"{_LABELS.get(key) or _words(key)}: {text}"
        for key, part in value.items()
        if not (isinstance(part, str) and part == name) and (text := shown(part, f"{path}.{key}"))
    ]
    if not rest:
        return name
    return f"{name} ({'; '.join(rest)})" if name else "; ".join(rest)


def _flat(value: Any) -> str:
    """All texts of a value in one line, to find the same entry in another list."""
    parts: list[str] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting.extend(one.values())
        elif isinstance(one, tuple | list):
            waiting.extend(one)
        elif one is not None:
            parts.append(str(one) if not isinstance(one, int) else str(one)[:_LONGEST_NUMBER])
    return " ".join(reversed(parts))


def _words(key: str) -> str:
    """A document's key in words: `seeAlsoLinks` is "See also links"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", key.removesuffix("Struct")[:80])
    return (spaced[:1].upper() + spaced[1:].lower()) if spaced else ""


def quoted(text: str, most: int = 90) -> str:
    """A text in quotation marks, shortened to be read within a line."""
    one = " ".join(text[: 4 * most].split())
    if not one:
        return "nothing"
    return f"“{one if len(one) <= most else one[: most - 1].rstrip() + '…'}”"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, tuple | list)
