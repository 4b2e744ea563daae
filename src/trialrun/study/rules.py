"""Whether every rule of a study fits: names, types, units, circles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from trialrun.errors import ExpressionError, ScoreError
from trialrun.expressions import Definition, Node, Symbol, Type, build_program, parse_expression
from trialrun.expressions.nodes import names_in
from trialrun.study.model import Derived, Place, Study
from trialrun.study.program import (
    Definitions,
    aggregate_symbols,
    definitions,
    row_symbols,
    scalar_symbols,
    study_program,
)
from trialrun.study.text import did_you_mean
from trialrun.values.finding import Finding, Severity

_WHERE = re.compile(
    r"^(?P<file>[^\s:]+):(?P<line>\d+) (?P<part>\S+) \(line \d+, column \d+ of the rule\): (?P<message>.*)$",
    re.DOTALL,
)
_WORDS = {Type.BOOLEAN: "condition"}
_PART = re.compile(r"\b(?:derived|criteria)\.([A-Za-z0-9_]+)")


def check_rules(study: Study) -> list[Finding]:
    """Every rule that does not fit, with file, line, column of the rule and remedy."""
    findings: list[Finding] = []
    for symbols, definition, kind in loose_rules(study):
        try:
            found = build_program(symbols, {"rule": definition}).stage("rule")
        except ExpressionError as error:
            findings.append(_finding(error))
        else:
            findings.extend(_kind(found.symbol.type, kind, definition.place))
    findings.extend(unknown_scores(study))
    if findings:
        return findings
    try:
        program = study_program(study)
    except ExpressionError:
        return list(_broken_stages(study))
    for criterion in study.criteria.values():
        place = f"{criterion.place} criteria.{criterion.id}"
        findings.extend(_kind(program.stage(criterion.id).symbol.type, Type.BOOLEAN, place))
    for derived in study.derived.values():
        if derived.flag:
            place = f"{derived.place} derived.{derived.name}"
            findings.extend(_kind(program.symbols[derived.name].type, Type.BOOLEAN, place))
    return findings


def _kind(found: Type, wanted: Type, place: str) -> Iterator[Finding]:
    """A rule that gives something else than what it is for."""
    if found is not wanted:
        remedy = (
            "write a comparison, such as x > 0"
            if wanted is Type.BOOLEAN
            else f"write a rule that gives a {wanted}"
        )
        message = f"the rule gives a {found} where a {_WORDS.get(wanted, wanted)} is needed"
        yield Finding(Severity.ERROR, "rule-kind", message, place, remedy)


def _broken_stages(study: Study) -> Iterator[Finding]:
    rules = definitions(study)
    symbols = scalar_symbols(study) | aggregate_symbols(study)
    while rules:
        try:
            build_program(symbols, rules)
        except ExpressionError as error:
            yield _finding(error)
            rules = _without(rules, error)
            continue
        break


def unknown_scores(study: Study) -> Iterator[Finding]:
    """Scores that do not exist, and inputs they do not have or the study does not collect."""
    from trialrun.scores.load import score

    known = {*study.items, *study.derived}
    for derived in study.derived.values():
        if derived.score is None:
            continue
        place = f"{derived.place} derived.{derived.name}"
        try:
            found = score(derived.score)
        except ScoreError as error:
            yield Finding(Severity.ERROR, "unknown-score", error.message, place, error.remedy)
            continue
        inputs = {each.name: each for each in found.inputs}
        for name, source in derived.inputs.items():
            if name not in inputs:
                message = f"the score {found.name} has no input {name!r}"
                yield Finding(Severity.ERROR, "unknown-input", message, place, did_you_mean(name, inputs))
            elif source not in known:
                message = f"{source!r}, which feeds {name!r}, does not exist"
                yield Finding(Severity.ERROR, "unknown-value", message, place, did_you_mean(source, known))
        for name, each in inputs.items():
            if derived.inputs.get(name, name) not in known and each.if_absent is None and not each.gate:
                message = f"nothing feeds the input {name!r} of the score {found.name}"
                yield Finding(Severity.ERROR, "input-not-fed", message, place, f"add inputs: {{{name}: ...}}")


def _finding(error: ExpressionError) -> Finding:
    match = _WHERE.match(error.message)
    if match is None:
        place, _, rest = error.message.partition(": ")
        return Finding(Severity.ERROR, "expression", rest or error.message, place, error.remedy)
    # A rule written as a block keeps its lines, so its line in the file can be told.
    place = f"{match['file']}:{int(match['line']) + error.line - 1} {match['part']}"
    message = f"{match['message']} (column {error.column} of the rule's line)"
    return Finding(Severity.ERROR, "expression", message, place, error.remedy)


def _without(rules: Definitions, error: ExpressionError) -> Definitions:
    """The rules that do not rest on the broken one, so that one mistake is reported once."""
    match = _PART.search(error.message)
    if match is None or match[1] not in rules:
        return {}
    broken = {match[1]}
    uses = {name: _uses(rule) for name, rule in rules.items() if name not in broken}
    while grown := {name for name, used in uses.items() if name not in broken and used & broken}:
        broken |= grown
    return {name: rule for name, rule in rules.items() if name not in broken}


def _uses(rule: str | Node | Definition) -> set[str]:
    parts = [rule.rule, rule.low, rule.high] if isinstance(rule, Definition) else [rule]
    used: set[str] = set()
    for part in parts:
        if part is None:
            continue
        try:
            used.update(names_used(part) if isinstance(part, str) else names_in(part))
        except ExpressionError:
            continue
    return used


def names_used(text: str) -> set[str]:
    """The names a rule mentions. Errors: `ExpressionError` when it cannot be read."""
    return set(names_in(parse_expression(text)))


LooseRule = tuple[Mapping[str, Symbol], Definition, Type]


def loose_rules(study: Study) -> Iterator[LooseRule]:
    """Rules that are no stage of the program: what is asked when, edit checks, rules over one row."""
    once = scalar_symbols(study)
    for form in study.forms.values():
        symbols = row_symbols(study, form.name) if form.repeating else once
        for name in form.items:
            item = study.items[name]
            if item.only_if is not None:
                yield symbols, _rule(item.only_if, item.place, f"items.{name}.only_if"), Type.BOOLEAN
        for check in form.checks:
            part = f"forms.{form.name}.checks.{check.name}"
            yield symbols, _rule(check.expression, check.place, part), Type.BOOLEAN
    for derived in study.derived.values():
        if derived.over is not None:
            yield from _row_rules(study, derived, once)


def _row_rules(study: Study, derived: Derived, once: Mapping[str, Symbol]) -> Iterator[LooseRule]:
    rows = row_symbols(study, derived.over or "")
    parts = (
        ("where", rows, Type.BOOLEAN),
        ("value", rows, Type.NUMBER),
        ("since", once, Type.DATE),
        ("until", once, Type.DATE),
    )
    for key, symbols, kind in parts:
        text: str | None = getattr(derived, key)
        if text is not None:
            yield symbols, _rule(text, derived.place, f"derived.{derived.name}.{key}"), kind


def _rule(text: str, place: Place, part: str) -> Definition:
    return Definition(text, place=f"{place} {part}")
