"""The same models fitted by pymc-marketing: posterior means instead of the likeliest values.

Optional (``pip install 'ltv-platform[bayes]'``) and slow: minutes where maximum likelihood takes a
tenth of a second. Worth it where customers are few, because the priors then keep the parameters
sensible. The result is a :class:`~ltv_platform.forecasting.repeat_buying.fit.Fit`, as elsewhere.

The priors are pymc-marketing's own. They are for times of about thirty units and α of about ten,
so time is scaled to a mean age of 30, and money to a mean of 30, whatever the units of the data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying import buy_till_you_die, gamma_gamma
from ltv_platform.forecasting.repeat_buying.fit import Fit, Status, too_small
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories

#: Mean age, and mean value, of the data that the priors see.
_MEAN = 30.0
#: Chains that have not mixed have a potential scale reduction above this (Vehtari et al. 2021 ask
#: for 1.01; posterior means need less).
_MIXED = 1.05


def fit_bg_nbd(histories: Histories, draws: int = 1_000, seed: int = 0) -> Fit:
    """BG/NBD by Markov chain Monte Carlo.

    Args:
        histories: In any order and grouping; groups are spelt out to customers.
        draws: Draws of each of the two chains, after as many to tune.
        seed: The same seed gives the same fit.

    Returns:
        Posterior means, with posterior standard deviations as standard errors and the
        log-likelihood at the means.

    Raises:
        UserError: pymc-marketing is not installed.
    """
    return _purchases("bg_nbd", "BetaGeoModel", histories, draws, seed)


def fit_mbg_nbd(histories: Histories, draws: int = 1_000, seed: int = 0) -> Fit:
    """MBG/NBD by Markov chain Monte Carlo; as :func:`fit_bg_nbd`."""
    return _purchases("mbg_nbd", "ModifiedBetaGeoModel", histories, draws, seed)


def fit_gamma_gamma(
    frequency: ArrayLike,
    mean_value: ArrayLike,
    customers: ArrayLike | None = None,
    draws: int = 1_000,
    seed: int = 0,
) -> Fit:
    """Gamma-Gamma by Markov chain Monte Carlo; arguments as in :mod:`.gamma_gamma`.

    Raises:
        UserError: pymc-marketing is not installed.
    """
    models = _models()
    purchases, value, weights = gamma_gamma.buyers(frequency, mean_value, customers)
    total = float(weights.sum())
    if few := gamma_gamma.too_few_buyers(total):
        return few
    scale = float((weights * value).sum() / total) / _MEAN
    data = {"frequency": purchases, "monetary_value": value / scale}
    fit = _sampled(models.GammaGammaModel(), data, weights, draws, seed).fit(
        "gamma_gamma", gamma_gamma.PARAMETERS, (1, 1, scale)
    )
    return gamma_gamma.judged(fit, purchases, value, weights)


def _purchases(model: str, name: str, histories: Histories, draws: int, seed: int) -> Fit:
    models = _models()
    if small := too_small(histories.total, histories.repeaters):
        return Fit(model, {}, {}, None, *small, round(histories.total))
    grouped = histories.grouped()
    scale = float((grouped.customers * grouped.age).sum() / grouped.total) / _MEAN
    data = {
        "frequency": grouped.frequency,
        "recency": grouped.recency / scale,
        "T": grouped.age / scale,
    }
    fit = _sampled(getattr(models, name)(), data, grouped.customers, draws, seed).fit(
        model, buy_till_you_die.PARAMETERS, (1, scale, 1, 1)
    )
    each = buy_till_you_die.log_likelihood(model, fit.parameters, grouped)
    return replace(fit, log_likelihood=float((grouped.customers * each).sum()))


@dataclass(frozen=True)
class _Posterior:
    """Draws of each parameter, shape (chains, draws), and what they are of."""

    draws: Mapping[str, Floats]
    customers: int

    def fit(self, model: str, names: Sequence[str], scales: Sequence[float]) -> Fit:
        means: dict[str, float] = {}
        deviations: dict[str, float | None] = {}
        apart = []
        for name, scale in zip(names, scales, strict=True):
            drawn = self.draws[name]
            means[name] = float(drawn.mean()) * scale
            deviations[name] = float(drawn.std(ddof=1)) * scale
            if _reduction(drawn) > _MIXED:
                apart.append(name)
        status: Status = "no_convergence" if apart else "ok"
        reason = f"the chains do not agree on {', '.join(apart)}" if apart else ""
        return Fit(model, means, deviations, None, status, reason, self.customers)


def _sampled(
    model: Any, data: Mapping[str, Floats], customers: Floats, draws: int, seed: int
) -> _Posterior:
    """Runs the sampler on one row per customer, in this process."""
    import pandas as pd  # noqa: PLC0415

    spelt_out = np.repeat(np.arange(len(customers)), customers.astype(np.int64))
    table = pd.DataFrame({name: values[spelt_out] for name, values in data.items()})
    table.insert(0, "customer_id", np.arange(len(table)))
    model.fit(
        data=table,
        method="mcmc",
        draws=draws,
        tune=draws,
        chains=2,
        cores=1,
        random_seed=seed,
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


def _models() -> Any:
    try:
        from pymc_marketing import clv  # noqa: PLC0415
    except ImportError as missing:
        raise UserError(
            "Bayesian fits need pymc-marketing, which is not installed.",
            "Install it with: pip install 'ltv-platform[bayes]'; in a checkout: make install-bayes",
        ) from missing
    return clv
