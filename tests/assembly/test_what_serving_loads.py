"""What a service loads when it starts: nothing of training, nothing uncompiled, and all that a bento has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running_service import ROOT


@pytest.mark.parametrize(
    ("loaded", "more"),
    [("assembly.service", ["sqlalchemy", "numpy"]), ("assembly.routes, serving.composition", [])],
)
def test_serving_imports_none_of_what_training_needs(loaded: str, more: list[str]) -> None:
    """It starts small: nothing of training, and in BentoML's supervisor, which never answers, no database either."""
    code = f"import {loaded}, sys; print([m for m in %r if m in sys.modules])"
    heavy = [
        "mlflow",
        "shap",
        "fairlearn",
        "pandera",
        "pandas",
        "xgboost",
        "sklearn",
        "snowballstemmer",
        *more,
    ]
    found = subprocess.run(
        [sys.executable, "-c", code % heavy], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_nothing_that_a_service_loads_is_compiled_when_it_starts() -> None:
    """Set-up compiled every library: an installation that may not write there would compile all at each start."""
    code = (
        "import importlib.util, os, pathlib, sys, _bentoml_impl.server, serving.application, serving.composition\n"
        "import sqlalchemy\n"
        "found = [m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)]\n"
        # And some that nothing of ours ever imports, so that no start has compiled them.
        "unused = pathlib.Path(sqlalchemy.__file__).parent / 'dialects' / 'oracle'\n"
        "found += list(map(str, unused.glob('*.py')))\n"
        "assert not any('oracle' in m for m in sys.modules)\n"
        "sources = [f for f in found if f.endswith('.py') and 'site-packages' in f]\n"
        "assert len(sources) > 200\n"
        "print([f for f in sources if not os.path.exists(importlib.util.cache_from_source(f))])"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_bento_is_built_without_network(tmp_path: Path) -> None:
    """`bentoml build` packs what serving needs: templates and styles too, no test, no training."""
    environment = {**os.environ, "BENTOML_HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "true"}
    environment |= {
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "UV_OFFLINE": "1",
    }
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-2000:]
    source = next(tmp_path.glob("bentos/vigie/*/src"))
    names = {str(p.relative_to(source)) for p in source.rglob("*") if p.is_file()}
    assert {
        "serving/pages/templates/start.html",
        "serving/pages/static/vigie.css",
        "registry/policy/policies/default.toml",
    } <= names
    assert [n for n in names if n.startswith("explain/built/kernel-")]
    assert not [n for n in names if n.startswith(("tests/", "training/"))]
