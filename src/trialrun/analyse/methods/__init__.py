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
from trialrun.analyse.methods.group_sequential import (
    GroupSequential,
    crossing_probabilities,
    group_sequential,
)
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
from trialrun.analyse.methods.logrank import LogRank, logrank
from trialrun.analyse.methods.mmrm import MmrmFit, mmrm
from trialrun.analyse.methods.multiplicity import adjust, holm
from trialrun.analyse.methods.paired_t import (
    PairedT,
    paired_t,
    power_of_paired_t,
    sample_size_of_paired_t,
    smallest_detectable,
    spontaneous_significance,
)
from trialrun.analyse.methods.poisson import PoissonRate, poisson_rate
from trialrun.analyse.methods.rank_sum import RankSum, rank_sum
from trialrun.analyse.methods.rubin import Pooled, rubin
from trialrun.analyse.methods.shift import ShiftTable, StuartMaxwell, shift_table, stuart_maxwell
from trialrun.analyse.methods.signed_rank import (
    SignedRank,
    exact_differences,
    signed_rank,
    signed_rank_critical,
    signed_rank_probability,
)
from trialrun.analyse.methods.single_arm import (
    DesignCharacteristics,
    Look,
    TwoStage,
    design_characteristics,
    predictive_probability,
    simon_two_stage,
    two_stage_looks,
)
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
    "DesignCharacteristics",
    "Estimate",
    "FisherTest",
    "GroupSequential",
    "HazardRatio",
    "HodgesLehmann",
    "Imputed",
    "IncidenceStep",
    "KaplanMeier",
    "LogRank",
    "Look",
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
    "TwoStage",
    "aalen_johansen",
    "adjust",
    "ancova",
    "clopper_pearson",
    "cox",
    "crossing_probabilities",
    "describe",
    "design_characteristics",
    "exact_binomial",
    "exact_differences",
    "fisher_exact",
    "group_sequential",
    "hodges_lehmann",
    "holm",
    "kaplan_meier",
    "logrank",
    "mean_change",
    "mmrm",
    "multiple_imputation",
    "newcombe",
    "operating_characteristics",
    "paired_t",
    "poisson_rate",
    "pooled",
    "power_of_paired_t",
    "predictive_probability",
    "probability_above",
    "quantile",
    "rank_sum",
    "rubin",
    "sample_size_of_paired_t",
    "shift_table",
    "shifted",
    "sign_test",
    "sign_test_of_counts",
    "signed_rank",
    "signed_rank_critical",
    "signed_rank_probability",
    "simon_two_stage",
    "smallest_detectable",
    "spontaneous_significance",
    "stopping_boundary",
    "stuart_maxwell",
    "tipping_point",
    "two_stage_looks",
    "wilson",
]
