"""A search as an address: what stands behind the question mark, read with care and written again the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.registry_words import in_words
from trialrun.registry.store.model import Found, Search, Sort

LONGEST_WORDS = 500
MOST_VALUES = 60
LARGEST_PAGE = 100
LAST_PAGE = 1_000_000
OLDEST = 150
SHOWN_VALUES = 8

STATUSES = (
    "RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE_NOT_RECRUITING", "SUSPENDED",
    "COMPLETED", "TERMINATED", "WITHDRAWN", "AVAILABLE", "NO_LONGER_AVAILABLE", "TEMPORARILY_NOT_AVAILABLE",
    "APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN",
)  # fmt: skip
PHASES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA")
STUDY_TYPES = ("INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS")
SEXES = ("FEMALE", "MALE")
OPEN = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION")

# The name behind the question mark of each field of a search; these names are documented and do not change.
NAMES: Mapping[str, str] = {
    "words": "q",
    "condition": "condition",
    "intervention": "intervention",
    "sponsor": "sponsor",
    "statuses": "status",
    "phases": "phase",
    "study_types": "type",
    "countries": "country",
    "age": "age",
    "sex": "sex",
    "results": "results",
    "overdue": "overdue",
    "sort": "sort",
    "page": "page",
    "size": "size",
}
_CODES = {"statuses": STATUSES, "phases": PHASES, "study_types": STUDY_TYPES}
_NOTHING = Search()

Values = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A search read from an address; `notes` says what of it could not be used, and what was done instead."""

    search: Search
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetLine:
    """A value to narrow by: its words, how many trials it gives, whether it is chosen, where a click leads."""

    label: str
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A heading and its values; `more` are the rarer ones, shown on demand."""

    name: str
    title: str
    lines: tuple[FacetLine, ...]
    more: tuple[FacetLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """Something the search asks for, in words, and the address of the search without it."""

    label: str
    value: str
    address: str


def read_question(values: Values) -> Question:
    """The search behind a question mark. Whatever stands there, the answer is a search, never an error.

    Args:
        values: gives all values of a name, in order.
    """
    notes: list[str] = []
    found: dict[str, Any] = {
        name: _words(values, NAMES[name], notes) for name in ("words", "condition", "intervention", "sponsor")
    }
    for name, known in _CODES.items():
        found[name] = _codes(values, NAMES[name], known, notes)
    found["countries"] = _several(values, "country", notes)
    found["age"] = _age(values, notes)
    found["sex"] = _sex(values, notes)
    found["results"] = _yes_or_no(values, "results", notes)
    found["overdue"] = _yes_or_no(values, "overdue", notes)
    found["sort"] = _sort(values, notes)
    found["page"] = _number(values, "page", 1, LAST_PAGE, notes)
    found["size"] = _number(values, "size", _NOTHING.size, LARGEST_PAGE, notes)
    return Question(Search(**found), tuple(notes))


def query_of(search: Search, **changed: Any) -> str:
    """A search, with fields changed, as it stands behind the question mark; what is not asked for is left out.

    Reading it gives the same search again. Every change but of the page leads back to the first page.
    """
    if changed and "page" not in changed:
        changed["page"] = 1
    wanted = replace(search, **changed)
    pairs: list[tuple[str, str]] = []
    for part in fields(Search):
        value = getattr(wanted, part.name)
        if value == getattr(_NOTHING, part.name):
            continue
        name = NAMES[part.name]
        if isinstance(value, tuple):
            pairs += [(name, one) for one in value]
        elif isinstance(value, bool):
            pairs.append((name, "yes" if value else "no"))
        else:
            pairs.append((name, format(value, "f") if isinstance(value, Decimal) else str(value)))
    return urlencode(pairs, errors="replace")


def address_of_search(search: Search, path: str = "/", **changed: Any) -> str:
    """The address of a search."""
    query = query_of(search, **changed)
    return f"{path}?{query}" if query else path


def fields_kept(search: Search, *but: str) -> list[tuple[str, str]]:
    """What a form must send along, hidden, so that a search keeps what its fields do not show."""
    from urllib.parse import parse_qsl

    shown = {NAMES[name] for name in (*but, "page")}
    return [(name, value) for name, value in parse_qsl(query_of(search)) if name not in shown]


def facets(search: Search, found: Found) -> tuple[Facet, ...]:
    """What a search can be narrowed by, with counts; a chosen value stays to be seen where nothing has it."""
    made = (
        _facet("status", _("Status"), "statuses", search, found, in_words),
        _facet("phase", _("Phase"), "phases", search, found, in_words),
        _facet("study_type", _("Study type"), "study_types", search, found, in_words),
        _facet("country", _("Country"), "countries", search, found, str),
        _facet("sex", _("Admits"), "sex", search, found, in_words),
        _facet("results", _("Results posted"), "results", search, found, _yes_words),
    )
    return tuple(one for one in made if one.lines)


def _facet(
    name: str, title: str, part: str, search: Search, found: Found, words: Callable[[str], str]
) -> Facet:
    counts = {one.value: one.count for one in found.facets.get(name, ())}
    chosen = _chosen(search, part)
    if part == "sex":
        counts = {value: count for value, count in counts.items() if value in SEXES}
    lines = [
        FacetLine(words(value), counts.get(value, 0), value in chosen, _toggled(search, part, value))
        for value in (*counts, *(value for value in chosen if value not in counts))
    ]
    early = [line for place, line in enumerate(lines) if place < SHOWN_VALUES or line.chosen]
    late = [line for place, line in enumerate(lines) if place >= SHOWN_VALUES and not line.chosen]
    return Facet(name, title, tuple(early), tuple(late))


def _chosen(search: Search, part: str) -> tuple[str, ...]:
    value = getattr(search, part)
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return (value,) if value else ()


def _toggled(search: Search, part: str, value: str) -> str:
    """The address of the search with the value chosen, or no longer chosen."""
    chosen = _chosen(search, part)
    if part == "sex":
        return address_of_search(search, sex="" if value in chosen else value)
    if part == "results":
        return address_of_search(search, results=None if value in chosen else value == "yes")
    kept = tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
    changed: dict[str, Any] = {part: kept}
    return address_of_search(search, **changed)


_TEXTS = (
    ("words", marked("Words")),
    ("condition", marked("Condition")),
    ("intervention", marked("Intervention")),
    ("sponsor", marked("Sponsor")),
)
_LISTS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("statuses", marked("Status"), in_words),
    ("phases", marked("Phase"), in_words),
    ("study_types", marked("Study type"), in_words),
    ("countries", marked("Country"), str),
)


def right_countries(search: Search, found: Found) -> tuple[str, ...]:
    """The countries asked for as the records write them: `iran` is `Iran` and `Iran, Islamic Republic of`."""
    known = [one.value for one in found.facets.get("country", ())]
    right: dict[str, None] = {}
    for asked in search.countries:
        word = asked.casefold()
        meant = [one for one in known if one.casefold() == word or one.casefold().startswith((f"{word}, ", f"{word} ("))]  # fmt: skip
        # What a record writes word for word was chosen from a list and means no more than that.
        right |= dict.fromkeys([asked] if asked in known or not meant else meant)
    return tuple(right)


def as_written(search: Search, found: Callable[[Search], Found]) -> Search:
    """The search with its countries as the records write them."""
    if not search.countries:
        return search
    return replace(search, countries=right_countries(search, found(replace(search, size=1))))


def chips(search: Search) -> tuple[Chip, ...]:
    """Everything a search asks for, each with the address of the search without it."""
    made = [
        Chip(_(label), value, address_of_search(search, "/", **{part: ""}))
        for part, label in _TEXTS
        if (value := getattr(search, part))
    ]
    made += [
        Chip(_(label), words(value), _toggled(search, part, value))
        for part, label, words in _LISTS
        for value in getattr(search, part)
    ]
    if search.age is not None:
        made.append(Chip(_("Admits age"), format(search.age, "f"), address_of_search(search, age=None)))
    if search.sex:
        made.append(Chip(_("Admits"), in_words(search.sex), address_of_search(search, sex="")))
    if search.results is not None:
        words = _yes_words("yes" if search.results else "no")
        made.append(Chip(_("Results posted"), words, address_of_search(search, results=None)))
    if search.overdue is not None:
        words = _yes_words("yes" if search.overdue else "no")
        made.append(Chip(_("Results overdue"), words, address_of_search(search, overdue=None)))
    return tuple(made)


def in_a_sentence(search: Search) -> str:
    """A search in one line, for the title of a feed or a file."""
    parts = [f"{chip.label}: {chip.value}" for chip in chips(search)]
    return "; ".join(parts) if parts else _("All trials")


def _yes_words(value: str) -> str:
    return _("Yes") if value == "yes" else _("No")


def _words(values: Values, name: str, notes: list[str]) -> str:
    given = "".join(letter for letter in " ".join(values(name)) if letter.isprintable() or letter.isspace())
    text = " ".join(given.split())
    if len(text) > LONGEST_WORDS:
        notes.append(
            _("Only the first {count} characters of “{name}” were looked for.").format(
                count=LONGEST_WORDS, name=name
            )
        )
        text = text[:LONGEST_WORDS].rstrip()
    return text


def _several(values: Values, name: str, notes: list[str]) -> tuple[str, ...]:
    given = dict.fromkeys(" ".join(value.split())[:LONGEST_WORDS] for value in values(name))
    kept = tuple(value for value in given if value and value.isprintable())
    if len(kept) > MOST_VALUES:
        notes.append(
            _("Only the first {count} values of “{name}” were used.").format(count=MOST_VALUES, name=name)
        )
    return kept[:MOST_VALUES]


def _codes(values: Values, name: str, known: Sequence[str], notes: list[str]) -> tuple[str, ...]:
    """Codes however they are written; one the registry does not know is looked for as it stands."""
    codes = (
        (code if code in known else value)
        for value in _several(values, name, notes)
        for code in (value.upper().replace(" ", "_").replace("-", "_"),)
    )
    return tuple(dict.fromkeys(codes))


def _sex(values: Values, notes: list[str]) -> str:
    given = _codes(values, "sex", SEXES, notes)
    notes += [_left_out(value, "sex", SEXES) for value in given if value not in SEXES]
    kept = [value for value in given if value in SEXES]
    return kept[0] if len(kept) == 1 else ""  # both sexes ask for nothing


def _left_out(value: str, name: str, known: Sequence[str]) -> str:
    return _("“{value}” was left out: it is none of the values of “{name}” ({known}).").format(
        value=value[:60], name=name, known=", ".join(known)
    )


def _age(values: Values, notes: list[str]) -> Decimal | None:
    text = next((value.strip() for value in values("age") if value.strip()), "")
    if not text:
        return None
    try:
        age = Decimal(text[:20].replace(",", "."))
    except InvalidOperation:
        age = Decimal("NaN")
    if age.is_finite() and 0 <= age <= OLDEST and len(text) <= 20:
        return Decimal(0) if not age else age.normalize()
    notes.append(
        _(
            "The age “{value}” was left out: write it in years, 0 to {oldest}, for a child of six months 0.5."
        ).format(value=text[:20], oldest=OLDEST)
    )
    return None


def _yes_or_no(values: Values, name: str, notes: list[str]) -> bool | None:
    given = {value.strip().lower() for value in values(name)} - {""}
    unknown = sorted(given - {"yes", "no"})
    if unknown:
        notes.append(
            _("“{value}” was left out: “{name}” is yes or no.").format(value=unknown[0][:60], name=name)
        )
    return None if not given & {"yes", "no"} or given >= {"yes", "no"} else "yes" in given


def _sort(values: Values, notes: list[str]) -> Sort:
    text = next((value.strip().lower() for value in values("sort") if value.strip()), Sort.RELEVANCE.value)
    if text in {one.value for one in Sort}:
        return Sort(text)
    notes.append(_left_out(text, "sort", [one.value for one in Sort]))
    return Sort.RELEVANCE


def _number(values: Values, name: str, otherwise: int, most: int, notes: list[str]) -> int:
    text = next((value.strip() for value in values(name) if value.strip()), "")
    if not text:
        return otherwise
    if text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= most:
        return int(text)
    notes.append(
        _("“{value}” was left out: “{name}” is a number from 1 to {most}.").format(
            value=text[:20], name=name, most=most
        )
    )
    return otherwise
