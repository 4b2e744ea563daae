"""The tables of accounts: what must be changeable and forgettable, and so stands outside the log.

They live in the ledger's database under names of their own. The log says who has an account, which roles and when
somebody signed in; these tables hold what proves it (password hashes, second factors), what is open now (sessions)
and what is not yet said (drafts of forms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

LOCK_FOR_CREATING = 7421002


def tables() -> MetaData:
    """The table definitions. Times are ISO 8601 in UTC with microseconds, so that text order is time order."""
    from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

    def text(name: str) -> Column[str]:
        return Column(name, Text, nullable=False, server_default="")

    def number(name: str) -> Column[int]:
        return Column(name, Integer, nullable=False, server_default="0")

    def key(name: str) -> Column[str]:
        return Column(name, Text, primary_key=True)

    metadata = MetaData()
    Table("credentials", metadata, key("account"), text("hash"), text("changed_at"))
    Table("second_factors", metadata, key("account"), text("totp"), number("confirmed"), number("last_step"))
    Table("recovery_codes", metadata, key("account"), key("digest"))
    Table("links", metadata, key("digest"), text("account"), text("made_at"), text("expires_at"))
    Table(
        "sessions",
        metadata,
        key("digest"),
        *(text(name) for name in ("account", "role", "site", "step", "opened_at", "last_seen")),
        *(text(name) for name in ("confirmed_at", "device", "address")),
    )
    Table(
        "attempts", metadata, key("whom"), number("failures"), number("locks"), text("since"), text("locked_until")
    )  # fmt: skip
    Table(
        "sign_ins", metadata, key("account"), number("failures"), number("failures_before"),
        *(text(name) for name in ("last_at", "before_at")),
    )  # fmt: skip
    Table("drafts", metadata, key("account"), key("place"), text("data"), number("version"), text("saved_at"))
    Table("feeds", metadata, key("digest"), *(text(name) for name in ("account", "role", "site", "made_at")))
    Table("secrets", metadata, key("name"), Column("value", LargeBinary, nullable=False))
    return metadata


def create_tables(engine: Engine) -> None:
    """Make the tables that are not there yet."""
    from sqlalchemy import text
    from sqlalchemy.schema import CreateTable

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two processes opening an empty database at once would both create the tables.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_FOR_CREATING})"))
        for table in tables().sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
