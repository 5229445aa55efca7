"""No entry is acknowledged before it is durable: of a machine that lost power, the disk has what was synced."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry.record.database import opened_database
from registry.record.journal import entries
from registry.record.journal_audit import audit
from tests.support.repository import ROOT

_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* After each sync of a database's file: the file as it is now, beside it. That is what a power cut would leave. */
static void keep(int fd) {
    char link[64], path[4096], copy[4200], buffer[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return;
    path[n] = 0;
    if (!strstr(path, "vigie.db")) return;
    snprintf(copy, sizeof copy, "%s.synced", path);
    int out = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t at = 0;
    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) { if (write(out, buffer, n) != n) break; at += n; }
    close(out);
}
int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    int result = real(fd); keep(fd); return result;
}
int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd); keep(fd); return result;
}
"""
_WRITER = """
import os, signal, sys
from datetime import UTC, datetime
from registry.record.database import open_database, writing
from registry.record.journal import Draft, append_all

engine = open_database(sys.argv[1])
for number in range(12):
    with writing(engine) as connection:
        drafts = [Draft("a", "predict", {"n": str(number)}, payload=number)] * 3
        made = append_all(connection, drafts, now=datetime.now(UTC))
    print(made[-1].seq, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that keeps what was synced."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler on this machine: what was synced cannot be told from what was written")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "synced.c").write_text(_SHIM)
    library = folder / "synced.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "synced.c"), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def _left_by_a_power_cut(folder: Path, shim: Path, before: str = "") -> tuple[int, int]:
    """The number of the last entry that a killed writer acknowledged, and of the last that is there afterwards."""
    database = folder / "vigie.db"
    url = f"sqlite:///{database}"
    done = subprocess.run(
        [sys.executable, "-c", before + _WRITER, url],
        cwd=ROOT,
        env={"LD_PRELOAD": str(shim), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    acknowledged = int(done.stdout.split()[-1])
    after = folder / "after" / "vigie.db"
    after.parent.mkdir()
    for name in ("vigie.db", "vigie.db-wal"):
        synced = folder / f"{name}.synced"
        if synced.exists():
            shutil.copy(synced, after.with_name(name))
    with opened_database(f"sqlite:///{after}") as engine, engine.connect() as connection:
        assert audit(connection).faults == ()
        return acknowledged, max((e.seq for e in entries(connection)), default=0)


def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path, shim: Path) -> None:
    """All that was not synced is dropped; nothing acknowledged is among it."""
    acknowledged, there = _left_by_a_power_cut(tmp_path, shim)
    assert acknowledged == 36
    assert there >= acknowledged


def test_the_test_finds_a_database_that_does_not_wait_for_the_disk(tmp_path: Path, shim: Path) -> None:
    """The same writer with an SQLite that does not sync each commit loses what it acknowledged."""
    careless = """
from sqlalchemy import Engine, event
@event.listens_for(Engine, "begin")
def _(connection):
    if not connection.connection.driver_connection.in_transaction:
        connection.connection.driver_connection.execute("PRAGMA synchronous=NORMAL")
"""
    acknowledged, there = _left_by_a_power_cut(tmp_path, shim, careless)
    assert there < acknowledged
