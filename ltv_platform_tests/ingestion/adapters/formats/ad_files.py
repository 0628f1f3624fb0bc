"""Shared by the tests of ad networks: files next to them, loaded as users load them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

#: A person whose name and e-mail stand in columns that nobody asked for.
PERSON = ("Anna Muster", "anna@example.com")


def text_of(name: str) -> str:
    """The content of a file next to the tests, without its byte order mark."""
    return (Path(__file__).parent / name).read_bytes().decode("utf-8-sig")


def load_file(
    load: Loader, name: str, content: str | bytes, *options: str, adapter: str | None = None
) -> list[Outcome]:
    """Ingest a file that is known by its columns; the outcome of each table."""
    path = load.write(name, content)
    outcomes = ingest(load.engine, [Request(None, path, adapter, options)])
    for outcome in outcomes:
        if outcome.counts is not None:
            assert_adds_up(outcome.counts)
    return outcomes


def counts(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int, int, int]]:
    """Records, rows skipped, accepted and quarantined of each table."""
    return {
        str(each.request.table): (
            each.counts.rows_in_file,
            each.counts.rows_skipped,
            each.counts.rows_accepted,
            each.counts.rows_quarantined,
        )
        for each in outcomes
        if each.counts is not None
    }


def notes(outcomes: Sequence[Outcome]) -> str:
    """All messages to the user."""
    return "\n".join(note for outcome in outcomes for note in outcome.notes)


def refusal(outcomes: Sequence[Outcome]) -> str:
    """Why a file was rejected, and what to do; nothing was loaded."""
    assert all(outcome.counts is None for outcome in outcomes)
    [error] = {str(outcome.error) for outcome in outcomes if outcome.error is not None}
    return error


def spend(load: Loader) -> dict[tuple[str, str], Any]:
    """What each campaign cost, by currency, of the loads that count."""
    rows = load.rows(
        """
        SELECT campaign_id, COALESCE(currency, '') AS currency, CAST(SUM(cost) AS VARCHAR)
        FROM (
          SELECT * FROM raw.campaign_costs
          QUALIFY load_sequence = MAX(load_sequence) OVER (
            PARTITION BY spend_source, campaign_id, date)
        ) GROUP BY ALL ORDER BY ALL
        """
    )
    return {(campaign, currency): f"{float(cost):.2f}" for campaign, currency, cost in rows}


def assert_no_person(load: Loader) -> None:
    """No table of the log contains the person's data from the files."""
    for table in ("campaign_costs", "campaigns", "quarantine"):
        held = str(load.rows(f"SELECT * FROM raw.{table}"))
        assert not [each for each in PERSON if each in held], table


def changes_nothing(load: Loader, name: str, content: str | bytes) -> None:
    """Load a file again: it is known, and no row is added."""
    before = load.rows("SELECT * FROM raw.campaign_costs ORDER BY ALL")
    outcomes = load_file(load, name, content)
    assert all(outcome.repeated for outcome in outcomes)
    assert load.rows("SELECT * FROM raw.campaign_costs ORDER BY ALL") == before


def parted_by(text: str, delimiter: str) -> str:
    """A comma-separated text with another delimiter."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows(
        csv.reader(io.StringIO(text))
    )
    return written.getvalue()
