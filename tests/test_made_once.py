"""What tests share is made once, whole, and copied: no test sees what another did to it."""

from pathlib import Path

import pytest

from tests.support.made_once import made_once


def test_it_is_made_once_and_each_has_a_copy(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one does to its copy is not in the next; one that was not finished is made anew."""
    made = []

    def make(folder: Path) -> None:
        made.append(list(folder.iterdir()))
        (folder / "file").write_text("made")
        if len(made) == 1:
            raise OSError("stopped in the middle")

    with pytest.raises(OSError, match="middle"):
        made_once(tmp_path_factory, "shared", make)
    first = made_once(tmp_path_factory, "shared", make)
    (first / "file").write_text("changed")
    second = made_once(tmp_path_factory, "shared", make)
    assert (second / "file").read_text() == "made"
    assert made == [[], []]
