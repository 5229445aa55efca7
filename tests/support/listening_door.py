"""A server of this process that listens, and connections to it that say whatever a test wants."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import uvicorn
import uvicorn.config

from serving.limits.connection_limits import LimitedProtocol, install
from tests.support.running_service import free_port
from tests.support.waiting import wait_for

__all__ = ["Door", "code", "listening", "read"]


@dataclass
class Door:
    """A server with the limits, and what its application saw."""

    port: int
    seen: list[str]

    def open(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, content: bytes) -> bytes:
        """All that comes back to these bytes until the connection is closed."""
        with self.open() as connection:
            with suppress(ConnectionError):
                connection.sendall(content)
            return read(connection)


def read(connection: socket.socket) -> bytes:
    """All that comes until it is closed, or nothing comes any more."""
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def code(answer: bytes) -> tuple[int, str]:
    """Status and code of a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer[:300]
    assert b"x-request-id: " in head
    assert b"connection: close" in head
    return int(head.split(b" ")[1]), str(json.loads(body)["code"])


@contextmanager
def listening(
    application: Any, seen: list[str], protocol: type[LimitedProtocol] | Literal["auto"] = "auto"
) -> Iterator[Door]:
    """The limits in front of any application, which adds the paths that it saw to `seen`.

    Args:
        protocol: with these limits; if left out, with those that every server of this process has.
    """
    install()
    port = free_port()
    config = uvicorn.Config(
        application, port=port, log_level="critical", lifespan="off", loop="asyncio", http=protocol
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    wait_for(lambda: server.started, "server")
    try:
        yield Door(port, seen)
    finally:
        server.should_exit = True
        thread.join(10)
