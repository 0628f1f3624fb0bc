"""Which levels the model can judge, and what it says about them.

A level gets a coefficient if it has enough customers and payers and does not repeat a level of
an earlier factor. Every other level gets the reason why it has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ltv_platform.factors.collinearity import separable_levels
from ltv_platform.factors.tweedie import Patterns, fit_tweedie, margins

if TYPE_CHECKING:
    from ltv_platform.factors.tweedie import Floats, Integers, Regression

#: Least customers of a model: the sandwich is an asymptotic estimate.
MIN_CUSTOMERS = 100
#: Customers with revenue per coefficient, of all and of each level (Peduzzi et al., A simulation
#: study of the number of events per variable, J. Clin. Epidemiol. 49, 1996).
MIN_PAYERS = 10
#: Most levels of a factor that get a coefficient: the most frequent ones.
MOST_LEVELS = 30
#: Of an interval of 95 %.
_UPPER = 0.975

#: Factor and name of a level.
Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class LevelCount:
    """How many customers have a level, and how many of them brought revenue."""

    customers: int
    payers: int


@dataclass(frozen=True)
class Verdict:
    """What the model says about a level.

    Attributes:
        status: ok, or why there is no multiplier.
        reason: The same in a sentence; None: ok.
        multiplier: Mean of the level over that of the factor's average customer, all other factors
            held equal.
        lower: Lower end of its 95 % interval.
        upper: Upper end.
        p_value: Of a multiplier of 1, two-sided.
    """

    status: str
    reason: str | None = None
    multiplier: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Choice:
    """The levels of each factor with their own coefficient, and verdicts on the others.

    Attributes:
        own: Names per factor, the most frequent first; factors with fewer than two levels to
            compare are absent.
        verdicts: Of the levels that are pooled or alone.
        coefficients: Coefficients that these make, the intercept and the pools included.
    """

    own: Mapping[str, Sequence[str]]
    verdicts: Mapping[Key, Verdict]
    coefficients: int


@dataclass(frozen=True)
class Counted:
    """Customers counted by their levels, one element per pattern of these.

    Attributes:
        codes: Per factor of a choice: index of the level among its own, or their number for a
            pooled level.
        customers: Customers.
        payers: Those of them with revenue.
        revenue: Sum of their values, none below 0.
        squares: Sum of the squares of their values.
    """

    codes: "Mapping[str, Integers]"
    customers: "Floats"
    payers: "Floats"
    revenue: "Floats"
    squares: "Floats"


def choose_levels(
    factors: Sequence[str], levels: Mapping[Key, LevelCount], min_customers: int
) -> Choice:
    """Choose, by counts alone, the levels that get their own coefficient.

    Args:
        factors: Factors of the model.
        levels: All their levels.
        min_customers: Least customers of a level with a coefficient.
    """
    own: dict[str, list[str]] = {}
    verdicts: dict[Key, Verdict] = {}
    coefficients = 1
    for factor in factors:
        of_factor = {name: count for (of, name), count in levels.items() if of == factor}
        by_size = sorted(of_factor, key=lambda name: (-of_factor[name].customers, name))
        if len(by_size) == 1:
            reason = "All customers have this level: there is nothing to compare it with."
            verdicts[factor, by_size[0]] = Verdict("one_level", reason)
            continue
        large = [
            name
            for name in by_size
            if of_factor[name].customers >= min_customers and of_factor[name].payers >= MIN_PAYERS
        ]
        named = large[:MOST_LEVELS]
        for name in by_size:
            if name not in named:
                verdicts[factor, name] = Verdict(
                    "pooled", _why_pooled(of_factor[name], min_customers)
                )
        compared = len(named) + (len(named) < len(by_size))
        if named and compared > 1:
            own[factor] = named
            coefficients += compared - 1
    return Choice(own, verdicts, coefficients)


def judge(choice: Choice, counted: Counted) -> dict[Key, Verdict]:
    """Fit the model and read its multipliers.

    Customers of a pool, or of a level, with fewer than :data:`MIN_PAYERS` payers are left out:
    their coefficient would be minus infinity, or chance.

    Args:
        choice: Which levels have their own coefficient.
        counted: The customers by these levels.

    Returns:
        A verdict on each level of the choice.
    """
    import numpy as np  # noqa: PLC0415 - definitions are loaded without it

    sizes = {factor: len(names) + 1 for factor, names in choice.own.items()}
    kept = np.full(len(counted.customers), fill_value=True)
    lost = True
    while lost:
        lost = False
        for factor, codes in counted.codes.items():
            per_level = np.bincount(codes[kept], counted.payers[kept], sizes[factor])
            sparse = kept & (per_level[codes] < MIN_PAYERS)
            lost = lost or bool(sparse.any())
            kept &= ~sparse
    every = Patterns(
        tuple(counted.codes[factor][kept] + 1 for factor in sizes),
        tuple(sizes.values()),
        counted.customers[kept],
        counted.revenue[kept],
        counted.squares[kept],
    )
    separable = separable_levels(every)
    patterns = Patterns(
        tuple(
            _columns(each.levels, size)[code]
            for each, size, code in zip(separable, every.widths, every.codes, strict=True)
        ),
        tuple(max(len(each.levels) - 1, 0) for each in separable),
        every.customers,
        every.revenue,
        every.squares,
    )
    if verdict := too_few(
        int(every.customers.sum()), int(counted.payers[kept].sum()), patterns.columns
    ):
        return dict.fromkeys(_keys(choice), verdict)
    regression = fit_tweedie(patterns)
    if regression is None:
        reason = "The model did not converge: a few customers account for too much of the revenue."
        return dict.fromkeys(_keys(choice), Verdict("not_converged", reason))
    verdicts = {}
    present = margins(every, every.customers)
    paying = margins(every, counted.payers[kept])
    for index, factor in enumerate(sizes):
        of_factor = present[every.columns_of(index)]
        payers = paying[every.columns_of(index)]
        levels = separable[index].levels
        carried = [
            [
                (later, present[every.columns_of(later)][each.levels])
                for later, each in enumerate(separable)
                if (index, level) in each.same_as.values()
            ]
            for level in levels
        ]
        people = _People(of_factor[levels], payers[levels], carried)
        estimates = _multipliers(regression, patterns, index, people)
        found = dict(zip(levels, estimates, strict=True))
        for number, name in enumerate(choice.own[factor]):
            if number in found:
                verdicts[factor, name] = found[number]
            elif of_factor[number]:
                verdicts[factor, name] = _collinear(levels)
            else:
                reason = (
                    "After removing customers of levels that are too small, fewer than "
                    f"{MIN_PAYERS} of its payers remain."
                )
                verdicts[factor, name] = Verdict("pooled", reason)
    return verdicts


def too_few(customers: int, payers: int, coefficients: int) -> Verdict | None:
    """The verdict on every level if a model is impossible; None if it may be possible."""
    if customers < MIN_CUSTOMERS:
        return Verdict(
            "too_few_customers",
            f"The model needs {MIN_CUSTOMERS} customers of 180 days or more in large enough "
            f"levels; there are {customers}.",
        )
    if payers < MIN_PAYERS * coefficients:
        return Verdict(
            "too_few_customers",
            f"For {coefficients} coefficients the model needs {MIN_PAYERS * coefficients} "
            f"customers with revenue; there are {payers}.",
        )
    return None


def _why_pooled(count: LevelCount, min_customers: int) -> str:
    if count.customers < min_customers:
        return f"{count.customers} customers, {min_customers} are needed: pooled into (other)."
    if count.payers < MIN_PAYERS:
        return (
            f"{count.payers} customers with revenue, {MIN_PAYERS} are needed: pooled into (other)."
        )
    return f"Not one of the {MOST_LEVELS} most frequent levels: pooled into (other)."


def _collinear(separable: Sequence[int]) -> Verdict:
    if separable:
        reason = "Nearly the same customers as a level of an earlier factor, which represents it."
    else:
        reason = "Implied by the earlier factors, which represent it."
    return Verdict("collinear", reason)


def _keys(choice: Choice) -> list[Key]:
    return [(factor, name) for factor, names in choice.own.items() for name in names]


def _columns(levels: Sequence[int], size: int) -> "Integers":
    """Column by code from 1: the first level is the base, which includes levels left out."""
    import numpy as np  # noqa: PLC0415

    columns = np.zeros(size + 1, dtype=np.int64)
    for column, level in enumerate(levels):
        columns[level + 1] = column
    return columns


@dataclass(frozen=True)
class _People:
    """Customers of the separate levels of a factor.

    Attributes:
        customers: Customers per level.
        payers: Those of them with revenue, at least 2.
        carried: Per level: index of each later factor with a level of the same customers, and the
            customers of that factor's own levels.
    """

    customers: "Floats"
    payers: "Floats"
    carried: "Sequence[Sequence[tuple[int, Floats]]]"


def _multipliers(
    regression: "Regression",
    patterns: Patterns,
    factor: int,
    people: "_People",
) -> list[Verdict]:
    """Multipliers of the levels of a factor, the base first.

    With coefficients b (0 for the base) and shares w of the customers, that of level j is
    exp(b_j) / sum_k w_k exp(b_k): in a model of one factor, the level's mean over the mean of all.
    The interval is symmetric on the log scale, its error by the delta method. It is the larger of
    the sandwich's and the pooled one (Angrist & Pischke, Mostly Harmless Econometrics, 2009,
    section 8.1): with a few dozen customers and no big spender, the sandwich misses most of the
    variance and would treat a low mean as certain. Student's distribution replaces the normal one,
    with the degrees of freedom of Welch (Biometrika 34, 1947) for means over the payers of each
    level.

    A level of a later factor that the same customers have (nobody without an age has an income) has
    no coefficient, so its customers are in that factor's base, whichever it is, and the earlier
    level's coefficient makes up for it. This is corrected: these customers count as the average of
    the customers whose later factor is known, log(sum_k w_k exp(b_k)) over its own levels, so that
    nothing depends on how these are grouped.

    Args:
        regression: The fit.
        patterns: What was fitted.
        factor: Index of the factor.
        people: Customers of its levels.
    """
    import numpy as np  # noqa: PLC0415
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415

    customers, payers = people.customers, people.payers
    if not len(customers):
        return []
    # Logarithms of the levels, and their derivatives by all coefficients.
    effects, by_coefficient = _effects(regression, patterns, factor)
    for level, factors in enumerate(people.carried):
        for later, known in factors:
            others, by_others = _effects(regression, patterns, later)
            shares = known * np.exp(others - others.max())
            effects[level] -= np.log(shares.sum() / known.sum()) + others.max()
            by_coefficient[level] -= shares / shares.sum() @ by_others
    weights = customers * np.exp(effects - effects.max())
    logarithms = effects - np.log(weights.sum() / customers.sum()) - effects.max()
    gradient = np.eye(len(customers)) - weights / weights.sum()
    by_all = gradient @ by_coefficient
    variances = [
        np.diag(by_all @ covariance @ by_all.T)
        for covariance in (regression.sandwich, regression.pooled)
    ]
    errors = np.sqrt(np.maximum(np.maximum(*variances), 0))
    parts = gradient**2 / payers
    freedom = parts.sum(axis=1) ** 2 / (parts**2 / (payers - 1)).sum(axis=1)
    half = stdtrit(freedom, _UPPER) * errors
    # Without any variance, a difference from 0 is certain.
    distance = np.where(logarithms == 0, 0, np.inf)
    np.divide(np.abs(logarithms), errors, out=distance, where=errors > 0)
    chances = 2 * stdtr(freedom, -distance)
    columns_of_verdict = (
        np.exp(logarithms),
        np.exp(logarithms - half),
        np.exp(logarithms + half),
        chances,
    )
    return [
        Verdict("ok", None, *numbers)
        for numbers in zip(*(column.tolist() for column in columns_of_verdict), strict=True)
    ]


def _effects(regression: "Regression", patterns: Patterns, factor: int) -> "tuple[Floats, Floats]":
    """Coefficients of the levels of a factor, the base first, and the index of each among all."""
    import numpy as np  # noqa: PLC0415

    columns = patterns.columns_of(factor)
    effects = np.concatenate([[0.0], regression.coefficients[columns]])
    which = np.zeros((len(effects), patterns.columns))
    which[1:, columns] = np.eye(len(effects) - 1)
    return effects, which
