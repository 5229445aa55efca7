"""What a check is of: the version, the rows that it judges, and their scores."""

from collections.abc import Callable
from dataclasses import dataclass

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from registry.candidates.candidates import Candidate
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.policy.board_policy import Policy
from registry.settings import Settings

__all__ = ["CheckedRows", "Prepared", "Progress", "Scores", "Subject"]

Progress = Callable[[str, float], None]
Prepared = PreparedBeds | PreparedWaits


@dataclass(frozen=True)
class Subject:
    """What is checked, where, by which policy."""

    settings: Settings
    candidate: Candidate
    model: ForecastModel
    policy: Policy
    progress: Progress

    @property
    def is_model(self) -> bool:
        """Whether it is a model; else a baseline alone, of which much cannot be asked."""
        return self.model.manifest.kind == "model"


@dataclass(frozen=True)
class CheckedRows:
    """The rows that are checked.

    Attributes:
        sealed: those that the version was registered on.
        earlier: of them those before the test set, as the model that is held back from the validation set has them.
        prepared: those that are judged; the same, or later ones.
        registered: the parts as the manifest has them.
        ours: as this code cuts the sealed rows.
        split: of `prepared`.
    """

    tables: HospitalTables
    sealed: Prepared
    earlier: Prepared
    prepared: Prepared
    registered: Split
    ours: Split
    split: Split

    @property
    def judged(self) -> Prepared:
        """The rows of the test set."""
        return self.prepared.part(self.split.members("test", self.prepared.prediction_time))

    @property
    def sealed_judged(self) -> Prepared:
        """The sealed rows of the test set: what refits were asked about, also where later rows are judged."""
        return self.sealed.part(self.registered.members("test", self.sealed.prediction_time))


@dataclass(frozen=True)
class Scores:
    """Scored rows: of the validation set, the test set, and the hospital total's where the package forecasts it.

    Attributes:
        before_test: of beds, those from the calibration set on, the validation set's among them; None of waits, whose
            weights are those of each part alone.
    """

    validation: Scored
    test: Scored
    whole: Scored | None
    before_test: Scored | None = None
