"""Rehearse, verify, export, cut, analyse and report in a row, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from trialrun.cli.entry import main

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "examples/nct05871463"


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    import psycopg

    url: str = request.getfixturevalue("postgres_url")
    name = f"chain_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # pyright: ignore[reportArgumentType]
    yield url.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # pyright: ignore[reportArgumentType]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def go(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out + said.err

    return go


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_steps_in_a_row(run, request, tmp_path: Path, engine: str) -> None:
    database = (
        request.getfixturevalue("empty_database")
        if engine == "postgresql"
        else str(tmp_path / "steps" / "ledger.sqlite")
    )
    chosen = ("--database", database) if engine == "postgresql" else ()

    def rehearse(out: Path) -> tuple[int, str]:
        return run("rehearse", STUDY, "--seed", 3, "--screened", 12, "-o", out, *chosen)

    assert rehearse(tmp_path / "steps")[0] == 0
    again = tmp_path / ("elsewhere" if engine == "postgresql" else "steps")
    code, text = rehearse(again)
    assert code in (2, 5)
    assert "already" in text
    code, text = run("verify", database)
    assert code == 0
    anchor = text.split("Anchor:")[1].strip()
    log = tmp_path / "log.jsonl"
    assert run("export-log", "--database", database, "-o", log)[0] == 0
    assert run("export-log", "--database", database, "-o", log)[0] == 2
    assert run("verify", log, "--anchor", anchor)[0] == 0
    script = ROOT / "docs/how-to/verify_export.py"
    alone = subprocess.run(
        [sys.executable, "-I", str(script), str(log), anchor], capture_output=True, text=True, check=False
    )
    assert (alone.returncode, alone.stdout.split()[0]) == (0, "whole:")
    snapshot = tmp_path / "snapshot"
    assert run("cut", STUDY, "--database", database, "-o", snapshot)[0] == 0
    assert run("cut", STUDY, "--database", database, "-o", snapshot)[0] == 5
    assert run("verify", database, "--anchor", anchor)[0] == 0
    results = tmp_path / "results.json"
    assert run("analyse", snapshot, "-o", results)[0] == 0
    assert run("analyse", snapshot, "-o", results)[0] == 0
    assert run("report", snapshot, "-o", tmp_path / "report")[0] == 0
    results.write_text("mine")
    code, text = run("analyse", snapshot, "-o", results)
    assert (code, results.read_text()) == (2, "mine")
    assert "not overwritten" in text
    kept = json.loads((tmp_path / "steps/rehearsal.json").read_text())
    assert "@" not in kept["database"]
    assert sorted(path.name for path in tmp_path.rglob("*.part")) == []
