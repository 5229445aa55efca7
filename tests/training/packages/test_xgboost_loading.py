"""XGBoost as a process that only trains loads it: without scikit-learn, which whoever needs it still finds."""

import json
import subprocess
import sys

from tests.support.repository import ROOT

TRAINS = """
import json, sys
from training.packages.xgboost_loading import load_alone
{before}
load_alone()
import training.train
loaded = [name for name in ("xgboost", "sklearn.base") if name in sys.modules]
from sklearn.base import BaseEstimator
import xgboost
print(json.dumps([loaded, issubclass(xgboost.XGBRegressor, BaseEstimator)]))
"""


def said_by(before: str) -> list[object]:
    """What is loaded with training, and whether XGBoost's regressor is one of scikit-learn's."""
    code = TRAINS.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[object] = json.loads(done.stdout)
    return found


def test_training_loads_xgboost_without_scikit_learn() -> None:
    """Which is found where it is wanted afterwards."""
    assert said_by("") == [["xgboost"], False]


def test_what_is_loaded_already_stays_as_it_is() -> None:
    """In a process that has scikit-learn or XGBoost, nothing is taken from either."""
    assert said_by("import xgboost") == [["xgboost", "sklearn.base"], True]
