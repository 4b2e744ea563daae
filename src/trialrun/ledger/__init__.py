"""The ledger: what happened, decided by rules, appended for good, verifiable by anyone."""
