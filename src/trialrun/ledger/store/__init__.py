"""The ledger's storage: SQLite in a file by default, PostgreSQL by URL."""

from __future__ import annotations

from trialrun.ledger.seals import Signer
from trialrun.ledger.store.backends import backend_for
from trialrun.ledger.store.reading import Head, Value
from trialrun.ledger.store.store import StaleStreamError, Store

__all__ = ["Head", "StaleStreamError", "Store", "Value", "open_store"]


def open_store(url: str, *, seal_every: int = 100, signer: Signer | None = None) -> Store:
    """Open the ledger at a URL, making it if it is not there.

    Args:
        url: `sqlite:///path/to/file.db` or `postgresql://user@host/database`.
        seal_every: how many events may follow the last seal before the next one is appended.
        signer: signs the seals, if given.

    Errors: `LedgerError` for another URL, a folder that does not exist, or a log of another format.
    """
    return Store(backend_for(url), seal_every=seal_every, signer=signer)
