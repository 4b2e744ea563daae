"""The mixed model for repeated measures (MMRM)."""

from trialrun.analyse.methods.mmrm.fit import Convergence, MmrmFit, VisitCovariance
from trialrun.analyse.methods.mmrm.inference import DF_METHODS, Estimate, FTest
from trialrun.analyse.methods.mmrm.model import mmrm
from trialrun.analyse.methods.mmrm.structures import KINDS

__all__ = [
    "DF_METHODS",
    "KINDS",
    "Convergence",
    "Estimate",
    "FTest",
    "MmrmFit",
    "VisitCovariance",
    "mmrm",
]
