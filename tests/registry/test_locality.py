"""Where a hospital is, from its tables over the sealed snapshot to the package, and back: nothing is mixed up."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from hospital.errors import HistoryError
from hospital.holidays.place import OF_THE_ZONE, Locality
from hospital.holidays.school_holidays import last_school_day
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.facts import TableProfile
from hospital.profile.school_calendar import school_findings
from hospital.times import DAY, instant
from registry.bulk.rows import _refuse_others
from registry.candidates.snapshots import open_snapshot, seal_snapshot
from registry.digests import canonical_json
from registry.model.forecast_model import ForecastModel
from registry.package.manifest import Manifest, read_manifest, write_package
from tests.support.installation import manifest_body
from tests.support.plain_hospital import hospital_of

MILAN = Locality("IT", "MI")


def _tables(locality: Locality = OF_THE_ZONE) -> HospitalTables:
    at = pd.to_datetime(["2024-05-01T12:00Z", "2024-05-02T12:00Z"]).as_unit("us")
    census = pd.DataFrame({"unit": "A", "at": at, "occupied": 3.0, "received_at": at})
    return replace(hospital_of({"census": census}, cadence="daily"), locality=locality)


def test_a_hospital_that_names_no_place_has_the_bytes_that_it_had(tmp_path: Path) -> None:
    """Of the manifest and of the seal: no line says what follows from the time zone."""
    manifest = write_package(tmp_path / "package", manifest_body("wait-time", "1"), {})
    assert "locality" not in manifest.model_dump(mode="json")
    assert manifest.place.locality == OF_THE_ZONE
    seal_snapshot(tmp_path / "snapshots", _tables())
    [seal] = (tmp_path / "snapshots").glob("*/seal.json")
    assert b"locality" not in seal.read_bytes()


def test_a_place_goes_into_the_package_and_comes_back(tmp_path: Path) -> None:
    """What is not said is not written, and what is no part of a place is refused."""
    body = {**manifest_body("wait-time", "1"), "locality": MILAN.to_json()}
    manifest = write_package(tmp_path / "package", body, {})
    again = read_manifest(canonical_json(manifest.model_dump(mode="json")))
    assert again.place.locality == MILAN
    assert again.model_dump(mode="json")["locality"] == {"country": "IT", "region": "MI"}
    with pytest.raises(ValueError, match="locality"):
        Manifest.model_validate({**body, "format": 1, "files": {}, "locality": {"city": "Milan"}})


def test_a_sealed_snapshot_keeps_the_place(tmp_path: Path) -> None:
    """A check that reads it has the holidays that training had."""
    tables = _tables(MILAN)
    seal = seal_snapshot(tmp_path, tables)
    found = open_snapshot(tmp_path, tables.source_digest, seal)
    assert found.locality == MILAN
    assert events_of(found).place == tables.place


def test_tables_of_another_place_are_not_explained_with_a_model() -> None:
    """The holidays would be others: both places are named, and what to write."""
    body = {**manifest_body("bed-demand", "1"), "cadence_hours": 24, "format": 1, "files": {}}
    manifest = Manifest.model_validate({**body, "locality": MILAN.to_json()})
    model = cast(ForecastModel, SimpleNamespace(name="bed-demand", manifest=manifest))
    _refuse_others(model, _tables(MILAN))
    with pytest.raises(HistoryError) as caught:
        _refuse_others(model, _tables())
    for language in ("fr", "en"):
        words = caught.value.words("fr" if language == "fr" else "en")
        assert 'region = "MI"' in words
        assert "school_zone" in words


def _codes(locality: Locality, first: str, now: int) -> dict[str, tuple[str, str]]:
    table = cast(TableProfile, SimpleNamespace(first=first))
    found = school_findings(replace(_tables(), locality=locality), [table], now)
    return {finding.code: (finding.first, finding.last) for finding in found}


def test_a_calendar_that_does_not_reach_is_reported() -> None:
    """Before its first day, and from six months before its last one; to nobody without a school zone."""
    last = instant(datetime.combine(last_school_day(), datetime.min.time(), UTC))
    zoned = Locality(school_zone="A")
    assert _codes(zoned, "2016-01-01", last - 300 * DAY) == {}
    assert set(_codes(zoned, "2016-01-01", last - 100 * DAY)) == {"school_calendar_ends"}
    assert set(_codes(zoned, "2014-01-01", last + 100 * DAY)) == {
        "school_calendar_begins",
        "school_calendar_ends",
    }
    assert _codes(zoned, "2014-01-01", last)["school_calendar_begins"] == ("2014-01-01", "2015-09-01")
    assert _codes(OF_THE_ZONE, "2014-01-01", last + 100 * DAY) == {}
