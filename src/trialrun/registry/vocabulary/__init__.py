"""What a draft recognises by name: measurements, scores and events with unit, limits and codes."""

from trialrun.registry.vocabulary.recognised import (
    MEASUREMENTS,
    SCORE_ITEM_FORMS,
    SCORE_ITEMS,
    Measurement,
    RecognisedScore,
    measurement,
    measurement_in,
    score_in,
)

__all__ = [
    "MEASUREMENTS",
    "SCORE_ITEMS",
    "SCORE_ITEM_FORMS",
    "Measurement",
    "RecognisedScore",
    "measurement",
    "measurement_in",
    "score_in",
]
