"""From the bytes of a model file to its ensemble: which format it is, and what reads it."""

from typing import Any

from explain.errors import ModelFileError
from explain.formats.checked import json_of
from explain.formats.ensemble import Ensemble
from explain.formats.lightgbm_json import read_lightgbm_json
from explain.formats.lightgbm_text import read_lightgbm_text
from explain.formats.ubjson import read_ubjson
from explain.formats.xgboost_file import read_xgboost

__all__ = ["read_model"]


def read_model(data: bytes, iteration_range: tuple[int, int] | None = None) -> Ensemble:
    """The ensemble in the bytes of a file: XGBoost's ``.ubj`` or ``.json``, LightGBM's text or JSON.

    Args:
        data: the file.
        iteration_range: the boosting rounds whose trees are used, [begin, end); (0, 0): all; None: through
            the file's best_iteration, where it names one, else all.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported: it says which.
    """
    if data[:4] == b"tree" and data[4:5] in b"\r\n":
        return read_lightgbm_text(data, iteration_range)
    body = _parse(data)
    if isinstance(body, dict) and body.get("name") == "tree" and "tree_info" in body:
        return read_lightgbm_json(body, iteration_range)
    return read_xgboost(body, iteration_range)


def _parse(data: bytes) -> Any:
    if data[:1] != b"{":
        raise ModelFileError(
            "The file is not a model of XGBoost (.ubj or .json): write it with save_model('model.ubj'), not with "
            "pickle or dump_model; nor one of LightGBM: write it with save_model('model.txt')."
        )
    return read_ubjson(data) if data[1:2] in b"iUIlL" and data[1:2] else json_of(data)
