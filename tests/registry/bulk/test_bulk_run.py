"""Many rows explained into one file: what it says is what serving says, and a kill costs no more than a part."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cli.main import main
from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.simulator import simulate, write
from hospital.times import DAY, instant
from registry.bulk.parquet import Layout, Subject
from registry.bulk.rows import chunks_of
from registry.bulk.run import Request, Written, explain_all
from registry.candidates.candidates import Candidate, register
from registry.cards.card_document import build_card
from registry.errors import BulkError
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare
from registry.package.manifest import MODELS
from registry.policy.board_policy import default_policy
from registry.record.database import open_database, writing
from registry.releases.promotion import promote
from registry.trust.keys import Key
from serving.forecasting.forecaster import make_forecaster
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion
from serving.releases.release_source import StoredReleases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.installation import Installation, after, report_body
from tests.support.repository import ROOT
from training.packages.package_request import Request as Training
from training.train import build_package

HORIZONS = (4.0, 24.0)
CHUNK_ROWS = 500


@dataclass(frozen=True)
class Home:
    """An installation with a release of each model, its hospital's files and tables, and what was written once."""

    installation: Installation
    data: Path
    tables: HospitalTables
    out: dict[str, Path]

    def package(self, model: str) -> ForecastModel:
        """The released package."""
        return ForecastModel(self.installation.settings.releases / model / "000001" / "package")

    def frame(self, model: str) -> pd.DataFrame:
        """What was written of a model."""
        return pd.read_parquet(self.out[model])

    def explain(self, out: Path, model: str = "wait-time", **more: Any) -> Written:
        """Explains the hospital's rows into a file; what is reported is collected in `said`."""
        said = more.pop("said", [])
        request = Request(model, None, self.data, None, out, "en", CHUNK_ROWS)
        return explain_all(
            replace(request, **more), self.installation.settings, progress=lambda *_: None, tell=said.append
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Both models of a small hospital, trained and released; bed demand is trusted for the shorter horizon only."""
    root = tmp_path_factory.mktemp("bulk")
    installation = Installation.make(root / "home")
    write(simulate(220, seed=35, scale=0.1), root / "data")
    tables = read_hospital(root / "data", None, load_or_create_key(root / "home" / "pseudonym.key"))
    for model in MODELS:
        horizons = HORIZONS if model == "bed-demand" else ()
        build_package(Training(model, horizons), tables, root / model, lambda *_: None)
        for version in ("1", "2", "3"):
            candidate = _registered(installation, model, version, root / model)
            if version != "3":
                _checked(candidate, installation.people["checker"])
        installation.approve(
            Candidate(model, "1", installation.settings.candidates / model / "1"), "ada", "bob"
        )
        promote(installation.settings, model, "1", installation.people["releaser"], now=after(2))
    found = Home(installation, root / "data", tables, {m: root / f"{m}.parquet" for m in MODELS})
    for model in MODELS:
        found.explain(found.out[model], model)
    yield found
    shutil.rmtree(root)


def _registered(installation: Installation, model: str, version: str, package: Path) -> Candidate:
    digest = "sha256:" + "a" * 64
    body = {"data_digest": digest, "seal_digest": digest, "evidence_digest": digest, "at": 0}
    author = installation.people["author"]
    return register(installation.settings.candidates, model, version, package, body, author)


def _checked(candidate: Candidate, checker: Key) -> None:
    manifest = ForecastModel(candidate.package).manifest
    cells = [("ED", 0.0)]
    if candidate.model == "bed-demand":
        cells = [(unit.group, HORIZONS[0]) for unit in manifest.units]
    scope = [{"unit_group": group, "horizon_hours": horizon} for group, horizon in cells]
    report = report_body(candidate, "pass") | {"scope": scope}
    card = build_card(manifest, report, [])
    candidate.seal(report, card, default_policy().content, checker)


def _prepared(home: Home, model: str) -> PreparedBeds | PreparedWaits:
    return prepare(home.package(model), home.tables)


def _contributions(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[name for name in frame.columns if name.startswith("contribution_")]]


@pytest.mark.parametrize("model", MODELS)
def test_every_row_adds_up(home: Home, model: str) -> None:
    """Base, contributions and adjustments are the p50, whoever answers; nothing is left beside the file."""
    frame = home.frame(model)
    parts = [n for n in frame.columns if n == "base" or n.startswith(("contribution_", "adjustment_"))]
    assert np.abs(frame[parts].sum(axis=1) - frame["p50"]).max() < 1e-4
    groups = [n for n in frame.columns if n.startswith("group_")]
    features = [n for n in frame.columns if n.startswith("contribution_")]
    assert len(groups) > 2
    assert np.abs(frame[groups].sum(axis=1) - frame[features].sum(axis=1)).max() < 1e-9
    schema = pq.read_schema(home.out[model])
    for group in groups:  # each group is its own features, and no other's
        own = [n for n in features if schema.field(n).metadata[b"group"].decode() == group[6:]]
        assert np.abs(frame[group] - frame[own].sum(axis=1)).max() < 1e-9
    assert ((frame["p10"] <= frame["p50"]) & (frame["p50"] <= frame["p90"])).all()
    assert not home.out[model].with_name(f"{model}.parquet.parts").exists()
    file = pq.ParquetFile(home.out[model])
    assert file.num_row_groups > 3
    assert max(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)) <= CHUNK_ROWS


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_those_of_a_check_explained_by_the_package(home: Home, model: str) -> None:
    """The same samples and features as training and check make, and `ForecastModel.explain` row by row, to the bit."""
    frame, package, prepared = home.frame(model), home.package(model), _prepared(home, model)
    baselines: Any = package.waits_or_raise if model == "wait-time" else package.beds_or_raise
    rows = prepared.rows(baselines)
    assert len(frame) == len(rows.X)
    release = StoredReleases(home.installation.settings).load(model)
    assert release is not None
    scope = {h for _, h in release.scope}
    inside = np.ones(len(frame), bool)
    if isinstance(prepared, PreparedBeds):
        query, names = prepared.samples.query, np.array([u.unit for u in prepared.events.units], object)
        assert (frame["unit"] == names[query.unit]).all()
        assert (frame["horizon_hours"] == query.horizon_hours).all()
        assert (frame["target_at"].astype("int64") == query.target_time).all()
        inside = np.isin(query.horizon_hours, list(scope))
        assert 0 < inside.sum() < inside.size
    else:
        assert (frame["visit_id"] == prepared.samples.row_id).all()
    assert (frame["prediction_time"].astype("int64") == prepared.prediction_time).all()
    explained, simple = package.explain(rows), package.explain_baseline(rows)
    assert np.array_equal(frame["p50"], np.where(inside, explained.p50, simple.p50))
    assert np.array_equal(frame["base"], np.where(inside, explained.base, simple.base))
    assert np.array_equal(_contributions(frame)[inside], explained.contributions[inside])
    assert (_contributions(frame)[~inside] == 0).all(axis=None)
    for name, values in explained.adjustments.items():
        assert np.array_equal(frame[f"adjustment_{name}"][inside], values[inside])
    assert set(frame["trust_status"][~inside]) <= {"baseline", "degraded"}
    assert set(frame["trust_status"][inside]) <= {"trusted", "degraded"}
    assert set(frame["model_digest"]) == {release.digest}
    assert set(frame["model_version"]) == {"1"}


def _stored(home: Home, now: int, folder: Path) -> Any:
    """A database with what had been received by `now`."""
    engine = open_database(f"sqlite:///{folder / 'vigie.db'}")
    with writing(engine) as connection:
        for name, table in home.tables.tables.items():
            rows = rows_since(
                name,
                columns_of(table, name),
                now - (lookback_days(name) + 10) * DAY,
                home.tables.audit_attributes,
            )
            import_rows(connection, name, [r for r in rows if r["received_at"] <= now])
    return engine


def _same(row: pd.Series, answer: Any, quantiles: Any) -> None:
    """Asserts that a row of the file says what a served answer says."""
    assert (row["p10"], row["p50"], row["p90"]) == (quantiles["p10"], quantiles["p50"], quantiles["p90"])
    told = answer.explanation
    assert row["base"] == told["base"]
    names = {c["feature"]: c["contribution"] for c in told["contributions"]}
    assert all(row[f"contribution_{name}"] == value for name, value in names.items())
    assert all(row[f"adjustment_{a['name']}"] == a["contribution"] for a in told["adjustments"])
    assert row["trust_status"] == answer.trust["status"]
    assert tuple(row["trust_warnings"]) == answer.trust["warnings"]


def test_a_visit_is_explained_as_served(home: Home, quick_path: Path) -> None:
    """Asked at its prediction time, the service gives the very numbers, status and warnings of the file."""
    frame, prepared = home.frame("wait-time"), _prepared(home, "wait-time")
    assert isinstance(prepared, PreparedWaits)
    i = len(frame) - 40
    query, now = prepared.samples.query, int(prepared.prediction_time[i])
    visit: dict[str, Any] = {name: query.columns[name][i] for name in query.columns}
    visit = {n: v for n, v in visit.items() if v is not None and v == v}
    visit |= {
        "visit_id": prepared.samples.row_id[i],
        "arrived_at": int(query.arrived_at[i]),
        "triaged_at": now,
    }
    model = StoredReleases(home.installation.settings).load("wait-time")
    assert model is not None
    engine = _stored(home, now, quick_path)
    forecaster, options = make_forecaster(home.installation.settings), ExplainOptions(1000, "typical", "en")
    with engine.connect() as connection:
        (served,) = forecaster.wait_time(model, connection, WaitQuestion([visit], [None], options), now)
    engine.dispose()
    assert len(served.explanation["contributions"]) == len(_contributions(frame).columns)
    _same(frame.iloc[i], served, served.wait_minutes)


def test_units_are_explained_as_served(home: Home, quick_path: Path) -> None:
    """Every unit and horizon of one time, within the trusted scope and outside."""
    frame = home.frame("bed-demand")
    at = frame["prediction_time"].iloc[-1]
    then = frame[frame["prediction_time"] == at]
    model = StoredReleases(home.installation.settings).load("bed-demand")
    assert model is not None
    now = instant(at.to_pydatetime())
    engine = _stored(home, now, quick_path)
    units = list(dict.fromkeys(then["unit"]))
    question = BedQuestion(units, HORIZONS, now, [], ExplainOptions(1000, "typical", "en"))
    with engine.connect() as connection:
        served = make_forecaster(home.installation.settings).bed_demand(model, connection, question, now)
    engine.dispose()
    assert len(served) == len(then) > 2
    for (_, row), one in zip(then.iterrows(), served, strict=True):
        assert (row["unit"], row["horizon_hours"]) == (one.unit, one.horizon_hours)
        _same(row, one, one.beds)
    assert {one.trust["status"] for one in served} >= {"baseline"}


def test_an_age_of_observations_is_said_as_then(home: Home) -> None:
    """A visit of a time at which nothing had been received for hours is degraded, in the language asked for."""
    visits = home.tables.tables["visits"]
    mine = visits[visits["visit_id"] == home.frame("wait-time")["visit_id"].iloc[-1]].assign(visit_id="new")
    for name in mine.select_dtypes("datetimetz"):
        mine[name] += pd.Timedelta(days=2)
    mine["received_at"] += pd.Timedelta(hours=1)
    tables = replace(home.tables, tables=home.tables.tables | {"visits": pd.concat([visits, mine])})
    model = home.package("wait-time")
    subject = Subject("wait-time", "1", "sha256:1", home.data, frozenset({("ED", 0.0)}))
    chunks = chunks_of(model, tables, subject.scope, 50)
    chunk = chunks.chunk(len(chunks) - 1)
    rows = Layout(model, subject, "fr").table(chunk, answer(model, chunk.rows, chunk.inside)).to_pandas()
    assert rows["visit_id"].iloc[-1] == "new"
    assert rows["trust_status"].iloc[-1] == "degraded"
    assert any("trop anciennes" in words for words in rows["trust_warnings"].iloc[-1])
    assert not any("trop anciennes" in words for words in rows["trust_warnings"].iloc[-2])


KILLED = """
import signal
from pathlib import Path
from registry.bulk.run import Request, explain_all
from registry.settings import Settings
count = 0
def progress(step, share):
    global count
    count += step == {step!r}
    if count == 3:
        print("now", flush=True)
        signal.pause()
request = Request({model!r}, None, Path({data!r}), None, Path({out!r}), "en", {chunk_rows})
explain_all(request, Settings(home=Path({home!r})), progress=progress, tell=print)
"""


@pytest.mark.parametrize("step", ["explain", "join"])
def test_killed_and_resumed_gives_the_same_bytes(home: Home, tmp_path: Path, step: str) -> None:
    """A process killed while it explains, or joins, leaves no file; the next run goes on to the same bytes."""
    out = tmp_path / "rows.parquet"
    program = KILLED.format(
        step=step,
        model="wait-time",
        data=str(home.data),
        out=str(out),
        home=str(home.installation.settings.home),
        chunk_rows=CHUNK_ROWS,
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "now\n"
            with pytest.raises(BulkError, match="Another vigie explain"):
                home.explain(out)
        finally:
            child.send_signal(signal.SIGKILL)
    assert not out.exists()
    said: list[str] = []
    done = home.explain(out, said=said)
    assert done.kept == (2 if step == "explain" else done.parts)
    assert said == []
    assert out.read_bytes() == home.out["wait-time"].read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


def _stopped(home: Home, out: Path) -> Path:
    """The folder of parts of a run that was stopped after two."""
    count = 0

    def progress(step: str, share: float) -> None:
        nonlocal count
        count += step == "explain"
        if count == 3:
            raise KeyboardInterrupt

    request = Request("wait-time", None, home.data, None, out, "en", CHUNK_ROWS)
    with pytest.raises(KeyboardInterrupt):
        explain_all(request, home.installation.settings, progress=progress, tell=print)
    return out.with_name(f"{out.name}.parts")


@pytest.mark.usefixtures("english")
def test_other_inputs_start_anew_and_say_so(home: Home, tmp_path: Path) -> None:
    """Parts of another language are no parts of this file: they are thrown away, and why is said."""
    _stopped(home, tmp_path / "rows.parquet")
    said: list[str] = []
    done = home.explain(tmp_path / "rows.parquet", language="fr", said=said)
    assert done.kept == 0
    assert len(said) == 1
    assert "language" in str(said[0])
    fields = pq.read_schema(tmp_path / "rows.parquet").field("contribution_hour").metadata
    assert fields[b"label"] == b"Heure"


def test_a_part_that_was_changed_is_made_again(home: Home, tmp_path: Path) -> None:
    """A part is known by its digest: what is not whole is not kept."""
    folder = _stopped(home, tmp_path / "rows.parquet")
    first = sorted(folder.glob("*.arrow"))[0]
    first.write_bytes(first.read_bytes()[:-100])
    assert home.explain(tmp_path / "rows.parquet").kept == 1
    assert (tmp_path / "rows.parquet").read_bytes() == home.out["wait-time"].read_bytes()


def test_what_is_not_vigies_is_left_alone(home: Home, tmp_path: Path) -> None:
    """A folder of that name with somebody's file in it is not emptied."""
    folder = tmp_path / "rows.parquet.parts"
    folder.mkdir()
    (folder / "thesis.txt").touch()
    with pytest.raises(BulkError, match=r"thesis\.txt"):
        home.explain(tmp_path / "rows.parquet")
    assert (folder / "thesis.txt").exists()


def test_what_does_not_add_up_is_not_written(home: Home) -> None:
    """One contribution that is off by a minute is found, with the number of rows."""
    model = home.package("wait-time")
    subject = Subject("wait-time", "1", "sha256:1", home.data, frozenset({("ED", 0.0)}))
    chunk = chunks_of(model, home.tables, subject.scope, 50).chunk(1)
    answered = answer(model, chunk.rows, chunk.inside)
    layout = Layout(model, subject, "en")
    assert layout.table(chunk, answered).num_rows == 50
    answered.model.contributions[7, 2] += 1
    with pytest.raises(BulkError, match="1 of 50 explanations do not add up"):
        layout.table(chunk, answered)
    answered.model.contributions[7, 2] = np.nan
    with pytest.raises(BulkError, match="1 of 50"):
        layout.table(chunk, answered)


def test_no_forecast_is_missing_not_zero(home: Home) -> None:
    """Where the baseline is not known the row stays, without numbers or status."""
    model = home.package("bed-demand")
    subject = Subject("bed-demand", "1", "sha256:1", home.data, frozenset())
    chunk = chunks_of(model, home.tables, subject.scope, 50).chunk(1)
    unknown = chunk.rows.baseline.copy()
    unknown[3] = np.nan
    chunk = replace(chunk, rows=replace(chunk.rows, offset=unknown, baseline=unknown))
    row = Layout(model, subject, "en").table(chunk, answer(model, chunk.rows, chunk.inside)).slice(3, 1)
    for name in ("p50", "base", "contribution_unit", "adjustment_floor", "trust_status", "trust_warnings"):
        assert row[name].null_count == 1, name
    assert row["unit"].null_count == 0


def test_a_checked_version_can_be_asked_for(home: Home, tmp_path: Path) -> None:
    """A version that is not released explains with the scope that its check found."""
    done = home.explain(tmp_path / "two.parquet", "bed-demand", version="2")
    frame = pd.read_parquet(tmp_path / "two.parquet")
    assert done.subject.version == "2"
    assert set(frame["model_version"]) == {"2"}
    same = home.frame("bed-demand").drop(columns="model_version")
    pd.testing.assert_frame_equal(frame.drop(columns="model_version"), same)


def _fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert "Traceback" not in said
    return said


def test_wrong_inputs_are_said_in_one_line(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, rights, versions, tables: what is wrong and what to do, and nothing is left behind."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    data, out = ("--data", str(home.data)), ("--out", str(tmp_path / "x.parquet"))
    assert ".parquet" in _fails(capsys, "wait-time", *data, "--out", str(tmp_path / "x.csv"))
    assert "make it" in _fails(capsys, "wait-time", *data, "--out", str(tmp_path / "no" / "x.parquet"))
    assert "--out" in _fails(capsys, "wait-time", *data, "--out", "/proc/x.parquet")
    assert "has no version 9 here: there are 1, 2, 3" in _fails(
        capsys, "wait-time", *data, *out, "--version", "9"
    )
    assert "run vigie check wait-time 3" in _fails(capsys, "wait-time", *data, *out, "--version", "3")
    said = _fails(capsys, "wait-time", "--data", str(tmp_path / "nowhere"), *out)
    assert "no such file or folder" in said
    assert said.count("\n") == 1
    (tmp_path / "units").mkdir()
    shutil.copy(next(home.data.glob("stays.*")), tmp_path / "units")
    assert "needs visits" in _fails(capsys, "wait-time", "--data", str(tmp_path / "units"), *out)
    mapping = tmp_path / "m.toml"
    mapping.write_text('[mapping]\nzone = "Mars/Olympus"\ncolour = "blue"\n')
    said = _fails(capsys, "wait-time", *data, *out, "--mapping", str(mapping))
    assert "colour" in said
    assert "zone" in said
    mapping.write_text(
        '[mapping]\nname = "Test"\nzone = "Europe/London"\n[tables.units.columns]\nunit = "unit"\n'
    )
    assert "Europe/London" in _fails(capsys, "wait-time", *data, *out, "--mapping", str(mapping))
    assert not list(tmp_path.glob("x.*"))
    assert main(["explain", "wait-time", *data, *out, "--language", "de"]) == 2
    assert "'--language': 'de' is not one of 'fr', 'en'" in capsys.readouterr().err


def test_without_a_release_the_way_to_one_is_said(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home in which nothing was set up is not made by asking."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    said = _fails(capsys, "wait-time", "--data", str(home.data), "--out", str(tmp_path / "x.parquet"))
    assert "--version" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("english")
def test_too_short_a_history_gives_no_file(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the warm-up's end there is no row to explain."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    write(simulate(30, seed=3, scale=0.1), tmp_path / "data")
    said = _fails(capsys, "wait-time", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "x.parquet"))
    assert "no row" in said
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_the_command_writes_what_it_says(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way by the command line, in chunks of the usual size: the same rows."""
    monkeypatch.setenv("VIGIE_HOME", str(home.installation.settings.home))
    out = tmp_path / "x.parquet"
    assert (
        main(["explain", "bed-demand", "--data", str(home.data), "--out", str(out), "--language", "en"]) == 0
    )
    frame = pd.read_parquet(out)
    assert f"{len(frame):,} rows explained by bed-demand version 1" in capsys.readouterr().out
    pd.testing.assert_frame_equal(frame, home.frame("bed-demand"))


def test_events_are_cut_without_changing_a_bit(home: Home) -> None:
    """Features of a chunk are the bits that a check computes for all rows at once."""
    for model in MODELS:
        package, prepared = home.package(model), _prepared(home, model)
        chunks = chunks_of(package, home.tables, frozenset(), 333)
        X = np.concatenate([chunks.chunk(i).rows.X for i in range(len(chunks))])
        assert X.tobytes() == prepared.X.tobytes()
