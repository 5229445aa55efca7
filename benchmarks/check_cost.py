"""What a check of 50,000 judged rows costs: bed demand of a simulated hospital of 1,240 days, on the machine at hand.

Two checks of the same version, each in a process of its own. The first makes everything; the second finds the refits
and the verification against XGBoost and shap kept, as every later check does: those two run in child processes, whose
processor time is told apart. Wall time is what somebody waits; on a machine that others use, processor time is what
compares. Home, data and package are kept under `.bench/`, so that a stopped run goes on.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, conditions, publish

KEPT = Path(".bench") / "check_cost"
DAYS, SEED = 1240, 91_001
MODEL = "bed-demand"
TARGET_SECONDS = 3.0
_PARTS = (
    "open the data snapshot",
    "recompute features",
    "recompute forecasts",
    "look for drift",
    "probe for leakage",
    "verify explanations",
    "judge",
)


def one_check() -> dict[str, Any]:
    """Checks the version once; seconds by the clock and of the processor, of all and of each part."""
    started, busy = time.perf_counter(), os.times()
    from registry.check import check
    from registry.policy import default_policy
    from registry.settings import Settings
    from training.commands import REFITS

    loaded = time.perf_counter() - started
    parts: dict[str, float] = {}
    current, since = "", time.process_time()

    def progress(step: str, done: float) -> None:
        nonlocal current, since
        del done
        if step != current:
            now = time.process_time()
            parts[current] = now - since
            current, since = step, now

    settings, begun = Settings(home=KEPT / "home"), time.perf_counter()
    now = datetime.now(UTC)
    report = check(settings, MODEL, "1", default_policy(), now=now, progress=progress, refits=REFITS)
    progress("end", 1.0)
    taken = os.times()
    rows = next(f["n"] for g in report.gates for f in g["findings"] if f["metric"] == "forecasts_differ")
    return {
        "rows": rows,
        "verdict": str(report.verdict),
        "load": loaded,
        "wall": time.perf_counter() - begun,
        "cpu": taken.user + taken.system - busy.user - busy.system,
        "children": taken.children_user + taken.children_system,
        "check_cpu": sum(parts.values()),
        "parts": parts,
    }


def _prepare() -> None:
    """Simulates and trains what is not there yet."""
    from hospital.reading import read_hospital
    from hospital.simulator import simulate, write
    from registry.settings import Settings
    from training.train import Request, train

    if (KEPT / "home" / "candidates" / MODEL / "1" / "registration.json").exists():
        return
    shutil.rmtree(KEPT, ignore_errors=True)
    write(simulate(DAYS, seed=SEED), KEPT / "data")
    tables, now = read_hospital(KEPT / "data", None, b"benchmark"), datetime.now(UTC)
    train(Request(MODEL), tables, Settings(home=KEPT / "home"), key=None, now=now, progress=lambda *_: None)


def _checked() -> dict[str, Any]:
    code = "import json; from benchmarks.check_cost import one_check; print(json.dumps(one_check()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Prepares, checks twice, publishes."""
    _prepare()
    for made in ("refits", "verified", "sobriety"):
        shutil.rmtree(KEPT / "home" / "evidence" / made, ignore_errors=True)
    first, second = _checked(), _checked()
    told_of = f"{second['rows']} judged rows, {MODEL}, {DAYS} days, seed {SEED}"
    where = f"{conditions()}; load {os.getloadavg()[0]:.1f}; {told_of}"
    target = f"at most {TARGET_SECONDS:g}"

    def told(name: str, value: float) -> Figure:
        return Figure(name, "s", None, round(value, 2), None, where)

    wall, cpu = round(second["wall"], 2), round(second["check_cpu"], 2)
    figures = [
        Figure(
            "check, refits and verification kept, by the clock",
            "s",
            target,
            wall,
            wall <= TARGET_SECONDS,
            where,
        ),
        Figure("the same, processor time", "s", target, cpu, cpu <= TARGET_SECONDS, where),
        told("judging alone, processor time", second["parts"]["judge"]),
        told("loading the libraries, by the clock", second["load"]),
        told("first check, by the clock", first["wall"]),
        told(
            "first check, processor time of its child processes (20 refits, XGBoost and shap)",
            first["children"],
        ),
    ]
    figures += [told(f"part, processor time: {part}", second["parts"][part]) for part in _PARTS]
    publish("check_cost", figures)
    return 0 if all(figure.met in (True, None) for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
