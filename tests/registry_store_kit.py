"""Small records for tests of the store, and what a search of them must find, worked out the slow way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from trialrun.registry.store.model import Search

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 1)
# words no stemmer changes or joins, so that the slow search needs none
WORDS = "zorp quib flam drux yond keff mulb tarn wisk bron".split()  # noqa: SIM905
STATUSES = ("COMPLETED", "RECRUITING", "TERMINATED", "UNKNOWN")
PHASES = ((), ("NA",), ("PHASE1",), ("PHASE1", "PHASE2"), ("PHASE2",), ("PHASE3",))
COUNTRIES = ("Iran", "United States", "Türkiye", "France")
FACETS = {"status": "statuses", "phase": "phases", "study_type": "study_types", "country": "countries"}


def study(registry_id: str = "NCT00000001", title: str = "A title", **parts: Any) -> dict[str, Any]:
    """A v2 document; `parts` are given by their short names."""
    protocol: dict[str, Any] = {
        "identificationModule": {"nctId": registry_id, "briefTitle": title},
        "statusModule": {
            "overallStatus": parts.get("status", "COMPLETED"),
            "startDateStruct": {"date": parts.get("started", "2020-01")},
            "primaryCompletionDateStruct": {"date": parts.get("ended", "2022-05-01"), "type": "ACTUAL"},
            "lastUpdatePostDateStruct": {"date": parts.get("updated", "2023-01-01"), "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": parts.get("sponsor", "Sponsor")}},
        "descriptionModule": {"briefSummary": parts.get("summary", "")},
        "conditionsModule": {"conditions": list(parts.get("conditions", ()))},
        "designModule": {"studyType": parts.get("study_type", "INTERVENTIONAL")},
        "armsInterventionsModule": {
            "interventions": [{"type": "DRUG", "name": name} for name in parts.get("interventions", ())]
        },
        "eligibilityModule": {"eligibilityCriteria": parts.get("criteria", "")},
        "contactsLocationsModule": {"locations": [{"country": name} for name in parts.get("countries", ())]},
    }
    if parts.get("phases"):
        protocol["designModule"]["phases"] = list(parts["phases"])
    for key, name in (("sex", "sex"), ("youngest", "minimumAge"), ("oldest", "maximumAge")):
        if parts.get(key):
            protocol["eligibilityModule"][name] = parts[key]
    return {"protocolSection": protocol, "hasResults": parts.get("results", False)}


def studies(count: int, seed: int = 5) -> list[dict[str, Any]]:
    """Records that differ in everything a search asks."""
    draw = random.Random(seed)

    def words(most: int) -> str:
        return " ".join(draw.choices(WORDS, k=draw.randrange(most + 1)))

    return [
        study(
            f"NCT{number:08d}",
            f"Trial {words(2)}",
            status=draw.choice(STATUSES),
            started=draw.choice(("", "2019", "2021-04", "2022-02-03")),
            ended=draw.choice(("2018-01-01", "2025-02-28", "2027-01-01", "")),
            updated=f"20{draw.randrange(10, 26)}-0{draw.randrange(1, 10)}-11",
            sponsor=f"Sponsor {words(1)}",
            summary=words(4),
            conditions=[words(2) or "none"],
            interventions=[words(1) or "none"],
            criteria=words(5),
            study_type=draw.choice(("INTERVENTIONAL", "OBSERVATIONAL", "")),
            countries=draw.choices(COUNTRIES, k=draw.randrange(4)),
            phases=draw.choice(PHASES),
            sex=draw.choice(("ALL", "FEMALE", "MALE", "")),
            youngest=draw.choice(("", "18 Years", "6 Months", "65 Years")),
            oldest=draw.choice(("", "17 Years", "65 Years", "90 Years")),
            results=draw.random() < 0.3,
        )
        for number in range(1, count + 1)
    ]


def searches(count: int, seed: int = 9) -> list[Search]:
    """Questions of every kind."""
    draw = random.Random(seed)

    def some(values: Any) -> tuple[str, ...]:
        return tuple(draw.sample(values, draw.randrange(3))) if draw.random() < 0.4 else ()

    def maybe(value: Any, likely: float = 0.3) -> Any:
        return value if draw.random() < likely else None

    return [
        Search(
            words=" ".join(
                draw.choice(("", "", "-")) + word for word in draw.choices(WORDS, k=draw.randrange(3))
            ),
            condition=maybe(draw.choice(WORDS)) or "",
            intervention=maybe(draw.choice(WORDS), 0.1) or "",
            sponsor=maybe(draw.choice(WORDS), 0.1) or "",
            phases=some(("NA", "PHASE1", "PHASE2", "PHASE9")),
            statuses=some(STATUSES),
            study_types=some(("INTERVENTIONAL", "OBSERVATIONAL")),
            countries=some(COUNTRIES),
            age=maybe(draw.choice((0, 17, 18, 65, 66, 89))),
            sex=maybe(draw.choice(("FEMALE", "MALE"))) or "",
            results=maybe(draw.random() < 0.5),
            overdue=maybe(draw.random() < 0.5, 0.15),
            size=1000,
        )
        for _ in range(count)
    ]


def admits(document: dict[str, Any], search: Search) -> bool:
    """Whether a record answers a question, read off the document alone."""
    protocol = document["protocolSection"]
    parts = {
        "condition": " ".join(protocol["conditionsModule"]["conditions"]),
        "intervention": " ".join(
            part["name"] for part in protocol["armsInterventionsModule"]["interventions"]
        ),
        "sponsor": protocol["sponsorCollaboratorsModule"]["leadSponsor"]["name"],
    }
    everything = [
        *parts.values(),
        protocol["identificationModule"]["briefTitle"],
        protocol["descriptionModule"]["briefSummary"],
        protocol["eligibilityModule"]["eligibilityCriteria"],
    ]
    held = set(" ".join(everything).split())
    for word in search.words.split():
        if (word.removeprefix("-") in held) == word.startswith("-"):
            return False
    if any(word not in parts[name].split() for name in parts for word in getattr(search, name).split()):
        return False
    return _by_values(document, search) and _by_person(protocol["eligibilityModule"], search)


def _by_values(document: dict[str, Any], search: Search) -> bool:
    from trialrun.registry.overdue import overdue
    from trialrun.registry.record import Record

    protocol = document["protocolSection"]
    design, places = protocol["designModule"], protocol["contactsLocationsModule"]["locations"]
    asked = (
        (search.statuses, {protocol["statusModule"]["overallStatus"]}),
        (search.phases, set(design.get("phases", ()))),
        (search.study_types, {design["studyType"]}),
        (search.countries, {place["country"] for place in places}),
    )
    if any(wanted and not set(wanted) & has for wanted, has in asked):
        return False
    if search.results is not None and document["hasResults"] != search.results:
        return False
    return search.overdue is None or (overdue(Record(document), TODAY) is not None) == search.overdue


def _by_person(who: dict[str, Any], search: Search) -> bool:
    if search.sex and who.get("sex", "") not in ("", "ALL", search.sex):
        return False
    if search.age is None:
        return True
    youngest, oldest = who.get("minimumAge", "0 Years"), who.get("maximumAge", "999 Years")
    low = int(youngest.split()[0]) / (12 if "Month" in youngest else 1)
    return low <= search.age < int(oldest.split()[0]) + 1


def without(search: Search, facet: str) -> Search:
    """The question with a facet's own choice taken out."""
    if facet in FACETS:
        return replace(search, **{FACETS[facet]: ()})
    return replace(search, sex="") if facet == "sex" else replace(search, results=None)


def choosing(search: Search, facet: str, value: str) -> Search:
    """The question with one value of a facet chosen alone."""
    if facet in FACETS:
        return replace(search, **{FACETS[facet]: (value,)})
    return replace(search, sex=value) if facet == "sex" else replace(search, results=value == "yes")
