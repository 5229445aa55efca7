"""Each document's commands and Python run from its first block to its last, in one shell, as they are written.

Other than on the page are only the port, and the folder that stands for `/srv/vigie`. What a page takes as given (the
hospital's tables, a finished mapping, a released model, people's keys) is laid where it says that it lies.
"""

import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.main import main
from hospital.simulator import simulate, write
from registry.monitoring.alarms import raise_alarm
from registry.record.database import opened_database, writing
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import create_key
from tests.support.documents import blocks, clone_in, run_as_reader, script_of
from tests.support.installation import Installation
from tests.support.repository import ROOT
from tests.support.small_demo import SmallDemo

_HOME = "/srv/vigie"
_PEOPLE = {"author": "ada", "ada": "bob", "bob": "cleo", "releaser": "dora"}
"""Whose key file, of the people of the tests' installations, the pages call how."""


@pytest.fixture(scope="module")
def tables() -> Mapping[str, pd.DataFrame]:
    """A small hospital, long enough to be trained on."""
    return simulate(200, seed=7, start=date(2023, 11, 6), scale=0.1)


def _run(name: str, folder: Path, given: Mapping[str, str] | None = None) -> str:
    script = script_of(ROOT / "docs" / name).replace(_HOME, str(folder / "vigie"))
    return run_as_reader(folder, script, {"VIGIE_LANGUAGE": "en", **(given or {})})


def _give_keys(folder: Path, home: Path) -> None:
    """The keys of an installation of the tests, where the pages have them."""
    (folder / "reader").mkdir()
    for whose, name in _PEOPLE.items():
        shutil.copy(home / "keys" / f"{whose}.json", folder / "reader" / f"{name}.key")


def test_the_first_hour(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """From an empty folder to a checked version, its card, a file of explanations and a service with its history."""
    folder = clone_in(tmp_path / "clone")
    write(tables, folder / "data")
    printed = _run("first-hour.md", folder)
    assert "Who is who is fixed" in printed
    assert "wait-time version 1" in printed
    assert len(pd.read_parquet(folder / "waits.parquet")) > 1000
    assert "<html" in (folder / "card.html").read_text(encoding="utf-8")


def test_from_own_tables_to_a_candidate(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Everything of the data scientist's page, its Python too; the mapping is finished as the notebook finishes it."""
    folder = clone_in(tmp_path / "clone")
    _lay_out_own_tables(folder, tables)
    (folder / "reader").mkdir()
    create_key("ada", folder / "reader" / "ada.key")
    unit = ["--unit", "MED-A=Médecine"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(folder / "vigie"))
        assert main(["init", "--zone", "Europe/Paris", "--finess", "350000006", *unit]) == 0
    _run("data-scientist.md", folder)
    assert "TODO" in (folder / "passages.toml").read_text(encoding="utf-8")
    for page in ("card.html", "data.html"):
        assert "<html" in (folder / page).read_text(encoding="utf-8")


def _lay_out_own_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """`tables/` as a hospital's software would write them, and `hospital.toml`, by the cells of the notebook."""
    notebook = json.loads((ROOT / "notebooks" / "own_tables.ipynb").read_bytes())
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    (folder / "tables").mkdir()
    names: dict[str, Any] = {
        "pd": pd,
        "date": date,
        "folder": folder,
        "tables": folder / "tables",
        "simulate": lambda *_, **__: tables,
    }
    whole = 'export("visits", hospital["visits"])'
    for code in (cells["export"], whole, cells["mapping"]):
        exec(code, names)  # noqa: S102 - of this repository
    (folder / "mapping.toml").rename(folder / "hospital.toml")


def test_the_look_at_tables(hospital_folder: Path, tmp_path: Path) -> None:
    """The first thing that is done with tables."""
    folder = clone_in(tmp_path / "clone")
    (folder / "data").symlink_to(hospital_folder)
    _run("data-check.md", folder)
    assert "<html" in (folder / "data.html").read_text(encoding="utf-8")


def test_the_chain_of_trust(tmp_path: Path) -> None:
    """People, policy, an auditor's program over the exported journal, and the erasure of a person who is there."""
    folder, home = clone_in(tmp_path / "clone", ["docs", "registry"]), tmp_path / "clone" / "vigie"
    (folder / "data").mkdir()
    (folder / "data" / "visits.csv").write_text(
        "visit_id,department,arrived_at\nv12,ED,2024-03-04T08:10Z\nv13,ED,2024-03-04T09:10Z\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(home))
        assert main(["import", str(folder / "data")]) == 0
    printed = _run("trust.md", folder, {"VIGIE_HOME": str(home)})
    assert "approvals: 2" in printed
    assert "Ada Martin's key is retired" in printed
    assert re.search(r"Erased: 1 observation,", printed)


def test_after_a_release(small_demo: SmallDemo, tmp_path: Path) -> None:
    """Monitored, an alarm acknowledged by a member of the board, and a training that is not due."""
    folder = clone_in(tmp_path / "clone")
    demo = small_demo.copied(folder / "vigie")
    (folder / "data").symlink_to(small_demo.settings.home.parent / "data")
    _give_keys(folder, demo.settings.home)
    _raise_an_alarm(demo.settings)
    printed = _run("monitoring.md", folder, {"VIGIE_HOME": str(demo.settings.home)})
    assert "is acknowledged: it is signed in the journal" in printed
    assert "wait-time: not due" in printed


def _raise_an_alarm(settings: Settings) -> None:
    release = current_release(settings, "wait-time")
    assert release is not None
    day = (datetime.now(UTC).date() - date(1970, 1, 1)).days
    evidence = {"day": day, "since": day, "change": 0.2}
    with opened_database(settings.database) as engine, writing(engine) as connection:
        assert raise_alarm(
            connection,
            model="wait-time",
            release=release.sequence,
            digest=str(release.body["package_digest"]),
            figure=("arrivals", "visits"),
            evidence=evidence,
            stops=False,
            now=datetime.now(UTC),
        )


def test_practice(tmp_path: Path) -> None:
    """The protocol that the page shows is the file that its commands bring into use."""
    folder = clone_in(tmp_path / "clone")
    installation = Installation.make(folder / "vigie")
    _give_keys(folder, installation.settings.home)
    protocol = next(block.text for block in blocks(ROOT / "docs" / "practice.md") if block.kind == "toml")
    (folder / "reserve-beds.md").write_text(protocol, encoding="utf-8")
    printed = _run("practice.md", folder, {"VIGIE_HOME": str(installation.settings.home)})
    assert "reserve-beds 2  Ouvrir les lits de réserve" in printed
