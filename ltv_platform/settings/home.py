"""LTV_HOME: the folder of everything mutable."""

from pathlib import Path

from pydantic import field_validator
from pydantic_settings import BaseSettings

from ltv_platform.settings.declaration import setting


class Home(BaseSettings):
    """The setting LTV_HOME, and the paths under it."""

    home: Path = setting(
        Path(".ltv"),
        "Folder of everything mutable.",
        "path",
        note="Another folder is another installation.",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        home = value.expanduser().absolute()
        # The engine would read these as glob patterns.
        if special := sorted(set("*?[]") & set(str(home))):
            raise ValueError(
                f"the path {home} contains {' '.join(special)}; choose a path without them"
            )
        return home

    @property
    def restoring_path(self) -> Path:
        """What a restore takes the new state of LTV_HOME from; gone when it is finished."""
        return self.home / "restoring"

    @property
    def upgrade_copies_path(self) -> Path:
        """Copies of the warehouse from before an upgrade of its schema."""
        return self.home / "backups"

    @property
    def landing_path(self) -> Path:
        """Where files wait to be loaded, a folder per source."""
        return self.home / "landing"

    @property
    def spool_path(self) -> Path:
        """Events that were received, a folder per source; complete segments move to landing."""
        return self.home / "spool"

    @property
    def spool_lock_path(self) -> Path:
        """Locked by the server that receives events; holds its PID."""
        return self.home / "spool.lock"

    @property
    def loaded_path(self) -> Path:
        """Where files from landing go after loading, a folder per load."""
        return self.home / "loaded"

    @property
    def published_path(self) -> Path:
        """The read-only snapshots and the pointer to the current one."""
        return self.home / "published"

    @property
    def own_path(self) -> Path:
        """Files of user tables for `ltv query`, a folder per schema."""
        return self.home / "own"

    @property
    def reports_path(self) -> Path:
        """Reports for people."""
        return self.home / "reports"

    @property
    def dagster_path(self) -> Path:
        """DAGSTER_HOME."""
        return self.home / "dagster"

    @property
    def start_date_path(self) -> Path:
        """The first partition, as settled by the loads."""
        return self.home / "start_date"

    @property
    def ihc_fit_path(self) -> Path:
        """Constants of the local IHC engine that `ltv attribution fit` found."""
        return self.home / "ihc_fit.json"

    @property
    def run_lock_path(self) -> Path:
        """Locked by the process that brings everything up to date; holds its PID."""
        return self.home / "run.lock"

    @property
    def service_lock_path(self) -> Path:
        """Locked by `ltv up` while it serves; holds its PID."""
        return self.home / "up.lock"

    @property
    def scoring_lock_path(self) -> Path:
        """Locked by the process that asks the IHC API; holds its PID."""
        return self.home / "ihc.lock"

    @property
    def alerts_path(self) -> Path:
        """Open alerts, and messages that wait to be sent."""
        return self.home / "alerts"

    @property
    def erasure_key_path(self) -> Path:
        """Key of the hashes of erased persons; only its owner can read it."""
        return self.home / "erasure.key"

    @property
    def id_salt_path(self) -> Path:
        """Key of the hashes that replace e-mail addresses; only its owner can read it."""
        return self.home / "id.salt"

    @property
    def erasure_journal_path(self) -> Path:
        """What an unfinished erasure looks for."""
        return self.home / "erasure.json"

    @property
    def tokens_path(self) -> Path:
        """Hashes of the tokens of the HTTP API; only its owner can read it."""
        return self.home / "tokens.json"

    @property
    def tokens_lock_path(self) -> Path:
        """Locked by the process that changes the tokens."""
        return self.home / "tokens.lock"
