"""A history with a hole in it: trained on what is there, or refused in words; `data check` says so beforehand."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.main import main
from hospital.errors import HistoryError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from registry.package.manifest import package_digest
from tests.support.new_databases import new_mlflow
from training.errors import TrainingError
from training.packages.package_request import Request
from training.train import build_package

pytestmark = pytest.mark.usefixtures("english")


def census(folder: Path, first: str, last: str, hole: tuple[str, str]) -> Path:
    """Two wards counted each morning, a week's course and noise, without the days of the hole."""
    days = pd.date_range(first, last, freq="D")
    days = days[(days < hole[0]) | (days >= hole[1])]
    rng = np.random.default_rng(5)
    rows = [
        pd.DataFrame(
            {
                "unit": ward,
                "at": days.strftime("%Y-%m-%dT08:00:00+01:00"),
                "occupied": np.round(size + 3 * (days.dayofweek < 5) + rng.normal(0, 2, days.size)).clip(0),
            }
        )
        for ward, size in (("A", 20), ("B", 12))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(rows).to_csv(folder / "census.csv", index=False)
    return folder


def read(folder: Path) -> HospitalTables:
    """Its tables."""
    return read_hospital(folder, None, b"one key")


def test_a_year_missing_in_the_middle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2022 is not there: the command line trains on the rest, and shows no traceback."""
    folder = census(tmp_path / "data", "2021-01-01", "2023-12-31", ("2022-01-01", "2023-01-01"))
    new_mlflow(tmp_path / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(tmp_path / "home"))
        code = main(["train", "bed-demand", "--data", str(folder), "--horizons", "24h,72h", "--tune", "1"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "Traceback" not in printed.err
    assert "bed-demand version 1 is registered." in printed.out
    assert "test set, in beds:" in printed.out
    errors = [line for line in printed.out.splitlines() if line.startswith("  mae_")]
    assert len({len(line) for line in errors}) == 1  # one column, however long a name is


@pytest.mark.parametrize("kind", ["model", "baseline"])
def test_a_hole_where_a_part_would_lie(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The part that has no days is named with its dates, and `data check` does not call such a history whole."""
    folder = census(tmp_path / "data", "2020-01-01", "2023-12-31", ("2022-03-11", "2023-02-25"))
    with pytest.raises(HistoryError, match=r"hole .* calibration"):
        build_package(
            Request("bed-demand", (24.0, 72.0), kind=kind),  # type: ignore[arg-type]
            read(folder),
            tmp_path / "p",
            lambda *_: None,
        )
    main(["data", "check", str(folder), "--language", "en"])
    told = capsys.readouterr().out
    days = re.search(r"([\d,  ]+) days of whole history", told)
    assert days is not None, told
    assert 1_090 < int(re.sub(r"\D", "", days[1])) < 1_120  # of 1,461, less 351


def test_searches_of_other_horizons_are_others(tmp_path: Path) -> None:
    """The losses of one question are not believed for another."""
    tables = read(census(tmp_path / "data", "2021-01-01", "2022-12-31", ("2030-01-01", "2030-01-02")))
    searches = tmp_path / "searches"
    found = [
        build_package(
            Request("bed-demand", horizons, trials=1),
            tables,
            tmp_path / str(i) / "p",
            lambda *_: None,
            searches,
        ).tuned
        for i, horizons in enumerate(((24.0, 72.0), (72.0,)))
    ]
    assert [t.kept for t in found if t] == [0, 0]
    assert len(list(searches.iterdir())) == 2
    assert package_digest(tmp_path / "0" / "p") != package_digest(tmp_path / "1" / "p")


def test_rules_alone_have_nothing_to_tune(tmp_path: Path) -> None:
    """Asked for both, training says which to leave out."""
    tables = read(census(tmp_path / "data", "2021-01-01", "2022-12-31", ("2030-01-01", "2030-01-02")))
    with pytest.raises(TrainingError, match="--tune or --baseline-only"):
        build_package(
            Request("bed-demand", (24.0,), kind="baseline", trials=2), tables, tmp_path / "p", lambda *_: None
        )
