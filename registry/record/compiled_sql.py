"""Statements that every answer needs: made into SQL once for each kind of database, then handed to its driver.

Of a row's insertion SQLAlchemy takes several times what SQLite does; where it is done with every answer, that is
most of a commit. It still writes the SQL, opens the connections and holds the transactions.
"""

from collections.abc import Callable, Mapping, Sequence
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
        if len(given) == 1:
            _run(connection, sql, lambda cursor: cursor.execute(sql, given[0]))
        else:
            _run(connection, sql, lambda cursor: cursor.executemany(sql, given))


class Question:
    """Asks for one row.

    Args:
        parameter: the name of its one parameter (`bindparam`); "" where it has none.
    """

    def __init__(self, statement: Select[Any], parameter: str = "") -> None:
        self._statement, self._parameter, self._sql = statement, parameter, dict[str, str]()

    def first(self, connection: Connection, value: int | str | None = None) -> Sequence[Any] | None:
        """The first row, or None.

        Args:
            value: of its parameter, of a type that the driver takes as it is.

        Raises:
            DBAPIError: as of any of SQLAlchemy's statements.
        """
        dialect = connection.dialect
        sql = self._sql.get(dialect.name) or self._sql.setdefault(dialect.name, self._compiled(dialect))

        def ask(cursor: DBAPICursor) -> Any:
            if not self._parameter:
                cursor.execute(sql)
            else:
                cursor.execute(sql, (value,) if dialect.positional else {self._parameter: value})
            return cursor.fetchone()

        found: Sequence[Any] | None = _run(connection, sql, ask)
        return found

    def _compiled(self, dialect: Dialect) -> str:
        """Literals stand in the SQL of a statement without a parameter: its driver is handed nothing else."""
        literal = not self._parameter
        return str(self._statement.compile(dialect=dialect, compile_kwargs={"literal_binds": literal}))


def execute(connection: Connection, sql: str) -> None:
    """A statement of one's own words, without parameters; begins no transaction.

    Raises:
        DBAPIError: as of any of SQLAlchemy's statements.
    """
    _run(connection, sql, lambda cursor: cursor.execute(sql), begin=False)


def _run(connection: Connection, sql: str, work: Callable[[DBAPICursor], Any], *, begin: bool = True) -> Any:
    """What `work` does with a cursor of the driver, whose errors are made SQLAlchemy's: those are shown to people.

    Args:
        begin: a transaction where there is none, as SQLAlchemy would.
    """
    if begin and not connection.in_transaction():
        connection.begin()
    error_type = connection.dialect.loaded_dbapi.Error
    try:
        cursor = connection.connection.cursor()
        try:
            return work(cursor)
        finally:
            cursor.close()
    except error_type as error:
        raise DBAPIError.instance(sql, None, error, error_type, dialect=connection.dialect) from error
