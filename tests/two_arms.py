"""A masked trial of two arms on the kit's study: permuted blocks, batches named in the infusion form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ledger_kit import COORDINATOR, DOSED, FORMS, ITEMS, PI, ROLES, enrolled, item, make_study, save
from trialrun.ledger.commands_base import Actor
from trialrun.ledger.commands_stock import MoveStock, PrepareAllocation, RegisterBatch
from trialrun.study.model import Arm, DosePlan, ItemType, PlannedDose, Role

PHARMACIST = Actor("pia", "pharmacist", "01")
STATISTICIAN = Actor("stan", "statistician")
SEED = "0123456789abcdef-two-arms"
DOSES = (PlannedDose("dose_1", Decimal(20), "mg"), PlannedDose("dose_2", Decimal(20), "mg"))
STOCK_RIGHTS = ("RegisterBatch", "MoveStock", "ReverseMove", "CountStock", "RecordExcursion")


def roles():
    """The kit's roles with those of product and allocation."""
    mine = []
    for role in ROLES:
        more = {"principal_investigator": (*STOCK_RIGHTS, "Unblind"), "coordinator": ()}.get(role.name, ())
        mine.append(replace(role, may=(*role.may, *more)))
    mine += [
        Role("pharmacist", "Pharmacist", (*STOCK_RIGHTS, "SaveForm", "RecordDose")),
        Role("statistician", "Statistician", ("PrepareAllocation", "RecordExport", "MoveStock")),
    ]
    return {role.name: role for role in mine}


def with_stock(**changes):
    """The kit's study of one arm, whose infusion form names the batch."""
    items = (*ITEMS, item("batch", ItemType.TEXT), item("infusion_interrupted", ItemType.BOOLEAN))
    forms = {form.name: form for form in FORMS}
    forms["infusion"] = replace(
        forms["infusion"], items=("batch", "infusion_start", "dose_given", "infusion_interrupted")
    )
    parts = {
        "items": {one.name: one for one in items},
        "forms": forms,
        "roles": roles(),
        "target": 40,
    }
    return make_study(**{**parts, **changes})


def two_arms(**changes):
    """The same in two arms of equal schedule, masked."""
    parts = {
        "arms": {
            "exosome": Arm("exosome", "Exosomes", "40 mg"),
            "sham": Arm("sham", "Saline without exosomes", "40 mL"),
        },
        "dose_plans": (
            DosePlan("exosome", "exosome solution", "IV", DOSES, Decimal(40), "mg", 21),
            DosePlan("sham", "saline", "IV", DOSES, Decimal(40), "mg", 21),
        ),
        "settings": {"timezone": "Asia/Tehran", "masking": "DOUBLE"},
        "hash": "b" * 64,
    }
    return with_stock(**{**parts, **changes})


def prepare_list(conduct, *, strata=("site",), length=8, blocks=(2, 4), actor=STATISTICIAN, seed=SEED):
    """A list of equal shares."""
    command = PrepareAllocation({"exosome": 1, "sham": 1}, blocks, strata, length, seed)
    return conduct.do(command, actor)


def batch(name="B-1", site="01", **changes):
    """A batch of 10 mg units, released and good for a year."""
    parts = {
        "site": site,
        "batch": name,
        "product": "study product",
        "amount_per_unit": "10",
        "unit": "mg",
        "potency": "2e10 particles/mL, NTA",
        "release_reference": "CERT-7",
        "released_on": date(2025, 12, 1),
        "storage": "-80 degrees C",
        "expires_on": date(2026, 12, 31),
    }
    return RegisterBatch(**{**parts, **changes})


def move(kind, units, name="B-1", *, on=DOSED, site="01", **more):
    """A movement."""
    return MoveStock(site, name, kind, units, on, **more)


def stocked(conduct, name="B-1", units=10, thawed=0, **changes):
    """A batch with units stored, some of them thawed."""
    conduct.do(batch(name, **changes), PHARMACIST)
    conduct.do(move("receipt", units, name, on=date(2026, 1, 2)), PHARMACIST)
    if thawed:
        conduct.do(move("thaw", thawed, name), PHARMACIST)


def at_first_dose(conduct):
    """A participant on the day of the first dose."""
    from trialrun.ledger.commands import RecordVisit

    key = enrolled(conduct)
    conduct.do(RecordVisit(key, "dose_1", DOSED), COORDINATOR)
    return key


def infuse(conduct, key, *, name="B-1", dose="20", visit="dose_1", on=DOSED, reason=""):
    """Save the infusion form."""
    values = {"batch": (name,), "infusion_start": (f"{on}T09:30",), "dose_given": (dose, "mg")}
    return save(conduct, key, visit, "infusion", values, actor=PI, reason=reason)
