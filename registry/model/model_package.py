"""A verified package, read: its trees, calibration, baselines and what else its files hold."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from explain import ExplanationError, TreeEngine
from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import Split
from hospital.features.definition_digest import unknown_features
from hospital.features.feature import Feature
from hospital.words.messages import Foreign
from registry.components.adaptive_width import AdaptiveWidth
from registry.components.admission_model import AdmissionModel
from registry.components.boarding_model import BoardingModel
from registry.components.exceedances import Exceedances
from registry.components.interval_trees import IntervalTrees, QuantileTrees, SpreadTrees
from registry.components.linear_step import LinearStep, Median
from registry.components.training_range import TrainingRange
from registry.components.usual_cases import ARRAYS, UsualCases
from registry.errors import PackageError
from registry.model.forecast_rows import WAIT_GROUP_SHAPE
from registry.model.hospital_total import HospitalTotal, group_totals
from registry.package.manifest import HELD_BACK, HELD_BACK_FILES, SPREAD_BY_HOUR, Manifest, read_package
from registry.package.packed_arrays import read_arrays

__all__ = ["ModelPackage"]


class ModelPackage:
    """The parts of a package that forecasts are made of."""

    def __init__(self, directory: Path) -> None:
        """Verifies the package, then reads it.

        Raises:
            PackageError: a byte of it is not what its manifest says, or its files are of another Vigie.
        """
        package = read_package(directory)
        self._take(package.manifest, package.digest, package.files)

    def _take(self, manifest: Manifest, digest: str, files: Mapping[str, bytes]) -> None:
        self.manifest: Manifest = manifest
        self.digest = digest
        """Of the very bytes that it was built from."""
        self._files = files
        try:
            self._read()
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise PackageError("registry.package.other_vigie", kind=type(error).__name__) from None

    @cached_property
    def held_back(self) -> Self:
        """The model as an earlier fit left it, which never saw the validation set: what is asked about that set.

        The model itself where it never was: a baseline, and packages made before models were. Read when it is asked
        for, since nobody is answered by it.

        Raises:
            PackageError: its files are of another Vigie.
        """
        if self.fitted_part != "validation":
            return self
        before = {n.removeprefix(HELD_BACK): c for n, c in self._files.items() if n.startswith(HELD_BACK)}
        others = {n: c for n, c in self._files.items() if not n.startswith(HELD_BACK)}
        found = type(self).__new__(type(self))
        found._take(self.manifest, self.digest, {**others, **before})
        if found.adaptive is not None:
            end = Split.from_json(self.manifest.split).spans["calibration"][1]
            found.adaptive = replace(found.adaptive, since=end)
        return found

    @property
    def fitted_part(self) -> str:
        """The last part of the history that what is served was fitted to."""
        if self.manifest.kind != "model":
            return "train"
        return "validation" if any(n.startswith(HELD_BACK) for n in self._files) else "calibration"

    def _groups(self) -> int:
        """How many calibration groups this Vigie's rows have."""
        if self.name != "wait-time":
            return len(self.manifest.horizons_hours)
        department = next((f for f in self.features if f.name == "department"), None)
        return max(len(department.levels) if department else 0, 1) * math.prod(WAIT_GROUP_SHAPE)

    def _read(self) -> None:
        earlier = {name.removeprefix(HELD_BACK) for name in self._files if name.startswith(HELD_BACK)}
        if earlier and (self.manifest.kind != "model" or earlier != HELD_BACK_FILES[self.name]):
            raise ValueError
        if unknown := unknown_features(self.name, self.features):
            raise PackageError("registry.package.unknown_features", names=", ".join(unknown))
        if self.manifest.kind == "model":
            linear = LinearStep.from_json(self._json("linear.json")) if "linear.json" in self._files else None
            if linear is not None:
                linear.require({f.name for f in self.features}, len(self.manifest.horizons_hours))
            self.median = Median(self._engine("median.ubj"), linear, self.features)
            self.interval = self._interval_trees()
            calibration = self._json("calibration.json")
            self.shift, self.z = (np.array(calibration[name], np.float64) for name in ("shift", "quantiles"))
            if self.z.shape != (self.shift.size, len(LEVELS)) or self.shift.size != self._groups():
                raise ValueError
            reference: dict[str, Array] = read_arrays(self._files["reference.npz"])
            self._usual_contributions = reference["contributions"]
            self._usual_values: Array = reference["values"]
            self.usual_cases = self._read_usual_cases(reference)
        baseline = self._json("baseline.json")
        self.beds = BedBaselines.from_json(baseline) if self.name == "bed-demand" else None
        self.waits = WaitBaselines.from_json(baseline) if self.name == "wait-time" else None
        self.profile = self._json("profile.json")
        _ = self.training_range  # a profile of another Vigie is refused here, and not when somebody asks
        adaptive = self._json("adaptive.json") if "adaptive.json" in self._files else None
        self.adaptive = None if adaptive is None else AdaptiveWidth.from_json(adaptive)
        """How intervals follow recent errors; None: they do not, as in packages made before they could."""
        hospital_total = self._json("hospital.json") if "hospital.json" in self._files else None
        self.hospital_total = None if hospital_total is None else HospitalTotal.from_json(hospital_total)
        if self.hospital_total is not None and self.hospital_total.horizons != self.manifest.horizons_hours:
            raise ValueError
        self.exceedances = Exceedances.from_json(self._json("exceedance.json", b"{}"))
        admission = self._json("admission.json") if "admission.json" in self._files else None
        self.admissions = None if admission is None else AdmissionModel.from_json(admission)
        """Who of the emergency department is admitted; None: a package made before, or visits that do not say."""
        boarding = self._json("boarding.json") if "boarding.json" in self._files else None
        self.boarding = None if boarding is None else BoardingModel.from_json(boarding)
        """How probably patients will board; None: a package made before, or without a threshold that was named."""
        self.group_totals = group_totals(self._json("groups.json", b"{}"), self.manifest.horizons_hours)

    def _interval_trees(self) -> IntervalTrees:
        """Of a package of waits its p10 and p90; of beds, and of waits made before they were stored, one spread."""
        if "p10.ubj" in self._files:
            return QuantileTrees(self._engine("p10.ubj"), self._engine("p90.ubj"))
        by_hour = self._engine(SPREAD_BY_HOUR) if SPREAD_BY_HOUR in self._files else None
        return SpreadTrees(self._engine("spread.ubj"), by_hour)

    def _read_usual_cases(self, reference: dict[str, Array]) -> UsualCases | None:
        """What answers are compared with; None: a package made before its situations were stored compares nothing."""
        if not set(reference) & set(ARRAYS):
            return None
        return UsualCases.from_arrays(reference, *self._usual_contributions.shape)

    @property
    def name(self) -> str:
        """The registered model: ``bed-demand`` or ``wait-time``."""
        return self.manifest.name

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The features in the order of the columns of X."""
        return tuple(Feature(**entry.model_dump()) for entry in self.manifest.features)

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Levels of the categories by feature name."""
        return {f.name: f.levels for f in self.manifest.features if f.levels}

    @property
    def waits_or_raise(self) -> WaitBaselines:
        """The wait-time baselines of a wait-time package."""
        if self.waits is None:
            raise PackageError("registry.package.of_beds")
        return self.waits

    @property
    def beds_or_raise(self) -> BedBaselines:
        """The bed-demand baselines of a bed-demand package."""
        if self.beds is None:
            raise PackageError("registry.package.of_waits")
        return self.beds

    @property
    def usual_values(self) -> Array:
        """What is usual of each feature: float64 [cells, features], the most frequent code of a category."""
        return self._usual_values

    @cached_property
    def training_range(self) -> TrainingRange:
        """What training saw of each feature."""
        return TrainingRange.of(self.features, self.profile)

    def _engine(self, name: str) -> TreeEngine:
        try:
            engine = TreeEngine.load(self._files[name])
        except ExplanationError as error:
            raise PackageError("registry.package.unusable", name=name, why=_of_engine(error)) from None
        if (engine.features, engine.outputs) != (len(self.manifest.features), 1):
            raise PackageError("registry.package.other_features", name=name)
        return engine

    def _json(self, name: str, absent: bytes | None = None) -> dict[str, Any]:
        body = json.loads(self._files[name] if absent is None else self._files.get(name, absent))
        if not isinstance(body, dict):
            raise PackageError("registry.package.no_object", name=name)
        return body


def _of_engine(error: ExplanationError) -> Foreign:
    """What the engine says of a model file, which it says in English, since it installs alone."""
    return Foreign(str(error), "engine", "model_file")
