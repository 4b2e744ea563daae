"""Measurements against peers and limits: ratios from one run, never a timed test."""
