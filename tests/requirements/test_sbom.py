"""The bill of materials: everything that is locked, and nothing else, in CycloneDX's form."""

import json
import re
import subprocess
import sys
from types import ModuleType

import pytest

from tests.support.repository import ROOT
from tests.support.scripts import script


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    """The script as a module."""
    return script("sbom")


@pytest.mark.parametrize("which", ["serve", "dev"])
def test_it_lists_what_is_locked(sbom: ModuleType, which: str) -> None:
    """Each pin once, with all its hashes; the same bytes again; references that are there."""
    bill = sbom.bill(which)
    lock = (ROOT / "requirements" / f"{which}.lock").read_text("utf-8")
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", lock, flags=re.MULTILINE)
    found = {(c["name"], c["version"]) for c in bill["components"]}
    assert found == {(re.sub(r"[-_.]+", "-", n).lower(), v) for n, v in pins}
    assert len(bill["components"]) == len(found) > 20
    hashes = [p["value"] for c in bill["components"] for p in c["properties"]]
    assert len(hashes) == lock.count("--hash=sha256:")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    references = {c["bom-ref"] for c in bill["components"]} | {"vigie"}
    assert all({d["ref"], *d["dependsOn"]} <= references for d in bill["dependencies"])
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    assert sbom.bill(which) == bill


def test_licences_of_what_serves_are_known(sbom: ModuleType) -> None:
    """Nine in ten say theirs."""
    components = sbom.bill("serve")["components"]
    assert sum("licenses" in c for c in components) > 0.9 * len(components)


def test_the_command_writes_json() -> None:
    """As CI runs it."""
    command = [sys.executable, str(ROOT / "requirements" / "sbom.py"), "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["metadata"]["component"]["name"] == "vigie"


def test_hashes_in_comments_are_not_taken(sbom: ModuleType) -> None:
    """A lock explains itself in comments."""
    text = f"a==1 \\\n    --hash=sha256:{'0' * 64}\n    # via b --hash=sha256:{'1' * 64}\n"
    assert sbom.locked(text) == {"a": ("1", ("0" * 64,))}
