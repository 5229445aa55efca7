"""Requests that offer an upgrade, read as they stand: with their body.

An upgrade may be offered and need not be taken (RFC 9110, 7.8), and Java's own client offers HTTP/2 with each first
request over plain HTTP. Behind such a head httptools reads no body: what follows is the other protocol's, if it is
taken. Here it never is. So the parser is given the body's length once more, in a head of its own of which nothing is
handed on, and then the body.
"""

from typing import Protocol

from httptools import HttpParserUpgrade, HttpRequestParser

__all__ = ["ParsedRequest", "UpgradeOffers"]

_LENGTHS = (b"content-length", b"transfer-encoding")


class ParsedRequest(Protocol):
    """What a parser hands a request to, as uvicorn's protocol takes it.

    Attributes:
        headers: of the request that is being read, names in lower case.
    """

    headers: list[tuple[bytes, bytes]]

    def on_message_begin(self) -> None: ...

    def on_url(self, url: bytes) -> None: ...

    def on_header(self, name: bytes, value: bytes) -> None: ...

    def on_headers_complete(self) -> None: ...

    def on_body(self, body: bytes) -> None: ...

    def on_message_complete(self) -> None: ...


class UpgradeOffers:
    """Stands between a parser and what takes its requests.

    Attributes:
        parser: of one connection.
    """

    def __init__(self, to: ParsedRequest) -> None:
        self._to = to
        self._lengths, self._again = b"", False
        self.on_body = to.on_body
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def feed(self, data: bytes) -> bool:
        """Hands bytes to the parser.

        Returns:
            False: a request without a body offered an upgrade, and nothing behind it was read.

        Raises:
            HttpParserError: it is no HTTP.
        """
        while True:
            try:
                self.parser.feed_data(data)
                return True
            except HttpParserUpgrade as stopped:
                if not self._lengths:
                    return False
                head = b"POST / HTTP/1.1\r\n" + self._lengths + b"\r\n"
                data = data[stopped.args[0] :]
            self._lengths, self._again = b"", True
            self.parser.feed_data(head)
            self._again = False

    def on_message_begin(self) -> None:
        """A head begins."""
        if not self._again:
            self._to.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        if not self._again:
            self._to.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if not self._again:
            self._to.on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._again:
            return
        if self.parser.should_upgrade():
            sent = (n + b": " + v + b"\r\n" for n, v in self._to.headers if n in _LENGTHS)
            self._lengths = b"".join(sent)
        self._to.on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole, unless its body is to be read yet."""
        if not self._lengths:
            self._to.on_message_complete()
