"""Scores from their files: the package's own, and anybody's by path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from trialrun.errors import ScoreError, UnitError
from trialrun.scores.model import (
    Direction,
    Effect,
    Example,
    InputType,
    ResultKind,
    Scalar,
    Score,
    ScoreInput,
    Step,
)
from trialrun.values.units import check_unit

DATA = Path(__file__).parent / "data"
_KEYS = {
    "name", "label", "aliases", "purpose", "result", "inputs", "steps", "value", "bands", "components", "formula",
    "bounds", "rounding", "notes", "in_force", "sources", "evidence", "example",
}  # fmt: skip
_REQUIRED = (
    "name",
    "label",
    "purpose",
    "result",
    "inputs",
    "value",
    "formula",
    "sources",
    "evidence",
    "example",
)
_INPUT_KEYS = {
    "type", "label", "unit", "analyte", "choices", "synonyms", "aliases", "unit_aliases", "allowed", "refuse",
    "refuse_below", "if_absent", "if_absent_says", "gate", "unanswerable", "only_for", "unit_needed", "unit_like",
    "plausible", "rename", "raises", "lowers", "either",
}  # fmt: skip
_STEP_KEYS = {"rule", "label", "unit", "choices"}


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of the package's own scores, in alphabetical order."""
    return tuple(sorted(path.stem for path in DATA.glob("*.yaml")))


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, str]:
    """Other names scores are known by, each with the name it stands for."""
    return {str(alias): name for name in names() for alias in _heading(name).get("aliases") or ()}


def label(name: str) -> str:
    """The label of one of the package's own scores, without reading the rest of its file."""
    return str(_heading(name)["label"])


@lru_cache(maxsize=256)
def _heading(name: str) -> Mapping[str, Any]:
    text = (DATA / f"{name}.yaml").read_text(encoding="utf-8")
    return _yaml().load(text.partition("\ninputs:")[0])


def _yaml() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True)


@lru_cache(maxsize=256)
def score(name: str) -> Score:
    """A score by its name, or by the path of its file (ending in .yaml).

    Errors: `ScoreError` for an unknown name, with the nearest ones, or a file that does not load.
    """
    if name.endswith((".yaml", ".yml")):
        return read_score(Path(name))
    if name in names():
        return read_score(DATA / f"{name}.yaml")
    if name in aliases():
        return score(aliases()[name])
    import difflib

    close = difflib.get_close_matches(name, [*names(), *aliases()], n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(close)}?" if close else "`trialrun score --list` shows all"
    raise ScoreError(f"there is no score named {name!r}", hint)


def read_score(path: Path) -> Score:
    """A score from its YAML file.

    Errors: `ScoreError` naming file, key and rule for anything missing, misspelt or of the wrong kind.
    """
    from ruamel.yaml.error import YAMLError

    try:
        found: object = _yaml().load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScoreError(f"{path}: cannot be read ({error.strerror})", "check the path") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ScoreError(f"{path}: is not YAML: {error}", "check indentation and quotes") from error
    return _Reader(path.name).score(found)


class _Reader:
    """Reads one file; every message begins with the file and the key."""

    def __init__(self, place: str) -> None:
        self.place = place

    def fail(self, where: str, message: str, remedy: str = "") -> ScoreError:
        return ScoreError(f"{self.place}: {where}: {message}", remedy)

    def mapping(self, where: str, found: object, keys: set[str] | None = None) -> dict[str, Any]:
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self.fail(where, "is not a mapping", "write `key: value` lines below it")
        plain = {str(key): value for key, value in cast("dict[Any, Any]", found).items()}
        unknown = [key for key in plain if keys is not None and key not in keys]
        if unknown:
            raise self.fail(
                where, f"unknown key {unknown[0]!r}", f"known keys: {', '.join(sorted(keys or ()))}"
            )
        return plain

    def texts(self, where: str, found: object) -> tuple[str, ...]:
        if found is None:
            return ()
        if not isinstance(found, list):
            raise self.fail(where, "is not a list", "write [a, b] or `- a` lines")
        return tuple(str(each) for each in cast("list[Any]", found))

    def score(self, found: object) -> Score:
        data = self.mapping("file", found, _KEYS)
        for key in _REQUIRED:
            if data.get(key) in (None, ""):
                raise self.fail(
                    key, "is missing", "every score names its inputs, value, formula, sources and example"
                )
        inputs = tuple(self.input(n, i) for n, i in self.mapping("inputs", data["inputs"]).items())
        steps = tuple(self.step(n, s, "steps") for n, s in self.mapping("steps", data.get("steps")).items())
        bands = tuple(self.step(n, s, "bands") for n, s in self.mapping("bands", data.get("bands")).items())
        components = self.texts("components", data.get("components"))
        for name in components:
            if name not in {step.name for step in steps}:
                raise self.fail("components", f"there is no step named {name!r}", "list names of steps")
        in_force = self.mapping("in_force", data.get("in_force"), {"from", "until"})
        result = self.mapping("result", data["result"], {"label", "unit", "lowest", "highest"})
        return Score(
            name=str(data["name"]),
            label=str(data["label"]),
            purpose=str(data["purpose"]),
            result=ResultKind(
                str(result.get("label", data["label"])),
                self.unit(result.get("unit")),
                self.number("result.lowest", result.get("lowest")),
                self.number("result.highest", result.get("highest")),
            ),
            inputs=inputs,
            steps=steps,
            value=Step("value", str(data["value"])),
            bands=bands,
            components=components,
            formula=str(data["formula"]),
            bounds=str(data.get("bounds") or "none"),
            rounding=str(data.get("rounding") or "none"),
            notes=self.texts("notes", data.get("notes")),
            sources=self.texts("sources", data["sources"]),
            evidence=str(data["evidence"]),
            example=self.example(data["example"]),
            aliases=self.texts("aliases", data.get("aliases")),
            in_force=(self.day(in_force.get("from")), self.day(in_force.get("until"))),
            place=self.place,
        )

    def input(self, name: str, found: object) -> ScoreInput:
        where = f"inputs.{name}"
        data = self.mapping(where, found, _INPUT_KEYS)
        try:
            kind = InputType(str(data.get("type")))
        except ValueError:
            raise self.fail(
                f"{where}.type", f"{data.get('type')!r} is no type", "number, boolean or choice"
            ) from None
        refuse = data.get("refuse")
        return ScoreInput(
            name=name,
            symbol=str(data.get("rename") or name),
            type=kind,
            label=str(data.get("label") or name),
            unit=self.unit(data.get("unit")),
            analyte=str(data.get("analyte") or ""),
            choices=self.texts(f"{where}.choices", data.get("choices")),
            synonyms={k: str(v) for k, v in self.mapping(f"{where}.synonyms", data.get("synonyms")).items()},
            aliases=self.texts(f"{where}.aliases", data.get("aliases")),
            unit_aliases=self.texts(f"{where}.unit_aliases", data.get("unit_aliases")),
            allowed=tuple(float(text) for text in self.texts(f"{where}.allowed", data.get("allowed"))),
            refuse=None if refuse is None else self.pair(f"{where}.refuse", refuse),
            refuse_below=self.number(f"{where}.refuse_below", data.get("refuse_below")),
            if_absent=self.scalar(data.get("if_absent")),
            if_absent_says=str(data.get("if_absent_says") or ""),
            gate=data.get("gate") is True,
            unanswerable={k: str(v) for k, v in self.mapping(where, data.get("unanswerable")).items()},
            only_for=self.texts(f"{where}.only_for", data.get("only_for")),
            unit_needed=data.get("unit_needed") is True,
            unit_like=str(data.get("unit_like") or ""),
            plausible=data.get("plausible") is not False,
            effect=self.effect(where, data),
        )

    def effect(self, where: str, data: Mapping[str, Any]) -> Effect | None:
        given = [direction for direction in Direction if direction.value in data]
        if not given:
            return None
        if len(given) > 1:
            raise self.fail(where, "has more than one of raises, lowers, either", "keep one")
        ends = data[given[0].value]
        if not isinstance(ends, list) or len(cast("list[Any]", ends)) != 2:
            raise self.fail(f"{where}.{given[0]}", "needs two ends", "write [first, last]")
        first, last = (self.scalar(end) for end in cast("list[Any]", ends))
        if first is None or last is None:
            raise self.fail(f"{where}.{given[0]}", "an end is empty", "write both")
        return Effect(given[0], first, last)

    def step(self, name: str, found: object, part: str) -> Step:
        if isinstance(found, str):
            return Step(name, found)
        data = self.mapping(f"{part}.{name}", found, _STEP_KEYS)
        if not data.get("rule"):
            raise self.fail(f"{part}.{name}", "has no rule", "write it in the expression language")
        unit = data.get("unit")
        choices = self.texts(f"{part}.{name}.choices", data.get("choices"))
        return Step(
            name,
            str(data["rule"]),
            str(data.get("label") or ""),
            None if unit is None else str(unit),
            choices,
        )

    def example(self, found: object) -> Example:
        data = self.mapping("example", found, {"inputs", "value", "tolerance", "source"})
        inputs: dict[str, Scalar | tuple[float, str]] = {}
        for name, given in self.mapping("example.inputs", data.get("inputs")).items():
            if isinstance(given, list):
                value, unit = cast("list[Any]", given)
                inputs[name] = (float(value), str(unit))
            else:
                scalar = self.scalar(given)
                if scalar is not None:
                    inputs[name] = scalar
        value = self.number("example.value", data.get("value"))
        if value is None:
            raise self.fail("example.value", "is missing", "give the value the source states")
        tolerance = self.number("example.tolerance", data.get("tolerance"))
        return Example(inputs, value, tolerance or 0.0, str(data.get("source") or ""))

    def unit(self, found: object) -> str:
        text = "" if found is None else str(found)
        if text not in ("", "same"):
            try:
                check_unit(text)
            except UnitError as error:
                raise ScoreError(f"{self.place}: {error.message}", error.remedy) from error
        return text

    def number(self, where: str, found: object) -> float | None:
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self.fail(where, f"{found!r} is not a number")
        return float(found)

    def pair(self, where: str, found: object) -> tuple[float, float]:
        ends = (
            [self.number(where, end) for end in cast("list[Any]", found)] if isinstance(found, list) else []
        )
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            raise self.fail(where, "needs two numbers", "write [least, most]")
        return ends[0], ends[1]

    def scalar(self, found: object) -> Scalar | None:
        if found is None or isinstance(found, bool | str):
            return found
        return float(found) if isinstance(found, int | float) else str(found)

    def day(self, found: object) -> date | None:
        return found if isinstance(found, date) else None
