"""Reading a rule's text into words before any parser sees it: everything outside the language stops here.

The caps make a hostile text cost milliseconds: they are applied while reading, before sqlglot's
recursive parser runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from trialrun.errors import ExpressionError
from trialrun.expressions.functions import ADVICE, FUNCTIONS, suggest
from trialrun.expressions.nodes import Position

MAX_LENGTH = 8_000
MAX_WORDS = 1_200
MAX_DEPTH = 24
MAX_DIGITS = 15
MAX_TEXT = 200
MAX_NAME = 80
MAX_RUN = 4  # NOT NOT NOT NOT x, - - - - x


class Kind(StrEnum):
    """What sort of word it is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    KEYWORD = "keyword"
    FUNCTION = "function"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a rule. `text` is the value: capitals for keywords and functions, unquoted for texts."""

    kind: Kind
    text: str
    at: Position
    start: int
    end: int


KEYWORDS = frozenset(
    "AND OR NOT BETWEEN IN IS NULL TRUE FALSE CASE WHEN THEN ELSE END DATE".split()  # noqa: SIM905 (reads better)
)

_FORBIDDEN = {
    "SELECT": "a rule is one expression about one participant; look over rows with a derived value (`over`)",
    "WITH": "give the intermediate value a name as a derived value",
    "FROM": "a rule is one expression about one participant",
    "OVER": "a rule is about one row; look over rows with a derived value (`over`)",
    "LIKE": "engines treat patterns and letters differently: use IN, or LOWER(x) IN (...)",
    "ILIKE": "engines treat patterns and letters differently: use LOWER(x) IN (...)",
    "SIMILAR": "engines treat patterns differently: use IN",
    "GLOB": "engines treat patterns differently: use IN",
    "REGEXP": "engines treat patterns differently: use IN",
    "RLIKE": "engines treat patterns differently: use IN",
    "EXISTS": "look over rows with a derived value (`over`)",
    "INTERVAL": "use ADD_DAYS(date, n) or ADD_MONTHS(date, n)",
    "EXTRACT": "use YEARS_BETWEEN, MONTHS_BETWEEN or DAYS_BETWEEN",
    "CURRENT_DATE": "a rule has no clock, or it would change its answer overnight: compare with a date item",
    "CURRENT_TIMESTAMP": "a rule has no clock, or it would change its answer overnight: compare with a date item",
    "DISTINCT": "use = and <>, and IS NULL where unknown is meant",
    "ISNULL": "use x IS NULL",
    "NOTNULL": "use x IS NOT NULL",
    "XOR": "write (a AND NOT b) OR (NOT a AND b)",
    "LAMBDA": "functions cannot be defined inside a rule",
    "COLUMNS": "name each item",
    "PRAGMA": "a rule is one expression, not a statement",
    "SET": "a rule is one expression, not a statement",
    "DROP": "a rule is one expression, not a statement",
    "DELETE": "a rule is one expression, not a statement",
    "INSERT": "a rule is one expression, not a statement",
    "UPDATE": "a rule is one expression, not a statement",
    "ATTACH": "a rule is one expression, not a statement",
    "COPY": "a rule is one expression, not a statement",
    "INSTALL": "a rule is one expression, not a statement",
    "CALL": "a rule is one expression, not a statement",
    "EXECUTE": "a rule is one expression, not a statement",
    "UNION": "a rule is one expression about one participant",
    "JOIN": "a rule is one expression about one participant",
    "WHERE": "a rule is the condition itself",
    "COLLATE": "texts are compared letter by letter",
    "ESCAPE": "patterns are not part of the language",
    "AS": "give the rule its name in the study file",
    "FILTER": "look over rows with a derived value (`over`)",
    "QUALIFY": "a rule is one expression about one participant",
    "HAVING": "a rule is one expression about one participant",
    "GROUP": "a rule is one expression about one participant",
    "ORDER": "a rule is one expression about one participant",
    "LIMIT": "a rule is one expression about one participant",
}

_SIGN_ADVICE = {
    ";": ("a second statement is not allowed", "write one expression, without a semicolon"),
    "%": ("% is not part of the language", "engines differ on its sign: use x - y * FLOOR(x / y)"),
    '"': (
        "quoted names are not part of the language",
        "write names plainly, and texts in single quotes: 'text'",
    ),
    "`": ("quoted names are not part of the language", "write names plainly"),
    "?": ("placeholders are not part of the language", "name the item"),
    "$": ("placeholders are not part of the language", "name the item"),
    ":": ("casts and placeholders are not part of the language", "name the item; types are declared with it"),
    "@": ("variables are not part of the language", "name the item"),
    "#": ("comments are not part of the language", "put remarks into the note beside the rule"),
    "[": ("lists are not part of the language", "use IN (...)"),
    "{": ("{} is not part of the language", "name the item"),
    "|": ("texts cannot be joined", "write OR for a condition; compare each text by itself"),
    "&": ("& is not part of the language", "write AND"),
    "^": ("^ means different things on different engines", "use POWER(x, y)"),
    "~": ("patterns are not part of the language", "use IN"),
    "!": ("! is not part of the language", "write NOT, or <>"),
    ".": ("qualified names are not part of the language", "write the item's name alone, and 0.5 for .5"),
    "\\": ("a backslash is not part of the language", "write the text plainly"),
}

_PATTERN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<comment>--|/\*|\*/)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|<>|!=|=>|->|==|[-+*/=<>(),])"
)


def fail(message: str, remedy: str, at: Position) -> NoReturn:
    """Refuse a rule."""
    raise ExpressionError(message, remedy, line=at.line, column=at.column)


def scan(text: str) -> tuple[Word, ...]:
    """The words of a rule, capped in number, nesting and size.

    Errors: `ExpressionError` for anything outside the language's alphabet and word list.
    """
    if len(text) > MAX_LENGTH:
        fail(
            f"the rule has {len(text):,} characters; at most {MAX_LENGTH:,} are allowed",
            "split it into derived values",
            Position(),
        )
    words: list[Word] = []
    line, line_start, index = 1, 0, 0
    while index < len(text):
        at = Position(line, index - line_start + 1)
        end = _read(text, index, at, words)
        newlines = text.count("\n", index, end)
        if newlines:
            line += newlines
            line_start = text.rfind("\n", index, end) + 1
        index = end
        if len(words) > MAX_WORDS:
            fail(f"the rule has more than {MAX_WORDS:,} words", "split it into derived values", at)
    if not words:
        fail("the rule is empty", "write a condition, such as age >= 18", Position())
    finished = tuple(_finish(words))
    _check_depth(finished)
    return finished


def _read(text: str, index: int, at: Position, words: list[Word]) -> int:
    if text[index] == "'":
        return _read_text(text, index, at, words)
    match = _PATTERN.match(text, index)
    if match is None:
        _refuse_character(text[index], at)
    kind, word, end = match.lastgroup, match.group(), match.end()
    if kind == "comment":
        fail("comments are not part of the language", "put remarks into the note beside the rule", at)
    if kind == "number":
        _check_number(text, end, word, at)
        words.append(Word(Kind.NUMBER, word, at, index, end))
    elif kind == "name":
        if len(word) > MAX_NAME:
            fail(f"a name of {len(word)} characters; at most {MAX_NAME} are allowed", "shorten it", at)
        words.append(Word(Kind.NAME, word, at, index, end))
    elif kind == "sign":
        if word in ("=>", "->"):
            fail("functions cannot be defined inside a rule", "write >= for 'at least'", at)
        if word == "==":
            fail("== is not part of the language", "write =", at)
        words.append(Word(Kind.SIGN, "<>" if word == "!=" else word, at, index, end))
    return end


def _refuse_character(character: str, at: Position) -> NoReturn:
    message, remedy = _SIGN_ADVICE.get(
        character, (f"{character!r} is not part of the language", "names are written with a-z, 0-9 and _")
    )
    if character in "≤≥≠":
        remedy = "write <=, >= or <>"
    fail(message, remedy, at)


def _read_text(text: str, index: int, at: Position, words: list[Word]) -> int:
    end = index + 1
    while True:
        quote = text.find("'", end)
        if quote < 0:
            fail("a text begins with ' and never ends", "close it with '", at)
        if text[quote + 1 : quote + 2] != "'":
            break
        end = quote + 2
    value = text[index + 1 : quote].replace("''", "'")
    if len(value) > MAX_TEXT:
        fail(f"a text of {len(value)} characters; at most {MAX_TEXT} are allowed", "use a code", at)
    if not value.isprintable():
        fail("a text holds characters that cannot be printed", "use letters, digits and signs", at)
    if "\\" in value:
        fail("a backslash means different things on different engines", "leave it out", at)
    words.append(Word(Kind.TEXT, value, at, index, quote + 1))
    return quote + 1


def _check_number(text: str, end: int, word: str, at: Position) -> None:
    follower = text[end : end + 1]
    if follower.isalpha() or follower in ("_", "."):
        fail(
            f"{text[at.column - 1 : end + 1].strip() or word!r} is neither a number nor a name",
            "names begin with a letter",
            at,
        )
    digits = word.lower().split("e")[0].replace(".", "").lstrip("0")
    if len(digits) > MAX_DIGITS:
        fail(
            f"a number with {len(digits)} digits; at most {MAX_DIGITS} are allowed",
            "more digits are lost in double precision",
            at,
        )
    if len(word) > MAX_DIGITS + 20:
        fail("a number is written with too many characters", "write it shorter", at)
    value = abs(float(word))
    if value and not 1e-15 <= value <= 1e15:
        fail(f"the number {word} is outside 1e-15 to 1e15", "choose another unit", at)


def _finish(words: list[Word]) -> list[Word]:
    finished: list[Word] = []
    for index, word in enumerate(words):
        follower = (
            words[index + 1].text if index + 1 < len(words) and words[index + 1].kind is Kind.SIGN else ""
        )
        finished.append(_classify(word, follower) if word.kind is Kind.NAME else word)
        _check_date(finished)
    if finished[-1].kind is Kind.KEYWORD and finished[-1].text == "DATE":
        fail("DATE stands without a day", "write DATE 'YYYY-MM-DD'", finished[-1].at)
    return finished


def _classify(word: Word, follower: str) -> Word:
    upper = word.text.upper()
    if upper in KEYWORDS and not (upper == "DATE" and follower == "("):
        return Word(Kind.KEYWORD, upper, word.at, word.start, word.end)
    if upper in _FORBIDDEN:
        fail(f"{upper} is not part of the language", _FORBIDDEN[upper], word.at)
    if follower == "(":
        if upper in ADVICE:
            fail(f"{upper} is not part of the language", ADVICE[upper], word.at)
        if upper not in FUNCTIONS:
            hint = suggest(upper, list(FUNCTIONS)) or f"the functions are {', '.join(FUNCTIONS)}"
            fail(f"unknown function {word.text!r}", hint, word.at)
        return Word(Kind.FUNCTION, upper, word.at, word.start, word.end)
    return word


def _check_date(words: list[Word]) -> None:
    if (
        len(words) > 1
        and words[-2].kind is Kind.KEYWORD
        and words[-2].text == "DATE"
        and words[-1].kind is not Kind.TEXT
    ):
        fail("DATE stands without a day", "write DATE 'YYYY-MM-DD'", words[-2].at)


def _check_depth(words: tuple[Word, ...]) -> None:
    open_brackets: list[Word] = []
    cases, run = 0, 0
    for word in words:
        if word.kind is Kind.SIGN and word.text == "(":
            open_brackets.append(word)
        elif word.kind is Kind.SIGN and word.text == ")":
            if not open_brackets:
                fail("a bracket closes that was never opened", "remove it, or open one before", word.at)
            open_brackets.pop()
        elif word.kind is Kind.KEYWORD and word.text == "CASE":
            cases += 1
        elif word.kind is Kind.KEYWORD and word.text == "END":
            cases -= 1
        prefix = (word.kind is Kind.KEYWORD and word.text == "NOT") or (
            word.kind is Kind.SIGN and word.text in "+-"
        )
        run = run + 1 if prefix else 0
        if run > MAX_RUN:
            fail(f"more than {MAX_RUN} NOT or signs in a row", "two of them cancel out", word.at)
        if len(open_brackets) + cases > MAX_DEPTH:
            fail(
                f"nested more than {MAX_DEPTH} deep", "give the inner part a name as a derived value", word.at
            )
    if open_brackets:
        fail("a bracket is opened and never closed", "close it with )", open_brackets[-1].at)
    if cases:
        fail("CASE and END do not match", "every CASE ends with END", words[-1].at)
