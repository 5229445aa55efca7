"""The bill of materials as CycloneDX 1.6, from a lock file: ``python requirements/sbom.py [serve|dev] > sbom.json``.

From the lock files alone: what they name, with versions and hashes, is what set-up installs. Licences, and which
package needs which, are those of the installed packages. The same locks give the same bytes.
"""

import hashlib
import json
import re
import sys
import uuid
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

__all__ = ["bill", "locked"]

FOLDER = Path(__file__).resolve().parent
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Version and hashes of each package of a lock file, by its normal name."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in text.splitlines():
        pin = _PIN.match(line)
        if pin:
            name = _normal(pin[1])
            found[name] = (pin[2], [])
        if name and not line.lstrip().startswith("#"):
            found[name][1].extend(_HASH.findall(line))
    return {name: (version, tuple(hashes)) for name, (version, hashes) in found.items()}


def bill(which: str = "serve") -> dict[str, Any]:
    """The bill of what a lock file names.

    Args:
        which: ``serve``, what the service needs, or ``dev``, all that a clone installs.
    """
    text = (FOLDER / f"{which}.lock").read_text("utf-8")
    packages = locked(text)
    if not packages:
        raise SystemExit(f"{which}.lock names no package: make lock writes it anew.")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(digest[:32], version=4)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "vigie",
                "name": "vigie",
                "licenses": [{"license": {"id": "EUPL-1.2"}}],
            },
            "properties": [
                {"name": "lock", "value": f"{which}.lock"},
                {"name": "lock.sha256", "value": digest},
            ],
        },
        "components": [
            _component(name, version, hashes) for name, (version, hashes) in sorted(packages.items())
        ],
        "dependencies": [
            {"ref": "vigie", "dependsOn": [_reference(n, v) for n, (v, _) in sorted(packages.items())]},
            *(
                {"ref": _reference(n, v), "dependsOn": _needs(n, packages)}
                for n, (v, _) in sorted(packages.items())
            ),
        ],
    }


def _component(name: str, version: str, hashes: tuple[str, ...]) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(name, version),
        "name": name,
        "version": version,
        "purl": _reference(name, version),
        # A package has a hash for each of its files; one component, several hashes of one kind, as properties.
        "properties": [{"name": "lock:sha256", "value": h} for h in sorted(hashes)],
    }
    installed = _installed(name)
    licence = "" if installed is None else _licence(installed)
    if licence:
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def _needs(name: str, packages: dict[str, tuple[str, tuple[str, ...]]]) -> list[str]:
    installed = _installed(name)
    required = [] if installed is None else installed.requires or []
    names = {_normal(re.split(r"[\s;\[<>=!~(]", r, maxsplit=1)[0]) for r in required if "extra ==" not in r}
    return [_reference(n, packages[n][0]) for n in sorted(names) if n in packages]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _licence(installed: Distribution) -> str:
    """What the package says of its licence, in one line; "": nothing that is short."""
    said = installed.metadata.get("License-Expression") or installed.metadata.get("License") or ""
    first = str(said).strip().splitlines()[0] if str(said).strip() else ""
    classified = [
        c.split(" :: ")[-1] for c in installed.metadata.get_all("Classifier") or [] if c.startswith("License")
    ]
    return first if 0 < len(first) <= 80 else " AND ".join(classified)


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    json.dump(bill(*sys.argv[1:2]), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
