"""What the lines of an eligibility text say: comparisons, times, judgement; read, never guessed."""
