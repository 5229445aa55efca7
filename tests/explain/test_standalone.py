"""`explain` by itself: installed alone, with NumPy alone, as its README says."""

import importlib.util
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
from setuptools import Distribution

from explain import TreeEngine, build, standalone
from tests.support.documents import run_as_reader, script_of
from tests.support.repository import ROOT

SITE = Path(np.__file__).parents[1]
X = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model's file."""
    path = tmp_path_factory.mktemp("model") / "model.ubj"
    xgb.train({"nthread": 1}, xgb.DMatrix(X, X[:, 0], feature_names=["a", "b", "c"]), 3).save_model(path)
    return path


def sources(folder: Path, *, built: bool) -> Path:
    """A copy of the package's folder, with the kernels of this clone or as it is cloned."""
    copy = folder / "explain"
    shutil.copytree(
        ROOT / "explain", copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    if not built:
        shutil.rmtree(copy / "built", ignore_errors=True)
    return copy


def installed(folder: Path, source: Path, **environment: str) -> tuple[str, Path]:
    """The name of the wheel that pip makes of the sources, and a folder with its contents and NumPy."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "-w", str(folder), str(source)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    zipfile.ZipFile(wheel).extractall(site)
    for name in ("numpy", "numpy.libs"):
        if (SITE / name).exists():
            (site / name).symlink_to(SITE / name)
    return wheel.name, site


PROGRAM = """
import sys
sys.path.insert(0, SITE)
from explain import TreeEngine
import numpy as np
engine = TreeEngine.load(MODEL)
found = engine.contributions(np.load(ROWS))
np.save(OUT, found.values)
print(engine.compiled, engine.names)
tops = {name.partition(".")[0] for name in sys.modules}
print(sorted(tops - set(sys.stdlib_module_names) - {"__main__", "explain", "numpy"}))
print(sys.modules["explain"].__file__)
"""


def explained(folder: Path, site: Path, model: Path) -> tuple[list[str], str, Path]:
    """(what a program printed that sees nothing but the folder; its warnings; its contributions)."""
    np.save(folder / "rows.npy", X)
    names = {"SITE": site, "MODEL": model, "ROWS": folder / "rows.npy", "OUT": folder / "out.npy"}
    text = PROGRAM
    for name, path in names.items():
        text = text.replace(name, repr(str(path)))
    command = [sys.executable, "-I", "-S", "-c", text]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines(), done.stderr, folder / "out.npy"


def test_a_wheel_needs_numpy_alone_and_has_its_kernel(tmp_path: Path, model: Path) -> None:
    """It is of this kind of machine and of any Python 3; its values are those of the clone, bit for bit."""
    name, site = installed(tmp_path, sources(tmp_path, built=True))
    assert name.startswith("vigie_explain-")
    assert "-py3-none-" in name
    assert not name.endswith("-any.whl")
    printed, _, out = explained(tmp_path, site, model)
    assert printed[:2] == ["True ('a', 'b', 'c')", "[]"]
    assert printed[2].startswith(str(site))
    np.testing.assert_array_equal(np.load(out), TreeEngine.load(model).contributions(X).values)
    again = subprocess.run(
        [sys.executable, "-S", "-P", "-m", "explain.build"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
    )
    assert (again.returncode, again.stderr) == (0, "")
    metadata = next(site.glob("*.dist-info")).joinpath("METADATA").read_text("utf-8")
    needed = [
        line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra" not in line
    ]
    assert needed == ["Requires-Dist: numpy"]


def test_without_a_compiler_it_is_whole_and_says_how_to_build(tmp_path: Path, model: Path) -> None:
    """NumPy's values are the same; the advice is one that fits where it is installed, and works there."""
    _, site = installed(tmp_path, sources(tmp_path, built=False), CC="no-such-compiler")
    assert not list(site.glob("explain/built/*.so"))
    printed, warnings, out = explained(tmp_path, site, model)
    assert printed[0].startswith("False")
    assert "-m explain.build" in warnings
    assert "make setup" not in warnings
    np.testing.assert_allclose(np.load(out), TreeEngine.load(model).contributions(X).values, atol=1e-12)


def test_in_a_clone_the_advice_is_to_set_it_up() -> None:
    """Which fetches the compiler that is pinned."""
    assert build.advice() == "make setup"


def test_the_readme_runs_as_it_is_written(tmp_path: Path, model: Path) -> None:
    """From the clone's folder, in a fresh environment; libraries are those that are here, so that none is fetched."""
    sources(tmp_path, built=False)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    shutil.copy(model, tmp_path / "model.ubj")
    np.save(tmp_path / "rows.npy", X)
    # pip takes the last for "no isolation"; a safe path, so that what was installed is imported and not ./explain.
    given = {"PYTHONPATH": str(SITE), "PYTHONSAFEPATH": "1", "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"}
    given |= {"PIP_NO_BUILD_ISOLATION": "0"}
    printed = run_as_reader(tmp_path, script_of(ROOT / "explain" / "README.md"), given)
    assert "Successfully installed vigie-explain" in printed
    assert "from " in printed
    assert (tmp_path / "waterfall.svg").stat().st_size > 1000
    assert not (tmp_path / "explain" / "build").exists()
    assert not (tmp_path / "explain" / "built").exists()
    (kernels,) = (tmp_path / "reasons" / "lib").glob("python*/site-packages/explain/built")
    assert len(list(kernels.glob("*.so"))) == len(build.variants())


def packed(folder: Path, clone: Path = ROOT / "explain") -> standalone.BuildWithKernel:
    """The command of a clone that copies its modules into a folder, loaded as setuptools loads it: by its file."""
    spec = importlib.util.spec_from_file_location("standalone_of_clone", clone / "standalone.py")
    assert spec is not None
    assert spec.loader is not None
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    command: standalone.BuildWithKernel = own.BuildWithKernel(Distribution({"name": "x", "packages": []}))
    command.build_lib = str(folder)
    command.finalize_options()
    command.build_lib = str(folder)
    return command


def test_kernels_that_are_built_are_copied_and_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no compiler they are packed all the same, and nothing is said of it."""
    monkeypatch.setenv("CC", "no-such-compiler")
    packed(tmp_path).run()
    made = sorted((tmp_path / "explain" / "built").glob("*.so"))
    assert [path.name for path in made] == sorted(build.kernel_path(v).name for v in build.variants())
    assert all(path.read_bytes() == (build.BUILT / path.name).read_bytes() for path in made)
    assert capsys.readouterr().err == ""


def test_without_a_kernel_and_a_compiler_the_package_is_packed_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a clone in which nothing is built: why not is the compiler's, and no folder is missed."""
    clone = sources(tmp_path, built=False)
    monkeypatch.setenv("CC", "no-such-compiler")
    packed(tmp_path / "out", clone).run()
    said = capsys.readouterr().err
    assert "no-such-compiler" in said
    assert "Without it, explanations are computed in NumPy" in said
    assert not list((tmp_path / "out").glob("**/*.so"))


def test_a_wheel_is_of_this_kind_of_machine_and_built_elsewhere() -> None:
    """Of any Python 3; its parts are made in a folder that is no part of the sources."""
    distribution = Distribution({"name": "x", "packages": []})
    wheel = standalone.WheelOfMachine(distribution)
    wheel.finalize_options()
    python, interface, machine = wheel.get_tag()
    assert (python, interface) == ("py3", "none")
    assert machine.endswith(platform.machine())
    elsewhere = standalone.BuildElsewhere(distribution)
    assert Path(elsewhere.build_base).is_dir()
    assert not Path(elsewhere.build_base).is_relative_to(ROOT)
