"""Mapping files: which column of another system's data is which item, in which unit.

A mapping is YAML. Every column of a wide file is mapped or named under `ignore` with a reason, and every
test of a long file likewise, so that nothing is dropped unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trialrun.errors import UserError

Shape = Literal["wide", "long", "codes"]
FACTS = ("arm", "ended_on", "end_reason")
PRECISIONS: Mapping[str, int] = {"day": 10, "month": 7, "year": 4}
Recoded = str | Mapping[str, str]


class MappingError(UserError):
    """A mapping file is not understood; the message names file and key."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Target:
    """Where a column's values go.

    `unit` is the unit of a wide column; `values` recodes texts: to a code, or to `{missing: reason}`.
    `visits` keeps the item at these visits only (all: empty). `per_participant` takes the first row alone.
    `keep_identifying` lands an identifying item, for sources without real identities. `precision` is `year`
    or `month` where the source's dates are no better, whatever they look like.
    """

    item: str
    unit: str | None = None
    values: Mapping[str, Recoded] = field(default_factory=dict[str, Recoded])
    visits: tuple[str, ...] = ()
    per_participant: bool = False
    keep_identifying: bool = False
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class CodeFlag:
    """An item answered by the presence of a code; the absence of a code answers nothing."""

    item: str
    value: str
    codes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A column that says how a person's participation went; `values` recodes its texts."""

    column: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the source and how to read it.

    Args:
        shape: `wide` (one row a visit or person), `long` (one row a test), `codes` (one row a diagnosis).
        participant: column of the person's key.
        date, day: column of the day; `day` counts days from `Mapping_.origin`.
        columns: wide: column to target.
        age, birth_from_age: wide: column of the age, and the item a birth day computed from it fills.
        test, value, unit, tests: long: columns, and test code to target.
        code, system, flags: codes: columns, and what the codes say.
        ignore: columns or test codes that are not taken over, with the reason.
        course: wide: the arm, the day participation ended and why, by `arm`, `ended_on`, `end_reason`; where `day`
            is used, `ended_on` counts days from the origin too.
        defines_participants: the people of the import are those of this file.
    """

    file: str
    shape: Shape
    participant: str
    date: str = ""
    day: str = ""
    columns: Mapping[str, Target] = field(default_factory=dict[str, Target])
    age: str = ""
    birth_from_age: str = ""
    test: str = ""
    value: str = ""
    unit: str = ""
    tests: Mapping[str, Target] = field(default_factory=dict[str, Target])
    code: str = ""
    system: str = ""
    flags: tuple[CodeFlag, ...] = ()
    ignore: Mapping[str, str] = field(default_factory=dict[str, str])
    course: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    defines_participants: bool = False


@dataclass(frozen=True, slots=True)
class ForeignMapping:
    """A whole mapping file.

    Args:
        first_visit, other_visits: study visits: the first complete day, and every other day.
        complete: items that must all be known for a day to be the first visit; else the first day is.
        visit_day: items filled with the day of each visit that has values (a sample's date).
        stand_in: items filled with the day of the first visit, each with the reason.
        start: why the day of the first visit stands in for enrolment and the first dose; empty: nobody was treated.
        units: spelling of the source to UCUM.
        missing: texts that mean missing anywhere, to a reason.
        on_reject: `refuse` lands nothing if a single value is rejected, `list` lands the rest.
    """

    name: str
    title: str
    files: tuple[SourceFile, ...]
    first_visit: str
    other_visits: str
    complete: tuple[str, ...] = ()
    stand_in: Mapping[str, str] = field(default_factory=dict[str, str])
    visit_day: tuple[str, ...] = ()
    start: str = ""
    origin: str = ""
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    on_reject: Literal["refuse", "list"] = "refuse"
    notes: tuple[str, ...] = ()
    path: str = ""


def read_mapping(path: Path) -> ForeignMapping:
    """Read a mapping file.

    Errors: `MappingError` naming file and key for anything that is missing or not understood.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MappingError(f"there is no mapping file {path}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} is not readable YAML: {error}") from error
    if not isinstance(data, dict):
        raise MappingError(f"{path} does not hold a mapping", "start with name, files and visits")
    return _Reader(str(path), data).mapping()


class _Reader:
    """Turns plain YAML into a mapping; every problem names the key it was found at."""

    def __init__(self, path: str, data: dict[str, Any]) -> None:
        self._path = path
        self._data = data

    def mapping(self) -> ForeignMapping:
        data = self._data
        self._only(
            data,
            {
                "name",
                "title",
                "files",
                "visits",
                "visit_day",
                "stand_in",
                "start",
                "origin",
                "units",
                "missing",
                "on_reject",
                "notes",
            },
            "",
        )
        visits = self._map(data.get("visits"), "visits")
        self._only(visits, {"first", "others", "complete"}, "visits")
        on_reject = str(data.get("on_reject", "refuse"))
        if on_reject not in {"refuse", "list"}:
            raise self._wrong("on_reject", f"is {on_reject!r}, it can be refuse or list")
        return ForeignMapping(
            name=self._text(data, "name", ""),
            title=str(data.get("title", "")),
            files=tuple(
                self._file(entry, f"files[{i}]") for i, entry in enumerate(self._list(data, "files"))
            ),
            first_visit=self._text(visits, "first", "visits"),
            other_visits=self._text(visits, "others", "visits"),
            complete=tuple(visits.get("complete", ())),
            stand_in=self._texts(data.get("stand_in"), "stand_in"),
            visit_day=tuple(data.get("visit_day", ())),
            start=str(data.get("start", "")),
            origin=str(data.get("origin", "")),
            units=self._texts(data.get("units"), "units"),
            missing=self._missing(data.get("missing")),
            on_reject="list" if on_reject == "list" else "refuse",
            notes=tuple(str(note) for note in data.get("notes", ())),
            path=self._path,
        )

    def _file(self, entry: Any, place: str) -> SourceFile:
        data = self._map(entry, place)
        known = set(SourceFile.__dataclass_fields__)
        self._only(data, known, place)
        shape = str(data.get("shape", ""))
        if shape not in {"wide", "long", "codes"}:
            raise self._wrong(f"{place}.shape", f"is {shape!r}, it can be wide, long or codes")
        needed = {
            "wide": ("participant",),
            "long": ("participant", "test", "value"),
            "codes": ("participant", "code"),
        }
        for key in ("file", *needed[shape]):
            self._text(data, key, place)
        texts = {
            key: str(data.get(key, ""))
            for key in ("date", "day", "age", "birth_from_age", "test", "value", "unit", "code", "system")
        }
        return SourceFile(
            file=str(data["file"]),
            shape=shape,  # type: ignore[arg-type]
            participant=str(data["participant"]),
            columns=self._targets(data.get("columns"), f"{place}.columns"),
            tests=self._targets(data.get("tests"), f"{place}.tests"),
            flags=tuple(
                self._flag(flag, f"{place}.flags[{i}]") for i, flag in enumerate(data.get("flags", ()))
            ),
            ignore=self._texts(data.get("ignore"), f"{place}.ignore"),
            course=self._course(data.get("course"), f"{place}.course"),
            defines_participants=bool(data.get("defines_participants", False)),
            **texts,
        )

    def _course(self, data: Any, place: str) -> dict[str, Fact]:
        given = self._map(data, place)
        self._only(given, set(FACTS), place)
        course: dict[str, Fact] = {}
        for name, value in given.items():
            entry = self._map(value, f"{place}.{name}")
            self._only(entry, {"column", "values"}, f"{place}.{name}")
            texts = self._texts(entry.get("values"), f"{place}.{name}.values")
            course[str(name)] = Fact(self._text(entry, "column", f"{place}.{name}"), texts)
        return course

    def _targets(self, data: Any, place: str) -> dict[str, Target]:
        return {
            str(key): self._target(value, f"{place}.{key}") for key, value in self._map(data, place).items()
        }

    def _target(self, value: Any, place: str) -> Target:
        if isinstance(value, str):
            return Target(value)
        data = self._map(value, place)
        self._only(data, set(Target.__dataclass_fields__), place)
        recoded: dict[str, Recoded] = {}
        for text, code in self._map(data.get("values"), f"{place}.values").items():
            recoded[str(text)] = self._texts(code, place) if isinstance(code, dict) else _plain(code)
        return Target(
            item=self._text(data, "item", place),
            unit=str(data["unit"]) if data.get("unit") is not None else None,
            values=recoded,
            visits=tuple(data.get("visits", ())),
            per_participant=bool(data.get("per_participant", False)),
            keep_identifying=bool(data.get("keep_identifying", False)),
            precision=self._precision(data, place),
        )

    def _precision(self, data: dict[Any, Any], place: str) -> str:
        precision = str(data.get("precision", "day"))
        if precision not in PRECISIONS:
            raise self._wrong(f"{place}.precision", f"is {precision!r}, it can be {', '.join(PRECISIONS)}")
        return precision

    def _flag(self, value: Any, place: str) -> CodeFlag:
        data = self._map(value, place)
        self._only(data, {"item", "value", "codes"}, place)
        codes = {
            str(system): tuple(str(code) for code in listed)
            for system, listed in self._map(data.get("codes"), f"{place}.codes").items()
        }
        return CodeFlag(self._text(data, "item", place), _plain(data.get("value", True)), codes)

    def _missing(self, data: Any) -> dict[str, str]:
        if isinstance(data, list):
            return {str(text): "unknown" for text in data}
        return self._texts(data, "missing")

    def _map(self, value: Any, place: str) -> dict[Any, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(place, f"is {value!r}, it should hold keys and values")
        return value

    def _texts(self, value: Any, place: str) -> dict[str, str]:
        return {str(key): str(text) for key, text in self._map(value, place).items()}

    def _list(self, data: dict[str, Any], key: str) -> list[Any]:
        value = data.get(key)
        if not isinstance(value, list) or not value:
            raise self._wrong(key, "should be a list of at least one")
        return value

    def _text(self, data: dict[Any, Any], key: str, place: str) -> str:
        value = data.get(key)
        if value is None or value == "":
            raise self._wrong(f"{place}.{key}".lstrip("."), "is missing")
        return str(value)

    def _only(self, data: dict[Any, Any], known: set[str], place: str) -> None:
        strange = sorted(str(key) for key in data if str(key) not in known)
        if strange:
            where = f"{place}.{strange[0]}".lstrip(".")
            raise self._wrong(where, f"is not known here; known are {', '.join(sorted(known))}")

    def _wrong(self, place: str, words: str) -> MappingError:
        return MappingError(f"{self._path}: {place} {words}")


def _plain(value: Any) -> str:
    """A YAML scalar as the text an item holds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
