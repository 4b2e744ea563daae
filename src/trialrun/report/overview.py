"""What the report is, the record it reports on, and what the record leaves open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from trialrun.analyse.result import Results
from trialrun.derive.arms import arms_masked
from trialrun.derive.dataset import Dataset
from trialrun.derive.populations import ENROLLED, SCREENED, TREATED
from trialrun.report import anchors
from trialrun.report.documents.blocks import Cell, Chapter, Details, Facts, Note, Paragraph, Run, Table
from trialrun.study.model import Assumption, ItemType, Study

PURPOSES: Mapping[str, str] = {
    "rehearsal": "Rehearsal: the participants are simulated. Nothing here says anything about a treatment.",
    "import": "Imported data: collected outside this study.",
    "interim": "Interim: the study is not finished. Numbers will change.",
    "final": "Final analysis.",
}
DEVICE = "Not a medical device: scores and results support, and never replace, the investigator's judgement."


def banner_words(data: Dataset) -> str:
    """What the snapshot is, in the sentences a reader must see first."""
    origin = data.snapshot.manifest.origin
    words = PURPOSES[origin.purpose]
    if origin.synthetic and origin.seed is not None:
        words += f" Seed {origin.seed}."
    if is_masked(data):
        words += " Arms are masked: everybody is shown together, and nothing here tells who received what."
    return words


def is_masked(data: Dataset) -> bool:
    """The study has several arms and the snapshot does not name everybody's."""
    return arms_masked(data.snapshot, data.study)


def single_arm(data: Dataset) -> bool:
    """Nobody is compared with anybody: one arm, or arms nobody may know."""
    return len(data.study.arms) < 2 or is_masked(data)


def about_chapter(data: Dataset) -> Chapter:
    """What this is, in a few lines."""
    study, origin = data.study, data.snapshot.manifest.origin
    treated = len(data.populations[TREATED].members)
    cut = origin.created_at[:16].replace("T", " ")
    facts = [
        ("Study", f"{study.registry_id or study.id}{f' ({study.acronym})' if study.acronym else ''}"),
        ("Data", f"up to log position {origin.ledger_position}, cut {cut} UTC"),
        ("Participants", _people_words(data)),
        ("Design", _design_words(study)),
        ("Arms", _arms_words(data)),
        ("Analysis plan", _plan_words(study)),
    ]
    notes = [Paragraph(note) for note in origin.notes]
    caveat = (
        [
            Note(
                (
                    Run(
                        "There is no comparison group. A p value tests whether a change differs from zero, not what caused it: "
                    ),
                    Run(f"what a single arm of {treated} cannot show", opens=anchors.LIMITS),
                    Run("."),
                )
            )
        ]
        if single_arm(data)
        else []
    )
    return Chapter(
        anchors.ABOUT,
        "What this is",
        (
            Facts([fact for fact in facts if fact[1]]),
            *caveat,
            Paragraph(
                "Outcomes stand in the order of the registry record. Numbers of the tables open the rows behind them, rows "
                "the answers they rest on, and answers the log entries that hold them."
            ),
            Note(DEVICE),
            *notes,
        ),
    )


def _design_words(study: Study) -> str:
    """Model, allocation and masking as the record has them; what it leaves open is said to be so."""
    module: Mapping[str, Any] = study.record.get("protocolSection", {}).get("designModule", {})
    info: Mapping[str, Any] = module.get("designInfo", {})
    masking: Mapping[str, Any] = info.get("maskingInfo") or {}
    if not info:
        return ""
    model = str(info.get("interventionModel", "")).replace("_", " ").lower()
    allocation = str(info.get("allocation", "")).replace("_", "-").lower()
    masked = str(masking.get("masking", "")).replace("_", " ").lower()
    if not allocation or allocation == "na":
        allocation = "nobody is allocated" if len(study.arms) < 2 else "allocation not on the record"
    parts = (model, allocation, f"masking: {masked}" if masked else "masking not on the record")
    return ", ".join(part for part in parts if part)


def _people_words(data: Dataset) -> str:
    screened, enrolled, treated = (len(data.populations[n].members) for n in (SCREENED, ENROLLED, TREATED))
    return f"{screened} people were screened, {enrolled} enrolled, {treated} treated at least once"


def _arms_words(data: Dataset) -> str:
    titles = [arm.title for arm in data.study.arms.values()]
    if is_masked(data):
        return f"{len(titles)}, masked in this snapshot"
    return "one: " + titles[0] if len(titles) == 1 else "; ".join(titles) or "none named"


def _plan_words(study: Study) -> str:
    return (
        "not stated by the study; the defaults for a small trial are used"
        if study.analysis.assumed
        else "stated in the study definition"
    )


def record_chapter(data: Dataset, results: Results) -> Chapter:
    """The registry record and the hashes that bind it to these numbers."""
    origin = data.snapshot.manifest.origin
    hashes = [
        ("Study definition", origin.study_hash),
        ("Snapshot", data.snapshot.manifest.hash),
        ("Results", results.hash),
        ("Seal of the log", origin.seal or "not sealed"),
    ]
    return Chapter(
        anchors.RECORD,
        "Record and hashes",
        (
            Facts(record_facts(data.study)),
            Paragraph("SHA-256 of what this report was made from:"),
            Facts(hashes),
        ),
    )


def record_facts(study: Study) -> list[tuple[str, str]]:
    """What identifies the registry record."""
    section: Mapping[str, Any] = study.record.get("protocolSection", {})
    status: Mapping[str, Any] = section.get("statusModule", {})
    design: Mapping[str, Any] = section.get("designModule", {})
    text = json.dumps(study.record, sort_keys=True, ensure_ascii=False, default=str)
    facts = [
        ("Registry identifier", study.registry_id),
        ("Title", study.title),
        ("Sponsor", study.sponsor),
        ("Phase", ", ".join(design.get("phases", []))),
        ("Planned participants", str(study.target)),
        ("Status on the record", status.get("overallStatus", "")),
        ("Record date", (status.get("lastUpdatePostDateStruct") or {}).get("date", "")),
        (
            "Record",
            hashlib.sha256(text.encode()).hexdigest() if study.record else "none: not registered here",
        ),
    ]
    return [(label, value) for label, value in facts if value]


def assumption_lists(study: Study) -> tuple[Sequence[Assumption], Sequence[Assumption]]:
    """The assumptions still open, and those a named person has confirmed."""
    every = list(study.assumptions.values())
    return [a for a in every if a.confirmed is None], [a for a in every if a.confirmed is not None]


def assumptions_chapter(data: Dataset) -> Chapter:
    """What the record does not say and what is taken instead: open first."""
    open_ones, confirmed = assumption_lists(data.study)
    blocks = [
        Details(f"{len(found)} {word}", (_assumption_table(found),), print=True)
        for word, found in (("open", open_ones), ("confirmed", confirmed))
        if found
    ]
    counted = f"{len(open_ones)} open, {len(confirmed)} confirmed."
    words = f"What the record does not say, and what this report takes instead: {counted}"
    if not blocks:
        words = "The study definition states no assumption."
    return Chapter(anchors.ASSUMPTIONS, "Assumptions", (Paragraph(words), *blocks))


def _assumption_table(found: Sequence[Assumption]) -> Table:
    return Table(
        ("Assumption", "About", "Taken", "Instead of", "Confirmed"),
        [
            (
                Cell(a.id, head=True),
                a.about,
                f"{a.default}\n{a.reason}" if a.reason else a.default,
                "; ".join(a.alternatives),
                f"{a.confirmed.by}, {a.confirmed.on}" if a.confirmed else f"open: {a.confirm_by}",
            )
            for a in found
        ],
        widths=(2, 3, 5, 4, 3),
        anchor=anchors.assumption_anchor(""),
    )


def label_of(study: Study, parameter: str) -> str:
    """A parameter's name with its unit, as a person reads it."""
    if parameter in study.items:
        item = study.items[parameter]
        unit = item.unit or ""
        return f"{item.label}, {unit}" if unit and not unit.startswith("{") else item.label
    if parameter in study.derived:
        return study.derived[parameter].label
    whole = max((d for d in study.derived if parameter.startswith(f"{d}_")), key=len, default="")
    if not whole:
        return parameter.replace("_", " ")
    return f"{study.derived[whole].label}: {parameter.removeprefix(whole + '_').replace('_', ' ')}"


def is_choice(study: Study, name: str) -> bool:
    """Whether an item is answered from a list."""
    item = study.items.get(name)
    return item is not None and item.type is ItemType.CHOICE
