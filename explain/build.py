"""Compiles the kernel at set-up: ``python -m explain.build``. Nothing compiles later.

One file for each width of vector, so that the same folder serves any processor of its kind; the widest that the
processor has is loaded. Without a compiler nothing is built, and the engine computes the same in NumPy, slower.
``pip install ./explain`` builds, too (`explain.standalone`). ``make setup`` fetches the compiler that is pinned in
``requirements/compiler.lock``, and takes it away again.
"""

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

__all__ = ["BUILT", "SOURCES", "advice", "build", "kernel_path", "variants"]

_NATIVE = Path(__file__).with_name("native")
SOURCES = tuple(_NATIVE / name for name in ("kernel.c", "contrast.c", "pairs.c", "tables.c"))
_HEADERS = tuple(_NATIVE / name for name in ("kernel.h", "tree_pass.h"))
BUILT = Path(__file__).with_name("built")
_FLAGS = ["-std=gnu11", "-O3", "-s", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math"]
_FLAGS += [
    "-ffp-contract=on"
]  # within an expression: what is fused is said by the source, not by the optimiser
_FLAGS += [
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
]  # what is vectors is written as vectors: 1.1 times as fast
_X86 = {  # widest first, with what the processor must say that it has
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"},
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"},
    "x86-64": set(),
}


def variants() -> dict[str, set[str]]:
    """Architectures that are built here, widest first, and the processor flags that each needs."""
    return _X86 if platform.machine() in ("x86_64", "AMD64") else {platform.machine(): set()}


def advice() -> str:
    """How the kernel is built where this code runs: in a clone of Vigie, or installed alone."""
    if Path(__file__).parents[1].joinpath("requirements", "compiler.lock").exists():
        return "make setup"
    return f"{Path(sys.executable).name} -m explain.build (with a C compiler: pip install ziglang)"


def kernel_path(variant: str, folder: Path = BUILT) -> Path:
    """Where a variant lies; the name changes with the source, so that an old one is never loaded."""
    text = b"".join(path.read_bytes() for path in (*_HEADERS, *SOURCES))
    digest = hashlib.sha256(text + " ".join(_FLAGS).encode()).hexdigest()[:12]
    return folder / f"kernel-{digest}-{variant}.so"


def build(folder: Path = BUILT) -> list[Path]:
    """Builds what is missing in a folder and removes what is old; returns the files.

    Raises:
        RuntimeError: there is no compiler, or it failed.
    """
    wanted = {variant: kernel_path(variant, folder) for variant in variants()}
    if not all(path.exists() for path in wanted.values()):
        compiler = _compiler()
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each is a process of the compiler's own
            list(pool.map(partial(_compile, compiler), wanted, wanted.values()))
    for old in folder.glob("kernel-*"):
        if old not in wanted.values():
            old.unlink()
    return list(wanted.values())


def _compile(compiler: list[str], variant: str, path: Path) -> None:
    zig = "ziglang" in compiler
    options = [f"-march={variant.replace('-', '_') if zig else variant}"] if variant in _X86 else []
    if zig:
        options.append("-fno-sanitize=undefined")  # which it would link a runtime for
    elif variant == "x86-64-v4":
        options.append("-mprefer-vector-width=512")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = [*compiler, *_FLAGS, *options, "-w", *map(str, SOURCES), "-o", str(made)]
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise RuntimeError(f"The kernel was not built: {done.stderr.strip()[:500]}")
        made.replace(path)


def _compiler() -> list[str]:
    """$CC, else PyPI's ziglang (the same on every machine; a faster kernel than GCC's), else the system's."""
    if os.environ.get("CC"):
        return shlex.split(os.environ["CC"])
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    for name in ("clang", "gcc", "cc"):
        if found := shutil.which(name):
            return [found]
    raise RuntimeError("There is no C compiler: pip install ziglang, or apt-get install gcc.")


def main(folder: Path = BUILT) -> int:
    """Builds into a folder, or says what is done without."""
    try:
        build(folder)
    except (RuntimeError, OSError) as error:
        print(f"{error} Explanations are computed in NumPy, slower and as exactly.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
