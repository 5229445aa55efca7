"""What is true of the release of a sound hospital, whoever made it: by the command line, or by the demo."""

from registry.candidates.candidates import candidate
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["exactly_explained", "first_release"]


def first_release(settings: Settings, model: str) -> Release:
    """The release of version 1, which passed every required gate, with a scope."""
    release = current_release(settings, model)
    assert release is not None
    assert (release.version, release.sequence) == ("1", 1)
    assert release.scope
    report = release.json("report.json")
    assert {g["verdict"] for g in report["gates"]} <= {"pass", "not applicable"}
    assert report["verdict"] == "pass"
    return release


def exactly_explained(settings: Settings, release: Release) -> None:
    """Every leaf was held against XGBoost, shap was asked too; the check found the same again."""
    told = candidate(settings.candidates, release.model, release.version).registration["body"]["explanations"]
    assert told["predictions_off"] == 0
    assert told["leaves"] > 2000
    assert max(told["from_xgboost"], told["from_shap"]) < 1e-5
    (gate,) = (g for g in release.json("report.json")["gates"] if g["name"] == "explanation")
    found = {f["metric"]: f for f in gate["findings"]}
    assert found["difference_from_reference"]["value"] == max(told["from_xgboost"], told["from_shap"])
    assert found["predictions_off"]["n"] == told["rows"] >= 200
