"""Shared by the tests of formats: a file on its way in, and what must not be found afterwards."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.requests import Outcome
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

#: Tables of the log that rows of files enter.
TABLES = (
    "customers",
    "transactions",
    "session_sources",
    "conversions",
    "session_costs",
    "campaign_costs",
    "campaigns",
    "quarantine",
)


def names(text: str) -> list[str]:
    """The names of a header, parted by commas and over as many lines as it takes."""
    return [name for name in text.replace("\n", "").split(",") if name]


def csv_text(
    header: Sequence[str],
    rows: Iterable[Mapping[str, str]],
    *,
    delimiter: str = ",",
    empty: str = "",
) -> str:
    """A delimited file of rows that name only the columns in which they say something."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval=empty, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def take(load: Loader, path: Path, *options: str) -> dict[str, Outcome]:
    """Load a file whose format is known by its columns; the outcomes by table."""
    outcomes = ingest(load.engine, [Request(None, path, options=options)])
    for outcome in outcomes:
        assert outcome.error is None, outcome.error
        assert outcome.counts is not None
        assert_adds_up(outcome.counts)
    return {str(outcome.request.table): outcome for outcome in outcomes}


def counted(outcomes: Mapping[str, Outcome]) -> dict[str, tuple[int, int, int]]:
    """Rows accepted, quarantined and skipped, by table."""
    return {
        table: (counts.rows_accepted, counts.rows_quarantined, counts.rows_skipped)
        for table, outcome in outcomes.items()
        if (counts := outcome.counts) is not None
    }


def kept(load: Loader) -> str:
    """All that the log holds, as one text."""
    return "\n".join(str(load.rows(f"SELECT * FROM raw.{table}")) for table in TABLES)


def newest_transactions(load: Loader) -> list[tuple[object, ...]]:
    """Per currency: purchases and refunds of the newest version of every transaction."""
    return load.rows(
        """
        SELECT currency, SUM(amount) FILTER (WHERE NOT is_refund),
          SUM(amount) FILTER (WHERE is_refund)
        FROM (
          SELECT * FROM raw.transactions QUALIFY ROW_NUMBER() OVER (
            PARTITION BY transaction_id ORDER BY updated_at DESC NULLS LAST, load_sequence DESC) = 1
        ) GROUP BY 1 ORDER BY 1
        """
    )
