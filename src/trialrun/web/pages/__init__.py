"""Pages by task; each module lists its handlers in `ROUTES`."""
