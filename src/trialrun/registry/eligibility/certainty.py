"""Reasons why a comparison that was read must not be acted on by a machine."""

from __future__ import annotations

import re

_CONDITION = re.compile(
    r"\b(?:if|unless|except|excluding|other\s+than|in\s+case\s+of|when|whichever|provided|apart\s+from|only\s+if|"
    r"in\s+(?:the\s+)?(?:presence|absence)\s+of|allowed|permitted|acceptable|"
    r"liver\s+metasta\w+|depending|e\.g\.|for\s+example|such\s+as|with\s+(?:the\s+)?exception|however|otherwise|"
    r"corresponding|respectively|f/m|m/f|patients?\s+with\s+\w+\s+metasta\w+)(?!\w)"
)
_ONE_SEX = re.compile(
    r"\b(?:in|for)\s+(?:adult\s+)?(?:(?:fe)?males?|(?:wo)?m[ae]n)\b|\(\s*(?:in\s+|for\s+)?(?:(?:fe)?males?|(?:wo)?m[ae]n)\s*\)|\b(?:(?:fe)?males?|(?:wo)?m[ae]n)\s*:"
)
_SEX_AFTER = re.compile(
    r"\s*,?\s*\(?\s*(?:(?:in|for)\s+)?(?:adult\s+)?(?P<sex>females?|wom[ae]n|males?|m[ae]n)\b"
)
_SEX_BEFORE = re.compile(r"\b(?P<sex>females?|wom[ae]n|males?|m[ae]n)\s*[:,]?\s*$")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|inability|unable|lack|absence)\b|n't\b"
)
_MEASURES = re.compile(
    r"\b(?:age|bmi|body\s+mass\s+index|(?:body|birth)?\s?weight|height|waist|circumference|(?:gestational|corrected)\s+age|"
    r"blood\s+pressure|s?d?bp|map|systolic|diastolic|heart\s+rate|hr|pulse|resting\s+heart|temp(?:erature)?|fever|"
    r"saturation|sp?a?o2|fio2|p/f|pa?o2|pa?co2|respiratory\s+rate|ejection\s+fraction|lvef|l?v?ef|qtc?\w*|pr\s+interval|qrs|"
    r"e?gfr|\w*filtration\s+rate|clearance|crcl|creatinine|cr|bilirubin|bil|ast|alt|sgot|sgpt|asat|alat|got|gpt|alp|ggt|"
    r"transaminases?|\w+transferase|phosphatase|plt|platelets?|thrombocytes?|neutrophils?|anc|wbc|leu[ck]ocytes?|white\s+blood|white\s+cell|lymphocytes?|"
    r"ha?emoglobin|hgb?|hb|ha?ematocrit|hct|hb\s?a1\s?c|ha?emoglobin\s+a\s?1\s?c|a1c|glucose|fpg|ogtt|insulin|c-peptide|ldl\S*|hdl\S*|cholesterol|triglycerides?|tg|"
    r"albumin|inr|international\s+normali[sz]ed\s+ratio|pt|a?ptt|potassium|sodium|calcium|magnesium|phosph\w+|bicarbonate|urea|bun|uric\s+acid|"
    r"psa|crp|c-reactive\s+protein|esr|tsh|t4|ferritin|cd4\S*|viral\s+load|rna|dna|testosterone|estradiol|fsh|amh|bnp|nt-?pro\s?-?bnp|troponin|"
    r"fev\s?1?|fvc|dlco|lipase|amylase|ck|cpk|ldh|lactate|procalcitonin|fibrinogen|d-dimer|ig[gaem]|vitamin\s+d|cotinine|"
    r"expectancy|expected\s+survival|score|scores|scale|index|questionnaire|inventory|rating|status|"
    r"kps|karnofsky|lansky|ecog|zubrod|nyha|asa|mmse|moca|ham-?[da]|hdrs|hamd|phq-?\d*|gad-?\d*|madrs|panss|edss|gcs|glas\w+|nihss|vas|nrs|iq|ahi|bdi\S*|"
    r"odi|womac|dlqi|easi|p?asi|das-?28|iga|cgi\S*|ymrs|audit\S*|isi|psqi|meld\S*|child[\s-]+(?:turcotte|pugh|class|score)\S*|apache\S*|sofa|mrs|rankin|iss|bishop|apgar|cdr|mini-mental|"
    r"iop|intraocular\s+pressure|icp|cpp|pressure|cycle|cac|stop-?bang|faps|tbsa|ratio|concentration|count|counts|"
    r"axial\s+length|thickness|visual\s+acuity|bcva|refraction|spherical\s+equivalent|motility|gravity)(?!\w)"
)
_CHANGE = re.compile(
    r"\b(?:loss|gain|changes?|changed|reduction|reduced|increase[sd]?|decrease[sd]?|difference|variation|variability|drop|improve\w*|"
    r"elevat\w+|rise|fall|stable|unstable|history|dose|doses|scores?\s+of|family|drink\w*|solution|child(?=$|\s+\w+$)|children|mother|father|parents?|caregiver\w*|donor|partner)\b"
)
_LONGEST_CONCEPT = 9
_TWO_PRESSURES = re.compile(r"systolic\s*(?:/|and(?:/or)?|or)\s*diastolic|sbp\s*/\s*dbp")
_ONLY_SCORE = re.compile(
    r"(?:the |a |total |sum )*(?:scores?|scale|index|count|ratio|status|rating|concentration|pressure)"
)


_CLAUSE = 400
_CHANGE_OF = re.compile(
    r"\b(?:increase|decrease|change|loss|gain|reduction|drop|rise|fall|improvement|elevation)s?\s+(?:in|of)\s+[^,;:]{0,50}$"
)
_MORE_NUMBERS = re.compile(r"\s*(?:but|and/or|or|and|to|/|-)\s*\d")
_OF_A_CHILD = re.compile(
    r"\b(?:have|has|having|with|expecting)\s+(?:[a-z-]+\s+){0,3}(?:child(?:ren)?|infants?|bab(?:y|ies)|siblings?|spouse|partner)\b[^.;]{0,30}$"
)
ONE_SEX = "it is said for one sex"


def one_sex(folded: str, start: int, end: int) -> str:
    """`F` or `M` where the words right beside a comparison name the sex it is said for."""
    after = _SEX_AFTER.match(folded, end)
    match = after or _SEX_BEFORE.search(folded[max(0, start - 20) : start])
    return ("F" if match["sex"].startswith(("f", "w")) else "M") if match else ""


def doubts_around(folded: str, start: int, end: int) -> tuple[str, ...]:
    """What in the clause around a comparison may turn it round or restrict it."""
    first, last = max(0, start - _CLAUSE), min(len(folded), end + _CLAUSE)
    begin = max(first, *(folded.rfind(mark, first, start) + 1 for mark in (". ", ";")))
    stops = [place for mark in (". ", ";") if (place := folded.find(mark, end, last)) >= 0]
    clause = folded[begin:start] + " | " + folded[end : min(stops, default=last)]
    found: tuple[str, ...] = ()
    if _CONDITION.search(clause):
        found += ("a condition stands beside it",)
    if _CHANGE_OF.search(folded[begin:start]):
        found += ("a change is compared, not a value",)
    if _MORE_NUMBERS.match(folded, end):
        found += ("a further number stands beside it",)
    if _ONE_SEX.search(clause):
        found += (ONE_SEX,)
    if _NEGATION.search(folded[begin:start]):
        found += ("a negation stands before it",)
    return found


_FOR_SOME = re.compile(
    r"\b(?:for|in|if)\s+(?:patients?|subjects?|participants?|wom[ae]n|m[ae]n|persons?|those|individuals?|children|adults)\W*"
    r"(?:(?:who\s+)?(?:are|is)\s+)?(?:aged?\W*)?$"
)


def doubts_about_age(folded: str, start: int) -> tuple[str, ...]:
    """Why an age may not be the participant's: "having at least one child under 6 years"."""
    somebody = _OF_A_CHILD.search(folded[max(0, start - 90) : start])
    if somebody:
        return ("it may be the age of somebody else",)
    return ("it is said for some ages only",) if _FOR_SOME.search(folded[max(0, start - 60) : start]) else ()


def doubts_about(concept: str) -> tuple[str, ...]:
    """Why the words found for what is compared may not be what is compared."""
    words = concept.lower()
    if _ONLY_SCORE.fullmatch(words):
        return ("it is not said what is scored",)
    if not _MEASURES.search(words):
        return ("what is compared is not a measurement known here",)
    if _TWO_PRESSURES.search(words):
        return ("two measurements are named",)
    if _CHANGE.search(words):
        return ("a change is compared, not a value",)
    if len(words.split()) > _LONGEST_CONCEPT or re.search(
        r"[<>≥≤=]|\s\d+(?:\.\d+)?(?:$|\s+(?:years?|months?|weeks?|days?)\b)", words
    ):
        return ("the words of what is compared hold more than its name",)
    return ()


_NO_CLASS = re.compile(r"(?:.*\s)?(?:stages?|grades?|staging|grading|class(?:es)?)$", re.IGNORECASE)


def doubts_about_class(concept: str) -> tuple[str, ...]:
    """Why a class may not be what is compared: of what a mere "grade" or "stage" is one, the words only suggest."""
    return ("it is not said what is graded",) if _NO_CLASS.match(concept) else ()
