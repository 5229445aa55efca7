"""A run of many rows that was stopped goes on: the same bytes, nothing of other inputs, and no file of another's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from registry.bulk.run import Request, explain_all
from registry.errors import BulkError
from tests.support.bulk_home import CHUNK_ROWS, BulkHome
from tests.support.repository import ROOT

KILLED = """
import signal
from pathlib import Path
from registry.bulk.run import Request, explain_all
from registry.settings import Settings
count = 0
def progress(step, share):
    global count
    count += step == {step!r}
    if count == 3:
        print("now", flush=True)
        signal.pause()
request = Request({model!r}, None, Path({data!r}), None, Path({out!r}), "en", {chunk_rows})
explain_all(request, Settings(home=Path({home!r})), progress=progress, tell=print)
"""


@pytest.mark.parametrize("step", ["explain", "join"])
def test_killed_and_resumed_gives_the_same_bytes(home: BulkHome, tmp_path: Path, step: str) -> None:
    """A process killed while it explains, or joins, leaves no file; the next run goes on to the same bytes."""
    out = tmp_path / "rows.parquet"
    program = KILLED.format(
        step=step,
        model="wait-time",
        data=str(home.data),
        out=str(out),
        home=str(home.installation.settings.home),
        chunk_rows=CHUNK_ROWS,
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "now\n"
            with pytest.raises(BulkError, match="Another vigie explain"):
                home.explain(out)
        finally:
            child.send_signal(signal.SIGKILL)
    assert not out.exists()
    said: list[str] = []
    done = home.explain(out, said=said)
    assert done.kept == (2 if step == "explain" else done.parts)
    assert said == []
    assert out.read_bytes() == home.out["wait-time"].read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


def _stopped(home: BulkHome, out: Path) -> Path:
    """The folder of parts of a run that was stopped after two."""
    count = 0

    def progress(step: str, share: float) -> None:
        nonlocal count
        count += step == "explain"
        if count == 3:
            raise KeyboardInterrupt

    request = Request("wait-time", None, home.data, None, out, "en", CHUNK_ROWS)
    with pytest.raises(KeyboardInterrupt):
        explain_all(request, home.installation.settings, progress=progress, tell=print)
    return out.with_name(f"{out.name}.parts")


@pytest.mark.usefixtures("english")
def test_other_inputs_start_anew_and_say_so(home: BulkHome, tmp_path: Path) -> None:
    """Parts of another language are no parts of this file: they are thrown away, and why is said."""
    _stopped(home, tmp_path / "rows.parquet")
    said: list[str] = []
    done = home.explain(tmp_path / "rows.parquet", language="fr", said=said)
    assert done.kept == 0
    assert len(said) == 1
    assert "language" in str(said[0])
    fields = pq.read_schema(tmp_path / "rows.parquet").field("contribution_hour").metadata
    assert fields[b"label"] == b"Heure"


def test_a_part_that_was_changed_is_made_again(home: BulkHome, tmp_path: Path) -> None:
    """A part is known by its digest: what is not whole is not kept."""
    folder = _stopped(home, tmp_path / "rows.parquet")
    first = sorted(folder.glob("*.arrow"))[0]
    first.write_bytes(first.read_bytes()[:-100])
    assert home.explain(tmp_path / "rows.parquet").kept == 1
    assert (tmp_path / "rows.parquet").read_bytes() == home.out["wait-time"].read_bytes()


def test_what_is_not_vigies_is_left_alone(home: BulkHome, tmp_path: Path) -> None:
    """A folder of that name with somebody's file in it is not emptied."""
    folder = tmp_path / "rows.parquet.parts"
    folder.mkdir()
    (folder / "thesis.txt").touch()
    with pytest.raises(BulkError, match=r"thesis\.txt"):
        home.explain(tmp_path / "rows.parquet")
    assert (folder / "thesis.txt").exists()
