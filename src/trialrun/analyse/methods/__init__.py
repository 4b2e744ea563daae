"""Statistical methods, usable on their own: plain numbers in, a named estimate out."""

from trialrun.analyse.methods.binomial import BinomialInterval, clopper_pearson, sign_test
from trialrun.analyse.methods.describe import Description, describe, quantile
from trialrun.analyse.methods.hodges_lehmann import HodgesLehmann, hodges_lehmann
from trialrun.analyse.methods.multiplicity import holm
from trialrun.analyse.methods.paired_t import PairedT, paired_t, smallest_detectable, spontaneous_significance
from trialrun.analyse.methods.signed_rank import SignedRank, exact_differences, signed_rank

__all__ = [
    "BinomialInterval",
    "Description",
    "HodgesLehmann",
    "PairedT",
    "SignedRank",
    "clopper_pearson",
    "describe",
    "exact_differences",
    "hodges_lehmann",
    "holm",
    "paired_t",
    "quantile",
    "sign_test",
    "signed_rank",
    "smallest_detectable",
    "spontaneous_significance",
]
