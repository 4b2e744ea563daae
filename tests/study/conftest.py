"""A small study in text, to be bent in tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trialrun.study.load import load_study, read_study
from trialrun.study.model import Study
from trialrun.values.finding import Finding

SMALL = """\
study: {id: small, registry_id: NCT00000000, title: A small study, sponsor: Somebody, target: 2}
items:
  screening_date: {label: Day of screening, type: date}
  birth_date: {label: Birth date, type: date, partial: true}
  sex: {label: Sex, type: choice, choices: {M: Male, F: Female}}
  bilirubin: {label: Bilirubin, type: number, unit: mg/dL, units: [mg/dL, umol/L], analyte: bilirubin,
              hard: [0.05, 80], query: [0.2, 40], codings: ["LOINC:1975-2"]}
  dose_given: {label: Dose, type: number, unit: mg, codings: ["LOINC:26436-6"], note: The dose.}
forms:
  screening_form: {title: Screening form, items: [screening_date, birth_date, sex]}
  laboratory: {title: Laboratory, items: [bilirubin]}
  infusion: {title: Infusion, items: [dose_given]}
visits:
  screening: {title: Screening, kind: screening, anchor: screening, offset: P0D, forms: [screening_form, laboratory]}
  dose_1: {title: Dose, kind: dose, anchor: first_dose, offset: P0D, forms: [infusion]}
  month_2: {title: Month 2, kind: follow_up, anchor: first_dose, offset: P2M, window_before: 14, window_after: 14,
            forms: [laboratory]}
derived:
  age: {label: Age, expression: "YEARS_BETWEEN(birth_date, screening_date)"}
criteria:
  I1: {kind: inclusion, bullet: 1, text: Adults., expression: age >= 18}
  E1: {kind: exclusion, bullet: 1, text: Jaundice., expression: bilirubin > 5}
  E2: {kind: exclusion, bullet: 2, text: Men., expression: sex = 'M'}
arms:
  one: {title: One, description: Everybody, record: Everybody gets it}
dose_plans:
  - {arm: one, product: Something, route: oral, unit: mg, total: 10, within_days: 1,
     doses: [{visit: dose_1, amount: 10}]}
endpoints:
  bilirubin_month_2:
    role: primary
    order: 1
    title: Bilirubin
    time_frame: 2 months
    description: Blood test
    variable: bilirubin
    visits: [month_2]
    baseline_visits: [screening]
    domain: {value: Liver, stated: true}
    measure: {value: Bilirubin, stated: true}
    metric: {value: Change, stated: false, assumption: metric}
    aggregation: {value: Mean, stated: false, assumption: metric}
    time: {value: 2 months, stated: true}
assumptions:
  metric: {about: No metric., default: Mean change., reason: Usual., confirm_by: Somebody}
"""

RECORD: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT00000000", "briefTitle": "A small study"},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Somebody"}},
        "designModule": {"enrollmentInfo": {"count": 2}},
        "armsInterventionsModule": {"armGroups": [{"label": "One", "description": "Everybody gets it"}]},
        "outcomesModule": {
            "primaryOutcomes": [
                {"measure": "Bilirubin", "timeFrame": "2 months", "description": "Blood test"}
            ]
        },
        "eligibilityModule": {
            "sex": "ALL",
            "minimumAge": "18 Years",
            "eligibilityCriteria": "Inclusion Criteria:\n\n* Adults.\n\nExclusion Criteria:\n\n* Jaundice.\n* Men.",
        },
    }
}


class Bench:
    """Writes the small study with changes and reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "consent").mkdir()
        (folder / "consent" / "en-1.md").write_text("I agree.\n", encoding="utf-8")
        self.record: dict[str, Any] = json.loads(json.dumps(RECORD))

    def write(self, *changes: tuple[str, str], text: str = SMALL) -> Path:
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "study.yaml").write_text(text, encoding="utf-8")
        (self.folder / "record.json").write_text(json.dumps(self.record), encoding="utf-8")
        return self.folder

    def load(self, *changes: tuple[str, str]) -> Study:
        return load_study(self.write(*changes))

    def findings(self, *changes: tuple[str, str]) -> list[Finding]:
        return read_study(self.write(*changes))[1]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def example(root: Path) -> Study:
    return load_study(root / "examples" / "nct05871463")
