"""A hospital in which a level is called: its policies, its protocol, and a service over them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from centre.practice.protocol_file import Protocol, read_protocol
from serving.gateway.service_parts import Parts
from tests.centre.decisions.policy_texts import policy_text
from tests.support.serving_fakes import InProcess, make_parts

__all__ = ["LEVELS", "Hospital", "protocol", "protocol_text"]

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
id = "reserve-beds"
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


def protocol_text(version: int = 1, units: str = '["U1", "U3"]') -> bytes:
    """The bytes of `protocol`."""
    return _PROTOCOL.format(version=version, units=units).encode()


def protocol(version: int = 1, units: str = '["U1", "U3"]') -> Protocol:
    """A protocol of two steps, the second with four eyes."""
    return read_protocol(protocol_text(version, units))


class Hospital:
    """The service, and what people of each token do by it."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, **policy: Any) -> None:
        self.parts: Parts
        self.parts, self.tokens = make_parts(home)
        self.home = home
        (home / "levels.toml").write_text(LEVELS, "utf-8")
        (home / "decisions.toml").write_text(policy_text(**policy), "utf-8")
        self.protocols = [protocol()]
        patch.setattr("centre.recommendations.look.protocols_in_use", lambda *_: tuple(self.protocols))
        patch.setattr("centre.pages.decision_queue.protocol_of_digest", lambda *_: self.protocols[0])
        self._client = InProcess(self.parts)

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
