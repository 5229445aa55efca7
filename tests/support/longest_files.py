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
    "journeys/test_real_records.py",
    "journeys/test_flaws_are_stopped.py",
    "journeys/test_real_forecasts.py",
    "hospital/profile/test_damaged_times.py",
    "faults/test_postgresql_process.py",
    "training/packages/test_package_build.py",
    "hospital/contracts/test_contracts.py",
    "registry/releases/test_killed_release.py",
    "registry/gates/test_explanation_stability.py",
    "assembly/test_service_process.py",
    "assembly/test_service_over_network.py",
    "faults/test_kills.py",
    "registry/monitoring/test_monitor_beds.py",
    "journeys/test_bad_machine.py",
    "explain/test_standalone.py",
    "journeys/test_moved_home.py",
    "faults/test_schema_requests.py",
    "registry/gates/test_fairness.py",
    "training/test_tune.py",
    "journeys/test_documents_run.py",
    "hospital/simulator/test_realism.py",
    "faults/test_overload.py",
    "registry/cards/test_numbers_agree.py",
    "serving/state/test_live_state.py",
    "journeys/test_no_department.py",
    "registry/model/hospital/test_hospital_total.py",
    "explain/test_verification.py",
)
"""Files that take twenty seconds and more, as the summary of a whole run lists them, the longest first."""


def longest_first(path: Path) -> int:
    """The place of a test file in the order; all that are not among the longest share the last one."""
    name = path.relative_to(ROOT / "tests").as_posix() if path.is_relative_to(ROOT / "tests") else ""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
