"""The connections of one server: how many there may be, in all and of one address, and which one makes room."""

from asyncio import Transport
from typing import Protocol

__all__ = ["Connection", "ConnectionTable"]

CONNECTIONS_OF_ONE = 128
_LOOPBACK = ("127.0.0.1", "::1")


class Connection(Protocol):
    """What the table asks of a connection.

    Attributes:
        most_connections: how many its server may have.
        waits_since: instant of the loop's clock since when it waits for whoever is at its other end: for a request, for
            the rest of one, or for an answer to be read; None: something is being answered on it.
        transport: by which it is closed.
    """

    most_connections: int
    transport: Transport

    @property
    def waits_since(self) -> float | None: ...


class ConnectionTable:
    """The connections of one server, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[Connection, str] = {}

    def add(self, connection: Connection, address: str) -> bool:
        """Whether there is room; where there are too many, that which waits for its other end longest is closed for it.

        So whoever opens hundreds and sends no whole request, or reads no answer, keeps nobody out: what is being
        answered is bounded by `serving.limits.admission`, and ends by itself.
        """
        self._open[connection] = address
        own = [c for c, a in self._open.items() if a == address] if address not in _LOOPBACK else []
        if len(own) > CONNECTIONS_OF_ONE:
            return self._close_one(own[:-1])
        if len(self._open) > connection.most_connections:
            return self._close_one([c for c in self._open if c is not connection])
        return True

    def remove(self, connection: Connection) -> None:
        """It is closed."""
        self._open.pop(connection, None)

    def _close_one(self, candidates: list[Connection]) -> bool:
        waiting = [(since, c) for c in candidates if (since := c.waits_since) is not None]
        if not waiting:
            return False
        _, longest = min(waiting, key=lambda found: found[0])  # of several the one that was opened first
        self.remove(longest)
        longest.transport.abort()
        return True
