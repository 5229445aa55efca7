"""What a hospital calls its groups, departments, covariates and attributes: from the mapping to cards, alarms, reasons.

The names are given in two languages in a mapping; nothing else in Vigie knows them.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from hospital.errors import MappingError
from hospital.features.bed_list import bed_features_of
from hospital.features.feature import Feature
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.words import names
from hospital.words.language import Language
from registry.candidates.snapshots import open_snapshot, seal_snapshot
from registry.cards.finding_text import Words
from registry.digests import canonical_json
from registry.monitoring.alarm_text import what_of
from registry.package.manifest import read_manifest, write_package
from serving.forecasting.feature_words import FeatureWords
from tests.support.installation import manifest_body

MAPPING = """
[mapping]
name = "Lits"
zone = "Europe/Paris"
[names."CRIT"]
fr = "Soins critiques et continus"
en = "Critical and continuing care"
[names."tension_regionale"]
fr = "Tension régionale"
en = "Regional tension"
[names."MED-B"]
fr = "Médecine B"
[names."secteur"]
en = "Catchment area"
[tables.census]
covariates = ["tension_regionale"]
[tables.census.columns]
unit = "U"
at = "J"
occupied = "O"
"""
NAMES: names.OwnNames = {
    "CRIT": {"fr": "Soins critiques et continus", "en": "Critical and continuing care"},
    "tension_regionale": {"fr": "Tension régionale", "en": "Regional tension"},
    "MED-B": {"fr": "Médecine B"},
    "secteur": {"en": "Catchment area"},
}


@pytest.fixture
def tables(tmp_path: Path) -> HospitalTables:
    """Two weeks of two units, with a covariate, read by a mapping that names things."""
    days = pd.date_range("2024-05-01", periods=14, freq="D").strftime("%Y-%m-%d")
    rows = [(unit, day, 10 + i, i) for unit in ("A", "B") for i, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["U", "J", "O", "tension_regionale"])
    folder = tmp_path / "data"
    folder.mkdir()
    frame.to_csv(folder / "census.csv", index=False)
    (tmp_path / "lits.toml").write_text(MAPPING, encoding="utf-8")
    return read_hospital(folder, load_mapping(tmp_path / "lits.toml"), b"k" * 32)


def test_a_mapping_names_things_in_two_languages(tables: HospitalTables, tmp_path: Path) -> None:
    """And the sealed snapshot, from which a check makes the features anew, keeps the names."""
    assert tables.names == NAMES
    seal = seal_snapshot(tmp_path / "snapshots", tables)
    assert open_snapshot(tmp_path / "snapshots", tables.source_digest, seal).names == NAMES


def test_a_covariate_is_called_what_people_call_it(tables: HospitalTables) -> None:
    """Its label goes with the package to every page that shows the feature; without a name it keeps its column's."""
    [feature] = [f for f in bed_features_of(events_of(tables), tables.covariates) if f.group == "covariate"]
    assert feature.name == "tension_regionale_change_7d"
    assert feature.label_fr == "Tension régionale : évolution sur 7 jours"
    assert feature.label_en == "Regional tension: change over 7 days"
    unnamed = events_of(replace(tables, names=names.NO_NAMES))
    [plain] = [f for f in bed_features_of(unnamed, tables.covariates) if f.group == "covariate"]
    assert plain.label_en == "tension_regionale: change over 7 days"


def test_a_package_holds_the_names_and_one_without_has_the_bytes_of_before(tmp_path: Path) -> None:
    """The digest of a hospital that names nothing does not change."""
    body = manifest_body("wait-time", "1")
    assert "names" not in write_package(tmp_path / "plain", body, {}).model_dump(mode="json")
    named = write_package(tmp_path / "named", {**body, "names": NAMES}, {})
    assert read_manifest(canonical_json(named.model_dump(mode="json"))).names == NAMES


@pytest.mark.parametrize(
    ("language", "group", "unit", "area"),
    [
        ("fr", "Soins critiques et continus", "Médecine B", "Catchment area\u00a0: nord"),
        ("en", "Critical and continuing care", "Médecine B", "Catchment area: nord"),
    ],
)
def test_cards_alarms_and_reasons_use_them(language: Language, group: str, unit: str, area: str) -> None:
    """In the language of the page, else in the one that was given."""
    words = Words.of({"model": "bed-demand", "names": NAMES}, language)
    assert words.unit_group("CRIT") == group
    assert words.group("unit_group=CRIT").endswith(group)
    assert words.group("secteur=nord") == area
    assert group in what_of("errors", "CRIT", language, NAMES)
    department = Feature("department", "crowding", "Service", "Department", levels=("MED-B",))
    reasons = FeatureWords(department, language, own=NAMES)
    assert unit in reasons.compared(0.0, float("nan"), None)[2]


def test_a_value_that_is_called_as_a_group_keeps_its_own_name() -> None:
    """The mother-and-child wards F are not the women of ``sex=F``, who may have a name besides."""
    own: names.OwnNames = {"F": {"fr": "Femme-enfant"}, "sex=M": {"fr": "masculin"}}
    assert names.value("unit_group", "F", "fr", own) == "Femme-enfant"
    assert names.value("sex", "F", "fr", own) == names.value("sex", "F", "fr") == "femmes"
    assert names.value("sex", "M", "fr", own) == "masculin"


@pytest.mark.parametrize(
    ("written", "path", "code"),
    [
        ('names = "CRIT"\n' + MAPPING.partition("[names")[0], "names", "not_a_table"),
        (MAPPING + '[names."X"]\n', "names.X", "missing"),
        (MAPPING + '[names."X"]\nde = "Pflege"\n', "names.X.de", "unknown_key"),
        (MAPPING + f'[names."X"]\nfr = "{"x" * 121}"\n', "names.X.fr", "too_long"),
        (MAPPING + '[names."X"]\nfr = 3\n', "names.X.fr", "string_type"),
    ],
)
def test_what_names_nothing_is_refused(tmp_path: Path, written: str, path: str, code: str) -> None:
    """Each with the place in the mapping."""
    (tmp_path / "lits.toml").write_text(written, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(tmp_path / "lits.toml")
    assert (path, code) in {(one.path, one.code) for one in caught.value.faults}
