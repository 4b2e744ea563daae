"""The store of registry records: import, versions, search. One SQLite file, no server."""

from __future__ import annotations

from trialrun.registry.store.store import RegistryStore, open_existing, open_registry

__all__ = ["RegistryStore", "open_existing", "open_registry"]
