"""A package: written whole, read once, and refused with every fault of its files at once."""

import os
from pathlib import Path

import pytest

from hospital.words.language import Language
from registry.digests import canonical_json, sha256_bytes
from registry.errors import PackageError
from registry.package.manifest import (
    MANIFEST,
    PackageFiles,
    package_digest,
    read_manifest,
    read_package,
    verify_package,
    write_package,
)
from tests.support.installation import manifest_body

FILES = {"median.ubj": b"{trees", "baseline.json": b"{}", "calibration.json": b"[]"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Of three files."""
    write_package(tmp_path / "package", manifest_body("wait-time", "1"), FILES)
    return tmp_path / "package"


def test_what_was_written_is_read_with_its_digest(package: Path) -> None:
    """The package's own digest is that of its manifest, which has that of every other file."""
    read: PackageFiles = read_package(package)
    assert dict(read.files) == FILES
    assert read.manifest.files == {name: sha256_bytes(content) for name, content in FILES.items()}
    assert read.digest == package_digest(package) == sha256_bytes((package / MANIFEST).read_bytes())
    assert verify_package(package) == read.manifest


def test_the_same_package_has_the_same_bytes_and_takes_the_place_of_another(package: Path) -> None:
    """Nothing of the one that was there is left, and nothing that was being built."""
    before = package_digest(package)
    write_package(package, manifest_body("wait-time", "2"), {"median.ubj": b"{other"})
    assert package_digest(package) != before
    assert {p.name for p in package.iterdir()} == {MANIFEST, "median.ubj"}
    write_package(package, manifest_body("wait-time", "1"), FILES)
    assert package_digest(package) == before
    assert [p.name for p in package.parent.iterdir()] == ["package"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_fault_of_its_files_is_named_at_once(package: Path, language: Language) -> None:
    """Changed, missing, not in the manifest, no file of a package, no plain file."""
    (package / "median.ubj").write_bytes(b"{other")
    (package / "baseline.json").unlink()
    (package / "calibration.json").unlink()
    (package / "calibration.json").symlink_to(package / MANIFEST)
    (package / "groups.json").write_bytes(b"{}")
    (package / "run.py").write_bytes(b"")
    with pytest.raises(PackageError) as caught:
        read_package(package)
    words = caught.value.words(language)
    for name in ("median.ubj", "baseline.json", "calibration.json", "groups.json", "run.py"):
        assert words.count(name) == 1, words


def test_a_file_with_a_second_name_is_refused_where_it_must_be_alone(package: Path) -> None:
    """As in a release: who holds the other name could write into it later."""
    os.link(package / "median.ubj", package.parent / "elsewhere")
    assert read_package(package).files == FILES
    with pytest.raises(PackageError, match=r"median\.ubj"):
        read_package(package, alone=True)


def test_a_manifest_with_wrong_fields_names_them() -> None:
    """Those that are unknown, missing or of another form; what is no JSON object at all is called so."""
    body = {**manifest_body("wait-time", "1"), "format": 1, "files": {}}
    del body["zone"]
    with pytest.raises(PackageError, match=r"cadence_hours.*seed.*unheard.*zone"):
        read_manifest(canonical_json({**body, "cadence_hours": "x", "seed": None, "unheard": 1}))
    with pytest.raises(PackageError):
        read_manifest(b"no manifest")


def test_no_package_is_no_traceback(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(PackageError, match="nowhere"):
        read_package(tmp_path / "nowhere")
