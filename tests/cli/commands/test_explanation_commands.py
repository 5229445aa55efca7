"""`vigie why` and `vigie counterfactual`: a prediction of the record explained, where nothing serves."""

import json

import pytest

from cli.main import main
from hospital.times import DAY, moment
from registry.candidates.candidates import register
from tests.support.installation import DIGEST, Installation
from tests.support.quick_versions import quick_release
from tests.support.ward_census import END, WardService, ward_release


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> WardService:
    """A service of three wards, whose home has its release."""
    root = tmp_path_factory.mktemp("wards")
    release = ward_release(root / "release")
    service = WardService.of(release, root / "home")
    installation = Installation.make(root / "home")
    body = {"data_digest": DIGEST, "seal_digest": DIGEST, "evidence_digest": DIGEST, "at": 0}
    author, candidates = installation.people["author"], installation.settings.candidates
    found = register(candidates, release.name, release.version, root / "release" / "p", body, author)
    quick_release(installation, found, sorted(release.scope))
    return service


@pytest.fixture(autouse=True)
def home(service: WardService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line reads this service's record and release."""
    monkeypatch.setenv("VIGIE_HOME", str(service.parts.settings.home))


def _said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_it_says_what_the_api_answers(service: WardService, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a difference, of an interval and of other counts; as sentences and as JSON."""
    (made,) = service.beds("B")["forecasts"]
    prediction, at = made["prediction_id"], moment(END - DAY).isoformat()
    for options, explain in (
        (["--since", at], {"reference": {"at": at}}),
        (["--of", "interval"], {"of": "interval"}),
        ([], {}),
    ):
        body = {"prediction_id": prediction, "explain": {**explain, "language": "en"}}
        expected = service.ask("/v1/explanations", body)["explanation"]
        words = _said(capsys, "why", prediction, "--language", "en", *options)
        assert words.splitlines() == expected["reasons"]
        assert json.loads(_said(capsys, "why", prediction, "--language", "en", "--json", *options))[
            "explanation"
        ] == json.loads(json.dumps(expected))
    body = {"prediction_id": prediction, "at_least": 500, "language": "en"}
    expected = service.ask("/v1/counterfactuals", body)
    words = _said(capsys, "counterfactual", prediction, "--at-least", "500", "--language", "en")
    assert words.splitlines() == expected["sentences"]


@pytest.mark.parametrize(
    ("language", "nothing", "one_goal"),
    [
        ("fr", "Il n'y a pas de prévision", "at_most : envoyez at_most ou at_least, l'un des deux"),
        ("en", "There is no prediction", "at_most: send at_most or at_least, one of the two"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    service: WardService,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    nothing: str,
    one_goal: str,
) -> None:
    """An id that is none, a prediction that is not there, no goal, two other forecasts."""
    monkeypatch.setenv("VIGIE_LANGUAGE", language)
    (made,) = service.beds("A")["forecasts"]
    at = moment(END - DAY).isoformat()
    for arguments, words in (
        (["why", "x"], "prediction_id"),
        (["why", "0" * 24], nothing),
        (["counterfactual", made["prediction_id"]], one_goal),
        (["why", made["prediction_id"], "--since", at, "--against", "0" * 24], "explain.reference"),
    ):
        said = _said(capsys, *arguments, code=2).replace("\N{NO-BREAK SPACE}", " ")
        assert words in said
        assert "Traceback" not in said
