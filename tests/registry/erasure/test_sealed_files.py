"""A person is taken out of sealed tables and reports; a tombstone that the service signs stands for what is gone."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cli.main import main
from hospital.ingest.hospital_reader import HospitalTables
from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from hospital.times import DAY
from registry.candidates.snapshots import ERASED, ERASURE, open_snapshot, seal_snapshot, tombstone_of
from registry.checkpoints.service_key import service_key
from registry.digests import canonical_json
from registry.erasure.sealed_files import SealedErasure, erase_from_sealed
from registry.errors import SnapshotError
from registry.facts.contract_facts import contract_facts
from registry.model.scoring import read_reported, write_reported
from registry.settings import Settings
from registry.trust.keys import create_key
from registry.trust.service_keys import accepted_keys
from tests.support.installation import NOW

pytestmark = pytest.mark.usefixtures("english")

SOURCE = "sha256:" + "1" * 64


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose key of pseudonyms lies elsewhere."""
    return Settings(home=tmp_path / "home", VIGIE_PSEUDONYM_KEY=tmp_path / "keys" / "p.key")


@pytest.fixture
def person(settings: Settings) -> str:
    """The pseudonym of Dupont-1984."""
    settings.pseudonym_key.parent.mkdir()
    return pseudonym(load_or_create_key(settings.pseudonym_key), "Dupont-1984")


@pytest.fixture
def seal(settings: Settings, person: str) -> str:
    """Two visits and three stays are sealed: two of one person, one version of which does not name the visit."""
    at = pd.to_datetime(["2025-03-01T10:00:00Z", "2025-03-05T10:00:00Z", "2025-03-06T10:00:00Z"])
    visits = pd.DataFrame({"visit_id": [person, "v2"], "arrived_at": at[:2], "triage": ["3A", "2"]})
    stays = {
        "stay_id": ["s1", "s1", "s2"],
        "visit_id": [None, person, "v2"],
        "unit": ["U"] * 3,
        "entered_at": at,
    }
    tables = {"visits": visits, "stays": pd.DataFrame(stays)}
    hospital = HospitalTables(tables, ZoneInfo("UTC"), None, (), (), (), SOURCE)
    return seal_snapshot(settings.snapshots, hospital)


def opened(settings: Settings, seal: str) -> HospitalTables:
    """The snapshot as a check opens it."""
    return open_snapshot(settings.snapshots, SOURCE, seal, accepted_keys(settings))


def erase(settings: Settings, person: str) -> SealedErasure:
    """Erases the person from what is sealed."""
    return erase_from_sealed(settings, {person}, now=NOW)


def folder(settings: Settings) -> Path:
    """Where the snapshot lies."""
    return settings.snapshots / SOURCE.removeprefix("sha256:")


def test_the_person_is_gone_and_the_snapshot_opens(settings: Settings, person: str, seal: str) -> None:
    """Every version of their rows; others' rows as they were; the tombstone says how many, and not of whom."""
    done = erase(settings, person)
    assert ({p.name for p, _ in done.rewritten}, done.left) == ({"visits.parquet", "stays.parquet"}, ())
    found = opened(settings, seal)
    assert list(found.tables["visits"]["visit_id"]) == ["v2"]
    assert list(found.tables["stays"]["stay_id"]) == ["s2"]
    ((first, last),) = found.erased
    assert (first % DAY, last % DAY) == (0, 0)
    for path in folder(settings).iterdir():
        assert person.encode() not in path.read_bytes()
    assert not list(folder(settings).glob("*.erased"))
    stands = tombstone_of(folder(settings) / ERASED, seal, accepted_keys(settings))
    assert stands.removed == {"visits.parquet": 1, "stays.parquet": 2}
    assert erase(settings, person) == SealedErasure((), ())


def test_a_second_person_after_the_first(settings: Settings, person: str, seal: str) -> None:
    """One tombstone stands for both."""
    erase(settings, person)
    erase_from_sealed(settings, {"v2"}, now=NOW)
    found = opened(settings, seal)
    assert [len(t) for t in found.tables.values()] == [0, 0]


def test_without_a_tombstone_of_the_service_nothing_opens(settings: Settings, person: str, seal: str) -> None:
    """Gone, edited, of another key or of another snapshot: rows cannot be taken out by whoever can write the files."""
    erase(settings, person)
    path = folder(settings) / ERASED
    content = path.read_bytes()
    body = json.loads(content)["body"]
    other = create_key("somebody", settings.home / "other.key")
    forged = [
        other.sign(ERASURE, body).to_json(),
        service_key(settings).sign("journal checkpoint", body).to_json(),
        service_key(settings).sign(ERASURE, {**body, "sealed": SOURCE}).to_json(),
        {**json.loads(content), "body": {**body, "removed": {}}},
        {},
        [],
    ]
    for value in forged:
        path.write_bytes(canonical_json(value))
        with pytest.raises(SnapshotError, match="no erasure"):
            opened(settings, seal)
    path.unlink()
    with pytest.raises(SnapshotError, match="was changed after it was sealed"):
        opened(settings, seal)
    path.write_bytes(content)
    opened(settings, seal)


def test_a_file_that_was_edited_is_not_vouched_for(settings: Settings, person: str, seal: str) -> None:
    """An erasure does not make a changed table a sealed one: it is named and left."""
    path = folder(settings) / "visits.parquet"
    frame = pd.read_parquet(path)
    frame["triage"] = "1"
    frame.to_parquet(path)
    before = path.read_bytes()
    done = erase(settings, person)
    assert "not what was sealed" in done.left[0][1]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("moment", "file"), [(1, ERASED), (2, "visits.parquet")])
def test_killed_at_any_moment_it_opens_and_is_finished(
    settings: Settings, person: str, seal: str, monkeypatch: pytest.MonkeyPatch, moment: int, file: str
) -> None:
    """Before the tombstone: as it was; after it: without the person, also from files not yet in their place."""
    moved: list[str] = []

    def killed(move: Callable[[Any, Any], None], source: Any, target: Any) -> None:
        moved.append(Path(target).name)
        if moved[-1] == file:
            raise KeyboardInterrupt
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", partial(killed, os.rename))
        patch.setattr(os, "replace", partial(killed, os.replace))
        with pytest.raises(KeyboardInterrupt):
            erase(settings, person)
    assert (ERASED in moved[:-1]) == (moment == 2)
    assert len(opened(settings, seal).tables["visits"]) == (2 if moment == 1 else 1)
    erase(settings, person)
    assert len(opened(settings, seal).tables["visits"]) == 1
    assert not list(folder(settings).glob("*.erased"))


def test_a_report_loses_the_name_and_keeps_its_figures(settings: Settings, person: str) -> None:
    """It is read by the digest that its author signed, and only under the tombstone."""
    arrays = {"row_id": np.array([person, "v2"]), "p50": np.array([30.0, 40.0])}
    digest = write_reported(settings.home / "evidence", arrays)
    done = erase(settings, person)
    ((path, now),) = done.rewritten
    assert person.encode("utf-32-le") not in path.read_bytes()
    found = read_reported(settings.home / "evidence", digest, stands=now)
    assert list(found["row_id"]) == ["", "v2"]
    assert list(found["p50"]) == [30.0, 40.0]
    with pytest.raises(SnapshotError):
        read_reported(settings.home / "evidence", digest)


def test_rows_on_which_it_may_be_felt_are_not_compared_and_others_are(tmp_path: Path) -> None:
    """What the contract gate counts."""
    arrays = {"row_id": np.array(["a", "b"]), "p50": np.array([1.0, 2.0]), "outcome": np.array([1.0, 2.0])}
    again = {**arrays, "p50": np.array([9.0, 2.0])}
    model = SimpleNamespace(name="wait-time", manifest=SimpleNamespace(feature_digest=""))
    found = SimpleNamespace(package=tmp_path)
    test = SimpleNamespace(size=2, quantiles=np.zeros((2, 3)))
    split = SimpleNamespace(spans={}, days=lambda _: 0)
    judged = SimpleNamespace(X=np.zeros((2, 1)))

    def off(felt: Any) -> int:
        facts = contract_facts(
            cast(Any, found),
            cast(Any, model),
            cast(Any, judged),
            cast(Any, test),
            arrays,
            again,
            cast(Any, split),
            same_split=True,
            felt=felt,
        )
        return facts.forecasts_off

    assert off(None) == 1
    assert off((np.array([True, False]), None)) == 0
    assert off((np.array([False, True]), None)) == 1


def test_the_command_finds_them_with_the_key_that_is_set(
    settings: Settings,
    person: str,
    seal: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not with a new one in the home; what was rewritten is an entry; what cannot be is named with exit code 1."""
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    monkeypatch.setenv("VIGIE_PSEUDONYM_KEY", str(settings.pseudonym_key))
    assert main(["journal", "erase", "--subject", "Dupont-1984", "--reason", "request"]) == 0
    assert "Erased from" in capsys.readouterr().out
    assert not (settings.home / "pseudonym.key").exists()
    assert len(opened(settings, seal).tables["visits"]) == 1
    (folder(settings) / "visits.parquet").write_bytes(b"no table")
    assert main(["journal", "erase", "--subject", "Dupont-1984", "--reason", "request"]) == 1
    assert "not erased" in capsys.readouterr().out
    assert main(["journal", "verify"]) == 0
