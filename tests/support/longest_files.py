"""The order of test files where two processes share them, each file whole: the longest first."""

from pathlib import Path

from tests.support.repository import ROOT

__all__ = ["LONGEST", "longest_first"]

LONGEST = (
    "journeys/test_demo.py",
    "journeys/test_whole_way.py",
    "journeys/test_documents_as_written.py",
    "journeys/test_notebook.py",
    "registry/monitoring/test_monitor_waits.py",
    "hospital/profile/test_profile.py",
    "hospital/simulator/test_simulator.py",
    "hospital/contracts/test_contracts.py",
    "journeys/test_real_records.py",
    "journeys/test_flaws_are_stopped.py",
    "registry/gates/test_explanation_stability.py",
    "cli/test_no_traceback.py",
    "assembly/test_service_process.py",
    "registry/model/hospital/test_hospital_total.py",
    "registry/cards/test_numbers_agree.py",
    "registry/bulk/test_bulk_run.py",
    "registry/compare/test_trained_versions.py",
    "hospital/ingest/test_spreadsheets.py",
    "journeys/test_live_features.py",
    "journeys/test_documents_run.py",
    "centre/pages/test_deciding_browser.py",
)
"""Files that take half a minute and more, in the order of what they take; any other takes little."""


def longest_first(path: Path) -> int:
    """The place of a test file in the order; all that are not among the longest share the last one."""
    name = path.relative_to(ROOT / "tests").as_posix() if path.is_relative_to(ROOT / "tests") else ""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
