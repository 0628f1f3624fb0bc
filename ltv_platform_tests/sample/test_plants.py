"""Every plant is present, even in a sample of a thousand customers."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from ltv_platform.sample import generate

from .conftest import BUNDLED, Sample
from .naive import Naive
from .reading import KEYS, Row, good_rows, rows

LAST_SECOND = datetime(2026, 11, 29, 23, 59, 59)


@pytest.fixture(scope="module", params=[(1_000, 14, 5), BUNDLED], ids=str)
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The smallest sample that is sure to carry all plants, and the bundled one."""
    customers, days, seed = request.param
    folder = tmp_path_factory.mktemp("planted")
    return Sample(folder, generate(customers=customers, days=days, seed=seed, out=folder))


def _versions(sample: Sample, table: str) -> dict[str, list[Row]]:
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in good_rows(sample.folder, table):
        if row not in versions[row[KEYS[table]]]:
            versions[row[KEYS[table]]].append(row)
    return versions


@pytest.mark.parametrize(
    "table", ["customers", "transactions", "customer_interactions", "session_sources"]
)
def test_duplicate_deliveries(planted: Sample, table: str) -> None:
    """Fully repeated rows, as many as the truths say; no other table has any."""
    counts = Counter(tuple(row.values()) for row in rows(planted.folder, table))
    assert planted.truths.tables[table].repeated == counts.total() - len(counts) > 0


@pytest.mark.parametrize(
    "table", ["conversions", "session_costs", "campaign_costs", "campaigns", "fx_rates"]
)
def test_no_other_table_repeats_a_row(planted: Sample, table: str) -> None:
    """Lines of one campaign_costs key add up, so equal ones would be ambiguous."""
    counts = Counter(tuple(row.values()) for row in good_rows(planted.folder, table))
    assert planted.truths.tables[table].repeated == 0
    assert counts.total() == len(counts)


def test_corrected_transactions_move_days(planted: Sample) -> None:
    """Two versions with other days and amounts; sometimes the newer comes first in the file."""
    corrected = [each for each in _versions(planted, "transactions").values() if len(each) > 1]
    assert planted.truths.plants.corrected_transactions == len(corrected) > 0
    newer_first = set()
    for first, second in corrected:
        assert first["transaction_date"][:10] != second["transaction_date"][:10]
        assert first["amount"] != second["amount"]
        assert first["updated_at"] != second["updated_at"]
        newer_first.add(first["updated_at"] > second["updated_at"])
    assert newer_first == {True, False}


def test_corrected_customers_register_later_elsewhere(planted: Sample) -> None:
    """The newer version has a later registration, another country and another campaign."""
    corrected = [each for each in _versions(planted, "customers").values() if len(each) > 1]
    assert planted.truths.plants.corrected_customers == len(corrected) > 0
    newer_first = set()
    for pair in corrected:
        older, newer = sorted(pair, key=lambda row: row["updated_at"])
        assert older["registration_date"][:10] < newer["registration_date"][:10]
        assert older["country"] != newer["country"]
        assert older["campaign_id"] != newer["campaign_id"]
        newer_first.add(pair[0] is newer)
    assert newer_first == {True, False}


def test_late_events_stand_far_out_of_time_order(planted: Sample) -> None:
    """Good transactions follow others that are five days later."""
    days = [
        date.fromisoformat(row["transaction_date"][:10])
        for row in good_rows(planted.folder, "transactions")
    ]
    latest = date.min
    late = 0
    for day in days:
        latest = max(latest, day)
        late += latest - day >= timedelta(days=5)
    assert late > 0
    assert planted.truths.tables["transactions"].late > 0
    assert planted.truths.tables["customer_interactions"].late > 0
    assert planted.truths.tables["session_sources"].late > 0


def test_refunds_follow_their_purchase_early_and_late_whole_and_in_part(planted: Sample) -> None:
    """Positive amounts, is_refund = 1, later than the purchase of the same order."""
    naive = Naive(planted.folder)
    orders = {row["order_id"]: row for row in naive.transactions if row["is_refund"] == "0"}
    refunds = [row for row in naive.transactions if row["is_refund"] == "1"]
    assert len(refunds) == planted.truths.plants.refunds
    seen = set()
    for row in refunds:
        purchase = orders[row["order_id"]]
        assert row["transaction_date"] > purchase["transaction_date"]
        install = naive.customers[row["customer_id"]].install
        in_d7 = datetime.fromisoformat(row["transaction_date"]) - install < timedelta(days=7)
        seen.add((in_d7, row["amount"] == purchase["amount"]))
    assert seen == {(True, True), (True, False), (False, True), (False, False)}


def test_transactions_that_belong_nowhere(planted: Sample) -> None:
    """Unknown customers, purchases before the install, unplaceable campaigns."""
    for bucket in ("(organic)", "(unknown) campaign", "(unknown) customer", "(before install)"):
        assert planted.truths.revenue_by_bucket[bucket].transactions > 0


def test_purchases_on_the_edges_of_the_window(planted: Sample) -> None:
    """At the install, in the last second of D7, and in the first second behind it."""
    naive = Naive(planted.folder)
    ages = {
        datetime.fromisoformat(row["transaction_date"])
        - naive.customers[row["customer_id"]].install
        for row in naive.transactions
        if row["customer_id"] in naive.customers
    }
    week = timedelta(days=7)
    assert {timedelta(0), week - timedelta(seconds=1), week} <= ages


def test_the_tail_is_immature_and_nothing_is_later(planted: Sample) -> None:
    """Installs up to the last day; no event after 2026-11-29 23:59:59 or before the first day."""
    first = datetime.fromisoformat(planted.truths.parameters.first_install_date)
    for table, column in (
        ("customers", "registration_date"),
        ("transactions", "transaction_date"),
        ("customer_interactions", "interaction_date"),
    ):
        moments = [
            datetime.fromisoformat(row[name])
            for row in good_rows(planted.folder, table)
            for name in (column, "updated_at")
        ]
        assert first <= min(moments)
        assert max(moments) <= LAST_SECOND
    for table, column in (("session_sources", "event_date"), ("conversions", "conv_date")):
        days = [date.fromisoformat(row[column]) for row in good_rows(planted.folder, table)]
        assert first.date() <= min(days)
        assert max(days) <= LAST_SECOND.date()
    installs = {row["registration_date"][:10] for row in good_rows(planted.folder, "customers")}
    assert LAST_SECOND.date().isoformat() in installs


def test_spend_and_installs_that_do_not_meet(planted: Sample) -> None:
    """A campaign without installs, one without spend, and days of others with only one of both."""
    naive = Naive(planted.folder)
    installs, spend = naive.cohorts.installs, naive.cohorts.spend
    assert spend["ctv_awareness_pilot"] and not installs["ctv_awareness_pilot"]
    assert installs["creator_gifting"] and not spend["creator_gifting"]
    paused = spend["google_de_performance_max"].keys() - installs["google_de_performance_max"]
    assert len(paused) >= planted.truths.parameters.days // 9
    assert installs["meta_jp_retargeting"].keys() - spend["meta_jp_retargeting"]
    only_spend = sum(len(days.keys() - installs[campaign]) for campaign, days in spend.items())
    assert only_spend == planted.truths.plants.campaign_days_with_spend_and_no_installs


def test_spend_lines(planted: Sample) -> None:
    """With and without a country, several lines of one key, one campaign in euro."""
    lines = good_rows(planted.folder, "campaign_costs")
    countries = defaultdict(set)
    for row in lines:
        countries[row["campaign_id"]].add(row["country"])
    assert countries["tiktok_br_lookalike"] == {""}
    assert countries["google_de_performance_max"] == {"DE", "FR"}
    keys = Counter((row["campaign_id"], row["date"], row["country"]) for row in lines)
    assert set(keys.values()) == {1, 2}
    assert {row["campaign_id"] for row in lines if row["currency"] == "EUR"} == {
        "google_de_performance_max"
    }


def test_currencies_and_rates(planted: Sample) -> None:
    """Base, explicit base, two foreign currencies; rates skip weekends, never over seven days."""
    transactions = good_rows(planted.folder, "transactions")
    assert {row["currency"] for row in transactions} == {"", "USD", "EUR", "GBP"}
    for currency in ("EUR", "GBP"):
        days = [
            date.fromisoformat(row["date"])
            for row in good_rows(planted.folder, "fx_rates")
            if row["currency"] == currency
        ]
        assert all(day.weekday() < 5 for day in days[1:])
        longest = 5 if date(2025, 12, 25) > days[0] else 3  # over Christmas, or a weekend
        assert max(later - day for day, later in pairwise(days)) == timedelta(days=longest)
        assert days[0].isoformat() == planted.truths.parameters.first_install_date


def test_countries_and_free_purchases(planted: Sample) -> None:
    """Several countries, some customers without one; purchases of 0.00 that make no payer."""
    assert all(count > 0 for count in planted.truths.installs_by_country.values())
    assert any(row["amount"] == "0.00" for row in good_rows(planted.folder, "transactions"))


def test_one_outlier_far_before_the_start(planted: Sample) -> None:
    """One row of 1999, and only in a table where it is less than 0.1 %."""
    outliers = [
        row
        for row in rows(planted.folder, "transactions")
        if row["transaction_date"].startswith("1999")
    ]
    truth = planted.truths.tables["transactions"]
    assert len(outliers) == truth.before_start
    assert truth.before_start == (1 if truth.rows > 2_000 else 0)


_CAMPAIGNS_OF_CHANNEL = {
    "Paid Search": ("google_us_search_brand", "google_de_performance_max"),
    "App Store Search": ("apple_search_premium",),
    "Paid Social": ("meta_us_prospecting", "meta_jp_retargeting", "tiktok_br_lookalike"),
    "Connected TV": ("ctv_awareness_pilot",),
}


def test_money_is_spent_once(planted: Sample) -> None:
    """Regression: a channel's sessions cost what its campaigns cost, not another amount."""
    channels = {
        row["session_id"]: row["channel_name"]
        for row in good_rows(planted.folder, "session_sources")
    }
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in good_rows(planted.folder, "session_costs"):
        if row["cost"]:
            costs[channels[row["session_id"]]] += Decimal(row["cost"])
    assert costs == {
        channel: sum(Decimal(planted.truths.spend_by_campaign[each]) for each in campaigns)
        for channel, campaigns in _CAMPAIGNS_OF_CHANNEL.items()
    }
    assert sum(costs.values()) == Decimal(planted.truths.spend)


def test_conversions_are_the_first_purchases(planted: Sample) -> None:
    """All above zero of the first 30 days, refunds left out, in dollars to the cent."""
    naive = Naive(planted.folder)
    expected = {}
    for row in naive.transactions:
        customer = naive.customers.get(row["customer_id"])
        if customer is None or row["is_refund"] == "1" or Decimal(row["amount"]) == 0:
            continue
        moment = datetime.fromisoformat(row["transaction_date"])
        if timedelta(0) <= moment - customer.install < timedelta(days=30):
            dollars = naive.dollars(Decimal(row["amount"]), row["currency"], moment.date())
            cents = dollars.quantize(Decimal("0.01"), ROUND_HALF_UP)
            expected[row["transaction_id"][1:]] = (row["customer_id"], str(moment), str(cents))
    found = {}
    for row in good_rows(planted.folder, "conversions"):
        moment_told = f"{row['conv_date']} {row['conv_time']}"
        found[row["conv_id"][1:]] = (row["user_id"], moment_told, row["revenue"])
    assert found == expected


def test_journeys_are_of_customers(planted: Sample) -> None:
    """Users are customers, every session has a cost line, some costs are missing."""
    customers = {row["customer_id"] for row in good_rows(planted.folder, "customers")}
    sessions = good_rows(planted.folder, "session_sources")
    conversions = good_rows(planted.folder, "conversions")
    assert {row["user_id"] for row in (*sessions, *conversions)} <= customers
    costs = good_rows(planted.folder, "session_costs")
    assert {row["session_id"] for row in sessions} == {row["session_id"] for row in costs}
    assert {bool(row["cost"]) for row in costs} == {True, False}


def test_customers_stay_the_same_in_a_larger_sample(tmp_path: Path) -> None:
    """Draws belong to customer numbers: a larger sample only moves their install days."""
    generate(customers=1_000, days=30, seed=4, out=tmp_path / "small")
    generate(customers=2_000, days=30, seed=4, out=tmp_path / "large")
    small, large = (
        {row["customer_id"]: row["age"] for row in good_rows(tmp_path / name, "customers")}
        for name in ("small", "large")
    )
    assert small.items() <= large.items()
