"""Statistical methods, usable on their own: plain numbers in, a named estimate out."""

from trialrun.analyse.methods.ancova import Ancova, Estimate, ancova
from trialrun.analyse.methods.binomial import (
    BinomialInterval,
    FisherTest,
    ProportionDifference,
    clopper_pearson,
    exact_binomial,
    fisher_exact,
    newcombe,
    sign_test,
    sign_test_of_counts,
    wilson,
)
from trialrun.analyse.methods.cox import CoxFit, HazardRatio, cox
from trialrun.analyse.methods.describe import Description, describe, quantile
from trialrun.analyse.methods.hodges_lehmann import HodgesLehmann, hodges_lehmann
from trialrun.analyse.methods.imputation import (
    Imputed,
    TippingPoint,
    mean_change,
    multiple_imputation,
    pooled,
    shifted,
    tipping_point,
)
from trialrun.analyse.methods.mmrm import MmrmFit, mmrm
from trialrun.analyse.methods.multiplicity import adjust, holm
from trialrun.analyse.methods.paired_t import PairedT, paired_t, smallest_detectable, spontaneous_significance
from trialrun.analyse.methods.poisson import PoissonRate, poisson_rate
from trialrun.analyse.methods.rank_sum import RankSum, rank_sum
from trialrun.analyse.methods.rubin import Pooled, rubin
from trialrun.analyse.methods.shift import ShiftTable, StuartMaxwell, shift_table, stuart_maxwell
from trialrun.analyse.methods.signed_rank import SignedRank, exact_differences, signed_rank
from trialrun.analyse.methods.stopping import (
    OperatingCharacteristics,
    StoppingRule,
    operating_characteristics,
    probability_above,
    stopping_boundary,
)
from trialrun.analyse.methods.survival import (
    AalenJohansen,
    IncidenceStep,
    KaplanMeier,
    SurvivalStep,
    aalen_johansen,
    kaplan_meier,
)

__all__ = [
    "AalenJohansen",
    "Ancova",
    "BinomialInterval",
    "CoxFit",
    "Description",
    "Estimate",
    "FisherTest",
    "HazardRatio",
    "HodgesLehmann",
    "Imputed",
    "IncidenceStep",
    "KaplanMeier",
    "MmrmFit",
    "OperatingCharacteristics",
    "PairedT",
    "PoissonRate",
    "Pooled",
    "ProportionDifference",
    "RankSum",
    "ShiftTable",
    "SignedRank",
    "StoppingRule",
    "StuartMaxwell",
    "SurvivalStep",
    "TippingPoint",
    "aalen_johansen",
    "adjust",
    "ancova",
    "clopper_pearson",
    "cox",
    "describe",
    "exact_binomial",
    "exact_differences",
    "fisher_exact",
    "hodges_lehmann",
    "holm",
    "kaplan_meier",
    "mean_change",
    "mmrm",
    "multiple_imputation",
    "newcombe",
    "operating_characteristics",
    "paired_t",
    "poisson_rate",
    "pooled",
    "probability_above",
    "quantile",
    "rank_sum",
    "rubin",
    "shift_table",
    "shifted",
    "sign_test",
    "sign_test_of_counts",
    "signed_rank",
    "smallest_detectable",
    "spontaneous_significance",
    "stopping_boundary",
    "stuart_maxwell",
    "tipping_point",
    "wilson",
]
