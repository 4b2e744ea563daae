"""A registry desk to try things at: made-up records with versions, a store of them, and a client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trialrun.app.desk import Desk
from trialrun.registry.store import RegistryStore, open_registry
from web_kit import one_event_loop

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "nct05871463" / "record.json"
CONDITIONS = ("Asthma", "Type 2 Diabetes", "Liver Cirrhosis", "Lung Cancer")
PRODUCTS = ("Metformin", "Placebo", "Exercise", "Pembrolizumab", "Vitamin D")
COUNTRIES = ("France", "Iran", "Germany", "United States", "Côte d'Ivoire", "Japan", "Chile", "Kenya", "India", "Peru", "Korea, Republic of")  # fmt: skip
STATUSES = ("RECRUITING", "COMPLETED", "NOT_YET_RECRUITING", "TERMINATED", "UNKNOWN")
PHASES = (("PHASE1",), ("PHASE2",), ("PHASE2", "PHASE3"), ("NA",), ())


def made_up(number: int, **changed: Any) -> dict[str, Any]:
    """A record: the same number gives the same one. `changed` replaces modules."""
    one = number % len(CONDITIONS)
    low, high = (18, 75) if number % 3 else (6, 17)
    modules: dict[str, Any] = {
        "identificationModule": {
            "nctId": f"NCT{number:08}",
            "briefTitle": f"{PRODUCTS[number % 5]} in {CONDITIONS[one]}, Study {number}",
            "officialTitle": f"A Made-Up Study of {PRODUCTS[number % 5]} in People With {CONDITIONS[one]}",
        },
        "statusModule": {
            "overallStatus": STATUSES[number % 5],
            "startDateStruct": {"date": f"{2012 + number % 12}-0{1 + number % 9}-15", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": f"{2014 + number % 12}-06", "type": "ACTUAL"},
            "lastUpdateSubmitDate": f"{2016 + number % 10}-03-{1 + number % 28:02}",
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": f"University {number % 7}"}},
        "descriptionModule": {
            "briefSummary": f"Whether {PRODUCTS[number % 5]} helps.\n\nA second paragraph."
        },
        "conditionsModule": {"conditions": [CONDITIONS[one]]},
        "designModule": {
            "studyType": "OBSERVATIONAL" if number % 6 == 5 else "INTERVENTIONAL",
            "phases": list(PHASES[number % 5]),
            "designInfo": {
                "allocation": "RANDOMIZED",
                "interventionModel": "PARALLEL",
                "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "INVESTIGATOR"]},
            },
            "enrollmentInfo": {"count": 10 + number, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {
                    "label": "A",
                    "type": "EXPERIMENTAL",
                    "interventionNames": [f"Drug: {PRODUCTS[number % 5]}"],
                },
                {"label": "B", "type": "PLACEBO_COMPARATOR"},
            ],
            "interventions": [{"type": "DRUG", "name": PRODUCTS[number % 5]}],
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": "HbA1c", "timeFrame": "Baseline, 3 and 6 months"}],
        },
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n* Age 18 or older\n* Able to consent\n\nExclusion Criteria:\n* Pregnancy",
            "sex": ("ALL", "FEMALE", "MALE")[number % 3],
            "minimumAge": f"{low} Years",
            "maximumAge": f"{high} Years",
        },
        "contactsLocationsModule": {
            "locations": [
                {"facility": "Hospital", "city": "Town", "country": COUNTRIES[number % 11]},
                {"facility": "Clinic", "city": "Village", "country": COUNTRIES[(number * 3) % 11]},
            ]
        },
    }
    return {"protocolSection": {**modules, **changed}, "hasResults": number % 4 == 0}


def second_version(number: int) -> dict[str, Any]:
    """The same record, updated late: another primary outcome, and half the people."""
    first = made_up(number)["protocolSection"]
    return made_up(
        number,
        statusModule={**first["statusModule"], "lastUpdateSubmitDate": "2026-10-01"},
        outcomesModule={"primaryOutcomes": [{"measure": "Quality of life", "timeFrame": "12 months"}]},
        designModule={**first["designModule"], "enrollmentInfo": {"count": 5, "type": "ACTUAL"}},
    )


def hostile() -> dict[str, Any]:
    """A record that tries to be more than text."""
    nasty = '<script>alert(1)</script>"\'&{{ 7*7 }}\u202e=HYPERLINK("x")'
    return made_up(
        66_666_666,
        identificationModule={
            "nctId": "NCT66666666",
            "briefTitle": f"=cmd|'x'!A1 {nasty}",
            "officialTitle": "y" * 3000,
        },
        conditionsModule={"conditions": [nasty, "w" * 900]},
        sponsorCollaboratorsModule={"leadSponsor": {"name": nasty}},
        contactsLocationsModule={
            "centralContacts": [{"name": nasty, "phone": "javascript:alert(1)", "email": '"><img src=x>'}, 7],
            "overallOfficials": "nobody",
            "locations": [{"facility": nasty, "country": "<b>Land</b>"}, None],
        },
        eligibilityModule={
            "eligibilityCriteria": "Inclusion:\n" + "\n".join(" " * n + "* " + nasty for n in range(300))
        },
    )


def stored(folder: Path, documents: Iterable[Mapping[str, Any]]) -> RegistryStore:
    """A new store of these records; of one trial the version with the later date is the later one."""
    store = open_registry(folder / "records.sqlite")
    paths: list[Path] = []
    for number, document in enumerate(documents):
        paths.append(folder / f"{number:04}.json")
        paths[-1].write_text(json.dumps(document), encoding="utf-8")
    if paths:
        store.import_files(paths, now=NOW)
    return store


def some_records(count: int = 30) -> list[dict[str, Any]]:
    """Made-up records, one with a second version."""
    return [*(made_up(number) for number in range(1, count + 1)), second_version(1)]


class DeskClient:
    """A browser at a desk; it sends the token against forgery by itself and does not follow redirects."""

    def __init__(self, desk: Desk, host: str = "127.0.0.1") -> None:
        from litestar.testing import TestClient

        from trialrun.web.desk.application import create_desk

        self.inner = TestClient(create_desk(desk, rate_limit=10**7), base_url=f"http://{host}")
        self.inner.blocking_portal = one_event_loop()

    def get(self, path: str, **more: Any) -> Any:
        return self.inner.get(path, follow_redirects=False, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        if "csrf" not in self.inner.cookies:
            self.inner.get("/trials/none")  # a page that is not read-only gives the token, found or not
        headers = {"x-csrftoken": self.inner.cookies.get("csrf", ""), **more.pop("headers", {})}
        return self.inner.post(path, data=data, headers=headers, follow_redirects=False, **more)


def desk_of(store: RegistryStore | None, drafts: Path | None = None, *, local: bool = True) -> Desk:
    """A desk at a fixed time."""
    return Desk(store, drafts, local, lambda: NOW)
