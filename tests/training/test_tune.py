"""Choosing hyperparameters, and what features are worth: on the training set alone, and where it was stopped it goes
on."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits, split_of
from registry.model.forecast_model import ForecastModel
from registry.package.manifest import package_digest
from tests.support.new_databases import new_mlflow
from tests.support.repository import ROOT
from tests.support.waiting import wait_for
from training.ablation import ablate
from training.packages.lessons import Prepared, lesson_of
from training.packages.package_request import Request
from training.train import build_package
from training.trees import DEFAULT_HYPERPARAMETERS, MOST_ROWS_OF_A_TREE, share_of_rows
from training.tune import hyperparameters_of, tune

HORIZONS = (4.0, 24.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small hospital with half a year that can be used."""
    found = tmp_path_factory.mktemp("half-a-year")
    write(simulate(220, seed=34, scale=0.15), found)
    return found


@pytest.fixture(scope="module")
def hospital(folder: Path) -> HospitalTables:
    """The same, read."""
    return read_hospital(folder, None, b"one key")


def prepared_of(model: str, tables: HospitalTables) -> tuple[Prepared, Split]:
    """Samples and split of a model."""
    events = events_of(tables)
    if model == "wait-time":
        waits = prepare_waits(events, tables.audit_attributes, None)
        return waits, split_of(waits, (), None)
    beds = prepare_beds(events, tables.covariates, HORIZONS, None)
    return beds, split_of(beds, HORIZONS, None)


def _a_fifth(of: tuple[Prepared, Split]) -> tuple[Prepared, Split]:
    """Every fifth row, for what is asked of days and of kept trials, and not of what a search gains."""
    data, split = of
    return data.part(np.arange(data.outcome.size) % 5 == 0), split


def search(data: Prepared, split: Split, folder: Path, trials: int = 3) -> Any:
    """A search on the training set."""
    how: dict[str, Any] = {"seed": 1, "threads": 1, "progress": lambda _: None}
    return tune(lesson_of(data, split), trials, subject={"test": 1}, folder=folder, **how)


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_a_search_never_sees_what_is_judged(hospital: HospitalTables, tmp_path: Path, model: str) -> None:
    """Other outcomes in the calibration, validation and test sets change no loss; other ones in the training set do."""
    data, split = _a_fifth(prepared_of(model, hospital))
    found = search(data, split, tmp_path / "a", 1)
    end = split.spans["train"][1]

    def spoilt(which: Any) -> Prepared:
        if isinstance(data, PreparedBeds):
            outcome = np.where(which, data.outcome * 3 + 50, data.outcome)
            return replace(data, samples=replace(data.samples, outcome_beds=outcome))
        assert isinstance(data, PreparedWaits)
        return replace(data, outcome=np.where(which, data.outcome * 3 + 50, data.outcome))

    later = spoilt(data.target_time >= end + split.gap)
    assert search(later, split, tmp_path / "b", 1).trials == found.trials
    assert search(spoilt(data.target_time < end), split, tmp_path / "c", 1).trials != found.trials


def test_a_search_that_was_stopped_goes_on(hospital: HospitalTables, tmp_path: Path) -> None:
    """Kept trials are not run again, a line that was cut off is; the result is that of one search."""
    data, split = _a_fifth(prepared_of("wait-time", hospital))
    whole = search(data, split, tmp_path / "whole", 3)
    first = search(data, split, tmp_path / "parts", 2)
    assert first.kept == 0
    (path,) = (tmp_path / "parts").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][: len(lines[1]) // 2])
    again = search(data, split, tmp_path / "parts", 3)
    assert again.kept == 1
    assert again.trials == whole.trials
    assert again.hyperparameters == whole.hyperparameters
    kept = json.loads(path.read_bytes().splitlines()[0])["loss"]
    path.write_bytes(json.dumps({"trial": 0, "loss": 1e-6}).encode() + b"\n")  # believed: it is not run again
    believed = search(data, split, tmp_path / "parts", 2)
    assert believed.hyperparameters == DEFAULT_HYPERPARAMETERS
    assert kept != 1e-6


def test_the_best_is_chosen_and_its_package_repeats(hospital: HospitalTables, tmp_path: Path) -> None:
    """The least loss wins; the same request gives the same package, which names what was chosen."""
    request = Request("wait-time", trials=2)
    one, two = (
        build_package(request, hospital, tmp_path / name / "package", lambda *_: None, tmp_path / f"{name}-s")
        for name in ("one", "two")
    )
    assert one.tuned is not None
    losses = [t.loss for t in one.tuned.trials]
    assert one.tuned.hyperparameters == hyperparameters_of(int(np.argmin(losses)), 1)
    assert one.tuned == two.tuned
    digests = {package_digest(tmp_path / name / "package") for name in ("one", "two")}
    assert len(digests) == 1
    configuration = ForecastModel(tmp_path / "one" / "package").manifest.configuration
    assert configuration["tuned_trials"] == 2
    assert configuration["median_depth"] == one.tuned.hyperparameters.depth


def test_trials_do_not_depend_on_how_many_there_are() -> None:
    """The first is the default; each other is drawn by its own number."""
    assert hyperparameters_of(0, 7) == DEFAULT_HYPERPARAMETERS
    assert hyperparameters_of(3, 7) == hyperparameters_of(3, 7) != hyperparameters_of(3, 8)
    assert len({hyperparameters_of(i, 7) for i in range(30)}) > 25


def test_what_a_group_is_worth(hospital: HospitalTables) -> None:
    """Without the crowding of the department waits are forecast worse; nothing left out is the measure of the rest."""
    data, split = prepared_of("wait-time", hospital)
    told: list[float] = []
    found = {a.group: a for a in ablate(data, split, seed=1, threads=1, progress=told.append)}
    assert found[""].rise == 0.0
    assert set(found) == {""} | {f.group for f in data.features}
    assert sum(a.features for a in found.values()) == len(data.features)
    assert found["crowding"].rise > 0.01
    assert told[-1] == pytest.approx(1.0)
    assert told == sorted(told)


def test_a_killed_training_keeps_its_trials(folder: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of `vigie train --tune`: started again it goes on, and says how many were kept."""
    home = tmp_path / "home"
    environment = {**os.environ, "VIGIE_HOME": str(home), "VIGIE_LANGUAGE": "en"}
    command = [
        sys.executable,
        "-m",
        "cli",
        "train",
        "wait-time",
        "--data",
        str(folder),
        "--tune",
        "3",
    ]
    root = ROOT
    new_mlflow(home)
    with subprocess.Popen(
        [*command, "--no-ablation"], cwd=root, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        trials = (home / "tuning").glob
        try:
            wait_for(lambda: any(b"\n" in p.read_bytes() for p in trials("*.jsonl")), "trial", 120)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (home / "candidates").exists()
    done = subprocess.run(
        [*command, "--no-ablation"], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "(0 kept" not in done.stdout
    assert "kept from before" in done.stdout


def test_a_tree_of_a_large_hospital_sees_a_bounded_number_of_rows() -> None:
    """A small hospital's trees see the share that was asked for, a large one's as many rows whatever the share."""
    assert share_of_rows(0.8, 1_000) == 0.8
    assert share_of_rows(1.0, MOST_ROWS_OF_A_TREE) == 1.0
    for rows in (400_000, 3_000_000):
        assert share_of_rows(0.8, rows) * rows == pytest.approx(MOST_ROWS_OF_A_TREE)
    assert share_of_rows(0.8, 0) == 0.8
