"""Words and signs of comparison before and after a number, in all their forms."""

from __future__ import annotations

import re

from trialrun.registry.comparison import Sign

_OR_EQUAL = r"\s*\(?\s*(?:or|and)?\s*equals?\b(?:\s*(?:to|than)\b)?\s*\)?"
_SYMBOLS = (
    (
        rf">{_OR_EQUAL}|>\s*(?:/|or|and)?\s*=(?:\s*(?:to|than)\b|\s*/)?|=\s*/?\s*>|\bat\s*(?:/|or)\s*(?:above|over)\b|≥(?:\s*(?:/|or)?\s*=)?|≥\s*than|&gt;\s*=|&ge;",
        Sign.GTEQ,
    ),
    (
        rf"<{_OR_EQUAL}|<\s*(?:/|or|and)?\s*=(?:\s*(?:to|than)\b|\s*/)?|=\s*/?\s*<|\bat\s*(?:/|or)\s*(?:below|under)\b|≤(?:\s*(?:/|or)?\s*=)?|≤\s*than|&lt;\s*=|&le;",
        Sign.LTEQ,
    ),
    (r">(?:\s*than)?|&gt;", Sign.GT),
    (r"<(?:\s*than)?|&lt;", Sign.LT),
    (r"==?", Sign.EQ),
)
_MORE = r"(?:greater|more|higher|larger|bigger|older|longer|superior|heavier|taller|major|over|above|beyond|exceeding)"
_LESS = r"(?:less|lower|fewer|smaller|younger|shorter|lesser|inferior|lighter|minor|under|below)"
_EQUAL = r"(?:equals?|equivalent)(?:\s+(?:to|than|with|of))?"
_OLDER = r"(?:older|greater|more|higher|larger)"
_YOUNGER = r"(?:younger|less|lower|fewer|smaller)"
_WORDS = (
    (
        rf"{_MORE}\s*(?:than|to)?\s*,?\s*\(?\s*(?:or|and/or|and|/)?\s*{_EQUAL}\)?|(?:above|from)\s+and\s+including|{_EQUAL}\s*(?:or|and|/|and/or)\s*{_MORE}(?:\s+(?:than|to))?|{_OLDER}\s+than\s+or(?=\s*$)",
        Sign.GTEQ,
    ),
    (
        rf"{_LESS}\s*(?:than|to)?\s*,?\s*\(?\s*(?:or|and/or|and|/)?\s*{_EQUAL}\)?|below\s+and\s+including|{_EQUAL}\s*(?:or|and|/|and/or)\s*{_LESS}(?:\s+(?:than|to))?|{_YOUNGER}\s+than\s+or(?=\s*$)",
        Sign.LTEQ,
    ),
    (
        r"at\s+(?:the\s+)?(?:very\s+)?least|(?:a\s+)?minimum(?:\s+of)?|min\.?|from\s+at\s+least|starting\s+(?:at|from)|as\s+(?:little|few)\s+as",
        Sign.GTEQ,
    ),
    (
        r"at\s+(?:the\s+)?(?:very\s+)?most|(?:a\s+)?maximum(?:\s+of)?|max\.?|up\s*to(?:\s+and\s+including)?|as\s+(?:much|many)\s+as",
        Sign.LTEQ,
    ),
    (
        rf"{_MORE}\s+(?:than|to)|over(?!\s+(?:the\s+|a\s+)?(?:past|last|previous|prior|preceding|next|following|course|period))|above|exceed(?:s|ing|ed)?|in\s+excess\s+of|beyond|upwards\s+of|past\s+(?:the\s+)?age",
        Sign.GT,
    ),
    (rf"{_LESS}\s+(?:than|to)|under|below|beneath", Sign.LT),
    (r"within", Sign.LTEQ),
    (r"exactly|only|equals?\s+to|equals?|equal", Sign.EQ),
)
_FILLER = (
    r"(?:\s*(?:\b(?:or|the|a|an|of|to|is|are|be|being|age|ages|aged|about|approximately|around|approx\.?|than|score|scores|"
    r"scoring|grade|class|classification|stage|level|levels|value|values|total|mean|average|last|past|previous|prior|"
    r"preceding|first|next|following|then|reference\s+range|normal\s+range)\b|\(\s*(?:or\s+)?[<>=≤≥/]{1,3}\s*\)|:|,(?=\s*(?:the|in|of))))*"
)
_NOT = r"(?P<not>\b(?:not|no|never|cannot|n't)\s+(?:be\s+|being\s+|to\s+be\s+|to\s+|have\s+|any\s+)?)?"
_ORDER = (*_SYMBOLS, *_WORDS)


def _either() -> str:
    parts: list[str] = []
    for place, (pattern, _) in enumerate(_ORDER):
        whole = pattern if place < len(_SYMBOLS) else rf"\b(?:{pattern})(?!\w)"
        parts.append(f"(?P<s{place}>{whole})")
    return "|".join(parts)


BEFORE = re.compile(rf"{_NOT}(?:{_either()}){_FILLER}\s*[()]?\s*$")
_FLIPPED = {Sign.GT: Sign.LTEQ, Sign.LT: Sign.GTEQ, Sign.GTEQ: Sign.LT, Sign.LTEQ: Sign.GT}
_MEANT = {Sign.GTEQ: Sign.LTEQ, Sign.LTEQ: Sign.GTEQ}  # "no less than or equal to 3" means at least 3
_SIGN_AT = re.compile("|".join(f"(?P<s{place}>{pattern})" for place, (pattern, _) in enumerate(_SYMBOLS)))
AFTER = re.compile(
    r"\s*[,(]?\s*(?:"
    r"(?P<more>\+(?!\s*/?\s*[-\d])|(?:or|and|&|/|and/or)\s*(?:more|greater|higher|above|over|older|upwards?|up|longer|better|beyond|later|increased)\b"
    r"|(?:at\s+)?(?:a\s+)?minimum\b|at\s+least\b|plus\b|onwards?\b)"
    r"|(?P<less>(?:or|and|&|/|and/or)\s*(?:less|fewer|lower|below|under|younger|smaller|shorter|earlier)\b"
    r"|(?:at\s+)?(?:a\s+)?maximum\b|max\b|at\s+most\b)"
    r"|(?P<gt>(?:higher|greater|more)\s+than\b(?!\s*\d)|above\b(?!\s*mentioned))"
    r"|(?P<lt>(?:lower|less)\s+than\b(?!\s*\d))"
    r")"
)
_APPROXIMATE = re.compile(r"\b(?:about|approximately|around|approx|average|mean)\b|~")


class FoundSign:
    """A sign before a number: where it begins, what it says, whether it is vague."""

    __slots__ = ("negated", "sign", "start", "vague", "words")

    def __init__(self, sign: Sign, start: int, words: str, negated: bool) -> None:
        self.sign, self.start, self.words, self.negated = sign, start, words, negated
        self.vague = bool(_APPROXIMATE.search(words))


_WINDOW = 90


def sign_before(folded: str, place: int, floor: int) -> FoundSign | None:
    """The comparison that ends where a number begins; None where no word or sign compares."""
    begin = max(floor, place - _WINDOW)
    window = folded[begin:place]
    match = _last(window)
    if match is None:
        return None
    sign = _ORDER[_which(match)][1]
    negated = match["not"] is not None
    if negated:
        equal = "equal" in match.group() and sign in _MEANT
        sign = _MEANT[sign] if equal else _FLIPPED.get(sign, sign)
    return FoundSign(sign, begin + match.start(), match.group(0), negated)


def _last(window: str) -> re.Match[str] | None:
    """The longest comparison that reaches the end of the window."""
    return BEFORE.search(window)


def _which(match: re.Match[str]) -> int:
    return next(place for place in range(len(_ORDER)) if match[f"s{place}"] is not None)


def symbol_after(folded: str, place: int) -> tuple[Sign, int] | None:
    """The sign that follows a number, seen from the other side: "18 ≤ age" is age ≥ 18."""
    at = place + len(folded[place:]) - len(folded[place:].lstrip()) if place < len(folded) else place
    match = _SIGN_AT.match(folded, at)
    if match is None or not re.match(r"\s*[a-z]", folded[match.end() : match.end() + 4]):
        return None
    sign = _SYMBOLS[next(i for i in range(len(_SYMBOLS)) if match[f"s{i}"] is not None)][1]
    turned = {Sign.GT: Sign.LT, Sign.LT: Sign.GT, Sign.GTEQ: Sign.LTEQ, Sign.LTEQ: Sign.GTEQ}
    return (turned[sign], match.end()) if sign in turned else None
