"""A small hospital with real trained models behind real releases: what the demo is, without its gates and its size."""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.simulator import simulate, write
from hospital.times import DAY, moment
from registry.candidates.candidates import candidate, register
from registry.cards.card_document import build_card
from registry.package.manifest import MODELS, Manifest
from registry.policy.board_policy import default_policy
from registry.record.database import open_database, writing
from registry.record.tokens import ROLES, create_token
from registry.releases.promotion import promote
from registry.settings import Settings
from serving.composition import real_parts
from serving.gateway.service_parts import Parts
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.installation import DIGEST, Installation, after, report_body
from tests.support.serving_fakes import InProcess
from training.packages.package_request import Request
from training.train import build_package

__all__ = ["HORIZONS", "Service", "SmallDemo", "make_small_demo", "release_trained", "served_from"]

HORIZONS = (4.0, 24.0, 48.0)
_SAID = "small-demo.json"


@dataclass
class SmallDemo:
    """The home, its token with every role, and when its data end (instant)."""

    settings: Settings
    token: str
    end: int

    @classmethod
    def read(cls, folder: Path) -> "SmallDemo":
        """The one that `make_small_demo` made in this folder, or in the one that this is a copy of."""
        said = json.loads((folder / _SAID).read_bytes())
        return cls(Settings(home=folder / "home"), said["token"], said["end"])

    def copied(self, home: Path) -> "SmallDemo":
        """The same in another home, to be changed."""
        shutil.copytree(self.settings.home, home)
        return replace(self, settings=Settings(home=home))

    def service(self) -> "Service":
        """A service on it, whose clock begins where its data end."""
        return Service(
            real_parts(self.settings.model_copy(update={"clock_start": moment(self.end)})), self.token
        )


class Service:
    """The real parts of a service, asked in this process."""

    def __init__(self, parts: Parts, token: str) -> None:
        parts.releases.refresh()
        self.parts, self.headers = parts, {"authorization": f"Bearer {token}"}
        self.client = InProcess(parts)

    def page(self, path: str) -> str:
        """A page."""
        response = self.client.get(path, headers=self.headers)
        assert response.status_code == 200, response.text
        return response.text

    def ask(self, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        """What is answered to a POST."""
        response = self.client.request("POST", path, json=body, headers=self.headers)
        assert response.status_code == status, response.text
        found: dict[str, Any] = response.json()
        return found

    def close(self) -> None:
        """Ends its workers and its database."""
        self.parts.workers.close()
        self.parts.close()


def make_small_demo(folder: Path, *, days: int = 200, scale: float = 0.15) -> SmallDemo:
    """Simulates, trains both models, releases them and gives the service the last weeks."""
    write(simulate(days, seed=35, scale=scale), folder / "data")
    installation = Installation.make(folder / "home")
    settings = installation.settings
    tables = read_hospital(folder / "data", None, load_or_create_key(settings.home / "pseudonym.key"))
    for model in MODELS:
        release_trained(installation, tables, model)
    made = served_from(settings, tables)
    (folder / _SAID).write_text(json.dumps({"token": made.token, "end": made.end}))
    return made


def served_from(settings: Settings, tables: HospitalTables) -> SmallDemo:
    """A home whose service has the last weeks of these tables, and a token with every role."""
    engine, end = open_database(settings.database), 0
    with writing(engine) as connection:
        columns = {name: columns_of(frame, name) for name, frame in tables.tables.items()}
        end = max(int(columns[name]["received_at"].max()) for name in ("visits", "stays") if name in columns)
        for name, values in columns.items():
            since = end - (lookback_days(name) + 10) * DAY
            import_rows(connection, name, rows_since(name, values, since, tables.audit_attributes))
        roles = [role for role in ROLES if role != "application"]  # which would see its own predictions alone
        token = create_token(connection, "everybody", roles, now=datetime.now(UTC))
    engine.dispose()
    return SmallDemo(settings, token, end)


def release_trained(
    installation: Installation, tables: HospitalTables, model: str, version: str = "1", group: str = "ED"
) -> None:
    """Trains and releases a model on the word of its board: no gate is asked.

    Args:
        group: the department in whose waits a wait-time model is trusted.
    """
    settings, package = installation.settings, installation.settings.home / "building" / model
    horizons = HORIZONS if model == "bed-demand" else ()
    build_package(Request(model, horizons), tables, package, lambda *_: None)
    body = {"data_digest": DIGEST, "seal_digest": DIGEST, "evidence_digest": DIGEST, "at": 0}
    register(settings.candidates, model, version, package, body, installation.people["author"])
    found = candidate(settings.candidates, model, version)
    manifest = Manifest.model_validate(found.json("package/manifest.json"))
    cells = [(group, h) for group in sorted({u.group for u in manifest.units}) for h in horizons] or [
        (group, 0.0)
    ]
    scope = [{"unit_group": group, "horizon_hours": hours} for group, hours in cells]
    report = {**report_body(found, "pass"), "scope": scope}
    card = build_card(manifest, report, [])
    found.seal(report, card, default_policy().content, installation.people["checker"])
    installation.approve(found, "ada", "bob")
    promote(settings, model, version, installation.people["releaser"], now=after(2))
