"""Bad input at the command line: one clear line, exit code 2, nothing half-written."""

import gzip
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.arguments import Horizons
from cli.child_process import command, environment
from cli.main import main
from hospital.errors import VigieError
from hospital.simulator import simulate, write
from tests.support.repository import ROOT


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few days of a small hospital: too little to train on, enough to be read."""
    folder = tmp_path_factory.mktemp("few-days")
    write(simulate(30, seed=3, scale=0.1), folder)
    return folder


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The words with which a command fails, without a traceback."""
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert "Traceback" not in said
    return said


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
        ("visits.csv.gz", gzip.compress(b"visit_id,arrived_at\n" * 2000)[:-20], "gzip"),
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


def test_each_verb_imports_only_what_it_needs() -> None:
    """Help and keys come without the libraries of training, serving and the database."""
    program = (
        "import sys; from cli.main import main\n"
        "assert main(['train', '--help']) == 0\n"
        "heavy = {'xgboost', 'mlflow', 'shap', 'pandas', 'bentoml', 'fairlearn', 'numpy', 'sqlalchemy', 'pydantic', "
        "'rich', 'babel', 'importlib.resources', 'tempfile', 'zipfile'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)


VERBS = {
    ("demo",): {"--days", "--seed", "--port", "--no-serve"},
    ("simulate",): {"--days", "--out", "--seed", "--start", "--unfair", "--shift"},
    ("data", "check"): {"--mapping", "--horizons", "--out", "--json", "--language"},
    ("data", "map"): {"--out", "--force"},
    ("init",): {"--zone", "--language", "--finess", "--unit", "--person"},
    ("import",): {"--mapping", "--since"},
    ("train",): {
        "--data", "--mapping", "--horizons", "--test-from", "--key", "--baseline-only", "--tune", "--no-ablation",
        "--seed", "--threads", "--comment", "--json",
    },
    ("compare",): {"--data", "--mapping", "--json", "--language"},
    ("explain",): {"--data", "--out", "--version", "--mapping", "--plot", "--language"},
    ("why",): {"--of", "--since", "--against", "--language", "--json"},
    ("counterfactual",): {"--at-most", "--at-least", "--of", "--language", "--json"},
    ("check",): {"--language", "--policy", "--recent", "--mapping", "--json"},
    ("card",): {"--language", "--format", "--out"},
    ("review",): {"--language", "--approve", "--refuse", "--withdraw", "--comment", "--key"},
    ("promote",): {"--key"},
    ("rollback",): {"--key", "--to", "--reason"},
    ("feed",): {
        "--mapping", "--speed", "--to", "--token-file", "--from", "--hours", "--day", "--seed", "--scale", "--busy",
        "--again", "--language",
    },
    ("webhook", "list"): set(),
    ("webhook", "secret"): set(),
    ("key", "create"): {"--out", "--passphrase"},
    ("key", "public"): set(),
    ("key", "trust"): {"--role", "--replace", "--reason", "--key"},
    ("key", "retire"): {"--remove", "--reason", "--key"},
    ("stop",): {"--key", "--reason"},
    ("resume",): {"--key", "--reason"},
    ("trust", "init"): {"--reason", "--key"},
    ("policy",): {"--file", "--shipped", "--reason", "--key"},
    ("serve",): {"--port"},
    ("monitor",): {"--once", "--show", "--acknowledge", "--key", "--reason", "--json", "--language"},
    ("retrain",): {"--if-due", "--model", "--data", "--mapping", "--key", "--threads", "--json"},
    ("journal", "verify"): {"--public-key"},
    ("journal", "export"): set(),
    ("journal", "erase"): {"--subject", "--reason"},
    ("journal", "accept-lost-checkpoints"): {"--key", "--reason"},
    ("journal", "accept-restore"): {"--key", "--reason"},
    ("journal", "retain"): {"--carry-out"},
    ("token", "create"): {"--days", "--role", "--scope"},
    ("token", "link"): set(),
    ("token", "revoke"): set(),
    ("token", "list"): set(),
    ("doctor",): {"--json", "--language", "--mend"},
    ("decisions", "check"): {"--language"},
    ("levels", "check"): {"--language"},
    ("protocol", "add"): {"--key", "--language"},
    ("protocol", "review"): {"--key", "--comment", "--approve", "--language"},
    ("protocol", "use"): {"--key", "--reason", "--language"},
    ("protocol", "list"): {"--json", "--language"},
    ("protocol", "search"): {"--unit", "--language"},
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_the_options_of_the_documents(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    """No option comes or goes by mistake; each has a help, and so has the verb."""
    assert main([*verb, "--help"]) == 0
    text = capsys.readouterr().out
    options = re.findall(r"^  (?:-h, )?(--[\w-]+)(.*)$", text, flags=re.MULTILINE)
    assert {name for name, _ in options} == VERBS[verb] | {"--help"}
    assert text.startswith(f"Usage: vigie {' '.join(verb)} ")
    assert text.splitlines()[2].strip()


@pytest.mark.parametrize("verb", [(), *VERBS], ids=" ".join)
def test_help_names_the_home(capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    """Wherever a verb works in one, and where all verbs are listed; the demo says that it does not."""
    assert main([*verb, "--help"]) == 0
    named = "VIGIE_HOME" in capsys.readouterr().out
    assert named is (verb not in (("simulate",), ("key", "create")))


def test_wrong_settings_are_said_with_what_they_may_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, with choices and limits, and without the value."""
    for name, value in (
        ("PORT", "70000"),
        ("LANGUAGE", "de"),
        ("MONITOR_MINUTES", "0"),
        ("CLOCK_START", "noon"),
    ):
        monkeypatch.setenv(f"VIGIE_{name}", value)
    said = fails(capsys, "policy")
    variables = ("VIGIE_PORT", "VIGIE_LANGUAGE", "VIGIE_MONITOR_MINUTES", "VIGIE_CLOCK_START")
    for words in (*variables, "65535", "'fr' ou 'en'"):
        assert words in said
    assert "70000" not in said


def test_the_roles_of_tokens_are_those_that_there_are() -> None:
    """The command line lists what the registry takes."""
    from cli.commands.service_commands import TokenRole
    from registry.record.tokens import ROLES

    assert tuple(TokenRole) == ROLES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing command"),
        (["trian"], "Did you mean 'train'"),
        (["data"], "Missing command"),
        (["train"], "Missing argument 'MODEL'"),
        (["train", "wait-time"], "Missing option '--data'"),
        (["train", "beds", "--data", "d"], "'beds' is not one of 'bed-demand', 'wait-time'"),
        (["train", "wait-time", "--data", "d", "--horizons", "4,24"], "as in 4h,24h,3d"),
        (["train", "wait-time", "--data", "d", "--tune", "501"], "'--tune'"),
        (["train", "wait-time", "--data", "d", "--tune", "0"], "'--tune'"),
        (["train", "wait-time", "--data", "d", "--test-from", "20.1.2024"], "as in 2024-01-31"),
        (["simulate", "--days", "few", "--out", "d"], "'--days'"),
        (["card", "wait-time", "1", "--langage", "fr"], "--language"),
        (["review", "wait-time", "1", "--key", "k", "--comment", "c"], "--approve / --refuse"),
        (["review", "wait-time", "1", "--key", "k", "--comment", "c", "--approve", "--refuse"], "--approve / --refuse"),
        (["key", "trust", "ada", "key", "--role", "king"], "'king' is not one of 'author', 'board', 'releaser'"),
        (["retrain", "--data", "d"], "--if-due"),
        (["journal", "burn"], "No such command 'burn'"),
        (["simulate", "--days", "0", "--out", "d"], "greater than or equal to 1"),
        (["simulate", "--days", "2", "--out", "d", "--seed", "-1"], "greater than or equal to 0"),
        (["train", "wait-time", "--data", "d", "--threads", "0"], "greater than or equal to 1"),
        (["serve", "--port", "70000"], "less than or equal to 65535"),
        (["demo", "--port", "0"], "greater than or equal to 1"),
        (["token", "create", "app"], "application, operator, data_scientist, board, auditor, admin"),
        (["token", "create", "app", "--role", "king"], "is not one of 'application', 'operator'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str], words: str
) -> None:
    """Exit code 2, the usage, what is wrong and where the help is; nothing is begun."""
    assert main(arguments) == 2
    usage, why = capsys.readouterr().err.splitlines()
    assert usage.startswith("Usage: vigie")
    assert why.startswith("vigie: ")
    assert words in why
    assert why.endswith("--help`.")
    assert not home.exists()


def test_defaults_and_typed_values_reach_the_verb(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written on the command line is what a verb works with; what is not written has its default."""
    from registry.bulk import run

    monkeypatch.delenv("VIGIE_LANGUAGE")
    asked = []

    def keep(request: run.Request, *_: object, **__: object) -> None:
        asked.append(request)
        raise VigieError("that was enough")

    monkeypatch.setattr(run, "explain_all", keep)
    arguments = ("explain", "bed-demand", "--data", "in", "--out", "x.parquet")
    assert "that was enough" in fails(capsys, *arguments)
    fails(capsys, *arguments, "--version", "3", "--language", "en")
    default = run.Request("bed-demand", None, Path("in"), None, Path("x.parquet"), "fr")
    assert asked == [default, replace(default, version="3", language="en")]


def test_horizons_are_hours() -> None:
    """Days are 24 hours each."""
    assert Horizons.parse("4h, 24h,3d") == (4.0, 24.0, 72.0)


@pytest.mark.parametrize("start", [["vigie.py"], ["-m", "cli"]], ids=" ".join)
def test_it_starts_from_a_clone(start: list[str]) -> None:
    """As `python vigie.py` and `python -m cli`, under the name `vigie`; the version is the installed one."""
    asked = [sys.executable, *start]
    done = subprocess.run([*asked, "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"vigie {version('vigie')}\n"
    done = subprocess.run([*asked, "card"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: vigie card ")


def test_the_installed_command_completes(tmp_path: Path) -> None:
    """The shell's completion, as the script of `--show-completion bash` asks for it, from any folder."""
    installed = Path(sys.executable).with_name("vigie")

    def completions(words: str) -> set[str]:
        environment = {**os.environ, "_VIGIE_COMPLETE": "complete_bash", "COMP_WORDS": words}
        environment["COMP_CWORD"] = str(len(words.split(" ")) - 1)
        done = subprocess.run(
            [installed], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    assert completions("vigie re") == {"resume", "retrain", "review"}
    assert completions("vigie card ") == {"bed-demand", "wait-time"}
    assert completions("vigie card wait-time 1 --format j") == {"json"}
    assert "--baseline-only" in completions("vigie train wait-time --ba")


def test_a_child_process_is_this_vigie(tmp_path: Path) -> None:
    """Whatever lies in the folder that it starts in."""
    (tmp_path / "cli.py").write_text("raise SystemExit('not this one')")
    done = subprocess.run(
        [*command("--version")], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("vigie ")


def test_a_stopped_verb_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: exit code 130 and a line, no traceback."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hospital.simulator.simulate", stop)
    assert main(["simulate", "--days", "2", "--out", str(tmp_path / "d")]) == 130
    assert capsys.readouterr().err.strip().startswith("vigie: stopped")


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
