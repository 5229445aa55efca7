"""Statements that every answer needs: made into SQL once for each kind of database, then handed to its driver.

Of a row's insertion SQLAlchemy takes several times what SQLite does; where it is done with every answer, that is
most of a commit. It still writes the SQL, opens the connections and holds the transactions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

__all__ = ["Insertion", "Question", "execute"]


class Insertion:
    """Inserts rows into a table, a value for each of its columns."""

    def __init__(self, table: Table) -> None:
        self._statement, self._sql = insert(table), dict[str, str]()
        self._names = tuple(column.name for column in table.columns)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts rows, whose values are of types that the driver takes as they are.

        Raises:
            DBAPIError: as of any of SQLAlchemy's statements; the rows are not in its words.
        """
        dialect = connection.dialect
        sql = self._sql.get(dialect.name) or self._sql.setdefault(
            dialect.name, str(self._statement.compile(dialect=dialect))
        )
        by_place = dialect.positional
        given = [tuple(row[name] for name in self._names) for row in rows] if by_place else rows
        with _cursor(connection, sql) as cursor:
            if len(given) == 1:
                cursor.execute(sql, given[0])
            else:
                cursor.executemany(sql, given)


class Question:
    """Asks for one row; it has no parameters."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement, self._sql = statement, dict[str, str]()

    def first(self, connection: Connection) -> Sequence[Any] | None:
        """The first row, or None.

        Raises:
            DBAPIError: as of any of SQLAlchemy's statements.
        """
        name = connection.dialect.name
        sql = self._sql.get(name) or self._sql.setdefault(name, _literal(self._statement, connection.dialect))
        with _cursor(connection, sql) as cursor:
            cursor.execute(sql)
            found: Sequence[Any] | None = cursor.fetchone()
            return found


def execute(connection: Connection, sql: str) -> None:
    """A statement of one's own words, without parameters; begins no transaction.

    Raises:
        DBAPIError: as of any of SQLAlchemy's statements.
    """
    with _told(connection, sql):
        cursor = connection.connection.cursor()
        cursor.execute(sql)
        cursor.close()


def _literal(statement: Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[DBAPICursor]:
    """The driver's cursor, in the transaction that the connection is in, or that is begun, as SQLAlchemy would."""
    if not connection.in_transaction():
        connection.begin()
    with _told(connection, sql):
        cursor = connection.connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@contextmanager
def _told(connection: Connection, sql: str) -> Iterator[None]:
    """The driver's errors as SQLAlchemy's, which are caught where people are told of them."""
    error_type = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except error_type as error:
        raise DBAPIError.instance(sql, None, error, error_type, dialect=connection.dialect) from error
