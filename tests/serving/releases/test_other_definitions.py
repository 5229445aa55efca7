"""A release whose features this Vigie defines otherwise is refused: nobody judged what it would answer."""

import json
from pathlib import Path

import pytest

from registry.bulk.run import subject_of
from registry.digests import canonical_json
from registry.errors import ReleaseError
from registry.releases.promotion import promote
from serving.releases.release_source import StoredReleases
from tests.support.bulk_home import BulkHome, make_bulk_home, release_candidate
from tests.support.installation import after
from tests.support.made_once import made_once


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> BulkHome:
    """A hospital's home, to be changed: a release of each trained model."""
    made = BulkHome.read(made_once(tmp_path_factory, "bulk-home", make_bulk_home))
    copy = made.installation.copied(tmp_path / "home")
    return BulkHome(copy, made.data, made.tables, made.out)


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_a_release_of_other_definitions_is_refused_in_words(
    home: BulkHome, tmp_path: Path, model: str
) -> None:
    """All else is as it was signed: the same trees, asked by numbers they did not learn from."""
    installation = home.installation
    served = StoredReleases(installation.settings).load(model)
    assert served is not None, "with the definitions of today it is loaded"
    package = tmp_path / "package"
    package.mkdir()
    for path in (installation.settings.releases / model / "000001" / "package").iterdir():
        (package / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((package / "manifest.json").read_bytes())
    manifest["feature_digest"] = "sha256:" + "0" * 64
    (package / "manifest.json").write_bytes(canonical_json(manifest))
    release_candidate(installation, model, "9", package)
    promote(installation.settings, model, "9", installation.people["releaser"], now=after(3))
    with pytest.raises(
        ReleaseError, match="this Vigie defines the features that its model learned otherwise"
    ):
        StoredReleases(installation.settings).load(model)
    with pytest.raises(ReleaseError, match="Train it again"):
        subject_of(installation.settings, model, None)
