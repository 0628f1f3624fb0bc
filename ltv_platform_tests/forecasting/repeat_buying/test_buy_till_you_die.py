"""BG/NBD and MBG/NBD on planted customers, in edge cases, and against other formulas."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import beta, hyp2f1

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    _Objective,
    expected_purchases,
    fit_bg_nbd,
    fit_mbg_nbd,
    log_likelihood,
    probability_alive,
)
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Histories, histories
from ltv_platform.forecasting.repeat_buying.maximum_likelihood import HIGHEST, LOWEST
from ltv_platform_tests.forecasting.repeat_buying.customers import PLANTED, planted
from ltv_platform_tests.forecasting.repeat_buying.distributions import expected_purchases_new

MODELS = ("bg_nbd", "mbg_nbd")
FITS: dict[str, Callable[[Histories], Fit]] = {"bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd}
#: From a newcomer to somebody who buys daily.
SOME = histories(
    [0, 0, 1, 3, 10, 40, 200], [0, 0, 30, 100, 200, 300, 295], [5, 300, 60, 120, 250, 310, 300]
)

#: x, t_x, T, customers.
GROUPS = (
    (0, 0, 200, 900),
    (0, 0, 300, 700),
    (1, 10, 200, 120),
    (1, 60, 300, 110),
    (1, 150, 200, 60),
    (2, 40, 300, 70),
    (2, 180, 200, 50),
    (3, 90, 200, 40),
    (3, 280, 300, 35),
    (5, 60, 300, 20),
    (5, 190, 200, 25),
    (9, 250, 300, 20),
    (15, 195, 200, 10),
)
#: What lifetimes makes of them; its optimizer stops at a gradient of 1e-7.
LIFETIMES = {"r": 0.11293487, "alpha": 17.16865568, "a": 0.89819268, "b": 1.39600629}
LIFETIMES_EXPECTED = [0.03026442993, 0.03671652961, 4.973214984]


@pytest.mark.parametrize("model", MODELS)
def test_planted_parameters_are_found(model: str) -> None:
    """A fit lies within three standard errors of the truth, and these are small."""
    fit = FITS[model](planted(model, 30_000, seed=11).histories)
    assert fit.status == "ok"
    for name, truth in PLANTED.items():
        error = fit.standard_errors[name]
        assert error is not None
        assert abs(fit.parameters[name] - truth) < 3 * error
        assert error < 0.15 * truth


@pytest.mark.parametrize("model", MODELS)
def test_gradient_equals_differences(model: str) -> None:
    """The analytic gradient is that of the value, near the optimum and far from it."""
    objective = _Objective(model, planted(model, 500, seed=3).histories.grouped(), 300.0)
    for place in ([-1.4, -1.2, -0.2, 0.9], [1.0, 2.0, -3.0, 2.0], [-4.0, -5.0, 3.0, -4.0]):
        at = np.array(place)
        numeric = approx_fprime(at, lambda place: objective(place)[0], 1e-7)
        np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_objective_is_the_log_likelihood(model: str) -> None:
    """What is maximized is the public log-likelihood, per customer and on scaled time."""
    grouped = planted(model, 500, seed=3).histories.grouped()
    scale = 300.0
    value, _ = _Objective(model, grouped, scale)(
        np.log([PLANTED["r"], PLANTED["alpha"] / scale, PLANTED["a"], PLANTED["b"]])
    )
    each = log_likelihood(model, PLANTED, grouped) + grouped.frequency * np.log(scale)
    assert value * grouped.total == pytest.approx((grouped.customers * each).sum(), rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_days_and_weeks_agree(model: str) -> None:
    """Only alpha is a time: weeks give a seventh of it and the same forecast."""
    days = planted(model, 3_000, seed=5).histories
    weeks = histories(days.frequency, days.recency / 7, days.age / 7)
    by_day, by_week = FITS[model](days), FITS[model](weeks)
    for name, value in by_day.parameters.items():
        factor = 7 if name == "alpha" else 1
        assert by_week.parameters[name] * factor == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(
        expected_purchases(by_week, weeks, 10), expected_purchases(by_day, days, 70), rtol=1e-9
    )


@pytest.mark.parametrize("model", MODELS)
def test_order_and_grouping_change_no_bit(model: str) -> None:
    """Customers in whole days, one by one, shuffled or grouped: one fit."""
    seen = planted(model, 3_000, seed=6).histories
    days = histories(seen.frequency, np.ceil(seen.recency), seen.age)
    order = np.random.default_rng(1).permutation(len(days))
    shuffled = histories(days.frequency[order], days.recency[order], days.age[order])
    grouped = days.grouped()
    assert len(grouped) < len(days)
    assert FITS[model](days) == FITS[model](shuffled) == FITS[model](grouped)


def test_lifetimes_finds_the_same() -> None:
    """Frozen figures of BetaGeoFitter of lifetimes 0.11.3 (with scipy 1.13.1, pandas 2.1.4)."""
    fit = fit_bg_nbd(histories(*np.array(GROUPS, float).T))
    assert fit.parameters == pytest.approx(LIFETIMES, rel=1e-5)
    some = histories([0, 2, 15], [0, 40, 195], [300, 300, 200])
    np.testing.assert_allclose(expected_purchases(fit, some, 90), LIFETIMES_EXPECTED, rtol=1e-5)


@pytest.mark.parametrize("horizon", [1, 30, 365])
def test_closed_form_agrees_where_it_is_stable(horizon: float) -> None:
    """Fader, Hardie & Lee (2005), equation 10."""
    r, alpha, a, b = PLANTED.values()
    some = histories([0, 1, 3, 10], [0, 30, 100, 200], [50, 60, 120, 250])
    x, age = some.frequency, some.age
    part = horizon / (alpha + age + horizon)
    closed = (a + b + x - 1) / (a - 1)
    closed *= 1 - (1 - part) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, part)
    fit = Fit("bg_nbd", PLANTED)
    closed *= probability_alive(fit, some)
    np.testing.assert_allclose(expected_purchases(fit, some, horizon), closed, rtol=1e-8)


def test_new_customers_by_the_closed_form() -> None:
    """Fader, Hardie & Lee (2005), equation 9; 0 at the first purchase."""
    r, alpha, a, b = PLANTED.values()
    times = np.array([0.0, 7, 100, 365, 7])
    closed = (a + b - 1) / (a - 1)
    closed *= 1 - (alpha / (alpha + times)) ** r * hyp2f1(r, b, a + b - 1, times / (alpha + times))
    found = expected_purchases_new(Fit("bg_nbd", PLANTED), times)
    np.testing.assert_allclose(found, closed, rtol=1e-9, atol=1e-12)


def test_probability_alive() -> None:
    """Under BG/NBD everybody who bought once is alive, under MBG/NBD not; by the formulas."""
    r, alpha, a, b = PLANTED.values()
    bg = probability_alive(Fit("bg_nbd", PLANTED), SOME)
    mbg = probability_alive(Fit("mbg_nbd", PLANTED), SOME)
    assert bg[:2].tolist() == [1.0, 1.0]
    old = 1 / (1 + a / b * ((alpha + 300) / alpha) ** r)
    assert mbg[1] == pytest.approx(old, rel=1e-12)
    repeated = 1 / (1 + a / (b + 2) * ((alpha + 120) / (alpha + 100)) ** (r + 3))
    assert bg[3] == pytest.approx(repeated, rel=1e-12)


def test_log_likelihood_spelt_out() -> None:
    """Fader, Hardie & Lee (2005), equation 6, for x = 0 and x = 3."""
    r, alpha, a, b = PLANTED.values()
    value = log_likelihood("bg_nbd", PLANTED, SOME)
    assert value[1] == pytest.approx(r * np.log(alpha / (alpha + 300)), rel=1e-12)
    rising = r * (r + 1) * (r + 2) * alpha**r
    stays = beta(a, b + 3) / beta(a, b) * (alpha + 120) ** -(r + 3)
    leaves = beta(a + 1, b + 2) / beta(a, b) * (alpha + 100) ** -(r + 3)
    assert value[3] == pytest.approx(np.log(rising * (stays + leaves)), rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_expected_purchases_follow_what_happens(model: str) -> None:
    """Total and every decile of customers who did what the model says; 0 at horizon 0."""
    seen = planted(model, 40_000, seed=12, horizon=180)
    fit = Fit(model, PLANTED)
    expected = expected_purchases(fit, seen.histories, 180)
    order = np.argsort(expected, kind="stable")
    for part in np.array_split(order, 10):
        error = seen.purchases[part].std() / np.sqrt(len(part))
        assert abs(expected[part].mean() - seen.purchases[part].mean()) < 3.5 * error
    assert not expected_purchases(fit, seen.histories, 0).any()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (([0] * 200, [0] * 200, [100] * 200), "too_few_repeaters"),
        (([1] * 10, [1] * 10, [5] * 10), "too_few_customers"),
        (([], [], []), "too_few_customers"),
        (([3] * 200, [20] * 200, [30] * 200), "at_bound"),
    ],
)
def test_degenerate_histories_have_a_status(
    model: str, data: tuple[list[float], list[float], list[float]], status: str
) -> None:
    """Guards: never a silent number."""
    fit = FITS[model](histories(*data))
    assert fit.status == status
    assert fit.reason


@pytest.mark.parametrize("model", MODELS)
def test_no_dropout_at_all_is_at_the_bound(model: str) -> None:
    """Customers who buy on and on: a is at its bound, with the reason in words."""
    random = np.random.default_rng(3)
    age = random.integers(100, 400, 1_000).astype(float)
    frequency = random.poisson(random.gamma(0.8, 1 / 30, 1_000) * age)
    recency = age * random.random(1_000) ** (1 / np.maximum(frequency, 1))
    fit = FITS[model](histories(frequency, np.where(frequency > 0, recency, 0), age))
    assert fit.status == "at_bound"
    assert "a is at its bound: nobody seems to drop out" in fit.reason
    assert set(fit.standard_errors.values()) == {None}


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [([1], [3], [2]), ([0], [1], [2]), ([1], [0], [2]), ([-1], [0], [2]), ([0], [0], [np.nan])],
)
def test_impossible_histories_are_refused(
    frequency: list[float], recency: list[float], age: list[float]
) -> None:
    """0 ≤ t_x ≤ T, and time between purchases exactly where there are several."""
    with pytest.raises(ValueError, match="must"):
        histories(frequency, recency, age)


def _once_or_twice(seed: int) -> Histories:
    """3,000 customers of a shop; after each purchase four in five are gone, each alike."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(3_000):
        age, rate = random.uniform(30, 280), random.gamma(1.0, 0.05)
        frequency, last = 0, 0.0
        while random.random() >= 0.8:
            now = last + random.exponential(1 / rate)
            if now > age:
                break
            frequency, last = frequency + 1, now
        rows.append((frequency, last, age))
    return histories(*zip(*rows, strict=True))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_what_the_data_do_not_tell_is_at_the_bound(model: str, seed: int) -> None:
    """One dropout probability for all: a and b have no limit, and are not ok with errors of 30 a.

    A fit is ok only where each parameter is told to within a factor of e^5.
    """
    fit = FITS[model](_once_or_twice(seed))
    assert fit.status == "at_bound"
    assert "all customers drop out with the same probability" in fit.reason


@pytest.mark.parametrize("model", MODELS)
def test_no_parameter_lies_beyond_its_bound(model: str) -> None:
    """The last steps of a search, too, stay within the bounds of all parameters."""
    for seed in range(8):
        random = np.random.default_rng(seed)
        age = random.uniform(30, 280, 400)
        frequency = (random.random(400) < 0.25).astype(float)
        recency = np.where(frequency > 0, age * random.random(400), 0)
        fit = FITS[model](histories(frequency, recency, age))
        for name, value in fit.parameters.items():
            scale = age.mean() if name == "alpha" else 1
            assert LOWEST / 1.001 <= value / scale <= HIGHEST * 1.001, (seed, name)
            error = fit.standard_errors[name]
            assert fit.status != "ok" or (error is not None and error < 5 * value)
