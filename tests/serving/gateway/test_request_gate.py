"""The gate: what reaches a handler, and what is said of what does not."""

import asyncio
import gzip
import json
import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from assembly.routes import ENDPOINTS
from hospital.words.catalogue import text
from serving.errors import Problem
from serving.gateway.request_gate import Gate
from serving.gateway.request_reading import cookie_of
from serving.gateway.service_parts import Parts
from serving.http.strict_json import parse
from tests.support.serving_fakes import InProcess

SECRET = "Mme Lefebvre"


def post(
    found: tuple[Parts, dict[str, str]], content: bytes, path: str = "/v1/wait-time", **headers: str
) -> Any:
    """The response to a body as it is."""
    sent = {"authorization": f"Bearer {found[1]['admin']}", "content-type": "application/json"}
    return InProcess(found[0]).request(
        "POST", path, content=content, headers=sent | {k.replace("_", "-"): v for k, v in headers.items()}
    )


_HOSTILE = {
    "duplicate_key": b'{"visits": [], "visits": []}',
    "not_a_finite_number": b'{"visits": [{"age_years": NaN}]}',
    "malformed_json": b'{"visits": [',
    "not_utf8": b'{"visits": ["\xff"]}',
    "too_deep": b"[" * 100_000 + b"]" * 100_000,
    "too_many_names": b"{" + b",".join(b'"k%d":1' % n for n in range(201)) + b"}",
    "lone_surrogate": b'{"visits": ["\\ud800"]}',
}


@pytest.mark.parametrize("code", list(_HOSTILE))
def test_what_is_not_strict_json_is_refused(
    parts_and_tokens: tuple[Parts, dict[str, str]], code: str
) -> None:
    """400 with a code for each kind, as a problem detail."""
    response = post(parts_and_tokens, _HOSTILE[code])
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b'\xef\xbb\xbf{"visits": []}', 400, "BOM"),
        (b'{"visits": [],\n "stays": [],}', 400, "ligne 2"),
        (b'{"visits": []}\n{"visits": []}', 400, "ligne 2"),
        (b"{'visits': []}", 400, "guillemets doubles"),
        (gzip.compress(b'{"visits": []}', mtime=0), 415, "sans compression"),
    ],
)
def test_the_words_name_the_cause(
    parts_and_tokens: tuple[Parts, dict[str, str]], content: bytes, status: int, words: str
) -> None:
    """An editor's mark, a comma too many, an object a line, single quotes, a packed body without its header."""
    response = post(parts_and_tokens, content, accept_language="fr")
    assert response.status_code == status
    assert words in response.json()["detail"]


@pytest.mark.parametrize(
    "text",
    ["Infinity", "-Infinity", "1e999", '{"a": {"b": 1, "b": 2}}', "[1,]", "01", "'a'", "", "\ufeff{}", "nul"],
)
def test_more_that_is_no_json(text: str) -> None:
    """Each is refused, wherever it stands."""
    with pytest.raises(Problem):
        parse(text.encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_what_is_json_comes_through(value: Any) -> None:
    """Any JSON value is read as it was written."""
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("value", ["[]", "1", '"a"'])
def test_a_body_of_millions_of_values_is_not_read(value: str) -> None:
    """Eight megabytes of empty lists took two hundred of memory; the most rows that there may be come through."""
    with pytest.raises(Problem) as found:
        parse(("[" + ",".join([value] * 600_001) + "]").encode())
    assert found.value.code == "too_many_values"
    row = "{" + ",".join(f'"k{n}":1' for n in range(30)) + "}"
    assert len(parse(("[" + ",".join([row] * 10_000) + "]").encode())) == 10_000


def test_brackets_in_texts_are_not_depth() -> None:
    """Only brackets outside of strings count."""
    value = ['[[[["\\' * 20] * 3
    assert parse(json.dumps(value).encode()) == value
    with pytest.raises(Problem) as found:
        parse(("[" * 33 + "]" * 33).encode())
    assert found.value.code == "too_deep"


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "application/json; charset=latin-1",
        "application/jsonx",
        "application/vnd.bentoml+pickle",
        "application/json\xff",
    ],
)
def test_other_content_types_are_refused(parts_and_tokens: tuple[Parts, dict[str, str]], kind: str) -> None:
    """415 for all but JSON in UTF-8."""
    headers: Any = {
        "authorization": f"Bearer {parts_and_tokens[1]['admin']}",
        "content-type": kind.encode("latin-1"),
    }
    client = InProcess(parts_and_tokens[0])
    response = client.request("POST", "/v1/wait-time", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_content_type")


def test_a_compressed_body_is_refused(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Nothing is unpacked: a small body could be a large one."""
    response = post(parts_and_tokens, b"{}", content_encoding="gzip")
    assert response.json()["code"] == "unsupported_content_encoding"


def test_a_large_body_is_refused(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """By its announced length, and by what comes where none is announced."""
    assert post(parts_and_tokens, b"x" * 3_000_000).status_code == 413

    async def chunks() -> Any:
        for _ in range(30):
            yield b"[" * 100_000

    response = post(parts_and_tokens, chunks())
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_addresses_and_methods(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Unknown addresses, line breaks in them, other methods: each a problem; OPTIONS and HEAD are sane."""
    client = InProcess(parts_and_tokens[0])
    for path in ("/nothing", "/v1/predictions/%0a", "/v1/wait-time/"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "unknown_route"), path
    response = client.request("DELETE", "/v1/decisions")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    response = client.request("OPTIONS", "/v1/wait-time")
    assert (response.status_code, response.headers["allow"], response.content) == (204, "OPTIONS, POST", b"")
    head, whole = client.request("HEAD", "/livez"), client.get("/livez")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert client.get("/" + "a" * 600).status_code == 431
    response = client.request("HEAD", "/enter/x")  # it would use the link up
    assert (response.status_code, response.headers["allow"]) == (405, "GET, OPTIONS")


def test_queries_are_strict(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Unknown, repeated or wrong parameters are refused with their names' places, all at once."""
    headers = {"authorization": f"Bearer {parts_and_tokens[1]['auditor']}"}
    client = InProcess(parts_and_tokens[0])
    response = client.get(f"/v1/journal?limit=0&limit=2&after=x&{SECRET}=1", headers=headers)
    assert {(e["path"], e["code"]) for e in response.json()["errors"]} == {
        ("query", "unknown_parameter"),
        ("query.limit", "repeated"),
        ("query.after", "out_of_range"),
    }
    assert SECRET not in response.text


def test_every_response_has_its_id_and_its_headers(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Whatever was asked: an id of its own, no caching, no scripts from anywhere."""
    client = InProcess(parts_and_tokens[0])
    seen = set()
    for method, path in [("GET", "/livez"), ("GET", "/nothing"), ("POST", "/v1/wait-time"), ("OPTIONS", "/")]:
        response = client.request(method, path)
        seen.add(response.headers["x-request-id"])
        assert "script-src" not in response.headers["content-security-policy"]
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        if response.status_code >= 400:
            assert response.json()["request_id"] == response.headers["x-request-id"]
    assert len(seen) == 4


def test_a_value_is_never_in_an_answer_or_the_log(
    parts_and_tokens: tuple[Parts, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Sent in a field, a key, an id, a path, a query, a token: nowhere does it come back or stay."""
    logging.getLogger("vigie").propagate = True
    odd = {
        "visits": [{"visit_id": SECRET, "arrived_at": SECRET, "triage": SECRET, SECRET: SECRET}],
        SECRET: 1,
    }
    client = InProcess(parts_and_tokens[0])
    admin = {"authorization": f"Bearer {parts_and_tokens[1]['admin']}"}
    with caplog.at_level(logging.DEBUG):
        answers = [
            post(parts_and_tokens, json.dumps(odd).encode()),
            post(
                parts_and_tokens,
                json.dumps({"prediction_id": SECRET, "value": SECRET}).encode(),
                "/v1/decisions",
            ),
            post(
                parts_and_tokens,
                json.dumps({"units": [SECRET], "horizons_hours": [SECRET]}).encode(),
                "/v1/bed-demand",
            ),
            client.get(f"/v1/predictions/{SECRET}", headers=admin),
            client.get(f"/{SECRET}?{SECRET}={SECRET}"),
            client.get("/v1/journal", headers={"authorization": f"Bearer {SECRET}"}),
        ]
    assert [a.status_code for a in answers] == [422, 422, 422, 404, 404, 401]
    for answer in answers:
        assert "Lefebvre" not in answer.text
    logged = "\n".join(
        f"{r.getMessage()} {r.__dict__.get('fields')}"
        for r in caplog.records
        if not r.name.startswith("http")
    )
    assert "unmatched" in logged
    assert "Lefebvre" not in logged
    assert parts_and_tokens[1]["admin"] not in logged


@pytest.mark.parametrize(
    "name", ["lefebvre", "lefebvre_marie", "_lefebvre", "Lefebvre", "x.lefebvre", "a]lefebvre"]
)
def test_an_unknown_key_is_not_said_again(parts_and_tokens: tuple[Parts, dict[str, str]], name: str) -> None:
    """Though it looks like a field's name: around rows, in rows, in what lies on them, and in a query."""
    visit = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", name: 1, "ed_state": {name: 1}}
    sent: list[tuple[str, Any]] = [
        ("/v1/wait-time", {"visits": [visit], name: 1, "explain": {name: 1}}),
        ("/v1/bed-demand", {"units": ["U1"], "horizons_hours": [4], "observations": [{name: 1}], name: 1}),
        (
            "/v1/observations",
            {name: [], "visits": [visit], "census": [{"unit": "U1", "covariates": {name: "x"}}]},
        ),
        ("/v1/decisions", {name: 1}),
    ]
    for path, body in sent:
        response = post(parts_and_tokens, json.dumps(body).encode(), path)
        assert response.status_code == 422, path
        assert "lefebvre" not in response.text.lower(), path
        assert "?" in {e["path"].rpartition(".")[2] for e in response.json()["errors"]}, path


def test_metrics_are_by_route_template(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Many ids make one line; who is on this machine needs no token, unless somebody forwards."""
    client = InProcess(parts_and_tokens[0])
    headers = {"authorization": f"Bearer {parts_and_tokens[1]['auditor']}"}
    for number in range(30):
        client.get(f"/v1/predictions/{number:024x}", headers=headers)
        client.get(f"/nothing/{number}")
    page = client.get("/metrics", peer="127.0.0.1")
    assert page.status_code == 200
    lines = [line for line in page.text.splitlines() if line.startswith("vigie_requests_total")]
    assert len(lines) == 2
    assert any('route="/v1/predictions/{prediction_id}"' in line and line.endswith(" 30.0") for line in lines)
    for name in ("x-forwarded-proto", "x-forwarded-host", "X-Real-IP", "x-client-ip"):
        assert client.get("/metrics", peer="127.0.0.1", headers={name: "x"}).status_code == 401, name
    assert client.get("/metrics", peer="127.0.0.1", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 401
    assert client.get("/metrics").status_code == 401


def test_a_websocket_is_closed(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """There is none here."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(Gate(parts_and_tokens[0], ENDPOINTS)({"type": "websocket", "path": "/"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_head_sends_no_body(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """The head of the answer to GET, and nothing after it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "HEAD", "path": "/livez", "headers": [], "query_string": b""}
    asyncio.run(Gate(parts_and_tokens[0], ENDPOINTS)(scope, receive, send))
    assert [m.get("body") for m in sent] == [None, b""]


def test_a_header_sent_twice_is_refused(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Two content types or tokens could be read as either."""
    client = InProcess(parts_and_tokens[0])
    twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")]
    assert client.get("/v1/models", headers=twice).json()["code"] == "repeated_header"


@pytest.mark.parametrize("content", [b"token", b"token=a&language", b"token=\xe9", b"&"])
def test_a_form_that_is_none_is_refused(
    parts_and_tokens: tuple[Parts, dict[str, str]], content: bytes
) -> None:
    """No name is read where there is no pair."""
    kind = "application/x-www-form-urlencoded"
    response = post(parts_and_tokens, content, "/sign-in", content_type=kind)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_form")


def test_accept_may_come_in_several_headers(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """A browser that is not signed in is led to the way in, wherever it says that it takes HTML."""
    several = [("accept", "application/json;q=0.5"), ("accept", "text/html")]
    assert InProcess(parts_and_tokens[0]).get("/", headers=several).status_code == 303


def test_a_cookie_is_read_as_it_was_sent() -> None:
    """In no time, and out of no quotes: Python's own reading takes seconds of one header, from anybody."""
    assert cookie_of(Headers({"cookie": 'a=b; vigie_session="x\\101"; c'})) == '"x\\101"'
    assert cookie_of(Headers({"cookie": "vigie_sessions=x; =; vigie_session"})) == ""
    assert cookie_of(Headers({"cookie": "vigie=x"})) is None
    for two in ("vigie_session=theirs; vigie_session=ours", "vigie_session=ours; a=b;vigie_session="):
        assert cookie_of(Headers({"cookie": two})) is None, (
            "nobody decides in the name of who put one before ours"
        )
    long = Headers({"cookie": 'vigie_session="' + "\\a" * 16_000 + '"'})
    begun = time.thread_time()
    assert len(cookie_of(long) or "") == 32_002
    assert time.thread_time() - begun < 0.1


class TestPages:
    """The way in, and what a browser gets."""

    def test_a_token_opens_the_pages_by_a_form(self, parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
        """The cookie is for this site's servers only, and says nothing that can be changed."""
        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        html = {"accept": "text/html"}
        first = client.get("/", headers=html)
        assert (first.status_code, first.headers["location"]) == (303, "/sign-in")
        entered = client.request("POST", "/sign-in", data={"token": tokens["operator"], "language": "en"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/?language=en")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        value = cookie.split(";")[0]
        page = client.get("/", headers={"cookie": value})
        assert page.status_code == 200
        assert tokens["operator"] not in page.text
        card = client.get("/v1/models/wait-time/card", headers={"cookie": value})
        assert card.status_code == 200
        assert client.get("/v1/journal", headers={"cookie": value}).status_code == 401
        changed = value[:-3] + ("AAA" if not value.endswith("AAA") else "BBB")
        assert client.get("/", headers={"cookie": changed}).status_code == 401
        odd: Any = {"cookie": b"vigie_session=\xe9.x"}
        assert client.get("/", headers=odd).status_code == 401

    def test_a_session_ends_with_its_token(self, parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
        """Who was signed in with a token that is revoked is no longer."""
        from registry.record.tokens import revoke_token
        from serving.http.clock import system_time

        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        entered = client.request("POST", "/sign-in", data={"token": tokens["board"]})
        value = entered.headers["set-cookie"].split(";")[0]
        assert client.get("/", headers={"cookie": value}).status_code == 200
        with parts.engine.begin() as connection:
            revoke_token(connection, tokens["board"].split("_")[1], now=system_time())
        assert client.get("/", headers={"cookie": value}).status_code == 401

    def test_who_may_not_see_pages_stays_outside(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """An application's token, a wrong one, and a form from another site."""
        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        for token in (tokens["application"], "vigie_x_y", "", "é" * 9):
            response = client.request("POST", "/sign-in", data={"token": token})
            assert (response.status_code, "set-cookie" in response.headers) == (403, False)
        other = {"sec-fetch-site": "cross-site"}
        response = client.request("POST", "/sign-in", data={"token": tokens["board"]}, headers=other)
        assert response.json()["code"] == "from_another_site"

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            ({"origin": "http://vigie.test:3000"}, 303),
            ({"origin": "https://VIGIE.test:3000"}, 303),
            ({"origin": "http://vigie.test:8080"}, 403),
            ({"origin": "http://other.vigie.test:3000"}, 403),
            ({"origin": "null"}, 403),
            ({"origin": "http://elsewhere.test", "sec-fetch-site": "same-origin"}, 303),  # a proxy's own Host
            ({"origin": "http://vigie.test:3000", "sec-fetch-site": "same-site"}, 403),
        ],
    )
    def test_a_neighbour_on_the_host_sends_no_form_in_a_persons_name(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], sent: dict[str, str], status: int
    ) -> None:
        """It is the same site to cookies; over plain HTTP browsers say by Origin alone where a form comes from."""
        parts, tokens = parts_and_tokens
        headers = {"host": "vigie.test:3000", **sent}
        response = InProcess(parts).request(
            "POST", "/sign-in", data={"token": tokens["board"]}, headers=headers
        )
        assert response.status_code == status

    def test_pages_let_browsers_say_where_their_forms_come_from(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """To this site; nobody else learns an address of ours."""
        assert InProcess(parts_and_tokens[0]).get("/sign-in").headers["referrer-policy"] == "same-origin"

    def test_a_link_works_once(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path
    ) -> None:
        """The demo's way in: afterwards the same link opens nothing, and a session is no link."""
        from serving.http.authentication import entry_link

        client = InProcess(parts_and_tokens[0])
        link = entry_link(quick_path / "home", parts_and_tokens[1]["operator"])
        first, second = client.get(link), client.get(link)
        assert (first.status_code, second.status_code) == (303, 403)
        cookie = first.headers["set-cookie"].split(";")[0]
        assert client.get("/", headers={"cookie": cookie}).status_code == 200
        assert client.get(f"/enter/{cookie.split('=', 1)[1]}").status_code == 403

    def test_a_link_leads_to_its_page_and_there_again(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path
    ) -> None:
        """Whoever it let in is led there a second time; anybody else is not let in again."""
        from serving.http.authentication import entry_link

        client = InProcess(parts_and_tokens[0])
        link = entry_link(
            quick_path / "home", parts_and_tokens[1]["operator"], page="/monitoring?language=en"
        )
        entered = client.get(link)
        assert (entered.status_code, entered.headers["location"]) == (303, "/monitoring?language=en")
        cookie = entered.headers["set-cookie"].split(";")[0]
        again = client.get(link, headers={"cookie": cookie})
        assert (again.status_code, again.headers["location"]) == (303, "/monitoring?language=en")
        assert "set-cookie" not in again.headers
        assert client.get(link).status_code == 403
        forged = link[:-2] + ("aa" if link[-2:] != "aa" else "bb")
        assert client.get(forged, headers={"cookie": cookie}).headers["location"] == "/"
        assert (
            client.get("/", headers={"cookie": f"vigie_session={link.rsplit('/', 1)[1]}"}).status_code == 401
        )

    def test_the_page_shows_the_forecasts_and_records_them_once_a_minute(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """In both languages: numbers, reasons, trust, version, picture; ten screens make one record."""
        from registry.record.journal import entries

        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        headers = {"authorization": f"Bearer {tokens['operator']}"}
        for _ in range(3):
            page = client.get("/", headers=headers).text
        english = client.get("/?language=en", headers=headers).text
        assert "Court séjour gériatrique" in page
        assert "23 patients attendent déjà" in page
        assert "Vigie informe, les soignants et les cadres décident" in page
        assert "clinicians and managers decide" in english
        assert page.count("<svg") == 4
        assert page.index("Court séjour gériatrique") < page.index("Médecine polyvalente")
        assert not re.search(r"<script|style=|https?://(?!www\.w3\.org)", page)
        with parts.engine.connect() as connection:
            assert [e.actor for e in entries(connection)] == ["page"] * 4  # two models, two languages

    def test_the_page_says_why_there_is_nothing(self, parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
        """Without a release, with a refused one, without history: words in place of numbers."""
        from hospital.errors import HistoryError
        from registry.errors import ReleaseError
        from serving.releases.releases_in_use import Releases
        from tests.support.serving_fakes import FakeReleases

        parts, tokens = parts_and_tokens
        headers = {"authorization": f"Bearer {tokens['operator']}"}
        parts.releases = Releases(FakeReleases({"bed-demand": None, "wait-time": ReleaseError("changed")}))
        page = InProcess(parts).get("/", headers=headers)
        assert page.status_code == 200
        assert text("pages.no_release", "fr") in page.text
        assert text("pages.refused", "fr").split(" :")[0] in page.text
        parts.releases = Releases(FakeReleases())
        parts.forecaster.error = HistoryError("x")  # type: ignore[attr-defined]
        assert text("pages.no_history", "fr") in InProcess(parts).get("/", headers=headers).text
