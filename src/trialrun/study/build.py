"""From the checked plain values of a study text to the frozen model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from trialrun.study.model import (
    Arm,
    Assumption,
    AttestedBy,
    Check,
    Choice,
    Coding,
    Confirmation,
    ConsentText,
    Criterion,
    CriterionKind,
    Derived,
    DosePlan,
    Endpoint,
    EndpointRole,
    Form,
    Item,
    ItemType,
    Limits,
    Place,
    PlannedDose,
    RecordQuote,
    Role,
    Stated,
    Study,
    Visit,
    VisitKind,
)
from trialrun.study.plan_build import build_plan, stated_parts
from trialrun.study.plan_defaults import completed
from trialrun.study.text import Located, Path_
from trialrun.study.time_to_event import TimeToEvent

T = TypeVar("T")
Plain = dict[str, Any]


def build_study(
    located: Located,
    *,
    record: Mapping[str, Any],
    consents: tuple[ConsentText, ...],
    content_hash: str,
    folder: str,
) -> Study:
    """The study of a text that passed the schema."""
    data = cast("Plain", located.data)
    about = cast("Plain", data["study"])
    builder = _Builder(located, data)
    study = Study(
        id=about["id"],
        registry_id=about.get("registry_id", ""),
        title=about["title"],
        acronym=about.get("acronym", ""),
        sponsor=about["sponsor"],
        target=about["target"],
        sites=tuple(about.get("sites", [])),
        items=builder.section("items", _item),
        forms=builder.section("forms", _form),
        visits=builder.section("visits", _visit),
        criteria=builder.section("criteria", _criterion),
        derived=builder.section("derived", _derived),
        arms=builder.section("arms", _arm),
        dose_plans=builder.rows("dose_plans", _dose_plan),
        endpoints=builder.section("endpoints", _endpoint),
        assumptions=builder.section("assumptions", _assumption),
        roles=builder.section("roles", _role),
        consents=consents,
        traceability=builder.rows("traceability", _quote),
        record=record,
        settings=data.get("settings", {}),
        hash=content_hash,
        folder=folder,
        analysis=build_plan(located),
    )
    stated = study.analysis
    if stated.assumed:
        return study
    return replace(study, analysis=completed(study, stated, stated_parts(located)))


class _Builder:
    def __init__(self, located: Located, data: Plain) -> None:
        self.located = located
        self.data = data

    def section(self, name: str, build: Callable[[str, Plain, _At], T]) -> dict[str, T]:
        entries = cast("Mapping[str, Plain]", self.data.get(name, {}))
        return {key: build(key, entry, _At(self.located, (name, key))) for key, entry in entries.items()}

    def rows(self, name: str, build: Callable[[Plain, _At], T]) -> tuple[T, ...]:
        entries = cast("list[Plain]", self.data.get(name, []))
        return tuple(build(entry, _At(self.located, (name, index))) for index, entry in enumerate(entries))


class _At:
    """Where an entry stands."""

    def __init__(self, located: Located, path: Path_) -> None:
        self.located = located
        self.path = path

    @property
    def place(self) -> Place:
        return self.located.place(self.path)

    def text(self, *more: str | int) -> Place:
        return self.located.text_place((*self.path, *more))


def _words(entry: Plain, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", entry.get(key, [])))


def _said(entry: Plain, key: str) -> str:
    return cast("str", entry.get(key, "")).strip()


def _maybe(entry: Plain, key: str) -> str | None:
    text = cast("str | None", entry.get(key))
    return text.rstrip() if text is not None else None


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _limits(entry: Plain, key: str) -> Limits:
    low, high = cast("list[int | Decimal | None]", entry.get(key, [None, None]))
    return Limits(_decimal(low), _decimal(high))


def _coding(text: str) -> Coding:
    system, _, code = text.partition(":")
    return Coding(system, code)


def _item(name: str, entry: Plain, at: _At) -> Item:
    unit = entry.get("unit")
    units = _words(entry, "units")
    attested = entry.get("attested_by")
    return Item(
        name=name,
        label=entry["label"],
        type=ItemType(entry["type"]),
        unit=unit,
        units=units or ((unit,) if unit else ()),
        analyte=entry.get("analyte"),
        codings=tuple(_coding(text) for text in _words(entry, "codings")),
        choices=tuple(
            Choice(code, label) for code, label in cast("Mapping[str, str]", entry.get("choices", {})).items()
        ),
        hard=_limits(entry, "hard"),
        query=_limits(entry, "query"),
        partial=entry.get("partial", False),
        future=entry.get("future", False),
        identifying=entry.get("identifying", False),
        required=entry.get("required", True),
        only_if=_maybe(entry, "only_if"),
        attested_by=AttestedBy(attested) if attested else None,
        record=_said(entry, "record"),
        note=_said(entry, "note"),
        place=at.place,
    )


def _form(name: str, entry: Plain, at: _At) -> Form:
    checks = cast("Mapping[str, Plain]", entry.get("checks", {}))
    return Form(
        name=name,
        title=entry["title"],
        items=_words(entry, "items"),
        repeating=entry.get("repeating", False),
        before_consent=entry.get("before_consent", False),
        checks=tuple(
            Check(
                key,
                check["expression"].rstrip(),
                _said(check, "message"),
                at.text("checks", key, "expression"),
            )
            for key, check in checks.items()
        ),
        place=at.place,
    )


def _visit(name: str, entry: Plain, at: _At) -> Visit:
    return Visit(
        name=name,
        title=entry["title"],
        kind=VisitKind(entry["kind"]),
        forms=_words(entry, "forms"),
        anchor=entry.get("anchor"),
        offset=entry.get("offset"),
        window_before=entry.get("window_before", 0),
        window_after=entry.get("window_after", 0),
        record=_said(entry, "record"),
        note=_said(entry, "note"),
        place=at.place,
    )


def _criterion(name: str, entry: Plain, at: _At) -> Criterion:
    return Criterion(
        id=name,
        kind=CriterionKind(entry["kind"]),
        text=_said(entry, "text"),
        expression=entry["expression"].rstrip(),
        bullet=entry["bullet"],
        attested_by=tuple(AttestedBy(who) for who in _words(entry, "attested_by")),
        look_back=_said(entry, "look_back"),
        if_undecided=_said(entry, "if_undecided"),
        assumptions=_words(entry, "assumptions"),
        note=_said(entry, "note"),
        place=at.text("expression"),
    )


def _derived(name: str, entry: Plain, at: _At) -> Derived:
    return Derived(
        name=name,
        label=entry["label"],
        score=entry.get("score"),
        inputs=dict(cast("Mapping[str, str]", entry.get("inputs", {}))),
        expression=_maybe(entry, "expression"),
        over=entry.get("over"),
        how=entry.get("how"),
        where=_maybe(entry, "where"),
        value=_maybe(entry, "value"),
        complete=entry.get("complete"),
        starts=_maybe(entry, "starts"),
        ends=_maybe(entry, "ends"),
        ongoing=entry.get("ongoing"),
        above=_decimal(entry.get("above")),
        since=_maybe(entry, "since"),
        until=_maybe(entry, "until"),
        low=_maybe(entry, "low"),
        high=_maybe(entry, "high"),
        flag=entry.get("flag", False),
        unit=entry.get("unit"),
        note=_said(entry, "note"),
        place=at.text("expression") if "expression" in entry else at.place,
    )


def _arm(name: str, entry: Plain, at: _At) -> Arm:
    return Arm(name, entry["title"], _said(entry, "description"), _said(entry, "record"), at.place)


def _dose_plan(entry: Plain, at: _At) -> DosePlan:
    unit = entry["unit"]
    return DosePlan(
        arm=entry["arm"],
        product=entry["product"],
        route=entry["route"],
        doses=tuple(PlannedDose(dose["visit"], Decimal(dose["amount"]), unit) for dose in entry["doses"]),
        total=Decimal(entry["total"]),
        unit=unit,
        within_days=entry["within_days"],
        assumptions=_words(entry, "assumptions"),
        record=_said(entry, "record"),
        place=at.place,
    )


def _level(entry: Plain, name: str) -> Stated:
    level = cast("Plain", entry[name])
    return Stated(_said(level, "value"), level["stated"], level.get("assumption"))


def _endpoint(name: str, entry: Plain, at: _At) -> Endpoint:
    return Endpoint(
        name=name,
        role=EndpointRole(entry["role"]),
        order=entry.get("order", 0),
        title=_said(entry, "title"),
        time_frame=_said(entry, "time_frame"),
        description=_said(entry, "description"),
        variable=entry["variable"],
        visits=_words(entry, "visits"),
        baseline_visits=_words(entry, "baseline_visits"),
        domain=_level(entry, "domain"),
        measure=_level(entry, "measure"),
        metric=_level(entry, "metric"),
        aggregation=_level(entry, "aggregation"),
        time=_level(entry, "time"),
        lower_is_better=entry.get("lower_is_better", True),
        assumptions=_words(entry, "assumptions"),
        note=_said(entry, "note"),
        time_to_event=_time_to_event(entry, at),
        place=at.place,
    )


def _time_to_event(entry: Plain, at: _At) -> TimeToEvent | None:
    given = cast("Plain | None", entry.get("time_to_event"))
    if given is None:
        return None
    place = at.located.place((*at.path, "time_to_event"))
    return TimeToEvent(given["start"], dict(given["events"]), given["last_known"], place)


def _assumption(name: str, entry: Plain, at: _At) -> Assumption:
    confirmed = cast("Mapping[str, str] | None", entry.get("confirmed"))
    return Assumption(
        id=name,
        about=_said(entry, "about"),
        default=_said(entry, "default"),
        alternatives=_words(entry, "alternatives"),
        reason=_said(entry, "reason"),
        confirm_by=_said(entry, "confirm_by"),
        parts=_words(entry, "parts"),
        confirmed=Confirmation(confirmed["by"], date.fromisoformat(confirmed["on"])) if confirmed else None,
        place=at.place,
    )


def _role(name: str, entry: Plain, at: _At) -> Role:
    return Role(name, entry["title"], _words(entry, "may"), at.place)


def _quote(entry: Plain, at: _At) -> RecordQuote:
    return RecordQuote(
        entry["path"], _said(entry, "text"), _words(entry, "parts"), _said(entry, "note"), at.place
    )
