"""Bytes made from bytes: what editors, spreadsheets, transfers and attackers do to files, drawn by a seed."""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["mutated"]

_TOKENS = (
    b'"', b"'", b";", b",", b"\t", b"\n", b"\r\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xc3\xa9",
    b"\\u0000",
    b"NaN", b"1e999", b"-0", b"3.0", b"9" * 400, b"2024-02-30", b"2024-03-31T02:30", b"00:00", b"null", b"true",
    b"[", b"{", b"]", b"}", b"[[[[[[[[", b"=", b"#", b"sep=;", b"[tables.visits]", b"''", b'""',
    b't="s"', b't="b"', b't="e"', b't="d"', b't="inlineStr"', b"<v>-1</v>", b"<v/>", b"<f>1/0</f>", b's="1"',
    b'r="XFE1"', b'r="A99999999"', b"45352", b"<is><t>x</t></is>", b"&#0;", b"]]>",
    b"\xf0\x9f\x98\x80", b"\xed\xa0\x80",
)  # fmt: skip
_MOST = 6


def mutated(seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """One of the seeds after one to six changes.

    Args:
        seeds: sound inputs, at least one.
        rng: what draws the seed, the changes and their places.
    """
    content = bytearray(seeds[int(rng.integers(len(seeds)))])
    for _ in range(int(rng.integers(1, _MOST + 1))):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        change(content, int(rng.integers(len(content) + 1)), rng)
    return bytes(content)


def _flip(content: bytearray, at: int, rng: np.random.Generator) -> None:
    if at < len(content):
        content[at] ^= 1 << int(rng.integers(8))


def _insert(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at:at] = _TOKENS[int(rng.integers(len(_TOKENS)))]


def _replace(content: bytearray, at: int, rng: np.random.Generator) -> None:
    token = _TOKENS[int(rng.integers(len(_TOKENS)))]
    content[at : at + len(token)] = token


def _delete(content: bytearray, at: int, rng: np.random.Generator) -> None:
    del content[at : at + int(rng.integers(1, 40))]


def _repeat(content: bytearray, at: int, rng: np.random.Generator) -> None:
    part = content[at : at + int(rng.integers(1, 200))]
    content[at:at] = part * int(rng.integers(1, 4))


def _cut(content: bytearray, at: int, rng: np.random.Generator) -> None:
    if rng.integers(4) == 0:
        del content[at:]


_CHANGES: tuple[Callable[[bytearray, int, np.random.Generator], None], ...] = (
    _flip,
    _insert,
    _replace,
    _delete,
    _repeat,
    _cut,
)
