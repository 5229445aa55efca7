"""What a check kept is read whole, or made again."""

from pathlib import Path

from registry.facts.cache import keep, kept


def test_what_is_kept_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    """A byte that was edited, or a file that is not there, is nothing kept."""
    path = tmp_path / "a" / "b"
    assert kept(path) is None
    keep(path, b"four")
    assert kept(path) == b"four"
    path.write_bytes(path.read_bytes().replace(b"four", b"five"))
    assert kept(path) is None
