from __future__ import annotations

import itertools
import os

import pytest

from trialrun.accounts.passwords import Costs
from trialrun.accounts.store import open_accounts
from trialrun.ledger.store.backends import backend_for

_COUNT = itertools.count(1)
CHEAP = Costs(memory=8, passes=1)


def new_postgres(server):
    import psycopg

    name = f"accounts_{os.getpid()}_{next(_COUNT)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.rpartition("/")[0] + "/" + name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request, tmp_path):
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts_{next(_COUNT)}.db"
    return new_postgres(request.getfixturevalue("postgres_url"))


@pytest.fixture
def open_again(database):
    """Opens the accounts of one database, as another process would."""
    opened = []

    def again():
        backend = backend_for(database)
        accounts = open_accounts(backend, costs=CHEAP)
        opened.append((accounts, backend))
        return accounts

    yield again
    for accounts, backend in opened:
        accounts.close()
        backend.engine.dispose()


@pytest.fixture
def accounts(open_again):
    return open_again()
