"""Back-tests: forecasts that use only what was known on a day, compared with what happened since.

Three forecasts that need no model are compared too. A model that does not beat them is not
worth its parameters.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ltv_platform.contracts.arrow import arrow_table, rounded
from ltv_platform.contracts.forecasts import FORECAST_BACKTEST, FORECAST_TOTALS
from ltv_platform.forecasting.repeat_buying.fit import Fit, Status
from ltv_platform.forecasting.repeat_buying.tables import (
    INTERVAL,
    count,
    fit_groups,
    histories_of,
    numbers,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Figures per customer and their sums: purchase days and their value.
MEASURES = ("transactions", "spend")
_MODELS = ("bgnbd", "mbgnbd")
#: Every customer continues at x / T, at n / T (n = x + 1, all purchase days), or buys no more.
BASELINES = ("rate_x_T", "rate_n_T", "zero")
#: Money has six decimals; Python's decimals have no room for more digits before them than this.
_MILLIONTH, _TOO_MUCH = Decimal("0.000001"), Decimal(10) ** 21


@dataclass(frozen=True)
class Comparison:
    """A row of ``marts.forecast_backtest``; its contract explains the figures."""

    origin: date
    holdout_end: date
    holdout_days: int
    model: str
    measure: str
    customers: int
    status: Status
    predicted_total: float | None = None
    actual_total: float | None = None
    bias: float | None = None
    mae: float | None = None
    rmse: float | None = None
    r: float | None = None


COLUMNS = tuple(field.name for field in fields(Comparison))


def forecast_backtest(outcomes: "pa.Table") -> "pa.Table":
    """The rows of ``marts.forecast_backtest``.

    Args:
        outcomes: Rows of ``sql/forecasts/forecast_backtest.sql``, in their order.
    """
    return arrow_table(FORECAST_BACKTEST, map(astuple, compared(outcomes)))


def forecast_totals(totals: "pa.Table") -> "pa.Table":
    """The rows of ``marts.forecast_totals``.

    Args:
        totals: Rows of ``sql/forecasts/forecast_totals.sql``, in their order.
    """
    about = ("measure", "horizon_days", "customers", "fallbacks", "predicted_total")
    rows = []
    for known, past in groupby(totals.to_pylist(), key=itemgetter(*about)):
        pairs = [
            (row["past_predicted"], row["past_actual"])
            for row in past
            if row["past_predicted"] is not None
        ]
        rows.append((*known, *_band(known[-1], pairs)))
    return arrow_table(FORECAST_TOTALS, rows)


def _band(total: Decimal | None, past: list[tuple[float, float]]) -> tuple[object, ...]:
    """Lower and upper total, past forecasts, lower and upper factor: how far a total may be off."""
    band = None
    if past:
        from ltv_platform.forecasting.repeat_buying.intervals import empirical_band  # noqa: PLC0415

        predicted, actual = zip(*past, strict=True)
        band = empirical_band(predicted, actual, INTERVAL)
    if band is None:
        return None, None, len(past), None, None
    totals = _times(total, band.lower), _times(total, band.upper)
    return *totals, band.origins, band.lower, band.upper


def _times(money: Decimal | None, factor: float) -> Decimal | None:
    """Money times a factor; None if the product is too large for money."""
    product = (
        None if money is None else (money * Decimal(str(rounded(factor)))).quantize(_MILLIONTH)
    )
    return None if product is None or product >= _TOO_MUCH else product


def compared(outcomes: "pa.Table") -> list[Comparison]:
    """Models and baselines of every origin, the newest first.

    Args:
        outcomes: Rows of the macro ``outcomes`` in ``sql/macros/purchases.sql``, in their order.
    """
    import pyarrow.compute as pc  # noqa: PLC0415

    origins = sorted(pc.unique(outcomes["origin"]).to_pylist(), reverse=True)
    return [
        row
        for origin in origins
        for row in _compared_from(outcomes.filter(pc.equal(outcomes["origin"], origin)))
    ]


def _compared_from(outcomes: "pa.Table") -> list[Comparison]:
    """The rows of one origin in a fixed order; without figures if there are too few customers."""
    [first] = outcomes.slice(0, 1).to_pylist()
    origin, ending, customers = first["origin"], first["ending"], count(outcomes)
    days = (ending - origin).days

    def row(model: str, measure: str, status: Status, *figures: float | None) -> Comparison:
        about = origin, ending, days, model, measure, customers
        return Comparison(*about, status, *map(rounded, figures))

    fits = fit_groups(outcomes, outcomes.filter(outcomes["has_value"]))
    if not fits["mbgnbd"].parameters:
        status = fits["mbgnbd"].status
        names = (*_MODELS, *BASELINES)
        return [row(model, measure, status) for measure in MEASURES for model in names]
    from ltv_platform.forecasting.accuracy import compare  # noqa: PLC0415

    rows = []
    weights = numbers(outcomes, "customers")
    for measure in MEASURES:
        actual = numbers(outcomes, f"actual_{measure}")
        for model, (status, predicted) in _predicted(outcomes, fits, measure, days).items():
            figures = () if predicted is None else astuple(compare(predicted, actual, weights))
            rows.append(row(model, measure, status, *figures))
    return rows


def _predicted(
    outcomes: "pa.Table", fits: Mapping[str, Fit], measure: str, days: int
) -> "dict[str, tuple[Status, Floats | None]]":
    """The status of each model and baseline, and what it expects from a customer of each row."""
    import numpy as np  # noqa: PLC0415

    from ltv_platform.forecasting.repeat_buying.buy_till_you_die import expected_purchases  # noqa: PLC0415
    from ltv_platform.forecasting.repeat_buying.gamma_gamma import expected_value  # noqa: PLC0415

    spend = measure == "spend"
    histories = histories_of(outcomes)
    x = histories.frequency
    mean_value = np.nan_to_num(numbers(outcomes, "mean_repeat_value"))
    found: dict[str, tuple[Status, Floats | None]] = {}
    for model in _MODELS:
        if not fits[model].usable:
            found[model] = fits[model].status, None
            continue
        if spend and fits["gamma_gamma"].status != "ok":
            found[model] = fits["gamma_gamma"].status, None
            continue
        predicted = expected_purchases(fits[model], histories, days)
        if spend:
            predicted = predicted * expected_value(fits["gamma_gamma"], x, mean_value)
        found[model] = fits[model].status, predicted
    # A customer who first bought on the day of the origin has been there for one day, not zero.
    periods = days / np.maximum(histories.age, 1)
    repeated, bought = x, x + 1
    if spend:
        repeated, bought = x * mean_value, numbers(outcomes, "purchase_value")
    found["rate_x_T"], found["rate_n_T"] = ("ok", repeated * periods), ("ok", bought * periods)
    found["zero"] = "ok", np.zeros(len(histories))
    return found
