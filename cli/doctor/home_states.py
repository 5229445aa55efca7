"""States of the home: whether it is there, private and whole, its keys, what was left behind, room on its disk."""

import os
import re
import shlex
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from cli.doctor.states import State, Weight
from registry.digests import PRIVATE, read_plain_file
from registry.errors import KeyFileError
from registry.settings import Settings
from registry.trust.keys import load_key

__all__ = ["home_states"]

_LEFT_SECONDS = 3_600
_LITTLE, _LEAST = 2_000_000_000, 200_000_000
_SESSION_BYTES = 32
_TEMPORARY = re.compile(
    r"\..+\.((?=[a-z]*[0-9_])[a-z0-9_]{8}|[0-9]{1,10}|[0-9]{1,10}\.[0-9a-f]{8}|unfinished)"
)
"""Names of what is written before it is renamed: the file's own behind a dot, then what is random, or the process.

Eight letters alone may be a word (.env.template).
"""


def home_states(settings: Settings) -> Iterator[State]:
    """The states, the worst ones alone where nothing else can be said."""
    home = settings.home
    if not home.is_dir():
        yield State("home_missing", Weight.FAULT, {"home": home})
        return
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield State("home_closed", Weight.FAULT, {"home": home})
        return
    yield State("home_good", Weight.GOOD, {"home": home})
    yield from _open_states(settings)
    yield from _left_states(home)
    yield from _key_states(settings)
    named = _home_named(home)
    if named is not None and named.resolve() != home.resolve():
        yield State("settings_of_another_home", Weight.FAULT, {"file": home / "settings.env", "named": named})
    free = shutil.disk_usage(home).free
    if free < _LITTLE:
        weight = Weight.FAULT if free < _LEAST else Weight.NOTICE
        yield State("disk_low", weight, {"megabytes": free // 1_000_000})


def _open_states(settings: Settings) -> Iterator[State]:
    open_to_others = _open_to_others(settings)
    if open_to_others:
        yield State("files_open", Weight.FAULT, {"n": len(open_to_others)}, partial(_close, settings))


def _open_to_others(settings: Settings) -> list[Path]:
    return [path for path, found in _own(settings) if found.st_mode & PRIVATE]


def _own(settings: Settings) -> Iterator[tuple[Path, os.stat_result]]:
    """The home and all in it, and the key beside it; links and other accounts' files are not ours to change."""
    key = settings.pseudonym_key
    beside = [key] if key.is_file() else []
    for path in [settings.home, *settings.home.rglob("*"), *beside]:
        found = _status(path)
        if found is None:
            continue
        if found.st_uid == os.getuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            yield path, found


def _status(path: Path) -> os.stat_result | None:
    """What the system says of a path; None: it is gone, as SQLite's files are when the last connection ends."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _close(settings: Settings) -> None:
    """Looked for anew: files that SQLite makes beside an open database are as open as it is."""
    for path in _open_to_others(settings):
        with suppress(FileNotFoundError):  # SQLite takes its files away when the last connection ends
            path.chmod(path.lstat().st_mode & 0o700)


def _left_states(home: Path) -> Iterator[State]:
    """Temporary files of writes that were killed: named as Vigie names them, and grown old.

    Other hidden files are somebody's own, or locks: who holds one that was taken away no longer keeps out who takes
    the one that is made in its place.
    """
    old = time.time() - _LEFT_SECONDS
    hidden = ((path, _status(path)) for path in home.rglob(".*") if _TEMPORARY.fullmatch(path.name))
    left = [p for p, found in hidden if found and stat.S_ISREG(found.st_mode) and found.st_mtime < old]
    if left:
        yield State("left_behind", Weight.NOTICE, {"n": len(left)}, partial(_remove, left))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _key_states(settings: Settings) -> Iterator[State]:
    key, session = settings.pseudonym_key, settings.home / "session.key"
    if not key.exists():
        yield State("pseudonym_key_missing", Weight.NOTICE, {"path": key})
    elif not _is_key(key):
        yield State("pseudonym_key_damaged", Weight.FAULT, {"path": key})
    elif settings.home.resolve() in key.resolve().parents:
        yield State("pseudonym_key_in_home", Weight.NOTICE, {"path": key})
    if settings.checker_key.exists() or settings.checker_key.is_symlink():
        try:
            load_key(settings.checker_key)
        except KeyFileError as error:
            yield State("checker_key_damaged", Weight.FAULT, {"why": error})
    if session.exists() and session.stat().st_size != _SESSION_BYTES:
        yield State("session_key_damaged", Weight.FAULT, {}, partial(_remove, [session]))


def _home_named(home: Path) -> Path | None:
    """The home that the settings written into a home name; None: they name none, or cannot be read."""
    try:
        content = read_plain_file(home / "settings.env", follow=True)
        lines = shlex.split(content.decode("utf-8"), comments=True)
    except (OSError, ValueError):  # not there, not UTF-8, a quotation mark without a partner
        return None
    named = [line.partition("=")[2] for line in lines if line.startswith("VIGIE_HOME=")]
    return Path(named[-1]) if named and named[-1] else None


def _is_key(path: Path) -> bool:
    from hospital.errors import VigieError
    from hospital.ingest.pseudonyms import load_or_create_key

    try:
        load_or_create_key(path)
    except (VigieError, OSError):
        return False
    return True
