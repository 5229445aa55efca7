"""A home whose rows are explained, made once for all files."""

import pytest

from tests.support.bulk_home import BulkHome, make_bulk_home
from tests.support.made_once import made_once


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> BulkHome:
    """A small hospital with a release of each model; no test changes it."""
    return BulkHome.read(made_once(tmp_path_factory, "bulk-home", make_bulk_home))
