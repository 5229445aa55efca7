"""Many explained forecasts as a table: one row each, a column for everything that adds up to its p50."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.dictionary import Entry, entries
from hospital.features.feature import in_group_order
from hospital.words import names
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.bulk.rows import Chunk, Scope
from registry.digests import canonical_json
from registry.errors import BulkError
from registry.model.forecast_model import ForecastModel
from registry.model.scope_fallback import Answered
from registry.model.trust_limits import trust_status, warnings_of, worst
from registry.package.manifest import UnitEntry

__all__ = ["Layout", "Subject"]


_FORECAST = {"p10": LEVELS.index(0.1), "p50": LEVELS.index(0.5), "p90": LEVELS.index(0.9)}
_TIME = pa.timestamp("us", tz="UTC")
_IDENTITY = {
    "wait-time": {"visit_id": pa.string(), "prediction_time": _TIME},
    "bed-demand": {
        "unit": pa.string(),
        "prediction_time": _TIME,
        "horizon_hours": pa.float64(),
        "target_at": _TIME,
    },
}
_ADJUSTMENTS = {
    "wait-time": ("calibration", "floor"),
    "bed-demand": ("unit_offset", "calibration", "floor"),
}


@dataclass(frozen=True)
class Subject:
    """Which version explains.

    Attributes:
        digest: of the package.
        package: its directory.
        scope: unit groups and horizons it may speak for.
    """

    model: str
    version: str
    digest: str
    package: Path
    scope: Scope


class Layout:
    """The columns of one model in one language, and how a chunk's answers fill them."""

    def __init__(self, model: ForecastModel, subject: Subject, language: Language) -> None:
        self._features, self._subject, self._language = model.features, subject, language
        self._adjustments = _ADJUSTMENTS[model.name]
        unit = "min" if model.name == "wait-time" else "beds"
        said: dict[str, Any] = {"unit": unit, "of": "p50", "reference": "typical", "language": language}
        said["zone"] = model.manifest.zone
        if model.name == "bed-demand":
            said["unit_names"] = {u.unit: _unit_name(u, language) for u in model.manifest.units}
        fields = [pa.field(name, kind, nullable=False) for name, kind in _IDENTITY[model.name].items()]
        fields += [pa.field(name, pa.float64()) for name in (*_FORECAST, "base")]
        dictionary = entries(self._features, model.manifest.name, language)
        fields += [_contribution(entry) for entry in dictionary]
        self._groups = in_group_order(f.group for f in self._features)
        labels = {entry.group: entry.group_label for entry in dictionary}
        fields += [
            pa.field(f"group_{name}", pa.float64(), metadata={"label": labels[name]}) for name in self._groups
        ]
        fields += [pa.field(f"adjustment_{name}", pa.float64()) for name in self._adjustments]
        fields += [pa.field("trust_status", pa.string()), pa.field("trust_warnings", pa.list_(pa.string()))]
        fields += [
            pa.field(name, pa.string(), nullable=False)
            for name in ("model_name", "model_version", "model_digest")
        ]
        self.schema = pa.schema(fields, metadata={"vigie": canonical_json(said).strip()})

    def table(self, chunk: Chunk, answered: Answered) -> Any:
        """A chunk's rows, looked at: each explanation adds up to its forecast.

        Where the baseline that a forecast starts from is not known there is no forecast: its numbers are missing.

        Raises:
            BulkError: an explanation does not add up, or the quantiles cross.
        """
        start = np.where(answered.inside, chunk.rows.offset, chunk.rows.baseline)
        known = ~np.isnan(start)
        numbers = {name: answered.quantiles[:, level] for name, level in _FORECAST.items()}
        _refuse(known & answered.unsound)
        contributions, adjustments = answered.contributions, answered.adjustments
        numbers |= {"base": answered.base}
        for j, feature in enumerate(self._features):
            numbers[f"contribution_{feature.name}"] = contributions[:, j]
        of = np.array([f.group for f in self._features])
        for name in self._groups:
            numbers[f"group_{name}"] = contributions[:, of == name].sum(axis=1)
        none = np.zeros(chunk.size)
        numbers |= {f"adjustment_{name}": adjustments.get(name, none) for name in self._adjustments}
        unknown = None if known.all() else ~known
        columns = dict(chunk.identity) | {
            n: pa.array(v, pa.float64(), mask=unknown) for n, v in numbers.items()
        }
        columns |= self._trust(chunk, answered, known)
        named = (self._subject.model, self._subject.version, self._subject.digest)
        for name, value in zip(("model_name", "model_version", "model_digest"), named, strict=True):
            columns[name] = pa.repeat(pa.scalar(value, pa.string()), chunk.size)
        arrays = [_array(columns[field.name], field.type) for field in self.schema]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _trust(self, chunk: Chunk, answered: Answered, known: Array) -> Mapping[str, Any]:
        trust_by_case: dict[
            tuple[bool, bool, tuple[str, ...], tuple[str, ...], bool, bool], tuple[str, tuple[str, ...]]
        ] = {}
        status: list[str | None] = []
        warnings: list[tuple[str, ...] | None] = []
        keys = zip(
            answered.inside.tolist(),
            chunk.stale.tolist(),
            answered.out_of_range,
            answered.missing,
            answered.unheld.tolist(),
            chunk.closed.tolist(),
            strict=True,
        )
        for row_known, key in zip(known.tolist(), keys, strict=True):
            if key not in trust_by_case:
                trust_by_case[key] = self._row_trust(*key)
            status.append(trust_by_case[key][0] if row_known else None)
            warnings.append(trust_by_case[key][1] if row_known else None)
        return {
            "trust_status": pa.array(status, pa.string()),
            "trust_warnings": pa.array(warnings, pa.list_(pa.string())),
        }

    def _row_trust(
        self,
        inside: bool,
        stale: bool,
        outside: tuple[str, ...],
        missing: tuple[str, ...],
        unheld: bool,
        closed: bool,
    ) -> tuple[str, tuple[str, ...]]:
        words = warnings_of(
            self._features,
            outside,
            missing,
            inside=inside,
            stale=stale,
            unheld=unheld,
            language=self._language,
        )
        if closed:
            return "degraded", worst((text("trust.closed_then", self._language), *words))
        return trust_status(words, inside=inside, stale=stale), words


def _unit_name(unit: UnitEntry, language: Language) -> str:
    """What the hospital calls it in this language, else its label."""
    own = unit.label_fr if language == "fr" else unit.label_en
    return own or names.unit(unit.label, language)


def _contribution(entry: Entry) -> Any:
    """The column of a feature, with its line of the dictionary."""
    said = {
        "label": entry.label,
        "group": entry.group,
        "unit": entry.unit,
        "direction": str(entry.direction),
        "lever": "yes" if entry.lever else "no",
        "sensitive": "yes" if entry.sensitive else "no",
    }
    return pa.field(f"contribution_{entry.feature}", pa.float64(), metadata=said)


def _array(values: Any, kind: Any) -> Any:
    if isinstance(values, np.ndarray) and pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def _refuse(wrong: Array) -> None:
    """Refuses a file in which an explanation would not be its forecast; `wrong`: bool [n]."""
    if wrong.any():
        raise BulkError("registry.bulk.not_exact", n=int(wrong.sum()), of=wrong.size)
