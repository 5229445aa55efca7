"""Scripts of `requirements/`, which no package holds, as modules."""

import importlib.util
from types import ModuleType

from tests.support.repository import ROOT

__all__ = ["script"]


def script(name: str) -> ModuleType:
    """A script of `requirements/`, loaded under a name that no package has."""
    spec = importlib.util.spec_from_file_location(f"vigie_{name}", ROOT / "requirements" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
