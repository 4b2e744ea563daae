"""The store of registry records: import, versions, search. One SQLite file, no server."""
