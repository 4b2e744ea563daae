"""trialrun runs a clinical trial from its registry record."""

__version__ = "0.1.0"
