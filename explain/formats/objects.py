"""Models in memory, as the bytes of their own files: those of XGBoost and LightGBM, known by what they can do.

Neither library is imported: a model that is given brings its own.
"""

import os
from pathlib import Path
from typing import Any

from explain.errors import ModelFileError

__all__ = ["bytes_of"]

_TAKEN = (
    "a model file's path or bytes, a Booster or XGBModel of XGBoost, or a Booster or LGBMModel of LightGBM"
)


def bytes_of(source: object) -> tuple[bytes, tuple[int, int] | None]:
    """The bytes of a model's file, and the rounds that it forecasts with by itself.

    Args:
        source: a path, bytes, or a model of XGBoost or LightGBM.

    Returns:
        The bytes; (0, 0) for all rounds, None for those through its best_iteration where it names one.

    Raises:
        ModelFileError: it is none of these, or cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), None
    if isinstance(source, str) and source.startswith(("tree\n", "tree\r\n")):
        return source.encode("utf-8", "surrogateescape"), None  # LightGBM's model_to_string()
    if isinstance(source, str | os.PathLike):
        try:
            return Path(source).read_bytes(), None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise ModelFileError(f"The model file {str(source)[:200]} cannot be read: {why}.") from None
    if isinstance(source, type):
        raise ModelFileError(f"The class {source.__name__} is no model: give {_TAKEN}.")
    try:
        return _of_model(source)
    except ModelFileError:
        raise
    except Exception as error:  # whatever the other library says of a model that is not whole
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelFileError(
            f"The {type(source).__name__} cannot be read ({why}): is it fitted? Give {_TAKEN}."
        ) from error


def _of_model(source: Any) -> tuple[bytes, tuple[int, int] | None]:
    if callable(getattr(source, "get_booster", None)):  # an estimator of XGBoost: through its best round
        return bytes(source.get_booster().save_raw("ubj")), None
    if callable(getattr(source, "save_raw", None)):  # Booster.predict uses all rounds
        return bytes(source.save_raw("ubj")), (0, 0)
    model = source.booster_ if hasattr(type(source), "booster_") else source
    if callable(getattr(model, "model_to_string", None)):
        text: str = model.model_to_string()
        return text.encode("utf-8", "surrogateescape"), None
    kind = f"{type(source).__module__.partition('.')[0]}.{type(source).__name__}"
    raise ModelFileError(f"An object of the kind {kind} is not supported: give {_TAKEN}.")
