"""The installation that `benchmarks.serve` measures: the demo's hospital and steps, with a larger wait-time model.

The median booster gets 300 trees of depth 6, more than Vigie's own; nothing else differs from the demo, and the
release is checked, approved and signed as any other.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from cli.demo.observations import give_observations
from cli.demo.steps import (
    approve_version,
    check_version,
    make_demo_home,
    make_token,
    release_version,
    simulate_hospital,
)
from cli.progress import bar
from explain.formats.ensemble import Array
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.times import MINUTE, instant, moment
from registry.candidates.candidates import candidates
from registry.policy.board_policy import default_policy
from registry.record.database import open_database
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import demo_key
from serving.forecasting.wait_questions import wait_query, wait_rows_of_question
from serving.messages.body_envelopes import Context
from serving.messages.forecast_questions import wait_question
from serving.releases.release_source import StoredReleases
from serving.state.live_state import StateCache
from training.packages.package_request import Request
from training.train import train
from training.trees import Hyperparameters

__all__ = ["TREES", "Home", "copy_of", "make_home", "visits", "wait_rows"]

FOLDER = Path(".bench") / "serve"
TREES, DAYS, SEED = 300, 490, 1
_NEEDED = ("releases", "trust", "vigie.db*", "*.key", "demo-token")


@dataclass(frozen=True)
class Home:
    """An installation with a wait-time release.

    Attributes:
        token: of every role. start: where its clock begins, aware. booster: path of the released median's trees.
    """

    settings: Settings
    token: str
    start: datetime
    booster: Path


def make_home() -> Home:
    """Made once, kept under `.bench/`, and never served itself.

    Raises:
        RuntimeError: the check's gates are closed, or the booster is not of the size wanted.
    """
    console, policy = Console(highlight=False, soft_wrap=True), default_policy()
    home = (FOLDER / "home").resolve()
    settings = Settings(home=home, database_url="", language="fr")
    settings = settings.model_copy(update={"releases_dir": None, "trust_dir": None, "clock_start": None})
    make_demo_home(settings, policy)
    data = simulate_hospital(console, settings, DAYS, SEED)
    if not candidates(settings.candidates, "wait-time"):
        _train(settings, data)
    candidate = candidates(settings.candidates, "wait-time")[-1]
    if not check_version(console, settings, candidate, policy):
        raise RuntimeError("The check does not pass, so there is no release to serve: see above.")
    approve_version(console, settings, candidate)
    release_version(console, settings, candidate)
    start, token = give_observations(console, settings, data), make_token(settings)
    release = current_release(settings, "wait-time")
    assert release is not None
    booster = release.package / "median.ubj"
    _refuse_another_size(booster)
    return Home(settings, token, start, booster)


def _train(settings: Settings, data: Path) -> None:
    tables = read_hospital(data, None, load_or_create_key(settings.home / "pseudonym.key"))
    with bar() as progress:
        train(
            Request("wait-time", hyperparameters=Hyperparameters(rounds=TREES)),
            tables,
            settings,
            key=demo_key("author"),
            now=datetime.now(UTC),
            progress=progress,
            comment="Benchmark",
        )


def _refuse_another_size(booster: Path) -> None:
    from explain.formats.reading import read_model

    trees = read_model(booster.read_bytes()).trees
    if len(trees) != TREES:
        raise RuntimeError(f"The release has {len(trees)} trees and not {TREES}: remove {FOLDER}/home.")


def copy_of(home: Home, name: str) -> Settings:
    """A copy with a journal of its own, as one service has it; what lay there before is removed."""
    target = (FOLDER / "run" / name).resolve()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for pattern in _NEEDED:
        for path in home.settings.home.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, target / path.name)
            else:
                shutil.copy2(path, target)
    return home.settings.model_copy(update={"home": target})


def visits(count: int, start: datetime) -> list[dict[str, Any]]:
    """Visits that arrived in the two hours before, with the signs that are taken at triage."""
    rng = np.random.default_rng(count)
    now, out = instant(start), []
    for number in range(count):
        arrived = now - int(rng.integers(10, 120)) * MINUTE
        out.append(
            {
                "visit_id": f"bench-{number}",
                "department": "ED",
                "arrived_at": moment(arrived).isoformat(),
                "triaged_at": moment(arrived + 5 * MINUTE).isoformat(),
                "triage": str(rng.choice(["2", "3A", "3B", "4", "5"])),
                "age_years": int(rng.integers(1, 95)),
                "arrival_mode": str(rng.choice(["walk_in", "ambulance"])),
                "heart_rate": int(rng.integers(55, 120)),
                "systolic_mmhg": int(rng.integers(95, 170)),
                "temperature_celsius": round(float(rng.normal(37.2, 0.6)), 1),
                "spo2_percent": int(rng.integers(91, 100)),
            }
        )
    return out


def wait_rows(home: Home, body: dict[str, Any]) -> Array:
    """The rows of the booster for this body, as the service makes them: float32 [visits, features]."""
    model = StoredReleases(home.settings).load("wait-time")
    assert model is not None
    assert model.engine is not None
    now = instant(home.start)
    key = load_or_create_key(home.settings.home / "pseudonym.key")
    asked = wait_question(json.loads(json.dumps(body)), Context(now, "fr", key))
    engine = open_database(home.settings.database)
    try:
        with engine.connect() as connection:
            state = StateCache().at(connection, now, model.engine.manifest)
        return wait_rows_of_question(state, model.engine, wait_query(state, asked.question), now).X
    finally:
        engine.dispose()
