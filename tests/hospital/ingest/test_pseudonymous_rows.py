"""Identifiers on their way in: pseudonyms by a key that its owner alone reads, and a source's digest of no key."""

import gzip
import stat
import threading
from pathlib import Path

import pytest

from hospital.errors import VigieError
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import KEY
from tests.support.small_tables import GOOD, STAYS, VISITS, read_files


def test_ids_are_pseudonyms_that_join_and_units_are_not(tmp_path: Path) -> None:
    """The same visit has the same pseudonym in every table; nobody without the key can make it."""
    visits = VISITS + "V1,2024-11-01T08:00:00Z,,,,,,F\n"
    stays = GOOD.replace("stay_id,", "visit_id,stay_id,").replace("\nS", "\nV1,S")
    tables = read_files(tmp_path, visits__csv=visits, stays__csv=stays).tables
    assert set(tables["stays"]["visit_id"]) == set(tables["visits"]["visit_id"]) == {pseudonym(KEY, "V1")}
    assert set(tables["stays"]["unit"]) == {"A", "B"}
    assert len(pseudonym(KEY, "V1")) == 32
    assert pseudonym(KEY, "V1") != pseudonym(b"another", "V1")
    with pytest.raises(ValueError, match="empty"):
        pseudonym(b"", "V1")


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    """Processes that start at once get the same key, and a broken file is never replaced."""
    path, keys = tmp_path / "pseudonyms.key", []
    threads = [threading.Thread(target=lambda: keys.append(load_or_create_key(path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    path.write_text("")
    with pytest.raises(VigieError, match="holds no key"):
        load_or_create_key(path)


def test_the_digest_of_the_source_is_of_bytes_names_and_mapping_and_of_no_key(tmp_path: Path) -> None:
    """Two installations agree on what was learned from."""
    mapping = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n[tables.stays.columns]\n'
    mapping += "".join(f'{n} = "{n}"\n' for n in STAYS.strip().split(","))
    plain = read_files(tmp_path, stays__csv=GOOD).source_digest
    assert plain == read_files(tmp_path, key=b"another", stays__csv=GOOD).source_digest
    assert plain.startswith("sha256:")
    others = {
        plain,
        read_files(tmp_path, stays__csv=GOOD.replace("S2", "S3")).source_digest,
        read_files(tmp_path, mapping, stays__csv=GOOD).source_digest,
        read_files(tmp_path, mapping + "\n", stays__csv=GOOD).source_digest,
    }
    (tmp_path / "other.csv").write_text(GOOD)
    for name in ("stays.csv", "other.csv"):
        found = read_hospital(tmp_path / name, load_mapping(tmp_path / "mapping.toml"), KEY)
        others.add(found.source_digest)
    (tmp_path / "other.csv").unlink()
    (tmp_path / "stays.csv").unlink()
    others.add(read_files(tmp_path, stays__csv__gz=gzip.compress(GOOD.encode())).source_digest)
    assert len(others) == 6
