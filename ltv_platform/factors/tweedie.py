"""A Tweedie regression with log link on counted patterns, and its sandwich covariance.

The variance of a customer's revenue is taken as proportional to mean^power (Smyth & Jørgensen,
Fitting Tweedie's compound Poisson model to insurance claims data, ASTIN Bulletin 32, 2002): with a
power between 1 and 2, many customers bring nothing and a few bring a lot. The coefficients need
only sums per pattern of levels; the sandwich (White, A heteroskedasticity-consistent covariance
matrix estimator, Econometrica 48, 1980) also needs sums of squares. With n customers of a pattern,
sum y and sum of squares s of their values, mean m and power p:

* score: x (y - n m) m^(1 - p)
* information, observed: x x' ((2 - p) n m^(2 - p) + (p - 1) y m^(1 - p))
* outer products of the customers' scores: x x' (s - 2 m y + n m^2) m^(2 - 2p)

No design matrix is made: as every row has one level of each factor, x x' weighted and summed is the
cross table of each pair of factors. So a million patterns take seconds and little memory.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]

#: Between the Poisson (1) and the gamma (2); the estimates hardly depend on it.
POWER = 1.5
#: The error is about the square of the last step.
_LAST_STEP = 1e-9
#: The objective is concave, so ten steps are plenty; without a maximum it never converges.
_MOST_STEPS = 50
_MOST_HALVINGS = 30


@dataclass(frozen=True)
class Patterns:
    """Customers counted by their levels.

    Attributes:
        codes: Per factor: the column of each pattern's level, from 1; 0 for the base, which has
            none.
        widths: Columns per factor.
        customers: Customers per pattern, at least 1.
        revenue: Sum of their values, none below 0.
        squares: Sum of the squares of their values.
    """

    codes: "tuple[Integers, ...]"
    widths: tuple[int, ...]
    customers: "Floats"
    revenue: "Floats"
    squares: "Floats"

    @property
    def columns(self) -> int:
        """Coefficients, the intercept included."""
        return 1 + sum(self.widths)

    def columns_of(self, factor: int) -> slice:
        """The positions of a factor's coefficients."""
        start = 1 + sum(self.widths[:factor])
        return slice(start, start + self.widths[factor])


@dataclass(frozen=True)
class Regression:
    """A fitted model.

    Attributes:
        coefficients: Logarithms; the intercept, then the columns of each factor.
        sandwich: Their covariance under any variance, HC1: n / (n - columns) × HC0.
        pooled: Their covariance under the variance of the model. Its dispersion is that of the
            scores of all customers; Pearson's is dominated by customers with almost no revenue.
        steps: Steps of Newton's method.
    """

    coefficients: "Floats"
    sandwich: "Floats"
    pooled: "Floats"
    steps: int


def fit_tweedie(patterns: Patterns, power: float = POWER) -> Regression | None:
    """Fit by Newton's method with step halving.

    For powers from 1 to 2 the observed information is positive, so that there is one maximum.

    Args:
        patterns: What to fit; each column needs some revenue, more customers than columns.
        power: The power of the variance, between 1 and 2, both excluded.

    Returns:
        The fit; None if there is no maximum, because columns are collinear or lack revenue.
    """
    import numpy as np  # noqa: PLC0415 - definitions are loaded without it

    customers, revenue = patterns.customers, patterns.revenue
    coefficients = np.zeros(patterns.columns)
    coefficients[0] = np.log(revenue.sum() / customers.sum())
    mean = _means(patterns, coefficients)
    reached = _objective(patterns, mean, power)
    for steps in range(1, _MOST_STEPS + 1):
        information = _information(patterns, mean, power)
        score = margins(patterns, (revenue - customers * mean) * mean ** (1 - power))
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return None
        for _ in range(_MOST_HALVINGS):
            mean = _means(patterns, coefficients + step)
            objective = _objective(patterns, mean, power)
            # Near the maximum a step changes less than the sum's last digit.
            if objective >= reached - 1e-12 * abs(reached):
                break
            step = step / 2
        else:
            return None
        coefficients, reached = coefficients + step, objective
        if np.abs(step).max() <= _LAST_STEP:
            return Regression(coefficients, *_covariances(patterns, mean, power), steps)
    return None


def cross_tables(patterns: Patterns, weights: "Floats") -> "Floats":
    """Sum of weight × x x' over the patterns, columns × columns."""
    import numpy as np  # noqa: PLC0415

    table = np.zeros((patterns.columns, patterns.columns))
    table[0] = margins(patterns, weights)
    for factor, (codes, width) in enumerate(zip(patterns.codes, patterns.widths, strict=True)):
        rows = patterns.columns_of(factor)
        np.fill_diagonal(table[rows, rows], table[0, rows])
        for other in range(factor):
            across = patterns.widths[other] + 1
            both = np.bincount(
                codes * across + patterns.codes[other], weights, (width + 1) * across
            )
            table[patterns.columns_of(other), rows] = both.reshape(width + 1, across)[1:, 1:].T
    upper: Floats = np.triu(table)
    return upper + np.triu(table, 1).T


def margins(patterns: Patterns, weights: "Floats") -> "Floats":
    """Sum of weight × x over the patterns, per column."""
    import numpy as np  # noqa: PLC0415

    pairs = zip(patterns.codes, patterns.widths, strict=True)
    sums = [np.bincount(codes, weights, width + 1)[1:] for codes, width in pairs]
    return np.concatenate([[weights.sum()], *sums])


def _means(patterns: Patterns, coefficients: "Floats") -> "Floats":
    """Expected value of a customer of each pattern."""
    import numpy as np  # noqa: PLC0415

    logarithm = np.full(len(patterns.customers), coefficients[0])
    for factor, codes in enumerate(patterns.codes):
        logarithm += np.concatenate([[0.0], coefficients[patterns.columns_of(factor)]])[codes]
    # Too long a step overflows: its objective is not a number, and the step is halved.
    with np.errstate(over="ignore", under="ignore"):
        mean: Floats = np.exp(logarithm)
    return mean


def _objective(patterns: Patterns, mean: "Floats", power: float) -> float:
    """The quasi-likelihood without the terms that do not depend on the means."""
    import numpy as np  # noqa: PLC0415

    with np.errstate(all="ignore"):
        parts = patterns.revenue * mean ** (1 - power) / (1 - power)
        parts -= patterns.customers * mean ** (2 - power) / (2 - power)
        return float(parts.sum())


def _information(patterns: Patterns, mean: "Floats", power: float) -> "Floats":
    return cross_tables(
        patterns,
        (2 - power) * patterns.customers * mean ** (2 - power)
        + (power - 1) * patterns.revenue * mean ** (1 - power),
    )


def _covariances(patterns: Patterns, mean: "Floats", power: float) -> "tuple[Floats, Floats]":
    """The sandwich and the pooled one."""
    import numpy as np  # noqa: PLC0415

    free = patterns.customers.sum() - patterns.columns
    spread = patterns.squares - 2 * mean * patterns.revenue + patterns.customers * mean**2
    spread = np.maximum(spread, 0)
    outer = cross_tables(patterns, spread * mean ** (2 - 2 * power))
    bread = np.linalg.inv(_information(patterns, mean, power))
    expected = cross_tables(patterns, patterns.customers * mean ** (2 - power))
    correction = patterns.customers.sum() / free
    dispersion = outer[0, 0] / expected[0, 0]
    return (
        correction * bread @ outer @ bread,
        correction * dispersion * np.linalg.inv(expected),
    )
