"""Editing a study's text: one entry at a time, every other line as it was."""
