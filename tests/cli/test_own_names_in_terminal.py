"""What a hospital calls its groups stands in the terminal, too: in a check's table and in what the monitor prints."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli.main import main
from hospital.ingest.hospital_reader import HospitalTables
from hospital.words import names
from hospital.words.plain_console import plain_console
from registry.cards.finding_text import Words
from registry.cards.report import make_report
from registry.cards.report_table import print_report
from registry.monitoring.run import run_monitoring
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.releases.releases import current_release
from tests.support.installation import Installation, after
from tests.support.monitored_release import Released
from tests.support.quick_versions import quick_candidate, quick_release, quick_tables
from tests.support.sound_facts import beds
from tests.support.synthetic_evidence import Hospital
from training.packages.package_request import Request

OWN: names.OwnNames = {
    "medicine": {"fr": "Pôle des médecines", "en": "Division of medicine"},
    "surgery": {"fr": "Pôle des chirurgies", "en": "Division of surgery"},
    "beds_regional": {"fr": "Lits de la région", "en": "Beds of the region"},
}
KNOWN, DAYS = 185, 200


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A hospital that names its groups."""
    return replace(quick_tables(tmp_path_factory.mktemp("all"), DAYS), names=OWN)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, tables: HospitalTables) -> Released:
    """Its release, and the days after it."""
    root = tmp_path_factory.mktemp("named")
    known = replace(quick_tables(root / "known", KNOWN), names=OWN)
    installation = Installation.make(root / "home")
    found = quick_candidate(installation, Request("bed-demand", (24.0,)), known, "1")
    quick_release(installation, found, [("medicine", 24.0)])
    assert found.names == OWN
    start = min(tables.tables["visits"]["arrived_at"]).date()
    return Released(installation, "bed-demand", tables, root / "all", start, KNOWN)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_table_of_a_check_has_the_hospitals_names(language: names.Language) -> None:
    """Of the groups of findings and of the trusted scope; without names they are those of the catalogue."""
    body = make_report(beds(Hospital(days=490), np.random.default_rng(9)), default_policy()).body
    groups = sorted({cell["unit_group"] for cell in body["scope"]})
    own: names.OwnNames = {g: {"fr": f"Pôle {g} à nous", "en": f"Our division {g}"} for g in groups}
    stream = io.StringIO()
    print_report(body, language, plain_console(file=stream, width=200), own)
    assert groups
    for group in groups:
        assert own[group][language] in stream.getvalue()
    plain = io.StringIO()
    print_report(body, language, plain_console(file=plain, width=200))
    assert "à nous" not in plain.getvalue()
    assert "Our division" not in plain.getvalue()


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("fr", "Lits de la région\u00a0: évolution sur 7 jours"),
        ("en", "Beds of the region: change over 7 days"),
    ],
)
def test_a_covariate_of_a_report_has_its_own_name(language: names.Language, label: str) -> None:
    """A report names no inputs; the hospital's own are known by the names that go with the package."""
    finding = {"metric": "shift", "group": "beds_regional_change_7d", "verdict": "pass"}
    body = {"model": "bed-demand", "gates": [{"name": "drift", "findings": [finding]}], "names": OWN}
    assert Words.of(body, language).group("beds_regional_change_7d") == label


def test_the_monitor_says_the_hospitals_names(
    released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In what a run finds, and in the table of its figures."""
    settings = released.monitored(f"sqlite:///{tmp_path}/days.db", DAYS)
    release = current_release(settings, "bed-demand")
    assert release is not None
    assert release.names == OWN
    with opened_database(settings.database) as engine:
        run = run_monitoring(settings, engine, "bed-demand", now=after(3))
    assert run is not None
    assert run.names == OWN
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    monkeypatch.setenv("VIGIE_DATABASE_URL", f"sqlite:///{tmp_path}/days.db")
    for language, said in (("fr", "Pôle des chirurgies"), ("en", "Division of surgery")):
        assert main(["monitor", "--show", "--language", language]) == 0
        assert said in " ".join(capsys.readouterr().out.split())
