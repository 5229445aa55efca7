"""Headers that say one thing, and what a body may be: what two readers of a request could read otherwise is refused."""

import re

from starlette.datastructures import Headers

from serving.errors import Problem

__all__ = ["OPTIONAL_BLANKS", "require_host", "require_single", "require_type"]

_SINGLE = (
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"cookie",
    b"host",
    b"idempotency-key",
    b"origin",
    b"sec-fetch-site",
    b"transfer-encoding",
)
"""Headers that say one thing: of two, who stands before us may have read the other one."""
_HOST = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Za-z:.%_-]+\])(:[0-9]{0,5})?")
"""A name or an address of either kind, and a port (RFC 9110, 7.2); empty where the address asked for has none."""
OPTIONAL_BLANKS = " \t"
"""What may stand around a header's value (RFC 9110, 5.6.3): no other sign that Python takes for white space."""


def require_single(headers: Headers) -> None:
    """Refuses a request of which a header that says one thing came twice, or whose body is packed on its way.

    Raises:
        Problem: 400; 415, the body is to be unpacked, which who stands before us may do and the parser does not.
    """
    names = [name for name, _ in headers.raw]  # in lower case, as ASGI has them
    if len(set(names)) < len(names) and any(names.count(name) > 1 for name in _SINGLE):
        raise Problem(400, "repeated_header", "problems.repeated_header")
    if headers.get("transfer-encoding", "chunked").strip(OPTIONAL_BLANKS).lower() != "chunked":
        raise Problem(415, "unsupported_content_encoding", "problems.unsupported_content_encoding")


def require_host(headers: Headers, version: str) -> None:
    """Refuses a request of HTTP/1.1 that does not name its host, and any that names what is none (RFC 9112, 3.2).

    Args:
        headers: of the request.
        version: of HTTP, in which the request was written; 1.0 knows no such header.

    Raises:
        Problem: 400.
    """
    host = headers.get("host")
    if (host is None and version == "1.1") or _HOST.fullmatch(host or "") is None:
        raise Problem(400, "invalid_host", "problems.invalid_host")


def require_type(headers: Headers, wanted: str) -> None:
    """Refuses bodies of any other kind.

    Raises:
        Problem: 415.
    """
    name, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip(OPTIONAL_BLANKS).lower().replace('"', "")
    if name.strip(OPTIONAL_BLANKS).lower() != wanted or charset not in ("", "charset=utf-8"):
        raise Problem(415, "unsupported_content_type", "problems.unsupported_content_type", wanted=wanted)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported_content_encoding", "problems.unsupported_content_encoding")
