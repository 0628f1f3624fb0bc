"""BG/NBD, MBG/NBD and Gamma-Gamma sampled with pymc-marketing: posterior means and intervals.

Optional (``pip install 'ltv-platform[bayes]'``) and slow: a minute for two thousand customers,
compared with a tenth of a second for maximum likelihood. It pays if there are few customers,
because the priors keep the parameters sensible. The result is a
:class:`~ltv_platform.forecasting.repeat_buying.fit.Fit` like any other.

The priors are pymc-marketing's own. They are for times of about thirty units and α of about ten,
so time is scaled to a mean age of 30, and money to a mean of 30, in any unit of the data.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying import buy_till_you_die, gamma_gamma
from ltv_platform.forecasting.repeat_buying.fit import PARAMETER_INTERVAL, Fit, Sampling, too_small
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories

#: Mean age, and mean value, of the data that the priors see.
_MEAN = 30.0
#: Chains that have not mixed have a potential scale reduction above this (Vehtari et al. 2021 ask
#: for 1.01; posterior means need less).
_MIXED = 1.05
#: Quantiles at the ends of a credible interval.
_ENDS = ((1 - PARAMETER_INTERVAL) / 2, (1 + PARAMETER_INTERVAL) / 2)


def fit_bg_nbd(histories: Histories, sampling: Sampling) -> Fit:
    """BG/NBD by Markov chain Monte Carlo.

    Args:
        histories: In any order and grouping; the sampler gets one row per customer.
        sampling: Number of draws and seed.

    Returns:
        Posterior means, with posterior standard deviations as standard errors, credible intervals
        between the quantiles, and the log-likelihood at the means.

    Raises:
        UserError: pymc-marketing is not installed.
    """
    return _purchases("bg_nbd", "BetaGeoModel", histories, sampling)


def fit_mbg_nbd(histories: Histories, sampling: Sampling) -> Fit:
    """MBG/NBD by Markov chain Monte Carlo; see :func:`fit_bg_nbd`."""
    return _purchases("mbg_nbd", "ModifiedBetaGeoModel", histories, sampling)


def fit_gamma_gamma(
    frequency: ArrayLike, mean_value: ArrayLike, customers: ArrayLike | None, sampling: Sampling
) -> Fit:
    """Gamma-Gamma by Markov chain Monte Carlo; arguments as in :mod:`.gamma_gamma`.

    Raises:
        UserError: pymc-marketing is not installed.
    """
    models = require_models()
    purchases, value, weights = gamma_gamma.buyers(frequency, mean_value, customers)
    total = float(weights.sum())
    if few := gamma_gamma.too_few_buyers(total):
        return few
    scale = float((weights * value).sum() / total) / _MEAN
    data = {"frequency": purchases, "monetary_value": value / scale}
    fit = _sampled(models.GammaGammaModel(), data, weights, sampling).fit(
        "gamma_gamma", gamma_gamma.PARAMETERS, (1, 1, scale)
    )
    return gamma_gamma.judged(fit, purchases, value, weights)


def _purchases(model: str, name: str, histories: Histories, sampling: Sampling) -> Fit:
    models = require_models()
    if small := too_small(histories.total, histories.repeaters):
        return Fit(model, {}, {}, None, *small, round(histories.total))
    grouped = histories.grouped()
    scale = grouped.mean_age / _MEAN
    data = {
        "frequency": grouped.frequency,
        "recency": grouped.recency / scale,
        "T": grouped.age / scale,
    }
    fit = _sampled(getattr(models, name)(), data, grouped.customers, sampling).fit(
        model, buy_till_you_die.PARAMETERS, (1, scale, 1, 1)
    )
    return buy_till_you_die.with_log_likelihood(fit, grouped)


@dataclass(frozen=True)
class _Posterior:
    """Draws of each parameter, shape (chains, draws), and the number of customers."""

    draws: Mapping[str, Floats]
    customers: int

    def fit(self, model: str, names: Sequence[str], scales: Sequence[float]) -> Fit:
        means: dict[str, float] = {}
        deviations: dict[str, float | None] = {}
        intervals: dict[str, tuple[float, float]] = {}
        apart = []
        for name, scale in zip(names, scales, strict=True):
            drawn = self.draws[name]
            means[name] = float(drawn.mean()) * scale
            deviations[name] = float(drawn.std(ddof=1)) * scale
            lower, upper = np.quantile(drawn, _ENDS).tolist()
            intervals[name] = lower * scale, upper * scale
            if _reduction(drawn) > _MIXED:
                apart.append(name)
        if apart:
            reason = f"the chains do not agree on {', '.join(apart)}; take more draws"
            return Fit(model, means, deviations, None, "no_convergence", reason, self.customers)
        return Fit(model, means, deviations, None, customers=self.customers, intervals=intervals)


def _sampled(
    model: Any, data: Mapping[str, Floats], customers: Floats, sampling: Sampling
) -> _Posterior:
    """Run the sampler on one row per customer, in this process."""
    import pandas as pd  # noqa: PLC0415 - only the sampler takes frames

    rows = np.repeat(np.arange(len(customers)), customers.astype(np.int64))
    table = pd.DataFrame({name: values[rows] for name, values in data.items()})
    table.insert(0, "customer_id", np.arange(len(table)))
    with _quiet():
        model.fit(
            data=table,
            method="mcmc",
            draws=sampling.draws,
            tune=sampling.draws,
            chains=2,
            cores=1,
            random_seed=sampling.seed,
            progressbar=False,
        )
    posterior = model.idata.posterior
    return _Posterior({name: posterior[name].values for name in posterior.data_vars}, len(table))


def _reduction(drawn: Floats) -> float:
    """Potential scale reduction of split chains (Gelman et al., Bayesian Data Analysis, 11.4)."""
    half = drawn.shape[1] // 2
    chains = np.concatenate([drawn[:, :half], drawn[:, half : 2 * half]])
    within = chains.var(axis=1, ddof=1).mean()
    between = chains.mean(axis=1).var(ddof=1)
    return float(np.sqrt((half - 1) / half + between / within)) if within > 0 else np.inf


def require_models() -> Any:
    """The module with pymc-marketing's models; it takes seconds to load.

    Raises:
        UserError: pymc-marketing is not installed.
    """
    try:
        with _quiet():
            from pymc_marketing import clv  # noqa: PLC0415
    except ImportError as missing:
        raise UserError(
            "Bayesian fits need pymc-marketing, which is not installed.",
            "Install it with: pip install 'ltv-platform[bayes]'; in a checkout: make install-bayes",
        ) from missing
    return clv


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the sampler's own messages: the status of a fit says what is wrong with it."""
    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
