"""From a hospital's tables to a release of wait times, by the command line, as its three groups of people would go."""

import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from cli.main import main
from hospital.simulator import Beyond, simulate_beyond, write
from hospital.times import DAY
from registry.candidates.candidates import candidate
from registry.errors import PromotionError, ReleaseError
from registry.mlflow_store import tracking_uri
from registry.policy.board_policy import default_policy
from registry.record.database import open_database, writing
from registry.record.journal import entries
from registry.record.journal_audit import verify
from registry.record.tokens import create_token
from registry.releases.promotion import promote
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import load_key
from serving.composition import real_parts
from tests.support.new_databases import new_mlflow
from tests.support.serving_fakes import InProcess
from tests.support.sound_release import exactly_explained, first_release
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")

DAYS, LATER_DAYS, MODEL = 560, 30, "wait-time"


@dataclass(frozen=True)
class SecondCheck:
    """A check of what was checked: its exit code, what it printed, and the sealed digests before and after."""

    code: int
    printed: str
    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass
class Home:
    """An installation reached by the command line.

    Attributes:
        data: the tables that its version knows. longer: those of a month more.
    """

    settings: Settings
    keys: Path
    data: Path
    longer: Path
    second_check: SecondCheck | None = None

    def key(self, name: str) -> str:
        """The path of a person's key file."""
        return str(self.keys / f"{name}.key")

    def train(self, model: str, data: Path) -> list[str]:
        """The author's training, but for the ablation table, which nothing here looks at and which takes half of it."""
        return ["train", model, "--data", str(data), "--key", self.key("author"), "--no-ablation"]

    def checked_again(self) -> SecondCheck:
        """Checks the first version once more, for a machine."""
        printed, before = io.StringIO(), self._digests()
        with redirect_stdout(printed):
            code = main(["check", MODEL, "1", "--json"])
        return SecondCheck(code, printed.getvalue(), before, self._digests())

    def _digests(self) -> Mapping[str, str]:
        return candidate(self.settings.candidates, MODEL, "1").digests()

    def copied(self, home: Path) -> "Home":
        """The same in another folder, to be changed."""
        shutil.copytree(self.settings.home, home)
        return replace(self, settings=Settings(home=home))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The wait time of the demo's hospital (seed 1) trained, checked, approved and released.

    Beds do not go this way here: `tests/journeys/test_demo.py` has both models, by the demo's own steps;
    `tests/journeys/test_real_records.py` beds by the command line, where the real data lie; and
    `tests/journeys/test_baseline_only.py` beds by the command line, of baselines alone.
    """
    root = tmp_path_factory.mktemp("whole")
    beyond = Beyond(days=LATER_DAYS, busy=1.0, before=DAYS)  # one and the same hospital, to either day
    for tables, name in zip(simulate_beyond(DAYS, beyond, seed=1), ("data", "longer"), strict=True):
        write(tables, root / name)
    found = Home(Settings(home=root / "home"), root / "keys", root / "data", root / "longer")
    new_mlflow(found.settings.home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(root / "home"))
        for name, role in (("author", "author"), ("ada", "board"), ("bob", "board"), ("rene", "releaser")):
            assert main(["key", "create", name, "--out", found.key(name)]) == 0
            public = load_key(Path(found.key(name))).public_key
            assert main(["key", "trust", name, public, "--role", role]) == 0
        assert main(["trust", "init", "--key", found.key("ada"), "--key", found.key("bob")]) == 0
        assert main(found.train(MODEL, root / "data")) == 0
        assert main(["check", MODEL, "1"]) == 0
        found.second_check = found.checked_again()
        for name in ("ada", "bob"):
            approve = ["review", MODEL, "1", "--approve", "--comment", "read", "--key", found.key(name)]
            assert main(approve) == 0
        assert main(["promote", MODEL, "1", "--key", found.key("rene")]) == 0
        yield found


def test_a_sound_hospital_is_released(home: Home) -> None:
    """A sound simulated hospital passes every required gate and is released with its scope."""
    first_release(home.settings, MODEL)


def test_the_author_signs_how_exact_the_explanations_are(home: Home) -> None:
    """Every leaf was held against XGBoost, shap was asked too; the check found the same again."""
    exactly_explained(home.settings, first_release(home.settings, MODEL))


@pytest.fixture
def second_check(home: Home) -> SecondCheck:
    """The version, checked again for a machine before anybody reviewed it."""
    assert home.second_check is not None
    return home.second_check


def test_the_check_speaks_to_machines(second_check: SecondCheck) -> None:
    """`--json` prints one object and the exit code is 0 for a pass."""
    assert second_check.code == 0
    found = json.loads(second_check.printed)
    assert {"model", "version", "digest", "policy_digest", "verdict", "gates"} <= set(found)
    gates = {g["name"]: g for g in found["gates"]}
    assert {"accuracy", "calibration", "fairness", "drift", "contract", "explanation"} <= set(gates)
    for gate in gates.values():
        for finding in gate["findings"]:
            assert {"metric", "group", "value", "interval", "threshold", "n", "verdict"} <= set(finding)


def test_a_second_check_seals_the_same_bytes(second_check: SecondCheck) -> None:
    """Checking again makes the same report and card: nothing in them names a time or a machine."""
    assert second_check.code == 0
    assert second_check.after == second_check.before


def test_fairness_names_every_group_with_its_number(home: Home) -> None:
    """The report names each group of each audit attribute, with n and interval."""
    report = candidate(home.settings.candidates, "wait-time", "1").json("report.json")
    fairness = next(g for g in report["gates"] if g["name"] == "fairness")
    groups = {f["group"] for f in fairness["findings"]}
    assert {"sex=F", "sex=M", "language=other"} <= groups
    judged = [f for f in fairness["findings"] if f["required"]]
    assert judged
    assert all(f["n"] > 0 and f["interval"] for f in judged)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_card_is_one_page_in_both_languages(home: Home, language: str, tmp_path: Path) -> None:
    """The card needs nothing else to be read: no script, no link to anywhere."""
    out = tmp_path / "card.html"
    assert main(["card", MODEL, "1", "--language", language, "--out", str(out)]) == 0
    page = out.read_text()
    assert f'<html lang="{language}"' in page
    assert not re.search(r"<script|https?://|<link", page)
    assert ("Ce qui vous est demandé" if language == "fr" else "What you are asked") in page


def test_mlflow_shows_the_version_with_its_package(home: Home) -> None:
    """Parameters, metrics, the data's digest and the package are in MLflow's store."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(home.settings.home), tracking_uri(home.settings.home))
    version = client.get_model_version("wait-time", "1")
    run = client.get_run(version.run_id)
    manifest = json.loads(
        (candidate(home.settings.candidates, "wait-time", "1").package / "manifest.json").read_bytes()
    )
    assert run.data.tags["data_digest"] == manifest["data_digest"]
    assert run.data.metrics["mae"] > 0
    assert run.data.params["seed"] == "1"
    names = {Path(f.path).name for f in client.list_artifacts(version.run_id, "package")}
    assert {"manifest.json", "median.ubj", "calibration.json"} <= names
    report = candidate(home.settings.candidates, "wait-time", "1").json("report.json")
    assert {run.data.metrics[f"gate/{gate['name']}"] for gate in report["gates"]} == {1.0}
    assert any(name.startswith("fairness/") for name in run.data.metrics)
    assert 0.5 < run.data.metrics["coverage/all"] < 1
    (data,) = run.inputs.dataset_inputs
    assert json.loads(data.dataset.source)["data_digest"] == manifest["data_digest"]
    aliases = client.get_registered_model("wait-time").aliases
    assert {alias: str(version) for alias, version in aliases.items()} == {"candidate": "1", "released": "1"}


def test_everything_that_was_done_is_in_the_journal(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Register, check twice, approve twice, promote: by whom, on which digests; and the chain is whole."""
    with open_database(home.settings.database).connect() as connection:
        assert verify(connection) == []
        found = [(e.actor, e.action) for e in entries(connection) if e.subjects.get("model") == "wait-time"]
    wanted = [
        ("author", "register"),
        ("vigie check", "check"),
        ("vigie check", "check"),
        ("ada", "approve"),
        ("bob", "approve"),
        ("rene", "promote"),
    ]
    assert found[:6] == wanted
    assert main(["journal", "verify"]) == 0
    assert "whole" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "package/median.ubj",
        "package/manifest.json",
        "report.json",
        "card.json",
        "policy.toml",
        "release.json",
    ],
)
def test_one_edited_byte_of_a_release_is_refused(home: Home, name: str, tmp_path: Path) -> None:
    """Whichever file was touched, the release is refused in plain words that name it."""
    copy = tmp_path / "home"
    shutil.copytree(home.settings.home, copy)
    path = copy / "releases" / "wait-time" / "000001" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReleaseError, match=re.escape(Path(name).name)):
        current_release(Settings(home=copy), "wait-time")


def test_a_second_version_is_set_beside_the_first(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained on thirty more days, version 2 is judged against version 1 on the same rows, and may be released."""
    data, home = home.longer, home.copied(tmp_path / "home")  # the others look at one version of each
    monkeypatch.setenv("VIGIE_HOME", str(home.settings.home))
    _later_days_are_judged_and_seal_nothing(home, data, capsys)
    assert main(home.train("wait-time", data)) == 0
    assert main(["check", "wait-time", "2"]) == 0
    second = candidate(home.settings.candidates, "wait-time", "2")
    report = second.json("report.json")
    assert report["compared_with"] == "1"
    assert report["attempts"] == 2  # their test sets share days: what passes must be twice as sure
    assert candidate(home.settings.candidates, "wait-time", "1").json("report.json")["attempts"] == 1
    accuracy = next(g for g in report["gates"] if g["name"] == "accuracy")
    beside = next(f for f in accuracy["findings"] if f["metric"] == "against_current")
    assert beside["n"] > 1000
    assert beside["interval"][0] < beside["value"] < beside["interval"][1]
    with pytest.raises(PromotionError, match="approvals"):
        promote(home.settings, "wait-time", "2", load_key(Path(home.key("rene"))), now=datetime.now(UTC))

    capsys.readouterr()
    assert main(["compare", "wait-time", "1", "2", "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    whole = next(d for d in compared["differences"] if (d["metric"], d["by"]) == ("mae", "all"))
    # The same rows as the check's: its gain is over the current release, as a share of that release's error.
    assert whole["n"] == beside["n"]
    assert -whole["difference"] / whole["first"] == pytest.approx(beside["value"], rel=1e-6)
    assert (compared["only_first"], compared["only_second"]) == (0, 0)
    from mlflow import MlflowClient

    store = MlflowClient(tracking_uri(home.settings.home), tracking_uri(home.settings.home))
    run = store.get_run(store.get_model_version("wait-time", "2").run_id)
    assert run.data.metrics["vs_1.mae"] == pytest.approx(whole["difference"])

    parts = real_parts(home.settings)
    with writing(parts.engine) as connection:
        token = create_token(connection, "test", ["data_scientist"], now=datetime.now(UTC))
    client, headers = InProcess(parts), {"authorization": f"Bearer {token}"}

    def served() -> dict[str, str]:
        answer = client.get("/v1/models", headers=headers).json()
        return {m["name"]: m["version"] for m in answer["released"]}

    first = {MODEL: "1"}
    assert served() == first
    for name in ("ada", "bob"):
        approve = ["review", "wait-time", "2", "--approve", "--comment", "read", "--key", home.key(name)]
        assert main(approve) == 0
    assert main(["promote", "wait-time", "2", "--key", home.key("rene")]) == 0
    second = {MODEL: "2"}
    wait_for(lambda: served() == second, "service of the second version without a restart")
    assert main(["rollback", "wait-time", "--key", home.key("rene")]) == 2  # nobody of the board approved it
    assert served() == second
    assert main(["rollback", "wait-time", "--key", home.key("ada"), "--reason", "too long"]) == 0
    assert main(["rollback", "wait-time", "--key", home.key("rene")]) == 0
    wait_for(lambda: served() == first, "service of the first version again")
    third = current_release(home.settings, "wait-time")
    assert third is not None
    assert third.sequence == 3
    parts.workers.close()
    parts.close()


def _later_days_are_judged_and_seal_nothing(
    home: Home, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--recent`: rows after the registered days alone; printed, kept and journaled, and the board's digests stay."""
    first = candidate(home.settings.candidates, "wait-time", "1")
    before, sealed = first.digests(), first.json("report.json")
    capsys.readouterr()
    assert main(["check", "wait-time", "1", "--recent", str(data), "--json"]) in (0, 1)
    told = json.loads(capsys.readouterr().out)
    assert first.digests() == before
    (kept,) = (first.folder / "recent").iterdir()
    body = json.loads(kept.read_bytes())
    assert body["judged"][0] >= sealed["judged"][1]
    assert body["judged"][1] - body["judged"][0] > 20 * DAY
    assert told["gates"] == body["gates"]
    performance = next(p for p in body["performance"] if p["unit_group"] == "all")
    assert 1000 < performance["n"] < 8000
    for name in ("contract", "explanation", "efficiency"):
        gate = next(g for g in body["gates"] if g["name"] == name)
        assert gate["verdict"] == "pass", [f for f in gate["findings"] if f["verdict"] != "pass"]
    with open_database(home.settings.database).connect() as connection:
        last = list(entries(connection))[-1]
    assert (last.action, last.subjects["report_digest"]) == ("check recent", f"sha256:{kept.stem}")
    assert main(["check", "wait-time", "1", "--recent", str(home.data)]) == 2
    assert "no row with a known outcome after" in capsys.readouterr().err


def test_a_policy_that_names_a_group_nobody_has_is_refused(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name misspelt would leave the group unjudged for ever: every such name is said, and nothing is sealed."""
    text = default_policy().content.decode()
    wanted = 'required_groups = {sex = ["F", "woman"], language = ["klingon"]} '
    policy = tmp_path / "policy.toml"
    policy.write_text(re.sub(r"^required_groups = [^#]*", wanted, text, flags=re.MULTILINE))
    before = candidate(home.settings.candidates, "wait-time", "1").digests()
    assert main(["check", "wait-time", "1", "--policy", str(policy)]) == 2
    said = capsys.readouterr().err
    assert "sex=woman, language=klingon" in said
    assert "sex=F" not in said
    assert candidate(home.settings.candidates, "wait-time", "1").digests() == before


def test_a_release_that_the_chain_names_and_that_is_gone_stops_the_check(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never "no earlier release": an error that says what is missing, and no verdict."""
    copy = tmp_path / "home"
    shutil.copytree(home.settings.home, copy)
    shutil.rmtree(copy / "releases" / "wait-time")
    monkeypatch.setenv("VIGIE_HOME", str(copy))
    assert main(["check", "wait-time", "1"]) == 2
    assert "wait-time" in capsys.readouterr().err


def test_a_check_after_an_erasure_passes(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patient of the test set is taken out of all that is sealed: the whole check passes on what is left."""
    copy = tmp_path / "home"
    shutil.copytree(home.settings.home, copy)
    monkeypatch.setenv("VIGIE_HOME", str(copy))
    visits = pd.read_parquet(home.data / "visits.parquet").sort_values("arrived_at")
    person = str(visits["visit_id"].iloc[int(0.93 * len(visits))])
    before = candidate(Settings(home=copy).candidates, "wait-time", "1").digests()
    assert main(["journal", "erase", "--subject", person, "--reason", "asked for"]) == 0
    assert "visits.parquet: a tombstone" in capsys.readouterr().out
    assert main(["check", "wait-time", "1"]) == 0
    after = candidate(Settings(home=copy).candidates, "wait-time", "1")
    assert after.json("report.json")["verdict"] == "pass"
    assert after.digests()["package_digest"] == before["package_digest"]
    assert main(["journal", "verify"]) == 0
