"""What a verb did, shown in MLflow; where that cannot be written, the verb has done its work all the same: a note."""

import sys
from typing import TYPE_CHECKING

from cli.reader import note

if TYPE_CHECKING:
    from registry.settings import Settings

__all__ = ["show_in_mlflow"]


def show_in_mlflow(settings: "Settings", model: str, checked: str | None = None) -> None:
    """Brings MLflow up to what is signed, and to a version just checked; a note on standard error if it cannot."""
    from registry.mlflow_standing import follow

    what = follow(settings, model, checked)
    if what is not None:
        note(what, to=sys.stderr)
