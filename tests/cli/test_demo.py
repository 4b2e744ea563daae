"""The main job from record to report, twice: the same seed gives the same answer, another seed another."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from trialrun.app.demo import DemoOutcome, run_demo
from trialrun.cli.entry import main
from trialrun.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "examples/nct05871463"
pytestmark = pytest.mark.slow


def _demo(out: Path, seed: int = 9) -> DemoOutcome:
    return run_demo(out, study_folder=STUDY, seed=seed, screened=80, stage=lambda _title: None)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoOutcome]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, _demo(out)


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".sqlite"
    }


def test_fifteen_are_enrolled_and_the_report_is_there(first: tuple[Path, DemoOutcome]) -> None:
    out, outcome = first
    assert outcome.rehearsal.enrolled == 15
    assert 25 <= outcome.rehearsal.screened <= 60
    assert outcome.log_findings == 0
    report = (out / "report" / "report.html").read_text(encoding="utf-8")
    assert "imulated" in report
    assert "Liver function by MELD score" in report
    page = (out / "study.html").read_text(encoding="utf-8")
    assert "Child score class B or C." in page


def test_things_happen_as_in_a_real_trial(first: tuple[Path, DemoOutcome]) -> None:
    rehearsal = first[1].rehearsal
    assert rehearsal.missed_visits > 0
    assert rehearsal.adverse_events > 5
    assert rehearsal.corrections > 0
    assert rehearsal.queries > 0
    lost = rehearsal.fates.get("death", 0) + rehearsal.fates.get("transplant", 0)
    assert 1 <= lost <= 3
    assert len(rehearsal.failures) >= 5
    for command in ("SignEligibility", "VerifySource", "Sign", "AnswerQuery", "CloseQuery", "MissVisit"):
        assert rehearsal.commands.get(command, 0) > 0, command


def test_the_same_seed_gives_the_same_bytes(first: tuple[Path, DemoOutcome], tmp_path: Path) -> None:
    _demo(tmp_path / "again")
    assert _bytes(tmp_path / "again") == _bytes(first[0])


def test_every_result_leads_to_log_entries(first: tuple[Path, DemoOutcome]) -> None:
    out, outcome = first
    import duckdb

    hashes = {
        row[0]
        for row in duckdb.connect()
        .execute("SELECT hash FROM read_parquet(?)", [str(out / "snapshot/events.parquet")])
        .fetchall()
    }
    events = {event for result in outcome.results.results for row in result.rows for event in row.events}
    assert events
    assert events <= hashes


def test_the_verbs_take_over_where_the_demo_ends(
    first: tuple[Path, DemoOutcome], tmp_path: Path, capsys
) -> None:
    out, outcome = first
    database = outcome.rehearsal.database
    for words in (
        ["verify", database],
        ["export-log", "--database", database, "-o", str(tmp_path / "log.jsonl")],
        ["verify", str(tmp_path / "log.jsonl")],
        ["cut", str(STUDY), "--database", database, "-o", str(tmp_path / "snapshot")],
        ["analyse", str(out / "snapshot"), "-o", str(tmp_path / "results.json")],
        ["report", str(out / "snapshot"), "-o", str(tmp_path / "report")],
    ):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 0, (words, capsys.readouterr())
    assert (tmp_path / "results.json").read_bytes() == (out / "results.json").read_bytes()
    assert (tmp_path / "report" / "report.html").read_bytes() == (out / "report" / "report.html").read_bytes()


def test_a_row_changed_behind_the_programs_back_is_found(
    first: tuple[Path, DemoOutcome], tmp_path: Path, capsys
) -> None:
    exported = tmp_path / "log.jsonl"
    with pytest.raises(SystemExit):
        main(["export-log", "--database", first[1].rehearsal.database, "-o", str(exported)])
    text = exported.read_text(encoding="utf-8")
    changed = re.sub(
        r'("bilirubin":\{"text":")(\d)', lambda m: m[1] + str((int(m[2]) + 1) % 10), text, count=1
    )
    assert changed != text
    exported.write_text(changed, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["verify", str(exported)])
    assert left.value.code == 1
    assert "finding" in capsys.readouterr().out


def test_a_snapshot_changed_by_hand_is_refused(
    first: tuple[Path, DemoOutcome], tmp_path: Path, capsys
) -> None:
    import shutil

    copy = tmp_path / "snapshot"
    shutil.copytree(first[0] / "snapshot", copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "values.parquet").write_bytes((copy / "visits.parquet").read_bytes())
    assert manifest
    with pytest.raises(SystemExit) as left:
        main(["report", str(copy), "-o", str(tmp_path / "report")])
    assert left.value.code == 5
    assert "values.parquet" in capsys.readouterr().err


def test_only_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="something else"):
        _demo(tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_the_tutorial_shows_this_very_rehearsal(
    first: tuple[Path, DemoOutcome], capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialrun.cli.running import show_rehearsal

    monkeypatch.setenv("COLUMNS", "80")
    show_rehearsal(first[1].rehearsal)
    printed = capsys.readouterr().out.splitlines()
    tutorial = (ROOT / "docs/tutorial/run-the-cirrhosis-trial.md").read_text(encoding="utf-8")
    shown = tutorial.partition("Rehearsal of nct05871463")[2].partition("```")[0].splitlines()
    assert [line for line in shown[1:] if line.strip() and line not in printed] == []
