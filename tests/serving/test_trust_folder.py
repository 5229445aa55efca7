"""A service that can rewrite whom it trusts says so, or is refused."""

import json
from pathlib import Path

import pytest

from registry.settings import Settings
from serving.errors import SettingsError
from serving.supervisor import check_can_serve
from tests.support.installation import Installation


def _settings(installation: Installation, *, strict: bool) -> Settings:
    return installation.settings.model_copy(update={"strict": strict, "port": 0})


def test_a_trust_folder_that_the_service_can_write_is_warned_of(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loudly, on standard error, with what to do."""
    check_can_serve(_settings(installation, strict=False))
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["log"]) == ("warning", "vigie.serve"), (
        "a line of the service's log, as all others"
    )
    assert "ATTENTION\u00a0: le compte de ce service peut écrire" in line["message"]
    with pytest.raises(SettingsError, match="VIGIE_STRICT refuses"):
        check_can_serve(_settings(installation, strict=True))


def test_one_that_it_cannot_write_is_as_it_should_be(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another account's, or a read-only mount; the superuser of a test can write anything."""
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name not in ("trust", "trust.json"))
    check_can_serve(_settings(installation, strict=True))
    assert capsys.readouterr().err == ""
