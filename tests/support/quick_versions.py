"""Versions of four trees on a small hospital, registered and released without a check: what quick tests look at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from hospital.simulator.run import DEFAULT_START
from hospital.times import instant
from registry.candidates.candidates import Candidate, register
from registry.candidates.snapshots import seal_snapshot
from registry.cards.card_document import build_card
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import reported_scores, write_reported
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from registry.releases.promotion import promote
from tests.support.installation import NOW, Installation, after, report_body
from training.packages.package_request import Request
from training.train import build_package
from training.trees import DEFAULT_HYPERPARAMETERS, Hyperparameters

__all__ = ["quick_candidate", "quick_release", "quick_tables"]

_KEY = b"a key for quick tests"
_FEW = replace(DEFAULT_HYPERPARAMETERS, rounds=4)


def quick_tables(folder: Path, days: int, start: date = DEFAULT_START) -> HospitalTables:
    """The smallest hospital that can be simulated, read; the days of a shorter one are those of a longer."""
    write(_simulated(days, start), folder)
    return read_hospital(folder, None, _KEY)


@cache
def _simulated(days: int, start: date) -> dict[str, pd.DataFrame]:
    """Its tables, which many files of tests begin with: simulated once in a process, and written by each."""
    return simulate(days, seed=12, start=start, scale=0.1)


def quick_candidate(
    installation: Installation,
    request: Request,
    tables: HospitalTables,
    version: str,
    hyperparameters: Hyperparameters = _FEW,
) -> Candidate:
    """Trained, reported and registered as training does it, but held against no other implementation."""
    settings = installation.settings
    package = settings.home / "building" / f"{request.model}-{version}"
    built = build_package(replace(request, hyperparameters=hyperparameters), tables, package, lambda *_: None)
    scores, _ = reported_scores(ForecastModel(package), built.prepared, built.split)
    body = {
        "data_digest": tables.source_digest,
        "seal_digest": seal_snapshot(settings.snapshots, tables),
        "evidence_digest": write_reported(settings.home / "evidence", scores),
        "energy": {},
        "at": instant(NOW),
    }
    return register(settings.candidates, request.model, version, package, body, installation.people["author"])


def quick_release(
    installation: Installation, found: Candidate, cells: Sequence[tuple[str, float]], *, hours: float = 2
) -> None:
    """Released so many hours after `NOW` for cells (unit group, horizon), on its board's word: no gate is asked."""
    scope = [{"unit_group": group, "horizon_hours": horizon} for group, horizon in cells]
    report = {**report_body(found, "pass"), "scope": scope}
    manifest = Manifest.model_validate(found.json("package/manifest.json"))
    card = build_card(manifest, report, [])
    found.seal(report, card, default_policy().content, installation.people["checker"])
    installation.approve(found, "ada", "bob", hours=hours - 1)
    promote(
        installation.settings, found.model, found.version, installation.people["releaser"], now=after(hours)
    )
