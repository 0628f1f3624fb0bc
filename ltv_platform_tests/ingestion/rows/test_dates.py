"""Times and days: every accepted spelling, and what is too far ahead."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

from ltv_platform_tests.ingestion.rows.test_values import transactions
from ltv_platform_tests.testing.loader import Loader


def test_timestamps_with_an_offset_become_utc(load: Loader) -> None:
    """A timestamp with an offset or a zone is converted; a bare date is 00:00."""
    moments = {
        "2023-01-15 10:30:00": datetime(2023, 1, 15, 10, 30),
        "2023-01-15T10:30:00": datetime(2023, 1, 15, 10, 30),
        "2023-01-15 10:30:00.25": datetime(2023, 1, 15, 10, 30, 0, 250_000),
        "2023-01-15": datetime(2023, 1, 15),
        "2023-01-15T10:30:00Z": datetime(2023, 1, 15, 10, 30),
        "2023-01-15 10:30:00+02": datetime(2023, 1, 15, 8, 30),
        "2023-01-15 10:30:00-05:30": datetime(2023, 1, 15, 16),
        "2023-01-15 10:30:00 Europe/Berlin": datetime(2023, 1, 15, 9, 30),
    }
    load("transactions", transactions(*({"transaction_date": text} for text in moments)))
    assert load.rows("SELECT transaction_date FROM raw.transactions ORDER BY line") == [
        (moment,) for moment in moments.values()
    ]


CLOCKS = {"10:30": "10:30:00", "10:30:05": "10:30:05", "10:30:05.000": "10:30:05",
          "23:59:59.123456": "23:59:59.123456"}  # fmt: skip
ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "+00": 0, "-05": -300, "-0500": -300, "-05:00": -300,
         "+05:30": 330, "+0530": 330, "+14:00": 840}  # fmt: skip


def test_every_spelling_of_an_instant_is_read(load: Loader) -> None:
    """T or a blank, seconds or none, a zone with or without a blank before it."""
    expected = {}
    for between, (clock, full), blank, (zone, minutes) in product(
        " T", CLOCKS.items(), ("", " "), ZONES.items()
    ):
        local = datetime.fromisoformat(f"2025-03-01T{full}")
        expected[f"2025-03-01{between}{clock}{blank}{zone}"] = local - timedelta(minutes=minutes)
    for between, (clock, full) in product(" T", CLOCKS.items()):
        expected[f"2025-03-01{between}{clock}"] = datetime.fromisoformat(f"2025-03-01T{full}")
    counts = load("transactions", transactions(*({"transaction_date": text} for text in expected)))
    assert counts.rows_accepted == len(expected)
    found = load.rows("SELECT transaction_date FROM raw.transactions ORDER BY line")
    assert [moment for (moment,) in found] == list(expected.values())


def test_timestamps_without_zone_are_read_in_the_source_zone(
    loader_with: Callable[..., Loader],
) -> None:
    """LTV_SOURCE_TIMEZONE holds for those that carry none, and only for them."""
    load = loader_with(source_timezone="Europe/Berlin")
    moments = ("2023-07-15 10:30:00", "2023-07-15 10:30:00Z", "2023-07-15")
    load("transactions", transactions(*({"transaction_date": text} for text in moments)))
    assert load.rows("SELECT transaction_date FROM raw.transactions ORDER BY line") == [
        (datetime(2023, 7, 15, 8, 30),),
        (datetime(2023, 7, 15, 10, 30),),
        (datetime(2023, 7, 14, 22),),
    ]


def test_anything_else_is_no_timestamp(load: Loader) -> None:
    """Anything else is a reason; the engine alone takes 24:00 and the year 0."""
    texts = (
        "yesterday",
        "2023-13-45 10:00:00",
        "2023-02-30",
        "2023-01-15 10",
        "2023-01-15 10:30 Zulu",
        "2023-01-15 10:30:00 -5",
        "2023-01-15 10:30:00  Z",
        "2023-01-15 10:30:00 +25:00",
        "2023-01-15 24:00:00",
        "2023-01-15 10:30:60",
        "2023-01-1  10:30:00",
        "0999-01-15 10:30:00",
        "10000-01-15 10:30:00",
        "15.01.2023",
        "01/15/2023",
        "0000-00-00 00:00:00",
        "0000-01-01",
        "2023-01-15 10:30:00 Nowhere/Land",
        "1673778600",
    )
    load("transactions", transactions(*({"transaction_date": text} for text in texts)))
    assert load.reasons() == [
        (line, [f"transaction_date: '{text}' is not a timestamp such as 2023-01-15 10:30:00"])
        for line, text in enumerate(texts, 2)
    ]


def test_more_than_24_hours_after_receipt_is_a_reason(load: Loader) -> None:
    """Every timestamp column of a source, updated_at too; the clock is at noon of the 15th."""
    columns = ("transaction_date", "updated_at")
    moments = ("2026-01-16 12:00:00", "2026-01-16 12:00:01")
    load("transactions", transactions(*({c: text} for c in columns for text in moments)))
    assert load.reasons() == [
        (line, [f"{column}: 2026-01-16 12:00:01 is more than 24 hours in the future"])
        for line, column in zip((3, 5), columns, strict=True)
    ]


def test_a_future_session_is_put_down_to_the_column_that_the_user_gave(load: Loader) -> None:
    """Regression: the reason named session_ts, which no file has."""
    load(
        "session_sources",
        "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
        "closer_engagement\ns1,u1,Email,2026-01-17,09:00:00,1,0\ns2,u1,Email,2026-01-16,9:00,1,0\n"
        "s3,u1,Email,2026-01-16,09:00,1,0\n",
    )
    assert load.reasons() == [
        (2, ["event_date: 2026-01-17 09:00:00 is more than 24 hours in the future"]),
        (3, ["event_time: '9:00' is not a time such as 10:30:00"]),
    ]


def test_future_days_of_spend_are_a_reason(load: Loader) -> None:
    """The event DATE of a partitioned source may be tomorrow's, not later."""
    load("campaign_costs", "campaign_id,date,cost\nc1,2026-01-16,5\nc1,2026-01-17,5\n")
    assert load.reasons() == [(3, ["date: 2026-01-17 is more than 24 hours in the future"])]


def test_exchange_rates_may_lie_ahead(load: Loader) -> None:
    """A rate's date is not an event."""
    assert load("fx_rates", "date,currency,rate\n2027-01-01,EUR,1.08\n").rows_accepted == 1
