"""Statistics: from derived rows to results that carry their provenance."""
