"""The kinds of alerts: what happened, where, and what to do next.

docs/operations.md explains each kind, with the same next step.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from ltv_platform.alerts.causes import UNKNOWN, Cause, cause_of_rejection, cause_of_run
from ltv_platform.alerts.message import Message, Place, asset_page, plain, run_page

#: Most figures of a check in a message.
_MOST_FIGURES = 8


class Alert(ABC):
    """Something that people must know.

    Attributes:
        kind: The kind, as `ltv alerts list` shows it.
        title: The kind in words.
    """

    kind: ClassVar[str]
    title: ClassVar[str]

    @property
    @abstractmethod
    def key(self) -> str:
        """Identifies the cause: alerts of the same kind and key have the same cause."""

    @abstractmethod
    def message(self) -> Message:
        """The message to people."""


def _run(run_id: str) -> tuple[Place, ...]:
    return (Place("Run", run_id[:8], run_page(run_id)),) if run_id else ()


def _moment(since: datetime | date) -> str:
    return f"{since:%Y-%m-%d %H:%M} UTC" if isinstance(since, datetime) else str(since)


@dataclass(frozen=True)
class RunFailed(Alert):
    """A run failed.

    Attributes:
        job: Name of the job.
        run_id: The run.
        step: The step that failed, if one did.
        error: Text of the error; used to recognize the cause, never sent.
    """

    kind: ClassVar[str] = "run_failed"
    title: ClassVar[str] = "Run failed"
    next_step: ClassVar[str] = (
        "Open the run, read its error and fix the cause. Tables that were not rebuilt stay stale: "
        "the refresh sensor retries them, or run `ltv run` now."
    )

    job: str
    run_id: str
    step: str = ""
    error: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """Job and step."""
        return f"{self.job}/{self.step}" if self.step else self.job

    def message(self) -> Message:
        """The message to people."""
        cause = cause_of_run(self.error)
        step = f", step {plain(self.step)}" if self.step else ""
        return Message(
            self.title,
            f"{plain(self.job)}{step}: {cause.says}.",
            _run(self.run_id),
            f"{cause.next_step} {self.next_step}".strip(),
        )


@dataclass(frozen=True)
class CheckFailed(Alert):
    """A blocking check failed.

    Attributes:
        table: Full name of the table, as in ``marts.campaign_roas``.
        check: Name of the check.
        holds: What must hold, as the check's description says.
        figures: Its metadata; numbers are sent, texts are not.
        run_id: The run in which it failed.
    """

    kind: ClassVar[str] = "check_failed"
    title: ClassVar[str] = "Check failed"
    next_step: ClassVar[str] = (
        "Nothing that depends on the table is published until the check holds. Open the check, "
        "fix the data or the SQL, then `ltv run`."
    )

    table: str
    check: str
    holds: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = ""

    @property
    def key(self) -> str:
        """Table and check."""
        return f"{self.table}/{self.check}"

    def message(self) -> Message:
        """The message to people."""
        numbers = [
            f"{plain(name)} {value:,}"
            for name, value in self.figures.items()
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        ]
        seen = f" Seen: {', '.join(numbers[:_MOST_FIGURES])}." if numbers else ""
        what = f"{self.table}: {self.check} does not hold. {plain(self.holds)}"
        return Message(
            self.title,
            what.rstrip() + seen,
            (Place("Check", self.key, asset_page(self.table, "checks")), *_run(self.run_id)),
            self.next_step,
        )


@dataclass(frozen=True)
class StaleData(Alert):
    """A feed brings no new data, or its new data is not published.

    Attributes:
        what: Name of the feed, or ``published_snapshot``.
        since: The newest event, or since when the snapshot has been out of date.
        hours: Hours after which this counts as late.
    """

    kind: ClassVar[str] = "stale_data"
    title: ClassVar[str] = "Data is late"
    #: The snapshot among the names of feeds.
    SNAPSHOT: ClassVar[str] = "published_snapshot"
    next_step: ClassVar[str] = (
        "Put the missing files into landing, or ask their sender for them. LTV_FRESHNESS_HOURS "
        "sets when a feed counts as late."
    )
    next_step_of_snapshot: ClassVar[str] = (
        "Run `ltv run`, or open the last refresh run, to see what blocks publishing."
    )

    what: str
    since: datetime | date
    hours: float

    @property
    def key(self) -> str:
        """The feed, or the snapshot."""
        return self.what

    def message(self) -> Message:
        """The message to people."""
        since = _moment(self.since)
        if self.what == self.SNAPSHOT:
            return Message(
                self.title,
                f"Data loaded since {since} has not been published for more than {self.hours:g} "
                "hours.",
                (Place("Asset", self.what, asset_page(f"publish.{self.what}")),),
                self.next_step_of_snapshot,
            )
        return Message(
            self.title,
            f"The newest event in {plain(self.what)} is from {since}, more than {self.hours:g} "
            "hours ago.",
            (Place("Asset", f"raw.{self.what}", asset_page(f"raw.{self.what}")),),
            self.next_step,
        )


@dataclass(frozen=True)
class RetriesExhausted(Alert):
    """A sensor stopped starting runs, because the last ones did not help.

    Attributes:
        job: Name of the sensor.
        attempts: Consecutive runs that it started.
        left: What remains to be done, as in ``3 files``.
        run_id: The last of the runs.
    """

    kind: ClassVar[str] = "retries_exhausted"
    title: ClassVar[str] = "Given up"
    next_step: ClassVar[str] = (
        "Open the last run, fix the cause, then `ltv run`. The sensor resumes when data, code or "
        "settings change. LTV_REFRESH_ATTEMPTS sets how often it tries."
    )

    job: str
    attempts: int
    left: str = ""
    run_id: str = ""

    @property
    def key(self) -> str:
        """The job."""
        return self.job

    def message(self) -> Message:
        """The message to people."""
        left = f" Left to do: {plain(self.left)}." if self.left else ""
        return Message(
            self.title,
            f"{self.attempts} runs of {plain(self.job)} in a row did not fix it; the sensor "
            f"starts no more for the same cause.{left}",
            _run(self.run_id),
            self.next_step,
        )


@dataclass(frozen=True)
class FileRejected(Alert):
    """A file in landing was not loaded.

    Attributes:
        place: Its path in landing, as in ``transactions/june.csv``.
        error: Why, in the loader's words; used to recognize the cause, never sent.
        run_id: The run that was to load it.
    """

    kind: ClassVar[str] = "file_rejected"
    title: ClassVar[str] = "File rejected"
    next_step: ClassVar[str] = (
        "It stays in landing and starts no run until it changes; runs for other files try it "
        "again. `ltv ingest` shows the error: replace the file with a fixed one, or remove it."
    )

    place: str
    error: str = field(default="", repr=False)
    run_id: str = ""

    @property
    def key(self) -> str:
        """Folder and name."""
        return plain(self.place)

    @property
    def _cause(self) -> Cause:
        return cause_of_rejection(self.error) if self.error else UNKNOWN

    def message(self) -> Message:
        """The message to people."""
        return Message(
            self.title,
            f"{self.key} was not loaded: {self._cause.says}.",
            _run(self.run_id),
            f"{self._cause.next_step} {self.next_step}".strip(),
        )


@dataclass(frozen=True)
class SensorFailed(Alert):
    """A sensor fails at every tick, so nothing starts by itself.

    Attributes:
        sensor: Its name.
        error: Text of the error; used to recognize the cause, never sent.
    """

    kind: ClassVar[str] = "sensor_failed"
    title: ClassVar[str] = "Sensor failed"
    next_step: ClassVar[str] = (
        "Open its ticks in the UI and read the error. Until it is fixed, use `ltv run` in its "
        "place."
    )

    sensor: str
    error: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """The sensor."""
        return self.sensor

    def message(self) -> Message:
        """The message to people."""
        cause = cause_of_run(self.error)
        says = "see its tick for the reason" if cause is UNKNOWN else cause.says
        return Message(
            self.title,
            f"{plain(self.sensor)}: {says}.",
            next_step=f"{cause.next_step} {self.next_step}".strip(),
        )
