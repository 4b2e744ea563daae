"""Reading `consent/`: a text per version and language, and beside it the questions about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from trialrun.study.content_hash import text_hash
from trialrun.study.model import Choice, ConsentQuestion, ConsentText
from trialrun.study.text import Located, did_you_mean, plain, read_yaml
from trialrun.values.finding import Finding, Severity

_TEXT = re.compile(r"^([a-z]{2,3})-([A-Za-z0-9.]+)\.md$")
_QUESTIONS = ".questions.yaml"
_ID = re.compile(r"^[a-z][a-z0-9_]*$")
_KEYS = ("ask", "answers", "correct", "explain")


def read_consents(folder: Path, located: Located) -> tuple[ConsentText, ...]:
    """The consent texts of a study folder with their questions; problems go to `located.findings`."""
    texts: list[ConsentText] = []
    used: set[str] = set()
    for path in sorted((folder / "consent").glob("*")):
        if path.name.endswith(_QUESTIONS):
            continue
        match = _TEXT.match(path.name)
        if match is None:
            _problem(
                located,
                "consent-name",
                f"the consent file {path.name!r} is not named LANGUAGE-VERSION.md",
                path,
                "e.g. en-1.md",
            )
            continue
        beside = path.with_name(path.stem + _QUESTIONS)
        used.add(beside.name)
        questions = _read_questions(beside, located) if beside.is_file() else ()
        text = path.read_text(encoding="utf-8")
        texts.append(ConsentText(match[2], match[1], text, bound_hash(text, questions), questions))
    for path in sorted((folder / "consent").glob(f"*{_QUESTIONS}")):
        if path.name not in used:
            _problem(
                located,
                "questions-alone",
                f"{path.name} asks about a text that is not there",
                path,
                f"name it after its text, e.g. en-1{_QUESTIONS} beside en-1.md",
            )
    return tuple(texts)


def bound_hash(text: str, questions: tuple[ConsentQuestion, ...]) -> str:
    """What a signature is bound to: the words, and the questions where there are any."""
    if not questions:
        return text_hash(text)
    asked = [
        [one.id, one.ask, [[answer.code, answer.label] for answer in one.answers], one.correct, one.explain]
        for one in questions
    ]
    return text_hash(text_hash(text) + json.dumps(asked, ensure_ascii=False, separators=(",", ":")))


def _problem(located: Located, code: str, message: str, path: Path, remedy: str) -> None:
    located.findings.append(Finding(Severity.ERROR, code, message, f"consent/{path.name}", remedy))


def _read_questions(path: Path, located: Located) -> tuple[ConsentQuestion, ...]:
    read = read_yaml(path, name=f"consent/{path.name}")
    questions: list[ConsentQuestion] = []
    if not isinstance(read.data, dict):
        if not read.findings:
            read.problem((), "wrong-type", f"{plain(read.data)} stands where questions by name are expected")
    else:
        for name, entry in cast("dict[str, Any]", read.data).items():
            question = _question(read, name, entry)
            if question is not None:
                questions.append(question)
    located.findings.extend(read.findings)
    return tuple(questions)


def _question(read: Located, name: str, entry: Any) -> ConsentQuestion | None:
    before = len(read.findings)
    if not _ID.match(name):
        read.problem(
            (name,), "bad-name", f"{name!r} is no name for a question", "small letters, digits and _"
        )
    if not isinstance(entry, dict):
        read.problem((name,), "wrong-type", f"{plain(entry)} is not a question", f"give {', '.join(_KEYS)}")
        return None
    fields = cast("dict[str, Any]", entry)
    for key in fields.keys() - set(_KEYS):
        read.problem(
            (name, key), "unknown-key", f"a question has no {key!r}", did_you_mean(key, _KEYS) or "remove it"
        )
    texts = {key: _text(read, name, fields, key) for key in ("ask", "correct", "explain")}
    answers = _answers(read, name, fields.get("answers"))
    if texts["correct"] and answers and texts["correct"] not in {answer.code for answer in answers}:
        read.problem(
            (name, "correct"),
            "unknown-answer",
            f"{texts['correct']!r} is not one of the answers of {name!r}",
            f"choose from {', '.join(answer.code for answer in answers)}",
        )
    if len(read.findings) > before:
        return None
    return ConsentQuestion(
        name, texts["ask"], answers, texts["correct"], texts["explain"], read.place((name,))
    )


def _text(read: Located, name: str, fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if key not in fields:
        read.problem((name,), "missing-key", f"question {name!r} lacks {key}", f"add {key}:")
    elif not isinstance(value, str) or not value.strip():
        read.problem((name, key), "wrong-type", f"{plain(value)} is not a text", "put it in quotes")
    else:
        return value.strip()
    return ""


def _answers(read: Located, name: str, value: Any) -> tuple[Choice, ...]:
    if value is None:
        read.problem((name,), "missing-key", f"question {name!r} lacks answers", "add answers: by code")
        return ()
    if not isinstance(value, dict) or len(cast("dict[str, Any]", value)) < 2:
        read.problem((name, "answers"), "too-few-answers", "a question needs two answers at least")
        return ()
    found: list[Choice] = []
    for code, label in cast("dict[str, Any]", value).items():
        if not _ID.match(code):
            read.problem(
                (name, "answers", code), "bad-name", f"{code!r} is no code", "small letters, digits and _"
            )
        if not isinstance(label, str) or not label.strip():
            read.problem(
                (name, "answers", code), "wrong-type", f"{plain(label)} is not a text", "put it in quotes"
            )
            continue
        found.append(Choice(code, label.strip()))
    return tuple(found)
