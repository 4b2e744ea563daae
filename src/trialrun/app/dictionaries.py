"""Coding dictionaries the site supplies: read from a file, held in memory, searched by words.

MedDRA and WHODrug are licensed, so none is shipped. Two forms are read: CSV with a header row (`code`, `term`,
`level`, `parents`; further levels above as `code term` joined by `>`), and a folder with the MedDRA ASCII files
`llt.asc`, `pt.asc` and optionally `hlt_pt.asc`, `hlt.asc`, `hlgt_hlt.asc`, `hlgt.asc`, `soc_hlgt.asc`, `soc.asc`.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from trialrun.errors import UserError

LARGEST = 200_000_000  # bytes of one file
_NEAR = 400  # terms looked at more closely
_ALIKE = 0.4
_FIND = {
    "words": "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid LIMIT ?",
    "pieces": "SELECT rowid FROM pieces WHERE pieces MATCH ? ORDER BY bm25(pieces), rowid LIMIT ?",
}
_WORD = re.compile(r"\w+", re.UNICODE)
_FILE = re.compile(r"^(?P<name>[A-Za-z][\w-]*?)[ _-]v?(?P<version>\d[\w.]*)$")


@dataclass(frozen=True, slots=True)
class DictionaryTerm:
    """One term: code, words, level, the levels above it (lowest first), and whether it is still in use."""

    code: str
    term: str
    level: str = ""
    path: tuple[str, ...] = ()
    current: bool = True


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term a reported one may mean. `exact` when the words are the same; `likeness` from 0 to 1."""

    term: DictionaryTerm
    exact: bool
    likeness: float


class Dictionary:
    """One dictionary in one version. Searching is by words and by likeness; nothing is coded by itself."""

    def __init__(self, name: str, version: str, terms: Iterable[DictionaryTerm], source: str = "") -> None:
        self.name = name
        self.version = version
        self.source = source
        self._terms: dict[int, DictionaryTerm] = {}
        self._by_words: dict[str, list[int]] = {}
        self._by_code: dict[str, int] = {}
        self._one_at_a_time = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE words USING fts5(term, tokenize='unicode61 remove_diacritics 2')"
        )
        self._index.execute("CREATE VIRTUAL TABLE pieces USING fts5(term, tokenize='trigram')")
        with self._index:
            for number, term in enumerate(terms, start=1):
                self._terms[number] = term
                self._by_words.setdefault(plain_words(term.term), []).append(number)
                self._by_code.setdefault(term.code, number)
                words = plain_words(term.term)
                self._index.execute("INSERT INTO words(rowid, term) VALUES (?, ?)", (number, words))
                self._index.execute("INSERT INTO pieces(rowid, term) VALUES (?, ?)", (number, words))
        if not self._terms:
            raise UserError(f"the dictionary {name} {version} holds no terms", "check the file")

    def __len__(self) -> int:
        return len(self._terms)

    def term(self, code: str) -> DictionaryTerm | None:
        """The term of a code; `None` when this version does not have it."""
        number = self._by_code.get(code)
        return self._terms[number] if number is not None else None

    def exact(self, verbatim: str) -> tuple[DictionaryTerm, ...]:
        """The terms in use whose words are those of the text, case, accents and punctuation aside."""
        numbers = self._by_words.get(plain_words(verbatim), ())
        return tuple(self._terms[number] for number in numbers if self._terms[number].current)

    def suggest(self, verbatim: str, *, most: int = 8) -> tuple[Suggestion, ...]:
        """The terms in use that a reported text may mean, the likeliest first."""
        wanted = plain_words(verbatim)
        if not wanted:
            return ()
        exact = {id(term) for term in self.exact(verbatim)}
        numbers = {*self._by_words.get(wanted, ()), *self._near(wanted)}
        found = [
            Suggestion(term, id(term) in exact, _likeness(wanted, plain_words(term.term)))
            for number in numbers
            if (term := self._terms[number]).current
        ]
        found = [one for one in found if one.exact or one.likeness >= _ALIKE]
        found.sort(key=lambda one: (not one.exact, -one.likeness, len(one.term.term), one.term.code))
        return tuple(found[:most])

    def search(self, text: str, *, most: int = 25) -> tuple[DictionaryTerm, ...]:
        """Terms a coder looks for: by code, or all words begun."""
        by_code = self.term(text.strip())
        if by_code is not None:
            return (by_code,)
        words = plain_words(text).split()
        if not words:
            return ()
        rows = self._find(" AND ".join(f'"{word}"*' for word in words), most)
        return tuple(self._terms[number] for number in rows)

    def _near(self, wanted: str) -> list[int]:
        """Terms that share pieces of three letters: a slip of the pen spoils a few of them, not all."""
        pieces = {word[at : at + 3] for word in wanted.split() for at in range(max(len(word) - 2, 0))}
        query = " OR ".join(f'"{piece}"' for piece in sorted(pieces))
        return self._find(query, _NEAR, table="pieces") if query else []

    def _find(self, query: str, most: int, *, table: str = "words") -> list[int]:
        with self._one_at_a_time:
            rows = self._index.execute(_FIND[table], (query, most)).fetchall()
        return [int(row[0]) for row in rows]


def plain_words(text: str) -> str:
    """A text as its words: lower case, without accents or punctuation."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_WORD.findall("".join(char for char in folded if not unicodedata.combining(char))))


def _likeness(one: str, other: str) -> float:
    letters = SequenceMatcher(None, one, other).ratio()
    mine, theirs = set(one.split()), set(other.split())
    shared = len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0
    return round(max(letters, (letters + shared) / 2), 4)


# --- reading ---------------------------------------------------------------------------------------


def read_dictionary(path: Path, *, name: str = "", version: str = "") -> Dictionary:
    """Read a dictionary from a CSV file or a folder of MedDRA ASCII files.

    Name and version come from the file's name (`MedDRA-27.1.csv`, `whodrug_2026-03.csv`) unless given.
    Errors: `UserError` naming file, line and remedy.
    """
    if not path.exists():
        raise UserError(
            f"there is no dictionary at {path.name}", "give the CSV file, or the folder of ASCII files"
        )
    found = _FILE.match(path.stem if path.is_file() else path.name)
    name = name or (found["name"] if found else "")
    version = version or (found["version"] if found else "")
    if not name or not version:
        raise UserError(
            f"{path.name} does not say which dictionary and version it is",
            "call it NAME-VERSION, for example MedDRA-27.1.csv",
        )
    terms = _read_ascii(path) if path.is_dir() else _read_csv(path)
    return Dictionary(name, version, terms, path.name)


def _read_csv(path: Path) -> list[DictionaryTerm]:
    rows = _csv_rows(path)
    found: list[DictionaryTerm] = []
    for line, row in rows:
        code, term = (row.get("code") or "").strip(), (row.get("term") or "").strip()
        if not code or not term:
            raise UserError(
                f"{path.name}, line {line}: a code and a term are needed", "complete the line or remove it"
            )
        parents = tuple(part.strip() for part in (row.get("parents") or "").split(">") if part.strip())
        current = (row.get("current") or "Y").strip().upper() not in {"N", "NO", "FALSE", "0"}
        found.append(DictionaryTerm(code, term, (row.get("level") or "").strip(), parents, current))
    return found


def _csv_rows(path: Path) -> list[tuple[int, Mapping[str, str | None]]]:
    text = _text(path)
    lines = text.splitlines()
    if not lines:
        raise UserError(f"{path.name} is empty", "the first line names the columns: code,term,level,parents")
    separator = max(",;\t|", key=lines[0].count)
    reader = csv.DictReader(lines, delimiter=separator)
    columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = {"code", "term"} - set(columns)
    if missing:
        raise UserError(
            f"{path.name} has no column {' or '.join(sorted(missing))}",
            "the columns are code,term,level,parents",
        )
    return [(reader.line_num, row) for row in reader]


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise UserError(
            f"{path.name} is larger than {LARGEST // 1_000_000} MB", "give the dictionary's own file"
        )
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # the ASCII distribution of older versions


def _read_ascii(folder: Path) -> list[DictionaryTerm]:
    """Lowest level terms with their preferred term and the primary path above it."""
    preferred = {row[0]: row for row in _asc(folder, "pt.asc", 4)}
    above = _levels_above(folder)
    found = [DictionaryTerm(code, term[1], "PT", above.get(code, ())) for code, term in preferred.items()]
    for row in _asc(folder, "llt.asc", 3):
        code, term, parent = row[0], row[1], row[2]
        if code in preferred:
            continue
        current = len(row) <= 9 or row[9].strip().upper() != "N"
        name = preferred[parent][1] if parent in preferred else ""
        path = (f"{parent} {name}".strip(), *above.get(parent, ()))
        found.append(DictionaryTerm(code, term, "LLT", path, current))
    return found


def _levels_above(folder: Path) -> dict[str, tuple[str, ...]]:
    """For each preferred term the levels above it, lowest first; the system organ class named in pt.asc wins."""
    names = {
        level: {row[0]: row[1] for row in _asc(folder, f"{level}.asc", 2, needed=False)}
        for level in ("hlt", "hlgt", "soc")
    }
    links = {pair: _pairs(folder, pair) for pair in ("hlt_pt", "hlgt_hlt", "soc_hlgt")}
    primary = {row[0]: row[3] for row in _asc(folder, "pt.asc", 4)}
    above: dict[str, tuple[str, ...]] = {}
    for code, soc in primary.items():
        routes = [
            (hlt, hlgt, top)
            for hlt in links["hlt_pt"].get(code, ())
            for hlgt in links["hlgt_hlt"].get(hlt, ())
            for top in links["soc_hlgt"].get(hlgt, ())
        ]
        route = next((one for one in routes if one[2] == soc), routes[0] if routes else None)
        if route is not None:
            levels = zip(("hlt", "hlgt", "soc"), route, strict=True)
            above[code] = tuple(f"{one} {names[level].get(one, '')}".strip() for level, one in levels)
        elif soc:
            above[code] = (f"{soc} {names['soc'].get(soc, '')}".strip(),)
    return above


def _pairs(folder: Path, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in _asc(folder, f"{name}.asc", 2, needed=False):
        found.setdefault(row[1], []).append(row[0])
    return found


def _asc(folder: Path, name: str, columns: int, *, needed: bool = True) -> list[list[str]]:
    path = next((one for one in folder.iterdir() if one.name.lower() == name), None)
    if path is None:
        if needed:
            raise UserError(
                f"the folder {folder.name} has no {name}", "give the folder that holds llt.asc and pt.asc"
            )
        return []
    rows: list[list[str]] = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split("$")
        if len(cells) < columns:
            raise UserError(
                f"{name}, line {number}: {len(cells)} columns, at least {columns} are needed",
                "give the ASCII files as distributed, separated by $",
            )
        rows.append(cells)
    return rows
