"""Sealed tables that are older than the policy wants them go; those that a version or a release rests on stay."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from hospital.times import DAY
from registry.candidates.candidates import register
from registry.candidates.snapshots import seal_snapshot
from registry.erasure.last_run import last_run, note_run
from registry.erasure.old_snapshots import old_snapshots, remove_snapshots
from registry.package.manifest import write_package
from registry.record.database import opened_database
from registry.record.journal import entries_of
from registry.record.journal_audit import verify
from registry.settings import Settings
from tests.support.installation import DIGEST, Installation, after, manifest_body
from tests.support.plain_hospital import hospital_of
from tests.support.releasing import promote_version

_TERM = 1095


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A home with two snapshots and a file of evidence, all of five years ago."""
    made = Installation.make(tmp_path / "home")
    at = pd.to_datetime(["2020-05-01T12:00Z"]).as_unit("us")
    census = pd.DataFrame({"unit": "A", "at": at, "occupied": 3.0, "received_at": at})
    for letter in "bc":
        tables = replace(
            hospital_of({"census": census}, cadence="daily"), source_digest=f"sha256:{letter * 64}"
        )
        seal_snapshot(made.settings.snapshots, tables)
    evidence = made.settings.home / "evidence" / f"{'d' * 64}.npz"
    evidence.parent.mkdir()
    evidence.write_bytes(b"figures")
    old = after(0).timestamp() - 5 * 365 * 86_400
    for path in (*made.settings.snapshots.glob("*/seal.json"), evidence):
        os.utime(path, (old, old))
    return made


def _register(made: Installation, data: str, at: int) -> None:
    building = made.settings.home / "building" / "old"
    write_package(building, manifest_body("wait-time", "7"), {})
    body = {
        "data_digest": f"sha256:{data * 64}",
        "seal_digest": DIGEST,
        "evidence_digest": f"sha256:{'d' * 64}",
    }
    register(made.settings.candidates, "wait-time", "7", building, body | {"at": at}, made.people["author"])


def _left(settings: Settings) -> set[str]:
    folders = [p.name for p in settings.snapshots.iterdir() if p.is_dir()]
    return {name[0] for name in (*folders, *(p.name for p in (settings.home / "evidence").iterdir()))}


def test_what_nothing_rests_on_goes_with_an_entry(installation: Installation) -> None:
    """Named before it is gone; what is looked at only stays; a second run finds nothing."""
    settings = installation.settings
    assert len(old_snapshots(settings, _TERM, after(0))) == 3
    assert _left(settings) == {"b", "c", "d"}
    removed = remove_snapshots(settings, _TERM, actor="DPO", now=after(0))
    assert len(removed) == 3
    assert _left(settings) == set()
    with opened_database(settings.database) as engine, engine.connect() as connection:
        [entry] = entries_of(connection, ("retain sealed files",))
        assert set(entry.subjects) == {
            f"snapshots/{'b' * 64}",
            f"snapshots/{'c' * 64}",
            f"evidence/{'d' * 64}.npz",
            "days",
        }
        assert verify(connection) == []
    assert remove_snapshots(settings, _TERM, actor="DPO", now=after(0)) == []


@pytest.mark.parametrize(("days_ago", "left"), [(1000, {"b", "d"}), (1200, set())])
def test_what_a_version_of_the_term_was_trained_on_stays(
    installation: Installation, days_ago: int, left: set[str]
) -> None:
    """Its tables and its evidence; those of an older version go."""
    _register(installation, "b", int(after(0).timestamp() * 1e6) - days_ago * DAY)
    remove_snapshots(installation.settings, _TERM, actor="DPO", now=after(0))
    assert _left(installation.settings) == left


def test_what_a_release_in_use_rests_on_stays(installation: Installation) -> None:
    """However old its registration is."""
    (installation.settings.snapshots / ("b" * 64)).rename(installation.settings.snapshots / ("a" * 64))
    installation.approved()
    promote_version(installation)
    remove_snapshots(installation.settings, _TERM, actor="DPO", now=after(3))
    assert _left(installation.settings) == {"a"}


def test_young_ones_stay(installation: Installation) -> None:
    """Whether or not a version was registered with them."""
    for path in installation.settings.snapshots.glob("*/seal.json"):
        os.utime(path, (after(-24).timestamp(),) * 2)
    remove_snapshots(installation.settings, _TERM, actor="DPO", now=after(0))
    assert _left(installation.settings) == {"b", "c"}


def test_the_last_run_is_noted_and_a_broken_note_is_none(tmp_path: Path) -> None:
    """So `vigie doctor` says when the terms were last carried out."""
    settings = Settings(home=tmp_path)
    assert last_run(settings) is None
    note_run(settings, after(0))
    assert last_run(settings) == int(after(0).timestamp() * 1e6)
    for broken in ("", "[]", '{"at": "yesterday"}', '{"at": true}'):
        (tmp_path / "retention.json").write_text(broken)
        assert last_run(settings) is None
    note_run(settings, after(0) + timedelta(days=1))
    assert last_run(settings) is not None
