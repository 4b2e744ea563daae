"""Analyse a snapshot, and write its report."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Collection
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.app.logs import STUDY_IN_SNAPSHOT
from trialrun.app.studies import open_study
from trialrun.errors import UserError
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.analyse.result import Results
    from trialrun.derive.dataset import Dataset
    from trialrun.report.content import Content
    from trialrun.snapshot.read import Snapshot
    from trialrun.values.finding import Finding

RESULTS, REPORT, PDF, PACKED = "results.json", "report.html", "report.pdf", "snapshot.zip"
PLAN, PLAN_PDF, TABLES = "analysis-plan.html", "analysis-plan.pdf", "report-tables.zip"
REGISTRY, REGISTRY_FINDINGS, PLAIN = (
    "registry-results.json",
    "registry-findings.json",
    "plain-summary.json",
)


def open_snapshot(
    folder: Path, study_folder: Path | None = None, study: Study | None = None
) -> tuple[Snapshot, Study]:
    """A snapshot, checked against its manifest, and the study it was cut under.

    The study is the copy inside the snapshot unless another folder, or a loaded study, is given; each must have
    the hash the manifest names.
    Errors: `UserError` when the snapshot is damaged, or no study fits it.
    """
    from trialrun.snapshot.read import read_snapshot

    if not folder.is_dir():
        raise UserError(
            f"{folder} is not a folder", "give a snapshot: the folder trialrun cut or import wrote"
        )
    snapshot = read_snapshot(folder)
    place = study_folder or folder / STUDY_IN_SNAPSHOT
    if study is None and study_folder is None and not place.is_dir():
        raise UserError(f"{folder} holds no copy of its study", "name the study's folder with --study")
    study = open_study(place) if study is None else study
    wanted = snapshot.manifest.origin.study_hash
    if study.hash != wanted:
        raise UserError(
            f"the study in {study.folder} is not the one the snapshot was cut under "
            f"(hash {study.hash[:12]}, the manifest says {wanted[:12]})",
            "give the study's folder as it was then with --study",
        )
    return snapshot, study


def derive_snapshot(folder: Path, study_folder: Path | None = None, study: Study | None = None) -> Dataset:
    """Everything derived from a snapshot: scores per visit, changes, populations."""
    from trialrun.derive.dataset import derive_dataset

    return derive_dataset(*open_snapshot(folder, study_folder, study))


def write_results(data: Dataset, out: Path) -> Results:
    """Analyse the registered outcomes and write them as JSON.

    Errors: `AnalysisError` naming the outcome that cannot be analysed, and why; `UserError` when `out` holds
    anything else.
    """
    from trialrun.analyse.run import analyse_dataset

    results = analyse_dataset(data)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(out)
    part.write_text(results.text(), encoding="utf-8")
    _put(part, out)
    return results


def report_content(data: Dataset, results: Results) -> Content:
    """The report before it is a page, a PDF or tables; made once for all of them."""
    from trialrun.report.content import build_content

    return build_content(data, results)


def write_report(data: Dataset, results: Results, out: Path, content: Content | None = None) -> Path:
    """Write the report as one HTML page in the folder `out`; returns the page's path.

    Errors: `UserError` when the folder holds another report.
    """
    from trialrun.report.build import build_report as build

    out.mkdir(parents=True, exist_ok=True)
    target = out / REPORT
    _put(build(data.snapshot, data.study, results, _beside(target), data=data, content=content), target)
    return target


def _beside(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _put(part: Path, target: Path) -> None:
    """Give a complete file its name, unless something else has it: the same again is no loss."""
    if target.is_dir() or (target.exists() and target.read_bytes() != part.read_bytes()):
        part.unlink()
        raise UserError(
            f"{target} exists already and says something else",
            "choose another name with -o, or remove it; it is not overwritten",
        )
    part.replace(target)


def analyse_snapshot(folder: Path, out: Path, *, study_folder: Path | None = None) -> tuple[Results, Study]:
    """Analyse the registered outcomes of a snapshot and write them as JSON; returns them and the study."""
    data = derive_snapshot(folder, study_folder)
    return write_results(data, out), data.study


def build_report(
    folder: Path, out: Path, *, study_folder: Path | None = None, also: Collection[str] = ()
) -> tuple[Path, ...]:
    """Analyse a snapshot and write its report, and what else is asked for; returns the paths, the page's first.

    Args:
        also: of `pdf`, `rtf` (the tables), `registry` (ClinicalTrials.gov), `plain` (plain language), `plan`.
    """
    from trialrun.analyse.run import analyse_dataset

    data = derive_snapshot(folder, study_folder)
    results = analyse_dataset(data)
    content = report_content(data, results)
    made = [write_report(data, results, out, content)]
    if "pdf" in also:
        made.append(write_report_pdf(data, content, out))
    if "rtf" in also:
        made += write_tables(data, content, out / "tables")
    if "registry" in also:
        write_registry(data, results, out)
        made += [out / REGISTRY, out / REGISTRY_FINDINGS]
    if "plain" in also:
        made.append(write_plain_summary(data, results, out))
    if "plan" in also:
        made += write_plan(data.study, out)
    return tuple(made)


def write_everything(
    folder: Path, study: Study, out: Path, tell: Callable[[str], None] = lambda _step: None
) -> tuple[dict[str, Path], tuple[Finding, ...]]:
    """Make everything there is from a snapshot, into `out`; returns the files by name, and what was found.

    `tell` is given the name of each step before it begins.
    Errors: `AnalysisError` naming the registered outcome that cannot be analysed, and why.
    """
    tell("derive")
    data = derive_snapshot(folder, study=study)
    tell("analyse")
    results = write_results(data, out / RESULTS)
    tell("report")
    content = report_content(data, results)
    write_report(data, results, out, content)
    tell("pdf")
    write_report_pdf(data, content, out)
    tell("plan")
    write_plan(study, out)
    tell("registry")
    found = write_registry(data, results, out)
    tell("summary")
    write_plain_summary(data, results, out)
    names = [RESULTS, REPORT, PDF, PLAN, PLAN_PDF, REGISTRY, REGISTRY_FINDINGS, PLAIN, PACKED]
    if find_spec("rtflite") is not None:  # an optional part
        tell("tables")
        pack_tables(data, content, out / TABLES)
        names.append(TABLES)
    tell("pack")
    pack_snapshot(folder, out / PACKED)
    return {name: out / name for name in names}, (*notable(data, results), *found)


def write_report_pdf(data: Dataset, content: Content, out: Path) -> Path:
    """Write the report as PDF, dated by the cut: the same snapshot gives the same bytes."""
    from trialrun.report.build import report_title
    from trialrun.report.overview import banner_words
    from trialrun.report.pdf import report_pdf

    origin = data.snapshot.manifest.origin
    made = report_pdf(
        content.chapters,
        title=report_title(data),
        subtitle=data.study.title,
        made_at=datetime.fromisoformat(origin.created_at),
        header=(data.study.registry_id or data.study.id, banner_words(data)),
        footer=f"Snapshot {data.snapshot.manifest.hash[:16]}",
    )
    return _put_bytes(made, out / PDF)


def write_tables(data: Dataset, content: Content, out: Path) -> tuple[Path, ...]:
    """Write every table of the report as an RTF file of its own into the folder `out`.

    Errors: `UserError` naming what to install, where the optional part for RTF is not there.
    """
    from trialrun.report.build import report_title
    from trialrun.report.rtf import write_rtf

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        made = write_rtf(content.chapters, Path(folder), title=report_title(data))
        return tuple(_put_bytes(path.read_bytes(), out / path.name) for path in made)


def pack_tables(data: Dataset, content: Content, target: Path) -> Path:
    """The tables as RTF in one ZIP file; the same snapshot gives the same bytes. Errors: as `write_tables`."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        write_tables(data, content, Path(folder) / "tables")
        return _pack(Path(folder) / "tables", target, "tables")


def write_plan(study: Study, out: Path) -> tuple[Path, Path]:
    """Write the statistical analysis plan as a page and as PDF."""
    from trialrun.report.plan_document import plan_html, plan_pdf

    return _put_text(plan_html(study), out / PLAN), _put_bytes(plan_pdf(study), out / PLAN_PDF)


def pack_snapshot(folder: Path, target: Path) -> Path:
    """A snapshot's folder as one ZIP file; the same snapshot gives the same bytes."""
    return _pack(folder, target, "snapshot")


def _pack(folder: Path, target: Path, inside: str) -> Path:
    part = _beside(target)
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            info = zipfile.ZipInfo(f"{inside}/{path.relative_to(folder).as_posix()}")
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(info, path.read_bytes())
    _put(part, target)
    return target


def write_registry(data: Dataset, results: Results, out: Path) -> tuple[Finding, ...]:
    """Write the results section for ClinicalTrials.gov and what its reviewers would ask; returns the latter."""
    from dataclasses import asdict

    from trialrun.report.registry_lint import lint_results_section
    from trialrun.report.registry_results import results_section

    out.mkdir(parents=True, exist_ok=True)
    section = results_section(data, results)
    findings = lint_results_section(section, data.study)
    _put_json({"resultsSection": section}, out / REGISTRY)
    _put_json([asdict(one) for one in findings], out / REGISTRY_FINDINGS)
    return findings


def write_plain_summary(data: Dataset, results: Results, out: Path) -> Path:
    """Write the results in plain words, as data the public page shows."""
    from trialrun.report.plain_summary import plain_summary

    return _put_text(plain_summary(data, results).text(), out / PLAIN)


def notable(data: Dataset, results: Results) -> tuple[Finding, ...]:
    """What a statistician looks at before believing the numbers: open assumptions, queries, missing values."""
    from trialrun.values.finding import Finding, Severity

    found: list[Finding] = []

    def add(severity: Severity, code: str, message: str, remedy: str = "") -> None:
        found.append(Finding(severity, code, message, "", remedy))

    waiting = [one.id for one in data.study.assumptions.values() if one.confirmed is None]
    if waiting:
        add(
            Severity.WARNING,
            "assumptions-open",
            f"{len(waiting)} assumptions of the study definition are not confirmed in it: {', '.join(waiting[:5])}"
            + (" …" if len(waiting) > 5 else ""),
            "confirm them in the study, or change them, before the results are final",
        )
    queries = sum(row["status"] != "closed" for row in data.snapshot.rows("queries"))
    if queries:
        add(
            Severity.WARNING,
            "queries-open",
            f"{queries} queries are not closed",
            "close them before the final cut",
        )
    for name, reason in results.not_analysed.items():
        add(
            Severity.WARNING,
            "not-analysed",
            f"the outcome {name}, which is not registered, is not analysed: {reason}",
        )
    for note in data.snapshot.manifest.origin.notes:
        add(Severity.NOTE, "snapshot-note", note)
    return tuple(found)


def _put_text(text: str, target: Path) -> Path:
    return _put_bytes(text.encode(), target)


def _put_bytes(content: bytes, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(target)
    part.write_bytes(content)
    _put(part, target)
    return target


def _put_json(value: object, target: Path) -> Path:
    return _put_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", target)
