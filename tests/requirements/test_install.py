"""Set-up: whole, or repaired by the next run, whatever stopped it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.scripts import script

install = script("install")
WANTED = {"one_lib": "1.0", "two": "2.1"}


def put(site: Path, name: str, version: str) -> Path:
    """Installs a library of three files; returns the folder of its description."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (site / name).mkdir(exist_ok=True)
    (site / name / "__init__.py").write_text("x = 1\n")
    (folder / "METADATA").write_text("Name\n")
    record = f"{name}/__init__.py,sha256=x,6\n{folder.name}/METADATA,,5\n{folder.name}/RECORD,,\n"
    record += f"{name}/__pycache__/a.pyc,,\n"
    (folder / "RECORD").write_text(record)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two libraries, whole."""
    for name, version in WANTED.items():
        put(tmp_path, name, version)
    return tmp_path


def test_what_is_whole_is_not_broken(site: Path) -> None:
    """Bytecode that is not there does not count, nor a further library."""
    put(site, "three", "3")
    assert install.broken(site, WANTED) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda site: (site / "two" / "__init__.py").unlink(),
        lambda site: (site / "two" / "__init__.py").write_text(""),
        lambda site: (site / "two-2.1.dist-info" / "RECORD").unlink(),
        lambda site: (site / "two-2.1.dist-info" / "RECORD").write_text(""),
        lambda site: (site / "two-2.1.dist-info" / "RECORD").write_bytes(b"\xff\xfe,,,\n"),
        lambda site: (site / "two-2.1.dist-info" / "METADATA").unlink(),
        lambda site: (site / "two-2.1.dist-info").rename(site / "two-2.0.dist-info"),
        lambda site: (site / "two-2.1.dist-info").rename(site / "away"),
    ],
    ids=[
        "file gone",
        "file cut",
        "no list",
        "empty list",
        "list no text",
        "no description",
        "older",
        "never installed",
    ],
)
def test_what_a_stop_leaves_is_seen(site: Path, harm: Callable[[Path], object]) -> None:
    """Half a library, in each of its ways, and only that one."""
    harm(site)
    assert install.broken(site, WANTED) == ["two"]


def test_every_pin_of_the_locks_is_read() -> None:
    """As many as there are lines with a version; extras are no part of a name."""
    for name in ("dev", "serve", "uv", "compiler"):
        text = (ROOT / "requirements" / f"{name}.lock").read_text()
        assert len(install.locked(ROOT / "requirements" / f"{name}.lock")) == text.count("==")


class Clone:
    """A clone whose commands are kept, not run: `fails` names a word of one that is stopped by Ctrl-C in the middle."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.setup, self.ran, self.stopped = install.Setup(root), list[str](), ""
        self.site = root / ".venv" / "lib" / "python3.11" / "site-packages"
        monkeypatch.setattr(install.Setup, "_succeeds", lambda _, command: True)
        monkeypatch.setattr(install.Setup, "_do", self._do)
        monkeypatch.setattr(install.subprocess, "run", lambda *_, **__: None)

    def _do(self, command: list[str], otherwise: str, counted: object = None) -> None:
        words = " ".join(command)
        self.ran.append(words)
        if self.stopped and self.stopped in words:
            self.stopped = ""
            raise KeyboardInterrupt
        if "pip sync" in words:
            for name, version in WANTED.items():
                if (
                    name.replace("_", "-") in words
                    or not (self.site / f"{name}-{version}.dist-info").exists()
                ):
                    put(self.site, name, version)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone that was set up once."""
    for name in ("dev", "uv", "compiler"):
        (tmp_path / "requirements").mkdir(exist_ok=True)
        (tmp_path / "requirements" / f"{name}.lock").write_text(
            "one-lib==1.0 \\\n    --hash=sha256:0\ntwo==2.1\n"
        )
    (tmp_path / "explain" / "native").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements/install.py", "explain/build.py"):
        (tmp_path / name).write_text("")
    made = Clone(tmp_path, monkeypatch)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    made.site.mkdir(parents=True)
    made.setup.run()
    return made


def test_set_up_it_does_nothing(clone: Clone) -> None:
    """The marker is that of these locks, and every file is there."""
    assert clone.ran
    clone.ran.clear()
    clone.setup.run()
    assert clone.ran == []


@pytest.mark.parametrize("word", ["pip sync", "--editable", "compileall"])
def test_stopped_it_is_not_done(clone: Clone, word: str) -> None:
    """Ctrl-C in any step: no marker stays, and the next run goes the whole way."""
    (clone.site / "two" / "__init__.py").unlink()
    clone.stopped = word
    with pytest.raises(KeyboardInterrupt):
        clone.setup.run()
    assert not clone.setup.marker.exists()
    clone.setup.run()
    assert install.broken(clone.site, WANTED) == []
    assert clone.setup.marker.exists()


def test_half_a_library_is_installed_again_though_the_marker_stands(clone: Clone) -> None:
    """By name where it is described, and as a new one where its list is gone."""
    (clone.site / "two" / "__init__.py").unlink()
    (clone.site / "one_lib-1.0.dist-info" / "RECORD").unlink()
    clone.ran.clear()
    clone.setup.run()
    (sync,) = [words for words in clone.ran if "pip sync" in words]
    assert "--reinstall-package two" in sync
    assert install.broken(clone.site, WANTED) == []


@pytest.mark.parametrize("content", ["", "of before"])
def test_a_marker_of_before_does_not_count(clone: Clone, content: str) -> None:
    """One that was only touched, or of other locks."""
    clone.setup.marker.write_text(content)
    clone.ran.clear()
    clone.setup.run()
    assert any("pip sync" in words for words in clone.ran)


def test_other_locks_are_set_up_again(clone: Clone) -> None:
    """The marker is of what it was made for."""
    (clone.setup.root / "requirements" / "uv.lock").write_text("two==2.1\n# changed\n")
    clone.ran.clear()
    clone.setup.run()
    assert clone.ran


def test_what_cannot_be_repaired_is_said(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with what to do, and without a marker."""
    (clone.site / "two" / "__init__.py").unlink()
    monkeypatch.setattr(install.Setup, "_do", lambda *_, **__: None)
    with pytest.raises(install.SetupError, match=r"two are not whole: remove \.venv"):
        clone.setup.run()
    assert not clone.setup.marker.exists()


def test_this_environment_is_whole() -> None:
    """The one that runs the tests, by its own locks."""
    site = Path(next(p for p in sys.path if p.endswith("site-packages")))
    assert install.broken(site, install.locked(ROOT / "requirements" / "dev.lock")) == []
