"""Does the contract gate find the outcome in a feature? 200 small data sets with a leak, and 200 sound ones.

The leak is fixed beforehand: a feature carries the outcome with weight s,

    x' = (1 - s) x + s y,  s = 0.2 ("20 %"),

x the feature and y its row's own outcome, both standardised over the data set, and x' is then given the feature's own
mean and deviation back, so that neither range nor unit tells. Every data set is a simulated hospital of a quarter of
the size, 270 days; y is the minutes waited, and the feature a vital sign or the pain score in turn.

Fifty more at each of 5, 10 and 40 % make the power curve (`docs/pictures/leaks_power.svg`).

Told beside, without a promise: a hospital's own covariate of bed demand, which the model sees as its change over a
week, with the unit's census 24 hours later in it at twice the size (s = 0.4): 40 hospitals of half the size, 200 days.

A finished data set is kept under `.bench/`, so that a stopped run goes on. The seeds set no number of the policy.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.gates.power import draw_power
from benchmarks.results import Figure, conditions, publish
from hospital.arrays import Array
from hospital.contracts.tables import TABLES
from hospital.dataset.baselines import BedBaselines, WaitBaselines, triage_position, usual_waits
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.record.events import Events
from hospital.simulator import simulate, write
from hospital.times import HOUR, MISSING_TIME
from registry.digests import sha256_bytes, write_atomically
from registry.evidence.probe_records import FeatureFacts, LeakageFacts, Probed
from registry.evidence.records import ContractFacts, Evidence, ExplanationFacts, Scored
from registry.facts.leakage_probes import leakage_facts
from registry.gates import GateResult
from registry.gates.contract import judge_contract
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits
from registry.policy.board_policy import default_policy
from training.bed_baselines import bed_baselines

__all__ = ["LEAKING", "SHARE", "SOUND", "judged_rows", "judged_set", "leaks", "prepared_waits"]

SHARE = 0.2
COUNT = 200
LEAKING, SOUND = range(70_001, 70_001 + COUNT), range(80_001, 80_001 + COUNT)
POWER = {0.05: range(71_001, 71_051), 0.1: range(72_001, 72_051), 0.4: range(73_001, 73_051)}
DAYS, SCALE = 270, 0.25
BED_DAYS, BED_SCALE, BED_UNITS = 200, 0.5, 6
BED_SHARE, BED_SEEDS = 0.4, range(90_001, 90_041)
VALUES = (
    "heart_rate",
    "systolic_mmhg",
    "temperature_celsius",
    "spo2_percent",
    "pain_0_10",
)
"""Vital signs that a simulated hospital has."""
COVARIATE, HORIZON_HOURS = "infections", 24.0
KEPT = Path(".bench") / "leaks"


def leaks(
    share: float = SHARE,
    seeds: Sequence[int] = LEAKING,
    *,
    workers: int = 2,
    progress: Callable[[float], None] = lambda _: None,
) -> list[str]:
    """The contract gate's verdict ("pass", "inconclusive" or "block") on each data set; share 0: sound ones."""
    KEPT.mkdir(parents=True, exist_ok=True)
    found = []
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for verdict in pool.map(_kept, [(seed, share) for seed in seeds]):
            found.append(verdict)
            progress(len(found) / len(seeds))
    return found


def judged_set(seed: int, share: float) -> GateResult:
    """The contract gate on one data set."""
    baselines: BedBaselines | WaitBaselines
    prepared: PreparedBeds | PreparedWaits
    baselines, prepared = _beds(seed, share) if seed in BED_SEEDS else _waits(seed, share)
    return judged_rows(baselines, prepared)


def judged_rows(
    baselines: BedBaselines | WaitBaselines, prepared: PreparedBeds | PreparedWaits
) -> GateResult:
    """The contract gate on prepared rows, the later half of them judged."""
    at, policy = prepared.prediction_time, default_policy()
    judged = prepared.part(at >= np.quantile(at, 0.5))
    times = policy.document.contract.probe_times
    facts = leakage_facts(baselines, judged, prepared, times=times)
    return judge_contract(_evidence(judged, facts), policy)


def _evidence(judged: PreparedBeds | PreparedWaits, facts: LeakageFacts) -> Evidence:
    """Evidence of which only the leakage is in question."""
    n, beds = judged.prediction_time.size, isinstance(judged, PreparedBeds)
    one = Scored(
        row_id=np.arange(n).astype(object),
        prediction_time=judged.prediction_time,
        target_time=judged.target_time,
        horizon_hours=np.full(n, HORIZON_HOURS if beds else 0.0),
        unit_group=np.full(n, "all", object),
        site=np.full(n, "", object),
        local_hour=judged.hours().astype(np.int64),
        outcome=judged.outcome,
        censored=np.isnan(judged.outcome),
        waited=np.full(n, np.nan),
        weight=judged.weight,
        quantiles=np.tile(np.arange(len(LEVELS), dtype=np.float64), (n, 1)),
        baselines={"none": np.zeros(n)},
        audit={},
        counts=beds,
    )
    return Evidence(
        model="bed-demand" if beds else "wait-time",
        version="1",
        kind="model",
        package_digest="sha256:" + "0" * 64,
        validation=one.part(np.zeros(n, bool)),
        test=one,
        current=None,
        current_version=None,
        current_expected=False,
        inputs=(),
        contract=ContractFacts(0, 0, 0, 0, 0, 0, 0, True, 0, n),
        explanation=ExplanationFacts(0, 0, 0, 0.0, 0.0, 0.0),
        history_days=float(DAYS),
        probed=Probed(leakage=facts, features=FeatureFacts((), (), {}, (), n)),
    )


def _kept(task: tuple[int, float]) -> str:
    """The verdict of a data set, judged now or kept from a stopped run."""
    seed, share = task
    rules = default_policy().document.contract.model_dump_json()
    path = KEPT / f"{seed}-{share:g}-{sha256_bytes(rules.encode())[7:19]}.json"
    if not path.exists():
        result = judged_set(seed, share)
        worst = [f.group for f in result.findings if f.required and not f.verdict.opens]
        kept = {"verdict": str(result.verdict), "of": worst}
        write_atomically(path, json.dumps(kept).encode())
    return str(json.loads(path.read_bytes())["verdict"])


def _waits(seed: int, share: float) -> tuple[WaitBaselines, PreparedWaits]:
    tables = simulate(DAYS, seed=seed, scale=SCALE)
    visits = tables["visits"]
    minutes = (visits["seen_at"] - visits["arrived_at"]).dt.total_seconds().to_numpy() / 60
    name = VALUES[seed % len(VALUES)]
    told = visits[name].to_numpy(np.float64)
    contract = TABLES["visits"].by_name[name]
    mixed = np.clip(leaked(told, minutes, share), contract.minimum, contract.maximum)
    tables["visits"] = visits.assign(**{name: mixed})
    return prepared_waits(tables)


def prepared_waits(tables: dict[str, pd.DataFrame]) -> tuple[WaitBaselines, PreparedWaits]:
    """A simulated hospital's visits as rows, with the usual waits of their earlier half."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        write(tables, Path(folder))
        hospital = read_hospital(Path(folder), None, b"benchmark")
    prepared = prepare_waits(events_of(hospital), (), None)
    at = prepared.prediction_time
    fit = prepared.part(at < np.quantile(at, 0.5))
    usual = usual_waits(
        triage_position(fit.samples.query.columns["triage"]), fit.hours(), _zeros(fit.outcome), fit.weight
    )
    return WaitBaselines(usual, "usual_hour", np.zeros((8, len(LEVELS)))), prepared


def _beds(seed: int, share: float) -> tuple[BedBaselines, PreparedBeds]:
    rng = np.random.default_rng(seed)
    stays = simulate(BED_DAYS, seed=seed, scale=BED_SCALE)["stays"]
    largest = list(stays["unit"].value_counts().index[:BED_UNITS])
    start = int(_micro(stays["entered_at"]).min()) // HOUR * HOUR
    hours = start + np.arange(BED_DAYS * 24, dtype=np.int64) * HOUR
    columns: dict[str, list[Array]] = {"unit": [], "at": [], "occupied": [], COVARIATE: []}
    for unit in largest:
        mine = stays[stays["unit"] == unit]
        left = _micro(mine["left_at"])
        census = np.searchsorted(np.sort(_micro(mine["entered_at"])), hours, "right") - np.searchsorted(
            np.sort(left[left != MISSING_TIME]), hours, "right"
        )
        later = np.append(census[24:], np.repeat(np.nan, 24))
        own = 0.5 * _standard(census.astype(np.float64)) + np.sqrt(0.75) * _wandering(rng, hours.size)
        columns["unit"].append(np.full(hours.size, unit, object))
        columns["at"].append(hours)
        columns["occupied"].append(census.astype(np.float64))
        columns[COVARIATE].append(leaked(own, later, share))
    census_columns = {name: np.concatenate(parts) for name, parts in columns.items()}
    rows = census_columns["at"].size
    census_columns |= {n: np.full(rows, np.nan) for n in ("staffed", "waiting", "admissions", "discharges")}
    census_columns["received_at"] = census_columns["at"]
    names = np.array(largest, object)
    units = {"unit": names, "label": names, "received_at": np.zeros(len(largest), np.int64)}
    events = Events.of({"census": census_columns, "units": units}, zone=ZoneInfo("Europe/Paris"))
    prepared = prepare_beds(events, (COVARIATE,), (HORIZON_HOURS,), None)
    at = prepared.prediction_time
    return bed_baselines(prepared.part(at < np.quantile(at, 0.5))), prepared


def leaked(values: Array, outcome: Array, share: float) -> Array:
    """The feature with the outcome in it (the formula above); where the outcome is unknown it is as it was."""
    mixed = (1 - share) * _standard(values) + share * _standard(outcome)
    back = np.nanmean(values) + np.nanstd(values) * _standard(mixed)
    return np.where(np.isnan(back) | (share == 0), values, back)


def _standard(values: Array) -> Array:
    return (values - np.nanmean(values)) / np.nanstd(values)


def _wandering(rng: np.random.Generator, hours: int) -> Array:
    """What a covariate is by itself: an hourly AR(1) that remembers for two days, standardised."""
    memory, out = np.exp(-1 / 48), np.empty(hours)
    last = rng.normal()
    for i, noise in enumerate(rng.normal(0, np.sqrt(1 - memory**2), hours)):
        out[i] = last = memory * last + noise
    return out


def _micro(times: pd.Series) -> Array:
    instants = times.dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
    return np.where(times.isna().to_numpy(), MISSING_TIME, instants)


def _zeros(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)


def main() -> int:
    """Judges what is not kept yet, then publishes."""
    leaking, sound = leaks(SHARE, LEAKING), leaks(0.0, SOUND)
    covariates = leaks(BED_SHARE, BED_SEEDS)
    curve = {share: leaks(share, seeds) for share, seeds in POWER.items()} | {SHARE: leaking}
    shares = [(1 - v.count("pass") / len(v), v.count("block") / len(v)) for _, v in sorted(curve.items())]
    name = "the outcome in a feature with weight s"
    draw_power(sorted(curve), {name: shares}, Path("docs") / "pictures" / "leaks_power.svg")
    stopped = sum(v != "pass" for v in leaking)
    blocked, falsely = leaking.count("block"), sound.count("block")
    passed = sound.count("pass")
    where = f"{conditions()}; {DAYS} days at {SCALE:g} of a hospital, s = {SHARE:g}"
    leaky, sane = (f"{where}; seeds {r[0]}-{r[-1]}" for r in (LEAKING, SOUND))
    figures = [
        Figure(
            "leaking data sets of 200 not passed", "data sets", "at least 196", stopped, stopped >= 196, leaky
        ),
        Figure(
            "leaking data sets of 200 blocked", "data sets", "at least 170", blocked, blocked >= 170, leaky
        ),
        Figure("sound data sets of 200 blocked", "data sets", "at most 6", falsely, falsely <= 6, sane),
        Figure("sound data sets of 200 passed", "data sets", "at least 160", passed, passed >= 160, sane),
        Figure(
            "leaking covariates of bed demand of 40 not passed",
            "data sets",
            None,
            sum(v != "pass" for v in covariates),
            None,
            f"{conditions()}; {BED_DAYS} days at {BED_SCALE:g} of a hospital, s = {BED_SHARE:g}; "
            f"seeds {BED_SEEDS[0]}-{BED_SEEDS[-1]}",
        ),
    ]
    for share, seeds in POWER.items():
        said = f"{conditions()}; {DAYS} days at {SCALE:g} of a hospital; seeds {seeds[0]}-{seeds[-1]}"
        for words, count in (
            ("not passed", len(seeds) - curve[share].count("pass")),
            ("blocked", curve[share].count("block")),
        ):
            title = f"leaking data sets, s = {share:g}: {words}, of {len(seeds)}"
            figures.append(Figure(title, "data sets", None, count, None, said))
    publish("leaks", figures)
    return 0 if all(figure.met in (True, None) for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
