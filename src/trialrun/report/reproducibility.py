"""What is needed to make the same numbers again."""

from __future__ import annotations

from trialrun.analyse.result import Results
from trialrun.derive.dataset import Dataset
from trialrun.report import anchors
from trialrun.report.documents.blocks import Bullets, Cell, Chapter, Details, Facts, Paragraph, Run, Table
from trialrun.report.overview import record_facts


def reproduce_chapter(data: Dataset, results: Results) -> Chapter:
    """Versions, seeds, hashes, and the three commands.

    Only what the snapshot and the results recorded stands here, never what happens to be installed: the page must be the
    same wherever it is built.
    """
    study, manifest = data.study, data.snapshot.manifest
    origin = manifest.origin
    record = dict(record_facts(study)).get("Record", "")
    facts = [
        ("Analysed with", f"trialrun {results.code_version}"),
        ("Snapshot cut with", f"trialrun {origin.code_version}"),
        ("Purpose", origin.purpose + (f", simulated with seed {origin.seed}" if origin.synthetic else "")),
        ("Seed of imputations", str(study.analysis.seed)),
        ("Snapshot", manifest.hash),
        ("Study definition", study.hash),
        ("Record", record),
        ("Results", results.hash),
    ]
    versions = sorted({(result.method, result.method_version) for result in results.results})
    files = [
        (Cell(name, head=True), Cell(str(entry.rows), number=True), entry.sha256)
        for name, entry in sorted(manifest.files.items())
    ]
    commands = (
        "trialrun analyse SNAPSHOT --study STUDY -o results.json",
        "trialrun report SNAPSHOT --study STUDY -o REPORT",
        "sha256sum results.json REPORT/report.html",
    )
    return Chapter(
        anchors.REPRODUCE,
        "Reproduce",
        (
            Paragraph(
                "The same snapshot and study definition give the same results and this page, byte for byte, with the same "
                "version of the program. With STUDY the folder of the study definition and SNAPSHOT the folder of the data cut:"
            ),
            Bullets([(Run(command, code=True),) for command in commands]),
            Paragraph("The hashes to compare:"),
            Facts([(label, value) for label, value in facts if value]),
            Details(
                "Methods and their versions",
                (
                    Table(
                        ("Method", "Version"), [(Cell(m, head=True), v) for m, v in versions], widths=(6, 3)
                    ),
                ),
            ),
            Details("Files of the snapshot", (Table(("File", "Rows", "SHA-256"), files, widths=(3, 1, 8)),)),
            Details("Last entry of each stream of the log", (Facts(sorted(origin.heads.items())),))
            if origin.heads
            else Paragraph("Imported data have no log."),
            Paragraph(
                "The methods are checked row by row against R (stats, exactRankTests, coin, survival, nlme, mmrm) and SAS (PROC "
                "MIXED): closed forms to 1e-8, fitted models to 1e-3 relative, degrees of freedom to 1e-2."
            ),
        ),
    )
