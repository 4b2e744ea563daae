"""Read a saved MedPath-style registry page (text or HTML) into a record.

The layout's labels and values run together and its tables lose their cells, so every line is
accounted for: it becomes part of the record, or a finding quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trialrun.registry.page_countries import flag_code, split_place
from trialrun.registry.page_lines import Page, PageLine
from trialrun.registry.page_rows import full_name, read_arms, read_outcomes
from trialrun.values.finding import Finding, Severity

SITE = "MedPath"
_SECTIONS = (
    "Conditions", "Interventions", "Registration Number", "Lead Sponsor", "Collaborators", "First Posted Date",
    "Start Date", "Primary Completion Date", "Completion Date", "Last Updated", "Brief Summary", "Detailed Description",
    "Recruitment & Eligibility", "Status", "Sex", "Target Recruitment", "Inclusion Criteria", "Exclusion Criteria",
    "Study & Design", "Study Type", "Study Design", "Arm && Interventions", "Primary Outcome Measures",
    "Secondary Outcome Measures", "Other Outcome Measures", "Trial Locations",
)  # fmt: skip
_PROSE = {
    "Brief Summary": frozenset({"Detailed Description", "Recruitment & Eligibility", "Study & Design"}),
    "Detailed Description": frozenset({"Recruitment & Eligibility", "Study & Design"}),
    "Inclusion Criteria": frozenset({"Exclusion Criteria", "Study & Design"}),
    "Exclusion Criteria": frozenset({"Study & Design"}),
}
_TABLES = frozenset(
    {
        "Arm && Interventions",
        "Primary Outcome Measures",
        "Secondary Outcome Measures",
        "Other Outcome Measures",
        "Trial Locations",
    }
)
_ONE_VALUE = (
    frozenset(_SECTIONS) - frozenset(_PROSE) - _TABLES - {"Recruitment & Eligibility", "Study & Design"}
)
_HEADERS = frozenset({"nametimemethod", "groupinterventiondescription"})
_COPYRIGHT = re.compile(r"©|\(c\) copyright|^copyright\b", re.IGNORECASE)
_PHASE = re.compile(
    r"(?:early )?phase ?(?:[1-4]|i{1,3}|iv)(?:[a-c])?(?: ?[/-] ?(?:phase ?)?(?:[1-4]|i{1,3}|iv)(?:[a-c])?)?|not applicable|n/?a",
    re.IGNORECASE,
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_STATUSES = frozenset(
    [
        "ACTIVE_NOT_RECRUITING",
        "COMPLETED",
        "ENROLLING_BY_INVITATION",
        "NOT_YET_RECRUITING",
        "RECRUITING",
        "SUSPENDED",
        "TERMINATED",
        "WITHDRAWN",
        "AVAILABLE",
        "NO_LONGER_AVAILABLE",
        "TEMPORARILY_NOT_AVAILABLE",
        "APPROVED_FOR_MARKETING",
        "WITHHELD",
        "UNKNOWN",
    ]
)
_INTERVENTIONAL = frozenset({"SINGLE_GROUP", "PARALLEL", "CROSSOVER", "FACTORIAL", "SEQUENTIAL"})
_OBSERVATIONAL = frozenset(
    [
        "COHORT",
        "CASE_CONTROL",
        "CASE_ONLY",
        "CASE_CROSSOVER",
        "ECOLOGIC_OR_COMMUNITY",
        "FAMILY_BASED",
        "DEFINED_POPULATION",
        "NATURAL_HISTORY",
    ]
)
Sections = dict[str, list[int]]


def looks_like_page(page: Page) -> bool:
    """Whether enough of the layout's headings stand on the page to read it."""
    return len({label for line in page.lines for label in (_label_of(line, ""),) if label}) >= 5


def read_page(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """The page as a v2 document and what it says about itself; findings are added to the page."""
    sections, values = _sections(page)
    provenance: dict[str, Any] = {"source": "", "copied": "", "notice": "", "page_only": {}}
    _footer(page, provenance)
    head = _head(page, sections.pop("", []))
    interventions = _interventions(page, sections.get("Interventions", []))
    arms = read_arms(page, sections.get("Arm && Interventions", []), interventions)
    for part in interventions:
        labels = [arm["label"] for arm in arms if full_name(part) in arm.get("interventionNames", [])]
        if labels:
            part["armGroupLabels"] = labels
    protocol = {
        "identificationModule": {"nctId": values("Registration Number"), "briefTitle": head.get("title", "")},
        "statusModule": _status(page, head, values),
        "sponsorCollaboratorsModule": {
            "leadSponsor": {"name": values("Lead Sponsor")},
            "collaborators": [{"name": name} for name in _texts(page, sections.get("Collaborators", []))],
        },
        "descriptionModule": {
            "briefSummary": "\n\n".join(_texts(page, sections.get("Brief Summary", []))),
            "detailedDescription": "\n\n".join(_texts(page, sections.get("Detailed Description", []))),
        },
        "conditionsModule": {"conditions": _texts(page, sections.get("Conditions", []))},
        "designModule": _design(page, head, sections, values),
        "armsInterventionsModule": {"armGroups": arms, "interventions": interventions},
        "outcomesModule": {
            f"{kind.lower()}Outcomes": read_outcomes(page, sections.get(f"{kind} Outcome Measures", []))
            for kind in ("Primary", "Secondary", "Other")
        },
        "eligibilityModule": {
            "eligibilityCriteria": _criteria(page, sections),
            "sex": _coded(page, sections.get("Sex", []), values("Sex"), frozenset({"ALL", "FEMALE", "MALE"})),
        },
        "contactsLocationsModule": {
            "locations": _locations(page, sections.get("Trial Locations", []), provenance)
        },
    }
    page.report_unaccounted()
    return {"protocolSection": _without_empty(protocol)}, provenance


def _sections(page: Page) -> tuple[Sections, Callable[[str], str]]:
    """Line numbers by heading, and a look-up for headings with one value."""
    sections: Sections = {"": []}
    glued: dict[str, str] = {}
    current, rank = "", -1
    for index, line in enumerate(page.lines):
        label = _label_of(line, current)
        if label and _SECTIONS.index(label) > rank and label not in sections:
            current, rank = label, _SECTIONS.index(label)
            sections[label] = []
            page.use(index)
            value = line.cells[1] if len(line.cells) == 2 else line.text[len(label) :].strip(" :")
            if value:
                glued[label] = value
            continue
        if _COPYRIGHT.search(line.text[:40]):
            continue
        if current in _TABLES and re.sub(r"\W", "", line.text).lower() in _HEADERS:
            page.use(index)
            continue
        sections[current].append(index)
    for label, value in glued.items():
        _insert(page, sections, label, value)

    def value_of(label: str) -> str:
        indexes = sections.get(label, [])
        if not indexes:
            return ""
        page.use(indexes[0])
        return page.lines[indexes[0]].text

    return sections, value_of


def _insert(page: Page, sections: Sections, label: str, value: str) -> None:
    """Give a value that stood on its heading's own line a line of its own."""
    number = max((line.number for line in page.lines), default=0) + 1
    page.lines = (*page.lines, PageLine(number, value))
    sections[label].insert(0, len(page.lines) - 1)


def _label_of(line: PageLine, current: str) -> str:
    """The heading a line is, or begins with where heading and value run together; else nothing."""
    text = line.cells[0] if len(line.cells) == 2 else line.text
    bare = text.rstrip(" :")
    if bare in _SECTIONS:
        return bare if current not in _PROSE or bare in _PROSE[current] else ""
    if current in _PROSE or len(text) > 300:
        return ""
    for label in sorted(_ONE_VALUE, key=len, reverse=True):
        rest = text[len(label) :]
        if text.startswith(label) and (rest[:1].isupper() or rest[:1].isdigit() or rest[:1] in ":\t"):
            return label
    return ""


def _texts(page: Page, indexes: list[int]) -> list[str]:
    page.use(*indexes)
    return [page.lines[index].text for index in indexes]


def _head(page: Page, indexes: list[int]) -> dict[str, str]:
    """Site, title, phase and status: the lines before the first heading."""
    head: dict[str, str] = {}
    phase = next((i for i in indexes if _PHASE.fullmatch(page.lines[i].text)), None)
    status = next((i for i in indexes if _code(page.lines[i].text) in _STATUSES), None)
    below = min((i for i in (phase, status) if i is not None), default=None)
    above = [i for i in indexes if (below is None or i < below) and page.lines[i].text != SITE]
    if above:
        head["title"] = page.lines[above[-1]].text
        page.use(above[-1])
    for name, index in (("phase", phase), ("status", status)):
        if index is not None:
            head[name] = page.lines[index].text
            page.use(index)
    for index in indexes:
        if page.lines[index].text == SITE:
            page.use(index)
    return head


def _code(text: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", text.strip().upper()).strip("_")


def _coded(page: Page, indexes: list[int], text: str, allowed: frozenset[str]) -> str:
    """A text as a code of the v2 shape; what is no code is kept as it stands, with a finding."""
    code = _code(text)
    if not text or code in allowed:
        return code
    page.say(
        Severity.WARNING,
        "not-a-registry-code",
        f"{text!r} is none of {', '.join(sorted(allowed))}; it is kept as written",
        indexes[0],
        "replace it in record.json by the code that is meant",
    )
    return text


def _status(page: Page, head: Mapping[str, str], values: Callable[[str], str]) -> dict[str, Any]:
    stated, shown = values("Status"), head.get("status", "")
    if stated and shown and _code(stated) != _code(shown):
        page.findings.append(
            Finding(
                Severity.WARNING,
                "status-contradicts-itself",
                f"the page's head says {shown!r}, its recruitment section {stated!r}; the latter is kept",
                "statusModule.overallStatus",
                "look the status up in the registry",
            )
        )
    module: dict[str, Any] = {"overallStatus": _code(stated or shown)}
    dates = {
        "startDateStruct": "Start Date",
        "primaryCompletionDateStruct": "Primary Completion Date",
        "completionDateStruct": "Completion Date",
        "studyFirstPostDateStruct": "First Posted Date",
        "lastUpdatePostDateStruct": "Last Updated",
    }
    for key, label in dates.items():
        text = values(label)
        if text:
            module[key] = {"date": text}
    return module


def _phases(text: str) -> list[str]:
    if not text:
        return []
    if "phase" not in text.lower():
        return ["NA"]
    prefix = "EARLY_" if text.lower().startswith("early") else ""
    numbers = re.findall(r"[1-4]|i{1,3}v?|iv", re.sub(r"early|phase", "", text.lower()))
    return [f"{prefix}PHASE{_ROMAN.get(number, number)}" for number in numbers]


def _design(
    page: Page, head: Mapping[str, str], sections: Sections, values: Callable[[str], str]
) -> dict[str, Any]:
    kinds = frozenset({"INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS"})
    module: dict[str, Any] = {
        "studyType": _coded(page, sections.get("Study Type", []), values("Study Type"), kinds),
        "phases": _phases(head.get("phase", "")),
    }
    design = _coded(
        page, sections.get("Study Design", []), values("Study Design"), _INTERVENTIONAL | _OBSERVATIONAL
    )
    key = "observationalModel" if design in _OBSERVATIONAL else "interventionModel"
    module["designInfo"] = {key: design}
    count = values("Target Recruitment")
    if count.replace(",", "").isdigit() and count.isascii() and len(count) < 12:
        module["enrollmentInfo"] = {"count": int(count.replace(",", ""))}
    elif count:
        page.used.discard(sections["Target Recruitment"][0])
    return module


def _interventions(page: Page, indexes: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index in indexes:
        text = page.lines[index].text
        page.use(index)
        kind, separator, name = text.partition(": ")
        if separator and len(kind) <= 24:
            found.append({"type": _code(kind), "name": name.strip()})
        else:
            found.append({"name": text})
    return found


def _criteria(page: Page, sections: Sections) -> str:
    """Both lists of criteria as one Markdown text, the way the v2 shape holds them."""
    blocks: list[str] = []
    for heading in ("Inclusion Criteria", "Exclusion Criteria"):
        indexes = sections.get(heading, [])
        page.use(*indexes)
        if not indexes:
            continue
        steps = sorted({page.lines[i].indent for i in indexes if _bulleted(page.lines[i].text)})
        lines = [_criterion(page.lines[i], steps) for i in indexes]
        blocks.append(f"{heading}:\n\n" + "\n".join(lines))
    return "\n\n".join(blocks)


def _bulleted(text: str) -> bool:
    return text[:1] in "•◦▪·*" and len(text) > 1


def _criterion(line: PageLine, steps: list[int]) -> str:
    if not _bulleted(line.text):
        return line.text
    return "  " * steps.index(line.indent) + "* " + line.text[1:].strip()


def _locations(page: Page, indexes: list[int], provenance: dict[str, Any]) -> list[dict[str, str]]:
    """Sites as facility, flag, "city, country"; the number announced must be the number found."""
    found: list[dict[str, str]] = []
    names: list[str] = []
    flags: list[str] = []
    announced: int | None = None
    after_flag = False
    for index in indexes:
        line = page.lines[index]
        page.use(index)
        count = re.fullmatch(r"Locations \((\d{1,5})\)", line.text)
        if count:
            announced = int(count.group(1))
        elif flag_code(line.text):
            flags.append(flag_code(line.text))
            after_flag = True
        elif after_flag or (names and "," in line.text):
            city, state, country = split_place(line.text)
            parts = {"facility": " ".join(names), "city": city, "state": state, "country": country}
            found.append({key: value for key, value in parts.items() if value})
            names, after_flag = [], False
        else:
            names.append(line.text)
    if names and announced is not None and len(found) >= announced:
        page.used.difference_update(index for index in indexes if page.lines[index].text in names)
    elif names:
        found.append({"facility": " ".join(names)})
    if flags:
        provenance["page_only"]["locationFlags"] = flags
    if announced is not None and announced != len(found):
        page.findings.append(
            Finding(
                Severity.WARNING,
                "locations-not-all-shown",
                f"the page announces {announced} locations and shows {len(found)}",
                "contactsLocationsModule.locations",
                "open all locations before saving the page, or use the registry's JSON",
            )
        )
    return found


def _footer(page: Page, provenance: dict[str, Any]) -> None:
    for index, line in enumerate(page.lines):
        if index in page.used or not _COPYRIGHT.search(line.text[:40]):
            continue
        page.use(index)
        provenance["notice"] = f"{provenance['notice']}\n{line.text}".strip()
        year = re.search(r"\b(?:19|20)\d{2}\b", line.text)
        provenance["copied"] = year.group(0) if year else provenance["copied"]
    if any(SITE in line.text for line in page.lines[:3]) or SITE in provenance["notice"]:
        provenance["source"] = SITE


def _without_empty(value: Any) -> Any:
    """The document without empty texts and lists: the v2 shape leaves out what is not stated."""
    if isinstance(value, dict):
        parts = {key: _without_empty(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in ("", [], {}, None)}
    if isinstance(value, list):
        return [_without_empty(part) for part in value]
    return value
