"""A model is stopped on a disk that is full; and nothing else than a file of the folder's own is written over."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cli.main import main
from registry.trust.model_stops import is_stopped
from registry.trust.spare_file import SPARE, keep_spare, take_spare
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("this account may not mount a disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def _fill(disk: Path) -> Path:
    path = disk / "full"
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4_096)
    return path


@pytest.mark.usefixtures("english")
def test_a_full_disk_holds_up_no_stop(
    small_disk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice: once there is room again, the next stop has its own. What cannot be entered is entered later."""
    made = Installation.make(small_disk / "home")
    settings = made.settings
    mode = (settings.trust / "trust.json").stat().st_mode
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    for model in ("wait-time", "bed-demand"):
        filled = _fill(small_disk)
        with pytest.raises(OSError, match="No space"):
            (small_disk / "more").write_bytes(b"x" * 4_096)
        key = settings.home / "keys" / "ada.json"
        main(["stop", model, "--key", str(key), "--reason", "odd nights"])
        capsys.readouterr()
        assert is_stopped(settings, load_trust(settings.trust), model)
        filled.unlink()
        (small_disk / "more").unlink()
        keep_spare(settings.trust)  # as each change that is written does
    assert (settings.trust / "trust.json").stat().st_mode == mode


def test_a_spare_file_that_is_none_is_not_written_over(tmp_path: Path) -> None:
    """A link, a pipe, a file with a second name, one that is too small: each is left as it is."""
    (tmp_path / "trust.json").write_bytes(b"before")
    other, spare = tmp_path / "other", tmp_path / SPARE
    other.write_bytes(b"x" * 1_000)
    for make in (
        lambda: spare.symlink_to(other),
        lambda: os.mkfifo(spare),
        lambda: os.link(other, spare),
        lambda: spare.write_bytes(b"few"),
        lambda: spare.mkdir(),
        lambda: None,
    ):
        make()
        assert not take_spare(tmp_path, "trust.json", b"after")
        spare.rmdir() if spare.is_dir() else spare.unlink(missing_ok=True)
    assert (tmp_path / "trust.json").read_bytes() == b"before"
    assert other.read_bytes() == b"x" * 1_000


def test_it_is_made_once_and_again_after_it_was_used(tmp_path: Path) -> None:
    """A change costs no more than it did."""
    (tmp_path / "trust.json").write_bytes(b"before")
    keep_spare(tmp_path)
    first = (tmp_path / SPARE).stat()
    keep_spare(tmp_path)
    assert (tmp_path / SPARE).stat().st_ino == first.st_ino
    assert take_spare(tmp_path, "trust.json", b"after")
    assert (tmp_path / "trust.json").read_bytes() == b"after"
    assert not (tmp_path / SPARE).exists()
    keep_spare(tmp_path)
    assert (tmp_path / SPARE).stat().st_size == first.st_size
