"""`vigie init`: a home with keys of its own, whole or not at all."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from hospital.mapping.mapping_file import load_mapping
from registry.record.database import open_database
from registry.record.journal_audit import verify
from registry.settings import Settings
from registry.trust.keys import is_demo_key, load_key
from registry.trust.trust_store import load_trust
from serving.composition import real_parts
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")

GIVEN = [
    "init", "--zone", "Indian/Reunion", "--finess", "970 000 006",
    "--unit", 'MED=Médecine "A"', "--unit", "CHIR=Chirurgie",
]  # fmt: skip
PEOPLE = ["Ada Martin=author", "Bob=board", "Cléo=board", "René=releaser"]


@pytest.fixture(autouse=True)
def home(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, which is not there yet, with a name that a shell would read otherwise."""
    monkeypatch.setenv("VIGIE_HOME", str(quick_path / "new $HOME"))
    return quick_path / "new $HOME"


def people() -> list[str]:
    """The people as options."""
    return [word for person in PEOPLE for word in ("--person", person)]


def test_a_home_with_keys_that_only_its_owner_reads(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Real keys, each trusted with its role and in the journal; and it is said what comes next."""
    assert main([*GIVEN, "--language", "en", *people()]) == 0
    said = capsys.readouterr().out
    assert said.index("settings.env") < said.index("vigie import") < said.index("vigie serve")
    assert "note:" not in said
    beside = home.with_name(f"{home.name}-keys")
    assert [p.name for p in beside.iterdir()] == ["pseudonym.key"]
    keys = [*sorted(p for p in home.rglob("*.key")), beside / "pseudonym.key"]
    assert [p.name for p in keys] == [
        "checker.key",
        "Ada Martin.key",
        "Bob.key",
        "Cléo.key",
        "René.key",
        "service.key",
        "session.key",
        "pseudonym.key",
    ]
    everything = [beside, home, *beside.rglob("*"), *home.rglob("*")]
    assert {p.stat().st_mode & 0o777 for p in everything if p.is_file()} == {0o600}
    assert {p.stat().st_mode & 0o777 for p in everything if p.is_dir()} == {0o700}
    trust = load_trust(home / "trust")
    assert not trust.demo
    *persons, check, service = trust.keys
    assert (service.roles, service.public_key) == (("service",), load_key(home / "service.key").public_key)
    assert [f"{k.name}={k.roles[0]}" for k in persons] == PEOPLE
    assert (check.roles, check.public_key) == (("checker",), load_key(home / "checker.key").public_key)
    for key in persons:
        assert load_key(home / "keys" / f"{key.name}.key").public_key == key.public_key
        assert not is_demo_key(key.public_key)
    with open_database(Settings(home=home).database).connect() as connection:
        assert list(verify(connection)) == []
    assert sorted(home.parent.iterdir()) == [home, beside]


def test_its_settings_and_mapping_are_read(home: Path, tmp_path: Path) -> None:
    """By a shell, by Vigie, and the service starts on it."""
    assert main([*GIVEN, "--language", "en"]) == 0
    asked = f"export VIGIE_HOME='{home}'; set -a; . \"$VIGIE_HOME/settings.env\"; set +a"
    done = subprocess.run(
        ["sh", "-c", f'{asked}; printf \'%s|%s\' "$VIGIE_HOME" "$VIGIE_LANGUAGE"'],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.stdout == f"{home}|en"
    text = (home / "hospital.toml").read_text()
    (tmp_path / "whole.toml").write_text(
        text + '\n[tables.stays.columns]\nstay_id = "ID"\nunit = "UF"\nentered_at = "IN"\nsource = "FROM"\n'
    )
    mapping = load_mapping(tmp_path / "whole.toml")
    assert str(mapping.zone) == "Indian/Reunion"
    assert 'label = "Médecine \\"A\\""' in text
    assert text.count('site = "970000006"') == 2
    parts = real_parts(Settings(home=home))
    parts.close()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "name the home first: export VIGIE_HOME"),
        ("fr", "nommez d’abord le dossier de cette installation\u00a0: export VIGIE_HOME"),
    ],
)
def test_a_copied_home_never_writes_into_the_old_one(
    home: Path, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    """Its settings name no home: a shell that named none is refused, and no line that systemd reads names one."""
    assert main([*GIVEN, "--language", language]) == 0
    assert f"export VIGIE_HOME='{home}'; set -a; . \"$VIGIE_HOME/settings.env\"" in capsys.readouterr().out
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    asked = f"set -a; . '{copy}/settings.env'; echo went on"
    for shell in ("sh", "bash"):
        done = subprocess.run(
            [shell, "-c", asked],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode != 0
        assert done.stdout == ""
        assert words in done.stderr
    lines = (copy / "settings.env").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    assert names == ["VIGIE_LANGUAGE", "VIGIE_PSEUDONYM_KEY"]


def test_everything_wrong_is_said_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And no home is made."""
    wrong = [
        "init",
        "--zone",
        "Europe/Pari",
        "--finess",
        "35000000",
        "--unit",
        "MED",
        "--unit",
        "A=x",
        "--unit",
        "A=y",
    ]
    wrong += [
        "--unit",
        "B=a\nb",
        "--person",
        "Eve=king",
        "--person",
        "../eve=author",
        "--person",
        "Al=board",
        "--person",
        "AL=author",
    ]
    assert main(wrong) == 2
    said = capsys.readouterr().err
    for words in (
        "--zone",
        "Europe/Paris",
        "9 characters",
        "'MED'",
        "'A' is named twice",
        "'king'",
        "'../eve'",
        "'Al' and 'AL'",
        "B=a",
    ):
        assert words in said, words
    assert list(home.parent.iterdir()) == []


def test_what_is_missing_is_named_where_nobody_can_be_asked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it."""
    assert main(["init"]) == 2
    assert "--zone, --finess, --unit" in capsys.readouterr().err
    assert not home.exists()


def test_a_key_digit_that_does_not_fit_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The home is made: a person looks at it again."""
    assert main([*GIVEN[:4], "970000001", *GIVEN[5:]]) == 0
    assert "note: the key digit of 970000001 does not fit" in capsys.readouterr().out


def test_a_home_that_is_there_is_left(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second init, a folder of somebody else, a file in its place; an empty folder is taken."""
    home.mkdir()
    assert main(GIVEN) == 0
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    assert main(GIVEN) == 2
    assert "left as it is" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before


def test_a_file_in_its_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and it stays."""
    home.write_text("mine")
    assert main(GIVEN) == 2
    assert "is a file" in capsys.readouterr().err
    assert home.read_text() == "mine"


_FULL = """
import sys
from cli.main import main
def full(event, about):
    if event == "open" and "René" in str(about[0]):
        raise OSError(28, "No space left on device")
sys.addaudithook(full)
sys.exit(main(sys.argv[1:]))
"""
"""The command line where no file of René's can be written."""


def test_what_fails_in_the_middle_leaves_nothing(home: Path) -> None:
    """The last key cannot be written: no home, no folder beside it."""
    command = [sys.executable, "-c", _FULL, *GIVEN, *people()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "No space left" in done.stderr
    assert list(home.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ("\nen\n970000006\nMED=Médecine\n\nAda=author\n\n", 0),
        ("\nen\n970000006\n\x04", 130),
    ],
)
def test_it_asks_where_somebody_can_answer(home: Path, answers: str, code: int) -> None:
    """In a terminal; who leaves in the middle leaves nothing behind."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "cli", "init"],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        close_fds=True,
    )
    os.close(slave)
    os.write(master, answers.encode())
    said = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux says so when the child has closed its end
            break
        if not part:
            break
        said += part
    os.close(master)
    assert child.wait() == code, said.decode()
    assert b"Traceback" not in said
    assert home.exists() is (code == 0)
    if code == 0:
        assert 'zone = "Europe/Paris"' in (home / "hospital.toml").read_text()
        assert [k.name for k in load_trust(home / "trust").keys] == ["Ada", "vigie check", "vigie service"]
