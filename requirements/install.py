"""Sets a clone up: `make setup`. Needs Python's own library alone, as nothing else is there yet.

Whatever was begun and not finished is seen by the next run: the marker is written last and holds the digest of what it
stands for, and the files of every library are looked for by the list that each brings along (``RECORD``). What lacks a
file is installed again, so that a set-up that was stopped, or lost a file since, never ends in an ImportError later.
"""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Setup", "broken", "locked", "main"]

ROOT = Path(__file__).resolve().parents[1]
LOCK, UV_LOCK, COMPILER_LOCK = "requirements/dev.lock", "requirements/uv.lock", "requirements/compiler.lock"
_PACKAGES = (
    "assembly",
    "centre",
    "cli",
    "explain",
    "hospital",
    "registry",
    "serving",
    "training",
    "vigie.py",
)
_STEPS = 5
_EVERY_SECONDS = 10.0


class SetupError(Exception):
    """The set-up cannot be finished: what is wrong, and what to do."""


def locked(lock: Path) -> dict[str, str]:
    """Versions by name of what a lock pins, names as in the folders of installed libraries."""
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock.read_text("utf-8"), flags=re.MULTILINE
    )
    return {_plain(name): version for name, version in pins}


def broken(site: Path, wanted: dict[str, str]) -> list[str]:
    """Names of libraries that are wanted and not whole: not there, of another version, or lacking a file."""
    present = {}
    for folder in site.glob("*.dist-info"):
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        present[_plain(name), version] = folder
    return sorted(n for n, v in wanted.items() if (n, v) not in present or not _whole(present[n, v], site))


def _whole(folder: Path, site: Path) -> bool:
    """Whether every file that a library lists is there, with its size."""
    if not (folder / "METADATA").is_file():
        return False
    try:
        with (folder / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3]
        for path, _, size in rows:
            if path.endswith(".pyc"):
                continue  # made anew where it is missing
            there = (site / path).stat().st_size
            if (
                size and there != int(size) and not path.startswith("..")
            ):  # a command's first line names its Python
                return False
    except (OSError, ValueError):
        return False
    return bool(rows)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


class Setup:
    """The set-up of one clone.

    Args:
        root: the clone. python: the Python that makes its environment.
    """

    def __init__(self, root: Path, python: str = sys.executable) -> None:
        self.root, self._python = root, python
        self.environment = root / ".venv"
        self.marker = self.environment / ".done"
        self._bin, self._step, self._begun = self.environment / "bin", 0, time.monotonic()

    def run(self) -> None:
        """Sets up what is not; says each step, and nothing where all is whole.

        Raises:
            SetupError: a step failed.
        """
        wanted = locked(self.root / LOCK)
        if self._stands() and not broken(self._site(), wanted):
            return
        self.marker.unlink(missing_ok=True)
        self._say("the environment .venv")
        self._make_environment()
        python = str(self._bin / "python")
        if broken(self._site(), locked(self.root / UV_LOCK)):
            pip = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--force-reinstall",
            ]
            self._do(
                [*pip, "--require-hashes", "-r", UV_LOCK],
                "uv was not installed: is the package index reachable?",
            )
        self._say(f"{len(wanted)} libraries, 1.6 GB; the longest of all where they must be downloaded")
        self._sync(wanted)
        self._say("Vigie itself")
        uv = [str(self._bin / "uv"), "pip", "install", "--quiet", "--python", python]
        self._do(
            [*uv, "--compile-bytecode", "--no-deps", "--no-build-isolation", "--editable", "."],
            "it was not installed",
        )
        self._do([python, "-m", "compileall", "-q", "-j", "0", *_PACKAGES], "its bytecode was not made")
        self._say("the kernel that computes explanations")
        self._build_kernel(uv, python)
        self._say("a look at every file")
        faulty = broken(self._site(), wanted)
        if faulty:
            raise SetupError(f"{', '.join(faulty)} are not whole: remove .venv, then make setup again")
        building = self.marker.with_name(".done.new")
        building.write_text(self._digest())
        building.replace(self.marker)

    def _stands(self) -> bool:
        try:
            return self.marker.read_text() == self._digest() and self._site().is_dir()
        except OSError:
            return False

    def _digest(self) -> str:
        """Of all that a set-up depends on."""
        digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
        names = [
            LOCK,
            UV_LOCK,
            COMPILER_LOCK,
            "pyproject.toml",
            "requirements/install.py",
            "explain/build.py",
        ]
        for path in [self.root / n for n in names] + sorted((self.root / "explain" / "native").glob("*")):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def _site(self) -> Path:
        """Where libraries are installed: of the Python that made the environment, whichever runs this."""
        return next(
            iter(sorted(self.environment.glob("lib/python3.*/site-packages"))), self.environment / "lib"
        )

    def _make_environment(self) -> None:
        python = self._bin / "python"
        if python.exists() and self._succeeds([str(python), "-m", "pip", "--version"]):
            return
        # --clear: one that was stopped in the middle has a Python and no pip.
        self._do(
            [self._python, "-m", "venv", "--clear", ".venv"],
            "Python's venv is missing: apt-get install python3-venv",
        )

    def _sync(self, wanted: dict[str, str]) -> None:
        """Has exactly the locked libraries, each whole."""
        site = self._site()
        for folder in site.glob("*.dist-info"):
            if not (folder / "METADATA").is_file() or not (folder / "RECORD").is_file():
                shutil.rmtree(folder)  # half of one: the installer would trip over it, or take it for whole
        faulty = [name for name in broken(site, wanted) if any(site.glob(f"{name}-*.dist-info"))]
        again = [word for name in faulty for word in ("--reinstall-package", name.replace("_", "-"))]
        uv = [str(self._bin / "uv"), "pip", "sync", "--quiet", "--python", str(self._bin / "python")]
        command = [*uv, "--compile-bytecode", "--require-hashes", *again, LOCK]
        self._do(command, "the libraries were not installed", counted=(site, len(wanted)))

    def _build_kernel(self, uv: Sequence[str], python: str) -> None:
        """With the pinned compiler, for as long as it is needed; without it with the system's own, or not at all."""
        compiler = self.environment / "compiler"
        build = [python, "explain/build.py"]
        paths = {**os.environ, "PYTHONPATH": str(compiler)}
        if not self._succeeds([python, "-c", _BUILT]):
            self._succeeds([*uv, "--require-hashes", "--target", str(compiler), "-r", COMPILER_LOCK])
        subprocess.run(build, cwd=self.root, env=paths, check=False)
        shutil.rmtree(compiler, ignore_errors=True)

    def _say(self, what: str) -> None:
        self._step += 1
        print(f"[{self._step}/{_STEPS}] {what} ({time.monotonic() - self._begun:.0f} s so far)", flush=True)

    def _succeeds(self, command: Sequence[str]) -> bool:
        return subprocess.run(command, cwd=self.root, capture_output=True, check=False).returncode == 0

    def _do(self, command: Sequence[str], otherwise: str, counted: tuple[Path, int] | None = None) -> None:
        """Runs a command; while it runs, says now and then how many libraries are there.

        Raises:
            SetupError: it failed; what it said stands above.
        """
        process = subprocess.Popen(command, cwd=self.root)
        try:
            while True:
                try:
                    process.wait(_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    there = (
                        ""
                        if counted is None
                        else f"{min(_count(counted[0]), counted[1])} of {counted[1]} there, "
                    )
                    print(f"      {there}{time.monotonic() - self._begun:.0f} s so far", flush=True)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if process.returncode:
            raise SetupError(otherwise)


_BUILT = "import sys; sys.path.insert(0, '.'); from explain.build import kernel_path, variants\n"
_BUILT += "sys.exit(not all(kernel_path(v).exists() for v in variants()))"


def _count(site: Path) -> int:
    return sum(1 for _ in site.glob("*.dist-info"))


def main() -> int:
    """Sets this clone up; returns the exit code."""
    try:
        Setup(ROOT).run()
    except KeyboardInterrupt:
        print("\nsetup: stopped; make setup goes on where it was.", file=sys.stderr)
        return 130
    except (SetupError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
