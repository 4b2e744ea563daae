"""Statistical methods, usable on their own: plain numbers in, a named estimate out."""

from trialrun.analyse.methods.binomial import BinomialInterval, clopper_pearson, sign_test
from trialrun.analyse.methods.describe import Description, describe, quantile
from trialrun.analyse.methods.hodges_lehmann import HodgesLehmann, hodges_lehmann
from trialrun.analyse.methods.multiplicity import holm
from trialrun.analyse.methods.paired_t import PairedT, paired_t, smallest_detectable, spontaneous_significance
from trialrun.analyse.methods.signed_rank import SignedRank, exact_differences, signed_rank
from trialrun.analyse.methods.stopping import (
    OperatingCharacteristics,
    StoppingRule,
    operating_characteristics,
    probability_above,
    stopping_boundary,
)

__all__ = [
    "BinomialInterval",
    "Description",
    "HodgesLehmann",
    "OperatingCharacteristics",
    "PairedT",
    "SignedRank",
    "StoppingRule",
    "clopper_pearson",
    "describe",
    "exact_differences",
    "hodges_lehmann",
    "holm",
    "operating_characteristics",
    "paired_t",
    "probability_above",
    "quantile",
    "sign_test",
    "signed_rank",
    "smallest_detectable",
    "spontaneous_significance",
    "stopping_boundary",
]
