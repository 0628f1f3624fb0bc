"""Bayesian fits: the sampler is pymc-marketing's, what is around it is ours."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying import bayes
from ltv_platform.forecasting.repeat_buying.buy_till_you_die import log_likelihood
from ltv_platform.forecasting.repeat_buying.histories import histories

HISTORIES = histories([0, 2, 1], [0, 30, 10], [60, 60, 30], [100, 50, 50])


class Sampler:
    """Stands for a model of pymc-marketing: keeps its data, draws what it is told to."""

    def __init__(self, means: dict[str, float], apart: float = 0.0) -> None:
        self.means, self.apart = means, apart
        self.given: dict[str, Any] = {}

    def __call__(self) -> "Sampler":
        return self

    def fit(self, **given: Any) -> None:
        self.given = given
        noise = np.random.default_rng(0).normal(0, 0.01, (2, given["draws"]))
        noise -= noise.mean()
        noise += np.array([[-self.apart], [self.apart]])
        drawn = {
            name: SimpleNamespace(values=mean * (1 + noise)) for name, mean in self.means.items()
        }
        self.idata = SimpleNamespace(posterior=Posterior(drawn))


class Posterior(dict[str, Any]):
    """A mapping that knows its variables, as a Dataset does."""

    @property
    def data_vars(self) -> list[str]:
        return list(self)


def _install(monkeypatch: pytest.MonkeyPatch, **models: Sampler) -> None:
    monkeypatch.setitem(
        sys.modules, "pymc_marketing", SimpleNamespace(clv=SimpleNamespace(**models))
    )


def test_without_the_extra_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback: what is missing and how to get it."""
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    with pytest.raises(UserError, match=r"pip install 'ltv-platform\[bayes\]'"):
        bayes.fit_bg_nbd(HISTORIES)


def test_units_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampler sees customers of a mean age of 30; the fit is in the unit of the data."""
    sampler = Sampler({"alpha": 10.0, "phi_dropout": 0.2, "r": 0.5, "a": 0.8, "b": 2.4})
    _install(monkeypatch, ModifiedBetaGeoModel=sampler)
    fit = bayes.fit_mbg_nbd(HISTORIES, draws=200, seed=3)
    table = sampler.given["data"]
    assert len(table) == 200
    assert table["T"].mean() == pytest.approx(30)
    assert table["frequency"].sum() == 150
    assert sampler.given["random_seed"] == 3
    scale = (150 * 60 + 50 * 30) / 200 / 30
    assert list(fit.parameters) == ["r", "alpha", "a", "b"]
    assert fit.parameters["alpha"] == pytest.approx(10 * scale)
    assert fit.standard_errors["alpha"] == pytest.approx(0.1 * scale, rel=0.1)
    assert (fit.status, fit.customers) == ("ok", 200)
    each = log_likelihood("mbg_nbd", fit.parameters, HISTORIES)
    assert fit.log_likelihood == pytest.approx((HISTORIES.customers * each).sum())


def test_chains_that_do_not_agree_are_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A potential scale reduction above 1.05 is a status with the parameters' names."""
    _install(monkeypatch, GammaGammaModel=Sampler({"p": 6.0, "q": 4.0, "v": 0.5}, apart=0.05))
    fit = bayes.fit_gamma_gamma([2] * 40, [10.0] * 40, draws=100)
    assert fit.status == "no_convergence"
    assert fit.reason == "the chains do not agree on p, q, v"
    assert fit.parameters["v"] == pytest.approx(0.5 * 10 / 30)


def test_too_few_are_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guards are those of maximum likelihood."""
    _install(monkeypatch)
    assert bayes.fit_bg_nbd(histories([0], [0], [5], [99])).status == "too_few_customers"
    assert bayes.fit_gamma_gamma([1], [5.0], [29]).status == "too_few_repeaters"
