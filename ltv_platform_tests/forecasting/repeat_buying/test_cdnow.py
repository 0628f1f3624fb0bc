"""The golden figures of the reference data; skipped without LTV_REFERENCE_DATA."""

from pathlib import Path

import numpy as np
import pytest

from ltv_platform.forecasting.accuracy import compare
from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    expected_purchases,
    fit_bg_nbd,
    fit_mbg_nbd,
    log_likelihood,
)
from ltv_platform.forecasting.repeat_buying.gamma_gamma import expected_value, fit_gamma_gamma
from ltv_platform.forecasting.repeat_buying.histories import Histories
from ltv_platform_tests.forecasting.repeat_buying.customers import Cdnow, cdnow
from ltv_platform_tests.forecasting.repeat_buying.distributions import expected_purchases_new

WEEK = 7


@pytest.fixture
def sample(reference_data: Path) -> Cdnow:
    return cdnow(reference_data, "sample")


def test_bg_nbd_of_the_sample(sample: Cdnow) -> None:
    """docs/metrics.md: parameters and log-likelihood of BG/NBD."""
    fit = fit_bg_nbd(sample.histories(WEEK))
    assert [round(value, 5) for value in fit.parameters.values()] == [
        0.24259,
        4.41360,
        0.79292,
        2.42591,
    ]
    assert fit.log_likelihood is not None
    assert round(fit.log_likelihood, 4) == -9582.4292
    assert (fit.status, fit.customers) == ("ok", 2357)


def test_mbg_nbd_of_the_sample(sample: Cdnow) -> None:
    """docs/metrics.md: MBG/NBD; the published parameters stop short of the optimum by 1e-5."""
    histories = sample.histories(WEEK)
    fit = fit_mbg_nbd(histories)
    published = {"r": 0.52485, "alpha": 6.18301, "a": 0.89134, "b": 1.61394}
    for name, value in published.items():
        assert fit.parameters[name] == pytest.approx(value, rel=5e-5)
    assert fit.log_likelihood is not None
    assert round(fit.log_likelihood, 4) == -9582.1357
    assert log_likelihood("mbg_nbd", published, histories).sum() < fit.log_likelihood


def test_gamma_gamma_of_the_sample(sample: Cdnow) -> None:
    """docs/metrics.md: Gamma-Gamma of the 946 repeaters; the published ones stop short by 1e-4."""
    fit = fit_gamma_gamma(sample.frequency, sample.mean_value)
    assert fit.customers == 946
    for name, value in {"p": 6.24997, "q": 3.74415, "v": 15.44216}.items():
        assert fit.parameters[name] == pytest.approx(value, rel=1e-4)
    assert fit.log_likelihood is not None
    assert round(fit.log_likelihood, 4) == -4055.9177


def test_holdout_of_the_sample(sample: Cdnow) -> None:
    """docs/metrics.md: 39 weeks of holdout, spend, and the cumulative curve at week 78."""
    histories = sample.histories(WEEK)
    fit = fit_bg_nbd(histories)
    expected = expected_purchases(fit, histories, 39)
    accuracy = compare(expected, sample.holdout_purchases)
    assert round(accuracy.predicted_total, 1) == 1653.4
    assert accuracy.actual_total == 1882
    assert accuracy.bias == pytest.approx(1653.4 / 1882 - 1, abs=1e-4)
    assert accuracy.mae == pytest.approx(0.7855, abs=5e-5)
    assert accuracy.rmse == pytest.approx(1.6080, abs=5e-5)
    assert accuracy.r == pytest.approx(0.6256, abs=5e-5)
    values = fit_gamma_gamma(sample.frequency, sample.mean_value)
    spend = expected * expected_value(values, sample.frequency, sample.mean_value)
    assert round(spend.sum()) == 59932
    bought = expected_purchases_new(fit, (78 * WEEK - sample.first_day) / WEEK)
    assert round(bought.sum(), 1) == 4165.7


def test_bg_nbd_of_the_master(reference_data: Path) -> None:
    """docs/metrics.md: the full master file, in weeks and in days."""
    master = cdnow(reference_data, "master")
    fit = fit_bg_nbd(master.histories(WEEK))
    assert [round(value, 4) for value in fit.parameters.values()] == [
        0.2516,
        4.7889,
        0.7234,
        2.1611,
    ]
    assert fit.log_likelihood is not None
    assert round(fit.log_likelihood, 2) == -95368.44
    days = fit_bg_nbd(master.histories(1))
    assert days.parameters["alpha"] == pytest.approx(7 * fit.parameters["alpha"], rel=1e-9)


@pytest.mark.parametrize("fitted", [fit_bg_nbd, fit_mbg_nbd])
def test_order_and_grouping_of_the_sample(sample: Cdnow, fitted: object) -> None:
    """Row order and grouping do not matter; here not even in the last bit."""
    assert callable(fitted)
    histories = sample.histories(WEEK)
    order = np.random.default_rng(1).permutation(len(histories))
    shuffled = Histories(
        histories.frequency[order],
        histories.recency[order],
        histories.age[order],
        histories.customers[order],
    )
    assert fitted(histories) == fitted(histories.grouped()) == fitted(shuffled)
