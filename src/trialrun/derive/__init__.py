"""From a snapshot to analysis rows: scores, baseline, change, windows, populations, deviations."""
