"""Back ends of the rule language: one row, tables, other engines, English words."""
