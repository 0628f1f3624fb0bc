"""Numbers and dates as files write them: declared, inferred from the values, or refused."""

from decimal import Decimal

import pytest

from ltv_platform.ingestion.quarantine.listing import list_quarantine
from ltv_platform_tests.ingestion.adapters.own_formats import (
    SHOP,
    ingest_export,
    load_costs,
    total_cost,
)
from ltv_platform_tests.testing.loader import Loader


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ('a,2025-05-01,"1.204,10 €",1\nb,2025-05-01,"1.204",1\n', "2408.10"),
        ('a,2025-05-01,"$1,204.10",1\nb,2025-05-01,"$1,204",1\n', "2408.10"),
        ("a,13/05/2025,1.5,1\nb,05/05/2025,($0.50),1\n", "1.00"),
        ("a,05/13/2025,1 204.5,1\nb,May 5 2025,2,1\n", "1206.50"),
    ],
)
def test_values_that_read_in_one_way_decide_for_all(load: Loader, lines: str, total: str) -> None:
    """The form is inferred from the whole file, not guessed from the first value."""
    assert load_costs(load, lines).error is None
    assert total_cost(load) == Decimal(total)


@pytest.mark.parametrize(
    ("lines", "message", "option", "total"),
    [
        (
            'a,2025-05-01,"1,204",1\n',
            "'1,204' in line 2 of Cost can be 1204 or 1.204",
            "numbers=1.204,50",
            "1.204",
        ),
        (
            "a,05/09/2025,3,1\n",
            "'05/09/2025' in line 2 of Day can be 5 Sep 2025 or 9 May 2025",
            "dates=month first",
            "3",
        ),
        (
            'a,2025-05-01,"1,5",1\nb,2025-05-01,2.5,1\n',
            "writes numbers in two ways: '2.5' in line 3 of Cost, '1,5' in line 2 of Cost",
            "numbers=1.204,50",
            "1.5",
        ),
    ],
)
def test_values_that_read_in_two_ways_are_refused(
    load: Loader, lines: str, message: str, option: str, total: str
) -> None:
    """Both readings are named; an option says which counts, and what differs is quarantined."""
    outcome = load_costs(load, lines)
    assert outcome.error is not None
    assert message in str(outcome.error)
    assert option.partition("=")[0] in outcome.error.hint
    assert load_costs(load, lines, option).error is None
    assert total_cost(load) == Decimal(total)


def test_dates_that_no_adapter_declares_are_not_rejected_one_by_one(load: Loader) -> None:
    """The file is refused with the two readings of its first date."""
    select = "-- table: campaign_costs\nSELECT c AS campaign_id, d AS date, m AS cost FROM file"
    own = str(load.write("own.sql", select))
    [outcome] = ingest_export(load, "c,d,m\na,05/09/2025,1\nb,13/09/2025,2\n", "own.csv", own)
    assert "which can be 5 Sep 2025 or 9 May 2025" in str(outcome.error)


def test_values_that_do_not_fit_the_declared_form_are_quarantined(load: Loader) -> None:
    """A declared form is strict: 2.50 under 1.204,50 is not a number, and is not read as 250."""
    own = str(
        load.write(
            "own.sql",
            SHOP.split("-- table: customers", maxsplit=1)[0] + "-- numbers: 1.204,50\n"
            "-- dates: day first\n-- table: campaign_costs\n"
            "SELECT number AS campaign_id, day AS date, total AS cost FROM file",
        )
    )
    lines = 'Order,Day,Total (EUR)\n1,13/09/2025,"2,50"\n2,09/13/2025,"2,50"\n3,05/09/2025,2.50\n'
    [outcome] = ingest_export(load, lines, "own.csv", own)
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_quarantined) == (1, 2)
    columns, rows = list_quarantine(load.engine)
    assert [row[columns.index("reasons")] for row in rows] == [
        ["date: '09/13/2025' is not a date such as 2023-01-15"],
        ["cost: '2.50 (written in another way than 1.204,50)' is not a number"],
    ]


def test_a_file_that_is_written_otherwise_than_declared_is_refused(load: Loader) -> None:
    """Regression: half of a file was read with the month first, and the other half quarantined."""
    declared = "-- dates: month first\n-- table"
    own = str(load.write("own.sql", SHOP.replace("-- table", declared, 1)))
    text = "Order,Day,Total (EUR)\n1,13/05/2025,1.5\n2,05/06/2025,2.5\n"
    [outcome] = ingest_export(load, text, "own.csv", own)
    assert "'13/05/2025' in line 2 of Day is not written month first" in str(outcome.error)
    chosen = ingest_export(load, text, "own.csv", own, "dates=month first")
    assert [each.counts.rows_quarantined for each in chosen if each.counts] == [0, 2]


COUNTS = """\
-- needs: c
-- needs: d (date)
-- needs: m (number)
-- needs: i (count)
-- table: campaign_costs
SELECT c AS campaign_id, d AS date, m AS cost, i AS impressions FROM file
"""


def test_counts_say_nothing_of_the_form_of_amounts(load: Loader) -> None:
    """1,200 impressions are twelve hundred, wherever the amounts have their point."""
    own = str(load.write("own.sql", COUNTS))
    lines = 'c,d,m,i\na,2025-05-01,3,"1,200"\nb,2025-05-01,4,1.200\nc,2025-05-01,4,1200.00\n'
    [outcome] = ingest_export(load, lines, "own.csv", own)
    assert outcome.error is None
    found = load.rows("SELECT impressions FROM raw.campaign_costs ORDER BY campaign_id")
    assert found == [(1200,)] * 3
