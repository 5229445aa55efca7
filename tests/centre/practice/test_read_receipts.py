"""Read receipts, on both databases, and the order in which a newcomer reads."""

from centre.practice.protocol_file import read_protocol
from centre.practice.read_receipts import add_receipt, read_digests, reading_list
from registry.record.database import opened_database, writing
from registry.record.journal_audit import audit
from tests.centre.practice.protocol_texts import protocol_text
from tests.support.installation import after

OLD, NEW = (read_protocol(protocol_text(version=v).encode()) for v in ("1", "2"))
OTHER = read_protocol(protocol_text(id='"b"', title='"B"', read_first="false").encode())
ELSEWHERE = read_protocol(protocol_text(id='"c"', title='"C"', units='["SURG"]').encode())
FIRST = read_protocol(protocol_text(id='"d"', title='"Z first"').encode())


def test_a_receipt_is_of_a_person_and_of_the_bytes(database_url: str) -> None:
    """Noted once; another person's, and another version's, is another."""
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            assert add_receipt(connection, "ada", OLD, now=after(0))
            assert not add_receipt(connection, "ada", OLD, now=after(1))
            assert add_receipt(connection, "bob", OTHER, now=after(1))
        with engine.connect() as connection:
            assert read_digests(connection, "ada") == {OLD.digest}
            assert NEW.digest not in read_digests(connection, "ada")
            assert read_digests(connection, "eve") == frozenset()
            found = audit(connection)
    assert (found.faults, found.entries) == ((), 2)


def test_a_newcomer_reads_first_what_is_to_be_read_first() -> None:
    """Unread before read; another unit's is not there."""
    found = reading_list([OTHER, NEW, ELSEWHERE, FIRST], "MED-A", frozenset())
    assert [(p.protocol_id, read) for p, read in found] == [
        ("reserve-beds", False),
        ("d", False),
        ("b", False),
    ]
    found = reading_list([OTHER, NEW, ELSEWHERE, FIRST], "MED-A", frozenset({NEW.digest}))
    assert [(p.protocol_id, read) for p, read in found] == [
        ("d", False),
        ("b", False),
        ("reserve-beds", True),
    ]
