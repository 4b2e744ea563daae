"""Doses beyond the plan, and plans that masked arms share or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from small_study import DOSE_DAY, Cut, SmallRules, make_study, origin
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm


def derived(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules())


def test_a_dose_beyond_the_plan_is_listed_and_is_a_deviation(tmp_path):
    cut = Cut()
    cut.person("S-001")
    cut.doses("S-001", 20, 20)
    cut.visit(
        "S-001",
        "unscheduled",
        DOSE_DAY + timedelta(3),
        "infusion",
        dose_given="5",
        infusion_start="2026-01-15T09:00",
    )
    data = derived(tmp_path, cut)
    assert [(dose.visit, dose.planned, dose.given) for dose in data.doses] == [
        ("dose_1", 20, 20),
        ("dose_2", 20, 20),
        ("unscheduled", 0, 5),
    ]
    assert any("5 mg given, 0 planned" in one.description for one in data.deviations)


def two_plans(total):
    one = make_study(arms={name: Arm(name, name, "") for name in ("single", "other")})
    plan = one.dose_plans[0]
    return replace(one, dose_plans=(plan, replace(plan, arm="other", total=Decimal(total))))


def test_masked_arms_that_are_dosed_alike_share_their_plan(tmp_path):
    for total, known in ((40, True), (50, False)):
        cut = Cut(two_plans(total))
        cut.person("S-001")
        cut.tables["participants"][0]["arm"] = None
        cut.doses("S-001", 20, 20)
        assert bool(derived(tmp_path / str(total), cut).doses) is known
