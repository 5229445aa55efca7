"""A unit's names in both languages: from the hospital's table to a release and its pages."""

from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.file_schemas import check
from hospital.contracts.local_times import Clock
from hospital.ingest.event_columns import columns_of
from hospital.record.events import Events
from hospital.words.language import Language
from registry.package.manifest import UnitEntry
from serving.messages.forecast_protocol import ServedUnit


def _events(**columns: str | None) -> Events:
    raw = pd.DataFrame(
        [{"unit": "A", "label": "Ward A", "received_at": "2025-01-01T00:00:00Z", **columns}], dtype=object
    )
    frame, faults = check(raw, "units", clock=Clock())
    assert faults.all() == ()
    return Events.of(
        {"units": columns_of(frame, "units")}, zone=ZoneInfo("Europe/Paris"), cadence_hours=1, history_from=0
    )


@pytest.mark.parametrize(
    ("given", "fr", "en"),
    [
        ({"label_fr": "Unité A", "label_en": "Unit A"}, "Unité A", "Unit A"),
        ({"label_fr": "Unité A"}, "Unité A", "Ward A"),
        ({"label_en": "Unit A", "label_fr": None}, "Ward A", "Unit A"),
        ({}, "Ward A", "Ward A"),
    ],
)
def test_a_page_has_the_name_of_its_language(given: dict[str, str | None], fr: str, en: str) -> None:
    """Where the hospital gave none in it, its label; a package without such names has the bytes that it had."""
    (unit,) = _events(**given).units
    entry = UnitEntry(**vars(unit))
    written = entry.model_dump(mode="json")
    assert set(written) == {
        "unit",
        "label",
        "group",
        "site",
        *(name for name, value in given.items() if value),
    }
    assert UnitEntry.model_validate(written) == entry
    served = ServedUnit(entry.unit, entry.label, entry.group, entry.label_fr, entry.label_en)
    assert {language: served.name_in(language) for language in get_args(Language)} == {"fr": fr, "en": en}


def test_a_simulated_unit_is_named_in_both_languages() -> None:
    """Its table says them in English; a name of the hospital's own comes before ours."""
    served = ServedUnit("GER-A", "Acute geriatrics", "medicine")
    assert served.name_in("fr") == "Court séjour gériatrique"
    assert ServedUnit("GER-A", "Acute geriatrics", "medicine", "CSG").name_in("fr") == "CSG"
    assert np.unique([served.name_in("en"), served.label]).size == 1
