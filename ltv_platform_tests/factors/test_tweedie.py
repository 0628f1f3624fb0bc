"""The regression on sums per pattern against statsmodels on single customers."""

import numpy as np
import pytest

from ltv_platform.factors.tweedie import Patterns, cross_tables, fit_tweedie, margins


def _customers(seed: int, many: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Levels by factor, and values: many bring nothing, few very much."""
    chance = np.random.default_rng(seed)
    codes = [chance.integers(0, size, many) for size in (2, 4, 3)]
    effect = 0.5 * codes[0] - 0.2 * codes[1] + 0.1 * codes[2]
    values = (chance.random(many) < 0.3) * np.exp(3 + effect + 1.2 * chance.normal(size=many))
    return codes, np.round(values, 2)


def _counted(codes: list[np.ndarray], values: np.ndarray) -> Patterns:
    """Equal patterns are one."""
    patterns, place = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    size = len(patterns)
    return Patterns(
        tuple(patterns[:, factor] for factor in range(patterns.shape[1])),
        tuple(int(column.max()) for column in codes),
        np.bincount(place, minlength=size).astype(np.float64),
        np.bincount(place, values, size).astype(np.float64),
        np.bincount(place, values**2, size).astype(np.float64),
    )


def _design(patterns: Patterns) -> np.ndarray:
    columns = [np.ones(len(patterns.customers))]
    for codes, width in zip(patterns.codes, patterns.widths, strict=True):
        columns += [(codes == level).astype(float) for level in range(1, width + 1)]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("power", [1.2, 1.5, 1.8])
def test_sums_per_pattern_give_the_fit_of_single_customers(power: float) -> None:
    """Coefficients and sandwich equal those of statsmodels without grouping to 1e-8.

    HC1 is n / (n - columns) × HC0; statsmodels gives HC0 of a GLM for either name.
    """
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    codes, values = _customers(seed=1, many=600)
    single = Patterns(tuple(codes), (1, 3, 2), np.ones(600), values, values**2)
    family = families.Tweedie(link=families.links.Log(), var_power=power)
    theirs = GLM(values, _design(single), family).fit(maxiter=200, tol=1e-13, cov_type="HC0")
    grouped = _counted(codes, values)
    assert len(grouped.customers) == 24
    for patterns in (single, grouped):
        ours = fit_tweedie(patterns, power)
        assert ours is not None
        assert ours.steps < 10
        assert ours.coefficients == pytest.approx(theirs.params, rel=1e-8)
        assert ours.sandwich == pytest.approx(600 / 593 * theirs.cov_params(), rel=1e-8, abs=1e-12)


def test_cross_tables_are_those_of_the_design() -> None:
    """Sum of weight x x', without the design matrix."""
    codes, values = _customers(seed=2, many=200)
    patterns = _counted(codes, values)
    design = _design(patterns)
    weights = np.random.default_rng(3).random(len(patterns.customers))
    assert cross_tables(patterns, weights) == pytest.approx(design.T * weights @ design, rel=1e-12)
    assert margins(patterns, weights) == pytest.approx(design.T @ weights, rel=1e-12)


def test_without_a_maximum_there_is_no_fit() -> None:
    """A column without revenue, or two that say the same: None, and no number."""
    codes, values = _customers(seed=4, many=300)
    without = _counted(codes, np.where(codes[0] == 1, 0.0, values))
    assert fit_tweedie(without) is None
    assert fit_tweedie(_counted([codes[1], codes[1]], values)) is None


def test_the_unit_of_money_changes_the_intercept_only() -> None:
    """With a log link, millions and millionths give the same coefficients."""
    codes, values = _customers(seed=5, many=400)
    plain = fit_tweedie(_counted(codes, values))
    assert plain is not None
    for unit in (1e-6, 1e9):
        other = fit_tweedie(_counted(codes, values * unit))
        assert other is not None
        assert other.coefficients[1:] == pytest.approx(plain.coefficients[1:], rel=1e-9)
        assert other.sandwich == pytest.approx(plain.sandwich, rel=1e-7, abs=1e-12)
