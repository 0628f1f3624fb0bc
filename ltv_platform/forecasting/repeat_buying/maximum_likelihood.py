"""Maximum likelihood over positive parameters, with gradients; the same for every model.

The parameters are searched as logarithms, on data whose time and money have been scaled to about
one, by L-BFGS-B (Zhu, Byrd, Lu & Nocedal, ACM TOMS 23(4), 1997). A few Newton steps then put the
optimum where rounding, not the optimizer's patience, decides the last digits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from ltv_platform.forecasting.repeat_buying.fit import PARAMETER_INTERVAL, Fit, Status
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Log-likelihood per customer and its gradient, at logarithms of the parameters.
Objective = Callable[[Floats], tuple[float, Floats]]

#: Bounds of every scaled parameter. Beyond them a gamma or beta distribution is a point or
#: two, and the likelihood is flat: data that lead there do not identify the parameter.
LOWEST, HIGHEST = 1e-4, 1e4
#: Gradient per customer, by logarithms, at which a search has converged.
_FLAT = 1e-7
#: Gradient that counts as 0 if rounding allows no smaller one.
_NEARLY_FLAT = 1e-6
#: Steps for differences of the gradient: their error is about its square.
_STEP = 1e-4
#: Most Newton steps; one or two from where L-BFGS-B stops reach machine precision.
_POLISHING = 6
#: Log-likelihoods per customer that differ by no more belong to one optimum.
_AS_HIGH = 1e-9
#: Curvature per customer, by logarithms, that counts as zero: differences resolve no less, and even
#: a million customers would leave a factor of e^10 open.
_SINGULAR = 1e-8
#: Standard error of a logarithm above which the data do not determine the parameter: two of them
#: on either side are eight orders of magnitude, as many as there are between the bounds.
_UNDETERMINED = 5.0
#: The standard normal quantile of an interval of a logarithm.
_NORMAL = float(ndtri((1 + PARAMETER_INTERVAL) / 2))


@dataclass(frozen=True)
class Optimum:
    """Where the likelihood is highest.

    Attributes:
        parameters: On the scale of the data given to the objective.
        log_likelihood: Per customer.
        relative_errors: Standard error of each logarithm, for one customer (divide by the root of
            their number); None if the Hessian is singular.
        at_bound: Indices of the parameters that lie at a bound.
        converged: Whether the gradient is 0.
    """

    parameters: Floats
    log_likelihood: float
    relative_errors: Floats | None
    at_bound: tuple[int, ...]
    converged: bool

    def equals(self, other: "Optimum") -> bool:
        """Whether two searches ended at the same bound with equal likelihoods."""
        return (
            self.converged
            and other.converged
            and self.at_bound == other.at_bound
            and abs(self.log_likelihood - other.log_likelihood) <= _AS_HIGH
        )

    def fit(
        self,
        model: str,
        names: Sequence[str],
        scales: Sequence[float],
        customers: float,
        why_at_bound: Mapping[tuple[str, float], str],
    ) -> Fit:
        """The optimum in the units of the data, with its status; without a log-likelihood.

        Args:
            model: Its name.
            names: Of the parameters.
            scales: What each parameter is multiplied by to be in the units of the data.
            customers: How many were fitted to.
            why_at_bound: By (parameter, bound): what such data mean.
        """
        found = self.parameters * np.asarray(scales)
        errors: dict[str, float | None] = dict.fromkeys(names)
        if self.relative_errors is not None:
            spread = found * self.relative_errors / np.sqrt(customers)
            errors = dict(zip(names, spread.tolist(), strict=True))
        status: Status = "ok"
        reason = ""
        if not self.converged:
            status = "no_convergence"
            reason = "the likelihood has no optimum from any starting point"
        elif undetermined := self._undetermined(customers):
            status = "at_bound"
            reason = "; ".join(
                self._at_bound(index, names[index], why_at_bound) for index in undetermined
            )
        elif self.relative_errors is None:
            status = "no_convergence"
            reason = "the likelihood is flat at its maximum: the data do not determine it"
        intervals: dict[str, tuple[float, float]] = {}
        if status == "ok" and self.relative_errors is not None:
            factor = np.exp(_NORMAL * self.relative_errors / np.sqrt(customers))
            ends = zip((found / factor).tolist(), (found * factor).tolist(), strict=True)
            intervals = dict(zip(names, ends, strict=True))
        return Fit(
            model,
            dict(zip(names, found.tolist(), strict=True)),
            errors,
            None,
            status,
            reason,
            round(customers),
            intervals,
        )

    def _undetermined(self, customers: float) -> tuple[int, ...]:
        """Indices of the parameters at a bound, or along which the likelihood is flat."""
        flat: tuple[int, ...] = ()
        if self.relative_errors is not None:
            errors = self.relative_errors / np.sqrt(customers)
            flat = tuple(np.flatnonzero(errors > _UNDETERMINED).tolist())
        return tuple(sorted({*self.at_bound, *flat}))

    def _at_bound(self, index: int, name: str, why: Mapping[tuple[str, float], str]) -> str:
        bound = LOWEST if self.parameters[index] < 1 else HIGHEST
        unknown = "the data do not determine its value"
        return f"{name} is at its bound: {why.get((name, bound), unknown)}"


def maximize(objective: Objective, starts: Sequence[Sequence[float]]) -> Optimum:
    """The first optimum that a start leads to; the best point found if none does.

    If two starts lead to the same bound, the bound counts as the optimum.

    Args:
        objective: Log-likelihood per customer with its gradient.
        starts: Parameters to begin at, likely ones first.
    """
    found: list[Optimum] = []
    # Handing a matrix of four parameters to threads takes many times longer than it saves.
    with threadpool_limits(limits=1, user_api="blas"):
        for start in starts:
            optimum = _from(objective, np.log(np.asarray(start, np.float64)))
            if optimum.converged and not optimum.at_bound:
                return optimum
            if any(optimum.equals(other) for other in found):
                return optimum
            found.append(optimum)
    return max(found, key=lambda optimum: (optimum.converged, optimum.log_likelihood))


def _from(objective: Objective, start: Floats) -> Optimum:
    def negative(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective(point)
        return -value, -gradient

    low, high = np.log(LOWEST), np.log(HIGHEST)
    result = minimize(
        negative,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(low, high)] * len(start),
        options={"maxiter": 1_000, "ftol": 0.0, "gtol": _FLAT, "maxcor": 20},
    )
    point = np.asarray(result.x, np.float64)
    value, gradient = -float(result.fun), -np.asarray(result.jac, np.float64)
    at_bound = tuple(
        number for number, log in enumerate(point) if log - low < _STEP or high - log < _STEP
    )
    if at_bound:
        flat = bool(np.all(np.abs(np.delete(gradient, at_bound)) <= _NEARLY_FLAT))
        return Optimum(np.exp(point), value, None, at_bound, flat)
    hessian = _hessian(objective, point)
    if np.linalg.eigvalsh(-hessian)[0] <= _SINGULAR:
        flat = bool(np.all(np.abs(gradient) <= _NEARLY_FLAT))
        return Optimum(np.exp(point), value, None, (), flat)
    beyond: tuple[int, ...] = ()
    for _ in range(_POLISHING):
        nearer = point + np.linalg.solve(-hessian, gradient)
        # On a nearly flat ridge steps have no limit, and likelihoods overflow.
        if np.any((nearer < low) | (nearer > high)):
            beyond = tuple(np.flatnonzero((nearer < low) | (nearer > high)).tolist())
            break
        new_value, new_gradient = objective(nearer)
        if np.max(np.abs(new_gradient)) >= np.max(np.abs(gradient)):
            break
        point, value, gradient = nearer, new_value, new_gradient
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    flat = bool(np.all(np.abs(gradient) <= _NEARLY_FLAT))
    return Optimum(np.exp(point), value, errors, beyond, flat)


def _hessian(objective: Objective, point: Floats) -> Floats:
    """Second derivatives by central differences of the gradient, symmetric."""
    rows = []
    for number in range(len(point)):
        step = np.zeros_like(point)
        step[number] = _STEP
        rows.append((objective(point + step)[1] - objective(point - step)[1]) / (2 * _STEP))
    hessian = np.array(rows)
    symmetric: Floats = (hessian + hessian.T) / 2
    return symmetric
