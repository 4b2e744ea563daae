from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_COUNT = itertools.count(1)


def _new_database(server):
    """A database of its own on the session's server."""
    import os

    import psycopg

    name = f"ledger_{os.getpid()}_{next(_COUNT)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.rpartition("/")[0] + "/" + name


@pytest.fixture
def new_postgres(request):
    """Makes empty PostgreSQL databases."""
    server = request.getfixturevalue("postgres_url")
    return lambda: _new_database(server)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_url(request, tmp_path):
    """Makes URLs of empty databases, of each kind the ledger runs on."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/log_{next(_COUNT)}.db"
    return request.getfixturevalue("new_postgres")
