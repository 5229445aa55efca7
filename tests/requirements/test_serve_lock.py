"""`requirements/serve.lock`: what a service needs, and nothing that it does not have."""

import re
import subprocess
import sys

from tests.support.repository import ROOT
from tests.support.scripts import script

install = script("install")
PROGRAM = """
import sys
from importlib import metadata
locked = set(sys.argv[1].split(","))
plain = lambda name: name.lower().replace("-", "_").replace(".", "_")
owners = metadata.packages_distributions()
refused = {top for top, names in owners.items() if not locked & {plain(n) for n in names}} - {"vigie"}
refused -= set(sys.argv[2].split(",")) | set(sys.stdlib_module_names) | {"_distutils_hack"}

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ImportError(f"{name} is not in requirements/serve.lock")

sys.meta_path.insert(0, Finder())
assert "xgboost" in refused and "mlflow" in refused
import assembly.service, assembly.routes, serving.composition, serving.supervisor, serving.database_setup
import registry.monitoring.run
import cli.main, cli.commands.init_commands, cli.commands.import_commands, cli.commands.monitor_commands, cli.new_home
import hospital.ingest.hospital_reader, hospital.ingest.readers.spreadsheets, hospital.ingest.readers.rpu_export
import registry.releases.promotion, registry.candidates.reviews, registry.trust.trust_changes
assert cli.main.main(["policy"]) == 0
print("imported")
"""
PACKAGES = "assembly,centre,cli,explain,hospital,registry,serving,training,vigie"


def test_the_service_its_monitor_and_the_verbs_beside_it_need_no_more(tmp_path: object) -> None:
    """Imported where whatever the lock does not name cannot be found."""
    locked = ",".join(install.locked(ROOT / "requirements" / "serve.lock"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, locked, PACKAGES],
        cwd=ROOT, env={"VIGIE_HOME": f"{tmp_path}/home", "PATH": "/usr/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.endswith("imported\n"), done.stderr[-2000:]


def test_it_is_a_part_of_what_the_tests_run_with() -> None:
    """The same versions, with their hashes, and no address of an index."""
    text = (ROOT / "requirements" / "serve.lock").read_text()
    serve, dev = (install.locked(ROOT / "requirements" / f"{name}.lock") for name in ("serve", "dev"))
    assert serve.items() <= dev.items()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(serve)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_nothing_of_the_workshop_is_in_it() -> None:
    """What trains, checks and draws stays away."""
    names = set(install.locked(ROOT / "requirements" / "serve.lock"))
    assert not names & {
        "xgboost",
        "xgboost_cpu",
        "mlflow",
        "shap",
        "fairlearn",
        "scikit_learn",
        "pytest",
        "numba",
        "llvmlite",
    }
