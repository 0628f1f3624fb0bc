"""What adapters may declare about columns: names in braces, and placeholder words."""

import pytest

from ltv_platform.ingestion.adapters.file_columns import declared_column
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.testing.loader import Loader

ADAPTER = """-- needs: id = id
-- needs: total (number) = Total
-- takes: note = Note
-- takes: email (person) = Email
-- empty: N/A | (not set)
-- table: transactions
SELECT id AS transaction_id, email AS customer_id, '2025-06-01' AS transaction_date,
  total AS amount, note AS order_id, getvariable('base_currency') AS currency FROM file
"""


@pytest.mark.parametrize(
    ("spelling", "given", "captured"),
    [
        ("adid", "{adid}", {}),
        ("adid", " { ADID } ", {}),
        ("currency", "{currency}", {}),
        ("Cost ({currency})", "Cost (usd)", {"currency": "USD"}),
        ("Cost ({currency})", "{Cost (usd)}", {"currency": "USD"}),
        ("Cost ({currency})", "Cost ({currency})", None),
        ("adid", "{adid}{idfa}", None),
        ("adid", "{adid", None),
    ],
)
def test_names_in_braces(spelling: str, given: str, captured: dict[str, str] | None) -> None:
    """A file's braces around a whole name go; those of a spelling capture a currency."""
    column = declared_column("mine", f"x = {spelling}", needed=True)
    assert column.read(given) == captured


def test_words_for_nothing(load: Loader) -> None:
    """They are NULL, in any case and of every kind; no person is a hash of them."""
    adapter = str(load.write("mine.sql", ADAPTER))
    text = "id,Total,Note,Email\n1,n/a,x,N/A\n2,2.5, N/A ,(Not Set)\n3,3,N/A!,\n"
    [outcome] = ingest(load.engine, [Request(None, load.write("mine.csv", text), adapter)])
    assert outcome.error is None
    assert load.reasons() == [(2, ["amount: is missing"])]
    assert load.rows(
        "SELECT transaction_id, customer_id, order_id, currency FROM raw.transactions ORDER BY 1"
    ) == [("2", "(guest)", None, "USD"), ("3", "(guest)", "N/A!", "USD")]
