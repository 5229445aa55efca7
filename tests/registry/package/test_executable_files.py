"""A package is inert: code in it is found."""

from pathlib import Path

import numpy as np

from registry.package.executable_files import executable_files


def test_a_package_of_numbers_is_inert_and_code_in_it_is_found(tmp_path: Path) -> None:
    """By its rights, by how it starts, by what reading it would run, and by names that lead elsewhere."""
    (tmp_path / "median.ubj").write_bytes(b"{L\x00")
    (tmp_path / "manifest.json").write_text("{}")
    np.savez(tmp_path / "reference.npz", contributions=np.zeros(3))
    assert executable_files(tmp_path) == ()
    (tmp_path / "spread.ubj").write_bytes(b"\x7fELF\x02")
    (tmp_path / "linear.json").write_text("import os")
    (tmp_path / "median.ubj").chmod(0o755)
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], object))
    (tmp_path / "baseline.json").symlink_to(tmp_path / "manifest.json")
    (tmp_path / "run.py").write_text("{}")
    found = executable_files(tmp_path)
    assert found == ("baseline.json", "linear.json", "median.ubj", "pickled.npz", "run.py", "spread.ubj")
