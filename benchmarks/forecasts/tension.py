"""How good probabilities of tension are: five simulated hospitals with seeds of their own, and DIVI; and of boarding.

python -m benchmarks.forecasts.tension [--days N] [--scale N] [--only simulated|divi]

Each hospital's figures are kept under ``.bench/tension-curves``: a run that was stopped goes on.
DIVI needs ``VIGIE_REAL_DATA``.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.forecasts.boarding import boarding_figures
from benchmarks.results import Figure, conditions, publish
from hospital.arrays import Array
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.simulator import simulate, write
from registry.components.exceedances import Exceedances
from registry.digests import write_atomically
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import score
from registry.statistics.probability_scores import climatology
from training.packages.package_request import Request
from training.train import build_package

__all__ = ["Probabilities", "brier_skill", "reliability_slope"]

SEEDS = range(61_001, 61_006)
DAYS, SCALE = 490, 1.0
SKILL, SLOPE = 0.25, (0.9, 1.1)
SHARES = (0.9, 0.88, 0.86, 0.84, 0.82, 0.8)
"""Of occupied and free beds: the first that was exceeded on 5 to 30 % of the days before those judged."""
_OFTEN = (0.05, 0.3)
_DIVI = "divi_icu_beds_daily_2020_2025.parquet"
_MAPPING = Path(__file__).resolve().parents[2] / "docs" / "mappings" / "divi.toml"
_KEPT = Path(".bench") / "tension-curves"
_WEEK = 7 * 24
_FIELDS = ("probability", "usual", "often", "event")


@dataclass(frozen=True)
class Probabilities:
    """Judged rows of one horizon.

    Attributes:
        probability, usual: float64 [n], the model's and climatology's (by unit, weekday and hour), 0 to 1.
        often: float64 [n], how often the event was in the unit before, whatever the hour: a climatology of far more
            days, which is harder to beat where the event is rare.
        event: bool [n].
    """

    probability: Array
    usual: Array
    often: Array
    event: Array


def brier_skill(judged: Probabilities, against: Array | None = None) -> float:
    """1 - Brier score of the model / that of climatology; NaN where climatology makes no error.

    Args:
        against: float64 [n], in place of the climatology by unit, weekday and hour.
    """
    usual = judged.usual if against is None else against
    ours = float(((judged.probability - judged.event) ** 2).mean())
    theirs = float(((usual - judged.event) ** 2).mean())
    return 1 - ours / theirs if theirs > 0 else float("nan")


def reliability_slope(judged: Probabilities) -> float:
    """Slope of events on probabilities by least squares: 1 where each probability is right on average."""
    p = judged.probability - judged.probability.mean()
    spread = float((p**2).sum())
    return float((p * judged.event).sum() / spread) if spread > 0 else float("nan")


def judged_rows(
    tables: HospitalTables,
    limit: Callable[[PreparedBeds, Array], Array],
    until: int | None = None,
    test_from: int | None = None,
    *,
    curves: bool,
) -> dict[float, Probabilities]:
    """Trains on a hospital, and gives the probability of every judged row as it is served: by horizon.

    Args:
        limit: the beds (float64 [n]) above which the event is, from the rows and which of them lie before those judged.
        until, test_from: instants.
        curves: the limit is the staffed beds, which the package has curves for; other limits are read off quantiles.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        where = Path(place) / "package"
        request = Request("bed-demand", test_from=test_from, ablation=False)
        built = build_package(request, tables, where, lambda *_: None)
        model = ForecastModel(where)
    prepared, split = built.prepared, built.split
    if not isinstance(prepared, PreparedBeds):
        raise TypeError("bed demand was asked for")
    outcome = prepared.outcome
    test = split.members("test", prepared.prediction_time)
    begin = int(prepared.prediction_time[test].min())
    known_before = (prepared.target_time < begin) & ~np.isnan(outcome)
    beds = limit(prepared, known_before)
    known = ~np.isnan(outcome) & ~np.isnan(beds)
    test &= known & (prepared.prediction_time < (until or int(prepared.prediction_time.max()) + 1))
    event = np.where(known, outcome > beds, False)
    scored = score(model, adapted(model, prepared), test)
    exceedances = model.exceedances if curves else Exceedances({})
    probability = exceedances.probability("model", scored.quantiles, beds[test], scored.horizon_hours)
    unit = prepared.samples.query.unit
    cell = unit * _WEEK + _hour_of_week(prepared)
    usual = climatology(cell, event, unit, known_before & known, test)
    often = climatology(unit, event, unit, known_before & known, test)
    horizon = scored.horizon_hours
    return {
        float(h): Probabilities(probability[mine], usual[mine], often[mine], event[test][mine])
        for h in np.unique(horizon)
        for mine in [horizon == h]
    }


def _hour_of_week(prepared: PreparedBeds) -> Array:
    """Weekday and hour of each row's target by the hospital's clock: int64 [n]."""
    times, place = np.unique(prepared.target_time, return_inverse=True)
    zone = prepared.events.zone
    local = [datetime.fromtimestamp(t / 1e6, zone) for t in times.tolist()]
    return np.asarray(np.array([d.weekday() * 24 + d.hour for d in local], np.int64)[place])


def _staffed(prepared: PreparedBeds, _: Array) -> Array:
    """The beds with staff at the target, as they were published at the prediction."""
    names = [f.name for f in prepared.features]
    return np.asarray(prepared.X[:, names.index("staffed_then")], np.float64)


def _divi_limit(prepared: PreparedBeds, before: Array) -> Array:
    """A share of occupied and free beds at the prediction (the target's are not known then)."""
    names = [f.name for f in prepared.features]
    beds = np.asarray(prepared.X[:, names.index("staffed_now")], np.float64)
    known = before & ~np.isnan(beds)
    for share in SHARES:
        often = float((prepared.outcome[known] > share * beds[known]).mean())
        if _OFTEN[0] <= often <= _OFTEN[1]:
            print(
                f"DIVI: event above {share:g} of occupied and free beds, on {often:.1%} of days before",
                file=sys.stderr,
            )
            return share * beds
    raise ValueError("no share occurs on 5 to 30 % of days")


def _kept(name: str, make: Callable[[], dict[float, Probabilities]]) -> dict[float, Probabilities]:
    """The rows of a hospital, from the run before where it had finished it."""
    path = _KEPT / f"{name}.json"
    if path.exists():
        body = json.loads(path.read_bytes())
        return {
            float(h): Probabilities(
                np.array(v["probability"]),
                np.array(v["usual"]),
                np.array(v["often"]),
                np.array(v["event"], bool),
            )
            for h, v in body.items()
        }
    made = make()
    _KEPT.mkdir(parents=True, exist_ok=True)
    body = {h: {n: v.tolist() for n, v in asdict(p).items()} for h, p in made.items()}
    write_atomically(path, json.dumps(body).encode())
    return made


def _simulated(seed: int, days: int, scale: float) -> dict[float, Probabilities]:
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        write(simulate(days, seed=seed, scale=scale), Path(place))
        tables = read_hospital(Path(place), None, b"benchmark")
    return judged_rows(tables, _staffed, curves=True)


def _divi(folder: Path) -> dict[float, Probabilities]:
    tables = read_hospital(folder / _DIVI, load_mapping(_MAPPING), b"benchmark")
    begin, end = (
        int(datetime(y, 8, 22, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1e6) for y in (2024, 2025)
    )
    return judged_rows(tables, _divi_limit, end, begin, curves=False)


def _figures(name: str, judged: Probabilities, horizon: float, said: str) -> list[Figure]:
    aimed = horizon == 24.0
    skill, slope = brier_skill(judged), reliability_slope(judged)
    often = 100 * float(judged.event.mean())
    where = f"{name}, {horizon:g} h"
    return [
        Figure(
            f"Brier skill over climatology, {where}",
            "",
            f"at least {SKILL}" if aimed else None,
            _or_none(skill),
            bool(skill >= SKILL) if aimed else None,
            said,
        ),
        Figure(
            f"reliability slope, {where}",
            "",
            f"{SLOPE[0]} to {SLOPE[1]}" if aimed else None,
            _or_none(slope),
            bool(SLOPE[0] <= slope <= SLOPE[1]) if aimed else None,
            said,
        ),
        Figure(
            f"Brier skill over the unit's own frequency, {where}",
            "",
            None,
            _or_none(brier_skill(judged, judged.often)),
            None,
            said,
        ),
        Figure(f"how often the event was, {where}", "%", None, often, None, said),
    ]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _together(hospitals: Sequence[Probabilities]) -> Probabilities:
    return Probabilities(*(np.concatenate([getattr(h, n) for h in hospitals]) for n in _FIELDS))


def main() -> int:
    """Measures and publishes; what was not measured says why."""
    parser = argparse.ArgumentParser(prog="benchmarks.forecasts.tension")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--scale", type=float, default=SCALE)
    parser.add_argument("--only", choices=("simulated", "divi"))
    chosen = parser.parse_args()
    figures: list[Figure] = []
    if chosen.only != "divi":
        size = f"{chosen.days}-{chosen.scale:g}"
        found = [
            _kept(f"{seed}-{size}", lambda seed=seed: _simulated(seed, chosen.days, chosen.scale))  # type: ignore[misc]
            for seed in SEEDS
        ]
        said = (
            f"{conditions()}; {len(SEEDS)} simulated hospitals, {chosen.days} days, size {chosen.scale:g}, seeds "
            f"{SEEDS[0]} to {SEEDS[-1]}; units' demand above their staffed beds, all rows of the test sets"
        )
        for horizon in sorted(found[0]):
            figures += _figures("simulated", _together([f[horizon] for f in found]), horizon, said)
    folder = os.environ.get("VIGIE_REAL_DATA")
    if chosen.only != "simulated" and folder:
        rows = _kept("divi", lambda: _divi(Path(folder)))
        said = (
            f"{conditions()}; DIVI, 16 states, judged 2024-08-22 to 2025-08-22; occupied above the first of "
            f"{', '.join(f'{100 * s:g}' for s in SHARES)} % of the beds at the prediction that was "
            "exceeded on 5 to 30 % of the days before"
        )
        for horizon in sorted(rows):
            figures += _figures("DIVI", rows[horizon], horizon, said)
    elif chosen.only != "simulated":
        figures.append(Figure("DIVI", "", None, None, None, "VIGIE_REAL_DATA is not set"))
    if chosen.only != "divi":
        figures += boarding_figures(SEEDS, chosen.days, chosen.scale)
    publish("tension", figures)
    return 0 if all(f.met in (True, None) for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
