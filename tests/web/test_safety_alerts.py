"""Laboratory alerts: raised against baseline, acknowledged for the values they rest on, raised again when these change."""

from __future__ import annotations

from datetime import date

import pytest

from safety_kit import correct, draw
from trialrun.app.alerts import acknowledge, alerts_of, all_alerts, open_alerts, thresholds_of
from trialrun.errors import UserError
from trialrun.ledger.commands import SetRanges
from trialrun.ledger.conduct import CommandRefusedError
from web_kit import Office

JUNE = date(2026, 6, 10)
# Screening: ALT 45, AST 60, bilirubin 2.6, INR 1.5, creatinine 0.9 (one draw).


def kinds(office: Office, key: str) -> list[str]:
    return [one.kind for one in alerts_of(office.workspace, key)]


@pytest.fixture
def key(office: Office) -> str:
    return office.dosed()


def test_values_as_before_raise_nothing(office: Office, key: str):
    draw(
        office,
        key,
        JUNE,
        alt="60",
        ast="70",
        bilirubin="2.8",
        inr="1.6",
        creatinine="0.9",
        sodium="136",
        albumin="3.0",
    )
    assert kinds(office, key) == []


@pytest.mark.parametrize(
    ("values", "raised"),
    [
        (
            {"alt": "135", "bilirubin": "5.2", "inr": "1.5"},
            ["liver_injury"],
        ),  # 3 x and 2 x, both ends included
        ({"alt": "134", "bilirubin": "5.2", "inr": "1.5"}, []),
        ({"alt": "135", "bilirubin": "5.1", "inr": "1.9"}, []),
        ({"alt": "135", "bilirubin": "2.6", "inr": "2.0"}, ["liver_injury"]),  # INR rise of 0.5
        ({"ast": "180", "bilirubin": "5.2", "inr": "1.5"}, ["liver_injury"]),
        ({"alt": "45", "bilirubin": "9.0", "inr": "1.5"}, []),  # bilirubin alone is no signal of this rule
        ({"alt": "135"}, ["liver_incomplete"]),  # neither partner measured: said, not taken as normal
    ],
)
def test_liver_injury_is_judged_against_baseline(
    office: Office, key: str, values: dict[str, str], raised: list[str]
):
    draw(office, key, JUNE, **values)
    assert [kind for kind in kinds(office, key) if kind.startswith("liver")] == raised


def test_a_fixed_value_counts_too(office: Office, key: str):
    correct(office, key, "screening", "laboratory", "alt", "140")
    draw(office, key, JUNE, alt="300", bilirubin="5.2", inr="1.5")  # 2.1 x baseline, 300 U/L
    (found,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    assert found.facts[0].times_baseline == pytest.approx(300 / 140)
    assert "single draw" in found.caveats[0]


def test_baseline_is_the_mean_of_all_draws_up_to_the_first_dose(office: Office, key: str):
    correct(office, key, "screening", "laboratory", "alt", "20")
    draw(office, key, date(2026, 5, 20), visit="baseline", alt="60", ast="60", bilirubin="2.6", inr="1.5")
    draw(office, key, JUNE, alt="119", bilirubin="5.2", inr="1.5")  # mean 40: 2.975 x
    assert "liver_injury" not in kinds(office, key)
    correct(office, key, "unscheduled", "laboratory", "alt", "120")
    assert "liver_injury" in kinds(office, key)


def test_a_rise_of_meld_by_five(office: Office, key: str):
    before = office.person(key).derived[("screening", "meld_na")].text
    draw(
        office,
        key,
        JUNE,
        alt="45",
        ast="60",
        bilirubin="5.0",
        inr="1.9",
        creatinine="1.4",
        sodium="130",
        albumin="3.0",
    )
    now = office.person(key).derived[("unscheduled", "meld_na")].text
    assert float(now) - float(before) >= 5
    assert "meld_rise" in kinds(office, key)


def test_kidney_injury_needs_a_known_time(office: Office, key: str):
    draw(office, key, date(2026, 6, 8), creatinine="0.9")
    draw(office, key, JUNE, visit="unscheduled#2", creatinine="1.4")  # 2 days, +0.5
    found = {one.visit: one for one in alerts_of(office.workspace, key)}
    assert found["unscheduled#2"].kind == "kidney_injury"
    assert found["unscheduled#2"].title == "Acute kidney injury, stage 1"


def test_a_slow_rise_is_said_to_be_of_unknown_timing(office: Office, key: str):
    draw(office, key, JUNE, creatinine="1.4")  # 32 days after screening
    assert kinds(office, key) == ["kidney_rise"]


def test_grade_three_only_when_worse_than_before(office: Office, key: str):
    draw(office, key, JUNE, platelets="40", albumin="2.9")
    (found,) = alerts_of(office.workspace, key)
    assert (found.kind, found.title, found.urgent) == ("ctcae", "Platelets: CTCAE grade 3", False)
    correct(office, key, "screening", "laboratory", "platelets", "45")
    assert alerts_of(office.workspace, key) == ()


def test_hys_law_of_normal_limits_is_silent_where_it_held_before(office: Office, key: str):
    limits = [
        ("alt", "U/L", "40"),
        ("ast", "U/L", "40"),
        ("bilirubin", "mg/dL", "1.2"),
        ("alp", "U/L", "120"),
    ]
    ranges = tuple({"item": item, "unit": unit, "low": "", "high": high} for item, unit, high in limits)
    office.do(SetRanges("01", "Central laboratory", ranges))
    draw(office, key, JUNE, alt="130", ast="60", bilirubin="2.8", inr="1.5", alp="130")
    (found,) = [one for one in alerts_of(office.workspace, key) if one.kind == "hys_law"]
    assert "in cirrhosis" in found.caveats[0]
    assert found.facts[0].times_high == 3.25
    correct(office, key, "screening", "laboratory", "alt", "125")
    assert "hys_law" not in kinds(office, key)


def test_an_assessment_holds_for_these_values_only(office: Office, key: str):
    draw(office, key, JUNE, alt="200", bilirubin="6.0", inr="1.5")
    (first,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    acknowledge(office.workspace, office.actor("pi"), key, first.id, "Sepsis; next dose withheld")
    (again,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    assert again.id == first.id
    assert again.acknowledged is not None
    assert again.acknowledged.assessment == "Sepsis; next dose withheld"

    correct(office, key, "unscheduled", "laboratory", "alt", "400")
    (changed,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    assert changed.acknowledged is None
    assert [one.assessment for one in changed.earlier] == ["Sepsis; next dose withheld"]
    with pytest.raises(UserError, match="no longer stands"):
        acknowledge(office.workspace, office.actor("pi"), key, first.id, "seen")

    correct(office, key, "unscheduled", "laboratory", "alt", "200")
    (back,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    assert back.acknowledged is not None  # the very values that were assessed


def test_who_may_acknowledge(office: Office, key: str):
    draw(office, key, JUNE, alt="200", bilirubin="6.0", inr="1.5")
    found = alerts_of(office.workspace, key)[0]
    with pytest.raises(CommandRefusedError):
        acknowledge(office.workspace, office.actor("coordinator"), key, found.id, "seen")
    with pytest.raises(CommandRefusedError):
        acknowledge(office.workspace, office.actor("pi"), key, found.id, "  ")


def test_open_alerts_of_a_site(office: Office, key: str):
    draw(office, key, JUNE, platelets="20")
    assert [one.participant for one in open_alerts(office.workspace, ["01"])] == [key]
    assert open_alerts(office.workspace, ["02"]) == ()
    assert [one.urgent for one in all_alerts(office.workspace)] == [True]  # grade 4


def test_no_alert_before_the_first_dose(office: Office):
    key = office.screened()
    correct(office, key, "screening", "laboratory", "platelets", "20")
    assert alerts_of(office.workspace, key) == ()


def test_limits_come_from_the_study(office: Office):
    limits = thresholds_of(office.study)
    assert (limits.enzyme_times_baseline, limits.enzyme_at_least, limits.meld_rise) == (3, 300, 5)


def test_a_baseline_names_its_unit_where_the_value_came_in_another(office: Office, key: str):
    from trialrun.ledger.commands import Entry, RecordVisit, SaveForm

    office.clock.to(JUNE, hour=9)
    office.do(RecordVisit(key, "unscheduled", JUNE))
    values = {
        "sample_date": Entry("2026-06-10"),
        "alt": Entry("200", "U/L"),
        "bilirubin": Entry("102", "umol/L"),
    }
    office.do(SaveForm(key, "unscheduled", "laboratory", values=values))
    (found,) = [one for one in alerts_of(office.workspace, key) if one.kind == "liver_injury"]
    bilirubin = next(one for one in found.facts if one.label.startswith("Bilirubin"))
    assert (bilirubin.value, bilirubin.baseline_shown) == ("102 umol/L", "2.6 mg/dL")
    assert bilirubin.times_baseline == pytest.approx(102 / 17.104 / 2.6)
