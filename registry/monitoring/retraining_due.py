"""Whether a retraining is due: an alarm or age asks for it, enough new days allow it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from hospital.calendar import local_day
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, instant
from hospital.words.messages import Message, message
from registry.candidates.candidates import candidates
from registry.model.forecast_model import ForecastModel
from registry.monitoring.alarms import standing
from registry.policy.board_policy import load_policy
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["Due", "due"]

_RECORDS = {"wait-time": ("visits",), "bed-demand": ("stays", "census")}


@dataclass(frozen=True)
class Due:
    """Whether, and why.

    Attributes:
        reasons: what asks for it.
        obstacles: what speaks against it now.
        horizons_hours: of the release.
    """

    model: str
    reasons: tuple[Message, ...]
    obstacles: tuple[Message, ...]
    horizons_hours: tuple[float, ...] = ()

    @property
    def due(self) -> bool:
        """Something asks for it and nothing speaks against it."""
        return bool(self.reasons) and not self.obstacles

    def for_machines(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "model": self.model,
            "due": self.due,
            "reasons": [str(reason) for reason in self.reasons],
            "obstacles": [str(obstacle) for obstacle in self.obstacles],
        }


def due(
    settings: Settings, connection: Connection, model: str, tables: HospitalTables, *, now: datetime
) -> Due:
    """Looks at the release, its alarms and how much these tables hold that it does not know.

    Raises:
        ReleaseError: the release does not verify.
    """
    set_up = (settings.trust / "trust.json").exists()
    release = current_release(settings, model) if set_up else None
    if release is None:
        return Due(model, (), (message("registry.retrain.no_release"),))
    rules = load_policy(release.files["policy.toml"]).monitor
    package = ForecastModel(release.package)
    release.require_same(package.digest)
    manifest = package.manifest
    reasons = [
        message("registry.retrain.alarm", family=a.family, name=a.name, day=str(a.raised_on))
        for a in standing(connection, model, release.sequence, release.package_digest)
    ]
    age = (instant(now) - release.released_at) // DAY
    if age > rules.release_age_days:
        reasons.append(message("registry.retrain.old", n=age, allowed=rules.release_age_days))
    obstacles = []
    if not reasons:
        obstacles.append(message("registry.retrain.no_reason", n=age, allowed=rules.release_age_days))
    end = Split.from_json(manifest.split).spans["test"][1]
    new = _last_day(model, tables) - int(local_day(np.array([end]), tables.zone)[0])
    if new < rules.retrain_new_days:
        obstacles.append(message("registry.retrain.few_days", n=max(new, 0), wanted=rules.retrain_new_days))
    for found in candidates(settings.candidates, model):
        if (
            int(found.version) > int(release.version)
            and found.registration["body"]["data_digest"] == tables.source_digest
        ):
            obstacles.append(message("registry.retrain.same_tables", version=found.version))
    return Due(model, tuple(reasons), tuple(obstacles), tuple(manifest.horizons_hours))


def _last_day(model: str, tables: HospitalTables) -> int:
    """The last local day that the tables hold."""
    last = [
        tables.tables[name]["received_at"].max()
        for name in _RECORDS[model]
        if len(tables.tables.get(name, ()))
    ]
    if not last:
        return -1
    at = np.array([instant(max(last).to_pydatetime())])
    return int(local_day(at, tables.zone)[0])
