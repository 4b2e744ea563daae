"""The verbs on data: `import`, `cut`, `export-log`, `verify`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from trialrun.cli.output import heading, say, table

FOLDER = click.Path(path_type=Path)
MOST_FINDINGS = 20


@click.command("cut")
@click.argument("study", type=FOLDER)
@click.option("--database", required=True, help="The study's log: an SQLite file or a PostgreSQL URL.")
@click.option("-o", "--out", required=True, type=FOLDER, help="New folder for the snapshot.")
@click.option("--final", is_flag=True, help="The data are locked: this is the final snapshot.")
@click.option("--arms", type=FOLDER, help="Opens a masked study: the file of arms of its allocation page.")
def cut(study: Path, database: str, out: Path, final: bool, arms: Path | None) -> None:
    """Cut a snapshot from a study's log.

    A snapshot is a folder of Parquet tables with a manifest (study hash, log position, checksums) and a copy of
    the study's texts. Analysis and report read snapshots only. Identifying values stay in the log.
    """
    from trialrun.app.logs import cut_snapshot
    from trialrun.app.studies import open_study

    manifest = cut_snapshot(
        open_study(study), database, out, now=datetime.now(UTC), purpose="final" if final else None, arms=arms
    )
    show_manifest(out, manifest)


def show_manifest(out: Path, manifest: object) -> None:
    """Say what a snapshot holds."""
    files = getattr(manifest, "files")  # noqa: B009 - the manifest's type is loaded only when used
    say(f"Snapshot written to {out}.")
    table(
        ("table", "rows"),
        [(name.removesuffix(".parquet"), entry.rows) for name, entry in files.items()],
        indent=2,
    )


@click.command("import")
@click.argument("study", type=FOLDER)
@click.argument("mapping", type=FOLDER)
@click.argument("sources", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="New folder for the snapshot.")
def import_(study: Path, mapping: Path, sources: tuple[Path, ...], out: Path) -> None:
    """Take over data captured elsewhere as a snapshot.

    MAPPING is a YAML file that says which column is which item, in which unit, and how missing is written.
    SOURCES are the files, or the folder that holds them. The import lands whole or not at all, and ends with a
    reconciliation: rows in, values in, rejected. What was rejected is kept with its place and reason.
    """
    from trialrun.app.imports import import_data

    done = import_data(study, mapping, sources, out, now=datetime.now(UTC))
    heading("Reconciliation")
    table(("what", "number"), done.lines())
    rejected = done.reconciliation.rejected
    if rejected:
        heading(f"Not taken over: {len(rejected)}")
        shown = [
            (f"{bad.source}:{bad.line} {bad.column}", bad.text[:20], bad.reason) for bad in rejected[:10]
        ]
        table(("place", "value", "reason"), shown)
        if len(rejected) > 10:
            say(f"... and {len(rejected) - 10} more, all in {out / 'rejected.csv'}.")
    say()
    say(f"Snapshot written to {out}.")


@click.command("export-log")
@click.option("--database", required=True, help="The log: an SQLite file or a PostgreSQL URL.")
@click.option("-o", "--out", required=True, type=FOLDER, help="New file.")
def export_log(database: str, out: Path) -> None:
    """Write the log to a plain file anyone can verify.

    One JSON object a line. The file can be verified with trialrun verify, or without this program by the
    short script in the documentation.
    """
    from trialrun.app.logs import export_log as write_export

    say(f"{write_export(database, out)} entries written to {out}.")


@click.command("verify")
@click.argument("database")
@click.option("--anchor", default="", help="POSITION:HASH an earlier run printed and you kept elsewhere.")
@click.option("--all", "everything", is_flag=True, help="Print every finding, not the first twenty.")
def verify(database: str, anchor: str, everything: bool) -> int:
    """Check a log: chain, seals, projections.

    DATABASE is an SQLite file, a PostgreSQL URL, or an exported log. Detects entries changed, removed, inserted
    or reordered behind the program's back, and tables that no longer follow from the log. Leaves with exit code
    1 when anything is found.

    It ends with an anchor. Keep it outside the database: only against an anchor does it show when somebody with
    the database's password has cut off the end, or rewritten the log and every hash in it.
    """
    from trialrun.app.logs import verify_log

    checked = verify_log(database, anchor=anchor)
    if not checked.findings:
        say(f"Whole: {checked.entries} entries of the {checked.what} follow from one another.")
        click.echo(f"Anchor: {checked.anchor}")
        return 0
    heading(f"{len(checked.findings)} finding(s) in a {checked.what} of {checked.entries} entries")
    shown = checked.findings if everything else checked.findings[:MOST_FINDINGS]
    for finding in shown:
        named = finding.message.startswith(finding.place)
        say(finding.message if named else f"{finding.place}: {finding.message}", hanging=4)
    if len(shown) < len(checked.findings):
        say(f"... and {len(checked.findings) - len(shown)} more: --all prints them.")
    for remedy in dict.fromkeys(finding.remedy for finding in shown if finding.remedy):
        say(f"Remedy: {remedy}.", hanging=8)
    return 1
