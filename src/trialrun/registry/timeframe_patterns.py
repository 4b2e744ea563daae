"""The pieces the patterns of the time frame rules are put together from; they read tokens separated by one space."""

from __future__ import annotations

import re

from trialrun.registry.timeframe_reading import UNIT

N = r"\d+(?:\.\d+)?(?:th)?"
SEP = r"(?: (?:[,;/&+]|and|or|then|plus|finally|again))+(?: (?:at|on|after|approximately|the))*"
RANGE = rf"{N}(?: (?:-|to) {N})*"
# Atomic: a list never gives back what it took, so that a thousand numbers are read in one go.
LIST = rf"(?>{RANGE}(?:{SEP} {RANGE})*)"
NEXT = rf"(?! {UNIT}\b(?! -?\d))(?! (?:%|time|patient|participant))"
BARE = rf"-?{N}(?: (?:-|to|through) (?:{UNIT} )?-?{N})*{NEXT}"
FIRST = rf"-?{N}(?: (?:-|to|through) {BARE})?"
AFTER_UNIT = rf"(?>{FIRST}(?:{SEP} {BARE})*)"
DAYS = rf"(?>{FIRST}(?:{SEP}(?: day)? {BARE})*)"
BETWEEN = r"(?: (?:post operative|post partum|post treatment|calendar|full|complete|consecutive|total|additional|study|treatment|further|whole))?"
FREE = r"(?:a|an|approximately|average|of|estimated|expected|the|total|maximum|period|duration|first|up|to|time|follow|next|minimum|at|least|end|assessed|and|including|subsequent|study|course|entire)"
AMOUNT = rf"(?:{UNIT} (?P<late>{N})(?! {UNIT}\b(?! \d))|(?:{N} (?:-|to) )?(?P<number>\d+(?:\.\d+)?){BETWEEN} (?P<unit>{UNIT})\b)"
LEAD = (
    r"(?:up to(?: and including)?|within|through|throughout|during|for|over|until|maximum(?: of)?|no (?:more|longer|later) than|not more than"
    r"|at most|less than|by|< =|<|≤|not exceeding)"
)
CYCLE = r"(?:\d+ (?:day|week) )?(?:treatment |dose |study |subsequent )?cycle"
CYCLE_LENGTH = re.compile(
    r"(?:\( )?(?:(?:each|1|one|a|every|the)(?: treatment| dose)? )?cycle (?:(?:is|=|last|lasts|length|duration|of|:|was|will|be|consists|comprises|equal|to|approximately|equals)"
    r" )+(\d+) (day|week)(?: each)?(?: \))?(?= |$)|(?:\( )?(?:each cycle )?(\d+) (day|week) (?:treatment |dose |per |/ )*(?:cycle|per cycle)(?: \))?(?= |$)|(?<=every cycle )\( (\d+) (day|week) \)|(?<=each cycle )\( (\d+) (day|week) \)"
)
BEFORE_DOSE = r"(?:0(?: hour)? \( pre dose \)|pre dose \( 0(?: hour)? \)|pre dose(?: 0 hour)?|(?:before|prior to) (?:the )?(?:first |morning )?dose)"
AFTER_DOSE = r"(?:post (?:first |morning |last )?dose|after (?:the )?(?:first |morning |last |each |study drug |drug )?(?:dose|administration)|post administration)"
GRID = rf"{LIST} (?:second|minute|hour)(?:{SEP} {LIST} (?:second|minute|hour|day))*"
SAMPLE_DAY = (
    rf"(?:(?: (?:on|at|of|in|,))+ (?:study )?(?:cycle (?P<samplecycle>\d+) (?:, )?day (?P<sampleday>{AFTER_UNIT})"
    rf"|day (?P<ofday>{DAYS}) of cycle (?P<ofcycle>{LIST})|(?P<sampleunit>day|week|month) (?P<sampledays>{FIRST}(?:{SEP}(?: (?:day|week|month))? {BARE})*)))?"
)
EVENT_WORD = r"(?:operative|surgery|surgical|partum|natal|transplant\w*|vaccination|immuni[sz]ation|randomi[sz]ation|discharge|intervention|procedure|implantation|delivery|birth|treatment|infusion|injection)"
