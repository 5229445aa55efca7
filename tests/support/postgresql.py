"""A PostgreSQL server of a test's own, as a process that can be stopped, killed and started again."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, func, insert, select, text

from registry.record.database import opened_database
from registry.record.tables.record_tables import metadata, observations

__all__ = ["PostgresServer", "copy_database", "new_database", "postgres_server"]

_PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_restore")


@dataclass(frozen=True)
class PostgresServer:
    """A server on a unix socket.

    Attributes:
        folder: of its data, its socket and its log.
        programs: path of each of PostgreSQL's programs.
        user: whom it runs as; None: as this process.
    """

    folder: Path
    programs: dict[str, str]
    user: pwd.struct_passwd | None

    @property
    def url(self) -> str:
        """Of its own first database."""
        return f"postgresql+psycopg://vigie@/postgres?host={self.folder}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        log, options = str(self.folder / "log"), f"-k {self.folder} -c listen_addresses= -c fsync=off"
        self._ctl("-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stops it: ``fast``: connections are ended; ``immediate``: as if it was killed."""
        self._ctl("-m", mode, "stop")

    def run(self, program: str, *arguments: str) -> None:
        """A program of its own, such as pg_dump, on this server."""
        _as(self.user, [self.programs[program], "-h", str(self.folder), "-U", "vigie", *arguments])

    def _ctl(self, *arguments: str) -> None:
        _as(self.user, [self.programs["pg_ctl"], "-D", str(self.folder / "data"), "-w", *arguments])


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server, removed afterwards; skips where there is no program."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL server programs ({', '.join(_PROGRAMS)}) on this machine")
    user = _unprivileged_user()
    # Short and open to the server's user: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-", dir="/tmp"))
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
            if (folder / "data" / "postmaster.pid").exists():
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server_url: str) -> str:
    """The URL of a new, empty database of a server."""
    name = f"vigie_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server_url.replace("/postgres?", f"/{name}?")


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
    uid, gid = (None, None) if user is None else (user.pw_uid, user.pw_gid)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    # pg_ctl leaves a server behind that would keep a pipe open: its words go to a file.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            command,
            stdout=said,
            stderr=said,
            cwd="/",
            env=environment,
            user=uid,
            group=gid,
            extra_groups=None if user is None else [],
            check=False,
        )
        said.seek(0)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=said.read())
