"""The table of what erased observations leave."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Index, Table, Text

from registry.record.tables.record_tables import metadata

__all__ = ["ERASE_SUBJECT", "RETAIN", "erased_observations", "numbers_of", "ranges_of"]

ERASE_SUBJECT = "erase subject"
"""The action of the entry that says of an erasure."""
RETAIN = "retain"
"""The action of the entry that says what was older than its term; its ``payloads`` are numbers of entries."""
erased_observations = Table(
    "erased_observations",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("journal_seq", BigInteger, nullable=False),
    Column("line_hash", Text, nullable=False),
    Column("erased_by", BigInteger, nullable=False),
    Index("ix_erased_observations_by", "erased_by"),
)


def ranges_of(numbers: Sequence[int]) -> str:
    """Numbers in order, as ``3-7,9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in runs)


def numbers_of(ranges: str, most: int) -> set[int]:
    """The numbers of `ranges_of`, those up to `most`; of what is no such text none."""
    out: set[int] = set()
    for run in ranges.split(","):
        first, _, last = run.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            out.update(range(int(first), min(int(last or first), most) + 1))
    return out
