"""The model package: a directory without anything executable, the same bytes for the same inputs.

``manifest.json`` names every other file with its digest; the package's own digest is that of the manifest.
Nothing in it names a time of day, a machine or a person.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from hospital.holidays.place import Locality, Place
from hospital.words.messages import Foreign, message
from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import PackageError

__all__ = [
    "ALLOWED_FILES",
    "HELD_BACK",
    "HELD_BACK_FILES",
    "LARGEST",
    "MODELS",
    "SPREAD_BY_HOUR",
    "FeatureEntry",
    "Manifest",
    "PackageFiles",
    "UnitEntry",
    "manifest_of",
    "package_digest",
    "read_manifest",
    "read_package",
    "verify_package",
    "write_package",
]

MODELS = ("bed-demand", "wait-time")
"""What Vigie forecasts: the registered models, by name."""
FORMAT = 1
MANIFEST = "manifest.json"
LARGEST = 256 * 2**20
"""Bytes of a file of a package or a release: more than any has, and less than a service has memory."""
HELD_BACK = "held_back_"
"""Begins the name of a file of an earlier fit, which never saw the validation set and is asked about it."""
SPREAD_BY_HOUR = "spread_by_hour.ubj"
"""What the calibration set adds to the spread of beds by horizon and hour; packages made before have none."""
HELD_BACK_FILES = {
    "bed-demand": frozenset({"baseline.json", "linear.json", "median.ubj"}),
    "wait-time": frozenset({"calibration.json", "median.ubj", "p10.ubj", "p90.ubj"}),
}
"""What that fit is made of: all of them or none. One alone would answer together with what knows the validation set."""
ALLOWED_FILES = frozenset(
    {
        "adaptive.json",
        "admission.json",
        "boarding.json",
        "median.ubj",
        "linear.json",
        "p10.ubj",
        "p90.ubj",
        "spread.ubj",
        SPREAD_BY_HOUR,
        "calibration.json",
        "baseline.json",
        "exceedance.json",
        "groups.json",
        "hospital.json",
        "reference.npz",
        "profile.json",
        *(HELD_BACK + name for names in HELD_BACK_FILES.values() for name in names),
    }
)
"""What a package may hold: trees, numbers and names. No pickle, no code."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureEntry(_Strict):
    """A feature as `hospital.features.feature.Feature` declares it."""

    name: str
    group: str
    label_fr: str
    label_en: str
    unit: str
    levels: tuple[str, ...]


class UnitEntry(_Strict):
    """A unit as the hospital named it when the model was trained.

    Attributes:
        label_fr, label_en: its name on pages of a language; "", and not written: `label`.
    """

    unit: str
    label: str
    group: str
    site: str
    label_fr: str = ""
    label_en: str = ""

    @model_serializer(mode="wrap")
    def _written(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is named in one way has the bytes, and so the digest, that it always had."""
        body: dict[str, Any] = whole(self)
        return {name: value for name, value in body.items() if value or not name.startswith("label_")}


class Manifest(_Strict):
    """What a package is.

    Attributes:
        name: the registered model.
        kind: what it holds.
        target: in words, with its unit.
        horizons_hours: empty for wait time.
        feature_digest: of the definitions' behaviour.
        data_digest: of the source tables.
        split: spans in microseconds.
        configuration: what was asked of training.
        locality: whose holidays count, as the mapping says; empty: of the zone's country.
        names: what the hospital calls its groups, departments, covariates and attributes, by language.
    """

    format: Literal[1]
    name: Literal["bed-demand", "wait-time"]
    kind: Literal["model", "baseline"]
    target: str
    zone: str
    cadence_hours: int
    horizons_hours: tuple[float, ...]
    features: tuple[FeatureEntry, ...]
    feature_digest: str
    units: tuple[UnitEntry, ...]
    audit_attributes: tuple[str, ...]
    covariates: tuple[str, ...]
    missing_columns: tuple[str, ...]
    data_digest: str
    data_days: float
    data_rows: dict[str, int]
    split: dict[str, list[int] | int]
    configuration: dict[str, str | int | float | bool | None]
    seed: int
    code_commit: str
    libraries: dict[str, str]
    files: dict[str, str]
    locality: dict[Literal["country", "region", "school_zone"], str] = {}
    names: dict[str, dict[Literal["fr", "en"], str]] = {}

    @property
    def place(self) -> Place:
        """The hospital's zone, and whose holidays count."""
        return Place(ZoneInfo(self.zone), Locality(**self.locality))

    @model_serializer(mode="wrap")
    def _written(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A hospital whose mapping names no locality and gives no names has the bytes, and so the digest, of before."""
        body: dict[str, Any] = whole(self)
        return {k: v for k, v in body.items() if v or k not in ("locality", "names")}


def write_package(directory: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Manifest:
    """Writes a package whole or not at all; returns its manifest with the digests of `files`."""
    body = Manifest.model_validate(
        {**manifest, "format": FORMAT, "files": {n: sha256_bytes(b) for n, b in files.items()}}
    )
    building = directory.with_name(f".{directory.name}.{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name, content in {**files, MANIFEST: canonical_json(body.model_dump(mode="json"))}.items():
        with open(building / name, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    shutil.rmtree(directory, ignore_errors=True)
    os.rename(building, directory)
    return body


def package_digest(directory: Path) -> str:
    """Digest of a package: that of its manifest."""
    return sha256_bytes(read_plain_file(directory / MANIFEST))


def read_manifest(content: bytes) -> Manifest:
    """The manifest in these bytes.

    Raises:
        PackageError: it is not a manifest of this format.
    """
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, e["loc"])) for e in error.errors()})
        if "" in wrong:
            raise PackageError("registry.package.no_manifest") from None
        raise PackageError("registry.package.wrong_manifest", where=", ".join(wrong)) from None


@dataclass(frozen=True)
class PackageFiles:
    """A package's bytes, each read once and verified: what is built from them is what was signed.

    Attributes:
        manifest: as read.
        digest: of the manifest's bytes, which is the package's.
        files: content by name.
    """

    manifest: Manifest
    digest: str
    files: Mapping[str, bytes]


def verify_package(directory: Path) -> Manifest:
    """Checks every byte of a package before anything is built from it; returns its manifest.

    Raises:
        PackageError: a file is missing, unknown or changed; every one is named.
    """
    return read_package(directory).manifest


def manifest_of(directory: Path) -> Manifest:
    """The manifest alone of a package that was verified: none of its other files is read.

    Raises:
        PackageError: it cannot be read, or is none.
    """
    try:
        return read_manifest(read_plain_file(directory / MANIFEST, at_most=LARGEST))
    except OSError as error:
        raise PackageError("registry.package.none", name=directory.name, why=error) from None


def read_package(directory: Path, *, alone: bool = False) -> PackageFiles:
    """Reads a package and checks every byte that was read.

    Args:
        directory: of the package.
        alone: files with a second name elsewhere are refused, as in a release.

    Raises:
        PackageError: a file is missing, unknown, changed or no plain file; every one is named.
    """
    try:
        content = read_plain_file(directory / MANIFEST, alone=alone, at_most=LARGEST)
        present = {p.name for p in directory.iterdir()} - {MANIFEST}
    except OSError as error:
        raise PackageError("registry.package.none", name=directory.name, why=error) from None
    manifest = read_manifest(content)
    named = set(manifest.files)
    faults = [message("registry.package.unknown", name=name) for name in sorted(present - ALLOWED_FILES)]
    faults += [
        message("registry.package.unnamed", name=name) for name in sorted((present & ALLOWED_FILES) - named)
    ]
    faults += [message("registry.package.missing", name=name) for name in sorted(named - present)]
    files: dict[str, bytes] = {}
    for name in sorted(present & named & ALLOWED_FILES):
        try:
            files[name] = read_plain_file(directory / name, alone=alone, at_most=LARGEST)
        except OSError as error:
            faults.append(message("registry.package.unreadable", name=name, why=Foreign.of(error)))
            continue
        if sha256_bytes(files[name]) != manifest.files[name]:
            faults.append(message("registry.package.changed", name=name))
    if faults:
        raise PackageError("registry.package.faulty", faults=tuple(faults))
    return PackageFiles(manifest, sha256_bytes(content), files)
