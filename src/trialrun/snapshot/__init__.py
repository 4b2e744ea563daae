"""Data cuts: the log up to a position, or another system's data, as Parquet tables with a manifest."""
