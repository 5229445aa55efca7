"""Bad input at the command line: one clear line, exit code 2, nothing half-written."""

import gzip
import socket
from pathlib import Path

import pytest

from cli.main import main
from hospital.simulator import simulate, write
from tests.support.command_line import fails
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("home", "english")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few days of a small hospital: too little to train on, enough to be read."""
    folder = tmp_path_factory.mktemp("few-days")
    write(simulate(30, seed=3, scale=0.1), folder)
    return folder


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path) -> None:
    """The path is named as wrong, and nothing is registered."""
    said = fails(capsys, "train", "wait-time", "--data", str(tmp_path / "nowhere"))
    assert "no such file or folder" in said
    assert not (home / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("visits.csv", b"", "empty"),
        ("visits.parquet", b"PAR1 cut off", "Parquet"),
        ("visits.csv.gz", gzip.compress(b"visit_id,arrived_at\n" * 2000, mtime=0)[:-20], "gzip"),
        ("visits.csv", "visit_id;âge\nx;1\n".encode("latin-1"), "UTF-8"),
        ("visits.csv", b"visit_id,arrived_at\n", "no rows"),
        ("visits.csv", b"visit_id,arrived_at,secret\nv1,2024-01-01T10:00:00Z,42\n", "secret"),
        ("visits.csv", b"visit_id,arrived_at\nv1,2024-01-01T10:00:00\n", "no zone"),
        (
            "stays.csv",
            b"stay_id,unit,entered_at,left_at,source\ns,U,2024-01-02T10:00Z,2024-01-01T10:00Z,elective\n",
            "before entered_at",
        ),
    ],
)
def test_a_wrong_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path, name: str, content: bytes, words: str
) -> None:
    """Empty, truncated, of another encoding, without rows, with an unknown column, without zone, upside down."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(content)
    said = fails(capsys, "train", "bed-demand", "--data", str(tmp_path / "data"))
    assert words in said
    assert "2024-01" not in said  # never a value
    assert not list(home.glob("snapshots/*"))


def test_a_revision_that_contradicts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The same id and received_at with other content."""
    row = "v1,2024-01-01T10:00Z,{},2024-01-01T10:05Z\n"
    (tmp_path / "visits.csv").write_text(
        f"visit_id,arrived_at,triage,received_at\n{row.format(2)}{row.format(4)}"
    )
    assert "other content" in fails(capsys, "train", "wait-time", "--data", str(tmp_path))


def test_too_short_a_history(capsys: pytest.CaptureFixture[str], data: Path, home: Path) -> None:
    """Nothing is registered, and the message says how much is missing."""
    said = fails(capsys, "train", "wait-time", "--data", str(data))
    assert "too short" in said
    assert not (home / "candidates").exists()


def test_a_home_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to set is said."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "file" / "home"))
    assert "VIGIE_HOME" in fails(capsys, "train", "wait-time", "--data", str(data))


def test_a_version_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that makes one is named."""
    assert "vigie train wait-time" in fails(capsys, "check", "wait-time", "7")


def test_a_key_that_others_can_read(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    """A key file with open rights is refused."""
    assert main(["key", "create", "ada", "--out", str(tmp_path / "a.key")]) == 0
    capsys.readouterr()
    (tmp_path / "a.key").chmod(0o644)
    said = fails(capsys, "train", "wait-time", "--data", str(data), "--key", str(tmp_path / "a.key"))
    assert "chmod 600" in said


def test_a_policy_that_asks_for_less(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Fewer required gates than the floor, and one approval: both are said at once or in turn, neither is taken."""
    shipped = (ROOT / "registry" / "policy" / "policies" / "default.toml").read_text()
    (tmp_path / "p.toml").write_text(
        shipped.replace('"fairness", ', "").replace("approvals = 2", "approvals = 1")
    )
    said = fails(capsys, "policy", "--file", str(tmp_path / "p.toml"))
    assert "approvals" in said
    (tmp_path / "p.toml").write_text(shipped.replace('"fairness", ', ""))
    assert "fairness" in fails(capsys, "policy", "--file", str(tmp_path / "p.toml"))


def test_a_demo_key_is_refused_outside_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody knows the demo's keys: no other installation trusts them."""
    from registry.trust.keys import demo_key

    said = fails(capsys, "key", "trust", "mallory", demo_key("releaser").public_key, "--role", "releaser")
    assert "demo" in said


def test_wrong_texts_of_a_simulation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`--unfair` and `--shift` say how they are written."""
    arguments = ("simulate", "--days", "2", "--out", str(tmp_path / "d"))
    assert "sex=F:1.4" in fails(capsys, *arguments, "--unfair", "women")
    assert "1.5@350" in fails(capsys, *arguments, "--shift", "often")
    assert not (tmp_path / "d").exists()


def test_a_taken_port_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything long is begun."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = fails(capsys, "demo", "--port", str(taken.getsockname()[1]))
    assert said.count("\n") == 1
    assert "taken" in said
    assert not (tmp_path / "vigie-demo").exists()


@pytest.mark.parametrize("force", ["1", ""])
def test_no_verb_lets_anothers_text_move_the_cursor(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: str
) -> None:
    """A file's name, a key's name, an argument: on both streams, with colours and without."""
    if force:
        monkeypatch.setenv("FORCE_COLOR", force)
    odd = "x\x1b[2J\u202e\x9b31m\r[bold]y"
    (tmp_path / odd).mkdir()
    for arguments in (
        ["data", "check", str(tmp_path / odd)],
        ["data", "map", str(tmp_path / odd)],
        ["card", "wait-time", odd],
        ["key", "trust", odd, odd, "--role", "board"],
        ["key", "create", odd],
        ["train", "wait-time", "--data", odd],
        ["check", "wait-time", odd],
        ["monitor", "--acknowledge", odd, "--reason", odd],
        [odd],
    ):
        main(arguments)
        printed = capsys.readouterr()
        for text in (printed.out, printed.err):
            assert not {"\u202e", "\x9b", "\r"} & set(text), arguments
            assert "\x1b[2J" not in text, arguments
