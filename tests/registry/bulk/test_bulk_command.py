"""`vigie explain` over a whole table: what it writes, and what is wrong in a line."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from cli.main import main
from hospital.simulator import simulate, write
from tests.support.bulk_home import BulkHome


def _fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert "Traceback" not in said
    return said


def test_wrong_inputs_are_said_in_one_line(
    home: BulkHome, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, rights, versions, tables: what is wrong and what to do, and nothing is left behind."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    data, out = ("--data", str(home.data)), ("--out", str(tmp_path / "x.parquet"))
    assert ".parquet" in _fails(capsys, "wait-time", *data, "--out", str(tmp_path / "x.csv"))
    assert "make it" in _fails(capsys, "wait-time", *data, "--out", str(tmp_path / "no" / "x.parquet"))
    assert "--out" in _fails(capsys, "wait-time", *data, "--out", "/proc/x.parquet")
    assert "has no version 9 here: there are 1, 2, 3" in _fails(
        capsys, "wait-time", *data, *out, "--version", "9"
    )
    assert "run vigie check wait-time 3" in _fails(capsys, "wait-time", *data, *out, "--version", "3")
    said = _fails(capsys, "wait-time", "--data", str(tmp_path / "nowhere"), *out)
    assert "no such file or folder" in said
    assert said.count("\n") == 1
    (tmp_path / "units").mkdir()
    shutil.copy(next(home.data.glob("stays.*")), tmp_path / "units")
    assert "needs visits" in _fails(capsys, "wait-time", "--data", str(tmp_path / "units"), *out)
    mapping = tmp_path / "m.toml"
    mapping.write_text('[mapping]\nzone = "Mars/Olympus"\ncolour = "blue"\n')
    said = _fails(capsys, "wait-time", *data, *out, "--mapping", str(mapping))
    assert "colour" in said
    assert "zone" in said
    mapping.write_text(
        '[mapping]\nname = "Test"\nzone = "Europe/London"\n[tables.units.columns]\nunit = "unit"\n'
    )
    assert "Europe/London" in _fails(capsys, "wait-time", *data, *out, "--mapping", str(mapping))
    assert not list(tmp_path.glob("x.*"))
    assert main(["explain", "wait-time", *data, *out, "--language", "de"]) == 2
    assert "'--language': 'de' is not one of 'fr', 'en'" in capsys.readouterr().err


def test_without_a_release_the_way_to_one_is_said(
    home: BulkHome, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home in which nothing was set up is not made by asking."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    said = _fails(capsys, "wait-time", "--data", str(home.data), "--out", str(tmp_path / "x.parquet"))
    assert "--version" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("english")
def test_too_short_a_history_gives_no_file(
    home: BulkHome, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the warm-up's end there is no row to explain."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    write(simulate(30, seed=3, scale=0.1), tmp_path / "data")
    said = _fails(capsys, "wait-time", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.parquet"))
    assert "no row" in said
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_the_command_writes_what_it_says(
    home: BulkHome, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way by the command line, in chunks of the usual size: the same rows."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    out = tmp_path / "x.parquet"
    assert (
        main(["explain", "bed-demand", "--data", str(home.data), "--out", str(out), "--language", "en"]) == 0
    )
    frame = pd.read_parquet(out)
    assert f"{len(frame):,} rows explained by bed-demand version 1" in capsys.readouterr().out
    pd.testing.assert_frame_equal(frame, home.frame("bed-demand"))
