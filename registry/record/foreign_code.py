"""Code in the database that Vigie did not put there: it could take away what was written, and leave the journal whole.

A trigger that deletes an entry with the row it covers, as both are written, leaves a chain that goes on from the entry
before: what was acknowledged is gone, and no digest is wrong. Vigie's tables have no code at all.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import metadata

__all__ = ["foreign_code"]

_SQLITE = text("SELECT type, name, tbl_name, sql FROM sqlite_master")
_POSTGRESQL = (
    text(
        "SELECT 'trigger', t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
    ),
    text("SELECT 'rule', rulename, tablename FROM pg_rules WHERE schemaname = current_schema()"),
    text(
        "SELECT 'view', c.relname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind NOT IN ('r', 'i', 'S', 't') AND n.nspname = current_schema()"
    ),
)


def foreign_code(connection: Connection) -> list[JournalFault]:
    """Triggers, rules and views of Vigie's tables, and tables that pass over what they should refuse."""
    of = _of_sqlite if connection.dialect.name == "sqlite" else _of_postgresql
    return [JournalFault(0, _words(*one)) for one in sorted(of(connection))]


def _words(kind: str, name: str, table: str) -> str:
    made = f"the table {table!r} has a {kind} that Vigie did not make ({name!r})"
    return f"{made}: what is written there may be lost or changed"


def _of_sqlite(connection: Connection) -> Iterator[tuple[str, str, str]]:
    for kind, name, table, sql in connection.execute(_SQLITE):
        if kind == "trigger" or (kind == "view" and name in metadata.tables):
            yield kind, name, table
        elif (
            kind == "table"
            and table in metadata.tables
            and "ON CONFLICT" in " ".join(str(sql).upper().split())
        ):
            yield "rule", "ON CONFLICT", table


def _of_postgresql(connection: Connection) -> Iterator[tuple[str, str, str]]:
    for question in _POSTGRESQL:
        yield from (
            (kind, name, table)
            for kind, name, table in connection.execute(question)
            if table in metadata.tables
        )
