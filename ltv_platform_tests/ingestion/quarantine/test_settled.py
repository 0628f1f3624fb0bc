"""Rows of quarantine that need no action: no longer listed, but kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ltv_platform.checks import rejected_share
from ltv_platform.errors import UserError
from ltv_platform.ingestion.quarantine.listing import count_quarantine, dismiss, list_quarantine
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.testing.loader import Loader

SALES = "transaction_id,customer_id,transaction_date,amount\n"
BAD, GOOD = "t1,c1,2025-05-01,much\n", "t1,c1,2025-05-01,5\n"


def settled(load: Loader) -> list[str | None]:
    """What settled each row of quarantine: the name of a file, or why it was dismissed."""
    return [
        name or by
        for by, name in load.rows(
            "SELECT settled_by, loads.source_file FROM raw.quarantine AS rows "
            "LEFT JOIN raw.loads AS loads ON loads.load_id = settled_by "
            "ORDER BY rows.table_name, rows.source_file, line"
        )
    ]


def test_a_corrected_file_settles_the_rows_that_it_corrects(load: Loader) -> None:
    """Regression: the report listed them in quarantine forever."""
    load("transactions", SALES + BAD + "t2,c1,2025-05-01,1\nt3,c1,soon,1\n", "may.csv")
    load("transactions", SALES + GOOD, "may_corrected.csv")
    assert settled(load) == ["may_corrected.csv", None]
    assert count_quarantine(load.engine) == 1
    _, rows = list_quarantine(load.engine)
    assert [row[2] for row in rows] == [4]
    outcome = rejected_share(load.engine, "transactions", load.engine.settings)
    assert outcome.figures["rejected_rows"] == 1


def test_a_row_that_is_known_already_settles_too(load: Loader) -> None:
    """The key is in the log, whatever the bad row contained."""
    load("transactions", SALES + GOOD, "first.csv")
    load("transactions", SALES + BAD, "bad.csv")
    load("transactions", SALES + GOOD + "t2,c1,2025-05-01,1\n", "again.csv")
    assert settled(load) == ["again.csv"]


def test_a_bad_row_settles_nothing(load: Loader) -> None:
    """Nor does a good row of another table, or of the same file."""
    load("transactions", SALES + BAD, "bad.csv")
    load("transactions", SALES + BAD + "\n", "worse.csv")
    load("campaigns", "campaign_id\nt1\n")
    rows = "".join(f"v1,u,2025-05-01,10:00,{revenue}\n" for revenue in "x1")
    load("conversions", f"conv_id,user_id,conv_date,conv_time,revenue\n{rows}")
    assert settled(load) == [None, None, None]


def test_what_only_the_start_keeps_out_is_not_settled(loader_with: Callable[..., Loader]) -> None:
    """Nothing is wrong with it, and it may be the earliest registration of its customer."""
    load = loader_with(start_date="2025-01-01")
    header = "customer_id,registration_date\n"
    load("customers", f"{header}c1,2024-06-01\nc1,soon\n", "old.csv")
    load("customers", f"{header}c1,2025-06-01\n", "new.csv")
    assert settled(load) == [None, "new.csv"]
    earlier = loader_with(start_date="2024-01-01")
    assert [counts.rows_accepted for counts in replay(earlier.engine)] == [1]


def test_spend_is_settled_by_campaign_and_day(load: Loader) -> None:
    """A key may hold parts that are empty."""
    header = "campaign_id,date,country,cost\n"
    load("campaign_costs", header + "c1,2025-05-01,,free\nc1,2025-05-01,US,free\n", "bad.csv")
    load("campaign_costs", header + "c1,2025-05-01,,1\n", "good.csv")
    assert settled(load) == ["good.csv", "good.csv"], "the day is replaced"


def merging(amount: str) -> str:
    """An adapter that cannot be asked for single rows."""
    return (
        "-- table: transactions\nSELECT id AS transaction_id, 'c1' AS customer_id, "
        f"MIN(day) AS transaction_date, {amount} AS amount FROM file GROUP BY id\n"
    )


def test_a_file_that_comes_again_through_a_mended_adapter_settles_its_rows(load: Loader) -> None:
    """Regression: rows behind a GROUP BY could never leave, and replay did not say why."""
    text = "id,day,a\n1,2025-05-01,5 EUR\n2,2025-05-01,6 EUR\n"
    path = load.write("shop.sql", merging("MAX(a)"))
    assert load("transactions", text, "shop.csv", str(path)).rows_quarantined == 2
    load.write("shop.sql", merging("MAX(replace(a, ' EUR', ''))"))
    notes: list[str] = []
    assert replay(load.engine, tell=notes.append) == []
    assert notes == [
        f"shop.csv: adapter shop ({path}) has changed since the file was loaded, but it reads "
        "several records at once; load the file again to use it"
    ]
    assert load("transactions", text, "shop.csv", str(path)).rows_accepted == 2
    assert settled(load) == ["shop.csv", "shop.csv"]
    assert count_quarantine(load.engine) == 0


def test_replay_says_that_an_adapter_has_changed(load: Loader) -> None:
    """And that it used the current text; an unchanged one is not mentioned."""
    select = (
        "-- table: transactions\nSELECT id AS transaction_id, 'c' AS customer_id, "
        "{} AS transaction_date, a AS amount FROM file"
    )
    path = load.write("shop.sql", select.format("day"))
    load("transactions", "id,day,a\n1,May,5\n", "shop.csv", str(path))
    notes: list[str] = []
    replay(load.engine, tell=notes.append)
    assert notes == []
    load.write("shop.sql", select.format("replace(day, 'May', '2025-05-01')"))
    [counts] = replay(load.engine, tell=notes.append)
    assert counts.rows_accepted == 1
    assert "has changed since the file was loaded; the rows were read with the new" in notes[0]
    assert settled(load) == [None], "it was replayed"


def test_what_is_dismissed_is_kept_with_its_reason(load: Loader) -> None:
    """Of one file, of one table, or all of it."""
    load("transactions", SALES + BAD, "a.csv")
    load("transactions", SALES + BAD + "\n", "b.csv")
    load("campaigns", "campaign_id\n \n")
    before = load.rows("SELECT MAX(seq) FROM raw.touched")
    assert dismiss(load.engine, "test orders", file="a.csv") == 1
    assert load.rows("SELECT MAX(seq) FROM raw.touched") > before, "it is published again"
    assert settled(load) == [None, "dismissed: test orders", None]
    assert dismiss(load.engine, "old", table="transactions") == 1
    with pytest.raises(UserError, match=r"No row of a file nope\.csv"):
        dismiss(load.engine, "old", file="nope.csv")
    with pytest.raises(UserError, match="No reason"):
        dismiss(load.engine, "  ")
    assert count_quarantine(load.engine) == 1
    assert replay(load.engine, "transactions") == []


def test_another_adapter_for_the_same_file_settles_nothing(load: Loader) -> None:
    """An export may give purchases through one and refunds through the other."""
    text = "id,day,total,refund\n1,2025-05-01,3O,0\n2,2025-05-01,5,1\n"
    select = "-- table: transactions\nSELECT '{0}' || id AS transaction_id, 'c' AS customer_id, day AS transaction_date, {0} AS amount FROM file"  # noqa: E501
    for column in ("total", "refund"):
        path = load.write(f"{column}.sql", select.format(column))
        load("transactions", text, "shop.csv", str(path))
    assert settled(load) == [None]


def test_spend_of_a_day_is_settled_by_its_next_load(load: Loader) -> None:
    """It replaces the day, whatever its name for the country."""
    header = "campaign_id,date,country,cost\n"
    load("campaign_costs", header + "c1,2025-05-01,US,free\n", "bad.csv")
    load("campaign_costs", header + "c1,2025-05-01,us,1\n", "good.csv")
    assert settled(load) == ["good.csv"]


def test_a_replayed_row_contradicts_the_lines_of_its_file(load: Loader) -> None:
    """The result is that of loading the file through the fixed adapter at once."""
    select = (
        "-- table: transactions\nSELECT id AS transaction_id, 'c' AS customer_id, day AS "
        "transaction_date, {} AS amount FROM file"
    )
    path = load.write("shop.sql", select.format("a"))
    load("transactions", "id,day,a\n1,2025-05-01,20\n1,2025-05-01,3O\n", "s.csv", str(path))
    load.write("shop.sql", select.format("replace(a, 'O', '0')"))
    assert replay(load.engine) == []
    assert load.rows("SELECT CAST(amount AS INTEGER) FROM raw.transactions") == [(20,)]


def test_lines_of_one_key_contradict_each_other_on_both_sides_of_the_start(
    loader_with: Callable[..., Loader],
) -> None:
    """Else the order of files would decide which of them is in the figures."""
    load = loader_with(start_date="2025-01-01")
    load("transactions", SALES + "k,c1,2025-05-02,20\nk,c1,2023-05-02,50\n")
    assert [len(reasons) for _, reasons in load.reasons()] == [1, 2]
    assert replay(loader_with(start_date="2023-01-01").engine) == []


@pytest.mark.parametrize("content", ["{", "[1, 2"])
def test_a_load_that_fails_settles_nothing(load: Loader, tmp_path: Path, content: str) -> None:
    """A refused file is not a load."""
    del tmp_path
    load("transactions", SALES + BAD, "bad.csv")
    assert load.outcome("transactions", content, "good.json").error is not None
    assert settled(load) == [None]
