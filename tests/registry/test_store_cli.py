"""The verbs import, search and show of `trialrun registry`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry_store_kit import study
from trialrun.cli import main
from trialrun.cli.entry import trialrun
from trialrun.cli.registering import COMMANDS, registry


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIALRUN_REGISTRY", str(tmp_path / "store.db"))
    lines = [
        study(
            "NCT1", "Exosomes in cirrhosis", countries=["Iran"], phases=["PHASE2"], conditions=["=SUM(A1)"]
        ),
        study("NCT2", "A drug in cirrhosis", updated="2024-01-01"),
    ]
    (tmp_path / "some.jsonl").write_text("\n".join([*map(json.dumps, lines), "{ cut"]))
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(
        trialrun, ["registry", *words], catch_exceptions=False, standalone_mode=False
    )
    return outcome.return_value or 0, outcome.output


def test_import_search_and_show(place: Path) -> None:
    code, said = run("import", str(place / "some.jsonl"))
    assert code == 1
    assert "2 new" in said
    assert "some.jsonl, line 3: it is not JSON" in " ".join(said.split())
    code, said = run("search", "cirrhosis", "--phase", "phase2")
    assert "1 trial found" in said
    assert "Exosomes in cirrhosis" in said
    assert json.loads(run("show", "nct1")[1])["protocolSection"]["identificationModule"]["nctId"] == "NCT1"
    assert "2023-01-01" in run("show", "NCT1", "--versions")[1]


def test_answers_for_machines(place: Path) -> None:
    code, said = run("import", str(place / "some.jsonl"), "--json")
    told = json.loads(said)
    assert (code, told["new"], told["bad"], told["rejected"][0]["place"]) == (1, 2, 1, "line 3")
    page = json.loads(run("search", "--json", "--size", "1", "--country", "Iran")[1])
    assert (page["total"], page["trials"][0]["registry_id"]) == (1, "NCT1")
    assert page["facets"]["phase"] == [{"value": "PHASE2", "count": 1}]
    rows = list(csv.DictReader(io.StringIO(run("search", "--csv", "--all")[1])))
    assert [row["registry_id"] for row in rows] == ["NCT2", "NCT1"]
    assert rows[1]["conditions"] == "'=SUM(A1)"  # no cell starts a formula
    lines = run("search", "--all", "--json")[1].splitlines()
    assert [json.loads(line)["registry_id"] for line in lines] == ["NCT2", "NCT1"]


@pytest.mark.parametrize(
    "words",
    [
        ["search", "--store", "none.db"],
        ["show", "NCT9"],
        ["show", "NCT1", "--version", "7"],
        ["import", "no-such-file.json"],
        ["import", "/dev/null"],
        ["serch"],
    ],
)
def test_mistakes_get_a_message_and_no_traceback(
    place: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    run("import", str(place / "some.jsonl"))
    with pytest.raises(SystemExit) as left:
        main(["registry", *words])
    assert left.value.code in (2, 3)
    told = capfd.readouterr().err
    assert "Error: " in told
    assert "Traceback" not in told


def test_a_terminal_acts_on_nothing_a_record_holds(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    active = "\x1b]0;owned\x07\x9b31m\u202e"
    (place / "bad.json").write_text(json.dumps(study("NCT3", f"Title {active}", conditions=[active])))
    assert active[0] not in run("import", str(place / "bad.json"))[1]
    for words in (
        ["search"],
        ["show", "NCT3", "--versions"],
        ["search", "--json"],
        ["search", "--json", "--all"],
    ):
        said = run(*words)[1]
        assert not set(active[:1] + "\x07\x9b\u202e") & set(said), words
    with pytest.raises(SystemExit):
        main(["registry", "show", f"NCT{active}"])
    assert "\\u001b" in capfd.readouterr().err


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_line_of_a_verb_is_the_first_line_of_its_help(verb: str) -> None:
    import click

    command = registry.get_command(click.Context(registry), verb)
    assert command is not None
    assert " ".join((command.help or "").split("\n\n")[0].split()) == COMMANDS[verb][1]
