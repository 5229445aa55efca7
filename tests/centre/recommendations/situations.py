"""A hospital in which a level is called: its policies, its protocol, and a service over them."""

import random
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from centre.practice.protocol_file import Protocol, read_protocol
from centre.practice.protocol_store import ProtocolStore
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.keys import Key
from serving.gateway.service_parts import Parts
from serving.messages.forecast_protocol import Forecaster
from tests.centre.decisions.policy_texts import policy_text
from tests.support.installation import Installation, after
from tests.support.new_databases import new_sqlite
from tests.support.serving_fakes import InProcess, make_parts

__all__ = ["LEVELS", "Hospital", "Picks", "protocol", "protocol_text"]

LEVELS = """
name = "ours"
version = 3
source = "a decision of the hospital"
title = { fr = "Nos niveaux", en = "Our levels" }

[[levels]]
name = "tense"
title = { fr = "Tendu", en = "Tense" }
probability = 0.3
conditions = [{ indicator = "beds_needed_above_staffed", side = "above", threshold = 0 }]

[[levels]]
name = "crowded"
title = { fr = "Saturé", en = "Crowded" }
conditions = [{ indicator = "EDWIN", side = "above", threshold = 2 }]
"""
_PROTOCOL = """+++
id = "{name}"
version = {version}
title = "Ouvrir les lits de réserve"
language = "fr"
units = {units}
levels = ["tense"]
owner = "Direction des soins"
validated_by = ["Commission médicale"]
valid_from = 2025-01-01
valid_until = 2026-12-31

[[steps]]
action = "Appeler le cadre de garde"
role = "Cadre de garde"

[[steps]]
action = "Armer les lits de réserve"
role = "Cadre de garde"
within_minutes = 60
two_people = true
+++
# Quand

Les transferts ne suffisent plus.
"""


def protocol_text(version: int = 1, units: str = '["U1", "U3"]', name: str = "reserve-beds") -> bytes:
    """The bytes of `protocol`."""
    return _PROTOCOL.format(version=version, units=units, name=name).encode()


def protocol(version: int = 1, units: str = '["U1", "U3"]') -> Protocol:
    """A protocol of two steps, the second with four eyes."""
    return read_protocol(protocol_text(version, units))


def _put_in_use(home: Path, people: Mapping[str, Key], content: bytes) -> None:
    """Adds a version of a protocol, which the board approves and the releaser puts in use.

    Their entries stand in a database of their own: tests count from the first entry of what they do themselves.
    """
    settings = Settings(home=home, database_url=new_sqlite(home / "practice.db"))
    store, name = ProtocolStore(settings, default_policy()), read_protocol(content)
    store.add(content, people["author"], now=after(0))
    for member in ("ada", "bob"):
        store.review(name.protocol_id, name.version, people[member], "approve", "read", now=after(1))
    store.put_in_use(name.protocol_id, name.version, people["releaser"], "winter plan", now=after(2))


@cache
def _home_with_protocol() -> tuple[Mapping[str, Key], Mapping[str, bytes]]:
    """People, and the files of a home that trusts them and has `protocol` in use: signed once in a process."""
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        home = Path(folder) / "home"
        people = Installation.make(home).people
        _put_in_use(home, people, protocol_text())
        files = [p for name in ("trust", "protocols") for p in (home / name).rglob("*") if p.is_file()]
        return people, {p.relative_to(home).as_posix(): p.read_bytes() for p in files}


class Picks(random.Random):
    """Chance by a seed, by which whatever may happen with some probability does."""

    def random(self) -> float:
        return 0.0

    def getrandbits(self, k: int, /) -> int:  # of what can be chosen, any is
        return super().getrandbits(k)


class Hospital:
    """The service over a home in which `protocol` is in use, and what people of each token do by it."""

    def __init__(self, home: Path, *, forecaster: Forecaster | None = None, **policy: Any) -> None:
        self.parts: Parts
        self.parts, self.tokens = make_parts(home)
        self.parts.forecaster = forecaster or self.parts.forecaster
        self.home = home
        (home / "levels.toml").write_text(LEVELS, "utf-8")
        (home / "decisions.toml").write_text(policy_text(**policy), "utf-8")
        self._people, files = _home_with_protocol()
        for name, content in files.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(content)
        self._client = InProcess(self.parts)

    def put_in_use(self, content: bytes) -> None:
        """A version of a protocol is in use, in place of the one before."""
        _put_in_use(self.home, self._people, content)

    def withdraw(self, name: str = "reserve-beds", version: int = 1) -> None:
        """A member of the board refuses a protocol that is in use: it is no longer."""
        settings = Settings(home=self.home, database_url=new_sqlite(self.home / "practice.db"))
        store = ProtocolStore(settings, default_policy())
        store.review(name, version, self._people["bob"], "refuse", "it is outdated", now=after(3))

    def later(self, minutes: float) -> None:
        """Time passes."""
        self.parts.clock.instant += int(minutes * 60_000_000)  # type: ignore[attr-defined]

    def get(self, path: str, who: str = "operator") -> httpx.Response:
        """What somebody is answered."""
        return self._client.get(path, headers={"Authorization": f"Bearer {self.tokens[who]}"})

    def listed(self, query: str = "", who: str = "operator") -> list[dict[str, Any]]:
        """The recommendations that somebody is shown."""
        response = self.get(f"/v1/recommendations{query}", who)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["recommendations"]
        return found

    def send(self, path: str, body: Any, who: str = "operator", key: str | None = None) -> httpx.Response:
        """What somebody's POST is answered."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} | ({"Idempotency-Key": key} if key else {})
        return self._client.request("POST", path, json=body, headers=headers)

    def form(self, path: str, who: str = "operator", **fields: str) -> httpx.Response:
        """What somebody's form is answered."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return self._client.request("POST", path, data=fields, headers=headers)

    def decide(
        self, recommendation_id: str, decision: str = "accept", who: str = "operator", **more: Any
    ) -> httpx.Response:
        """What somebody's decision is answered."""
        key = more.pop("key", None)
        body = {
            "decision": decision,
            "reason_code": "as_recommended",
            "reason": "Seen at the bedside",
            **more,
        }
        if decision == "override" and "instead" not in more:
            body["instead"] = "Two beds of the day clinic"
        return self.send(f"/v1/recommendations/{recommendation_id}/decisions", body, who, key)
