"""MLflow's artefacts of an installation: addresses that name no folder, so that a home can be copied or moved.

MLflow makes every local address absolute before it stores it. An address of Vigie's own scheme, ``vigie:/…``, is stored
as it is; where it lies is found from MLflow's database, beside which it stands. The package's entry point makes the
scheme known to every MLflow of the same environment (`mlflow.artifact_repository`), `registry.mlflow_store` to its own.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from sqlalchemy.engine import make_url

__all__ = ["ROOT", "SCHEME", "HomeArtifactRepository", "home_of"]

SCHEME = "vigie"
ROOT = f"{SCHEME}:/mlflow-artifacts"
"""Where experiments keep their artefacts: the folder ``mlflow-artifacts`` of the home."""


def home_of(tracking_uri: str) -> Path:
    """The folder in which MLflow's database stands.

    Raises:
        MlflowException: the store is no SQLite file.
    """
    database = make_url(tracking_uri).database if tracking_uri.startswith("sqlite:") else None
    if not database:
        raise MlflowException(
            "Artefacts of Vigie lie beside its MLflow database: set the tracking URI to sqlite:///HOME/mlflow.db."
        )
    return Path(database).resolve().parent


class HomeArtifactRepository(LocalArtifactRepository):  # type: ignore[misc]
    """The artefacts at an address ``vigie:/FOLDER…``: in that folder beside MLflow's database."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        home = home_of(tracking_uri or registry_uri or mlflow.get_tracking_uri())
        folder = (home / unquote(urlsplit(artifact_uri).path).lstrip("/")).resolve()
        if not folder.is_relative_to(home):
            raise MlflowException(f"The address {artifact_uri} is outside of its home.")
        super().__init__(folder.as_uri(), tracking_uri, registry_uri)
