"""What a number is compared with: the words before it, after it, or of the comparison before."""

from __future__ import annotations

import re

_EDGE = re.compile(
    r"[;:,.!?\[\]()](?!\d)|\s(?:and|or|but|with|without|who|whose|which|that|if|unless|defined\s+as|because|having|have|has|had|in|by|for)\s|(?<=\s)-\s|/\s|&"
)
_LEADING = re.compile(
    r"^(?:(?:the|a|an|any|of|to|is|are|was|were|be|being|been|must|should|will|shall|may|can|who|have|has|had|having|with|and|or|either|both|"
    r"patients?|subjects?|participants?|individuals?|women|men|adults?|males?|females?|children|known|their|his|her|presence|defined|as|"
    r"than|at|in|for|on|from|between|by|current|currently|if|documented|demonstrated|all|eligible|baseline|screening|inclusion|exclusion|"
    r"persons?|people|volunteers?|healthy|least|that|this|those|these|not|no|does|do|did|only|such|i\.e\.|e\.g\.|eg|ie)\b[\s,:.]*|[-•*·>/\s,:;.\"']+)+",
    re.IGNORECASE,
)
_AFTER_STOP = re.compile(
    r"[;:,.()\[\]<>≤≥=]|\s(?:in|at|on|by|for|with|within|during|prior|before|after|and|or|who|that|which|if|unless|as|per|from|to|is|are|was|were|will|must)\b"
)
AGE_WORDS = re.compile(
    r"\b(?:age[sd]?|aging|years?[\s-]old|year-old|born|birth\s*day|elderly|older|younger)\b"
)


_LAST_WORD = re.compile(
    r"(?:^|(?<=\W))(?:of|is|are|was|were|be|being|been|must|should|will|shall|can|may|has|have|had|having|a|an|the|at|to|in|with|"
    r"for|and|or|and/or|from|that|than|as|by|on|who|which|equal|between|levels?|values?|scored|measured|defined|during|within|"
    r"last|past|previous|prior|preceding|next|over|since|before|after|greater|less|more|least|lasting|history|range|not|no|up|"
    r"both|either|any|there|i\.e|e\.g|about|approximately)$",
    re.IGNORECASE,
)


_MARKS = " \t,:;=([\"'/-."
_LONGEST_WORD = 16


def _untitled(phrase: str) -> str:
    """The phrase without the little words and marks at its beginning."""
    match = _LEADING.match(phrase)
    return phrase[match.end() :] if match else phrase


def _trimmed(phrase: str) -> str:
    """The phrase without the little words and marks at its end."""
    while True:
        shorter = phrase.rstrip(_MARKS)
        last = _LAST_WORD.search(shorter, max(0, len(shorter) - _LONGEST_WORD))
        if last is not None:
            shorter = shorter[: last.start()].rstrip(_MARKS)
        if shorter == phrase:
            return phrase
        phrase = shorter


def words_before(text: str, start: int, floor: int) -> str:
    """The noun phrase that ends at a place."""
    piece = text[max(floor, start - 160) : start].rstrip(" \t:=,-")
    if piece.endswith(("(", "[")):
        piece = piece[:-1].rstrip()
    closed = re.search(r"\(([^()]*)\)\s*(?:(?:scores?|levels?|counts?|of|is)\s*){0,2}$", piece)
    tail = ""
    if closed is not None:
        tail = f" ({closed[1]})"
        piece = piece[: closed.start()].rstrip()
    edges = [match.end() for match in _EDGE.finditer(_trimmed(piece))]
    phrase = piece[edges[-1] :] if edges else piece
    phrase = _trimmed(_untitled(phrase.strip()))
    return " ".join(f"{phrase}{tail}".split()) if phrase else tail.strip(" ()")


def words_after(text: str, end: int) -> str:
    """The noun phrase that begins at a place."""
    piece = text[end : end + 80].lstrip(" -")
    piece = re.sub(r"^(?:of|in|for)\s+", "", piece)
    stop = _AFTER_STOP.search(piece)
    phrase = piece[: stop.start()] if stop else piece
    return " ".join(_trimmed(_untitled(phrase)).split()[:6])


_ANALYTES = (
    r"alt|ast|sgot|sgpt|alat|asat|alp|ggt|alkaline\s+phosphatase|(?:(?:serum|total|direct|plasma|conjugated)\s+)*bilirubin|(?:serum\s+)?creatinine|"
    r"alanine\s+(?:amino)?trans\w+|aspartate\s+(?:amino)?trans\w+|got|gpt|tbil|bun|inr|aptt|ptt|pt|ldh|ck|cpk|amylase|lipase|urea"
)
_NAME = rf"(?:(?:serum|plasma|total|both|liver|values?|levels?|of|either)\s+)*(?:{_ANALYTES})(?:\s*\([^()]*\))?(?:\s*/\s*(?:alt|ast|sgot|sgpt|alat|asat|got|gpt)\b)?(?:\s+(?:levels?|values?|activity|concentrations?))*"
_LIST = re.compile(
    rf"(?<![\w])({_NAME})((?:\s*(?:,\s*(?:and/or|and|or)?|and/or|and|or|&|/)\s*{_NAME})+)\s*(?:levels?|values?|is|are|of|\(|elevat\w+(?:\s+to)?)*\s*(?:both\s+)?[:(=-]?\s*$",
    re.IGNORECASE,
)
_PART = re.compile(r"\s*(?:,\s*(?:and/or|and|or)?|\band/or\b|\band\b|\bor\b|&|(?<!\bor)/)\s*", re.IGNORECASE)


def listed_before(text: str, start: int, floor: int) -> tuple[str, ...]:
    """The tests of a list that ends at a place ("ALT, AST and bilirubin"); empty where there is none."""
    match = _LIST.search(text[max(floor, start - 200) : start])
    if match is None:
        return ()
    names = re.sub(r"\([^()]*\)|\belevat\w+.*$", "", match.group(), flags=re.IGNORECASE)
    parts = [_trimmed(_untitled(part)).strip() for part in _PART.split(names)]
    return tuple(" ".join(part.split()) for part in parts if re.search(_ANALYTES, part, re.IGNORECASE))


_AGE = re.compile(
    r"^(?:patients?\s+)?(?:age[sd]?|old|older|age\s+(?:group|range|limit)s?|ages\s+of|age\s+of)$",
    re.IGNORECASE,
)
_GENERIC = re.compile(r"^(?:total\s+)?(?:scores?|values?|results?|levels?|index|grade)$", re.IGNORECASE)
_SCORED = re.compile(
    r"\b(?:score|rating|grade|class|scale|index|status)s?(?:\s*\([^)]*\))?\s*(?:of|is|=|:|was)\s*$"
)


def plain_name(concept: str) -> str:
    """The name of a concept; every way to say age is `age`."""
    return "age" if _AGE.match(concept) else concept


def is_generic(concept: str) -> bool:
    """Whether the words say only that something is counted, not what."""
    return _GENERIC.match(concept) is not None


_LIVER = re.compile(
    r"\b(?:alt|ast|sgot|sgpt|alat|asat|alp|ggt|got|gpt|transaminases?|\w+transferase|phosphatase|bilirubin|creatinine|cpk?|ck|"
    r"liver\s+enzymes?)\b",
    re.IGNORECASE,
)


def is_liver_test(concept: str) -> bool:
    """Whether it is a test whose limits are told as multiples of normal."""
    return _LIVER.search(concept) is not None


def is_scored(before: str) -> bool:
    """Whether a text ends with a score's name and "of"."""
    return _SCORED.search(before[-80:]) is not None


def last_words(concept: str) -> str:
    """The words next to the number: what the number belongs to, if to anything."""
    return " ".join(re.sub(r"\([^()]*\)", "", concept).split()[-2:])


_ONLY_JOINS = re.compile(
    r"^[\s,;:()/&-]*(?:(?:and/or|and|or|but|to|then)\b)?[\s,(]*(?:(?:in|for)\s+\w+\s*,?\s*(?:and|or)?)?[\s,;(]*$",
    re.IGNORECASE,
)


def only_joins(between: str) -> bool:
    """Whether the words between two quantities only join them, so that both are about the same."""
    return _ONLY_JOINS.match(between) is not None
