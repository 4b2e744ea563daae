"""Values: numbers with units, partial dates, typed absence, findings."""
