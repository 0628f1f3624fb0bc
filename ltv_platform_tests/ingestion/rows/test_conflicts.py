"""Lines of one file with the same key and different values: reported, and none is lost."""

import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.testing.loader import Loader

SALES = "transaction_id,customer_id,transaction_date,amount,updated_at\n"

#: A table; two lines of one key, and a third that is none of their business.
EVENTS = [
    ("transactions", "transaction_id,customer_id,transaction_date,amount", "amount",
     ["t1,c1,2025-05-01,20", "t1,c1,2025-05-01,30", "t2,c1,2025-05-01,1"]),
    ("customer_interactions",
     "interaction_id,customer_id,interaction_date,interaction_type", "customer_id",
     ["i1,c1,2025-05-01,login", "i1,c2,2025-05-01,login", "i2,c1,2025-05-01,login"]),
    ("session_sources",
     "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement",
     "user_id",
     ["s1,u1,ads,2025-05-01,10:00,0,1", "s1,u2,ads,2025-05-01,10:00,0,1",
      "s2,u1,ads,2025-05-01,10:00,0,1"]),
    ("conversions", "conv_id,user_id,conv_date,conv_time,revenue", "revenue",
     ["v1,u1,2025-05-01,11:00,5", "v1,u1,2025-05-01,11:00,6", "v2,u1,2025-05-01,11:00,5"]),
    ("session_costs", "session_id,cost", "cost", ["s1,1", "s1,2", "s2,1"]),
    ("fx_rates", "date,currency,rate", "rate",
     ["2025-05-01,EUR,1.1", "2025-05-01,EUR,1.2", "2025-05-02,EUR,1.1"]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "header", "column", "rows"), EVENTS, ids=lambda v: str(v)[:20])
def test_one_key_of_two_events_is_a_wrong_key(
    load: Loader, table: str, header: str, column: str, rows: list[str]
) -> None:
    """Regression: the last line counted, and what the others said was lost in silence."""
    outcome = load.outcome(table, "\n".join([header, *rows]) + "\n")
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_quarantined) == (1, 2)
    [two, three] = load.reasons()
    assert (two[0], three[0]) == (2, 3)
    assert f"is also on line 3 with another {column}; keep the correct one, or give" in two[1][0]
    assert f"is also on line 2 with another {column}; " in three[1][0]
    assert any(
        note.startswith("2 rows share their ") and "all of them are in quarantine" in note
        for note in outcome.notes
    )
    raws = load.rows("SELECT raw->>'$." + column + "' FROM raw.quarantine ORDER BY line")
    assert [value for (value,) in raws] == [
        row.split(",")[header.split(",").index(column)] for row in rows[:2]
    ]


def test_lines_of_an_order_under_its_number(load: Loader) -> None:
    """Three lines of one order with 20, 30 and 50 are not a purchase of 50."""
    text = SALES + "".join(f"o1,c1,2025-05-01,{amount},\n" for amount in (20, 30, 50))
    assert load("transactions", text).rows_quarantined == 3
    assert load.reasons()[2][1] == [
        "transaction_id: o1 is also on line 2 with another amount; keep the correct one, or give "
        "each row its own key, as an adapter can with id || '-' || item, or an updated_at that "
        "identifies the newest"
    ]


def test_a_key_of_its_own_for_each_item_lets_them_in(load: Loader) -> None:
    """The remedy of the reason: an adapter that makes the key, and the quarantine sent again."""
    select = "SELECT {} AS transaction_id, c AS customer_id, d AS transaction_date, a AS amount"
    path = load.write("shop.sql", f"-- table: transactions\n{select.format('id')} FROM file")
    text = "id,item,c,d,a\no1,1,c1,2025-05-01,20\no1,2,c1,2025-05-01,30\n"
    counts = load("transactions", text, "shop.csv", str(path))
    assert (counts.rows_accepted, counts.rows_quarantined) == (0, 2)
    assert replay(load.engine) == []
    key = "id || '-' || item"
    load.write("shop.sql", f"-- table: transactions\n{select.format(key)} FROM file")
    assert [load_.rows_accepted for load_ in replay(load.engine)] == [2]
    assert load.rows("SELECT transaction_id, line FROM raw.transactions ORDER BY line") == [
        ("o1-1", 2),
        ("o1-2", 3),
    ]
    assert load.reasons() == []


@pytest.mark.parametrize(
    ("rows", "accepted", "quarantined", "repeated"),
    [
        # The newest is told by updated_at, in whatever order the lines stand.
        (["t1,c1,2025-05-01,20,2025-06-02", "t1,c1,2025-05-01,30,2025-06-01"], 2, 0, 0),
        (["t1,c1,2025-05-01,20,", "t1,c1,2025-05-01,30,2025-06-01"], 2, 0, 0),
        # Two that are equally old are told by nothing, unless a third is newer.
        (["t1,c1,2025-05-01,20,2025-06-01", "t1,c1,2025-05-01,30,2025-06-01"], 0, 2, 0),
        (
            [
                "t1,c1,2025-05-01,20,2025-06-01",
                "t1,c1,2025-05-01,30,2025-06-01",
                "t1,c1,2025-05-01,40,2025-06-02",
            ],
            3,
            0,
            0,
        ),
        (
            [
                "t1,c1,2025-05-01,20,2025-06-02",
                "t1,c1,2025-05-01,30,2025-06-02",
                "t1,c1,2025-05-01,40,2025-06-01",
            ],
            0,
            3,
            0,
        ),
        # The same thing twice is a repetition.
        (["t1,c1,2025-05-01,20,", "t1,c1,2025-05-01,20.00,"], 1, 0, 1),
        # A row that cannot be read contradicts nobody.
        (["t1,c1,2025-05-01,20,", "t1,c1,2025-05-01,much,"], 1, 1, 0),
    ],
)
def test_what_is_a_contradiction(
    load: Loader, rows: list[str], accepted: int, quarantined: int, repeated: int
) -> None:
    """Same key, other values, and nothing that says which is newer."""
    counts = load("transactions", SALES + "\n".join(rows) + "\n")
    assert (counts.rows_accepted, counts.rows_quarantined, counts.rows_repeated) == (
        accepted,
        quarantined,
        repeated,
    )


def test_another_file_is_a_correction(load: Loader) -> None:
    """In one call or in two: what comes later counts."""
    paths = [
        load.write(f"{amount}.csv", SALES + f"t1,c1,2025-05-01,{amount},\n") for amount in (20, 30)
    ]
    outcomes = ingest(load.engine, [Request("transactions", path) for path in paths])
    assert [outcome.counts.rows_accepted for outcome in outcomes if outcome.counts] == [1, 1]
    assert load.reasons() == []


@pytest.mark.parametrize(
    ("table", "text", "what"),
    [
        (
            "customers",
            "customer_id,registration_date,segment\nc1,2025-01-01,a\nc1,2025-01-01,b\nc2,2025-01-01,a\n",
            "1 customer_id appear on several lines",
        ),
        (
            "campaigns",
            "campaign_id,campaign_name\nc1,a\nc1,b\nc2,a\nc2,b\n",
            "2 campaign_id appear",
        ),
    ],
)
def test_of_attributes_the_last_line_counts_with_a_note(
    load: Loader, table: str, text: str, what: str
) -> None:
    """They change, so several lines are not a contradiction; but the user should know."""
    outcome = load.outcome(table, text)
    assert outcome.counts is not None
    assert outcome.counts.rows_quarantined == 0
    [note] = outcome.notes
    assert note.startswith(what)
    assert note.endswith("the last line of each counts")


def test_lines_before_the_start_contradict_nobody_until_it_moves(load: Loader) -> None:
    """Rows are judged again by another start, and so are contradictions."""
    old = "".join(f"o{n},c1,2020-05-01,1,\n" for n in range(2_000))
    load("transactions", SALES + "t9,c1,2025-05-01,1,\n", "new.csv")
    outcome = load.outcome(
        "transactions", SALES + old + "t1,c1,2020-05-01,20,\nt1,c1,2020-05-02,30,\n", "old.csv"
    )
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_quarantined) == (2_000, 2)
    assert sum("share their transaction_id" in note for note in outcome.notes) == 1


def test_many_lines_under_one_key(load: Loader) -> None:
    """A column with the same value on every line is not a key: reported at once, line by line."""
    rows = "".join(f"x,c{n},2025-05-01,{n},\n" for n in range(50_000))
    assert load("transactions", SALES + rows).rows_quarantined == 50_000
    assert load.rows(
        "SELECT COUNT(*) FROM raw.quarantine WHERE starts_with(reasons[1], 'transaction_id: x is "
        "also on line 2 with another customer_id, amount;') AND CAST(raw->>'$.amount' AS INTEGER) "
        "= line - 2"
    ) == [(49_999,)]
