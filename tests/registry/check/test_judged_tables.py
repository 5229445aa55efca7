"""What is wrong with the tables themselves stands in the report and on the card, and advice follows it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.candidates.candidates import Candidate
from registry.cards.card_page import render_html
from registry.cards.finding_text import Words
from registry.check.run import check
from registry.policy.board_policy import default_policy
from tests.support.installation import NOW, Installation
from tests.support.quick_versions import quick_candidate
from tests.support.repository import ROOT
from training.packages.package_request import Request

_ZONE = "Europe/Paris"


def _typed_at_seven(visits: pd.DataFrame) -> pd.DataFrame:
    """Contacts of evening and night that are all typed at seven in the morning, in the last two months and a half."""
    seen, seen_type = visits["seen_at"].dt.tz_convert(_ZONE), visits["seen_at"].dtype
    evening = seen.dt.hour >= 20
    seven = seen.dt.normalize() + pd.to_timedelta(evening.map({True: 31, False: 7}), unit="h")
    late = visits["arrived_at"] > visits["arrived_at"].max() - timedelta(days=75)
    night = late & (evening | (seen.dt.hour < 7))
    left = visits["left_at"].mask(night & (visits["left_at"] < seven), seven + timedelta(minutes=20))
    times = {"seen_at": seen.mask(night, seven), "left_at": left}
    return visits.assign(**{name: at.dt.tz_convert("UTC").astype(seen_type) for name, at in times.items()})


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Candidate]:
    """Versions of one small hospital, sound and with its nights typed in the morning, that were checked."""
    found = {}
    frames = simulate(200, seed=12, scale=0.2)
    flaws = {"sound": frames["visits"], "batches": _typed_at_seven(frames["visits"])}
    for name, visits in flaws.items():
        root: Path = tmp_path_factory.mktemp(name)
        write({**frames, "visits": visits}, root / "data")
        installation = Installation.make(root / "home")
        tables = read_hospital(root / "data", None, b"key")
        version = quick_candidate(installation, Request("wait-time"), tables, "1")
        check(installation.settings, "wait-time", "1", default_policy(), now=NOW, progress=lambda *_: None)
        found[name] = version
    return found


def _codes(body: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f["code"], f["column"]) for f in body["tables"]}


def test_what_the_tables_show_is_in_the_report(checked: dict[str, Candidate]) -> None:
    """Heaped times of a damaged hospital, with their days and share; nothing of the sound one."""
    sound, damaged = (checked[name].json("report.json") for name in ("sound", "batches"))
    assert _codes(sound) == set()
    assert ("heaped_times", "seen_at") in _codes(damaged)
    heap = next(f for f in damaged["tables"] if (f["code"], f["column"]) == ("heaped_times", "seen_at"))
    assert heap["clock"] == "07:00"
    assert 0 < heap["share"] < 1
    assert heap["days"] > 30


def test_a_report_with_tables_keeps_its_schema(checked: dict[str, Candidate]) -> None:
    """What stands in it of the tables is what `docs/report.schema.json` names."""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    for version in checked.values():
        jsonschema.Draft202012Validator(schema).validate(version.json("report.json"))


@pytest.mark.parametrize(("language", "said"), [("fr", "saisies par lots"), ("en", "entered in batches")])
def test_advice_follows_the_tables(checked: dict[str, Candidate], language: str, said: str) -> None:
    """Of the damaged hospital whatever intervals and errors ask for begins with the batches, and never calibrates."""
    body = checked["batches"].json("report.json")
    words = Words.of(body, language)  # type: ignore[arg-type]
    advised = [
        words.advice(gate["name"], f)
        for gate in body["gates"]
        if gate["name"] in ("calibration", "drift")
        for f in gate["findings"]
        if f["metric"] in ("coverage", "above_p90", "error_rise", "outcome_shift")
        and f["verdict"] in ("block", "inconclusive")
        and f["value"] is not None
    ]
    assert advised
    assert all(said in advice for advice in advised)


@pytest.mark.parametrize(
    ("language", "asks"), [("fr", "Demander au service qui saisit"), ("en", "Ask the department who types")]
)
def test_the_card_lists_what_to_look_at(checked: dict[str, Candidate], language: str, asks: str) -> None:
    """In the section of the data, with whom to ask; a sound hospital's card has no such list."""
    pages = {
        name: render_html(json.loads(json.dumps(version.json("card.json"))), language)  # type: ignore[arg-type]
        for name, version in checked.items()
    }
    assert asks in pages["batches"]
    assert asks not in pages["sound"]
