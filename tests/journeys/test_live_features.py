"""A live request computes the very bits that training computed: over files on one side, over HTTP on the other.

The files are read the training way, with all their future in them. The same rows are sent to the service at the
moments they were received, and it is asked between them: over both clock changes, a revision, a late event and
open stays.
"""

import re
import sys
import threading
from dataclasses import replace
from datetime import date
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures
from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of, events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import pseudonym
from hospital.simulator import simulate, write
from hospital.times import DAY, HOUR, MISSING_TIME, instant, moment
from registry.model.dataset import prepare_waits
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import ErrorHistory
from registry.record.database import writing
from registry.settings import Settings
from serving.forecasting.forecaster import make_forecaster
from serving.messages.forecast_protocol import LoadedModel, ServedUnit
from serving.releases.releases_in_use import Releases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.architecture import PAGE, between
from tests.support.few_trees import FEW_TREES
from tests.support.repository import ROOT
from tests.support.serving_fakes import FakeReleases, InProcess, make_parts
from training.packages.package_request import Request
from training.train import build_package

KEY = b"k" * 32
HORIZONS = (4.0, 24.0, 168.0)
CHANGES = {
    "spring": (date(2023, 10, 7), 180, pd.Timestamp("2024-03-31T01:00Z")),
    "autumn": (date(2024, 5, 4), 180, pd.Timestamp("2024-10-27T01:00Z")),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LoadedModel]:
    """Both models of a small hospital, as the service loads them."""
    root = tmp_path_factory.mktemp("models")
    write(simulate(220, seed=35, scale=0.1), root / "data")
    tables, out = read_hospital(root / "data", None, KEY), {}
    for model, horizons in (("wait-time", ()), ("bed-demand", HORIZONS)):
        request = Request(model, horizons, hyperparameters=FEW_TREES)
        build_package(request, tables, root / model, lambda *_: None)
        engine = ForecastModel(root / model)
        units = tuple(ServedUnit(u.unit, u.label, u.group) for u in engine.manifest.units)
        cells = {(u.group, h) for u in units for h in horizons} | {("ED", 0.0)}
        out[model] = LoadedModel(
            model, "1", "sha256:1", 1, instant(moment(0)), frozenset(cells), units, horizons, engine=engine
        )
    return out


def _files(folder: Path, start: date, days: int, change: int) -> HospitalTables:
    """A hospital's files with received_at, a revised visit and a late one near the clock change."""
    write(simulate(days, seed=36, scale=0.1, start=start), folder / "plain")
    plain = read_hospital(folder / "plain", None, KEY)
    visits = plain.tables["visits"]
    at = pd.Timestamp(moment(change))
    near = visits[(visits["received_at"] > at - pd.Timedelta(hours=20)) & (visits["received_at"] < at)]
    ids = near["visit_id"].unique()
    revised = visits[(visits["visit_id"] == ids[0])].iloc[-1:].copy()
    revised["triage"] = "2" if revised["triage"].iloc[0] != "2" else "4"
    revised["received_at"] += pd.Timedelta(minutes=30)
    late = visits["visit_id"] == ids[1]
    visits.loc[late, "received_at"] += pd.Timedelta(hours=3)
    tables = {**plain.tables, "visits": pd.concat([visits, revised], ignore_index=True)}
    assert tables["stays"]["left_at"].isna().any()
    for name, frame in tables.items():
        (folder / "files").mkdir(exist_ok=True)
        frame.dropna(axis=1, how="all").to_parquet(folder / "files" / f"{name}.parquet")
    return read_hospital(folder / "files", None, KEY)


def _ids(folder: Path) -> dict[str, str]:
    """Each id of the files by its pseudonym: what an application sends."""
    out = {}
    for path in folder.glob("*.parquet"):
        frame = pd.read_parquet(path)
        for name in {"visit_id", "stay_id", "operation_id"} & set(frame.columns):
            out |= {pseudonym(KEY, raw): raw for raw in frame[name].dropna().unique()}
    return out


def _sent(row: dict[str, Any], table: str, ids: dict[str, str]) -> dict[str, Any]:
    """A row as an application writes it: its own ids, times in ISO 8601."""
    times = {c.name for c in TABLES[table].columns if c.kind is Kind.TIME}
    return {
        n: moment(v).isoformat() if n in times else ids.get(v, v) if isinstance(v, str) else v
        for n, v in row.items()
        if n != "received_at" and v is not None
    }


def _same(contributions: list[dict[str, Any]], X: Array, features: tuple[Feature, ...]) -> int:
    """Asserts that the values shown are the row's bits; returns how many were looked at."""
    told = {c["feature"]: c["value"] for c in contributions}
    assert set(told) == {f.name for f in features}
    for feature, wanted in zip(features, X, strict=True):
        value = told[feature.name]
        if value is None:
            assert np.isnan(wanted), feature.name
        elif feature.levels:
            assert feature.levels.index(value) == wanted
        elif feature.name == "triage":
            assert TRIAGE_RANK[value] == wanted
        else:
            assert np.float32(value).tobytes() == np.float32(wanted).tobytes(), feature.name
    return len(told)


@pytest.mark.parametrize("season", list(CHANGES))
def test_a_live_request_computes_the_bits_of_training(
    models: dict[str, LoadedModel], tmp_path: Path, season: str
) -> None:
    """Every feature of every visit and unit around the clock change is the same float32, and so is what recent errors
    make of each unit's intervals, made again from all files."""
    start, days, at = CHANGES[season]
    change = instant(at.to_pydatetime())
    tables = _files(tmp_path, start, days, change)
    events, ids = events_of(tables), _ids(tmp_path / "files")
    begin, end = change - 26 * HOUR, change + 14 * HOUR
    parts, tokens = make_parts(tmp_path / "home")
    parts.pseudonym_key = KEY
    parts.releases = Releases(FakeReleases(dict(models)))
    parts.forecaster = make_forecaster(Settings(home=tmp_path / "home"))
    client, clock = InProcess(parts), parts.clock

    def post(path: str, body: dict[str, Any], now: int) -> Any:
        clock.instant = now  # type: ignore[attr-defined]
        for role in ("application", "admin"):
            headers = {"authorization": f"Bearer {tokens[role]}"}
            response = client.request("POST", path, json=body, headers=headers)
            if response.status_code != 403:
                break
        assert response.status_code == 200, response.text
        return response.json()

    rows: list[tuple[int, str, dict[str, Any]]] = []
    received: set[str | None] = set()
    with writing(parts.engine) as connection:
        for name in tables.tables:
            frame = tables.tables[name]
            found = list(
                rows_since(
                    name,
                    columns_of(frame, name),
                    begin - (lookback_days(name) + 10) * DAY,
                    tables.audit_attributes,
                )
            )
            import_rows(connection, name, [r for r in found if r["received_at"] <= begin])
            rows += [(r["received_at"], name, r) for r in found if begin < r["received_at"] <= end]
            received |= {r["visit_id"] for r in found if name == "visits" and r["received_at"] <= begin}
    rows.sort(key=lambda r: (r[0], r[1]))

    waiting, bedding = models["wait-time"].engine, models["bed-demand"].engine
    assert waiting is not None
    assert bedding is not None
    assert bedding.adaptive is not None
    # This hospital is of other days than those that the model was fitted to.
    rule = bedding.adaptive = replace(bedding.adaptive, since=0)
    prepared = prepare_waits(events, (), waiting.features)
    asked = [
        int(i) for i in np.flatnonzero((prepared.prediction_time > begin) & (prepared.prediction_time <= end))
    ]
    names = [u.unit for u in events.units]
    computer = BedFeatures(events, bedding.features)
    agenda: list[tuple[int, int, str, Any]] = [(t, 0, name, row) for t, name, row in rows]
    agenda += [(int(prepared.prediction_time[i]), 1, "wait", i) for i in asked]
    agenda += [(int(t), 1, "beds", None) for t in range(begin + HOUR, end, 3 * HOUR)]
    agenda.sort(key=lambda item: item[:2])
    compared = {"wait": 0, "beds": 0, "stretched": 0}
    explain = {"top": 1000}
    for now, _, kind, what in agenda:
        if kind == "wait":
            query = prepared.samples.query
            visit = {n: query.columns[n][what] for n in query.columns}
            visit = {n: v for n, v in visit.items() if v is not None and v == v}
            visit |= {"arrived_at": int(query.arrived_at[what]), "triaged_at": now}
            visit["visit_id"] = str(prepared.samples.row_id[what])
            body = {"visits": [_sent(visit, "visits", ids)], "explain": explain}
            answer = post("/v1/wait-time", body, now)["predictions"][0]
            # Asked under an id that nobody has sent, the patient is still one of those present.
            unsent = {**body, "visits": [{**body["visits"][0], "visit_id": "never sent"}]}
            other = post("/v1/wait-time", unsent, now)["predictions"][0]
            # Among others a visit is answered to the last bit as it is alone.
            both = {**body, "visits": [body["visits"][0], unsent["visits"][0]]}
            for alone, among in zip(
                (answer, other), post("/v1/wait-time", both, now)["predictions"], strict=True
            ):
                assert {**alone, "prediction_id": ""} == {**among, "prediction_id": ""}
            present = {c["feature"]: c["value"] for c in other["explanation"]["contributions"]}["ed_present"]
            mine = {c["feature"]: c["value"] for c in answer["explanation"]["contributions"]}["ed_present"]
            told = visit["visit_id"] in received
            assert present == mine + told, (present, mine)
            compared["wait"] += _same(
                answer["explanation"]["contributions"], prepared.X[what], waiting.features
            )
        elif kind == "beds":
            body = {"units": names, "horizons_hours": list(HORIZONS), "explain": explain}
            answers = post("/v1/bed-demand", body, now)["forecasts"]
            n = len(names) * len(HORIZONS)
            query_beds = BedQuery(
                np.repeat(np.arange(len(names)), len(HORIZONS)),
                np.full(n, now, np.int64),
                np.tile(np.array(HORIZONS), len(names)),
                np.full(n, np.nan),
            )
            X = computer.compute(query_beds)
            past = ErrorHistory.of_events(bedding, events, computer, (0, now))
            assert past is not None
            widths = past.widths(
                rule,
                bedding.beds_or_raise,
                query_beds.prediction_time,
                query_beds.unit,
                query_beds.horizon_hours,
            )
            for answer, row, width in zip(answers, X, widths[:, 0].tolist(), strict=True):
                compared["beds"] += _same(answer["explanation"]["contributions"], row, bedding.features)
                assert answer["width_factor"] == width
                compared["stretched"] += width != 1
        else:
            post("/v1/observations", {kind: [_sent(what, kind, ids)]}, now)
            received.add(what.get("visit_id") if kind == "visits" else None)
    assert len(asked) > 15
    assert compared["wait"] >= len(asked) * len(waiting.features)
    assert compared["beds"] > 1000
    assert compared["stretched"] > 100
    late = tables.tables["visits"]
    assert (late["received_at"] - late["arrived_at"] >= pd.Timedelta(hours=3)).any()
    assert MISSING_TIME not in [t for t, _, _ in rows]
    parts.workers.close()
    parts.engine.dispose()


def test_a_wait_time_answer_goes_the_way_that_the_architecture_page_names(
    models: dict[str, LoadedModel], tmp_path: Path
) -> None:
    """A real request enters the files of docs/architecture.md, at most twenty, in the order of the page."""
    named = re.findall(r"^\d+\. `([^`]+)`", between(PAGE.read_text("utf-8"), "answer"), re.MULTILINE)
    tables = read_hospital(_simulated(tmp_path / "data"), None, KEY)
    parts, tokens = make_parts(tmp_path / "home")
    parts.releases = Releases(FakeReleases(dict(models)))
    parts.forecaster = make_forecaster(Settings(home=tmp_path / "home"))
    visits = columns_of(tables.tables["visits"], "visits")
    now = int(visits["received_at"].max())
    with writing(parts.engine) as connection:
        import_rows(
            connection, "visits", rows_since("visits", visits, now - 3 * DAY, tables.audit_attributes)
        )
    parts.clock.instant = now  # type: ignore[attr-defined]
    arrived = moment(now).isoformat()
    visit = {
        "visit_id": "one",
        "department": "ED",
        "arrived_at": arrived,
        "triaged_at": arrived,
        "triage": "3",
    }
    body = {"visits": [visit]}
    entered: dict[str, None] = {}

    def seen(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & CO_OPTIMIZED and code.co_filename.startswith(str(ROOT)):
            entered.setdefault(str(Path(code.co_filename).relative_to(ROOT)))

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        response = InProcess(parts).request(
            "POST", "/v1/wait-time", json=body, headers={"authorization": f"Bearer {tokens['application']}"}
        )
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    parts.workers.close()
    parts.engine.dispose()
    assert response.status_code == 200, response.text
    assert 10 <= len(named) <= 20
    assert [name for name in named if name not in entered] == []
    assert [name for name in entered if name in named] == named


def _simulated(folder: Path) -> Path:
    write(simulate(30, seed=37, scale=0.1), folder)
    return folder
