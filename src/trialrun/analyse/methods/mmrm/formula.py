"""Reading the fixed effects of a model: `baseline + ARM*visit`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from trialrun.errors import AnalysisError

_TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`|(?P<number>\d+)|(?P<sign>[-+*:]))")
_REMEDY = "write names joined by + (added), : (interaction) or * (both), for example baseline + ARM*visit"


@dataclass(frozen=True, slots=True)
class Formula:
    """The terms of a model, lower order first; a term is the names of the variables it multiplies."""

    terms: tuple[tuple[str, ...], ...]
    intercept: bool = True

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable once, in the order of its first term."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise AnalysisError(
                f"fixed effects {text!r}: {text[place:].strip()[0]!r} is not understood", _REMEDY
            )
        kind = str(match.lastgroup)
        found.append(("name" if kind == "quoted" else kind, match.group(kind)))
        place = match.end()
    return found


def _crossed(factors: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """All products of a star: a*b is a, b and a:b."""
    return [
        tuple(dict.fromkeys(name for part in chosen for name in part))
        for size in range(1, len(factors) + 1)
        for chosen in combinations(factors, size)
    ]


def _one(text: str, part: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The terms of one summand; the tokens must alternate between names and joins."""
    factors: list[tuple[str, ...]] = []
    join = "*"
    for place, (kind, value) in enumerate(part):
        if (kind == "name") == (place % 2 == 1) or kind == "number":
            raise AnalysisError(f"fixed effects {text!r}: {value!r} stands at a wrong place", _REMEDY)
        if kind == "sign":
            join = value
        elif join == ":" and factors:
            factors[-1] = (*factors[-1], value)
        else:
            factors.append((value,))
    if len(part) % 2 == 0:
        raise AnalysisError(f"fixed effects {text!r}: a name is missing", _REMEDY)
    return _crossed(factors)


def _summands(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    parts: list[tuple[str, list[tuple[str, str]]]] = [("+", [])]
    for token in _tokens(text):
        if token in {("sign", "+"), ("sign", "-")}:
            parts.append((token[1], []))
        else:
            parts[-1][1].append(token)
    return parts[1:] if not parts[0][1] and len(parts) > 1 and parts[1][0] == "-" else parts


def parse_formula(fixed: str | Sequence[str]) -> Formula:
    """The terms of a right-hand side such as `"RACE + SEX + ARM*visit"`, or of a list of such terms.

    `0` or `-1` leaves the intercept out; `1` alone is a model of an intercept. Terms are put in the
    order of their number of variables, as R does; a repeated term counts once.
    Errors: `AnalysisError` naming what is not understood.
    Source: Wilkinson and Rogers, Applied Statistics 1973;22:392.
    """
    text = fixed if isinstance(fixed, str) else " + ".join(fixed)
    if "~" in text:
        raise AnalysisError(
            f"fixed effects {text!r} hold a ~", "give the response by its own argument, without ~"
        )
    intercept = True
    terms: dict[frozenset[str], tuple[str, ...]] = {}
    for sign, part in _summands(text):
        if part in ([("number", "0")], [("number", "1")]):
            intercept = (part[0][1] == "1") == (sign == "+")
            continue
        if sign == "-":
            raise AnalysisError(f"fixed effects {text!r}: only -1 can be taken away", _REMEDY)
        if not part:
            raise AnalysisError(f"fixed effects {text!r}: a term is missing", _REMEDY)
        for term in _one(text, part):
            terms.setdefault(frozenset(term), term)
    if not terms and not intercept:
        raise AnalysisError(f"fixed effects {text!r} are empty", _REMEDY)
    return Formula(tuple(sorted(terms.values(), key=len)), intercept)
