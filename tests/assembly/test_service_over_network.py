"""The service as BentoML runs it, over the network: hostile bytes, BentoML's own client, the committed document."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assembly.routes import ENDPOINTS
from serving.gateway.openapi import build_document, document_text
from tests.support.running_service import ROOT, Running, run_service
from tests.support.service_bytes import VISIT, head, resident_bytes, worker_of


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for this module."""
    with run_service(tmp_path_factory.mktemp("service")) as found:
        yield found


def ask(running: Running, method: str, path: str, role: str = "admin", **more: Any) -> httpx.Response:
    """A response over the network."""
    headers = {"authorization": f"Bearer {running.tokens[role]}", **more.pop("headers", {})}
    return httpx.request(method, running.url + path, headers=headers, timeout=20, **more)


def raw(running: Running, content: bytes, seconds: float = 10) -> bytes:
    """What comes back to these bytes until the service closes, or nothing comes any more."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=seconds) as connection:
        connection.sendall(content)
        answer = b""
        try:
            while chunk := connection.recv(65_536):
                answer += chunk
        except TimeoutError:
            pass
        return answer


def problem_of(answer: bytes) -> tuple[int, str]:
    """Status and code of a problem detail with a request id."""
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top
    assert b"x-request-id: " in top
    return int(top.split(b" ")[1]), str(json.loads(body)["code"])


class TestHostile:
    """What a stranger may send."""

    def test_a_body_that_never_comes_times_out(self, running: Running) -> None:
        """408 after the time a body may take (1 s in these tests), not after minutes."""
        started = time.monotonic()
        answer = raw(running, head(running, "content-type: application/json\r\ncontent-length: 100\r\n"))
        assert problem_of(answer) == (408, "body_timeout")
        assert time.monotonic() - started < 5

    def test_a_body_in_drops_times_out(self, running: Running) -> None:
        """A byte now and then does not keep it waiting."""
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
            more = "content-type: application/json\r\ncontent-length: 100\r\n"
            connection.sendall(head(running, more))
            connection.settimeout(0.25)  # for how long each drop waits for an answer
            answer = b""
            for _ in range(40):
                connection.sendall(b"[")
                with contextlib.suppress(TimeoutError):
                    answer = connection.recv(65_536)
                    break
            assert answer.startswith(b"HTTP/1.1 408")

    def test_twenty_megabytes_are_refused(self, running: Running) -> None:
        """Announced or not, before they are read."""
        more = "content-type: application/json\r\ncontent-length: 20000000\r\n"
        assert problem_of(raw(running, head(running, more) + b"[" * 1000)) == (413, "body_too_large")

        def chunks() -> Iterator[bytes]:
            for _ in range(200):
                yield b"[" * 100_000

        try:
            response = ask(
                running,
                "POST",
                "/v1/wait-time",
                content=chunks(),
                headers={"content-type": "application/json"},
            )
        except httpx.WriteError:
            return  # it was refused while it was still being sent
        assert response.status_code == 413

    @pytest.mark.parametrize(
        "path", ["/v1/predictions/a%0ab", "/%0a", "/v1/wait-time%00", "/%ff", "/schema.json%0a"]
    )
    def test_odd_paths(self, running: Running, path: str) -> None:
        """Line breaks and worse in an address: our 404, not the server's."""
        assert problem_of(raw(running, head(running, path=path, method="GET"))) == (404, "unknown_route")

    @pytest.mark.parametrize("target", ["*", "http://elsewhere/v1/models"])
    def test_odd_targets(self, running: Running, target: str) -> None:
        """`OPTIONS *` and absolute addresses get a sane answer with an id."""
        answer = raw(running, head(running, path=target, method="OPTIONS"))
        assert int(answer.split(b" ")[1]) in (204, 404)
        assert b"x-request-id: " in answer

    def test_odd_content_types(self, running: Running) -> None:
        """Bytes that are no text, forms without boundary, BentoML's pickles: 415."""
        for kind in ("\xff", "multipart/form-data", "application/vnd.bentoml+pickle", "application/json\xff"):
            more = f"content-type: {kind}\r\ncontent-length: 2\r\n"
            found = problem_of(raw(running, head(running, more) + b"{}"))
            assert found == (415, "unsupported_content_type"), kind

    def test_bentomls_own_routes_are_not_there(self, running: Running) -> None:
        """None of its pages, its probes answered by ours, its forecast routes behind the gate."""
        assert ask(running, "GET", "/static_content/index.css").status_code == 404
        assert ask(running, "POST", "/wait_time", json={}).status_code == 404
        assert ask(running, "POST", "/v1/wait-time/submit", json={}).status_code == 404
        assert httpx.get(running.url + "/livez").json() == {"alive": True}
        assert httpx.post(running.url + "/v1/wait-time", json={}).status_code == 401
        assert "bentoml" not in str(httpx.get(running.url + "/livez").headers).lower()
        page = httpx.get(running.url + "/", headers={"accept": "text/html"})
        assert page.headers["location"] == "/sign-in"

    def test_nothing_of_it_is_in_the_log(self, running: Running) -> None:
        """Faults leave a line by template, no value, no traceback."""
        odd = {"visits": [{**VISIT, "visit_id": "Lefebvre\u0000", "triage": "Lefebvre"}]}
        assert ask(running, "POST", "/v1/wait-time", json=odd).status_code == 422
        ask(running, "GET", "/Lefebvre?Lefebvre")
        log = running.log.read_text()
        assert '"route": "/v1/wait-time", "method": "POST", "status": 422' in log
        assert "Lefebvre" not in log
        assert "Traceback" not in log

    def test_heads_without_an_end_take_neither_memory_nor_time(self, running: Running) -> None:
        """Eight connections without a token once took 450 MB, and twenty seconds of /livez."""
        worker = worker_of(running.process.pid)
        before, sent = resident_bytes(worker), b"GET / HTTP/1.1\r\nx: " + b"a" * 8_000_000

        def flood() -> None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", running.port)) as one:
                one.sendall(sent)
                one.recv(1)

        flooding = [threading.Thread(target=flood) for _ in range(8)]
        for thread in flooding:
            thread.start()
        slowest, most = 0.0, before
        while any(thread.is_alive() for thread in flooding):
            begun = time.monotonic()
            assert httpx.get(running.url + "/livez", timeout=20).status_code == 200
            slowest, most = max(slowest, time.monotonic() - begun), max(most, resident_bytes(worker))
        assert most - before < 30_000_000
        assert slowest < 1.5


class TestNative:
    """The two forecast routes as BentoML's own methods."""

    def test_bentomls_client_knows_them(self, running: Running) -> None:
        """Its client reads the schema and calls both by name."""
        import bentoml

        with bentoml.SyncHTTPClient(running.url, token=running.tokens["application"]) as client:
            waits = client.wait_time(visits=[VISIT], explain={"top": 1})
            beds = client.bed_demand(units=["U1"], horizons_hours=[4.0])
        assert waits["predictions"][0]["visit_id"] == "a"
        assert beds["forecasts"][0]["unit"] == "U1"

    def test_the_schema_declares_their_fields(self, running: Running) -> None:
        """With the contract's columns, and without what is known only afterwards."""
        schema = httpx.get(running.url + "/schema.json").json()
        routes = {r["route"]: r for r in schema["routes"]}
        assert set(routes) == {"/v1/wait-time", "/v1/bed-demand"}
        visit = routes["/v1/wait-time"]["input"]["properties"]["visits"]["items"]["properties"]
        assert {"triage", "arrived_at", "ed_state"} <= set(visit)
        assert "seen_at" not in visit


class TestDocument:
    """docs/openapi.json, held against the running service."""

    def test_it_is_what_the_service_tells(self, running: Running) -> None:
        """The committed file, the code and the running service say the same."""
        committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
        assert committed == document_text(ENDPOINTS), "run python -m assembly.api_document"
        assert httpx.get(running.url + "/docs.json").json() == json.loads(committed)

    def test_every_operation_answers_as_it_says(self, running: Running) -> None:
        """With a token: a status and content type that the document has; without: 401 where it says so."""
        made = ask(running, "POST", "/v1/wait-time", json={"visits": [VISIT]}).json()
        prediction = made["predictions"][0]["prediction_id"]
        bodies: dict[str, Any] = {
            "/v1/wait-time": {"visits": [VISIT]},
            "/v1/bed-demand": {"units": ["U1"], "horizons_hours": [4]},
            "/v1/observations": {"census": [{"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 3}]},
            "/v1/decisions": {"prediction_id": prediction, "decision": "accept", "reason": "oui"},
            "/v1/explanations": {"prediction_id": prediction},
        }
        statuses = {  # nothing is recommended here, no protocol is in use, and the clock is the real one
            ("post", "/v1/decisions"): 201,
            ("post", "/v1/clock"): 409,
            ("get", "/v1/recommendations/{recommendation_id}"): 404,
            ("post", "/v1/recommendations/{recommendation_id}/decisions"): 422,
            ("post", "/v1/recommendations/{recommendation_id}/outcomes"): 422,
            ("post", "/v1/protocols/{id}/receipt"): 422,
            ("post", "/v1/counterfactuals"): 422,
        }
        bodies |= {path: {} for _, path in statuses if path not in bodies} | {"/v1/clock": {"speed": 2.0}}
        for path, operations in build_document(ENDPOINTS)["paths"].items():
            for method, operation in operations.items():
                where = path.replace("{prediction_id}", prediction).replace("{name}", "wait-time")
                where = where.replace("{recommendation_id}", "0" * 24).replace("{id}", "beds")
                body = bodies.get(path) if method == "post" else None
                good = ask(running, method.upper(), where, json=body)
                assert good.status_code == statuses.pop((method, path), 200), (method, path, good.text)
                for response in (good, ask(running, method.upper(), where, json=[])):
                    said = operation["responses"].get(str(response.status_code))
                    assert said is not None, (method, path, response.status_code)
                    assert response.headers["content-type"].split(";")[0] in said["content"], (method, path)
                if "security" in operation and path != "/metrics":
                    response = httpx.request(method, running.url + where, json=body)
                    assert response.status_code == 401
        assert not statuses

    def test_what_answers_lead_to_is_there(self, running: Running) -> None:
        """Each link names an operation, its parameters or fields, and a value that a real answer has."""
        document = build_document(ENDPOINTS)
        operations = {o["operationId"]: o for methods in document["paths"].values() for o in methods.values()}
        answers = {
            "wait_time": ask(running, "POST", "/v1/wait-time", json={"visits": [VISIT]}),
            "bed_demand": ask(
                running, "POST", "/v1/bed-demand", json={"units": ["U1"], "horizons_hours": [4]}
            ),
            "list_models": ask(running, "GET", "/v1/models"),
        }
        linked = set()
        for name, operation in operations.items():
            links = next(iter(operation["responses"].values())).get("links", {})
            linked |= {name} if links else set()
            for link in links.values():
                other = operations[link["operationId"]]
                schema = (
                    other.get("requestBody", {})
                    .get("content", {})
                    .get("application/json", {})
                    .get("schema", {})
                )
                fields = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
                assert set(link.get("parameters", ())) <= {p["name"] for p in other.get("parameters", ())}
                assert set(link.get("requestBody", ())) <= set(fields.get("properties", ()))
                for value in [*link.get("parameters", {}).values(), *link.get("requestBody", {}).values()]:
                    found = answers[name].json() if name in answers else None
                    for part in value.removeprefix("$response.body#/").split("/") if found else ():
                        found = found[int(part) if part.isdigit() else part]
                    assert found is None or isinstance(found, str), (name, value)
        assert linked == {*answers, "protocols", "recommendations"}

    def test_answers_fit_their_schemas(self, running: Running) -> None:
        """The declared models read what is answered, no field more or less."""
        from serving.messages.answer_bodies import BedDemandAnswer, StoredPrediction, WaitTimeAnswer

        waits = ask(running, "POST", "/v1/wait-time", json={"visits": [VISIT]})
        beds = ask(running, "POST", "/v1/bed-demand", json={"units": ["U1", "U4"], "horizons_hours": [4, 72]})
        found = WaitTimeAnswer.model_validate_json(waits.content)
        BedDemandAnswer.model_validate_json(beds.content)
        stored = ask(running, "GET", f"/v1/predictions/{found.predictions[0].prediction_id}")
        StoredPrediction.model_validate_json(stored.content)
