"""The registry desk: search, read, compare and draft trials. A second application, without accounts or participants."""
