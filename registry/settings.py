"""Where things are, from the environment (``VIGIE_…``) with defaults that work on one machine."""

from pathlib import Path

from pydantic import AwareDatetime, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hospital.words.language import Language

__all__ = ["Settings", "sqlite_url"]


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, for SQLAlchemy, which takes a percent sign and a question mark for more than a name."""
    return f"sqlite:///{str(path.resolve()).replace('%', '%25').replace('?', '%3F')}"


class Settings(BaseSettings):
    """Settings of one installation.

    Attributes:
        home: everything that Vigie writes, if not set otherwise.
        database_url: SQLAlchemy URL of the one database; empty: SQLite in the home.
        releases_dir, trust_dir: folders; None: in the home.
        pseudonym_key_file: of ids; None: `pseudonym.key` in the home.
        checker_key_file: the check's private key; None: in the home.
        service_key_file: the private key that signs checkpoints of the journal; None: in the home.
        checkpoints_file: where the checkpoints go, best another volume; None: in the home.
        levels_file: the hospital's policy of levels of tension; None: `levels.toml` in the home.
        skills_dir: the hospital's files of skills, trainings and shifts; None: `skills` in the home.
        host, port: where `vigie serve` listens.
        language: of texts for people.
        monitor: whether `vigie serve` starts `vigie monitor`.
        monitor_minutes: between two runs.
        requests_per_token, requests_per_address: a second, of one token and of one address, on average.
        forecasts_at_once, requests_at_once: that one worker answers at the same time; the others are refused at once.
        strict: whether a trust folder that the service's own account can write is refused, not only warned of.
        clock_start: the service's clock begins there and runs on (the demo's); None: the real time.
    """

    model_config = SettingsConfigDict(env_prefix="VIGIE_", extra="ignore", populate_by_name=True)

    home: Path = Path("vigie-home")
    database_url: str = ""
    releases_dir: Path | None = Field(default=None, validation_alias="VIGIE_RELEASES")
    trust_dir: Path | None = Field(default=None, validation_alias="VIGIE_TRUST")
    checker_key_file: Path | None = Field(default=None, validation_alias="VIGIE_CHECKER_KEY")
    pseudonym_key_file: Path | None = Field(default=None, validation_alias="VIGIE_PSEUDONYM_KEY")
    service_key_file: Path | None = Field(default=None, validation_alias="VIGIE_SERVICE_KEY")
    checkpoints_file: Path | None = Field(default=None, validation_alias="VIGIE_CHECKPOINTS")
    skills_dir: Path | None = Field(default=None, validation_alias="VIGIE_SKILLS")
    levels_file: Path | None = Field(default=None, validation_alias="VIGIE_LEVELS")
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65_535)
    language: Language = "fr"
    monitor: bool = True
    monitor_minutes: int = Field(default=60, ge=1, le=1440)
    requests_per_token: float = Field(default=200.0, gt=0.0)
    requests_per_address: float = Field(default=500.0, gt=0.0)
    forecasts_at_once: int = Field(default=24, ge=1, le=512)
    requests_at_once: int = Field(default=64, ge=1, le=512)
    strict: bool = False
    clock_start: AwareDatetime | None = None

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or sqlite_url(self.home / "vigie.db")

    @property
    def releases(self) -> Path:
        """The folder of releases."""
        return self.releases_dir or self.home / "releases"

    @property
    def trust(self) -> Path:
        """The folder of public keys, roles, policy in force and lowest acceptable releases."""
        return self.trust_dir or self.home / "trust"

    @property
    def checker_key(self) -> Path:
        """The file of the key that checks are signed with."""
        return self.checker_key_file or self.home / "checker.key"

    @property
    def pseudonym_key(self) -> Path:
        """The file with the key that makes pseudonyms of ids; `vigie init` puts it beside the home."""
        return self.pseudonym_key_file or self.home / "pseudonym.key"

    @property
    def service_key(self) -> Path:
        """The file of the key that checkpoints of the journal are signed with."""
        return self.service_key_file or self.home / "service.key"

    @property
    def checkpoints(self) -> Path:
        """The file of the journal's checkpoints."""
        return self.checkpoints_file or self.home / "journal-checkpoints.jsonl"

    @property
    def skills(self) -> Path:
        """The folder of the hospital's files of skills, trainings and shifts."""
        return self.skills_dir or self.home / "skills"

    @property
    def levels(self) -> Path:
        """The file of the hospital's policy of levels of tension."""
        return self.levels_file or self.home / "levels.toml"

    @property
    def candidates(self) -> Path:
        """The folder of candidates: what the board sees of versions not yet released."""
        return self.home / "candidates"

    @property
    def snapshots(self) -> Path:
        """The folder of sealed data snapshots."""
        return self.home / "snapshots"
