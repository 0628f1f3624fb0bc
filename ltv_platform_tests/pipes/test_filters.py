"""With filters, a pipe answers what a statement by hand finds on the snapshot."""

from datetime import date
from typing import Any

import pytest

from ltv_platform_tests.pipes.asking import Asking


def test_customers_by_country_activity_and_time_of_registration(sample: Asking) -> None:
    """Both ends of the period are included."""
    [moment] = sample.home.values(
        "SELECT CAST(MAX(registration_date) AS VARCHAR) FROM customer_ltv "
        "WHERE country = 'US' AND is_active"
    )
    assert sample.rows(
        "customer_ltv",
        country="US",
        is_active=1,
        start_date="2026-01-01 00:00:00",
        end_date=moment[:19],
    ) == sample.home.published(
        "SELECT * FROM customer_ltv WHERE country = 'US' AND is_active "
        "AND registration_date >= TIMESTAMP '2026-01-01' ORDER BY customer_id"
    )


def test_a_date_only_end_includes_its_whole_day(sample: Asking) -> None:
    """And the next day is not in it."""
    rows = sample.rows("customer_ltv", end_date="2025-10-31", start_date="2025-10-31")
    assert {row["registration_date"].date() for row in rows} == {date(2025, 10, 31)}
    [count] = sample.home.values(
        "SELECT COUNT(*) FROM customers WHERE install_date = DATE '2025-10-31'"
    )
    assert len(rows) == count > 1


def test_a_text_filter_may_be_repeated(sample: Asking) -> None:
    """Customers of any of the countries."""
    rows = sample.rows("customer_ltv", ("country", "US"), ("country", "DE"), ("country", "US"))
    assert rows == sample.home.published(
        "SELECT * FROM customer_ltv WHERE country IN ('US', 'DE') ORDER BY customer_id"
    )


#: A period of whole months, answered from sums, and others, which are not.
PERIODS = {
    "months": ({"start_date": "2025-10-01", "end_date": "2026-03-31"}, "2025-10-01", "2026-04-01"),
    "days": ({"start_date": "2025-10-05", "end_date": "2026-03-20"}, "2025-10-05", "2026-03-21"),
    "times": (
        {"start_date": "2025-10-05 06:00:00", "end_date": "2026-03-20 17:59:59"},
        "2025-10-05 06:00:00",
        "2026-03-20 18:00:00",
    ),
}


@pytest.mark.parametrize("period", PERIODS)
def test_cohorts_of_chosen_customers(sample: Asking, period: str) -> None:
    """Customers, LTV and median, and the revenue of the first month of life."""
    given, start, end = PERIODS[period]
    chosen = (
        f"country = 'US' AND acquisition_source = 'google_ads' AND segment = 'premium' AND "
        f"{{}} >= TIMESTAMP '{start}' AND {{}} < TIMESTAMP '{end}'"
    )
    customers = chosen.format("registration_date", "registration_date")
    rows = sample.rows(
        "ltv_by_cohort", country="US", acquisition_source="google_ads", segment="premium", **given
    )
    names = ("cohort_month", "customers", "purchasing_customers", "total_ltv", "median_ltv")
    expected = sample.home.published(
        "SELECT CAST(DATE_TRUNC('month', registration_date) AS DATE) AS cohort_month, "
        "COUNT(*) AS customers, COUNT(*) FILTER (WHERE total_transactions > 0) "
        "AS purchasing_customers, SUM(ltv) AS total_ltv, MEDIAN(CAST(ltv AS DOUBLE)) "
        f"AS median_ltv FROM customer_ltv WHERE {customers} GROUP BY 1 ORDER BY 1"
    )
    assert [{name: row[name] for name in names} for row in rows] == expected
    assert len(rows) == 5
    # The first month of life, counted by hand from transactions.
    first = sample.home.published(
        "SELECT CAST(DATE_TRUNC('month', c.install_date) AS DATE) AS cohort_month, "
        "SUM(CASE WHEN t.is_refund THEN -t.amount ELSE t.amount END) AS revenue "
        "FROM customers AS c JOIN transactions AS t ON t.customer_id = c.customer_id "
        f"WHERE {chosen.format('c.install_ts', 'c.install_ts')} AND t.event_ts >= c.install_ts "
        "AND t.event_date < c.install_date + INTERVAL 1 MONTH GROUP BY 1 ORDER BY 1"
    )
    revenue = {row["cohort_month"]: row["revenue"] for row in first}
    for row in rows:
        assert row["total_ltv_m1"] == revenue.get(row["cohort_month"], 0)


@pytest.mark.parametrize("period", PERIODS)
def test_retention_of_chosen_customers(sample: Asking, period: str) -> None:
    """Cohort sizes, and who bought how many months after registering."""
    given, start, end = PERIODS[period]
    rows = sample.rows("customer_retention_analysis", country="US", segment="standard", **given)
    bought = [row for row in rows if row["activity"] == "purchase"]
    expected = sample.home.published(
        "WITH chosen AS (SELECT *, CAST(DATE_TRUNC('month', install_date) AS DATE) AS month "
        "FROM customers WHERE country = 'US' AND segment = 'standard' "
        f"AND install_ts >= TIMESTAMP '{start}' AND install_ts < TIMESTAMP '{end}') "
        "SELECT month AS cohort_month, DATE_DIFF('month', install_date, event_date) AS since, "
        "COUNT(DISTINCT customer_id) AS active, "
        "(SELECT COUNT(*) FROM chosen AS size WHERE size.month = chosen.month) AS size "
        "FROM chosen JOIN transactions USING (customer_id) "
        "WHERE NOT is_refund AND event_ts >= install_ts GROUP BY 1, 2"
    )
    active = {(row["cohort_month"], row["since"]): row["active"] for row in expected}
    sizes = {row["cohort_month"]: row["size"] for row in expected}
    assert len({row["cohort_month"] for row in bought}) == 6
    for row in bought:
        key = row["cohort_month"], row["months_since_registration"]
        assert row["active_customers"] == active.get(key, 0)
        assert row["cohort_size"] == sizes[row["cohort_month"]]
        assert row["retention_bounded"] == row["active_customers"] / row["cohort_size"]


def test_factors_of_chosen_customers(sample: Asking) -> None:
    """Only they are counted, and the row of all is theirs."""
    rows = sample.rows("ltv_influencing_factors", country="US")
    levels = {(row["factor"], row["level"]): row for row in rows}
    [mature] = sample.home.values(
        "SELECT COUNT(*) FROM customers WHERE country = 'US' "
        "AND install_date + 1 + 180 <= DATE '2026-11-29'"
    )
    assert levels["(all)", "(all)"]["customers"] == mature
    assert [level for factor, level in levels if factor == "country"] == ["US"]


def test_min_customers_pools_more_levels(sample: Asking) -> None:
    """A level of fewer customers has no estimate of its own; it is still counted."""
    fewest = 60
    rows = sample.rows("ltv_influencing_factors", min_customers=fewest)
    small = [r for r in rows if r["customers"] < fewest and r["status"] != "raw_only"]
    assert small
    assert {row["status"] for row in small} <= {"pooled", "one_level", "collinear"}
    before = sample.rows("ltv_influencing_factors")
    assert [row["customers"] for row in rows] == [row["customers"] for row in before]


def test_forecasts_by_past_purchases_and_ltv(sample: Asking) -> None:
    """Both bounds are included."""
    assert sample.rows(
        "ltv_forecast", segment="premium", country="US", min_transactions=3, min_ltv="50.00"
    ) == sample.home.published(
        "SELECT * FROM ltv_forecast WHERE segment = 'premium' AND country = 'US' "
        "AND total_transactions >= 3 AND ltv >= 50 ORDER BY customer_id"
    )


def test_segments_are_filtered_after_scoring(sample: Asking) -> None:
    """A country does not change the scores of its customers."""
    assert sample.rows(
        "customer_segmentation",
        country="US",
        min_frequency=2,
        min_monetary=100,
        segment_filter="Champions",
    ) == sample.home.published(
        "SELECT rfm.* FROM rfm_segments AS rfm JOIN customers USING (customer_id) "
        "WHERE country = 'US' AND frequency >= 2 AND monetary >= 100 "
        "AND rfm.segment = 'Champions' ORDER BY customer_id"
    )


def test_segments_of_an_earlier_day_are_those_of_the_migration(sample: Asking) -> None:
    """A window that ends on a day scores as rfm_migration does for that day."""
    [then] = sample.home.values("SELECT DISTINCT CAST(from_date AS VARCHAR) FROM rfm_migration")
    rows = sample.rows("customer_segmentation", end_date=then)
    counts: dict[Any, int] = {}
    for row in rows:
        counts[row["segment"]] = counts.get(row["segment"], 0) + 1
    expected = sample.home.published(
        "SELECT from_segment, CAST(SUM(customers) AS BIGINT) AS customers FROM rfm_migration "
        "WHERE from_segment <> '(new)' GROUP BY 1"
    )
    assert counts == {row["from_segment"]: row["customers"] for row in expected}


def test_segments_of_a_window_count_its_transactions(sample: Asking) -> None:
    """Orders and net revenue of the window; recency counts to its last day."""
    rows = sample.rows(
        "customer_segmentation", start_date="2026-01-01", end_date="2026-03-31 23:59:59"
    )
    expected = sample.home.published(
        "SELECT customer_id, COUNT(DISTINCT COALESCE(order_id, ' ' || event_date)) "
        "FILTER (WHERE NOT is_refund) AS frequency, "
        "SUM(CASE WHEN is_refund THEN -amount ELSE amount END) AS monetary, "
        "DATE '2026-03-31' - MAX(event_date) FILTER (WHERE NOT is_refund) AS recency_days "
        "FROM transactions WHERE event_date BETWEEN DATE '2026-01-01' AND DATE '2026-03-31' "
        "GROUP BY 1"
    )
    known = {row["customer_id"]: row for row in expected}
    for row in rows:
        hand = known.get(row["customer_id"])
        if hand is None:
            assert (row["frequency"], row["monetary"], row["segment"]) == (0, 0, "Prospects")
        else:
            assert {name: row[name] for name in hand} == hand
    [registered] = sample.home.values(
        "SELECT COUNT(*) FROM customers WHERE install_date <= DATE '2026-03-31'"
    )
    assert len(rows) == registered


def test_campaigns_and_channels_by_name_and_day(sample: Asking) -> None:
    """Rows of the published tables."""
    [campaign] = sample.home.values(
        "SELECT campaign_id FROM campaign_roas WHERE spend > 0 GROUP BY 1 "
        "ORDER BY SUM(spend) DESC LIMIT 1"
    )
    days = {"start_date": "2026-01-01", "end_date": "2026-01-31 23:59:59"}
    between = "BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'"
    assert sample.rows(
        "campaign_roas", campaign=campaign, country="US", **days
    ) == sample.home.published(
        f"SELECT * FROM campaign_roas WHERE campaign_id = '{campaign}' AND country = 'US' "
        f"AND install_date {between} ORDER BY install_date"
    )
    assert sample.rows(
        "channel_model_comparison", model="ihc", channel="Email", **days
    ) == sample.home.published(
        "SELECT * FROM channel_model_comparison WHERE model = 'ihc' AND channel_name = 'Email' "
        f"AND date {between} ORDER BY date"
    )
