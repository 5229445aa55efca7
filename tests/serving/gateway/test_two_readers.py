"""What two readers of one request could read otherwise is refused: headers sent twice, packed bodies, fields twice."""

import sys

import pytest

from assembly.routes import ENDPOINTS
from serving.application import build_app
from serving.errors import Problem
from serving.gateway.request_reading import form_of
from serving.gateway.service_parts import Parts
from serving.limits.rate_limits import RateLimits
from tests.support.listening_door import listening
from tests.support.serving_fakes import InProcess

JSON = ("content-type", "application/json")


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "idempotency-key",
        "origin",
        "sec-fetch-site",
    ],
)
def test_a_header_that_says_one_thing_comes_once(
    parts_and_tokens: tuple[Parts, dict[str, str]], name: str
) -> None:
    """Who stands before us may go by the other one: a key that is not the sender's, a body that is packed."""
    parts, tokens = parts_and_tokens
    own = [("authorization", f"Bearer {tokens['admin']}"), JSON, ("host", "vigie.example")]
    own = [(n, v) for n, v in own if n != name]
    response = InProcess(parts).request(
        "POST", "/v1/observations", content=b"{}", headers=[*own, (name, "identity"), (name, "gzip")]
    )
    assert (response.status_code, response.json()["code"]) == (400, "repeated_header")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (None, 400),
        ("a b", 400),
        ("user@vigie.example", 400),
        ("vigie.example/x", 400),
        ("<script>", 400),
        ("[::1", 400),
        ("vigie.example:http", 400),
        ("", 200),
        ("vigie.example", 200),
        ("127.0.0.1:3000", 200),
        ("[::1]:3000", 200),
    ],
)
def test_a_request_names_its_host(
    parts_and_tokens: tuple[Parts, dict[str, str]], host: str | None, status: int
) -> None:
    """HTTP/1.1 asks for one (RFC 9112, 3.2); who stands before us may send what lacks it elsewhere."""
    line = b"" if host is None else f"Host: {host}\r\n".encode()
    with listening(build_app(parts_and_tokens[0], ENDPOINTS), []) as door:
        answer = door.ask(b"GET /livez HTTP/1.1\r\n" + line + b"Connection: close\r\n\r\n")
        assert int(answer.split(b" ")[1]) == status
        assert (b"invalid_host" in answer) is (status == 400)
        if host is None:
            assert door.ask(b"GET /livez HTTP/1.0\r\n\r\n").split(b" ")[1] == b"200"


@pytest.mark.parametrize(
    "path", ["/v1%2fmodels", "/v1%2Fmodels", "/v1%5cmodels", "/v1/%2e%2e%2flivez", "%2fmetrics"]
)
def test_a_slash_written_as_a_code_is_no_address(
    parts_and_tokens: tuple[Parts, dict[str, str]], path: str
) -> None:
    """A proxy that keeps ``/v1/models`` from the outside takes it for one name, and lets it pass."""
    parts, tokens = parts_and_tokens
    headers = {"authorization": f"Bearer {tokens['admin']}"}
    response = InProcess(parts).get(path, headers=headers)
    assert (response.status_code, response.json()["code"]) == (404, "unknown_route")
    assert InProcess(parts).get("/v1/%6dodels", headers=headers).status_code == 200


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "chunked, identity", "identity"])
def test_a_body_that_is_packed_on_its_way_is_refused(
    parts_and_tokens: tuple[Parts, dict[str, str]], coding: str
) -> None:
    """The parser takes it as it comes, and a proxy would have unpacked it: two bodies."""
    parts, tokens = parts_and_tokens
    headers = [("authorization", f"Bearer {tokens['admin']}"), JSON, ("transfer-encoding", coding)]
    response = InProcess(parts).request("POST", "/v1/observations", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_content_encoding")


@pytest.mark.parametrize(
    "content",
    [b"token=a&token=b", b"token=a&token=a", b"a=&b=1&a=", b"%61=1&a=2", b"reason=%ff", b"reason=%c3%28"],
)
def test_a_form_has_each_field_once_and_is_utf_8(content: bytes) -> None:
    """Of a decision sent twice in one form the last was written; of a text that is none, what it was replaced by."""
    with pytest.raises(Problem) as refused:
        form_of(content)
    assert (refused.value.status, refused.value.code) == (400, "malformed_form")


def test_a_form_of_a_browser_is_read() -> None:
    """As one sends it."""
    assert form_of(b"reason=Lits+ferm%C3%A9s&note=&n=%3D") == {
        "reason": "Lits fermés",
        "note": "",
        "n": "=",
    }


def test_thousands_of_large_cookies_are_counted_in_little_memory() -> None:
    """A stranger's 4,000 cookies of 28 KB each were kept: 113 MB, for as long as the service ran."""
    limits = RateLimits(by_address=1e9)
    for i in range(1_000):
        limits.require_token(f"{i}." + "a" * 28_000)
    kept = sum(sys.getsizeof(key) for key in limits._tokens._levels)
    assert kept < 200_000
