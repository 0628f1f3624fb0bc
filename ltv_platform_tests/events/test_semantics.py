"""What a row means: docs/events.md, "What a row means"."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.events.bodies import MalformedError
from ltv_platform.events.intake import Intake
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.events.posting import Row, counted, load, ndjson, post, quarantined
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

SALE = {"transaction_id": "t1", "customer_id": "c1", "transaction_date": "2026-01-10 10:00:00"}
COST = {"campaign_id": "k", "date": "2026-01-10"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Without data."""
    return Home(tmp_path / "home", groups=CAMPAIGNS)


def spend(home: Home) -> dict[str | None, Decimal]:
    """Spend of the campaign by country."""
    home.publish()
    return dict(home.values("SELECT country, spend FROM campaign_spend"))


def test_the_last_row_of_a_key_counts(home: Home) -> None:
    """Also of rows in one segment, which in a file would contradict each other."""
    changes = [{**SALE, "amount": amount} for amount in (10, 12, 12, 10)]
    assert counted(post(home, "transactions", *changes)) == [(1, 0)] * 4
    load(home)
    post(home, "transactions", ndjson({**SALE, "amount": 5}, {**SALE, "amount": 7}))
    load(home)
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [7]
    versions = home.engine.rows("SELECT amount FROM raw.transactions ORDER BY version")
    assert [amount for (amount,) in versions] == [10, 12, 10, 5, 7]
    assert quarantined(home, "transactions") == []


def test_updated_at_goes_before_the_order(home: Home) -> None:
    """A row that says that it is older does not count, whenever it arrives."""
    newer = {**SALE, "amount": 2, "updated_at": "2026-01-12 10:00:00"}
    older = {**SALE, "amount": 1, "updated_at": "2026-01-11 10:00:00"}
    post(home, "transactions", newer, older)
    load(home)
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [2]


def test_a_retry_doubles_nothing(home: Home) -> None:
    """The same batch in the same segment, and in a later one."""
    batch = ndjson(*({**SALE, "transaction_id": f"t{n}", "amount": n} for n in range(100)))
    for _ in range(2):
        post(home, "transactions", batch, batch)
        load(home)
    assert home.engine.rows("SELECT COUNT(*), SUM(amount) FROM raw.transactions") == [(100, 4950)]


def test_an_earlier_value_that_returns_counts(home: Home) -> None:
    """The segment has the rows of an earlier one: it is a load of its own all the same."""
    for amount in (1, 2, 1):
        post(home, "transactions", {**SALE, "amount": amount})
        load(home)
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [1]


def test_a_cost_restates_its_own_key(home: Home) -> None:
    """The countries of a day are posted one by one, one of them again, one corrected."""
    for row in (
        {**COST, "country": "US", "cost": 100},
        {**COST, "country": "DE", "cost": 50},
        {**COST, "country": "US", "cost": 100},
        {**COST, "cost": 7},
        {**COST, "country": "Germany", "cost": 60},
    ):
        post(home, "campaign_costs", row)
        load(home)
    assert spend(home) == {"US": 100, "DE": 60, None: 7}


def test_costs_of_one_segment(home: Home) -> None:
    """The same figures if they are all loaded at once."""
    rows = [
        {**COST, "country": country, "cost": cost}
        for country, cost in (("US", 1), ("DE", 2), ("US", 100), ("de", 60))
    ]
    post(home, "campaign_costs", *rows)
    load(home)
    assert spend(home) == {"US": 100, "DE": 60}


def test_a_file_of_costs_replaces_events_before_it(home: Home) -> None:
    """And an event after it restates one of its countries."""
    post(home, "campaign_costs", {**COST, "country": "US", "cost": 1}, {**COST, "cost": 9})
    load(home)
    home.load("campaign_costs", "k,2026-01-10,US,100", "k,2026-01-10,DE,50", "k,2026-01-10,DE,5")
    assert spend(home) == {"US": 100, "DE": 55}
    post(home, "campaign_costs", {**COST, "country": "DE", "cost": 60})
    load(home)
    assert spend(home) == {"US": 100, "DE": 60}
    home.load("campaign_costs", "k,2026-01-10,FR,3")
    assert spend(home) == {"FR": 3}


def test_sources_of_spend_are_keys_of_their_own(home: Home) -> None:
    """Two networks of one campaign add up."""
    for source, cost in (("google", 1), ("meta", 2), ("google", 10)):
        post(home, "campaign_costs", {**COST, "spend_source": source, "cost": cost})
    load(home)
    assert spend(home) == {None: 12}


@pytest.mark.parametrize(
    "again",
    [
        {**COST, "country": " us", "cost": 2},
        {**COST, "country": "United States", "cost": 2},
        {**COST, "country": "USA", "date": "2026-01-10 00:00:00", "cost": 2},
    ],
)
def test_a_cost_twice_in_a_request_is_refused(home: Home, again: Row) -> None:
    """In a file both would add up, as events only one would count: nobody should guess."""
    batch = ndjson(
        {**COST, "country": "US", "cost": 1}, {**COST, "country": "DE", "cost": 1}, again
    )
    with pytest.raises(MalformedError, match="Row 3 has the same spend_source, campaign_id, date"):
        post(home, "campaign_costs", batch)
    assert load(home) == []


def test_costs_of_sessions(home: Home) -> None:
    """The last one of a session counts."""
    for cost in (1, 2):
        post(home, "session_costs", {"session_id": "s", "cost": cost})
    load(home)
    costs = home.engine.rows("SELECT cost FROM raw.session_costs ORDER BY line")
    assert costs == [(1,), (2,)]


def test_rows_that_break_the_contract_reach_quarantine(home: Home) -> None:
    """The rest of the batch counts; a row without a column does not make the file unreadable."""
    bad: list[Row] = [
        {"transaction_id": "t2", "amount": 1},
        {**SALE, "transaction_id": "t3", "amount": -1},
        {**SALE, "transaction_id": "t4", "amount": {"value": 1}},
        {**SALE, "transaction_id": "t5", "Amount": 1},
    ]
    twice = b'{"transaction_id":"t6","transaction_id":"t7"}\n'
    [taken] = post(home, "transactions", ndjson({**SALE, "amount": 1}, *bad) + twice)
    assert (taken.successful, taken.quarantined) == (1, 5)
    load(home)
    assert [reasons[0] for _, reasons in quarantined(home, "transactions")] == [
        "transaction_date: is missing",
        "amount: '-1' is below 0",
        "record: amount is a list or an object, not one value",
        "amount: is missing",
        "record: names a column twice",
    ]
    home.publish()
    assert home.values("SELECT transaction_id FROM transactions") == ["t1"]


def test_a_single_bad_row_is_no_bad_file(home: Home) -> None:
    """Its segment names none of the required columns."""
    assert counted(post(home, "customers", {"id": 1})) == [(0, 1)]
    [outcome] = load(home)
    assert outcome.counts is not None
    assert outcome.counts.rows_quarantined == 1


def test_unknown_fields_are_ignored(home: Home) -> None:
    """However many, however named: other rows of the segment must not suffer."""
    fields = {f"field_{n}": {"deep": [n]} for n in range(11_000)}
    odd = {"_line": 1, "_record": 2, "AMOUNT": 3, "": 4, "rowid": 5}
    [taken] = post(home, "transactions", ndjson({**SALE, "amount": 1, **fields, **odd}))
    assert (taken.successful, taken.quarantined) == (1, 0)
    load(home)
    assert home.engine.rows("SELECT amount FROM raw.transactions") == [(1,)]


def test_a_replayed_row_keeps_its_position(home: Home) -> None:
    """Its correction came first, and stays newer."""
    early = {**SALE, "transaction_date": "2019-05-01 10:00:00", "amount": 1}
    fixed = home.under(start_date="2020-01-01")
    assert counted(post(fixed, "transactions", early, {**SALE, "amount": 2})) == [(0, 1), (1, 0)]
    load(fixed)
    [counts] = replay(home.under(start_date="2019-01-01").engine)
    assert counts.rows_accepted == 1
    versions = home.engine.rows("SELECT amount FROM raw.transactions ORDER BY load_sequence, line")
    assert versions == [(1,), (2,)]


def test_the_judge_answers_many_requests_at_once(home: Home) -> None:
    """Each gets the answer to its own rows."""
    bodies = [
        ndjson({**SALE, "transaction_id": f"t{n}", "amount": "?" if n % 3 else 1})
        for n in range(60)
    ]

    async def post_all() -> list[int]:
        intake = Intake(home.settings, home.graph.catalog.sources)
        async with intake.running():
            requests = (
                intake.take("transactions", body, compressed=False, wait=False) for body in bodies
            )
            return [taken.quarantined for taken in await asyncio.gather(*requests)]

    assert asyncio.run(post_all()) == [int(n % 3 != 0) for n in range(60)]
