"""Who may do what: every route by every combination of roles, scopes, ends of tokens and sessions, and limits."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from assembly.routes import ENDPOINTS
from registry.record.database import writing
from registry.record.journal import entries
from registry.record.tokens import ROLES, SCOPES, create_token, revoke_token
from serving.errors import Problem
from serving.gateway.endpoint import Endpoint
from serving.gateway.service_parts import Parts
from serving.http.authentication import entry_link
from serving.limits.rate_limits import Buckets, RateLimits, network_of
from tests.support.busy_workers import all_busy
from tests.support.serving_fakes import InProcess
from tests.support.waiting import wait_for

VISIT = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}
ANYBODY = frozenset[str]()
ASKS = frozenset({"application", "operator", "admin"})
LOOKS = frozenset({"operator", "board", "auditor", "admin"})
DECIDES = frozenset({"operator", "admin"})
READS = frozenset({"auditor", "admin"})
RULES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/docs.json"): ANYBODY,
    ("GET", "/docs"): ANYBODY,
    ("GET", "/livez"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/schema.json"): ANYBODY,
    ("GET", "/static/{name}"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("GET", "/enter/{code}"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("GET", "/metrics"): READS,
    ("POST", "/v1/wait-time"): ASKS,
    ("POST", "/v1/bed-demand"): ASKS,
    ("POST", "/v1/observations"): ASKS,
    ("GET", "/v1/clock"): ASKS,
    ("POST", "/v1/clock"): ASKS,
    ("GET", "/v1/predictions/{prediction_id}"): ASKS | READS,
    ("GET", "/v1/predictions/{prediction_id}/explanation.svg"): ASKS | READS,
    ("GET", "/v1/predictions/{prediction_id}/explanation.html"): ASKS | READS,
    ("POST", "/v1/explanations"): ASKS | READS,
    ("POST", "/v1/counterfactuals"): ASKS | READS,
    ("GET", "/changes"): LOOKS,
    ("POST", "/v1/decisions"): DECIDES,
    ("GET", "/v1/decisions"): LOOKS,
    ("GET", "/v1/journal"): READS,
    ("GET", "/v1/models"): frozenset(ROLES),
    ("GET", "/v1/models/{name}/card"): frozenset(ROLES) - {"application"},
    ("GET", "/v1/models/{name}/overrides"): frozenset(ROLES) - {"application"},
    ("GET", "/"): LOOKS,
    ("GET", "/decisions"): DECIDES,
    ("POST", "/decisions"): DECIDES,
    ("GET", "/monitoring"): LOOKS,
    ("GET", "/first-steps"): LOOKS,
    ("GET", "/v1/flows"): LOOKS | ASKS,
    ("GET", "/v1/tension"): LOOKS | ASKS,
    ("GET", "/pilotage"): LOOKS,
    ("GET", "/pilotage/live"): LOOKS,
    ("GET", "/pilotage/unit"): LOOKS,
    ("GET", "/practice"): LOOKS,
    ("GET", "/practice/protocol"): LOOKS,
    ("POST", "/practice/receipts"): LOOKS,
    ("GET", "/v1/protocols"): LOOKS | frozenset({"application"}),
    ("POST", "/v1/protocols/{id}/receipt"): LOOKS,
    ("GET", "/v1/skills"): LOOKS | frozenset({"application"}),
    ("GET", "/decide"): LOOKS,
    ("GET", "/history"): LOOKS,
    ("GET", "/history.csv"): LOOKS,
    ("GET", "/decide/{recommendation_id}"): LOOKS,
    ("POST", "/decide/{recommendation_id}"): DECIDES,
    ("GET", "/v1/recommendations"): LOOKS | ASKS,
    ("GET", "/v1/recommendations/{recommendation_id}"): LOOKS | ASKS,
    ("GET", "/v1/recommendations/figures"): LOOKS,
    ("POST", "/v1/recommendations/{recommendation_id}/decisions"): DECIDES,
    ("POST", "/v1/recommendations/{recommendation_id}/outcomes"): DECIDES | frozenset({"board"}),
}
"""Who may, written down once more by hand: a route that is not here has no rule, and fails."""


def new_token(parts: Parts, name: str, *roles: str, **options: Any) -> str:
    """A token of these roles."""
    with writing(parts.engine) as connection:
        return create_token(connection, name, roles, now=datetime.now(UTC), **options)


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"authorization": f"Bearer {token}"}


def status(client: InProcess, endpoint: Endpoint, headers: dict[str, str]) -> tuple[int, str]:
    """What a route answers to an empty request: its status, and the code of its problem."""
    path = endpoint.path.replace("{prediction_id}", "0" * 24).replace("{name}", "wait-time")
    path = path.replace("{recommendation_id}", "0" * 24).replace("{id}", "beds")
    sent = {"data": {}} if endpoint.form else {"json": {}} if endpoint.max_bytes else {}
    response = client.request(endpoint.method, path.replace("{code}", "a.b"), headers=headers, **sent)
    is_problem = response.headers.get("content-type") == "application/problem+json"
    return response.status_code, response.json()["code"] if is_problem else ""


class TestRoles:
    """Every route of the real table."""

    def test_every_route_has_its_rule_and_no_rule_is_of_a_route_that_is_gone(self) -> None:
        """A new route is written down above, by somebody who thought of who may."""
        assert {(e.method, e.path): e.roles or ANYBODY for e in ENDPOINTS} == RULES

    def test_every_route_under_every_combination_of_roles(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """63 combinations: passed where one of the roles may, else 403; without a token 401."""
        parts, _ = parts_and_tokens
        parts.limits = RateLimits(1e9, 1e9, 1e9)
        client = InProcess(parts)
        chosen = [c for n in range(1, len(ROLES) + 1) for c in combinations(ROLES, n)]
        assert len(chosen) == 63
        for roles in chosen:
            headers = bearer(new_token(parts, "-".join(roles), *roles))
            for endpoint in ENDPOINTS:
                may = RULES[endpoint.method, endpoint.path]
                found, code = status(client, endpoint, headers)
                refused = found == 403 and code in ("role_missing", "scope_missing")
                assert refused == bool(may and not may & set(roles)), (endpoint.path, roles, found)
                assert found not in (401, 429, 500), (endpoint.path, roles, found)
        for endpoint in ENDPOINTS:
            found, code = status(client, endpoint, {})
            assert (code == "no_token") == bool(RULES[endpoint.method, endpoint.path]), endpoint.path

    def test_every_route_under_every_scope(self, parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
        """A token of all roles that is held to one part opens that part, and no other."""
        parts, _ = parts_and_tokens
        parts.limits = RateLimits(1e9, 1e9, 1e9)
        client, guarded = InProcess(parts), [e for e in ENDPOINTS if e.roles is not None]
        assert {e.scope for e in guarded} == set(SCOPES)
        for scope in SCOPES:
            headers = bearer(new_token(parts, f"only {scope}", *ROLES, scopes=[scope]))
            for endpoint in guarded:
                _, code = status(client, endpoint, headers)
                assert (code == "scope_missing") == (endpoint.scope != scope), (scope, endpoint.path)

    def test_a_token_that_is_held_to_another_part_does_not_sign_in(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """Its session would be held to that part as well, but nothing would say why."""
        parts, _ = parts_and_tokens
        token = new_token(parts, "a feed", "operator", scopes=["observations"])
        response = InProcess(parts).request("POST", "/sign-in", data={"token": token})
        assert (response.status_code, "set-cookie" in response.headers) == (403, False)


class TestOwnPredictions:
    """An application sees what it asked, whatever else its token may do."""

    @pytest.mark.parametrize("more", [(), ("operator",), ("auditor",), ("admin",), ROLES[1:]])
    def test_another_ones_prediction_is_not_there(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], more: tuple[str, ...]
    ) -> None:
        """Neither to be read nor to be decided on, nor what was decided on it."""
        parts, tokens = parts_and_tokens
        client, mixed = InProcess(parts), bearer(new_token(parts, "mixed", "application", *more))
        made = client.request(
            "POST", "/v1/wait-time", json={"visits": [VISIT]}, headers=bearer(tokens["operator"])
        )
        other = made.json()["predictions"][0]["prediction_id"]
        decision = {"prediction_id": other, "decision": "accept", "reason": "oui"}
        assert (
            client.request(
                "POST", "/v1/decisions", json=decision, headers=bearer(tokens["operator"])
            ).status_code
            == 201
        )
        assert client.get(f"/v1/predictions/{other}", headers=mixed).status_code == 404
        if set(more) & DECIDES:
            assert client.request("POST", "/v1/decisions", json=decision, headers=mixed).status_code == 404
        if set(more) & LOOKS:
            assert client.get("/v1/decisions", headers=mixed).json()["decisions"] == []
        own = client.request("POST", "/v1/wait-time", json={"visits": [VISIT]}, headers=mixed).json()
        where = f"/v1/predictions/{own['predictions'][0]['prediction_id']}"
        assert client.get(where, headers=mixed).status_code == 200

    @pytest.mark.parametrize("role", ["operator", "admin"])
    def test_an_application_decides_on_nothing_not_even_on_its_own(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], role: str
    ) -> None:
        """Whatever it is besides, over HTTP or by the form: a person decides."""
        parts, _ = parts_and_tokens
        client, mixed = InProcess(parts), bearer(new_token(parts, "mixed", "application", role))
        made = client.request("POST", "/v1/wait-time", json={"visits": [VISIT]}, headers=mixed).json()
        own = made["predictions"][0]["prediction_id"]
        decision = {"prediction_id": own, "decision": "accept", "reason": "oui"}
        refused = client.request("POST", "/v1/decisions", json=decision, headers=mixed)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_a_person")
        assert client.request("POST", "/decisions", data=decision, headers=mixed).status_code == 403
        assert "<textarea" not in client.get(f"/decisions?prediction_id={own}", headers=mixed).text
        assert (
            client.get("/v1/decisions", headers=bearer(new_token(parts, "b", "board"))).json()["decisions"]
            == []
        )

    @pytest.mark.parametrize("name", ["feed", "FEED", " feed ", "ｆｅｅｄ", "page", "Page"])
    def test_two_tokens_of_one_name_are_two_identities(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], name: str
    ) -> None:
        """However the name is spelt, after the first was revoked too, and though it is the pages' own."""
        parts, _ = parts_and_tokens
        client = InProcess(parts)
        first, second = (new_token(parts, n, "application") for n in ("feed", name))
        made = client.request("POST", "/v1/wait-time", json={"visits": [VISIT]}, headers=bearer(first)).json()
        where = f"/v1/predictions/{made['predictions'][0]['prediction_id']}"
        assert client.get(where, headers=bearer(first)).status_code == 200
        assert client.get(where, headers=bearer(second)).status_code == 404
        with writing(parts.engine) as connection:
            revoke_token(connection, first.split("_")[1], now=datetime.now(UTC))
        third = new_token(parts, "feed", "application")
        assert client.get(where, headers=bearer(third)).status_code == 404
        with parts.engine.connect() as connection:
            made_by = [e.subjects["identity"] for e in entries(connection) if e.action == "create token"][-3:]
        assert len(set(made_by)) == 3
        assert "page" not in {identity.casefold() for identity in made_by}


class TestEnds:
    """Tokens, sessions and links end."""

    def test_a_token_has_an_end_and_its_making_and_revoking_are_entries(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """180 days where nobody says; the entry says whose, which rights, until when, and by whom."""
        parts, _ = parts_and_tokens
        token = new_token(parts, "feed", "application", scopes=["wait-time"], by="account test")
        token_id = token.split("_")[1]
        with writing(parts.engine) as connection:
            revoke_token(connection, token_id, now=datetime.now(UTC), by="account test")
            revoke_token(connection, token_id, now=datetime.now(UTC), by="account test")
        with parts.engine.connect() as connection:
            made, revoked = [e for e in entries(connection) if e.subjects.get("token") == token_id]
        assert (made.action, revoked.action, made.actor) == ("create token", "revoke token", "account test")
        assert (made.subjects["roles"], made.subjects["scopes"]) == ("application", "wait-time")
        lasts = datetime.fromisoformat(made.subjects["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=179) < lasts <= timedelta(days=180)
        assert token.split("_", 2)[2] not in json.dumps([dict(e.subjects) for e in (made, revoked)])

    def test_a_revoked_token_ends_within_two_seconds_with_its_sessions_and_links(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path
    ) -> None:
        """One that was used a moment before; a session by form, one by link, and a link that nobody opened yet."""
        parts, tokens = parts_and_tokens
        client, token = InProcess(parts), tokens["operator"]
        by_form = client.request("POST", "/sign-in", data={"token": token})
        by_link = client.get(entry_link(quick_path / "home", token))
        unopened = entry_link(quick_path / "home", token)
        cookies = [{"cookie": r.headers["set-cookie"].split(";")[0]} for r in (by_form, by_link)]
        ways: list[dict[str, str]] = [bearer(token), *cookies]
        assert [client.get("/monitoring", headers=h).status_code for h in ways] == [200, 200, 200]
        with writing(parts.engine) as connection:
            revoke_token(connection, token.split("_")[1], now=datetime.now(UTC))
        begun = time.monotonic()
        wait_for(
            lambda: all(client.get("/monitoring", headers=h).status_code == 401 for h in ways), "end of it", 5
        )
        assert time.monotonic() - begun < 2.0
        assert client.get(unopened).status_code == 403

    def test_sign_out_ends_the_cookie_wherever_it_was_copied(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """Of this session only: another one of the same token goes on."""
        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        entered = [client.request("POST", "/sign-in", data={"token": tokens["board"]}) for _ in range(2)]
        first, second = ({"cookie": r.headers["set-cookie"].split(";")[0]} for r in entered)
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert client.request("POST", "/sign-out", headers=first | form).status_code == 303
        assert client.get("/monitoring", headers=first).status_code == 401
        assert client.get("/monitoring", headers=second).status_code == 200
        for odd in ("vigie_session=a.b", "vigie_session=", "x=y"):
            assert client.request("POST", "/sign-out", headers={"cookie": odd, **form}).status_code == 303

    @pytest.mark.parametrize("way", ["by token", "by a link"])
    def test_signing_in_again_ends_the_session_that_the_browser_had(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path, way: str
    ) -> None:
        """Also where its cookie was copied to; a wrong token ends nothing, and another browser's session goes on."""
        parts, tokens = parts_and_tokens
        client, token = InProcess(parts), tokens["operator"]
        entered = [client.request("POST", "/sign-in", data={"token": token}) for _ in range(2)]
        own, other = ({"cookie": r.headers["set-cookie"].split(";")[0]} for r in entered)
        form = {"content-type": "application/x-www-form-urlencoded"}
        wrong = client.request("POST", "/sign-in", content="token=wrong", headers=own | form)
        assert (wrong.status_code, client.get("/monitoring", headers=own).status_code) == (403, 200)
        if way == "by token":
            again = client.request("POST", "/sign-in", content=f"token={token}", headers=own | form)
        else:
            again = client.get(entry_link(quick_path / "home", token), headers=own)
        new = {"cookie": again.headers["set-cookie"].split(";")[0]}
        statuses = [client.get("/monitoring", headers=h).status_code for h in (own, new, other)]
        assert statuses == [401, 200, 200]

    def test_neither_head_nor_a_fetch_ahead_uses_up_a_link(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path
    ) -> None:
        """Filters of mail look with HEAD, browsers fetch what may be wanted; nor does either record a forecast."""
        parts, tokens = parts_and_tokens
        client, link = InProcess(parts), entry_link(quick_path / "home", tokens["operator"])
        head = client.request("HEAD", link)
        assert (head.status_code, head.headers["allow"]) == (405, "GET, OPTIONS")
        for ahead in ({"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}):
            assert client.get(link, headers=ahead).status_code == 403
        assert client.request("HEAD", "/", headers=bearer(tokens["operator"])).status_code == 405
        with parts.engine.connect() as connection:
            assert "predict" not in [e.action for e in entries(connection)]
        assert client.get(link).status_code == 303
        assert client.get(link).status_code == 403

    def test_a_link_lends_no_more_than_its_token_has(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], quick_path: Path
    ) -> None:
        """Of an application's token it opens nothing; of an administrator's, no decision and no journal."""
        parts, tokens = parts_and_tokens
        client = InProcess(parts)
        for role, opened in (("application", 401), ("board", 200)):
            entered = client.get(entry_link(quick_path / "home", tokens[role], roles=ROLES))
            cookie = {"cookie": entered.headers.get("set-cookie", "").split(";")[0]}
            found = client.get("/monitoring", headers=cookie).status_code
            assert found in (opened, 403 if opened == 401 else 200), role


class TestLimits:
    """Who floods is refused before any thread works."""

    def test_a_bucket_lets_a_burst_through_and_then_its_rate(self) -> None:
        """By hand: two a second, four at once."""
        now = [0.0]
        buckets = Buckets(2.0, 4.0, clock=lambda: now[0])
        assert [buckets.take("a") for _ in range(5)] == [0.0] * 4 + [0.5]
        assert buckets.take("b") == 0.0
        now[0] = 0.5
        assert [buckets.take("a"), buckets.take("a")] == [0.0, 0.5]
        now[0] = 100.0
        assert [buckets.take("a") for _ in range(5)][3:] == [0.0, 0.5]

    def test_memory_is_bounded_however_many_ask(self) -> None:
        """A million addresses cost what four thousand do."""
        buckets = Buckets(1.0, 1.0)
        for number in range(20_000):
            buckets.take(str(number))
        assert len(buckets._levels) <= 4_096

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("10.0.0.1", "10.0.0.2", False),
            ("2001:db8::1", "2001:db8::ffff:1", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("::ffff:10.0.0.1", "10.0.0.1", True),
        ],
    )
    def test_an_address_is_a_customers_network(self, one: str, other: str, same: bool) -> None:
        """Of IPv6 everybody has eighteen quintillion."""
        assert (network_of((one, 1)) == network_of((other, 2))) is same

    def test_a_flooding_token_is_refused_and_others_are_answered(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """429 with a time to wait, though no thread is free; from another address too; probes answer anybody."""
        parts, tokens = parts_and_tokens
        parts.limits = RateLimits(by_address=1e6, by_token=1.0, refused=1e6, clock=lambda: 0.0)
        client, flooding = InProcess(parts), bearer(tokens["auditor"])
        found = [client.get("/v1/journal", headers=flooding).status_code for _ in range(7)]
        assert found == [200] * 5 + [429] * 2
        response = client.get("/v1/journal", headers=flooding, peer="10.0.0.77")
        assert (response.status_code, response.headers["retry-after"]) == (429, "2")
        assert response.json()["code"] == "too_many_requests"
        assert client.get("/v1/journal", headers=bearer(tokens["admin"])).status_code == 200
        assert client.get("/livez", headers=flooding).status_code == 200

    def test_a_flooding_address_is_refused_before_a_worker_is_used(
        self, parts_and_tokens: tuple[Parts, dict[str, str]]
    ) -> None:
        """Neither known nor unknown tokens from it are asked for; another address goes on."""
        parts, tokens = parts_and_tokens
        parts.limits = RateLimits(by_address=1.0, by_token=1e6, refused=1e6, clock=lambda: 0.0)
        client, asked = InProcess(parts), []
        run = parts.workers.run

        async def counted(*work: Any) -> Any:
            asked.append(work)
            return await run(*work)

        parts.workers.run = counted  # type: ignore[method-assign]
        found = [client.get("/v1/models", headers=bearer(tokens["board"])).status_code for _ in range(4)]
        assert found == [200] * 4
        before = len(asked)
        for token in (tokens["board"], "vigie_x_y"):
            assert client.get("/v1/models", headers=bearer(token)).status_code == 429
        assert len(asked) == before
        assert client.get("/v1/models", headers=bearer(tokens["board"]), peer="10.0.0.8").status_code == 200

    @pytest.mark.parametrize("way", ["token", "cookie", "form"])
    def test_guesses_are_stopped_and_who_is_known_goes_on(
        self, parts_and_tokens: tuple[Parts, dict[str, str]], way: str
    ) -> None:
        """Of one address ten wrong ones at once; a token that was verified lately passes from there."""
        parts, tokens = parts_and_tokens
        parts.limits = RateLimits(by_address=1e6, by_token=1e6, refused=1.0, clock=lambda: 0.0)
        client = InProcess(parts)
        assert client.get("/v1/models", headers=bearer(tokens["board"])).status_code == 200

        def guess(number: int) -> int:
            if way == "form":
                return client.request("POST", "/sign-in", data={"token": f"vigie_{number}"}).status_code
            headers = bearer(f"v{number}") if way == "token" else {"cookie": f"vigie_session={number}.x"}
            return client.get("/monitoring", headers=headers).status_code

        found = [guess(number) for number in range(13)]
        assert found == [403 if way == "form" else 401] * 10 + [429] * 3
        assert client.get("/v1/models", headers=bearer(tokens["board"])).status_code == 200
        assert client.get("/livez").status_code == 200

    def test_bodies_together_are_bounded(self, parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
        """What does not fit beside the others is refused at once; afterwards there is room again."""
        parts, _ = parts_and_tokens
        parts.bodies.take(64 * 1_048_576 - 10)
        with pytest.raises(Problem) as refused:
            parts.bodies.take(11)
        assert (refused.value.status, refused.value.code) == (503, "overloaded")
        parts.bodies.give_back(64 * 1_048_576 - 10)
        client = InProcess(parts)
        headers = bearer(new_token(parts, "large", "admin"))
        for _ in range(3):
            client.request(
                "POST", "/v1/observations", json={"visits": [{"x": "y" * 100_000}]}, headers=headers
            )
        assert parts.bodies.held == 0


def test_probe_and_metrics_of_this_machine_ask_no_database(
    parts_and_tokens: tuple[Parts, dict[str, str]],
) -> None:
    """They answer while it hangs; a token can then be verified by nobody."""
    parts, tokens = parts_and_tokens
    asked = list[str]()
    event.listen(parts.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    client = InProcess(parts)
    for path in ("/livez", "/metrics"):
        assert client.get(path, peer="127.0.0.1").status_code == 200, path
    assert asked == []
    assert client.get("/metrics", headers=bearer(tokens["admin"])).status_code == 200
    assert "tokens" in asked[0]


def test_the_event_loop_is_free(parts_and_tokens: tuple[Parts, dict[str, str]]) -> None:
    """Probes and metrics answer while every worker is busy and the queue is full."""
    parts, tokens = parts_and_tokens
    client = InProcess(parts)
    with all_busy(parts.workers):
        assert client.get("/v1/models", headers=bearer(tokens["admin"])).status_code == 429
        for path in ("/livez", "/healthz", "/readyz"):
            assert client.get(path).status_code == 200, path
        assert client.get("/metrics", peer="127.0.0.1").status_code == 200
        assert asyncio.run(parts.readiness.look()).good
