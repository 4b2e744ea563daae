"""Documents on paper: headings, facts, tables and paragraphs set as PDF by one template."""
