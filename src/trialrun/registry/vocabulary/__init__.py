"""What a draft recognises by name: measurements, scores, classes, events and conditions with units and codes."""

from trialrun.registry.vocabulary.load import USER_FILE, read_terms, shipped, vocabulary_with
from trialrun.registry.vocabulary.model import Better, Mention, Term, TermKind, Vocabulary
from trialrun.registry.vocabulary.recognised import (
    SCORE_ITEM_FORMS,
    SCORE_ITEMS,
    Measurement,
    RecognisedScore,
    measurement,
    measurement_in,
    score_in,
)

__all__ = [
    "SCORE_ITEMS",
    "SCORE_ITEM_FORMS",
    "USER_FILE",
    "Better",
    "Measurement",
    "Mention",
    "RecognisedScore",
    "Term",
    "TermKind",
    "Vocabulary",
    "measurement",
    "measurement_in",
    "read_terms",
    "score_in",
    "shipped",
    "vocabulary_with",
]
