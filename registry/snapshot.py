"""Sealed data snapshots: the very tables a version was trained on, kept so that a check reads them itself.

A snapshot is named by the digest of its source and sealed by the digests of its files, which the author signs
in the registration. Ids in it are pseudonyms.
"""

import fcntl
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from hospital.reading import Finding, HospitalTables
from registry.digests import canonical_json, sha256_bytes, sync_folder, write_atomically
from registry.errors import SnapshotError

__all__ = ["open_snapshot", "seal_snapshot"]

_SEAL = "seal.json"
_BUILDING = ".building-"


def seal_snapshot(snapshots: Path, hospital: HospitalTables) -> str:
    """Keeps the tables; returns the digest of the seal (``sha256:…``). The same source is kept once."""
    folder = snapshots / hospital.source_digest.removeprefix("sha256:")
    snapshots.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(snapshots):
        if not (folder / _SEAL).exists():
            _remove_unfinished(snapshots)
            building = folder.with_name(f"{_BUILDING}{folder.name}")
            try:
                _write(building, hospital)
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(building, folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)  # a full disk is not filled further
            sync_folder(snapshots)
        return sha256_bytes((folder / _SEAL).read_bytes())


@contextmanager
def _one_at_a_time(snapshots: Path) -> Iterator[None]:
    """Two trainings begun together would each take away what the other has just put in place."""
    with open(snapshots / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_unfinished(snapshots: Path) -> None:
    """What a killed training was sealing: the tables of patients, which nobody would find again."""
    for left in snapshots.glob(".*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)


def _write(building: Path, hospital: HospitalTables) -> None:
    building.mkdir()
    digests = {}
    for name, frame in hospital.tables.items():
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False, compression="zstd")
        digests[f"{name}.parquet"] = sha256_bytes(buffer.getvalue())
        write_atomically(building / f"{name}.parquet", buffer.getvalue())
    seal = {
        "format": 1,
        "source_digest": hospital.source_digest,
        "files": digests,
        "zone": str(hospital.zone),
        "cadence": hospital.cadence,
        "audit_attributes": list(hospital.audit_attributes),
        "covariates": list(hospital.covariates),
        "findings": [[f.table, f.code, f.message] for f in hospital.findings],
    }
    write_atomically(building / _SEAL, canonical_json(seal))


def open_snapshot(snapshots: Path, source_digest: str, seal_digest: str) -> HospitalTables:
    """The tables of a sealed snapshot, every byte verified.

    Raises:
        SnapshotError: it is missing, or not what was sealed.
    """
    folder = snapshots / source_digest.removeprefix("sha256:")
    try:
        content = (folder / _SEAL).read_bytes()
    except OSError:
        raise SnapshotError(
            f"The data snapshot {source_digest[:19]}… is not in {snapshots}: check where it was trained, or bring it."
        ) from None
    if sha256_bytes(content) != seal_digest:
        raise SnapshotError(
            "The data snapshot's seal is not the one that the author signed: train the model again."
        )
    seal: dict[str, Any] = json.loads(content)
    tables = {}
    for name, digest in seal["files"].items():
        try:
            data = (folder / name).read_bytes()
        except OSError:
            raise SnapshotError(
                f"The data snapshot lacks {name}: restore it, or train the model again."
            ) from None
        if sha256_bytes(data) != digest:
            raise SnapshotError(
                f"The data snapshot's {name} was changed after it was sealed: train the model again."
            )
        tables[name.removesuffix(".parquet")] = pd.read_parquet(io.BytesIO(data))
    return HospitalTables(
        tables,
        ZoneInfo(seal["zone"]),
        seal["cadence"],
        tuple(seal["audit_attributes"]),
        tuple(seal["covariates"]),
        tuple(Finding(*f) for f in seal["findings"]),
        seal["source_digest"],
    )
