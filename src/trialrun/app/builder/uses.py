"""Where a study's text uses a name, so that renaming leaves no loose end and removing is refused with the places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Any, cast

from trialrun.app.builder.edits import Edits
from trialrun.app.builder.lines import Path
from trialrun.app.language import gettext as _
from trialrun.errors import ExpressionError, ScoreError, StudyError

# What each section's names are called where others name them.
NAMED = ("items", "derived", "forms", "visits", "criteria", "arms", "endpoints", "assumptions")
_EXPRESSIONS: tuple[tuple[str, ...], ...] = (
    ("items", "*", "only_if"),
    ("forms", "*", "checks", "*", "expression"),
    *(("derived", "*", key) for key in ("expression", "low", "high", "where", "value", "since", "until")),
    ("criteria", "*", "expression"),
)
_VALUE_NAMES: tuple[tuple[str, ...], ...] = (
    *(("derived", "*", key) for key in ("complete", "starts", "ends", "ongoing")),
    ("derived", "*", "inputs", "*"),
    ("endpoints", "*", "variable"),
    ("analysis", "responders", "*", "parameter"),
    ("analysis", "shifts", "*", "parameter"),
    ("analysis", "estimands", "*", "covariates", "*"),
    ("analysis", "sensitivity", "*", "parameters", "*", "*"),
    ("endpoints", "*", "time_to_event", "start"),
    ("endpoints", "*", "time_to_event", "last_known"),
    ("endpoints", "*", "time_to_event", "events", "*"),
)
_ENDPOINTS = (
    ("analysis", "estimands", "*", "endpoints", "*"),
    ("analysis", "multiplicity", "over", "*"),
)
_VISITS = (
    ("endpoints", "*", "visits", "*"),
    ("endpoints", "*", "baseline_visits", "*"),
    ("dose_plans", "*", "doses", "*", "visit"),
    ("analysis", "estimands", "*", "visits", "*"),
    ("analysis", "shifts", "*", "visit"),
)
_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "items": (("forms", "*", "items", "*"), *_VALUE_NAMES),
    "derived": _VALUE_NAMES,
    "forms": (("visits", "*", "forms", "*"), ("derived", "*", "over")),
    "visits": _VISITS,
    "criteria": (),
    "arms": (("dose_plans", "*", "arm"),),
    "endpoints": _ENDPOINTS,
    "assumptions": (
        ("criteria", "*", "assumptions", "*"),
        ("dose_plans", "*", "assumptions", "*"),
        ("endpoints", "*", "assumptions", "*"),
        *(
            ("endpoints", "*", level, "assumption")
            for level in ("domain", "measure", "metric", "aggregation", "time")
        ),
        *(
            ("analysis", part, "*", "assumptions", "*")
            for part in ("populations", "windows", "estimands", "responders", "sensitivity", "shifts")
        ),
        ("analysis", "multiplicity", "assumptions", "*"),
    ),
}
# Keys that are names themselves.
_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "items": (("endpoints", "*", "time_to_event", "events"),),
    "visits": (("analysis", "windows"),),
    "endpoints": (("analysis", "sensitivity", "*", "parameters"),),
}
_PARTS = (("assumptions", "*", "parts", "*"), ("traceability", "*", "parts", "*"))
# Sections whose entries bear the name of another's.
_PART_OF = {"visits": ("analysis.windows",), "arms": ("dose_plans",)}
# Files beside the study that name its parts and are not edited here.
_OTHER_FILES = ("rehearsal.yaml", "public.yaml")
# Items the program looks for by name: consent, identity, doses, adverse events, the end of participation.
_FIXED_ITEMS = (
    "consent_signed", "consent_date", "consent_version", "consent_language", "capacity", "screening_date",
    "birth_date", "sex", "infusion_start", "infusion_stop", "dose_given", "batch", "still_suitable", "end_date",
    "end_reason", "ae_term", "ae_start", "ae_end", "ae_grade", "ae_serious", "ae_related", "ae_action", "ae_outcome",
    "ae_aware_on", "ae_seriousness", "ae_expected", "ae_causality_by", "ae_narrative", "ae_treatment",
    "medication_name", "medication_class", "medication_start", "medication_end", "medication_ongoing",
    "alcohol_relapse", "procedure_kind", "dialysis",
)  # fmt: skip
_NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
_CRITERION = re.compile(r"^[A-Z][A-Za-z0-9_]*$")


class How(StrEnum):
    """How a place uses a name."""

    NAME = "name"
    RULE = "rule"
    PART = "part"
    KEY = "key"
    SETTING = "setting"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Use:
    """One place that uses a name; `path` leads to it."""

    path: Path
    how: How

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.path)


def uses(data: Any, section: str, name: str) -> tuple[Use, ...]:
    """Every place of a study's text that uses the name of an entry, the entry itself aside."""
    found: list[Use] = []
    own = family(data, section, name)
    for pattern in _NAMES.get(section, ()):
        found += [Use(path, How.NAME) for path, value in _match(data, pattern) if value in own]
    if section in ("items", "derived"):
        for pattern in _EXPRESSIONS:
            found += [
                Use(path, How.RULE)
                for path, value in _match(data, pattern)
                if isinstance(value, str) and any(_mentions(value, own))
            ]
    for pattern in _KEYS.get(section, ()):
        found += [
            Use((*path, name), How.KEY)
            for path, value in _match(data, pattern)
            if isinstance(value, Mapping) and name in cast("Mapping[str, Any]", value)
        ]
    parts = [f"{one}.{name}" for one in (section, *_PART_OF.get(section, ()))]
    for pattern in _PARTS:
        found += [Use(path, How.PART) for path, value in _match(data, pattern) if value in parts]
    found += [
        Use(path, How.SETTING)
        for path, value in _leaves(_get(data, "settings"), ("settings",))
        if value == name
    ]
    return tuple(found)


def uses_beside(folder: FilePath, name: str) -> tuple[str, ...]:
    """The files beside the study that mention a name as a word."""
    word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    return tuple(
        file
        for file in _OTHER_FILES
        if (folder / file).is_file()
        and word.search((folder / file).read_text(encoding="utf-8", errors="replace"))
    )


def remove(edits: Edits, section: str, name: str) -> None:
    """Take an entry out, and its name out of the lists of parts.

    Errors: `StudyError` naming the places, when something works with it.
    """
    data = edits.meant
    if name in fixed_names(data).get(section, ()):
        raise StudyError(
            _("{} is one of the names trialrun itself works with, so it stays.").format(f"{section}.{name}"),
            _("Change its words instead."),
        )
    found = uses(data, section, name)
    needed = [use for use in found if use.how is not How.PART]
    if needed:
        places = ", ".join(str(use) for use in needed[:8])
        more = _(" and {} more").format(len(needed) - 8) if len(needed) > 8 else ""
        raise StudyError(
            _("{} is used by {}{}.").format(f"{section}.{name}", places, more), _("Change those first.")
        )
    parts = [use for use in found if use.how is How.PART]
    left: dict[Path, list[Any]] = {}
    for use in parts:
        place = use.path[:-1]
        left.setdefault(place, list(_at(data, place)))
        left[place].remove(_at(data, use.path))
    for place, rest in left.items():
        # A sentence of the record with no part left leads nowhere, which stops a load: it is background then.
        edits.set(place, rest or (["background"] if place[0] == "traceability" else []))
    edits.remove((section, name))


def rename(edits: Edits, section: str, name: str, new: str) -> int:
    """Give an entry another name, everywhere; gives the number of places.

    Errors: `StudyError` for a name that is taken, or has letters a name cannot have, or that trialrun works with.
    """
    data = edits.meant
    _check_new_name(data, section, name, new)
    found = uses(data, section, name)
    settings = [use for use in found if use.how is How.SETTING]
    if settings:
        raise StudyError(
            _("{} is named by {}, where a name and a word look alike.").format(name, settings[0]),
            _("Change the name in the text itself."),
        )
    for use in found:
        if use.how is How.NAME:
            edits.set(use.path, new + str(_at(data, use.path))[len(name) :])
        elif use.how is How.PART:
            edits.set(use.path, str(_at(data, use.path)).removesuffix(name) + new)
        elif use.how is How.RULE:
            edits.set(use.path, renamed(_at(data, use.path), name, new, family(data, section, name)))
        elif use.how is How.KEY:
            edits.rename(use.path, new)
    _keep_score_inputs(edits, section, name, new)
    edits.rename((section, name), new)
    return len(found)


def _check_new_name(data: Any, section: str, name: str, new: str) -> None:
    pattern = _CRITERION if section == "criteria" else _NAME
    if name in fixed_names(data).get(section, ()):
        raise StudyError(
            _("{} is one of the names trialrun itself works with, so it stays.").format(f"{section}.{name}"),
            _("Change its words instead."),
        )
    need_name(section, new, pattern)
    both = ("items", "derived", "criteria") if section in ("items", "derived", "criteria") else (section,)
    if any(new in _get(data, one) for one in both):
        raise StudyError(_("The name {} is taken.").format(new), _("Choose another one."))


def need_name(section: str, new: str, pattern: re.Pattern[str] | None = None) -> None:
    """Refuse what cannot be a name. Errors: `StudyError`."""
    pattern = pattern or (_CRITERION if section == "criteria" else _NAME)
    if not pattern.match(new) or len(new) > 80:
        raise StudyError(
            _("{!r} cannot be a name.").format(new[:80]),
            _("Criteria begin with a capital, such as E2a.")
            if section == "criteria"
            else _("Lower-case letters and digits, words joined by one _."),
        )


def fixed_names(data: Any) -> dict[str, tuple[str, ...]]:
    """The names the program itself works with, as far as this study has them."""
    settings = cast("Mapping[str, Any]", _get(data, "settings"))
    own = [str(value) for key, value in settings.items() if key.endswith(("_item", "_form")) and value]
    return {
        "items": (*_FIXED_ITEMS, *own),
        "forms": ("consent", "demographics", "adverse_event", "end_of_study", *own),
        "visits": ("screening", "log", "unscheduled"),
    }


def family(data: Any, section: str, name: str) -> frozenset[str]:
    """The names an entry brings: its own, and those of a score's components (`child_pugh_class`)."""
    from trialrun.scores.load import score

    entry = _get(data, section).get(name)
    said: Any = cast("Mapping[str, Any]", entry).get("score") if isinstance(entry, Mapping) else None
    if section != "derived" or not isinstance(said, str):
        return frozenset({name})
    try:
        return frozenset({name, *(f"{name}_{one}" for one in score(said).shown)})
    except ScoreError:
        return frozenset({name})


def renamed(rule: str, name: str, new: str, own: frozenset[str]) -> str:
    """A rule with a name replaced, and its bounds and components with it; every other character stays."""
    for start in sorted(_mentions(rule, own), reverse=True):
        rule = rule[:start] + new + rule[start + len(name) :]
    return rule


def _mentions(rule: str, own: frozenset[str]) -> Iterator[int]:
    """Where a rule names a value: as itself or with its bounds (`__low`, `__high`)."""
    from trialrun.expressions.scan import Kind, scan

    try:
        words = scan(rule)
    except ExpressionError:
        # A rule that cannot be read still names what its letters name.
        for one in own:
            word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(one)}(?![A-Za-z0-9_])")
            yield from (found.start() for found in word.finditer(rule))
        return
    for word in words:
        if word.kind is Kind.NAME and word.text.removesuffix("__low").removesuffix("__high") in own:
            yield word.start


def _keep_score_inputs(edits: Edits, section: str, name: str, new: str) -> None:
    """A score takes the value of its input's name where nothing is said: after a rename it must be said."""
    from trialrun.scores.load import score

    if section not in ("items", "derived"):
        return
    for derived, entry in list(_get(edits.meant, "derived").items()):
        said: Any = entry.get("score") if isinstance(entry, dict) else None
        if not isinstance(said, str):
            continue
        try:
            inputs = {each.name for each in score(said).inputs}
        except ScoreError:
            continue
        given = cast("Mapping[str, str]", entry.get("inputs") or {})
        if name in inputs and name not in given:
            path: Path = ("derived", derived, "inputs")
            if isinstance(entry.get("inputs"), dict):
                edits.set((*path, name), new)
            else:
                edits.set(path, {name: new})


def _match(data: Any, pattern: tuple[str, ...], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield at, data
        return
    head, rest = pattern[0], pattern[1:]
    if isinstance(data, Mapping):
        entries = cast("Mapping[str, Any]", data)
        for key in list(entries) if head == "*" else [head]:
            if key in entries:
                yield from _match(entries[key], rest, (*at, key))
    elif isinstance(data, list) and head == "*":
        for order, entry in enumerate(cast("list[Any]", data)):
            yield from _match(entry, rest, (*at, order))


def _leaves(data: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, Mapping):
        for key, value in cast("Mapping[str, Any]", data).items():
            yield from _leaves(value, (*at, key))
    elif isinstance(data, list):
        for order, value in enumerate(cast("list[Any]", data)):
            yield from _leaves(value, (*at, order))
    else:
        yield at, data


def _get(data: Any, name: str) -> dict[str, Any]:
    found: Any = cast("Mapping[str, Any]", data).get(name) if isinstance(data, Mapping) else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data
