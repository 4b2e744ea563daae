"""Figures of the report: one style, colour-blind safe, the same bytes for the same values.

Each function returns a `Figure` block whose text alternative carries the numbers.
"""
