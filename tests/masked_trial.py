"""The first study in two masked arms, for tests through the browser's side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from trialrun.ledger.commands import MoveStock, PrepareAllocation, RegisterBatch
from trialrun.study.model import Arm, Role, Study
from web_kit import Office, open_office, prepare, two_sites

ARMS = {"quartz": "Arm of quartz", "topaz": "Arm of topaz"}
SEED = "a seed for masked tests "


def masked_study() -> Study:
    """Two arms dosed alike; who has what is concealed from all but the pharmacist and the statistician."""
    study = two_sites()
    plan = study.dose_plans[0]
    roles = dict(study.roles)
    if "pharmacist" not in roles:
        roles["pharmacist"] = Role("pharmacist", "Pharmacist", ("RegisterBatch", "MoveStock"))
    return replace(
        study,
        arms={name: Arm(name, title, f"{title}, 40 mg") for name, title in ARMS.items()},
        dose_plans=tuple(replace(plan, arm=name, product=f"{name} solution") for name in ARMS),
        settings={**study.settings, "masking": "DOUBLE"},
        roles=roles,
        hash="7" * 64,
    )


def seed_for(arm: str) -> str:
    """A seed whose first line at site 01 holds the arm, and the second the other one."""
    from trialrun.ledger.allocation import allocation_lists

    other = next(name for name in ARMS if name != arm)
    for number in range(1000):
        seed = f"{SEED}{number:03d}"
        lists = allocation_lists(dict.fromkeys(ARMS, 1), (2,), ("site=01", "site=02"), 4, seed)
        if lists["site=01"][:2] == (arm, other):
            return seed
    raise AssertionError(arm)


def world(folder: Path, arm: str) -> tuple[Office, list[str]]:
    """A masked trial with two participants, the first in `arm`; everything else is the same for each arm."""
    study = masked_study()
    folder.mkdir()
    prepare(folder / "prepared.sqlite", study)
    office = open_office(folder, folder / "prepared.sqlite", study)
    ratio = dict.fromkeys(ARMS, 1)
    office.do(PrepareAllocation(ratio, (2,), ("site",), 4, seed_for(arm)), "statistician")
    stocked(office)
    keys = [office.dosed(), office.enrolled()]
    return office, keys


def stocked(office: Any, name: str = "B-1", *, thawed: int = 3, stored: int = 8, **changes: Any) -> None:
    """A released batch with units in store and some thawed."""
    parts: dict[str, Any] = {
        "batch": name, "product": "study product", "amount_per_unit": "10", "unit": "mg", "potency": "2e10 per mL",
        "release_reference": "CERT-7", "released_on": date(2026, 5, 1), "storage": "-80 °C",
        "expires_on": date(2026, 12, 31),
    }  # fmt: skip
    office.do(RegisterBatch("01", **{**parts, **changes}), "pharmacist")
    day = office.workspace.today
    office.do(MoveStock("01", name, "receipt", stored, day, temperature="-78"), "pharmacist")
    if thawed:
        office.do(MoveStock("01", name, "thaw", thawed, day), "pharmacist")
