"""How a process that only trains loads XGBoost: without its wrappers for scikit-learn, which no training uses.

Where scikit-learn is there, XGBoost loads it, and with it SciPy's statistics: most of what it takes to be loaded.
"""

import sys

__all__ = ["load_alone"]


def load_alone() -> None:
    """Loads XGBoost without scikit-learn, unless this process has either of them already.

    For the process of a command: whoever wants ``XGBRegressor`` afterwards does not find it in it.
    """
    if sys.modules.keys() & {"sklearn", "xgboost"}:
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        import xgboost  # noqa: F401 - what it loads is decided here
    finally:
        del sys.modules["sklearn"]
