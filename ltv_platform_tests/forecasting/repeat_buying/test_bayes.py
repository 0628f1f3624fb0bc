"""Bayesian fits: what pymc-marketing's sampler gets, and what is made of its draws."""

import sys

import pytest

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying import bayes
from ltv_platform.forecasting.repeat_buying.buy_till_you_die import fit_mbg_nbd, log_likelihood
from ltv_platform.forecasting.repeat_buying.fit import Sampling
from ltv_platform.forecasting.repeat_buying.histories import histories
from ltv_platform_tests.forecasting.repeat_buying.customers import planted
from ltv_platform_tests.forecasting.repeat_buying.samplers import Sampler, install

HISTORIES = histories([0, 2, 1], [0, 30, 10], [60, 60, 30], [100, 50, 50])
SAMPLING = Sampling(draws=200, seed=3)


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    with pytest.raises(UserError, match=r"pip install 'ltv-platform\[bayes\]'"):
        bayes.fit_bg_nbd(HISTORIES, SAMPLING)


def test_units_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampler sees customers of a mean age of 30; the fit is in the unit of the data."""
    sampler = Sampler({"alpha": 10.0, "phi_dropout": 0.2, "r": 0.5, "a": 0.8, "b": 2.4})
    install(monkeypatch, ModifiedBetaGeoModel=sampler)
    fit = bayes.fit_mbg_nbd(HISTORIES, SAMPLING)
    table = sampler.given["data"]
    assert len(table) == 200
    assert table["T"].mean() == pytest.approx(30)
    assert table["frequency"].sum() == 150
    assert sampler.given["random_seed"] == 3
    scale = (150 * 60 + 50 * 30) / 200 / 30
    assert list(fit.parameters) == ["r", "alpha", "a", "b"]
    assert fit.parameters["alpha"] == pytest.approx(10 * scale)
    assert fit.standard_errors["alpha"] == pytest.approx(0.1 * scale, rel=0.1)
    # The draws are normal: 1.96 standard deviations on either side hold 95 % of them.
    lower, upper = fit.intervals["alpha"]
    assert (lower, upper) == pytest.approx((9.804 * scale, 10.196 * scale), rel=0.005)
    assert (fit.status, fit.customers) == ("ok", 200)
    each = log_likelihood("mbg_nbd", fit.parameters, HISTORIES)
    assert fit.log_likelihood == pytest.approx((HISTORIES.customers * each).sum())


def test_chains_that_do_not_agree_are_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A potential scale reduction above 1.05 is a status with the parameters' names."""
    install(monkeypatch, GammaGammaModel=Sampler({"p": 6.0, "q": 4.0, "v": 0.5}, apart=0.05))
    fit = bayes.fit_gamma_gamma([2] * 40, [10.0] * 40, None, SAMPLING)
    assert fit.status == "no_convergence"
    assert fit.reason == "the chains do not agree on p, q, v; take more draws"
    assert not fit.intervals
    assert fit.parameters["v"] == pytest.approx(0.5 * 10 / 30)


def test_too_few_are_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guards are those of maximum likelihood."""
    install(monkeypatch)
    assert bayes.fit_bg_nbd(histories([0], [0], [5], [99]), SAMPLING).status == "too_few_customers"
    assert bayes.fit_gamma_gamma([1], [5.0], [29], SAMPLING).status == "too_few_repeaters"


def test_the_sampler_itself() -> None:
    """With the extra: posterior means and intervals near those of maximum likelihood."""
    pytest.importorskip("pymc_marketing")
    seen = planted("mbg_nbd", 500, seed=4)
    sampled = bayes.fit_mbg_nbd(seen.histories, Sampling(draws=500, seed=1))
    likeliest = fit_mbg_nbd(seen.histories)
    assert (sampled.status, sampled.customers) == ("ok", 500)
    for name in ("r", "alpha"):
        lower, upper = sampled.intervals[name]
        assert lower < likeliest.parameters[name] < upper
        assert (lower, upper) == pytest.approx(likeliest.intervals[name], rel=0.2)
