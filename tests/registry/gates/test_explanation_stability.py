"""The explanation gate's reasons that last: refits, the current release, proxies; each broken on purpose."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.candidates.candidates import Candidate
from registry.evidence.probe_records import ExplanationShift, Probed, ProxyFacts
from registry.evidence.records import Evidence
from registry.facts.proxy_facts import proxy_facts
from registry.facts.refit_cache import REFITS as COUNT
from registry.facts.refit_cache import Refits, Refitting
from registry.facts.stability_facts import blocks_of, explanation_shift, stability_facts
from registry.gates import GateResult, Verdict
from registry.gates.explanation import judge_explanation
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import centred, feature_groups, group_contributions, rows_of, spread_rows
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate
from tests.support.sound_facts import SOUND, beds, waits, with_probed
from tests.support.synthetic_evidence import Hospital
from training.packages.package_request import Request
from training.refits.child_command import REFITS
from training.refits.proxies import cross_scores
from training.trees import DEFAULT_HYPERPARAMETERS

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=30), np.random.default_rng(5))


def closing(result: GateResult) -> dict[str, str]:
    """The notes of findings that are required and do not open, by metric."""
    return {f.metric: f.note for f in result.findings if f.required and not f.verdict.opens}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, Candidate]]:
    """Both models of a small hospital, of all trees, registered."""
    root = tmp_path_factory.mktemp("reasons")
    write(simulate(240, seed=41, start=date(2024, 1, 8), scale=0.3), root / "data")
    tables, installation = read_hospital(root / "data", None, b"k"), Installation.make(root / "home")
    found = {
        model: quick_candidate(installation, Request(model, horizons), tables, "1", DEFAULT_HYPERPARAMETERS)
        for model, horizons in (("wait-time", ()), ("bed-demand", (8.0, 24.0)))
    }
    return installation.settings, found


def judged_rows(settings: Settings, found: Candidate) -> tuple[ForecastModel, PreparedBeds | PreparedWaits]:
    """The package, and its judged rows."""
    from registry.candidates.snapshots import open_snapshot

    body, model = found.registration["body"], ForecastModel(found.package)
    prepared = prepare(model, open_snapshot(settings.snapshots, body["data_digest"], body["seal_digest"]))
    split = Split.from_json(model.manifest.split)
    return model, prepared.part(split.members("test", prepared.prediction_time))


def refits_of(
    settings: Settings, found: Candidate, command: Sequence[str] | None = REFITS
) -> tuple[Refits | None, list[float]]:
    """The refits of a candidate, and the shares done that were reported on the way."""
    told: list[float] = []
    with Refitting(command, settings, found, POLICY) as refitting:
        return refitting.result(told.append), told


def test_twenty_refits_are_made_apart_reported_and_kept(
    trained: tuple[Settings, dict[str, Candidate]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any folder, even one that holds other code of that name; the second time they are read."""
    settings, found = trained
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    for model, candidate in found.items():
        refits, told = refits_of(settings, candidate)
        assert refits is not None
        assert refits.failed == ""
        assert refits.contributions.shape[0] == COUNT == 20
        assert told[-1] == 1.0
        assert len(told) == COUNT
        again, silent = refits_of(settings, candidate, (sys.executable, "-c", "raise SystemExit(1)"))
        assert silent == []
        assert again is not None
        assert np.array_equal(again.contributions, refits.contributions)
        package, judged = judged_rows(settings, candidate)
        facts = stability_facts(package, judged, refits)
        assert facts is not None
        assert facts.distance.shape == (20,)
        assert 0.1 < facts.distance.mean() < 1.0
        assert facts.distance.std() > 0
        assert set(facts.groups) == set(feature_groups(package.features))
        assert (refits.groups != ()) == (model == "wait-time")


def test_kept_refits_that_were_damaged_are_made_again(trained: tuple[Settings, dict[str, Candidate]]) -> None:
    """One edited byte: they are not read; nobody is asked, so there are none."""
    settings, found = trained
    first, _ = refits_of(settings, found["bed-demand"])
    kept = {path: path.read_bytes() for path in (settings.home / "evidence" / "refits").iterdir()}
    for path, content in kept.items():
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert refits_of(settings, found["bed-demand"], None) == (None, [])
    again, told = refits_of(settings, found["bed-demand"])
    assert told
    assert first is not None
    assert again is not None
    assert np.array_equal(first.contributions, again.contributions)
    for path, content in kept.items():  # those of the other model are made for its tests
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("code", "said"),
    [("raise SystemExit('no memory left')", "no memory left"), ("print('done')", "wrote nothing")],
)
def test_a_child_that_fails_is_inconclusive(
    trained: tuple[Settings, dict[str, Candidate]], sound: Evidence, tmp_path: Path, code: str, said: str
) -> None:
    """No traceback: the gate says that it could not judge, and the check goes on."""
    settings, found = trained
    other = settings.model_copy(update={"home": tmp_path})
    refits, _ = refits_of(other, found["wait-time"], (sys.executable, "-c", code))
    assert refits is not None
    assert said in refits.failed
    package, judged = judged_rows(settings, found["wait-time"])
    facts = with_probed(
        sound,
        stability=stability_facts(package, judged, refits),
        proxies=proxy_facts(package, judged, refits, 1000),
    )
    result = judge_explanation(facts, POLICY)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert closing(result) == {"stability": "refits_failed", "proxy_share": "refits_failed"}


def test_reasons_of_chance_are_blocked(sound: Evidence) -> None:
    """Refits that move more than there is block; an interval across the bound, too few refits, NaN do not decide."""
    assert SOUND.stability is not None
    wave = np.cos(np.arange(20.0))
    for distance, verdict in (
        (1.2 + 0.1 * wave, Verdict.BLOCK),
        (0.75 + 0.1 * wave, Verdict.INCONCLUSIVE),
        (0.45 + 0.1 * wave[:10], Verdict.INCONCLUSIVE),
        (np.full(20, np.nan), Verdict.INCONCLUSIVE),
        (0.45 + 0.1 * wave, Verdict.PASS),
    ):
        facts = with_probed(sound, stability=replace(SOUND.stability, distance=distance))
        result = judge_explanation(facts, POLICY)
        assert result.verdict is verdict
        assert set(closing(result)) == (set() if verdict is Verdict.PASS else {"stability"})


def test_a_package_of_other_trees_is_not_stable(trained: tuple[Settings, dict[str, Candidate]]) -> None:
    """Reasons that the data do not give again: those of other rows."""
    settings, found = trained
    refits, _ = refits_of(settings, found["wait-time"])
    package, judged = judged_rows(settings, found["wait-time"])
    assert refits is not None
    order = np.random.default_rng(1).permutation(refits.contributions.shape[1])
    strange = replace(refits, contributions=refits.contributions[:, order])
    facts = stability_facts(package, judged, strange)
    assert facts is not None
    assert facts.distance.mean() > 1.0


def test_what_was_not_made_opens_nothing(sound: Evidence) -> None:
    """Without refits, without proxies, and without the current release's reasons where there is one."""
    result = judge_explanation(replace(sound, probed=Probed()), POLICY)
    assert closing(result) == {"stability": "not_probed", "proxy_share": "not_probed"}
    after = replace(sound, current_expected=True)
    assert closing(judge_explanation(after, POLICY)) == {"explanation_shift": "not_probed"}
    nobody = with_probed(sound, proxies=ProxyFacts("", ()))
    assert closing(judge_explanation(nobody, POLICY)) == {"proxy_share": "attribute_missing"}
    ward = with_probed(beds(Hospital(), np.random.default_rng(1)), proxies=None)
    assert judge_explanation(ward, POLICY).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("theirs", "verdict", "note"),
    [
        ((5.0, 5.0), Verdict.PASS, ""),
        ((6.0, 4.0), Verdict.PASS, ""),
        ((7.0, 3.0), Verdict.PASS, "reasons_moved"),
        ((1.0, 4.0), Verdict.BLOCK, "other_reasons"),
    ],
)
def test_reasons_carried_otherwise_are_reported_then_blocked(
    sound: Evidence, theirs: tuple[float, float], verdict: Verdict, note: str
) -> None:
    """Two groups of features carry five minutes each; in the current release they carried otherwise."""
    ours = np.tile([5.0, 5.0], (20, 1)) + 0.05 * np.cos(np.arange(20.0))[:, None]
    shift = ExplanationShift(("crowding", "staff"), ours, np.tile(theirs, (20, 1)), 500)
    result = judge_explanation(replace(with_probed(sound, shift=shift), current_expected=True), POLICY)
    (found,) = (f for f in result.findings if f.metric == "explanation_shift" and f.group == "all")
    assert (result.verdict, found.note) == (verdict, note)
    baseline = ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), 500)
    before = replace(with_probed(sound, shift=baseline), current_expected=True)
    assert judge_explanation(before, POLICY).verdict is Verdict.PASS


def test_a_version_beside_itself_has_not_moved(trained: tuple[Settings, dict[str, Candidate]]) -> None:
    """Distance 0; with one group's contributions gone, that group's share."""
    settings, found = trained
    for candidate in found.values():
        package, judged = judged_rows(settings, candidate)
        shift = explanation_shift(package, judged, package, judged)
        assert np.array_equal(shift.ours, shift.theirs)
        assert shift.rows > 50
        part = judged.part(spread_rows(judged.prediction_time.size, 500))
        mean = np.abs(group_contributions(package, part)).mean(axis=0)
        weights = np.bincount(blocks_of(part.prediction_time))
        assert np.average(shift.ours, axis=0, weights=weights) == pytest.approx(mean)


def test_a_feature_that_tells_the_attribute_and_carries_the_forecast_blocks(sound: Evidence) -> None:
    """Named; with little weight it is reported; so is an attribute that is stated openly."""
    assert SOUND.proxies is not None
    one = replace(SOUND.proxies.groups[0], alone={"age_years": 0.55, "ed_waiting": 0.8})
    result = judge_explanation(with_probed(sound, proxies=ProxyFacts("", (one,))), POLICY)
    assert result.verdict is Verdict.BLOCK
    assert closing(result) == {"proxy_share": "proxy"}
    assert "sex=F: ed_waiting" in {f.group for f in result.findings if f.metric == "proxy_area"}
    for changed, note in (
        ({"share": {"age_years": 0.95, "ed_waiting": 0.05}}, "proxy_reported"),
        ({"group": "age_band=80+"}, "stated"),
    ):
        told: dict[str, Any] = changed
        result = judge_explanation(
            with_probed(sound, proxies=ProxyFacts("", (replace(one, **told),))), POLICY
        )
        assert result.verdict is Verdict.PASS
        assert note in {f.note for f in result.findings}
    wide = replace(one, alone_error={"age_years": 0.01, "ed_waiting": 0.2})
    assert (
        judge_explanation(with_probed(sound, proxies=ProxyFacts("", (wide,))), POLICY).verdict is Verdict.PASS
    )
    odd = replace(one, alone={"age_years": float("nan")})
    assert (
        judge_explanation(with_probed(sound, proxies=ProxyFacts("", (odd,))), POLICY).verdict
        is Verdict.INCONCLUSIVE
    )


def test_contributions_that_tell_the_group_are_found_from_the_rows(
    trained: tuple[Settings, dict[str, Candidate]],
) -> None:
    """An attribute that is the queue by another name, in rows of a real model: the gate is not given which one."""
    settings, found = trained
    package, judged = judged_rows(settings, found["wait-time"])
    assert isinstance(judged, PreparedWaits)
    part = judged.part(spread_rows(judged.prediction_time.size, 1000))
    layout = rows_of(package, part)
    contributions = centred(layout, package.contributions(layout))
    strongest = int(np.abs(contributions).sum(axis=0).argmax())
    high = contributions[:, strongest] > np.median(contributions[:, strongest])
    secret = np.where(high, "x", "y").astype(object)
    samples = replace(part.samples, audit={"secret": secret})
    scores = cross_scores(contributions, high, part.prediction_time)
    refits = Refits("", np.empty((0, 0, 0)), ("secret=x",), scores[None])
    facts = proxy_facts(package, replace(part, samples=samples), refits, 1000)
    assert facts is not None
    (group,) = facts.groups
    assert group.auc > 0.9
    assert group.alone[package.features[strongest].name] > 0.99


def test_reasons_are_centred_among_horizons_or_triage_levels_not_among_intervals(
    trained: tuple[Settings, dict[str, Candidate]],
) -> None:
    """What tells the morning from the night is a reason, however the intervals of either are calibrated."""
    settings, found = trained
    package, judged = judged_rows(settings, found["wait-time"])
    layout = rows_of(package, judged)
    assert np.unique(layout.calibration).size > np.unique(layout.kind).size > 1
    own = centred(layout, (layout.calibration % 7).astype(np.float64)[:, None] / layout.scale[:, None])
    for kind in np.unique(layout.kind):
        assert own[layout.kind == kind].mean() == pytest.approx(0, abs=1e-9)
    group = np.bincount(layout.calibration).argmax()
    assert abs(own[layout.calibration == group].mean()) > 0.1
