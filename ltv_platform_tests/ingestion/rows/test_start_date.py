"""The start of the partitions: set by the first load, moved earlier automatically, never later."""

from collections.abc import Callable
from datetime import date

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.rows.start_date import cover_log, moved, read_start, settle
from ltv_platform_tests.testing.loader import Loader

HINT = "(LTV_START_DATE): set it earlier, then run `ltv quarantine replay %s`"


def interactions(year: int, rows: int, prefix: str = "") -> str:
    """A file of interactions of one year."""
    lines = "".join(f"{prefix}{year}-{i},c1,{year}-03-01,login\n" for i in range(rows))
    return "interaction_id,customer_id,interaction_date,interaction_type\n" + lines


def start(load: Loader) -> date | None:
    """The first partition."""
    return read_start(load.engine.settings)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([], None),
        ([{}], None),
        ([{2025: 1}], date(2025, 1, 1)),
        ([{2024: 1, 2025: 998}], date(2024, 1, 1)),
        ([{2024: 1, 2025: 999}], date(2025, 1, 1)),
        ([{1999: 1}, {2023: 500, 2025: 499}], date(2023, 1, 1)),
        ([{1999: 3, 2024: 2, 2025: 2995}], date(2024, 1, 1)),
        # A lone row long before all others does not settle the start, even in small files …
        ([{2003: 1, 2025: 9}], date(2025, 1, 1)),
        ([{2003: 1, 2025: 2}], date(2025, 1, 1)),
        ([{2003: 2, 2024: 5, 2025: 15}], date(2024, 1, 1)),
        # … but a few of them are, and so are two rows and years without a gap.
        ([{2010: 3, 2024: 5, 2025: 15}], date(2010, 1, 1)),
        ([{2010: 1, 2025: 1}], date(2010, 1, 1)),
        ([{2021: 1, 2025: 9}], date(2021, 1, 1)),
        ([{1997: 900, 1998: 900}], date(1997, 1, 1)),
    ],
)
def test_the_start_settles_on_a_new_year_that_covers_the_rows(
    tables: list[dict[int, int]], expected: date | None
) -> None:
    """The latest 1 January with >= 99.9 % of the rows, over all tables, on or after it."""
    assert settle(tables) == expected


def test_more_than_twenty_years_of_partitions_are_refused(load: Loader) -> None:
    """With the setting that allows them; nothing is loaded, and no start is set."""
    text = "customer_id,registration_date\n" + "".join(
        f"c{year}{n},{year}-05-05\n" for year in (2003, 2025) for n in range(5)
    )
    outcome = load.outcome("customers", text)
    assert outcome.error is not None
    assert "are from 2003 to 2025: more than 20 years" in outcome.error.message
    assert "set LTV_START_DATE=2003-01-01" in outcome.error.hint
    assert start(load) is None
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


def test_twenty_years_and_more_with_the_setting(loader_with: Callable[..., Loader]) -> None:
    """As the message says."""
    load = loader_with(start_date="2003-01-01")
    text = "customer_id,registration_date\nc1,2003-05-05\nc2,2025-05-05\n"
    assert load("customers", text).rows_accepted == 2


@pytest.mark.parametrize(
    "zero", ["1970-01-01", "1970-01-01 00:00:00", "1900-01-01T00:00:00Z", "0001-01-01 00:00:00",
             "1969-12-31 19:00:00 -0500"]
)  # fmt: skip
def test_days_that_stand_for_no_date_settle_nothing(load: Loader, zero: str) -> None:
    """Regression: one zero of Unix among ten customers made 55 years of partitions."""
    rows = "".join(f"c{n},2025-03-0{n}\n" for n in range(1, 10))
    load("customers", f"customer_id,registration_date\nc0,{zero}\n{rows}")
    assert start(load) == date(2025, 1, 1)
    assert load.reasons() == [(2, [f"registration_date: '{zero}' stands for a missing date"])]


@pytest.mark.parametrize(
    ("log", "load", "expected"),
    [
        ({2025: 9_000}, {2020: 999}, 2025),  # a load below 1,000 rows is not counted in
        ({2025: 9_000}, {2020: 1_000}, 2020),
        ({2025: 998_999}, {2020: 1_000}, 2020),
        ({2025: 999_001}, {2020: 1_000}, 2025),
        ({2025: 9_000, 2019: 10}, {2020: 1}, 2019),  # what the log has kept out counts alone
        ({2025: 9_000}, {1999: 1, 2020: 2_000}, 2020),
        ({2025: 9_000}, {2026: 5_000}, 2025),  # never later
    ],
)
def test_the_start_moves_back_for_enough_earlier_rows(
    log: dict[int, int], load: dict[int, int], expected: int
) -> None:
    """Earlier when >= 0.1 % of all rows of a table, a load of at least 1,000 counted in."""
    assert moved(date(2025, 1, 1), log, load) == date(expected, 1, 1)


def test_the_first_call_settles_over_all_of_its_tables(load: Loader) -> None:
    """And a lone outlier is quarantined with the setting and the command that brings it in."""
    paths = [
        load.write("interactions.csv", interactions(2025, 2_000)),
        load.write(
            "customers.csv", "customer_id,registration_date\nc1,2024-12-31\nc2,2025-01-01\n"
        ),
    ]
    tables = ["customer_interactions", "customers"]
    outcomes = ingest(load.engine, [Request(*pair) for pair in zip(tables, paths, strict=True)])
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert start(load) == date(2025, 1, 1)
    assert load.reasons() == [
        (
            2,
            [
                "registration_date: 2024-12-31 lies before the first partition 2025-01-01 "
                + HINT % "customers"
            ],
        )
    ]
    # Regression: such rows were kept without their text, so nothing could replay them.
    assert load.rows("SELECT raw FROM raw.quarantine") == [
        ('{"customer_id":"c1","registration_date":"2024-12-31"}',)
    ]


def test_the_reason_names_the_column_that_the_user_gave(
    loader_with: Callable[..., Loader],
) -> None:
    """session_ts is not in the file; unpartitioned sources have no start."""
    load = loader_with(start_date="2025-01-01")
    load(
        "session_sources",
        "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
        "closer_engagement\ns1,u1,Email,2024-12-31,23:59:59,1,maybe\n",
    )
    [(_, reasons)] = load.reasons()
    assert reasons == [
        "closer_engagement: 'maybe' is not 0 or 1",
        "event_date: 2024-12-31 lies before the first partition 2025-01-01 "
        + HINT % "session_sources",
    ]
    assert load("fx_rates", "date,currency,rate\n2001-01-01,EUR,0.9\n").rows_accepted == 1


def test_days_before_the_start_are_those_of_the_reporting_zone(
    loader_with: Callable[..., Loader],
) -> None:
    """22:30 UTC on New Year's Eve is the first day of the year in Berlin, 23:30 in UTC is not."""
    load = loader_with(start_date="2025-01-01", timezone="Europe/Berlin")
    counts = load(
        "customers",
        "customer_id,registration_date\nc1,2024-12-31 23:00:00\nc2,2024-12-31 22:59:59\n",
    )
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)


def test_a_larger_load_moves_the_start_and_frees_what_it_kept_out(load: Loader) -> None:
    """In the same call, for all tables, and it says so; nothing is doubled, later rows stay."""
    load("customer_interactions", interactions(2025, 1_500), "1.csv")
    load("customers", "customer_id,registration_date\nc1,2021-05-05\nc2,1999-01-01\n")
    counts = load("customer_interactions", interactions(2022, 1), "2.csv")
    assert (start(load), counts.rows_quarantined) == (date(2025, 1, 1), 1)
    outcome = load.outcome("customer_interactions", interactions(2021, 1_000), "3.csv")
    assert start(load) == date(2021, 1, 1)
    assert outcome.notes == (
        "partitions now start on 2021-01-01 instead of 2025-01-01",
        "2 rows left quarantine because of that",
    )
    assert outcome.counts is not None
    assert outcome.counts.rows_accepted == 1_000
    assert load.rows("SELECT COUNT(*) FROM raw.customer_interactions") == [(2_501,)]
    assert load.rows("SELECT customer_id FROM raw.customers") == [("c1",)]
    assert load.rows("SELECT raw FROM raw.quarantine WHERE replayed_at IS NULL") == [
        ('{"customer_id":"c2","registration_date":"1999-01-01"}',)
    ]


def test_the_start_moves_to_the_year_of_the_rows_that_it_kept_out(load: Loader) -> None:
    """Regression: they were counted in the year before the start, whatever their own year."""
    load("customer_interactions", interactions(2025, 1_500), "1.csv")
    load("customer_interactions", interactions(2018, 20), "2.csv")
    assert start(load) == date(2025, 1, 1)
    load("customer_interactions", interactions(2018, 1, "x"), "3.csv")
    assert start(load) == date(2018, 1, 1)
    assert load.rows("SELECT COUNT(*) FROM raw.customer_interactions") == [(1_521,)]


def test_a_fixed_start_is_never_moved(loader_with: Callable[..., Loader]) -> None:
    """LTV_START_DATE overrules; unset later, what it let in counts when the start is settled."""
    fixed = loader_with(start_date="2020-01-01")
    fixed("customer_interactions", interactions(2020, 1_500), "1.csv")
    counts = fixed("customer_interactions", interactions(2019, 1_500), "2.csv")
    assert counts.rows_quarantined == 1_500
    load = loader_with()
    load("customer_interactions", interactions(2025, 10), "3.csv")
    assert start(load) == date(2019, 1, 1)


def test_a_settled_start_covers_every_row_of_the_log(loader_with: Callable[..., Loader]) -> None:
    """Regression: what another zone or an unset LTV_START_DATE left before it was in no table."""
    load = loader_with()
    load("customers", "customer_id,registration_date\nc1,2025-01-01 03:00:00\n")
    assert cover_log(load.engine) == date(2025, 1, 1)
    assert cover_log(loader_with(timezone="Asia/Tokyo").engine) == date(2025, 1, 1)
    west = loader_with(timezone="America/New_York")
    assert cover_log(west.engine) == start(load) == date(2024, 1, 1)
    fixed = loader_with(start_date="2020-06-01")
    fixed("customers", "customer_id,registration_date\nc2,2020-07-01\n", "2.csv")
    assert (start(load), cover_log(fixed.engine)) == (date(2024, 1, 1), date(2020, 6, 1))
    # The next load does it too, before it judges its own rows.
    load("customers", "customer_id,registration_date\nc3,2021-07-01\n", "3.csv")
    assert (start(load), load.reasons()) == (date(2020, 1, 1), [])


def test_what_an_unset_start_let_in_counts_without_another_load(
    loader_with: Callable[..., Loader],
) -> None:
    """Regression: nothing was ever built until the next file came."""
    fixed = loader_with(start_date="2020-06-01")
    assert cover_log(loader_with().engine) is None
    fixed("customers", "customer_id,registration_date\nc2,2020-07-01\n")
    assert cover_log(loader_with().engine) == date(2020, 1, 1)


def test_a_damaged_start_is_told(load: Loader) -> None:
    """With the file, and what to write into it."""
    load.engine.settings.home.mkdir()
    load.engine.settings.start_date_path.write_text("soon\n")
    with pytest.raises(UserError, match="start_date does not contain a date"):
        start(load)
