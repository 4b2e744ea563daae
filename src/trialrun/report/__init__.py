"""The report: one self-contained page, in registered order, every number traced to the log."""
