"""Writes exports of shops and payment providers, and reads the result."""

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform.warehouse.engine import LoadCounts
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

Row = Mapping[str, str]


def export_of(
    header: str,
    rows: Sequence[Row],
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    quoting: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """A delimited file; columns that a row does not give are empty."""
    columns = header.split(",")
    assert not [name for row in rows for name in row if name not in columns]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def outcomes(
    load: Loader, content: bytes, name: str = "export.csv", options: Sequence[str] = ()
) -> list[Outcome]:
    """Ingest a file that is known by its columns."""
    path: Path = load.write(name, content)
    return ingest(load.engine, [Request(None, path, options=tuple(options))])


def counts(
    load: Loader, content: bytes, name: str = "export.csv", options: Sequence[str] = ()
) -> dict[str, LoadCounts]:
    """The same of a file that must load; the counts of each table."""
    found = {}
    for outcome in outcomes(load, content, name, options):
        assert outcome.error is None, outcome.error
        assert outcome.counts is not None
        assert_adds_up(outcome.counts)
        found[outcome.counts.table_name] = outcome.counts
    return found


def revenue(load: Loader) -> dict[tuple[str, str], Decimal]:
    """Sums by currency and type of what counts: the newest row of each id."""
    rows = load.rows(
        "SELECT currency, transaction_type, SUM(amount) FROM (SELECT * FROM raw.transactions "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY transaction_id ORDER BY load_sequence DESC) = 1) "
        "AS newest WHERE NOT is_deleted GROUP BY ALL"
    )
    return {(currency, kind): amount for currency, kind, amount in rows}


def assert_not_kept(load: Loader, secrets: Sequence[str]) -> None:
    """None of the file's personal texts is in any raw table."""
    tables = load.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'raw'"
    )
    assert tables
    for (table,) in tables:
        for row in load.rows(f"SELECT * FROM raw.{table}"):
            text = repr(row).casefold()
            assert not [secret for secret in secrets if secret.casefold() in text], table
