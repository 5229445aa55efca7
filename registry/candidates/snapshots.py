"""Sealed data snapshots: the very tables a version was trained on, kept so that a check reads them itself.

A snapshot is named by the digest of its source and sealed by the digests of its files, which the author signs
in the registration. Ids in it are pseudonyms.
"""

import io
import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow
import pyarrow.parquet

from hospital.holidays.place import Locality
from hospital.ingest.hospital_reader import HospitalTables
from hospital.ingest.reading_findings import Finding, StoredFinding
from registry.digests import (
    canonical_json,
    read_plain_file,
    sha256_bytes,
    sha256_file,
    sync_folder,
    write_atomically,
)
from registry.errors import SignatureError, SnapshotError
from registry.folder_lock import PENDING, one_at_a_time
from registry.trust.keys import Signed

__all__ = [
    "ERASED",
    "ERASURE",
    "SEAL",
    "Tombstone",
    "open_snapshot",
    "remove_unfinished",
    "seal_snapshot",
    "tombstone_of",
    "write_table",
]

SEAL = "seal.json"
ERASED = "erased.json"
"""The tombstone of a snapshot from which persons were erased."""
ERASURE = "vigie-snapshot-erasure-v1"
_BUILDING = ".building-"


@dataclass(frozen=True)
class Tombstone:
    """What the service signed of files from which persons were erased.

    Attributes:
        sealed: digest that the author signed: of the snapshot's seal, or of the file itself.
        files: digests as they are now, by name.
        removed: rows that are gone, by file.
        days: instants, first and last of whole days, between which what is computed may be other than before.
        at: instant; 0: nothing was erased.
    """

    sealed: str
    files: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    days: tuple[tuple[int, int], ...] = ()
    at: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "format": 1,
            "sealed": self.sealed,
            "files": dict(self.files),
            "removed": dict(self.removed),
            "days": [list(span) for span in self.days],
            "at": self.at,
        }


def tombstone_of(path: Path, sealed: str, keys: Collection[str]) -> Tombstone:
    """The tombstone in a file; one without files where there is none.

    Args:
        path: of the tombstone.
        sealed: digest that the author signed of what it stands for.
        keys: public keys whose tombstones count.

    Raises:
        SnapshotError: it is none, is of another thing, or is not signed by one of these keys.
    """
    try:
        signed = Signed.from_json(json.loads(read_plain_file(path)))
        signed.verify()
        b = signed.body
        days = tuple((int(a), int(z)) for a, z in b["days"])
        found = Tombstone(str(b["sealed"]), dict(b["files"]), dict(b["removed"]), days, int(b["at"]))
        if (
            signed.purpose != ERASURE
            or signed.public_key not in keys
            or found.body != b
            or found.sealed != sealed
        ):
            raise ValueError
    except FileNotFoundError:
        return Tombstone(sealed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SignatureError, RecursionError):
        raise SnapshotError("trust_errors.snapshots.no_erasure", name=path.name) from None
    return found


def seal_snapshot(snapshots: Path, hospital: HospitalTables) -> str:
    """Keeps the tables; returns the digest of the seal (``sha256:…``). The same source is kept once."""
    folder = snapshots / hospital.source_digest.removeprefix("sha256:")
    snapshots.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(snapshots):
        if not (folder / SEAL).exists():
            remove_unfinished(snapshots)
            building = folder.with_name(f"{_BUILDING}{folder.name}")
            try:
                _write(building, hospital)
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(building, folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)  # a full disk is not filled further
            sync_folder(snapshots)
        return sha256_bytes(read_plain_file(folder / SEAL))


def remove_unfinished(snapshots: Path) -> None:
    """What a killed training was sealing: tables of patients that nobody would find again. Within `one_at_a_time`."""
    for left in snapshots.glob(".*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)


def _write(building: Path, hospital: HospitalTables) -> None:
    building.mkdir()
    digests = {}
    for name, frame in hospital.tables.items():
        path = building / f"{name}.parquet"
        write_table(path, frame)
        digests[path.name] = sha256_file(path)
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
    if not hospital.locality.is_empty:
        seal["locality"] = hospital.locality.to_json()
    if hospital.names:
        seal["names"] = {name: dict(given) for name, given in hospital.names.items()}
    write_atomically(building / SEAL, canonical_json(seal))


def write_table(path: Path, frame: pd.DataFrame, group_rows: int = 1024 * 1024) -> None:
    """Writes a table whole or not at all: a temporary name, fsync, rename, fsync of the folder.

    In chunks of a row group, with every text as such: the same bytes however the table holds its texts.

    Args:
        group_rows: of a row group, at most.
    """
    texts = [str(c) for c in frame.columns if frame[c].dtype.kind == "O"]
    known = {name: bool(frame[name].notna().any()) for name in texts}
    fields = pyarrow.Schema.from_pandas(frame.iloc[:0], preserve_index=False)
    kinds = {
        f.name: (pyarrow.string() if known[f.name] else pyarrow.null()) if f.name in known else f.type
        for f in fields
    }
    schema, writer = pyarrow.schema(kinds), None
    unfinished = path.with_name(f".{path.name}.unfinished")  # the caller takes away the folder, if it stays
    with unfinished.open("wb") as file:
        for first in range(0, max(len(frame), 1), group_rows):
            chunk = frame.iloc[first : first + group_rows].astype(dict.fromkeys(texts, object))
            table = pyarrow.Table.from_pandas(chunk, schema, preserve_index=False)
            writer = writer or pyarrow.parquet.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=group_rows)
        if writer is not None:
            writer.close()
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, path)
    sync_folder(path.parent)


def open_snapshot(
    snapshots: Path, source_digest: str, seal_digest: str, erasers: Collection[str] = ()
) -> HospitalTables:
    """The tables of a sealed snapshot, every byte verified.

    Args:
        snapshots: the folder of all.
        source_digest, seal_digest: as the author signed them.
        erasers: public keys under whose signature persons may be gone from it (`vouching.accepted_keys`).

    Raises:
        SnapshotError: it is missing, or not what was sealed.
    """
    folder = snapshots / source_digest.removeprefix("sha256:")
    try:
        content = read_plain_file(folder / SEAL)
    except OSError:
        raise SnapshotError(
            "trust_errors.snapshots.missing", digest=source_digest[:19], folder=snapshots
        ) from None
    if sha256_bytes(content) != seal_digest:
        raise SnapshotError("trust_errors.snapshots.other_seal")
    seal: dict[str, Any] = json.loads(content)
    erased = tombstone_of(folder / ERASED, seal_digest, erasers)
    tables = {}
    for name, sealed in seal["files"].items():
        digest = erased.files.get(name, sealed)
        try:
            data = read_plain_file(folder / name, at_most=None)
            if sha256_bytes(data) != digest and (folder / f"{name}{PENDING}").is_file():
                # The erasure was killed before this took its place.
                data = read_plain_file(folder / f"{name}{PENDING}", at_most=None)
        except OSError:
            raise SnapshotError("trust_errors.snapshots.no_table", name=name) from None
        if sha256_bytes(data) != digest:
            raise SnapshotError("trust_errors.snapshots.changed", name=name)
        tables[name.removesuffix(".parquet")] = pd.read_parquet(io.BytesIO(data))
    return HospitalTables(
        tables,
        ZoneInfo(seal["zone"]),
        seal["cadence"],
        tuple(seal["audit_attributes"]),
        tuple(seal["covariates"]),
        tuple(Finding(table, code, StoredFinding(said)) for table, code, said in seal["findings"]),
        seal["source_digest"],
        erased.days,
        Locality(**seal.get("locality", {})),
        seal.get("names", {}),
    )
