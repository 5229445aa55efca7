"""What the gates find on real data: NHAMCS (2019 against 2016-2018) and DIVI (2022 against 2021).

Needs ``VIGIE_REAL_DATA``. Nothing is prescribed but that accuracy blocks the model that knows only a visit's columns:
`docs/gates.md` says whether a statistician would agree.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from benchmarks.forecasts.nhamcs import evidence_of, read_survey
from benchmarks.forecasts.real_records import DIVI, MAPPING
from benchmarks.results import Figure, conditions, publish
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from registry.cards.report import make_report
from registry.check.run import check
from registry.policy.board_policy import Policy, default_policy, load_policy
from registry.settings import Settings
from registry.trust.keys import demo_key
from registry.trust.trust_store import create_trust
from training.packages.package_request import Request
from training.train import train

_GATES = ("accuracy", "calibration", "fairness", "drift")
_CODES = {
    "pass": 0.0,
    "not applicable": 0.0,
    "not shown": 0.0,  # of a finding alone: it neither opens nor shuts
    "inconclusive": 1.0,
    "block": 2.0,
}
_BEGIN, _JUDGED, _END = (datetime(y, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")) for y in (2021, 2022, 2023))


def main() -> int:
    """Judges and publishes."""
    place = os.environ.get("VIGIE_REAL_DATA")
    if not place:
        print("VIGIE_REAL_DATA is not set: name the folder of the real data sets.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    survey = read_survey(Path(place))
    for recent in (False, True):
        name = "with the hospital's recent waits" if recent else "visit columns only"
        body = make_report(evidence_of(survey, recent_waits=recent), survey_policy()).body
        figures += _figures(f"NHAMCS, {name}", body["gates"], must_block=None if recent else "accuracy")
    figures += _figures("DIVI, 2022 against 2021", divi_gates(Path(place)), must_block=None)
    publish("gates_real", figures)
    return 0 if all(f.met in (True, None) for f in figures) else 1


def survey_policy() -> Policy:
    """The shipped policy with the survey's attributes; windows as long as its hospitals of a year allow."""
    text = default_policy().content.decode()
    for key, value in (
        ("attributes", '["sex", "age_band", "origin"]'),
        ("intersections", '["sex*origin"]'),
        ("windows_days", "[56, 90]"),
    ):
        text = re.sub(rf"^{key} = [^#]*", f"{key} = {value} ", text, count=1, flags=re.MULTILINE)
    return load_policy(text.encode())


def divi_gates(place: Path) -> list[dict[str, Any]]:
    """Bed demand of the 16 states, trained on 2021 and judged on 2022 by the whole check."""
    tables = _two_years(read_hospital(place / DIVI, load_mapping(MAPPING), b"benchmark"))
    policy, now = default_policy(), datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        settings = Settings(home=Path(folder) / "home")
        create_trust(settings.trust, policy_digest=policy.digest, demo=True)
        request = Request("bed-demand", test_from=int(_JUDGED.timestamp() * 1e6))
        done = train(request, tables, settings, key=demo_key("author"), now=now, progress=lambda *_: None)
        version = done.candidate.version
        return check(settings, "bed-demand", version, policy, now=now, progress=lambda *_: None).gates


def _two_years(tables: HospitalTables) -> HospitalTables:
    cut = {}
    for name, frame in tables.tables.items():
        at = pd.to_datetime(frame["at"], utc=True) if "at" in frame else None
        kept = slice(None) if at is None else (at >= _BEGIN) & (at < _END)
        cut[name] = frame.loc[kept].reset_index(drop=True)
    return replace(tables, tables=cut, source_digest="sha256:" + "d1" * 32)


def _figures(name: str, gates: Iterable[Mapping[str, Any]], *, must_block: str | None) -> list[Figure]:
    """Each gate's verdict, and its required findings that do not open or carry a warning."""
    out = []
    for gate in gates:
        if gate["name"] not in _GATES:
            continue
        prescribed = gate["name"] == must_block
        out.append(
            Figure(
                f"{name}: {gate['name']}",
                "0 opens, 1 inconclusive, 2 blocks",
                "2" if prescribed else None,
                _CODES[gate["verdict"]],
                _CODES[gate["verdict"]] == 2 if prescribed else None,
                conditions(),
            )
        )
        for f in gate["findings"]:
            warned = f["note"] == "shift_below_effect"
            if f["required"] and f["value"] is not None and (_CODES[f["verdict"]] > 0 or warned):
                said = f"{f['verdict']} {f['note']}; interval {f['interval']}; threshold {f['threshold']}; n {f['n']}"
                out.append(
                    Figure(
                        f"{name}: {gate['name']}, {f['metric']}, {f['group']}",
                        "effect",
                        None,
                        f["value"],
                        None,
                        said,
                    )
                )
    return out


if __name__ == "__main__":
    sys.exit(main())
