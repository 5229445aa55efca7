"""Every POST of the product that writes is written once for its key, and never after a 503 that says it was not."""

import ast
from collections.abc import Iterator
from pathlib import Path

from assembly.routes import ENDPOINTS
from serving.gateway.openapi import build_document
from tests.support.running_service import ROOT

UNKEYED = {
    "/sign-in": "writes nothing but the end of the browser's last session, which ends once",
    "/sign-out": "a session ends once",
    "/v1/clock": "a simulated clock runs at the speed that was sent, however often",
    "/v1/counterfactuals": "a question",
    "/v1/explanations": "a question",
}
"""The POSTs that take no key, each with its reason."""
NOBODY_WAITS = {
    "centre/practice/protocol_store.py": "the command line's",
    "serving/gateway/readiness.py": "the service's own, of whether it can write",
    "serving/gateway/upkeep.py": "the service's own, every hour",
    "serving/interface/webhook_outbox.py": "the service's own, of what was sent",
}
"""Modules that write without a request: there is nobody who could be answered a 503."""
WRITES = {"writing", "writing_on"}


def test_every_post_takes_a_key_or_says_why_not() -> None:
    """Of the command centre, too; a route that came to the list and takes a key leaves it."""
    assert {e.path for e in ENDPOINTS if e.method == "POST" and not e.keyed} == set(UNKEYED)
    assert {e.method for e in ENDPOINTS if e.keyed} == {"POST"}
    assert {e.method for e in ENDPOINTS} == {"GET", "POST"}


def test_the_page_for_integrators_names_the_routes_that_take_a_key() -> None:
    """All of them and no other, as the document of the API does."""
    paths = build_document(ENDPOINTS)["paths"]
    documented = {path for path, ways in paths.items() if "Idempotency-Key" in str(ways.get("post"))}
    page = (ROOT / "docs/api.md").read_text("utf-8")
    section = page.partition("\n## Writing once\n")[2].partition("\n## ")[0]
    listed = {line.removeprefix("- `POST ").rstrip("`") for line in section.splitlines() if "`POST " in line}
    assert listed == documented
    assert documented == {e.path for e in ENDPOINTS if e.keyed and not e.form}


def test_whoever_writes_for_a_request_asks_before_the_commit() -> None:
    """Else what was answered with "nothing was written" would be written by the thread that goes on."""
    found = {
        path.relative_to(ROOT).as_posix(): list(_transactions(path))
        for room in ("serving", "centre")
        for path in sorted((ROOT / room).rglob("*.py"))
    }
    written = {name: asked for name, asked in found.items() if asked}
    assert len(written) > 6
    assert {name for name, asked in written.items() if not all(asked)} == set(NOBODY_WAITS)


def _transactions(path: Path) -> Iterator[bool]:
    """For each transaction that a module opens, whether it calls `about_to_commit`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.With) and any(_calls(item.context_expr, WRITES) for item in node.items):
            yield any(_calls(one, {"about_to_commit"}) for one in ast.walk(node))


def _calls(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
