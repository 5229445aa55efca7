"""A PostgreSQL server of a test's own, as a process that can be stopped, killed and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from registry.record.database import opened_database
from registry.record.tables.record_tables import metadata, observations
from tests.support.live_service import is_alive, processes
from tests.support.waiting import wait_for

__all__ = ["PostgresServer", "copy_database", "database", "new_database", "postgres_server"]

_SERVER_BYTES = 1 << 30
_PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres")


@dataclass
class PostgresServer:
    """A server on a unix socket.

    Attributes:
        folder: of its data, its socket and its log.
        programs: path of each of PostgreSQL's programs.
        user: whom it runs as; None: as this process.
        process: its first process, a child of ours: killed, it is gone once we asked how it ended. One of `pg_ctl`'s
            would stand in the list of processes where nobody asks, and the next start takes it for a server that runs.
    """

    folder: Path
    programs: dict[str, str]
    user: pwd.struct_passwd | None
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Of its own first database."""
        return f"postgresql+psycopg://vigie@/postgres?host={self.folder}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        options = ["-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        command = [self.programs["postgres"], "-D", str(self.folder / "data"), *options]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **_account(self.user)
            )
        wait_for(self._answers, "answer of a server that was started")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-500:]
        engine = create_engine(self.url)
        try:
            with engine.connect():
                return True
        except OperationalError:
            return False
        finally:
            engine.dispose()

    def stop(self, mode: str = "fast") -> None:
        """Stops it: ``fast``: connections are ended; ``immediate``: as if it was killed."""
        _as(self.user, [self.programs["pg_ctl"], "-D", str(self.folder / "data"), "-w", "-m", mode, "stop"])
        self._gone()

    def kill(self) -> None:
        """kill -9 of all its processes; its files are left as they are."""
        assert self.process is not None
        pids = [self.process.pid, *processes(self.process.pid)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gone()
        wait_for(lambda: not any(map(is_alive, pids)), "end of a server that was killed")

    def _gone(self) -> None:
        if self.process is not None:
            self.process.wait(60)
            self.process = None

    def run(self, program: str, *arguments: str) -> None:
        """A program of its own, such as pg_dump, on this server."""
        _as(self.user, [self.programs[program], "-h", str(self.folder), "-U", "vigie", *arguments])


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server, removed afterwards; skips where there is no program."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL server programs ({', '.join(_PROGRAMS)}) on this machine")
    user = _unprivileged_user()
    # Short and open to the server's user: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-", dir=_short_place()))
    server = PostgresServer(folder, programs, user)
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        try:
            made = ["-D", str(folder / "data"), "-U", "vigie", "-A", "trust", "-E", "UTF8"]
            _as(user, [programs["initdb"], *made])
        except subprocess.CalledProcessError as error:
            pytest.skip(f"PostgreSQL's initdb does not work here: {error.stderr[-200:]}")
        server.start()
        try:
            yield server
        finally:
            if server.process is not None:
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server_url: str, template: str = "template1") -> str:
    """The URL of a new database of a server: empty, or a copy of one to which nobody is connected."""
    name = f"vigie_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return server_url.replace("/postgres?", f"/{name}?")


@contextmanager
def database(server_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a `new_database`, which is taken away afterwards, whoever is still connected to it."""
    url = new_database(server_url, template)
    try:
        yield url
    finally:
        engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)"))
        engine.dispose()


def copy_database(source: str, target: str) -> None:
    """Every row of one database of this Vigie's form in a new one of the other kind, under its own number."""
    with (
        opened_database(source) as old,
        opened_database(target) as new,
        old.connect() as reader,
        new.begin() as writer,
    ):
        for table in metadata.sorted_tables:
            writer.execute(delete(table))
            rows = [dict(row) for row in reader.execute(select(table)).mappings()]
            if rows:
                writer.execute(insert(table), rows)
        last = writer.scalar(select(func.max(observations.c.seq))) or 1
        writer.execute(select(func.setval(func.pg_get_serial_sequence("observations", "seq"), last)))


def _short_place() -> str:
    """In memory where there is room: a server has thousands of files, which a disk is long about to make and remove."""
    memory = "/dev/shm"  # noqa: S108 - the folder made in it has a random name
    roomy = Path(memory).is_dir() and shutil.disk_usage(memory).free > _SERVER_BYTES
    return memory if roomy else "/tmp"  # noqa: S108


def _programs() -> dict[str, str] | None:
    """Where Debian and others keep them; not any ``initdb`` that is on the path for something else."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders += [Path("/usr/local/pgsql/bin"), *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    for folder in folders:
        if all((folder / name).exists() for name in _PROGRAMS):
            return {name: str(folder / name) for name in _PROGRAMS}
    return None


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _as(user: pwd.struct_passwd | None, command: list[str]) -> None:
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, stdout=said, stderr=said, check=False, **_account(user))
        said.seek(0)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=said.read())


def _account(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """As whom, where and with which variables a program of the server runs."""
    own = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}
    return own if user is None else own | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
