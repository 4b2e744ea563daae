"""What a line of eligibility text says, once it is read: comparisons, times, judgement, and what was not understood."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """How a value compares; `BETWEEN` includes both ends."""

    GT = "GT"
    GTEQ = "GTEQ"
    LT = "LT"
    LTEQ = "LTEQ"
    EQ = "EQ"
    BETWEEN = "BETWEEN"


class Direction(StrEnum):
    """On which side of its anchor a time lies."""

    BEFORE = "before"
    AFTER = "after"
    DURING = "during"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number a person is compared with.

    Args:
        concept: what is compared, in the text's own words.
        op: how.
        value: the numbers as plain decimals (`50000`, `1.5`), a class by its own sign (`II`, `B`); two for
            `BETWEEN`, lower first; several for `EQ` are alternatives.
        unit: the unit as written; empty where none is.
        start, end: where the comparison (sign, numbers, unit) stands in the text it was read from.
        measure: the name of the concept in the shipped vocabulary; empty where it is not there.
        ucum: the unit in UCUM; empty where it was not understood.
        multiple_of: `ULN`, `LLN` or `baseline` where the number is a multiple of such a limit.
        confident: whether a machine may act on it; else a person is asked in the record's own words.
        only_for: `F` or `M` where it would be confident but holds for one sex only ("< 50 in women").
    """

    concept: str
    op: Sign
    value: tuple[str, ...]
    unit: str = ""
    start: int = 0
    end: int = 0
    measure: str = ""
    ucum: str = ""
    multiple_of: str = ""
    confident: bool = False
    only_for: str = ""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A time something is limited to: "within 30 days prior to screening", "for at least 3 months".

    Args:
        concept: what is timed, in the text's own words.
        op, value: the length compared with, as plain decimals.
        unit: `hour`, `day`, `week`, `month`, `year`; the text's own word where it is another.
        direction, anchor: before, after or during what; empty where the text does not say.
        duration: whether a length is meant (`for 3 months`) and not a look-back window.
        text: the words.
        start, end: where they stand.
    """

    concept: str
    op: Sign
    value: tuple[str, ...]
    unit: str
    direction: Direction | None = None
    anchor: str = ""
    duration: bool = False
    text: str = ""
    start: int = 0
    end: int = 0
    confident: bool = False


@dataclass(frozen=True, slots=True)
class ReadCriterion:
    """One atomic criterion on one line of the eligibility text.

    Args:
        line_no: the line it stands on, from 0, headings and empty lines counted. A criterion that runs
            over several lines is one of these for each line: `text` is the same, `comparisons` and
            `temporal` are those that begin on that line, `start` and `end` are places in `text`.
        section: `inclusion`, `exclusion` or `unknown`.
        id: the criterion's id (`I1`, `E2a`); pieces on several lines share it.
        text: its words, without marker.
        comparisons, temporal: what was read, in the order of the text.
        judgement: whether it rests on somebody's opinion.
        negated: whether its words turn the meaning round ("no history of ...").
        exception: the words after "except", "unless", "other than"; empty where there are none.
        expression: the rule as the study's expression language writes it; empty where none could be
            written with certainty, and a person is asked.
        not_understood: why no expression was written; empty where one was.
    """

    line_no: int
    section: str
    id: str
    text: str
    comparisons: tuple[Comparison, ...] = ()
    temporal: tuple[TimeLimit, ...] = ()
    judgement: bool = False
    negated: bool = False
    exception: str = ""
    expression: str = ""
    not_understood: str = ""
