"""The registry record: read, understand, check, write, and draft a study from it."""
