"""How well boarding is foreseen from what exists, beside NEDOCS now: on simulated hospitals, 4 to 24 hours ahead.

What is needed beyond each unit's staffed beds is expected to wait elsewhere: the sum of units' expected shortages, as
exact however units fill together. A small logistic on it, on who boards and is present now and on the hour is fitted on
the validation set; the test set judges. The same without the shortage says what the bed forecast adds. No service has
it: it is measured here whether it is worth one.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks.results import Figure, conditions
from centre.tension.indices import nedocs
from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from hospital.times import DAY, HOUR
from registry.digests import write_atomically
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import prepare_held_back, score
from training.packages.package_request import Request
from training.train import build_package

__all__ = ["auc", "boarding_figures", "crowding_of", "shortage", "threshold_of"]

HORIZONS = (4.0, 8.0, 24.0)
POINTS = 8.0
_OFTEN = 0.2
_KEPT = Path(".bench") / "tension-boarding"
_DRAWS = 400
_SCORES = ("small_model", "without_beds", "shortage", "boarders_now", "nedocs")
_INPUTS = ("patients", "boarders", "critical", "longest_boarding_hours", "last_wait_hours")


@dataclass(frozen=True)
class Shortage:
    """Beds needed beyond those with staff, summed over units.

    Attributes:
        time: int64 [n], prediction times, rising within a horizon.
        horizon: float64 [n], hours.
        total: float64 [n], beds expected.
        rows: int64 [n], units behind it.
    """

    time: Array
    horizon: Array
    total: Array
    rows: Array


def auc(scores: Array, event: Array) -> float:
    """The probability that a score (float64 [n]) with the event lies above one without; ties count half."""
    values, place = np.unique(scores, return_inverse=True)
    with_event = np.bincount(place[event], minlength=values.size)
    without = np.bincount(place[~event], minlength=values.size)
    below = np.cumsum(without) - without
    pairs = float(event.sum()) * float((~event).sum())
    return float((with_event * (below + without / 2)).sum() / pairs) if pairs else float("nan")


def shortage(quantiles: Array, staffed: Array, time: Array, horizon: Array) -> Shortage:
    """Of forecasts by unit: each unit's expected need beyond its staffed beds, and their sum at a time and horizon.

    Args:
        quantiles: float64 [n, levels], beds, at levels that lie equally far apart.
        staffed: float64 [n], beds.
        time, horizon: int64 [n], float64 [n] hours.
    """
    beyond = np.maximum(quantiles - staffed[:, None], 0).mean(axis=1)
    keys, of = np.unique(np.column_stack([horizon, time.astype(np.float64)]), axis=0, return_inverse=True)
    of = of.ravel()
    first = np.array([np.flatnonzero(of == i)[0] for i in range(len(keys))], np.int64)
    return Shortage(time[first], keys[:, 0], np.bincount(of, weights=beyond), np.bincount(of))


def threshold_of(boarders_before: Array) -> int:
    """The least number of boarders that was exceeded at a fifth of times before, at most."""
    return next(k for k in range(10_000) if float((boarders_before > k).mean()) <= _OFTEN)


def crowding_of(visits: pd.DataFrame, times: Array) -> dict[str, Array]:
    """What NEDOCS takes of the visits at instants (int64 [n]): float64 [n] each, by input."""
    at = {
        n: visits[n].to_numpy("datetime64[us]").astype(np.int64)
        for n in ("arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at")
    }
    missing = np.iinfo(np.int64).min
    left = np.where(at["left_at"] == missing, np.iinfo(np.int64).max, at["left_at"])

    def happened(name: str, t: int) -> Array:
        return (at[name] != missing) & (at[name] <= t)

    out = {name: np.zeros(times.size) for name in _INPUTS}
    critical = (visits["critical"] == "yes").to_numpy()
    for i, t in enumerate(times.tolist()):
        present = (at["arrived_at"] <= t) & (left > t)
        boards = present & happened("bed_requested_at", t)
        out["patients"][i], out["boarders"][i] = present.sum(), boards.sum()
        out["critical"][i] = (present & critical & happened("triaged_at", t)).sum()
        if boards.any():
            out["longest_boarding_hours"][i] = (t - at["bed_requested_at"][boards].min()) / HOUR
        seen = np.flatnonzero(happened("seen_at", t))
        if seen.size:
            last = seen[at["seen_at"][seen].argmax()]
            out["last_wait_hours"][i] = (at["seen_at"][last] - at["arrived_at"][last]) / HOUR
    return out


def _hospital(seed: int, days: int, scale: float) -> dict[str, dict[str, list[float]]]:
    """Scores, events and days of the test set, by horizon."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        frames = simulate(days, seed=seed, scale=scale)
        write(frames, Path(place))
        tables = read_hospital(Path(place), None, b"benchmark")
        built = build_package(
            Request("bed-demand", ablation=False), tables, Path(place) / "package", lambda *_: None
        )
        model = ForecastModel(Path(place) / "package")
    prepared = built.prepared
    if not isinstance(prepared, PreparedBeds):
        raise TypeError("bed demand was asked for")
    prepared = adapted(model, prepared)
    flow = EmergencyFlow(prepared.events, None, visits_of(prepared.events, None))
    earlier = prepare_held_back(model, prepared, built.split)
    asked = {"validation": (model.held_back, earlier), "test": (model, prepared)}
    parts = {
        part: _part(one, rows, built.split.members(part, rows.prediction_time), frames, flow)
        for part, (one, rows) in asked.items()
    }
    before = np.unique(prepared.prediction_time)
    before = before[before < parts["test"]["time"].min()]
    threshold = threshold_of(flow.at(before)["ed_boarding"])
    return {
        f"{h:g}": _judged(_of_horizon(parts["validation"], h), _of_horizon(parts["test"], h), threshold)
        for h in HORIZONS
    }


def _part(
    model: ForecastModel,
    prepared: PreparedBeds,
    mask: Array,
    frames: Mapping[str, pd.DataFrame],
    flow: EmergencyFlow,
) -> dict[str, Array]:
    """What is known at each prediction time and horizon of a part, and how many boarded then: [n] each."""
    names = [f.name for f in prepared.features]
    staffed_then, staffed_now = (
        prepared.X[mask, names.index(n)].astype(np.float64) for n in ("staffed_then", "staffed_now")
    )
    scored = score(model, prepared, mask)
    known = np.isfinite(staffed_then) & np.isfinite(scored.quantiles).all(axis=1)
    of = scored.part(known)
    found = shortage(of.quantiles, staffed_then[known], of.prediction_time, of.horizon_hours)
    times, back = np.unique(found.time, return_inverse=True)
    soonest = scored.horizon_hours == HORIZONS[0]  # each unit once
    beds = np.array([staffed_now[soonest & (scored.prediction_time == t)].sum() for t in times.tolist()])
    crowding = crowding_of(frames["visits"], times)
    rota = frames["staffing"]
    places = float(rota.loc[rota["role"] == "place"].groupby("unit")["count"].last().sum())
    index = [
        nedocs(places=places, hospital_beds=float(b), **{n: float(crowding[n][i]) for n in _INPUTS})[0]
        for i, b in enumerate(beds)
    ]
    target = found.time + (found.horizon * HOUR).astype(np.int64)
    return {
        "time": found.time,
        "horizon": found.horizon,
        "shortage": found.total,
        "nedocs": np.array(index)[back],
        "boarders_now": crowding["boarders"][back],
        "present": crowding["patients"][back],
        "hour": local_hour(target, prepared.events.zone),
        "boarders": flow.at(target)["ed_boarding"],
    }


def _of_horizon(part: Mapping[str, Array], hours: float) -> dict[str, Array]:
    return {name: values[part["horizon"] == hours] for name, values in part.items()}


def _judged(fitted: Mapping[str, Array], test: Mapping[str, Array], threshold: int) -> dict[str, list[float]]:
    kept = {n: test[n] for n in _SCORES[2:]}
    kept |= {n: _probability(fitted, test, threshold, beds=n == "small_model") for n in _SCORES[:2]}
    kept |= {"event": test["boarders"] > threshold, "day": test["time"] // DAY}
    return {n: v.astype(np.float64).tolist() for n, v in kept.items()} | {"threshold": [float(threshold)]}


def _probability(
    fitted: Mapping[str, Array], test: Mapping[str, Array], threshold: int, *, beds: bool
) -> Array:
    """Of the test set's times, by a logistic that was fitted before: float64 [n]; NaN where no event was seen then."""
    event = fitted["boarders"] > threshold
    if not 0 < event.sum() < event.size:
        return np.full(test["time"].size, np.nan)
    before, judged = _columns(fitted, beds=beds), _columns(test, beds=beds)
    level, spread = before.mean(axis=0), np.maximum(before.std(axis=0), 1e-9)
    small = LogisticRegression(C=1.0, max_iter=1000).fit((before - level) / spread, event)
    return np.asarray(small.predict_proba((judged - level) / spread)[:, 1])


def _columns(part: Mapping[str, Array], *, beds: bool) -> Array:
    turn = part["hour"] * 2 * np.pi / 24
    first = [np.log1p(part["shortage"])] if beds else []
    return np.column_stack([*first, part["boarders_now"], part["present"], np.sin(turn), np.cos(turn)])


def boarding_figures(seeds: Sequence[int], days: int, scale: float) -> list[Figure]:
    """AUC of each score at each horizon, means over hospitals, and by how much the small model is above NEDOCS now."""
    hospitals = [_kept(seed, days, scale) for seed in seeds]
    figures: list[Figure] = []
    for hours in HORIZONS:
        rows = [{n: np.array(v) for n, v in h[f"{hours:g}"].items()} for h in hospitals]
        often = 100 * float(np.mean([r["event"].mean() for r in rows]))
        above = ", ".join(f"{r['threshold'][0]:g}" for r in rows)
        said = (
            f"{conditions()}; {len(rows)} simulated hospitals, {days} days, size {scale:g}, seeds {seeds[0]} to "
            f"{seeds[-1]}; more patients boarding in {hours:g} h than {above}, the least number that was exceeded at a "
            f"fifth of times before at most; mean of hospitals; the event was at {often:.0f} % of times"
        )
        by_score = {name: float(np.mean([_auc_of(r, name) for r in rows])) for name in _SCORES}
        figures += [
            Figure(
                f"AUC for boarding, {name.replace('_', ' ')}, {hours:g} h",
                "",
                None,
                _known(value),
                None,
                said,
            )
            for name, value in by_score.items()
        ]
        gain = 100 * (by_score["small_model"] - by_score["nedocs"])
        low, high = _interval(rows)
        figures.append(
            Figure(
                f"AUC for boarding {hours:g} h ahead, above NEDOCS now",
                "points",
                f"at least {POINTS:g}",
                _known(gain),
                bool(gain >= POINTS),
                f"{said}; days drawn again within hospitals: {low:.1f} to {high:.1f} (90 %)",
            )
        )
    return figures


def _auc_of(rows: Mapping[str, Array], name: str) -> float:
    return auc(rows[name], rows["event"] > 0)


def _interval(hospitals: Sequence[Mapping[str, Array]]) -> tuple[float, float]:
    """Of the gain in points, days drawn again: 5th and 95th percentile."""
    rng = np.random.default_rng(7)
    gains = []
    for _ in range(_DRAWS):
        each = []
        for rows in hospitals:
            days = np.unique(rows["day"])
            drawn = rng.choice(days, days.size)
            order = np.concatenate([np.flatnonzero(rows["day"] == d) for d in drawn])
            again = {n: rows[n][order] for n in ("small_model", "nedocs", "event")}
            each.append(_auc_of(again, "small_model") - _auc_of(again, "nedocs"))
        gains.append(100 * float(np.nanmean(each)))
    low, high = np.percentile(gains, [5, 95])
    return float(low), float(high)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _kept(seed: int, days: int, scale: float) -> dict[str, dict[str, list[float]]]:
    """The rows of a hospital, from the run before where it had finished it."""
    path = _KEPT / f"{seed}-{days}-{scale:g}.json"
    if not path.exists():
        made = _hospital(seed, days, scale)
        _KEPT.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(made).encode())
    found: dict[str, dict[str, list[float]]] = json.loads(path.read_bytes())
    return found
