"""The profile of a hospital's tables: silent on sound data, true in what it counts, and what it is good for."""

import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.tables import TABLES
from hospital.dataset.splits import least_days, split_history
from hospital.errors import HistoryError
from hospital.profile.facts import FLOOR, Profile, UnitProfile
from hospital.profile.feature_needs import lost_without
from hospital.profile.page import render_page
from hospital.simulator import simulate
from hospital.times import DAY
from hospital.words.language import Language
from tests.support.profiled_hospital import Tables, looked_at, profile


@pytest.mark.parametrize(
    ("days", "seed", "scale"), [(430, 11, 0.25), (200, 2, 1.0), (760, 3, 0.1), (300, 4, 0.5), (120, 7, 0.1)]
)
def test_a_sound_hospital_of_any_size_has_nothing_to_look_at(
    tmp_path: Path, days: int, seed: int, scale: float
) -> None:
    """No false alarm over seasons, epidemics, summer closures, clock changes and Christmas."""
    found = profile(simulate(days, seed=seed, start=date(2024, 1, 1), scale=scale), tmp_path)
    assert looked_at(found) in ([], [("", "no_model", "")] if days < 160 else [])


def test_the_profile_counts_what_is_there(tables: Tables, tmp_path: Path) -> None:
    """Rows, spans and shares missing are those of the tables, and JSON holds no id."""
    found = profile(tables, tmp_path)
    by_name = {t.name: t for t in found.tables}
    assert by_name["visits"].rows == len(tables["visits"])
    assert by_name["visits"].first == "2024-01-08"
    assert not by_name["census"].present
    shares = {c.name: c.missing for c in by_name["visits"].columns}
    assert shares["seen_at"] == pytest.approx(tables["visits"]["seen_at"].isna().mean())
    assert shares["respiratory_rate"] == 1.0
    begun = tables["visits"]["arrived_at"] >= pd.Timestamp("2024-01-08", tz="Europe/Paris")
    assert sum(w.rows for w in by_name["visits"].weeks) == pytest.approx(begun.sum(), abs=2 * FLOOR)
    written = json.dumps(found.to_json())
    assert "V000" not in written
    assert "S000" not in written
    assert [u.unit for u in found.units] == sorted(tables["units"]["unit"])


def test_the_order_of_rows_changes_nothing(tables: Tables, tmp_path: Path) -> None:
    """A table sorted wrongly is a table: the profile is the same but for the digest of its bytes."""
    straight = profile(tables, tmp_path / "a").to_json()
    rng = np.random.default_rng(1)
    mixed = {n: f.iloc[rng.permutation(len(f))].reset_index(drop=True) for n, f in tables.items()}
    other = profile(mixed, tmp_path / "b").to_json()
    assert {**straight, "source_digest": ""} == {**other, "source_digest": ""}


def test_each_missing_column_costs_the_features_that_training_then_lacks(
    tables: Tables, tmp_path: Path
) -> None:
    """What the profile says is missing is what the features of these tables lack, with the reason."""
    tables["visits"] = tables["visits"].drop(columns=["triage", "bed_requested_at", "destination_unit"])
    del tables["operations"]
    found = profile(tables, tmp_path)
    lacking = {f.name: f.lacks for m in found.models for f in m.features if not f.exists}
    assert lacking["triage"] == ("visits.triage",)
    assert lacking["ed_waiting_ahead"] == ("visits.triage",)
    assert lacking["planned_operations"] == ("operations",)
    columns = {c.name: c.features for t in found.tables if t.name == "visits" for c in t.columns}
    assert set(columns["triage"]) >= {"wait-time:triage", "wait-time:ed_waiting_urgent"}
    assert columns["reason"] == ("wait-time:reason",)


def test_every_optional_feature_has_a_reason() -> None:
    """Whatever is taken away from a hospital total, the feature that goes is written down with it."""
    lost = lost_without(True, False)
    assert ("bed-demand", "planned_operations") in lost["operations"]
    assert ("bed-demand", "expected_departures") in lost["stays.expected_left_at"]
    assert ("wait-time", "ed_doctors") in lost["staffing"]
    assert ("bed-demand", "season_cos") in lost["history"]
    assert lost["visits.seen_at"] >= {("wait-time", "hour")}  # without it there is no such model
    assert {n for n in lost if "." in n} <= {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns}


@pytest.mark.parametrize("gap", [0, DAY, 7 * DAY, 14 * DAY])
def test_the_least_history_is_just_enough(gap: int) -> None:
    """A day less is refused, and the profile says the same number as training does."""
    days = least_days(gap)
    split_history(0, days * DAY, gap=gap)
    with pytest.raises(HistoryError, match=f"at least {days} are needed"):
        split_history(0, (days - 1) * DAY, gap=gap)


def test_small_groups_of_people_are_not_shown(tables: Tables, tmp_path: Path) -> None:
    """Nine people are not a group: nothing says which or how many they are."""
    tables["visits"].loc[:8, "language"] = "rare"
    found = profile(tables, tmp_path)
    (language,) = [a for t in found.tables for a in t.attributes if a.name == "language"]
    assert language.small_groups
    assert "rare" not in json.dumps(found.to_json())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_unit_may_be_called_anything(language: Language) -> None:
    """Its name is text on the page, and never markup."""
    unit = UnitProfile("<script>", "<b>", "", 3, "2024-01-01", "2024-02-01", 31.0, "", "", (), True)
    found = Profile("<i>", "sha256:0", "2024-02-01T00:00:00Z", "Europe/Paris", None, (), (unit,), (), ())
    page = render_page(found, language)
    assert "&lt;script&gt;" in page
    assert not re.search("<script|<b>|<i>", page)
