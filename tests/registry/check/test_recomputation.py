"""What a check computes of a version again, step by step, on real packages of a small hospital."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.candidates.candidates import Candidate, register
from registry.candidates.sealed_check import CHECKER
from registry.check.recomputation import gather
from registry.check.run import check
from registry.errors import CandidateError, PackageError
from registry.evidence.records import Evidence
from registry.facts.explanation_facts import NO_EXPLANATION, verified
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import prepare, score
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database, writing
from registry.record.journal import append, entries
from registry.trust.keys import Signed
from tests.support.installation import NOW, Installation, after
from tests.support.quick_versions import quick_candidate, quick_release, quick_tables
from training.packages.package_request import Request

POLICY = default_policy()
DAYS, LATER = 185, 205


@dataclass
class Steps:
    """What a check says of its progress."""

    said: list[tuple[str, float]]

    def __call__(self, step: str, share: float) -> None:
        self.said.append((step, share))

    @property
    def shares(self) -> list[float]:
        """Of the work that is done, in the order in which they were said."""
        return [share for _, share in self.said]


@dataclass(frozen=True)
class Versions:
    """Versions of both models on the same days, and tables that go on for 20 days more.

    Attributes:
        baseline: of wait times, without trees. beds: with trees.
    """

    installation: Installation
    tables: HospitalTables
    later: HospitalTables
    baseline: Candidate
    beds: Candidate

    def evidence(
        self, found: Candidate, recent: HospitalTables | None = None, refits: list[str] | None = None
    ) -> tuple[Evidence, Steps]:
        """Of a version, with what was said meanwhile."""
        steps = Steps([])
        evidence, of = gather(self.installation.settings, found, POLICY, steps, refits, recent)
        assert of.source_digest == (recent or self.tables).source_digest
        return evidence, steps


# Each fixture is small, so that a run that limits their time leaves none out.


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """What the versions were trained on."""
    return quick_tables(tmp_path_factory.mktemp("known"), DAYS)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """The same, and 20 days more."""
    return quick_tables(tmp_path_factory.mktemp("later"), LATER)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """In which no version is released."""
    return Installation.make(tmp_path_factory.mktemp("home") / "home")


@pytest.fixture(scope="module")
def baseline(home: Installation, tables: HospitalTables) -> Candidate:
    """Of wait times, without trees."""
    return quick_candidate(home, Request("wait-time", kind="baseline"), tables, "1")


@pytest.fixture(scope="module")
def beds(home: Installation, tables: HospitalTables) -> Candidate:
    """With trees, which were verified before: a check reads that."""
    found = quick_candidate(home, Request("bed-demand", (24.0,)), tables, "1")
    _verify(home, found, tables)
    return found


def _verify(home: Installation, found: Candidate, tables: HospitalTables) -> None:
    X = prepare(ForecastModel(found.package), tables).X
    verified((found.package / "median.ubj").read_bytes(), X, home.settings.home / "evidence")


@pytest.fixture(scope="module")
def versions(
    home: Installation, tables: HospitalTables, later: HospitalTables, baseline: Candidate, beds: Candidate
) -> Versions:
    """Registered; none is released."""
    return Versions(home, tables, later, baseline, beds)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, tables: HospitalTables) -> Installation:
    """In which the baseline of wait times is in use."""
    installation = Installation.make(tmp_path_factory.mktemp("released") / "home")
    found = quick_candidate(installation, Request("wait-time", kind="baseline"), tables, "1")
    quick_release(installation, found, [("ED", 0.0)])
    return installation


@pytest.fixture(scope="module")
def second(released: Installation, tables: HospitalTables) -> Candidate:
    """The version with trees that was registered after it."""
    found = quick_candidate(released, Request("wait-time"), tables, "2")
    _verify(released, found, tables)
    return found


def _split(found: Candidate) -> Split:
    return Split.from_json(ForecastModel(found.package).manifest.split)


def test_of_a_baseline_nothing_is_asked_that_only_trees_have(versions: Versions) -> None:
    """It is scored, probed and compared; no refit is begun, and nothing of it is explained or drifts."""
    evidence, steps = versions.evidence(versions.baseline, refits=["no-such-program-to-refit"])
    split = _split(versions.baseline)
    assert (evidence.kind, evidence.model, evidence.version) == ("baseline", "wait-time", "1")
    assert (evidence.inputs, evidence.explanation) == ((), NO_EXPLANATION)
    assert evidence.probed.stability is evidence.probed.shift is evidence.probed.efficiency is None
    assert evidence.probed.leakage is not None
    assert evidence.probed.leakage.rows > 0
    assert (evidence.current, evidence.current_version, evidence.current_expected) == (None, None, False)
    assert evidence.attempts == 1
    # What it serves outside its scope is what it serves: both are its baseline's median.
    np.testing.assert_array_equal(evidence.baseline, evidence.test.p50)
    begun, end = split.spans["train"][0], split.spans["test"][1]
    assert evidence.history_days == pytest.approx((end - begun) / DAY)
    assert 100 < evidence.history_days < DAYS
    assert steps.said[0] == ("verify the package", 0.0)
    assert steps.shares == sorted(steps.shares)
    assert 0.6 < steps.shares[-1] < 0.85


def test_what_was_reported_is_what_is_found_again(versions: Versions) -> None:
    """No forecast, outcome, baseline, row or part is another; edited, the report or the package is refused."""
    for found in (versions.baseline, versions.beds):
        contract = versions.evidence(found)[0].contract
        assert contract.rows > 100
        assert (contract.forecasts_off, contract.outcomes_off, contract.baselines_off) == (0, 0, 0)
        assert (contract.rows_off, contract.split_overlaps, contract.infinite_features) == (0, 0, 0)
        assert contract.feature_digest_equal


@pytest.mark.parametrize("recent", [False, True])
def test_the_validation_set_is_asked_of_the_model_that_never_saw_it(versions: Versions, recent: bool) -> None:
    """With intervals as wide as its own errors made them; the test set is asked of what is served."""
    evidence, _ = versions.evidence(versions.beds, versions.later if recent else None)
    served = ForecastModel(versions.beds.package)
    split, prepared = _split(versions.beds), prepare(served, versions.tables)
    rows = adapted(served.held_back, prepared.part(prepared.prediction_time < split.spans["test"][0]))
    expected = score(served.held_back, rows, split.members("validation", rows.prediction_time))
    np.testing.assert_array_equal(evidence.validation.row_id, expected.row_id)
    np.testing.assert_array_equal(evidence.validation.quantiles, expected.quantiles)
    of_served = score(served, prepared, split.members("validation", prepared.prediction_time))
    assert (evidence.validation.p50 != of_served.p50).any()
    if not recent:
        judged = score(served, prepared, split.members("test", prepared.prediction_time))
        np.testing.assert_array_equal(evidence.test.quantiles, judged.quantiles)


def test_a_package_that_was_not_registered_is_refused(versions: Versions, tmp_path: Path) -> None:
    """A registration of another package stands for nothing: no step is taken."""
    folder = tmp_path / "wait-time" / "1"
    folder.mkdir(parents=True)
    shutil.copytree(versions.baseline.package, folder / "package")
    other = {**versions.baseline.registration}
    other["body"] = {**other["body"], "package_digest": "sha256:" + "0" * 64}
    (folder / "registration.json").write_text(json.dumps(other))
    with pytest.raises(PackageError, match="not the one that was registered"):
        versions.evidence(Candidate("wait-time", "1", folder))


def test_later_days_are_judged_in_place_of_the_sealed_ones(versions: Versions) -> None:
    """From where the registered test set ends to the last known outcome; nobody reported anything of them."""
    end = _split(versions.baseline).spans["test"][1]
    evidence, _ = versions.evidence(versions.baseline, versions.later)
    assert evidence.test.prediction_time.min() >= end
    assert evidence.test.prediction_time.max() > end + (LATER - DAYS - 2) * DAY
    sealed, _ = versions.evidence(versions.baseline)
    assert sealed.test.prediction_time.max() < end
    assert evidence.contract.rows_off == evidence.contract.forecasts_off == 0
    assert evidence.history_days == pytest.approx(sealed.history_days + LATER - DAYS, abs=1.0)
    with pytest.raises(CandidateError):
        versions.evidence(versions.baseline, versions.tables)


def test_a_model_s_trees_are_held_against_others_and_its_inputs_by_day(versions: Versions) -> None:
    """XGBoost and shap agree, its contributions add up, and each of its inputs is there by day."""
    evidence, steps = versions.evidence(versions.beds)
    assert evidence.kind == "model"
    assert evidence.explanation.rows > 100
    assert evidence.explanation.verified > 100
    assert evidence.explanation.predictions_off == 0
    assert evidence.explanation.reference_difference < 1e-5
    assert evidence.explanation.additivity < 1e-6
    whats = {one.what for one in evidence.inputs}
    assert {"mean", "bias", "loss"} <= whats
    assert evidence.probed.stability is None  # nobody asked for refits
    assert evidence.probed.shift is None  # there is no release to differ from
    assert evidence.probed.efficiency is not None
    assert evidence.probed.efficiency.current is None
    assert evidence.hospital is not None
    assert steps.shares == sorted(steps.shares)
    assert steps.said[-1] == ("verify explanations", 0.84)
    assert evidence.baseline is not None
    assert evidence.baseline.shape == (evidence.test.size,)
    assert not np.array_equal(evidence.baseline, evidence.test.p50)


REFITS = """
import json, sys, numpy as np
print(json.dumps({"done": 0.0}), json.dumps({"done": 0.5}), sep=chr(10), flush=True)
np.savez(sys.argv[1] + "/refits.npz", contributions=np.zeros((20, 3, 2)))
print(json.dumps({"done": 1.0}))
"""


def test_refits_go_on_beside_the_steps_and_say_how_far_they_are(versions: Versions) -> None:
    """Between the probes at 0.7 and the explanations at 0.84; refits of other rows explain nothing."""
    found, settings = versions.beds, versions.installation.settings
    same = register(settings.candidates, "bed-demand", "2", found.package, found.registration["body"], None)
    evidence, steps = versions.evidence(same, refits=[sys.executable, "-c", REFITS])
    shares = [share for step, share in steps.said if step == "refit the model 20 times"]
    assert shares == pytest.approx([0.7, 0.77, 0.84])
    assert steps.shares == sorted(steps.shares)
    assert evidence.probed.stability is not None
    assert evidence.probed.stability.failed != ""


def test_a_released_version_is_what_the_next_is_held_against(
    released: Installation, second: Candidate
) -> None:
    """Of a baseline no reasons are compared; a version that is released again moves none of its own."""
    steps = Steps([])
    evidence, _ = gather(released.settings, second, POLICY, steps)
    assert (evidence.current_version, evidence.current_expected) == ("1", True)
    assert evidence.current is not None
    assert evidence.current.shape == evidence.test.quantiles.shape
    shift = evidence.probed.shift
    assert shift is not None
    assert (shift.groups, shift.rows) == ((), evidence.test.size)
    assert shift.ours.shape == shift.theirs.shape == (0, 0)
    assert evidence.probed.efficiency is not None
    assert evidence.probed.efficiency.baseline_before
    quick_release(released, second, [("ED", 0.0)], hours=5)
    again, _ = gather(released.settings, second, POLICY, steps)
    assert again.current_version == "2"
    shift = again.probed.shift
    assert shift is not None
    assert len(shift.groups) > 3
    np.testing.assert_array_equal(shift.ours, shift.theirs)
    np.testing.assert_array_equal(again.current, again.test.quantiles)


def test_a_check_seals_its_report_and_card_and_writes_it_down(tmp_path: Path, versions: Versions) -> None:
    """Signed by the check, journaled with the digests that it sealed; what it returns is what it sealed."""
    installation = Installation.make(tmp_path / "home")
    found = quick_candidate(installation, Request("wait-time", kind="baseline"), versions.tables, "1")
    settings, steps = installation.settings, Steps([])
    with opened_database(settings.database) as engine, writing(engine) as connection:
        subjects = {"model": "wait-time", "version": "9", "package_digest": "sha256:9"}
        append(connection, actor="author", action="register", subjects=subjects, now=NOW)
    report = check(settings, "wait-time", "1", POLICY, now=after(1), progress=steps)
    assert found.checked
    assert json.loads((found.folder / "report.json").read_text())["verdict"] == report.verdict
    assert report.body["attempts"] == 2  # version 9, whose folder is gone, was tried as well
    sealed = Signed.from_json(found.json("check.json"))
    assert sealed.body["package_digest"] == found.package_digest
    with opened_database(settings.database) as engine, engine.connect() as connection:
        entry = next(e for e in entries(connection) if e.action == "check")
    assert (entry.actor, entry.reason) == (CHECKER, report.verdict)
    assert {"model": "wait-time", "version": "1", **found.digests()}.items() <= entry.subjects.items()
    assert [one for one in steps.said if one[1] > 0.84] == [("judge", 0.85), ("sealed", 1.0)]


def test_a_check_of_later_days_is_kept_and_seals_nothing(tmp_path: Path, versions: Versions) -> None:
    """The board approved what it read: the report of later days lies beside, and has an entry of its own."""
    installation = Installation.make(tmp_path / "home")
    found = quick_candidate(installation, Request("wait-time", kind="baseline"), versions.tables, "1")
    settings, steps = installation.settings, Steps([])
    report = check(settings, "wait-time", "1", POLICY, now=after(1), progress=steps, recent=versions.later)
    assert not found.checked
    (kept,) = (found.folder / "recent").iterdir()
    assert json.loads(kept.read_text())["verdict"] == report.verdict
    with opened_database(settings.database) as engine, engine.connect() as connection:
        (entry,) = [e for e in entries(connection) if e.action.startswith("check")]
    assert (entry.action, entry.reason) == ("check recent", report.verdict)
    assert entry.subjects["report_digest"] == f"sha256:{kept.stem}"
    assert entry.subjects["data_digest"] == versions.later.source_digest
    assert entry.subjects["package_digest"] == found.package_digest
    assert [one for one in steps.said if one[1] > 0.84] == [("judge", 0.85), ("kept", 1.0)]
