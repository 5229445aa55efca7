"""Faults of what the service writes to: the database is gone, or a disk is full. They are said, and are no bug."""

import errno
import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from serving.errors import Problem

__all__ = ["is_full", "storage_problem"]

_RETRY_SECONDS = "5"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DISK = _FULL | {errno.EROFS, errno.EIO}
_BUGS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_PG_FULL = "53100"


def storage_problem(error: BaseException) -> Problem | None:
    """What a request is answered with instead, 503; None: the error is none of the storage's."""
    if is_full(error):
        return _problem("storage_full")
    gone = isinstance(error, PoolTimeoutError) or (
        isinstance(error, DBAPIError) and (error.connection_invalidated or not isinstance(error, _BUGS))
    )
    if gone or (isinstance(error, OSError) and error.errno in _DISK):
        return _problem("database_unavailable")
    return None


def is_full(error: BaseException) -> bool:
    """Whether it is for want of space."""
    if isinstance(error, DBAPIError):
        original = error.orig
        name = getattr(original, "sqlite_errorcode", 0) & 0xFF if isinstance(original, sqlite3.Error) else 0
        return name == sqlite3.SQLITE_FULL or getattr(original, "sqlstate", None) == _PG_FULL
    return isinstance(error, OSError) and error.errno in _FULL


def _problem(code: str) -> Problem:
    return Problem(503, code, f"problems.{code}", headers={"retry-after": _RETRY_SECONDS})
