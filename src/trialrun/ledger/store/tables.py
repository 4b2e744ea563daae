"""The tables of a ledger database, the same on SQLite and PostgreSQL.

`events` is only ever added to: triggers refuse UPDATE and DELETE. `head` is one row with the last
position and running hash. `current_values` is a projection that can be rebuilt from `events` at any
time. `identity_keys` stands outside the log on purpose: a key can be destroyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

FORMAT = 1

VALUE_COLUMNS = ("participant", "visit", "form", "row", "item", "text", "unit", "missing", "sealed", "position", "corrections")  # fmt: skip

_SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_refuse_{verb.lower()} BEFORE {verb} ON events "
    f"BEGIN SELECT RAISE(ABORT, 'the log is append-only: {verb} on events is refused'); END"
    for verb in ("UPDATE", "DELETE")
)
_POSTGRES_TRIGGERS = (
    """CREATE OR REPLACE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'the log is append-only: ' || TG_OP || ' on events is refused'; END $$""",
    """CREATE OR REPLACE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_refuse()""",
    """CREATE OR REPLACE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()""",
)


def tables() -> MetaData:
    """The table definitions."""
    from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

    metadata = MetaData()
    Table(
        "events",
        metadata,
        Column(
            "position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
        ),
        Column("stream", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("at", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("hash", Text, nullable=False),
        Column("link", Text, nullable=False),
        Column("body", Text, nullable=False),
        UniqueConstraint("stream", "version", name="events_stream_version"),
    )
    Table(
        "head",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("format", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("link", Text, nullable=False),
    )
    Table(
        "current_values",
        metadata,
        *(Column(name, Text, primary_key=True) for name in ("participant", "visit", "form")),
        Column("row", Integer, primary_key=True, autoincrement=False),
        Column("item", Text, primary_key=True),
        *(Column(name, Text) for name in ("text", "unit", "missing", "sealed")),
        Column("position", BigInteger, nullable=False),
        Column("corrections", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    Table(
        "identity_keys",
        metadata,
        Column("participant", Text, primary_key=True),
        Column("key", LargeBinary, nullable=False),
    )
    return metadata


def create_tables(engine: Engine, first_link: str) -> None:
    """Make the tables and triggers that are not there yet, and the head row of an empty log."""
    from sqlalchemy import text

    triggers = _SQLITE_TRIGGERS if engine.dialect.name == "sqlite" else _POSTGRES_TRIGGERS
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two processes opening an empty database at once would both create the tables.
            connection.execute(text("SELECT pg_advisory_xact_lock(7421001)"))
        tables().create_all(connection)
        for trigger in triggers:
            connection.exec_driver_sql(trigger)
        connection.execute(
            text(
                "INSERT INTO head (id, format, position, link) VALUES (1, :format, 0, :link) "
                "ON CONFLICT (id) DO NOTHING"
            ),
            {"format": FORMAT, "link": first_link},
        )
