"""A small hospital with a release of each model, whose rows were explained into a file once."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.simulator import simulate, write
from registry.bulk.run import Request, Written, explain_all
from registry.candidates.candidates import Candidate, register
from registry.cards.card_document import build_card
from registry.model.forecast_model import ForecastModel
from registry.package.manifest import MODELS
from registry.policy.board_policy import default_policy
from registry.releases.promotion import promote
from registry.settings import Settings
from registry.trust.keys import Key, load_key
from tests.support.few_trees import FEW_TREES
from tests.support.installation import Installation, after, report_body
from training.packages.package_request import Request as Training
from training.train import build_package

__all__ = ["CHUNK_ROWS", "HORIZONS", "BulkHome", "make_bulk_home", "release_candidate"]

HORIZONS = (4.0, 24.0)


CHUNK_ROWS = 500


@dataclass(frozen=True)
class BulkHome:
    """An installation with a release of each model, its hospital's files and tables, and what was written once."""

    installation: Installation
    data: Path
    tables: HospitalTables
    out: dict[str, Path]

    @classmethod
    def read(cls, root: Path) -> "BulkHome":
        """The one that `make_bulk_home` made in this folder, or in the one that this is a copy of."""
        settings = Settings(home=root / "home")
        people = {path.stem: load_key(path) for path in sorted((root / "home" / "keys").glob("*.json"))}
        tables = read_hospital(root / "data", None, load_or_create_key(root / "home" / "pseudonym.key"))
        out = {model: root / f"{model}.parquet" for model in MODELS}
        return cls(Installation(settings, people), root / "data", tables, out)

    def package(self, model: str) -> ForecastModel:
        """The released package."""
        return ForecastModel(self.installation.settings.releases / model / "000001" / "package")

    def frame(self, model: str) -> pd.DataFrame:
        """What was written of a model."""
        return pd.read_parquet(self.out[model])

    def explain(self, out: Path, model: str = "wait-time", **more: Any) -> Written:
        """Explains the hospital's rows into a file; what is reported is collected in `said`."""
        said = more.pop("said", [])
        request = Request(model, None, self.data, None, out, "en", CHUNK_ROWS)
        return explain_all(
            replace(request, **more), self.installation.settings, progress=lambda *_: None, tell=said.append
        )


def _registered(installation: Installation, model: str, version: str, package: Path) -> Candidate:
    digest = "sha256:" + "a" * 64
    body = {"data_digest": digest, "seal_digest": digest, "evidence_digest": digest, "at": 0}
    author = installation.people["author"]
    return register(installation.settings.candidates, model, version, package, body, author)


def _checked(candidate: Candidate, checker: Key) -> None:
    manifest = ForecastModel(candidate.package).manifest
    cells = [("ED", 0.0)]
    if candidate.model == "bed-demand":
        cells = [(unit.group, HORIZONS[0]) for unit in manifest.units]
    scope = [{"unit_group": group, "horizon_hours": horizon} for group, horizon in cells]
    report = report_body(candidate, "pass") | {"scope": scope}
    card = build_card(manifest, report, [])
    candidate.seal(report, card, default_policy().content, checker)


def release_candidate(installation: Installation, model: str, version: str, package: Path) -> None:
    """Registers, checks and approves a package, as everybody would: it may be promoted."""
    candidate = _registered(installation, model, version, package)
    _checked(candidate, installation.people["checker"])
    installation.approve(candidate, "ada", "bob")


def make_bulk_home(root: Path) -> None:
    """Both models of a small hospital, trained and released; bed demand is trusted for the shorter horizon only."""
    installation = Installation.make(root / "home")
    write(simulate(220, seed=35, scale=0.1), root / "data")
    tables = read_hospital(root / "data", None, load_or_create_key(root / "home" / "pseudonym.key"))
    for model in MODELS:
        horizons = HORIZONS if model == "bed-demand" else ()
        request = Training(model, horizons, hyperparameters=FEW_TREES)
        build_package(request, tables, root / model, lambda *_: None)
        for version in ("1", "2", "3"):
            candidate = _registered(installation, model, version, root / model)
            if version != "3":
                _checked(candidate, installation.people["checker"])
        installation.approve(
            Candidate(model, "1", installation.settings.candidates / model / "1"), "ada", "bob"
        )
        promote(installation.settings, model, "1", installation.people["releaser"], now=after(2))
    found = BulkHome.read(root)
    for model in MODELS:
        found.explain(found.out[model], model)
