"""What the tables are good for: which features will exist, and whether the history is long enough."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.samples import WARM_UP_DAYS
from hospital.dataset.splits import BASELINE_FIRST_DAYS, HORIZONS_HOURS, least_days
from hospital.features.beds import ALL_BED_FEATURES
from hospital.features.feature import SEASON_DAYS, Feature
from hospital.features.wait import WAIT_FEATURES
from hospital.profile.current_rows import Latest
from hospital.profile.facts import FeatureProfile, HorizonProfile, ModelProfile, TableProfile
from hospital.profile.feature_needs import (
    CADENCE,
    CONDITIONS,
    MODELS,
    NEEDED_AT_ALL,
    STEP,
    conditions,
    features_of,
    has_values,
    lost_without,
)
from hospital.record.events import Events
from hospital.times import DAY, HOUR

__all__ = ["costs", "model_profiles"]

_ALL: Mapping[str, tuple[Feature, ...]] = {"bed-demand": ALL_BED_FEATURES, "wait-time": WAIT_FEATURES}
_RECORDS: Mapping[str, tuple[str, ...]] = {"bed-demand": ("stays", "census"), "wait-time": ("visits",)}


def costs(events: Events) -> Mapping[str, tuple[str, ...]]:
    """Features (``model:feature``) that each ``table.column``, or table, would cost if it were missing."""
    lost = lost_without(_is_counted(events), events.cadence_hours >= 24)
    return {name: tuple(f"{m}:{f}" for m, f in sorted(pairs)) for name, pairs in lost.items()}


def _is_counted(events: Events) -> bool:
    return events.counted or "census" not in events.tables


def model_profiles(
    events: Events,
    latest: Mapping[str, Latest],
    tables: Iterable[TableProfile],
    covariates: tuple[str, ...],
    horizons_hours: tuple[float, ...],
    *,
    whole: bool = True,
) -> tuple[ModelProfile, ...]:
    """What the tables are good for, model by model.

    Args:
        whole: whether a census tells every hour or every day; of another no forecast is made.
        horizons_hours: of bed demand; empty: those that training takes by itself.
    """
    gaps = {t.name: sum(g.hours for g in t.gaps) / 24 for t in tables}
    if (
        "census" in latest
    ):  # its units are looked at one by one; days on which none of them was counted are holes
        gaps["census"] = _days_without_rows(latest["census"].times)
    models = (_model(model, events, latest, gaps, covariates, horizons_hours) for model in MODELS)
    steps = () if whole or "stays" in latest else (STEP,)
    return tuple(replace(m, lacks=(*m.lacks, *steps)) if m.model == "bed-demand" else m for m in models)


def _days_without_rows(times: Array) -> float:
    """Days between two neighbouring times (sorted instants, int64 [n]) beyond the usual step, where above two days."""
    steps = np.diff(np.unique(times)) / DAY
    return float((steps[steps > 2.0] - 1.0).sum())


def _model(
    model: str,
    events: Events,
    latest: Mapping[str, Latest],
    gaps: Mapping[str, float],
    covariates: tuple[str, ...],
    horizons_hours: tuple[float, ...],
) -> ModelProfile:
    lacks = _said_once(
        " | ".join(names)
        for names in NEEDED_AT_ALL[model]
        if not any(has_values(events, name) for name in names)
    )
    days = max(
        (_days(events, latest[n], gaps.get(n, 0.0)) for n in _RECORDS[model] if n in latest), default=0.0
    )
    hours: tuple[float, ...] = (24.0,)
    if model == "bed-demand":
        hours = horizons_hours or HORIZONS_HOURS[24 if events.cadence_hours >= 24 else 1]
    horizons = tuple(
        HorizonProfile(
            h if model == "bed-demand" else 0.0,
            float(least_days(int(h * HOUR))),
            round(max(days - WARM_UP_DAYS - (h / 24 if model == "bed-demand" else 0.0), 0.0), 1),
        )
        for h in hours
    )
    features = _features(model, events, covariates)
    return ModelProfile(
        model, lacks, round(days, 1), horizons, days < BASELINE_FIRST_DAYS, days >= SEASON_DAYS, features
    )


def _said_once(names: Iterable[str]) -> tuple[str, ...]:
    """What is lacking; a table that is not there says it for all of its columns."""
    lacks = tuple(names)
    return tuple(n for n in lacks if "." not in n or n.partition(".")[0] not in lacks)


def _days(events: Events, record: Latest, gap_days: float) -> float:
    """Days from where the record is whole to its tenth row from the end, without its gaps."""
    bounds = record.bounds
    if bounds is None:
        return 0.0
    return max((bounds[1] - max(events.history_from, bounds[0])) / DAY - gap_days, 0.0)


def _features(model: str, events: Events, covariates: tuple[str, ...]) -> tuple[FeatureProfile, ...]:
    have = features_of(model, events, covariates)
    names = {f.name for f in have}
    added = tuple(f for f in have if f.name not in {known.name for known in _ALL[model]})
    needs, lacking = lost_without(_is_counted(events), events.cadence_hours >= 24), conditions(events)
    out = []
    for feature in (*_ALL[model], *added):
        lacks: tuple[str, ...] = ()
        if feature.name not in names:
            lacks = _said_once(
                name
                for name, lost in needs.items()
                if (model, feature.name) in lost
                and (name in lacking or not (name in CONDITIONS or has_values(events, name)))
            )
            # A daily census is whole without the hours of the day.
            lacks = lacks or (CADENCE,)
        out.append(
            FeatureProfile(feature.name, feature.label_fr, feature.label_en, feature.name in names, lacks)
        )
    return tuple(out)
