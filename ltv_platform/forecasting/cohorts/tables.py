"""Predicted LTV of campaigns: weekly sums in, the rows of the marts out (Arrow both ways).

:mod:`.chain_ladder` computes; this module turns cohorts into arrays, and arrays into tables.
Definitions load this module, so everything heavy is imported where it is used.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ltv_platform.contracts.arrow import arrow_table, rounded
from ltv_platform.contracts.campaign_forecasts import CAMPAIGN_LTV_FORECAST, DEVELOPMENT_FACTORS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder
    from ltv_platform.forecasting.cohorts.triangle import Triangle

#: Name of the rows of all campaigns together; a campaign with that name gets no rows.
ALL = "(all)"

MILLION = 1_000_000
#: Larger forecasts are left out: a money column could hold more, Python's decimals could not.
_MOST_MILLIONTHS = 1e27
#: From here on, sums may overflow 64 bits.
_LARGE = 2.0**62


@dataclass(frozen=True)
class Cohorts:
    """Weekly cohorts, ordered by campaign and week.

    Attributes:
        campaigns: Names of the campaigns; their index is the triangle's group.
        weeks: Monday of each cohort.
        triangle: Revenue in millionths, installs, payers and known ages.
        revenue: (cohorts, ages + 1): the triangle's revenue, in whole numbers.
        spend: Per cohort: millionths; None if no spend is known.
        cost_complete: Per cohort: no more cost is expected.
        horizons: Days to forecast, in ascending order.
    """

    campaigns: tuple[str, ...]
    weeks: tuple[date, ...]
    triangle: "Triangle"
    revenue: "np.ndarray"
    spend: tuple[int | None, ...]
    cost_complete: tuple[bool, ...]
    horizons: tuple[int, ...]


def read_cohorts(rows: "pa.Table") -> Cohorts | None:
    """The cohorts in rows of ``sql/macros/weekly_cohorts.sql``, in any order; None: no rows."""
    if not len(rows):
        return None
    import numpy as np  # noqa: PLC0415 - definitions are loaded without it
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    from ltv_platform.forecasting.cohorts.triangle import Triangle  # noqa: PLC0415

    heads = rows.filter(pc.equal(rows["age_day"], 0)).sort_by(
        [("campaign_id", "ascending"), ("install_week", "ascending")]
    )
    names = heads["campaign_id"].unique()

    def keys(table: "pa.Table") -> "np.ndarray":
        """Campaign and week as one number, in the order of the heads."""
        group = pc.index_in(table["campaign_id"], value_set=pa.array(names)).to_numpy()
        number: np.ndarray = group.astype(np.int64) * 2**32 + _days(table["install_week"])
        return number

    head_keys = keys(heads)
    horizons = tuple(sorted(int(days) for days in heads["horizons"][0].as_py().split(",")))
    row_index = np.searchsorted(head_keys, keys(rows))
    ages = rows["age_day"].to_numpy() + 1

    def grown(column: str) -> "np.ndarray":
        """Sums over the ages, exact: in Python's integers if they are very large."""
        values = rows[column].cast(pa.decimal128(38, 0))
        is_large = np.abs(values.cast(pa.float64()).to_numpy()).sum() >= _LARGE
        steps = np.zeros((len(heads), horizons[-1] + 1), dtype=object if is_large else np.int64)
        steps[row_index, ages] = (
            [int(value) for value in values.to_pylist()]
            if is_large
            else values.cast(pa.int64()).to_numpy()
        )
        running: np.ndarray = np.cumsum(steps, axis=1)
        return running

    revenue = grown("revenue")
    weeks = _days(heads["install_week"])
    return Cohorts(
        campaigns=tuple(names.to_pylist()),
        weeks=tuple(heads["install_week"].to_pylist()),
        triangle=Triangle(
            revenue=revenue.astype(float),
            known=heads["known_age_days"].to_numpy().astype(np.int64),
            installs=heads["installs"].to_numpy().astype(float),
            payers=grown("payers").astype(float),
            groups=head_keys // 2**32,
            weeks=weeks // 7,
            lived_from=heads["lived_from"].to_numpy().astype(np.int64),
        ),
        revenue=revenue,
        spend=tuple(None if spend is None else int(spend) for spend in heads["spend"].to_pylist()),
        cost_complete=tuple(heads["cost_complete"].to_pylist()),
        horizons=horizons,
    )


def campaign_ltv_forecast(rows: "pa.Table") -> "pa.Table":
    """What each weekly cohort is worth at each horizon: observed, or predicted with an interval.

    Args:
        rows: Rows of ``sql/macros/weekly_cohorts.sql``, in any order.

    Returns:
        The columns of ``marts.campaign_ltv_forecast``.
    """
    cohorts = read_cohorts(rows)
    return arrow_table(CAMPAIGN_LTV_FORECAST, [] if cohorts is None else _forecast_rows(cohorts))


def development_factors(rows: "pa.Table") -> "pa.Table":
    """How much revenue grows from one age to the next, per campaign and for all.

    Args:
        rows: As for :func:`campaign_ltv_forecast`.

    Returns:
        The columns of ``marts.development_factors``; ages at which no cohort is known, or had no
        revenue to grow from, are absent.
    """
    cohorts = read_cohorts(rows)
    return arrow_table(DEVELOPMENT_FACTORS, [] if cohorts is None else _factor_rows(cohorts))


def _forecast_rows(cohorts: Cohorts) -> list[tuple[Any, ...]]:
    import numpy as np  # noqa: PLC0415

    from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder  # noqa: PLC0415

    triangle, horizons = cohorts.triangle, cohorts.horizons
    ladder = ChainLadder(triangle, horizons)
    shape = (len(triangle.known), len(horizons))
    predicted, lower, upper = (np.full(shape, np.nan) for _ in range(3))
    multiplicative, residuals = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
    for column, horizon in enumerate(horizons):
        for age, members in _by_age(triangle, horizon):
            forecast = ladder.forecast(members, age, horizon)
            predicted[members, column] = forecast.predicted
            lower[members, column], upper[members, column] = forecast.lower, forecast.upper
            multiplicative[members, column] = forecast.multiplicative
            residuals[members, column] = forecast.residuals
    fits = np.nan_to_num(np.maximum(np.abs(lower), np.abs(upper)), nan=np.inf) < _MOST_MILLIONTHS
    payback = _payback_days(cohorts, ladder, fits, multiplicative)
    known, installs = triangle.known.tolist(), triangle.installs.astype(int).tolist()
    payers = triangle.payers[range(shape[0]), triangle.known].astype(int).tolist()
    given = []
    for number, week in enumerate(cohorts.weeks):
        campaign = cohorts.campaigns[triangle.groups[number]]
        spend = cohorts.spend[number]
        paid = spend if cohorts.cost_complete[number] and spend else None
        for column, horizon in enumerate(horizons):
            age = min(known[number], horizon)
            observed = int(cohorts.revenue[number, age])
            cell = number, column
            method, status = None, "ok"
            values: tuple[float | None, ...] = (None, None, None)
            if age == horizon:
                method, values = "observed", (observed, observed, observed)
            elif fits[cell]:
                method = "multiplicative" if multiplicative[cell] else "additive"
                values = tuple(rounded(x[cell]) for x in (predicted, lower, upper))
            else:
                status = "out_of_range" if residuals[cell] else "too_few_mature_cohorts"
            given.append(
                (
                    campaign,
                    week,
                    horizon,
                    installs[number],
                    payers[number],
                    known[number],
                    money(spend),
                    cohorts.cost_complete[number],
                    "observed" if age == horizon else "partial" if age else "predicted",
                    method,
                    status,
                    money(observed),
                    *map(money, values),
                    _ratio(values[0], installs[number] * MILLION),
                    *(_ratio(value, paid) for value in values),
                    payback[number],
                    int(residuals[cell]),
                )
            )
    return given


def _by_age(triangle: "Triangle", horizon: int) -> "list[tuple[int, np.ndarray]]":
    """Cohorts that are not mature at the horizon, by their known age."""
    import numpy as np  # noqa: PLC0415

    ages = np.unique(triangle.known[triangle.known < horizon]).tolist()
    return [(age, np.flatnonzero(triangle.known == age)) for age in ages]


def _payback_days(
    cohorts: Cohorts, ladder: "ChainLadder", fits: "np.ndarray", multiplicative: "np.ndarray"
) -> list[int | None]:
    """The first day of life by the end of which revenue, seen or expected, covers the spend.

    Up to the longest horizon that has a forecast, and in the form of that forecast.
    """
    import numpy as np  # noqa: PLC0415

    triangle, horizons = cohorts.triangle, np.array(cohorts.horizons)
    reach = np.maximum(np.where(fits, horizons, 0).max(axis=1), triangle.known)
    form = multiplicative[range(len(reach)), np.where(fits, horizons, 0).argmax(axis=1)]
    spend = np.array(
        [
            (spend or 0) if complete else 0
            for spend, complete in zip(cohorts.spend, cohorts.cost_complete, strict=True)
        ],
        dtype=float,
    )
    days: list[int | None] = [None] * len(reach)
    longest = int(horizons[-1])
    for age in np.unique(triangle.known).tolist():
        members = np.flatnonzero((triangle.known == age) & (spend > 0))
        if not len(members):
            continue
        curve = triangle.revenue[members, 1 : age + 1]
        if age < longest:
            curve = np.hstack([curve, ladder.path(members, age, form[members])])
        # In whole millionths, as published: equal amounts count as covered.
        covered = (np.rint(curve) >= spend[members, None]) & (
            np.arange(1, longest + 1) <= reach[members, None]
        )
        first = covered.argmax(axis=1)
        for row, member in enumerate(members.tolist()):
            days[member] = int(first[row]) + 1 if covered[row].any() else None
    return days


def _factor_rows(cohorts: Cohorts) -> list[tuple[Any, ...]]:
    import numpy as np  # noqa: PLC0415

    from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder  # noqa: PLC0415

    factors = ChainLadder(cohorts.triangle, cohorts.horizons).factors
    given: list[tuple[Any, ...]] = []
    pool = factors.pool[0]
    everyone = (pool, pool, np.ones(len(pool)))
    counted = (factors.cohorts.sum(axis=0), factors.payers.sum(axis=0))
    groups = [(ALL, everyone, counted)]
    for group, campaign in enumerate(cohorts.campaigns):
        if campaign != ALL:
            values = (factors.shrunk[group], factors.raw[group], factors.weight[group])
            groups.append((campaign, values, (factors.cohorts[group], factors.payers[group])))
    for campaign, (shrunk, raw, weight), (known, payers) in groups:
        for age in np.flatnonzero((known > 0) & np.isfinite(shrunk)).tolist():
            given.append(
                (
                    campaign,
                    age,
                    shrunk[age],
                    raw[age],
                    pool[age],
                    weight[age],
                    int(known[age]),
                    int(payers[age]),
                )
            )
    return given


def _days(column: "pa.ChunkedArray") -> "np.ndarray":
    """Dates as days since 1970-01-01."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    days: np.ndarray = column.cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def money(millionths: float | None) -> Decimal | None:
    """Millionths of a currency unit as money, to the nearest."""
    return None if millionths is None else Decimal(round(millionths)).scaleb(-6)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None
