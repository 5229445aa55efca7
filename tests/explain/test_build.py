"""How the kernel is built, by a compiler that notes what it is asked: for which processors, and what is removed."""

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

import pytest

from explain import build

COMPILER = """#!/bin/sh
printf '%s\\n' "$@" >> "$0.said"
echo "{words}" >&2
while [ $# -gt 0 ]; do [ "$1" = -o ] && echo kernel > "$2"; shift; done
exit {status}
"""


def compiler(folder: Path, *, status: int = 0, words: str = "") -> Path:
    """A program that notes its arguments and writes what it is asked for."""
    path = folder / "compiler"
    path.write_text(COMPILER.format(status=status, words=words))
    path.chmod(0o755)
    return path


def test_each_width_is_built_once_and_what_is_old_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The widest asks for its processor and for its width of vector; what is there is not built again."""
    made = compiler(tmp_path)
    monkeypatch.setenv("CC", str(made))
    folder = tmp_path / "deep" / "built"
    folder.mkdir(parents=True)
    (folder / "kernel-old-x86-64.so").write_text("old")
    (folder / "other.txt").write_text("kept")
    assert [path.name for path in build.build(tmp_path / "not" / "there")] == [
        build.kernel_path(variant, folder).name for variant in build.variants()
    ]
    (tmp_path / "compiler.said").unlink()
    files = build.build(folder)
    assert files == [build.kernel_path(variant, folder) for variant in build.variants()]
    assert sorted(p.name for p in folder.iterdir()) == sorted([*(p.name for p in files), "other.txt"])
    said = (tmp_path / "compiler.said").read_text().splitlines()
    assert said.count("-o") == len(build.variants())
    asked = sorted(word for word in said if word.startswith("-m"))
    if platform.machine() == "x86_64":
        marches = [f"-march={v}" for v in build.variants()]
        assert asked == sorted([*marches, "-mprefer-vector-width=512"])
    assert "-fno-sanitize=undefined" not in said
    assert build.build(folder) == files
    assert len((tmp_path / "compiler.said").read_text().splitlines()) == len(said)
    files[-1].unlink()
    build.build(folder)
    assert files[-1].read_text() == "kernel\n"


def test_the_variants_of_this_kind_of_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an x86 three, the widest first; of another its own, which asks nothing."""
    for machine in ("x86_64", "AMD64"):
        monkeypatch.setattr(platform, "machine", lambda name=machine: name)
        assert list(build.variants()) == ["x86-64-v4", "x86-64-v3", "x86-64"]
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert build.variants() == {"aarch64": set()}


def test_a_kernel_s_name_tells_its_source_apart() -> None:
    path = build.kernel_path("x86-64-v3", Path("folder"))
    assert path.parent == Path("folder")
    assert path.name.startswith("kernel-")
    assert path.name.endswith("-x86-64-v3.so")
    assert len(path.name) == len("kernel--x86-64-v3.so") + 12
    assert build.kernel_path("x86-64-v3").parent == build.BUILT


def test_a_compiler_that_fails_is_quoted_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five hundred characters of it; set-up goes on without a kernel."""
    monkeypatch.setenv("CC", f"{compiler(tmp_path, status=1, words='n' * 501)} -x")
    folder = tmp_path / "built"
    with pytest.raises(RuntimeError) as refusal:
        build.build(folder)
    assert str(refusal.value) == f"The kernel was not built: {'n' * 500}"
    assert list(folder.iterdir()) == []
    assert "-x" in (tmp_path / "compiler.said").read_text().splitlines()
    assert build.main(folder) == 0
    assert "Explanations are computed in NumPy" in capsys.readouterr().err


def test_the_compiler_is_the_one_that_is_named_then_ziglang_then_the_systems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {"gcc": "/bin/gcc", "cc": "/bin/cc"}
    monkeypatch.setenv("CC", "cc -m64 'with space'")
    assert build._compiler() == ["cc", "-m64", "with space"]
    monkeypatch.delenv("CC")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ziglang" or None)
    assert build._compiler() == [sys.executable, "-m", "ziglang", "cc"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", there.get)
    assert build._compiler() == ["/bin/gcc"]
    there["clang"] = "/bin/clang"
    assert build._compiler() == ["/bin/clang"]
    there.clear()
    with pytest.raises(RuntimeError, match="There is no C compiler"):
        build._compiler()


def test_ziglang_is_asked_in_its_own_words(tmp_path: Path) -> None:
    """Its names of processors have no hyphens, and it would link a runtime of its own."""
    made = compiler(tmp_path)
    build._compile([str(made), "ziglang"], "x86-64-v4", tmp_path / "kernel.so")
    said = (tmp_path / "compiler.said").read_text().splitlines()
    assert "-march=x86_64_v4" in said
    assert "-fno-sanitize=undefined" in said
    assert "-mprefer-vector-width=512" not in said
    (tmp_path / "compiler.said").unlink()
    build._compile([str(made)], "aarch64", tmp_path / "kernel.so")
    assert not [w for w in (tmp_path / "compiler.said").read_text().splitlines() if w.startswith("-m")]
