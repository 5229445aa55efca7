"""A service that can rewrite whom it trusts says so, or is refused.

Which places count, and one where nothing does: ``tests/registry/trust/test_writable_places.py``.
"""

import json

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
