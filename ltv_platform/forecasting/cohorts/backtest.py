"""How far off forecasts of campaigns would have been: cohorts left out, and origins in the past."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ltv_platform.contracts.arrow import arrow_table, rounded
from ltv_platform.contracts.campaign_forecasts import CAMPAIGN_FORECAST_BACKTEST
from ltv_platform.forecasting.cohorts.tables import ALL, MILLION, Cohorts, money, read_cohorts

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from ltv_platform.forecasting.cohorts.triangle import Triangle

#: Ages to forecast from: a week, a fortnight, four weeks, a quarter.
START_AGES = (7, 14, 28, 90)
#: Origins per starting age, spread evenly over the available weeks: each needs its own fit.
_ORIGINS = 13


class _Tested(NamedTuple):
    """Forecasts of cohorts whose revenue is known; arrays of one length."""

    groups: "np.ndarray"
    actual: "np.ndarray"
    predicted: "np.ndarray"
    held: "np.ndarray"
    baseline: "np.ndarray"


def campaign_forecast_backtest(rows: "pa.Table") -> "pa.Table":
    """Errors of forecasts whose outcome is known, next to those of a naive one.

    Args:
        rows: Rows of ``sql/macros/weekly_cohorts.sql``, in any order.

    Returns:
        The columns of ``marts.campaign_forecast_backtest``; what could not be tested is absent.
    """
    cohorts = read_cohorts(rows)
    given = [] if cohorts is None else _backtest_rows(cohorts)
    return arrow_table(CAMPAIGN_FORECAST_BACKTEST, given)


def _backtest_rows(cohorts: Cohorts) -> list[tuple[Any, ...]]:
    given: list[tuple[Any, ...]] = []
    for name, test in (("leave_one_out", _leave_one_out), ("rolling_origin", _rolling_origin)):
        for (age, horizon), tested in test(cohorts.triangle, cohorts.horizons).items():
            for campaign, errors in _errors(tested, cohorts.campaigns):
                given.append((name, campaign, age, horizon, *errors))
    return given


def _leave_one_out(
    triangle: "Triangle", horizons: tuple[int, ...]
) -> dict[tuple[int, int], _Tested]:
    """Each mature cohort forecast by all others, with the interval of their residuals."""
    import numpy as np  # noqa: PLC0415

    from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder  # noqa: PLC0415

    ladder = ChainLadder(triangle, horizons)
    tested = {}
    for age, horizon in _spans(horizons):
        members, predicted, held = ladder.left_out(age, horizon)
        mature = triangle.mature(horizon)
        actual, installs = triangle.revenue[members, horizon], triangle.installs[members]
        others = triangle.revenue[mature, horizon].sum() - actual
        baseline = installs * others / (triangle.installs[mature].sum() - installs)
        tested[age, horizon] = _Tested(
            triangle.groups[members], actual, np.rint(predicted), held, baseline
        )
    return tested


def _rolling_origin(
    triangle: "Triangle", horizons: tuple[int, ...]
) -> dict[tuple[int, int], _Tested]:
    """Cohorts forecast from what was known when they had the starting age.

    Cohorts of one week reach an age on different days if their youngest customers installed on
    different days, so each of these days is a separate origin.
    """
    import numpy as np  # noqa: PLC0415

    from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder  # noqa: PLC0415
    from ltv_platform.forecasting.cohorts.triangle import DAY  # noqa: PLC0415

    parts: dict[tuple[int, int], list[_Tested]] = {}
    spans = _spans(horizons)
    for age in dict(spans):
        reached = [horizon for start, horizon in spans if start == age]
        weeks = np.unique(triangle.weeks[triangle.mature(reached[0])])
        # The newest is one of them.
        chosen = weeks[:: -(-(-len(weeks) // _ORIGINS) or 1)]
        of_age = np.isin(triangle.weeks, chosen) & triangle.mature(reached[0])
        for minute in (np.unique(triangle.lived_from[of_age]) + age * DAY).tolist():
            known = triangle.at_origin(minute, age)
            came = np.flatnonzero(triangle.known_at(minute) >= age)
            ladder = ChainLadder(known, [horizon - age for horizon in reached])
            asked = np.flatnonzero(of_age[came] & (known.lived_from == minute - age * DAY))
            for horizon in reached:
                ahead = horizon - age
                mature = known.mature(ahead)
                later = asked[triangle.mature(horizon)[came[asked]]]
                if ahead > known.ages or not mature.any() or not len(later):
                    continue
                forecast = ladder.forecast(later, 0, ahead)
                finite = np.isfinite(forecast.predicted)
                actual = triangle.revenue[came[later], horizon]
                mean = known.revenue[mature, ahead].sum() / known.installs[mature].sum()
                # In whole millionths, as forecasts are published.
                predicted, lower, upper = map(
                    np.rint, (forecast.predicted, forecast.lower, forecast.upper)
                )
                held = (actual >= lower) & (actual <= upper)
                baseline = known.installs[later] * mean
                whole = (known.groups[later], actual, predicted, held, baseline)
                parts.setdefault((age, horizon), []).append(_Tested(*(x[finite] for x in whole)))
    return {
        span: _Tested(*(np.concatenate(values) for values in zip(*some, strict=True)))
        for span, some in sorted(parts.items())
    }


def _spans(horizons: tuple[int, ...]) -> list[tuple[int, int]]:
    """Starting ages with the horizons beyond them."""
    return [(age, horizon) for age in START_AGES for horizon in horizons if age < horizon]


def _errors(tested: _Tested, campaigns: tuple[str, ...]) -> list[tuple[str, tuple[Any, ...]]]:
    """The name and figures of all cohorts together, and of each campaign that has any."""
    import numpy as np  # noqa: PLC0415

    given = []
    if len(tested.actual):
        given.append((ALL, _figures(tested)))
    for group in np.unique(tested.groups).tolist():
        if campaigns[group] != ALL:
            own = tested.groups == group
            given.append((campaigns[group], _figures(_Tested(*(x[own] for x in tested)))))
    return given


def _figures(tested: _Tested) -> tuple[Any, ...]:
    import numpy as np  # noqa: PLC0415

    actual = tested.actual

    def errors(predicted: "np.ndarray") -> tuple[float | None, ...]:
        total = actual.sum()
        bias = predicted.sum() / total - 1 if total else None
        above = actual > 0
        shares = np.abs(predicted[above] / actual[above] - 1)
        mean_share = shares.mean() if len(shares) else None
        off = np.abs(predicted - actual) / MILLION
        return bias, off.mean(), np.sqrt((off**2).mean()), mean_share

    return (
        len(actual),
        money(rounded(actual.sum())),
        money(rounded(tested.predicted.sum())),
        *errors(tested.predicted),
        _correlation(tested.predicted, actual),
        tested.held.mean(),
        *errors(tested.baseline),
    )


def _correlation(predicted: "np.ndarray", actual: "np.ndarray") -> float | None:
    """Over the cohorts; None if either does not vary."""
    import numpy as np  # noqa: PLC0415

    if not (len(actual) and np.ptp(predicted) and np.ptp(actual)):
        return None
    return float(np.corrcoef(predicted, actual)[0, 1])
