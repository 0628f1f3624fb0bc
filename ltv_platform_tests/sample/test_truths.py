"""The truths equal what a naive reading of the files by metrics.md gives, exactly."""

from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.sample import Truths, generate
from ltv_platform.sample.truths import money, ratio

from .conftest import Sample
from .naive import Naive
from .naive import money as naive_money


def _assert_true(truths: Truths, folder: Path) -> None:
    naive = Naive(folder)
    assert len(naive.customers) == truths.customers
    countries = dict.fromkeys(truths.installs_by_country, 0)
    for customer in naive.customers.values():
        countries[customer.country] += 1
    assert countries == truths.installs_by_country

    none = (0, Decimal(0), Decimal(0))
    by_bucket = naive.bucket_revenue()
    assert set(by_bucket) <= set(truths.revenue_by_bucket)
    for bucket, truth in truths.revenue_by_bucket.items():
        count, gross, refunds = by_bucket.get(bucket, none)
        assert (count, naive_money(gross), naive_money(refunds)) == (
            truth.transactions,
            truth.gross_revenue,
            truth.refunds,
        )
    assert truths.revenue.net_revenue == naive_money(
        sum((gross - refunds for _, gross, refunds in by_bucket.values()), Decimal(0))
    )

    spend = {
        campaign: naive_money(sum(naive.cohorts.spend[campaign].values(), Decimal(0)))
        for campaign in truths.spend_by_campaign
    }
    assert spend == truths.spend_by_campaign
    assert truths.spend == naive_money(sum((Decimal(each) for each in spend.values()), Decimal(0)))

    for label, horizons in truths.campaigns.items():
        for horizon, figures in horizons.items():
            assert naive.figures(label, int(horizon[1:])) == figures, (label, horizon)


def test_truths_of_the_bundled_sample(sample: Sample) -> None:
    """metrics.md sections 1 and 2: installs, buckets, spend, LTV and ROAS at all horizons."""
    _assert_true(sample.truths, sample.folder)
    assert set(sample.truths.campaigns["(organic)"]) == {"d1", "d3", "d7", "d14", "d30"}


@pytest.mark.parametrize(
    ("customers", "days", "seed"), [(1_000, 14, 1), (1_000, 15, 1), (3_000, 800, 2), (7, 30, 3)]
)
def test_truths_hold_for_other_parameters(
    customers: int, days: int, seed: int, tmp_path: Path
) -> None:
    """Few days (no D14), more than a year (revenue beyond the horizon), next to no customers."""
    truths = generate(customers=customers, days=days, seed=seed, out=tmp_path)
    _assert_true(truths, tmp_path)
    assert (truths.revenue_by_bucket["(beyond horizon)"].transactions > 0) == (days > 366)
    assert ("d14" in truths.campaigns["(organic)"]) == (days > 14)


def test_the_demo_is_instructive(sample: Sample) -> None:
    """Each campaign tells the story that campaigns.py says it tells."""

    def figure(campaign: str, name: str) -> Decimal:
        value = next(
            figures[name]
            for figures in sample.truths.campaigns[campaign].values()
            if name in figures
        )
        assert value is not None
        return Decimal(value)

    assert figure("google_us_search_brand", "cohort_roas_d7") > Decimal("1.5")
    assert figure("meta_us_prospecting", "cohort_roas_d7") < Decimal("0.7")
    assert figure("meta_us_prospecting", "cohort_roas_d30") > Decimal("1.2")
    highest = max(
        (label for label in sample.truths.campaigns if label != "ctv_awareness_pilot"),
        key=lambda label: figure(label, "ltv_d7_per_user"),
    )
    assert highest == "apple_search_premium"
    assert figure("apple_search_premium", "cohort_roas_d30") < 1
    assert figure("tiktok_br_lookalike", "cohort_roas_d30") < 1


def test_money_and_ratios_as_text() -> None:
    """Exact, with a sign, and without a ratio where there is nothing to divide by."""
    assert money(-1_500_001) == "-1.500001"
    assert ratio(-1, 3) == "-0.333333333333"
    assert ratio(2, 3) == "0.666666666667"
    assert ratio(1, 0) is None
