"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "trialrun"
MODULES = sorted(SOURCE.rglob("*.py"))

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "service", "misc"}
BANNED_WORDS = re.compile(r"(^|_)(patient|subject|crf|centre|violation)s?(_|$)", re.IGNORECASE)
# `/home/` is also a page of the application (`/home/consent.pdf`): only what lies deeper is somebody's own folder.
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:(?:work|root|tmp/brief|opt/pypi)/|(?:home|Users)/(?![\w-]+\.(?:pdf|csv|ics)\b)[\w.-]+)"
)


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [
            p for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts and ".git" not in p.parts
        ]
    return [ROOT / line for line in listed.stdout.splitlines()]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short_enough_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 600, f"{path.relative_to(ROOT)} has {lines} lines; split it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_are_named_for_what_they_hold(path: Path) -> None:
    assert not BANNED_NAMES & {*path.relative_to(SOURCE).parts[:-1], path.stem}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_public_names_use_the_words_of_the_field(path: Path) -> None:
    if "exchange" in path.parts:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    names = [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
    assert [n for n in names if not n.startswith("_") and BANNED_WORDS.search(n)] == []


def test_nothing_tracked_names_this_machine() -> None:
    found = []
    for path in _tracked():
        if path.suffix in {".png", ".parquet", ".gz", ".svg", ".lock"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if path.name != "test_house.py" and MACHINE_PATHS.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_a_page_of_the_application_is_no_machine_path() -> None:
    pages = (
        "`/home/consent.pdf`",
        'get("/home/consent.pdf")',
        "http://127.0.0.1:8000/home",
        "/homes/x",
        "/users/of/pi",
    )
    assert [text for text in pages if MACHINE_PATHS.search(text)] == []
    paths = (
        "/home/jane/trial.sqlite",
        "/home/jane",
        "/home/jane.doe/x",
        "/root/x",
        "/work/main",
        "/Users/jane/x",
    )
    assert [text for text in paths if not MACHINE_PATHS.search(text)] == []


def test_lock_files_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "tools/bootstrap.lock"):
        assert not re.search(r"https?://|--index-url|--find-links", (ROOT / name).read_text(encoding="utf-8"))


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []


def test_every_document_is_reachable_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [p for p in (ROOT / "docs").rglob("*.md") if p.name != "README.md"]
    missing = [
        str(p.relative_to(ROOT / "docs")) for p in pages if str(p.relative_to(ROOT / "docs")) not in index
    ]
    assert missing == []


def test_make_lists_its_commands() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in ("demo", "test", "check", "bench", "serve", "setup"):
        assert f"make {command}" in listed.stdout
