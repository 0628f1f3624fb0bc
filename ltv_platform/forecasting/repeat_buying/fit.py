"""What every fitted model has in common: its parameters, their errors, and its status.

Nothing heavy is imported here, so that a caller can check whether there are enough customers
before it loads scipy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal[
    "ok",
    "too_few_customers",
    "too_few_repeaters",
    "too_few_periods",
    "at_bound",
    "infinite_mean",
    "no_convergence",
]

#: With fewer customers, parameters describe these few rather than the next ones.
LEAST_CUSTOMERS = 100
#: Customers who came back; without them a slow customer looks like a lost one.
LEAST_REPEATERS = 30
#: Probability that an interval contains a parameter.
PARAMETER_INTERVAL = 0.95


@dataclass(frozen=True)
class Fit:
    """A model with its parameters.

    ``Fit("bg_nbd", {"r": …, "alpha": …, "a": …, "b": …})`` is a model with known parameters.

    Attributes:
        model: ``bg_nbd``, ``mbg_nbd``, ``gamma_gamma`` or ``shifted_beta_geometric``.
        parameters: By name, in the order of the paper; empty if nothing was fitted.
        standard_errors: By name, on the scale of the parameter; None if the likelihood has no
            curvature. For a sampled model, the standard deviations of the posterior.
        log_likelihood: Natural logarithm, summed over the customers, in the units of the data;
            None if nothing was fitted.
        status: ``ok``, or what is wrong with the parameters.
        reason: The status in words; empty when ok.
        customers: How many the model was fitted to.
        intervals: By name, lower and upper end of the 95 % interval, if the status is ``ok``;
            for a sampled model, the credible interval.
    """

    model: str
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float | None] = field(default_factory=dict)
    log_likelihood: float | None = None
    status: Status = "ok"
    reason: str = ""
    customers: int = 0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether a forecast may use the parameters.

        At a bound the model is its own limit (for example, all customers drop out with the same
        probability). That is its closest fit to the data, and better than a rate without dropout.
        The status says so.
        """
        return self.status in ("ok", "at_bound")


@dataclass(frozen=True)
class Sampling:
    """How a model is sampled if it is not fitted by maximum likelihood.

    Attributes:
        draws: Draws of each of the two chains, after as many to tune them.
        seed: The same seed gives the same fit.
    """

    draws: int = 1_000
    seed: int = 0


def too_small(customers: float, repeaters: float) -> tuple[Status, str] | None:
    """Status and reason if there are too few customers; None if there are enough.

    Args:
        customers: All of them.
        repeaters: Those with a repeat purchase.
    """
    if customers < LEAST_CUSTOMERS:
        return (
            "too_few_customers",
            f"{customers:g} customers; a fit needs {LEAST_CUSTOMERS} or more",
        )
    if repeaters < LEAST_REPEATERS:
        return (
            "too_few_repeaters",
            f"{repeaters:g} customers bought again; a fit needs {LEAST_REPEATERS} or more",
        )
    return None
