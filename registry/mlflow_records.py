"""What MLflow is given of a version besides its package: how it is loaded, and what it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Data", "Flavour"]


@dataclass(frozen=True)
class Flavour:
    """How MLflow loads a package, and what it may be asked: what goes into ``MLmodel``, beside ``package/``.

    Attributes:
        loader: the module that loads it.
        inputs: columns of the table to forecast, with MLflow's types (``double``, ``datetime``); ``any`` for texts:
            MLflow refuses a column of texts of which all are unknown.
        optional: columns that may be absent.
        outputs: columns of the answer, numbers.
        example: a table to try it with, as pandas writes it in JSON (``orient="split"``).
    """

    loader: str
    inputs: Mapping[str, str]
    optional: frozenset[str]
    outputs: tuple[str, ...]
    example: str


@dataclass(frozen=True)
class Data:
    """What a version was trained on: the sealed tables.

    Attributes:
        digest: of the tables' content.
        seal: of the snapshot in which they are sealed.
        rows: by table.
    """

    digest: str
    seal: str
    rows: Mapping[str, int]
