"""How `explain` is packed alone (``pip install ./explain``): with its kernel, where there is a compiler.

Loaded by setuptools before anything is installed, as ``explain/pyproject.toml`` says; nothing else imports it.
"""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.command.build_py import build_py

__all__ = ["BuildElsewhere", "BuildWithKernel", "WheelOfMachine"]

_ROOM = tempfile.TemporaryDirectory(prefix="explain-")  # until this process ends


def _builder() -> ModuleType:
    """``build.py`` beside this file: the package that it is of is not there yet."""
    spec = importlib.util.spec_from_file_location("explain_build", Path(__file__).with_name("build.py"))
    if spec is None or spec.loader is None:
        raise ImportError("build.py is not beside standalone.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BuildElsewhere(build):  # type: ignore[misc] # setuptools has no annotations
    """Builds in a folder that is removed again, so that the sources are left as they were."""

    def initialize_options(self) -> None:
        """Chooses the folder."""
        super().initialize_options()
        self.build_base = _ROOM.name


class BuildWithKernel(build_py):  # type: ignore[misc]
    """Copies the modules, and compiles the kernel beside them."""

    def run(self) -> None:
        """Without a compiler the package is whole all the same: it computes in NumPy."""
        super().run()
        builder, folder = _builder(), Path(self.build_lib).resolve() / "explain" / "built"
        try:
            if builder.BUILT.is_dir():  # a clone's own: named by their sources, so that none is old
                shutil.copytree(builder.BUILT, folder, dirs_exist_ok=True)
            builder.build(folder)
        except (RuntimeError, OSError) as error:
            print(f"{error} Without it, explanations are computed in NumPy, slower.", file=sys.stderr)


class WheelOfMachine(bdist_wheel):  # type: ignore[misc]
    """A wheel that holds a kernel is of one kind of machine, and of any Python 3."""

    def finalize_options(self) -> None:
        """Says so before the wheel is named, and what it holds is placed."""
        self.distribution.has_ext_modules = lambda: True
        super().finalize_options()

    def get_tag(self) -> tuple[str, str, str]:
        """(Python, binary interface, machine)."""
        return "py3", "none", super().get_tag()[2]
