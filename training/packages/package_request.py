"""What training is asked for."""

from dataclasses import dataclass

from hospital.dataset.splits import Kind
from training.trees import DEFAULT_HYPERPARAMETERS, Hyperparameters

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """What training was asked for.

    Attributes:
        horizons_hours: of bed demand; empty: the defaults of the census's cadence.
        test_from: start of the test set (instant), None: the last fifth.
        threads: changes the time, never the package.
        kind: "baseline" for a package of baselines alone.
        hyperparameters: of the trees.
        trials: how many hyperparameters to try first, on the training set; the best takes the place of
            `hyperparameters`.
        ablation: whether to find what each group of features is worth.
        boarders_above: patients who wait for a bed: the threshold of the hospital's policy of levels at which their
            number is to be foreseen; None: it names none.
    """

    model: str
    horizons_hours: tuple[float, ...] = ()
    test_from: int | None = None
    seed: int = 1
    threads: int = 1
    kind: Kind = "model"
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS
    trials: int = 0
    ablation: bool = False
    boarders_above: float | None = None
