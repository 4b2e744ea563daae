"""The estimators of the plan, one module per kind; each answers a question with one result or one per comparison."""

from trialrun.analyse.estimators.dispatch import estimate

__all__ = ["estimate"]
