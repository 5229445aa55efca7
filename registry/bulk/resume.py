"""Finished parts of a long file, kept beside it until it is whole, so that a stopped run goes on.

``FILE.parquet.parts/``: inputs.json, which says what the parts were made of, and ``000000-<digest>.arrow`` …, each
whole or not there. Parts of other inputs are thrown away; a part whose bytes are not its name's digest is made again.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hospital.errors import HistoryError
from registry.digests import canonical_json, sha256_bytes, sync_folder, write_atomically
from registry.errors import BulkError

__all__ = ["Parts", "claimed"]

_INPUTS, _JOINED = "inputs.json", "joined.parquet"
_PART = re.compile(r"([0-9]{6})-([0-9a-f]{64})\.arrow")
_OURS = re.compile(rf"{_PART.pattern}|{re.escape(_INPUTS)}|{re.escape(_JOINED)}|\..*")


@contextmanager
def claimed(out: Path) -> Iterator["Parts"]:
    """The parts of a file to come, which nobody else makes meanwhile.

    Raises:
        BulkError: the file cannot be written there, or another run writes it.
    """
    if out.suffix != ".parquet" or out.is_dir():
        raise BulkError("registry.bulk.no_parquet", out=out)
    if not out.parent.is_dir():
        raise BulkError("registry.bulk.no_folder", folder=out.parent, name=out.name)
    folder = out.with_name(f"{out.name}.parts")
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BulkError("registry.bulk.unwritable", folder=folder, why=error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Parts(out, folder)
    except BlockingIOError:
        raise BulkError("registry.bulk.at_work", out=out) from None
    finally:
        with suppress(OSError):
            folder.rmdir()  # nothing was kept
        os.close(handle)


class Parts:
    """The parts of one file."""

    def __init__(self, out: Path, folder: Path) -> None:
        self._out, self._folder = out, folder

    def begin(self, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """Keeps the parts of these inputs; returns in what former ones, thrown away, were other (empty: none were).

        Raises:
            BulkError: something else lies in the folder.
        """
        names = [path.name for path in self._folder.iterdir()]
        foreign = sorted(name for name in names if not _OURS.fullmatch(name))
        if foreign:
            raise BulkError("registry.bulk.foreign", folder=self._folder, names=", ".join(foreign))
        content = canonical_json(dict(inputs))
        former = self._former()
        different: tuple[str, ...] = ()
        if former != json.loads(content):
            different = tuple(sorted(n for n in {*former, *inputs} if former.get(n) != inputs.get(n)))
            self._remove(names)
            write_atomically(self._folder / _INPUTS, content)
        else:
            self._remove([n for n in names if n == _JOINED or n.startswith(".")])
        return different if former else ()

    def kept(self) -> set[int]:
        """Numbers of the parts that are whole; what is not is thrown away."""
        found = set()
        for path in sorted(self._folder.iterdir()):
            match = _PART.fullmatch(path.name)
            if match is None:
                continue
            if sha256_bytes(path.read_bytes()) == f"sha256:{match[2]}":
                found.add(int(match[1]))
            else:
                path.unlink()
        return found

    def keep(self, number: int, table: Any) -> None:
        """Keeps a part: whole, or not at all."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        content = sink.getvalue().to_pybytes()
        digest = sha256_bytes(content).removeprefix("sha256:")
        write_atomically(self._folder / f"{number:06d}-{digest}.arrow", content)

    def join(self, schema: Any, count: int) -> Iterator[int]:
        """Joins the parts to the file, each a row group, then removes them; yields each part's rows when joined."""
        by_number = {int(m[1]): p for p in self._folder.iterdir() if (m := _PART.fullmatch(p.name))}
        building, rows = self._folder / _JOINED, 0
        texts = [f.name for f in schema if not pa.types.is_floating(f.type)]
        with pq.ParquetWriter(building, schema, compression="zstd", use_dictionary=texts) as writer:
            for number in range(count):
                with pa.memory_map(str(by_number[number])) as source:
                    table = pa.ipc.open_file(source).read_all()
                    if table.num_rows:
                        writer.write_table(table, row_group_size=table.num_rows)
                    rows += table.num_rows
                    yield table.num_rows
        if not rows:
            self._remove([path.name for path in self._folder.iterdir()])
            raise HistoryError("registry.bulk.no_row")
        with open(building, "rb") as file:
            os.fsync(file.fileno())
        os.rename(building, self._out)
        sync_folder(self._out.parent)
        self._remove([path.name for path in by_number.values()])
        self._remove([_INPUTS])

    def _former(self) -> dict[str, Any]:
        try:
            body = json.loads((self._folder / _INPUTS).read_bytes())
        except (OSError, ValueError):
            return {}
        return body if isinstance(body, dict) else {}

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
