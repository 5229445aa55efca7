"""Takes a person out of sealed files: tables that versions were trained on, and what training reported of their rows.

A file's digest is signed, so what takes its place is vouched for by a tombstone that the service signs: which file of
which digest became which, how many rows are gone, and on which days they may have been felt. A check accepts it.
"""

import io
import json
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from hospital.features.lookback import lookback_days
from hospital.times import DAY, instant
from registry.candidates.snapshots import (
    ERASED,
    ERASURE,
    SEAL,
    Tombstone,
    remove_unfinished,
    tombstone_of,
    write_table,
)
from registry.checkpoints.service_key import accepted_keys, service_key
from registry.digests import canonical_json, sha256_bytes, sha256_file, sync_folder, write_atomically
from registry.errors import SignatureError, SnapshotError
from registry.folder_lock import PENDING, one_at_a_time
from registry.settings import Settings
from registry.trust.keys import Key

__all__ = ["SealedErasure", "erase_from_sealed"]

_IDS = {"visits": "visit_id", "stays": "stay_id", "operations": "operation_id"}
_AHEAD_DAYS = 15
"""A forecast looks so far ahead at most: an outcome is felt that long before."""


@dataclass(frozen=True)
class SealedErasure:
    """What became of the sealed files.

    Attributes:
        rewritten: files without the person now, with their digests.
        left: files that still hold the person, and why.
        erased: every file that a tombstone stands for, with its digest: those of now, and of before.
    """

    rewritten: tuple[tuple[Path, str], ...]
    left: tuple[tuple[Path, str], ...]
    erased: tuple[tuple[Path, str], ...] = field(default=(), compare=False)


def erase_from_sealed(settings: Settings, pseudonyms: Collection[str], *, now: datetime) -> SealedErasure:
    """Rewrites every sealed file that names one of these pseudonyms; one that cannot be is left as it was, and named.

    Raises:
        KeyFileError: the service's key cannot be read.
    """
    done: list[tuple[Path, str]] = []
    left: list[tuple[Path, str]] = []
    erased: list[tuple[Path, str]] = []
    key, keys, names = service_key(settings), accepted_keys(settings), set(pseudonyms)
    if key.public_key not in keys:
        why = f"the key in {settings.service_key.name} is not the service's that is trusted: no check would accept it"
        return SealedErasure((), ((settings.snapshots, why),))
    if settings.snapshots.is_dir():
        with one_at_a_time(settings.snapshots):
            remove_unfinished(settings.snapshots)
            for folder in sorted(p for p in settings.snapshots.iterdir() if (p / SEAL).is_file()):
                _each(folder, partial(_from_snapshot, folder, names, key, keys, now), done, left)
                _each(folder, partial(_of_snapshot, folder, keys), erased, [])
    evidence = settings.home / "evidence"
    if evidence.is_dir():
        with one_at_a_time(evidence):
            for unfinished in evidence.glob(
                ".*.npz.*"
            ):  # what a killed training was writing: nobody writes now
                unfinished.unlink()
            for path in sorted(evidence.glob("*.npz")):
                _each(path, partial(_from_evidence, path, names, key, keys, now), done, left)
                _each(path, partial(_of_evidence, path, keys), erased, [])
    return SealedErasure(tuple(done), tuple(left), tuple(erased))


def _of_snapshot(folder: Path, keys: frozenset[str]) -> list[tuple[Path, str]]:
    """Files of a snapshot that its tombstone stands for, with their digests."""
    stands = tombstone_of(folder / ERASED, sha256_file(folder / SEAL), keys)
    return [(folder / name, digest) for name, digest in stands.files.items()]


def _of_evidence(path: Path, keys: frozenset[str]) -> list[tuple[Path, str]]:
    """A report that a tombstone stands for, with its digest."""
    stands = tombstone_of(_tombstone(path), f"sha256:{path.stem}", keys)
    return [(path, digest) for digest in stands.files.values()]


def _each(
    where: Path,
    work: Callable[[], list[tuple[Path, str]]],
    done: list[tuple[Path, str]],
    left: list[tuple[Path, str]],
) -> None:
    try:
        done += work()
    except (OSError, ValueError, KeyError, SnapshotError, SignatureError, pyarrow.ArrowException) as error:
        known = isinstance(error, (SnapshotError, SignatureError))
        left.append(
            (where, str(error) if known else f"it cannot be read or written ({type(error).__name__})")
        )


def _from_snapshot(
    folder: Path, names: set[str], key: Key, keys: frozenset[str], now: datetime
) -> list[tuple[Path, str]]:
    """Rewrites the tables of one snapshot; the tombstone appears first, then each file takes its place."""
    seal_digest = sha256_file(folder / SEAL)
    sealed = json.loads((folder / SEAL).read_bytes())["files"]
    former = tombstone_of(folder / ERASED, seal_digest, keys)
    _take_places(folder, former)
    files, days = dict(former.files), list(former.days)
    removed = dict(former.removed)
    for path in sorted(folder.glob("*.parquet")):
        own = _IDS.get(path.stem)
        if own is None:
            continue
        frame = pd.read_parquet(path)
        gone = _of_person(frame, own, names)
        if not gone.any():
            continue
        if sha256_file(path) != files.get(path.name, sealed.get(path.name)):
            raise SnapshotError("trust_errors.erasure.file_not_sealed")
        days += _felt(frame[gone], path.stem)
        removed[path.name] = removed.get(path.name, 0) + int(gone.sum())
        new = folder / f"{path.name}{PENDING}"
        write_table(new, frame[~gone].reset_index(drop=True))
        files[path.name] = sha256_file(new)
    changed = {name: digest for name, digest in files.items() if former.files.get(name) != digest}
    if not changed:
        return []
    after = Tombstone(seal_digest, files, removed, _joined(days), instant(now))
    write_atomically(folder / ERASED, canonical_json(key.sign(ERASURE, after.body).to_json()))
    _take_places(folder, after)
    return [(folder / name, digest) for name, digest in changed.items()]


def _take_places(folder: Path, stands: Tombstone) -> None:
    """Puts what a tombstone vouches for in the place of what it was; what nobody vouches for goes."""
    for new in folder.glob(f"*{PENDING}"):
        _take_place(new, folder / new.name.removesuffix(PENDING), stands)


def _take_place(new: Path, old: Path, stands: Tombstone) -> None:
    if not new.exists():
        return
    if stands.files.get(old.name) == sha256_file(new):
        os.replace(new, old)
    else:
        new.unlink()


def _of_person(frame: pd.DataFrame, own: str, names: set[str]) -> pd.Series:
    """Rows that name the person in any id, and every other version of the same rows."""
    ids = [c for c in ("visit_id", "stay_id", "operation_id") if c in frame.columns]
    named = frame[ids].isin(names).any(axis=1)
    return named | frame[own].isin(set(frame.loc[named, own]))


def _felt(rows: pd.DataFrame, table: str) -> Iterator[tuple[int, int]]:
    """Instants, to whole days, between which forecasts and outcomes may be others without these rows."""
    times = rows.select_dtypes(include=["datetimetz", "datetime"])
    after = lookback_days(table)
    for _, row in times.iterrows():
        values = [int(t.timestamp() * 1_000_000) for t in row.dropna()]
        if values:
            first, last = min(values) // DAY - _AHEAD_DAYS, max(values) // DAY + 1 + after
            yield first * DAY, last * DAY


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same days in as few spans as there can be: how many persons there were stands in none."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return tuple(out)


def _tombstone(report: Path) -> Path:
    return report.with_suffix(".erased.json")


def _from_evidence(
    path: Path, names: set[str], key: Key, keys: frozenset[str], now: datetime
) -> list[tuple[Path, str]]:
    """Takes the person's id out of what training reported of its rows: the figures of a row without a name stay.

    The tombstone appears before the file takes its place, as with tables: killed in between, the next run finishes.
    """
    sealed, tombstone = f"sha256:{path.stem}", _tombstone(path)
    former = tombstone_of(tombstone, sealed, keys)
    _take_place(path.with_name(f"{path.name}{PENDING}"), path, former)
    content = path.read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    ids = held.get("row_id")
    if ids is None or ids.dtype.kind not in "US":
        return []
    gone = np.isin(ids.astype(str), sorted(names))
    if not gone.any():
        return []
    if sha256_bytes(content) != former.files.get(path.name, sealed):
        raise SnapshotError("trust_errors.erasure.not_sealed")
    held["row_id"] = np.where(gone, "", ids.astype(str))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **held)
    digest = sha256_bytes(buffer.getvalue())
    count = former.removed.get(path.name, 0) + int(gone.sum())
    after = Tombstone(sealed, {path.name: digest}, {path.name: count}, (), instant(now))
    new = path.with_name(f"{path.name}{PENDING}")
    write_atomically(new, buffer.getvalue())
    write_atomically(tombstone, canonical_json(key.sign(ERASURE, after.body).to_json()))
    _take_place(new, path, after)
    sync_folder(path.parent)
    return [(path, digest)]
