"""The grammar of time frames: which rule reads what begins at a place of the tokens (STATISTICS part 6).

The order is the meaning: a rule stands before those that would read a part of what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from trialrun.registry.timeframe_brackets import merge
from trialrun.registry.timeframe_cycles import (
    cycle_length,
    cycle_range,
    cycles,
    days_of_cycles,
    end_of_cycle,
    every_cycle,
    first_cycle,
    from_before_dose,
    samples,
)
from trialrun.registry.timeframe_patterns import (
    AFTER_DOSE,
    AFTER_UNIT,
    AMOUNT,
    BARE,
    BEFORE_DOSE,
    BETWEEN,
    CYCLE,
    CYCLE_LENGTH,
    DAYS,
    EVENT_WORD,
    FREE,
    GRID,
    LEAD,
    LIST,
    NEXT,
    RANGE,
    SAMPLE_DAY,
    SEP,
    N,
)
from trialrun.registry.timeframe_periods import (
    REGULAR,
    a_single,
    average,
    between_amounts,
    between_units,
    every,
    from_a_point,
    lasting,
    lasting_to_event,
    opened_to,
    regularly,
    until_words,
)
from trialrun.registry.timeframe_points import (
    around_event,
    at_event,
    bare_event,
    baseline,
    before_and_after,
    counted_from,
    directly,
    enumerator,
    event_day,
    gestation,
    label,
    not_told,
    nothing,
    of_age,
    one_unit,
    screening,
    tolerance,
    unit_first,
    unit_last,
)
from trialrun.registry.timeframe_reading import UNIT, Match, Reading

Rule = Callable[[Reading, Match], bool]


def in_brackets(read: Reading, match: Match) -> bool:
    """A remark, a tolerance, the same day said another way, or the time of the label before it."""
    depth, place = 0, match.start()
    while place < read.end:
        depth += {"(": 1, ")": -1}.get(read.text[place], 0)
        if depth == 0:
            break
        place += 1
    if depth:
        return False
    inside = Reading(read.source, read.tokens, read.text, match.end() + 1, max(match.end() + 1, place - 1))
    inside.cycle_days = read.cycle_days
    run(inside)
    merge(read, inside, match, place + 1)
    read.at = min(place + 1, read.end)
    return True


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?= |$)")


RULES: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (_compiled(pattern), rule)
    for pattern, rule in (
        (r"\d{1,2} (?:[.)])(?= [a-z(0-9])|[a-hivx]+ \)|(?:[a-h]|[ivx]+) \.", enumerator),
        (rf"±  ?(?P<number>{N})(?: (?P<unit>{UNIT}))?", tolerance),
        (rf"± (?P<number>{N})(?: (?P<unit>{UNIT}))?", tolerance),
        (r"(?:\( )?day (\d+)(?: -| to| through)(?: day)? (\d+) of cycle 1", not_told),
        (r"cycle 1 ,? ?\( ?days? (\d+)(?: -| to| through)(?: day)? (\d+) \)", cycle_range),
        (r"cycle 1 (?:, )?day (\d+)(?: -| to| through)(?: day)? (\d+)", cycle_range),
        (r"(?P<end>(?:the )?end of )?(?:the )?(?:cycle 1|(?:the )?(?:first|1th) cycle)(?: of treatment)? \( (?:the )?(?:first )?(?P<length>\d+) day \)", first_cycle),
        (rf"(?:study )?day (?P<days>{DAYS}) (?:of|in|,) (?:each |every |all )(?:subsequent )?{CYCLE}", every_cycle),
        (rf"(?P<lead>$^)?(?:study )?day (?P<days>{DAYS}) (?:of|in|,) (?:\d+ day )?cycle (?P<cycles>{LIST})", days_of_cycles),
        (rf"(?P<lead>(?:up to|through|until) )?cycle (?P<cycles>{RANGE}(?:{SEP} {RANGE}(?! day))*?)(?: [,:/]| \()? ?day (?P<days>{N}(?:{SEP}(?: day)? {BARE})*)", days_of_cycles),
        (CYCLE_LENGTH.pattern, cycle_length),
        (rf"(?:every|each) (?:(?P<count>\d+) )?{CYCLE}", every_cycle),
        (r"(?P<lead>(?:up to|through|until|to|during) )?(?:the )?(?:end|completion) of cycle (?P<a>[\d ,and]*\d)|after (?P<b>\d+) (?:treatment )?cycle(?: of [a-z]+)?|after cycle (?P<c>\d+)(?!.)", end_of_cycle),
        (r"cycle 1 (?:-|to|through)(?: cycle)? (?P<a>\d+)|(?:during |for |over |in )?(?:the )?(?:first|up to|maximum of) (?P<b>\d+) (?:treatment |dose )?cycle(?: of \w+)?|(?:for|over|during|through|throughout|up to|until)(?: cycle)? (?P<c>\d+)(?: treatment)? cycle(?: of \w+)?", cycles),
        (rf"(?:during |throughout |in |over )?(?:the )?(?:first cycle|cycle 1)(?: of \w+)?(?! [,/:]? ?day)(?!{SEP} {N})(?P<a>$^)?(?P<b>$^)?(?P<c>$^)?", cycles),
        (rf"{N} {UNIT} (?:per|a|each|every|/) (?:{UNIT}|cycle)", not_told),
        (rf"(?:(?:twice|thrice|several times|multiple times|{N} times?|{N} x|{N} - {N} times?)(?: (?:a|an|per|each|every|/|in))* (?:{UNIT}|daily|weekly|monthly)|(?:bi|semi) ?(?:weekly|monthly|annually|annual)|biweekly|bimonthly|semiannually|fortnightly)(?: (?:for|over) {N} {UNIT})?", not_told),
        (rf"(?:at |on |during )?(?:every|each)(?: \w+)? visit|(?:the |over the |in the |during the )?(?:past|previous|preceding|prior) (?:{N} )?{UNIT}|(?:over|in|during) the last (?:{N} )?{UNIT}", not_told),
        (
            (
                rf"(?:at )?(?:every|each|once (?:a|per|every|each|/))(?: (?P<other>other|2th|alternate))?(?: approximately)?(?: (?P<step>{N}))?(?: (?:calendar|consecutive))? (?P<unit>{UNIT})(?: interval)?"
                rf"(?:(?: ,)? (?:for|during|over|in|within)(?: the)?(?: (?:first|next|following))?(?: (?P<cap>{N}))? (?P<capunit>{UNIT}))?(?: (?:thereafter|there after|after that|afterwards|subsequently))?"
            ),
            every,
        ),
        (rf"(?P<other>$^)?(?:at )?(?:(?P<step>{N}) (?P<unit>{UNIT}) interval|interval of (?:{N}) {UNIT})(?P<cap>$^)?(?P<capunit>$^)?", every),
        (
            (
                rf"(?:once )?(?P<how>{'|'.join(REGULAR)})(?: assessment| visit| follow up)?(?:(?: ,)? (?:for|up to|over|during|through|until|to)(?: the)?(?: (?:first|next|total of|following))*"
                rf"(?: (?P<cap>{N}) (?P<capunit>{UNIT})| (?P<lateunit>{UNIT}) (?P<late>{N})))?(?: (?:thereafter|there after|after that|afterwards))?"
            ),
            regularly,
        ),
        (rf"(?:(?P<pre>{BEFORE_DOSE})(?: [,;:])?(?: (?:and|or|to|at))* )?(?P<grid>{GRID})(?P<post> {AFTER_DOSE})?{SAMPLE_DAY}", samples),
        (rf"(?:from )?{BEFORE_DOSE} (?:to|until|through|up to)(?: approximately)? (?P<number>{N}) (?P<unit>{UNIT})(?: {AFTER_DOSE})?", from_before_dose),
        (rf"(?P<pre>{BEFORE_DOSE})(?P<grid>)(?P<post>){SAMPLE_DAY}", samples),
        (r"\(", in_brackets),
        (r"(?:visit|v|tp|time point|session|period|part|phase|stage|step|group|cohort|arm|questionnaire|survey|wave|round|interview|scan|v\d+|t\d+|tp\d+)(?: #)?(?: (?:\d+|[a-e]|i+))?(?:(?: ,| and| -| to) \d+(?! (?:day|week|month|hour|year)))*(?<!visit)(?<!period)(?<!phase)(?<!session)(?<!part)(?<!survey)(?<!questionnaire)(?<!group)(?<!arm)(?<!scan)(?<!interview)(?<!time point)(?<!step)(?<!stage)", label),
        (r"(?P<when>intra|peri) (?P<event>operative|procedural|partum)(?: period)?", around_event),
        (rf"(?:(?:at )?(?P<a>{LIST}) (?:completed )?week(?:'s)?(?: of)? (?:gestation\w*(?: age)?|pregnan\w*|amenorrh\w*|(?:post )?menstrual age|postmenstrual age)|gestational (?:age|week)(?: of)? (?P<b>{LIST})(?: week)?)", gestation),
        (rf"(?:from |between )?(?:study |treatment )?(?P<u>{UNIT}) (?P<first>-?{N})(?: \( [a-z ]+ \))? (?:-|to|through|until|up to|and up to|(?<=between day \d )and|(?<=between week \d )and|(?<=between week \d\d )and)(?: (?:and including|the end of|study|end of|treatment|at))* (?:(?P<v>{UNIT}) (?P<last>-?{N}){NEXT}|(?P<last2>-?{N})(?: (?P<x>{UNIT})(?! \d))?)(?! (?:-|to) \d)(?!{SEP} {BARE})", between_units),
        (rf"(?:from )?(?P<first>{N}) (?P<u>{UNIT}) (?:-|to|through|until|up to) (?:the )?(?P<last>{N}) (?P<v>{UNIT})|between (?P<first2>{N})(?: (?P<u2>{UNIT}))? and (?P<last3>{N}) (?P<v2>{UNIT})(?!.)", between_amounts),
        (rf"(?:and |or )?(?P<lead>{LEAD})(?: {FREE})* {AMOUNT}", lasting),
        (rf"(?:within|during|in|over|throughout|after|for|up to)(?: the)? (?:a|an|first|1th)(?: first| full)? (?P<unit>{UNIT})(?! \d)", a_single),
        (rf"(?P<lead>to|and|-)(?: {FREE})* {AMOUNT}", opened_to),
        (rf"(?:, |- |: |= )?(?:(?:an|on|with|a|the|of) )*(?:estimated |expected |anticipated )?(?:average|median|mean)(?: (?:length|duration|follow|up|time|period|hospital|stay|of|is|being|:|=|approximately|an|a|the|treatment|study))* (?:{N} - )?(?P<number>{N}) (?P<unit>{UNIT})", average),
        (r"(?:immediately|directly|right|just|shortly) (after|following|before|prior|post|pre)(?: to)?", directly),
        (r"(?:(?:change )?from )?(?:the )?(?:baseline|base line)(?: (?:visit|assessment|evaluation|value|measurement|time point|examination))*|(?:pre|before|prior to)(?: the)?(?: start of| starting| initiation of)?(?: the)? (?:treatment|intervention|operative|surgery|operation|test|procedure|randomi[sz]ation|transplant\w*|vaccination|therapy|exercise|training|injection|procedural|surgical)|(?:(?:at|on|upon|during)(?: the)?(?: time of)? )(?:study )?(?:inclusion|enrol\w*|entry|recruitment|randomi[sz]ation|registration)(?: visit)?|(?:enrol\w*|inclusion|initial|first|randomi[sz]ation) visit|(?:study )?(?:enrol\w*|inclusion|recruitment|randomi[sz]ation)(?= [,;/]| and \d)|t0", baseline),
        (r"(?:at |from )?(?:the )?(?:pre )?screening(?: (?:visit|period|phase))?", screening),
        (rf"post (?P<event>{EVENT_WORD})(?: (?:period|visit))?(?: ,)?(?: at)? (?P<unit>{UNIT}) (?P<list>{AFTER_UNIT})", event_day),
        (rf"(?:from )?(?:study )?(?P<unit>day|week|month) (?P<number>-?{N})(?= (?:until|to|through|up to) [a-z])(?! (?:to|through|until|up to) (?:approximately )?{UNIT})", from_a_point),
        (rf"(?:study |treatment |calendar )?(?P<unit>{UNIT}) (?:# |no |number )?(?P<list>{AFTER_UNIT})", unit_first),
        (rf"(?:in |during |over |within )?(?:the )?(?P<first>first )?(?P<list>{LIST})(?: of)?{BETWEEN} (?P<unit>{UNIT})(?: (?:intervention|treatment|therapy|training|program\w*|study|trial)(?= [,;.()]| and| or|$))?", unit_last),
        (rf"(?P<at>at |after )?(?:the )?(?P<first>first |1th )(?:post (?P<event>operative|partum) )?(?P<unit>{UNIT})(?! \d)", one_unit),
        (rf"(?P<at>at |after )?(?P<first>$^)?(?P<event>$^)?an? (?P<unit>{UNIT})(?= [,;.()]|$| after| post)", one_unit),
        (r"(?P<at>on |at )?(?:the )?(?P<first>$^)?(?P<event>$^)?(?P<unit>day)(?= (?:after|following) )", one_unit),
        (r"(?:corrected |chronological |adjusted |postnatal |post natal )?age", of_age),
        (rf"(?:before|pre|prior)(?: (?:,|and|to|-|/|immediately|directly|test|during))* (?P<event>after|post)(?: the)?(?: {EVENT_WORD}| test| training| exercise| therapy)?", before_and_after),
        (rf"(?P<lead>{LEAD}|to|-)(?: (?:date|time|the|of|day|approximately|entire|first))*", lasting_to_event),
        (r"(?:or |and )?(?P<lead>until|to|through|up to) (?:the )?(?:first )?(?:date of |time of |day of )?(?P<words>[a-z][a-z']*(?: (?!whichever|assessed|up to|approximately|an average|through)[a-z/'-]+){0,11})", until_words),
        (r"(?:assessed )?whichever (?:comes|occurs|is|came|occurred|happens|event|one)(?: (?:first|earlier|sooner|later|last|occurs|comes|earliest|occurred|came))*", nothing),
        (r"(after|following|post|since|from|past|relative to|subsequent to|of|between|beginning|starting)(?: (?:the|at|from|to|with))*", counted_from),
        (r"(?:at|on|upon|by)(?: the)?(?: time of| day of| moment of| date of)?(?: the)?", at_event),
    )
)  # fmt: skip
_ANYWHERE = (re.compile(r"(?=[a-z])"), bare_event)


def run(read: Reading) -> None:
    """Read to the end."""
    while read.at < read.end:
        if read.text[read.at] == " ":
            read.at += 1
            continue
        if not _step(read):
            read.skip()


def _step(read: Reading) -> bool:
    place = read.at
    for pattern, rule in (*RULES, _ANYWHERE):
        match = pattern.match(read.text, place, read.end)
        if match is None:
            continue
        if rule(read, match):
            if read.at == place:
                read.at = match.end()
            if read.at > place:
                return True
        read.at = place
    return False
