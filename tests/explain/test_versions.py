"""Model files that XGBoost 1.7 to 3.4 wrote (``tests/support/old_models.py``): what each forecast of its own."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine
from explain.formats.ensemble import Array
from explain.formats.links import LINKS

FILES = sorted((Path(__file__).parent / "models").glob("xgboost-*.zip"))
MODELS = [
    (path, name.removesuffix(".npy"))
    for path in FILES
    for name in zipfile.ZipFile(path).namelist()
    if name.endswith(".npy") and name != "rows.npy"
]
WITHOUT_COVERS = ("1.", "2.", "3.0", "3.1")


def version(path: Path) -> str:
    """The one that wrote a file."""
    return path.stem.removeprefix("xgboost-")


def array(archive: zipfile.ZipFile, name: str) -> Array:
    """A stored array."""
    return np.load(io.BytesIO(archive.read(name)), allow_pickle=False)


@pytest.mark.parametrize(("path", "name"), MODELS, ids=[f"{version(p)} {n}" for p, n in MODELS])
def test_a_file_of_another_version_is_forecast_as_by_that_version(path: Path, name: str) -> None:
    """To the last bit, from both formats; its contributions add up, and are those of the XGBoost of today."""
    with zipfile.ZipFile(path) as archive:
        rows, margin = array(archive, "rows.npy"), array(archive, f"{name}.npy")
        raws = [archive.read(f"{name}.{form}") for form in ("ubj", "json")]
    for raw in raws:
        if name == "vectors" and version(path).startswith(WITHOUT_COVERS):
            with pytest.raises(ModelFileError, match="multi_output_tree"):
                TreeEngine.load(raw)
            continue
        if name == "reg:expectileerror":
            with pytest.raises(ModelFileError, match=r"'reg:expectileerror' is not supported"):
                TreeEngine.load(raw)
            continue
        engine = TreeEngine.load(raw, threads=1)
        np.testing.assert_array_equal(engine.predict(rows), margin)
        found = engine.contributions(rows)
        added = np.asarray(found.base + found.values.sum(axis=-1))
        np.testing.assert_allclose(added, engine.predict_exactly(rows), atol=1e-10)
        if name == "vectors":
            continue  # XGBoost explains none
        booster = xgb.Booster({"nthread": 1}, model_file=bytearray(raw))
        kinds = ["c", "q", "q"] if name in ("one by one", "in two parts") else None
        data = xgb.DMatrix(rows, feature_types=kinds, enable_categorical=True, nthread=1)
        begin, end = engine.rounds
        theirs = booster.predict(
            data, pred_contribs=True, iteration_range=(begin, end), validate_features=False
        )
        np.testing.assert_allclose(found.values, theirs[..., :-1], atol=2e-5)


def test_each_version_has_every_objective_that_it_knows() -> None:
    """A file from each line of versions, and every objective whose link is known in the newest."""
    assert [version(path).rpartition(".")[0] for path in FILES] == ["1.7", "2.1", "3.0", "3.1", "3.2", "3.4"]
    newest = {name for path, name in MODELS if path == FILES[-1]}
    assert newest >= {*LINKS, "reg:expectileerror"} - {"reg:linear"}
    assert {"dart", "forest", "one by one", "in two parts", "two outcomes", "vectors", "early"} <= newest
    assert sum(path.stat().st_size for path in FILES) < 600_000
