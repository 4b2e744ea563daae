"""What the public page says in plain words and asks, read from `public.yaml` of the study folder.

The file decides nothing: an answer sets values of the study's items, and the criteria are applied to
those as they are. A study without the file asks, by their labels, what participants attest themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from trialrun.app.language import gettext as _
from trialrun.app.language import language
from trialrun.errors import StudyError
from trialrun.study.kept import Kept
from trialrun.study.model import AttestedBy, Item, ItemType, Study
from trialrun.study.text import Located, Path_, read_yaml
from trialrun.values.finding import Severity

FILE = "public.yaml"
KINDS = ("one", "several", "year", "month", "number")
YES, NO, NONE = "yes", "no", "none_of_these"

Cells = Mapping[str, Any]
Words = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to choose: what it sets of the items asked once, and the rows it adds to lists."""

    code: str
    words: Words
    sets: Cells = field(default_factory=dict[str, Any])
    rows: Mapping[str, Cells] = field(default_factory=dict[str, Cells])

    @property
    def label(self) -> str:
        """The answer in the reader's language; yes and no are the program's own words."""
        if not self.words:
            return _("Yes") if self.code == YES else _("No")
        return spoken(self.words)


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the public check.

    `kind`: `one` of the answers, `several` of them (`none` is then the answer that none applies), or
    a `year`, a `month` or a `number` to write (then `item` takes it).
    """

    name: str
    ask: Words
    kind: str = "one"
    about: Words = ""
    help: Words = ""
    item: str = ""
    answers: tuple[Answer, ...] = ()
    none: Words = ""

    @property
    def items(self) -> frozenset[str]:
        """The items the answers can set."""
        found = {self.item} - {""}
        for answer in self.answers:
            found.update(answer.sets)
            found.update(name for row in answer.rows.values() for name in row)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class PublicWords:
    """All of a study's plain words: questions, forms, visits and criteria, contact, and the days set to today."""

    questions: tuple[Question, ...] = ()
    forms: Mapping[str, Words] = field(default_factory=dict[str, Words])
    visits: Mapping[str, Words] = field(default_factory=dict[str, Words])
    criteria: Mapping[str, Words] = field(default_factory=dict[str, Words])
    contact: Mapping[str, str] = field(default_factory=dict[str, str])
    today: tuple[str, ...] = ()


def spoken(words: Words) -> str:
    """A text in the language in use: the study's own words for it, else the first it has."""
    if isinstance(words, str):
        return words
    code = language()
    return words.get(code) or words.get(code.split("-")[0]) or next(iter(words.values()), "")


def public_words(study: Study) -> PublicWords:
    """The study's plain words.

    Errors: `StudyError` when `public.yaml` names what the study does not have.
    """
    return _WORDS.of(study)


def _read(study: Study) -> PublicWords:
    path = Path(study.folder) / FILE
    if not study.folder or not path.is_file():
        return PublicWords(tuple(_from_labels(study)))
    reader = _Reader(study, read_yaml(path))
    found = reader.read()
    errors = [one for one in reader.located.findings if one.severity is Severity.ERROR]
    if errors:
        lines = "; ".join(f"{one.place}: {one.message}" for one in errors[:10])
        raise StudyError(f"{FILE} does not fit the study: {lines}", "name items, forms and answers it has")
    return found


_WORDS = Kept(_read)


def _from_labels(study: Study) -> Iterable[Question]:
    """What participants attest themselves, asked by its label; nothing of the consent and of lists."""
    for form in study.forms.values():
        if form.repeating or form.before_consent:
            continue
        for name in form.items:
            item = study.items[name]
            simple = item.type in (ItemType.BOOLEAN, ItemType.CHOICE)
            if item.attested_by is AttestedBy.PARTICIPANT and simple and not item.identifying:
                yield Question(name, item.label, about=form.title, item=name, answers=_of_item(item, {}))


def _of_item(item: Item, labels: Mapping[str, Words]) -> tuple[Answer, ...]:
    if item.type is ItemType.BOOLEAN:
        return (
            Answer(YES, labels.get(YES, ""), {item.name: True}),
            Answer(NO, labels.get(NO, ""), {item.name: False}),
        )
    chosen = labels or {choice.code: choice.label for choice in item.choices}
    return tuple(Answer(code, words, {item.name: code}) for code, words in chosen.items())


class _Reader:
    """Reads the file and notes what does not fit."""

    def __init__(self, study: Study, located: Located) -> None:
        self.study = study
        self.located = located

    def read(self) -> PublicWords:
        data: dict[str, Any] = self.mapping(self.located.data, ())
        self.only(data, (), ("questions", "forms", "visits", "criteria", "contact", "today"))
        questions = self.mapping(data.get("questions"), ("questions",))
        today: Any = data.get("today") or []
        for index, name in enumerate(today):
            self.need(name, self.study.items, ("today", index), "item")
        return PublicWords(
            tuple(self.question(name, body) for name, body in questions.items()),
            self.words_of(data, "forms", self.study.forms),
            self.words_of(data, "visits", self.study.visits),
            self.words_of(data, "criteria", self.study.criteria),
            {key: str(text or "") for key, text in self.mapping(data.get("contact"), ("contact",)).items()},
            tuple(today),
        )

    def mapping(self, value: object, path: Path_) -> dict[str, Any]:
        if value is None:
            return {}
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
        self.located.problem(path, "not-a-mapping", "a list of names with values is expected here")
        return {}

    def only(self, data: Mapping[str, Any], path: Path_, known: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                self.located.problem((*path, key), "unknown-key", f"{key!r} is none of {', '.join(known)}")

    def need(self, name: str, known: Iterable[str], path: Path_, what: str) -> bool:
        if name in known:
            return True
        self.located.problem(path, f"unknown-{what}", f"the study has no {what} {name!r}")
        return False

    def words_of(self, data: Mapping[str, Any], key: str, known: Iterable[str]) -> dict[str, Words]:
        found = self.mapping(data.get(key), (key,))
        for name in found:
            self.need(name, known, (key, name), key.removesuffix("s"))
        return found

    def question(self, name: str, body: object) -> Question:
        path = ("questions", name)
        data = self.mapping(body, path)
        self.only(data, path, ("about", "ask", "help", "kind", "item", "items", "answers", "none"))
        kind, item = str(data.get("kind", "one")), str(data.get("item", ""))
        if kind not in KINDS:
            self.located.problem((*path, "kind"), "unknown-kind", f"{kind!r} is none of {', '.join(KINDS)}")
        if not data.get("ask"):
            self.located.problem(path, "no-question", "the question has no words: give `ask`")
        if item and self.need(item, self.study.items, (*path, "item"), "item"):
            self.fits(kind, self.study.items[item], path)
        return Question(
            name,
            data.get("ask", ""),
            kind,
            data.get("about", ""),
            data.get("help", ""),
            item,
            self.answers(kind, item, data, path),
            data.get("none", ""),
        )

    def fits(self, kind: str, item: Item, path: Path_) -> None:
        kinds = {
            "one": (ItemType.BOOLEAN, ItemType.CHOICE),
            "number": (ItemType.NUMBER, ItemType.INTEGER),
            "year": (ItemType.DATE,),
            "month": (ItemType.DATE,),
        }
        wanted = kinds.get(kind, ())
        if item.type not in wanted or (kind in ("year", "month") and not item.partial):
            self.located.problem(
                (*path, "item"), "wrong-item", f"a question of kind {kind!r} cannot set {item.name}"
            )

    def answers(self, kind: str, item: str, data: Mapping[str, Any], path: Path_) -> tuple[Answer, ...]:
        if kind == "several":
            items = self.mapping(data.get("items"), (*path, "items"))
            for name in items:
                self.cell(name, True, (*path, "items", name))
            return tuple(Answer(name, words, {name: True}) for name, words in items.items())
        if kind != "one":
            return ()
        listed = self.mapping(data.get("answers"), (*path, "answers"))
        known = self.study.items.get(item)
        if known is not None:
            found = _of_item(known, listed)
        else:
            found = tuple(self.free(code, body, (*path, "answers", code)) for code, body in listed.items())
        for answer in found:
            for name, value in answer.sets.items():
                self.cell(name, value, (*path, "answers", answer.code))
        if not found:
            self.located.problem(path, "no-answers", "the question has no answers")
        return found

    def free(self, code: str, body: object, path: Path_) -> Answer:
        data = self.mapping(body, path)
        self.only(data, path, ("label", "sets", "rows"))
        rows = self.mapping(data.get("rows"), (*path, "rows"))
        for form, row in rows.items():
            if self.need(form, self.study.forms, (*path, "rows", form), "form"):
                for name, value in self.mapping(row, (*path, "rows", form)).items():
                    self.need(name, self.study.forms[form].items, (*path, "rows", form, name), "item")
                    self.cell(name, value, (*path, "rows", form, name))
        sets = self.mapping(data.get("sets"), (*path, "sets"))
        return Answer(
            code,
            data.get("label", ""),
            {name: plain_cell(value) for name, value in sets.items()},
            {
                form: {name: plain_cell(value) for name, value in row.items()}
                for form, row in rows.items()
                if isinstance(row, dict)
            },
        )

    def cell(self, name: str, value: object, path: Path_) -> None:
        if not self.need(name, self.study.items, path, "item"):
            return
        item = self.study.items[name]
        plain = plain_cell(value)
        fits = {
            ItemType.BOOLEAN: isinstance(plain, bool),
            ItemType.CHOICE: plain in [choice.code for choice in item.choices],
            ItemType.NUMBER: isinstance(plain, float),
            ItemType.INTEGER: isinstance(plain, float),
        }
        if not fits.get(item.type, False):
            self.located.problem(path, "wrong-answer", f"{value!r} is no answer to {name}")


def plain_cell(value: object) -> object:
    """A value of the file as the criteria compute with it."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
