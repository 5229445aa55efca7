"""By which places an account could change whom it trusts: what it can write, what it owns, and what these lie in."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.settings import Settings
from registry.trust.writable_places import places_above, writable_places
from serving.errors import SettingsError
from serving.supervisor import check_can_serve
from tests.support.running_service import free_port

NOBODY = 65534
FOREIGN = Path("/usr/share")
"""A folder of the superuser's, as all above it: what a trust folder should be to the service."""


@contextmanager
def _as_a_service() -> Iterator[None]:
    """As an account that is not the superuser: tests that are run by one are that already."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of that account's."""
    with _as_a_service():
        made = Path(tempfile.mkdtemp(prefix="vigie-"))
    yield made
    shutil.rmtree(made)


def test_another_accounts_folder_is_as_it_should_be(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The service starts with VIGIE_STRICT, and warns of nothing."""
    with _as_a_service():
        assert (writable_places(FOREIGN), places_above(FOREIGN)) == ([], [])
        check_can_serve(Settings(home=home, trust_dir=FOREIGN, strict=True, port=free_port()))
    assert capsys.readouterr().err == ""


def test_a_folder_that_can_be_exchanged_is_refused(home: Path) -> None:
    """Another account's folder within one's own: it is renamed, and another stands in its place.

    What only looks like it is as good: a link to it that lies in one's own folder.
    """
    (home / "trust").symlink_to(FOREIGN)
    settings = Settings(home=home, strict=True, port=free_port())
    with _as_a_service():
        assert writable_places(home / "trust") == []
        assert places_above(home / "trust")[0] == home
        with pytest.raises(SettingsError, match="VIGIE_STRICT") as found:
            check_can_serve(settings)
    assert str(home) in str(found.value)


def test_what_one_owns_one_can_write(home: Path) -> None:
    """A mode without the right to write is no lock to the owner, who changes the mode."""
    with _as_a_service():
        (home / "trust").mkdir()
        (home / "trust" / "trust.json").write_text("{}")
        (home / "trust" / "trust.json").chmod(0o444)
        (home / "trust").chmod(0o555)
        assert [place.name for place in writable_places(home / "trust")] == ["trust", "trust.json"]
        (home / "trust").chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="the superuser alone makes another account's folder")
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_for_all_keeps_what_is_anothers_if_it_says_so(home: Path, mode: int) -> None:
    """As /tmp does: there nobody renames what is another's. The superuser's tests can say it of a real folder."""
    os.chown(home, 0, 0)
    (home / "trust").mkdir()
    (home / "trust").chmod(0o755)
    home.chmod(mode)
    with _as_a_service():
        assert writable_places(home / "trust") == []
        assert places_above(home / "trust") == ([home] if mode == 0o777 else [])
