"""The service's log: one JSON line a request, by route template; never a path, query, token or value."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from hospital.words.plain_text import one_line

__all__ = [
    "configure",
    "log_overload",
    "log_request",
    "log_storage_fault",
    "log_unexpected",
    "warn",
    "write_one_form",
]

_REQUESTS = logging.getLogger("vigie.requests")
_ERRORS = logging.getLogger("vigie.errors")


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "at": when,
            "level": record.levelname.lower(),
            "log": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        return one_line(json.dumps(line, ensure_ascii=False))


def configure() -> None:
    """Sends the service's log to standard output, and makes every other logger's lines of the same form.

    BentoML's, uvicorn's and Python's own warnings, too: what reads the log reads one format. Nobody's traceback is
    written: it holds what was being worked on.
    """
    logging.captureWarnings(True)
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    write_one_form()
    logger = logging.getLogger("vigie")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_Line())
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def write_one_form() -> None:
    """Has every handler that is there write lines of the service's form."""
    others = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    for handler in [handler for other in (logging.getLogger(), *others) for handler in other.handlers]:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(_Line())


def warn(words: str) -> None:
    """Says something before the service's log is there: in words on a terminal, elsewhere as a line of that log."""
    if sys.stderr.isatty():
        print(words, file=sys.stderr)
        return
    record = logging.LogRecord("vigie.serve", logging.WARNING, "", 0, "%s", (words,), None)
    print(_Line().format(record), file=sys.stderr)


def log_request(
    request_id: str, route: str, method: str, status: int, milliseconds: float, caller: str
) -> None:
    """Logs that a request was answered."""
    fields = {
        "request_id": request_id,
        "route": route,
        "method": method,
        "status": status,
        "ms": round(milliseconds, 1),
        "caller": caller,
    }
    _REQUESTS.info("answered", extra={"fields": fields})


def log_overload(count: int) -> None:
    """Logs that so many requests were turned away for want of room since this was logged last: no line a request."""
    _ERRORS.warning("overloaded", extra={"fields": {"refused": count}})


def log_unexpected(request_id: str, error: BaseException) -> None:
    """Logs an error that is a bug: its type and where it came from; its words may hold a patient's values."""
    frames = [
        f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]
    _ERRORS.error(
        "unexpected %s", type(error).__name__, extra={"fields": {"request_id": request_id, "frames": frames}}
    )


def log_storage_fault(request_id: str, error: BaseException, code: str) -> None:
    """Logs that the database or a disk failed a request: the driver's error by its type, never its words."""
    kind = type(getattr(error, "orig", None) or error).__name__
    _ERRORS.error("%s: %s", code, kind, extra={"fields": {"request_id": request_id}})
