"""What stands outside the log: password hashes, sessions, unsaved drafts. Nothing here is trial data."""
