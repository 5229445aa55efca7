"""Files of a package that ask for more than there is: memory that an archive promises, JSON nested beyond the stack."""

import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from registry.candidates.candidates import candidate
from registry.digests import canonical_json, sha256_bytes
from registry.errors import PackageError
from registry.model.model_package import ModelPackage
from registry.package.executable_files import executable_files
from registry.package.packed_arrays import read_arrays
from tests.support.small_demo import SmallDemo


def packed(**arrays: np.ndarray) -> bytes:
    """An archive."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def with_member(content: bytes, *, name: str = "a.npy", size: int | None = None) -> bytes:
    """An archive of one member, whose directory may say another size than it has."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    raw = out.getvalue()
    if size is None:
        return raw
    at = raw.index(b"PK\x01\x02") + 24  # of the central directory: the size without packing
    return raw[:at] + struct.pack("<I", size) + raw[at + 4 :]


def header(shape: str, kind: str = "<f8") -> bytes:
    """An array's head, which says that it has this shape, and no numbers."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def test_arrays_are_read() -> None:
    """As they were packed."""
    found = read_arrays(packed(a=np.arange(3.0), b=np.ones((2, 2), np.uint8)))
    assert {name: (array.shape, array.dtype.kind) for name, array in found.items()} == {
        "a": ((3,), "f"),
        "b": ((2, 2), "u"),
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "^$"),
        (b"no archive", "^$"),
        (packed(a=np.arange(9.0))[:-30], "^$"),
        (with_member(header("10**15,") + b"\0" * 64), "malformed node"),
        (with_member(header("1000000000000000,") + b"\0" * 64), "^$"),
        (with_member(header("-1,")), "negative dimensions"),
        (with_member(header("3,", "|O") + b"\0" * 24), "Object arrays cannot be loaded"),
        (with_member(b"\x93NUMPY\x09\x00"), "format version"),
        (with_member(header("3,") + b"\0" * 24, size=2**32 - 1), "^$"),
    ],
    ids=[
        "empty",
        "no archive",
        "cut off",
        "no shape",
        "a petabyte",
        "negative",
        "objects",
        "other format",
        "four gigabytes",
    ],
)
def test_what_promises_more_than_it_holds_is_refused(content: bytes, reason: str) -> None:
    """A petabyte ended the check of a version with a MemoryError; of objects nothing is unpickled.

    What NumPy itself refuses keeps its reason; what would end in another error has none.
    """
    with pytest.raises(ValueError, match=reason):
        read_arrays(content)


def test_an_archive_of_little_that_unpacks_to_much_is_not_unpacked() -> None:
    """A thousandth of it lies on the disk."""
    content = packed(a=np.zeros(1_000_000))
    assert len(content) < 10_000
    with pytest.raises(ValueError, match=r"^$"):
        read_arrays(content, most=1_000_000)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("profile.json", b"[" * 200_000 + b"]" * 200_000, "RecursionError"),
        ("reference.npz", with_member(header("1000000000000000,") + b"\0" * 64), "ValueError"),
    ],
)
def test_a_package_of_such_files_is_refused_in_words(
    small_demo: SmallDemo, tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    """By what looks for programs in it, and by what builds the model: both ended in Python's own error."""
    sealed = candidate(small_demo.settings.candidates, "wait-time", "1").package
    package = Path(shutil.copytree(sealed, tmp_path / "package"))
    assert ModelPackage(package).name == "wait-time"
    (package / name).write_bytes(content)
    assert list(executable_files(package)) == [name]
    manifest = json.loads((package / "manifest.json").read_bytes())
    manifest["files"][name] = sha256_bytes(content)
    (package / "manifest.json").write_bytes(canonical_json(manifest))
    with pytest.raises(PackageError, match=rf"as this Vigie reads them \({fault}\)"):
        ModelPackage(package)
