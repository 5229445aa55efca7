"""Does the check let sound hospitals pass, and name the right gate where one is flawed? Forty fresh seeds, and
twenty of them flawed.

The whole check, but for the ablation table of training, which nothing judges. The seeds are not those that set any
number (those were 1 to 112 and 701 to 703), but 1001 to 1004 had been looked at while the gates were changed. Each
finished hospital is kept under `.bench/`, so that a stopped run goes on.
"""

import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, conditions, publish
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import Shift, Unfair, simulate, write
from registry.check.run import check
from registry.digests import sha256_file, write_atomically
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.keys import demo_key
from registry.trust.trust_store import create_trust
from training.packages.package_request import Request
from training.refits.child_command import REFITS
from training.train import train

SEEDS = {"sound": range(1001, 1041), "unfair": range(1001, 1021), "shift": range(1001, 1021)}
DAYS = 560
KEPT = Path(".bench") / "check"
CASES: dict[str, tuple[str, ...]] = {
    "sound": ("wait-time", "bed-demand"),
    "unfair": ("wait-time",),
    "shift": ("wait-time",),
}
GATE = {"unfair": "fairness", "shift": "drift"}


def run(seed: int, case: str) -> dict[str, Any]:
    """Simulates one hospital, trains and checks; returns verdicts by model and gate."""
    unfair = Unfair.parse("sex=F:1.4") if case == "unfair" else None
    shift = Shift.parse(f"1.6@{DAYS - 30}") if case == "shift" else None
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        home = Path(folder) / "home"
        write(simulate(DAYS, seed=seed, unfair=unfair, shift=shift), Path(folder) / "data")
        tables = read_hospital(Path(folder) / "data", None, b"benchmark")
        policy, settings, now = default_policy(), Settings(home=home), datetime.now(UTC)
        create_trust(settings.trust, policy_digest=policy.digest, demo=True)
        for model in CASES[case]:
            key = demo_key("author")
            done = train(
                Request(model, ablation=False), tables, settings, key=key, now=now, progress=lambda *_: None
            )
            version = done.candidate.version
            report = check(settings, model, version, policy, now=now, progress=lambda *_: None, refits=REFITS)
            found[model] = {
                "verdict": str(report.verdict),
                "gates": {g["name"]: g["verdict"] for g in report.gates},
                "gain": [
                    [p["horizon_hours"], p["gain"][0]]
                    for p in report.body["performance"]
                    if p["unit_group"] == "all" and p["gain"]
                ],
            }
    return found


def _path(seed: int, case: str) -> Path:
    return KEPT / f"{seed}-{case}-{default_policy().digest.removeprefix('sha256:')[:12]}.json"


def _keep(task: tuple[int, str]) -> None:
    seed, case = task
    found = json.dumps(run(seed, case))
    write_atomically(_path(seed, case), found.encode())
    print(seed, case, found, flush=True)


def main() -> int:
    """Runs what is not kept yet, then publishes."""
    KEPT.mkdir(parents=True, exist_ok=True)
    todo = [(seed, case) for case, seeds in SEEDS.items() for seed in seeds if not _path(seed, case).exists()]
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        for _ in workers.map(_keep, todo):
            pass
    results = {
        case: [json.loads(_path(seed, case).read_bytes()) for seed in seeds] for case, seeds in SEEDS.items()
    }
    figures = _figures(results)
    publish("check", figures)
    return 0 if all(figure.met in (True, None) for figure in figures) else 1


def _figures(results: dict[str, list[dict[str, Any]]]) -> list[Figure]:
    policy = Path("registry/policy/policies/default.toml")

    def where(case: str) -> str:
        seeds = SEEDS[case]
        digest = sha256_file(policy)[:19]
        return f"{conditions()}; {DAYS} days, seeds {seeds[0]}-{seeds[-1]}; policy {digest}"

    n = len(results["sound"])
    least = round(0.8 * n)
    sound = sum(all(m["verdict"] == "pass" for m in r.values()) for r in results["sound"])
    name = f"sound hospitals of {n} that pass"
    figures = [
        Figure(
            f"{name} (both models)", "hospitals", f"at least {least}", sound, sound >= least, where("sound")
        )
    ]
    for model in CASES["sound"]:
        passed = sum(r[model]["verdict"] == "pass" for r in results["sound"])
        figures.append(Figure(f"{name}, {model}", "hospitals", None, passed, None, where("sound")))
    for case, gate in GATE.items():
        found, n = [r["wait-time"] for r in results[case]], len(results[case])
        least = round(0.95 * n)
        stopped = sum(r["verdict"] != "pass" for r in found)
        named = sum(r["gates"][gate] not in ("pass", "not applicable") for r in found)
        for words, count in (("that do not pass", stopped), (f"stopped by {gate}", named)):
            title, target = f"{case} hospitals of {n} {words}", f"at least {least}"
            figures.append(Figure(title, "hospitals", target, count, count >= least, where(case)))
    for model, horizon in (("wait-time", 0.0), ("bed-demand", 24.0)):
        gains = [g for r in results["sound"] for h, g in r[model]["gain"] if h == horizon]
        figures.append(
            Figure(
                f"mean gain over the best baseline, {model}",
                "share",
                None,
                sum(gains) / len(gains),
                None,
                where("sound"),
            )
        )
    return figures


if __name__ == "__main__":
    sys.exit(main())
