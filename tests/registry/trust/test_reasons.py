"""Why somebody stopped, reviewed or accepted is said in words: what nobody can read is no reason."""

import pytest

from registry.candidates.reviews import review
from registry.checkpoints.lost_file import accept_lost_file
from registry.checkpoints.restore import accept_restore
from registry.errors import RegistryError
from registry.trust.model_stops import stop_model
from tests.support.installation import NOW, Installation

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.parametrize("words", ["", " ", "\u200b", "\u2800", "\u3164", ".", "--"])
def test_what_says_nothing_is_no_reason(installation: Installation, words: str) -> None:
    """As in requests: a blank without width looks like nothing in the record for ever."""
    settings, ada = installation.settings, installation.people["ada"]
    installation.check(installation.register("1"))
    with pytest.raises(RegistryError, match="comment"):
        review(settings, "wait-time", "1", ada, "refuse", words, now=NOW)
    with pytest.raises(RegistryError, match="say why"):
        stop_model(settings, "wait-time", ada, reason=words, now=NOW)
    with pytest.raises(RegistryError, match="say why"):
        accept_restore(settings, [ada], reason=words, now=NOW)
    with pytest.raises(RegistryError, match="say how"):
        accept_lost_file(settings, [ada], reason=words, now=NOW, known_since=None)
