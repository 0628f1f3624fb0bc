"""Models and forecasts as tables: counted histories in, rows of the marts out, Arrow both ways.

The SELECTs in ``sql/forecasts/`` count; this package fits and computes. scipy is loaded only if
there are enough customers to fit anything to. Back-tests are in :mod:`.backtest`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltv_platform.contracts.arrow import arrow_schema, arrow_table, rounded, rounded_array
from ltv_platform.contracts.forecasts import FORECAST_MODELS, PURCHASE_FORECASTS
from ltv_platform.forecasting.repeat_buying.fit import Fit, Sampling, too_small

if TYPE_CHECKING:
    import pyarrow as pa

    from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories

_OF_PURCHASES = ("r", "alpha", "a", "b")
_OF_VALUES = ("p", "q", "v")
#: Models by the names that tables and commands use, with their parameters.
MODELS: Mapping[str, tuple[str, ...]] = {
    "bgnbd": _OF_PURCHASES,
    "mbgnbd": _OF_PURCHASES,
    "gamma_gamma": _OF_VALUES,
}
#: Probability that an interval contains what happens.
INTERVAL = 0.8
_INTERVALS = ("lower_purchases", "upper_purchases", "lower_factor", "upper_factor")


@dataclass(frozen=True)
class FittedModel:
    """A model and the customers that it was fitted to.

    Attributes:
        name: One of :data:`MODELS`.
        fit: What was found.
        excluded: Customers with transactions to whom it was not fitted.
        method: ``likelihood``, or ``bayes`` if it was sampled.
    """

    name: str
    fit: Fit
    excluded: int
    method: str = "likelihood"

    @property
    def parameters(self) -> dict[str, float | None]:
        """All parameters of the model, rounded; None if nothing was fitted."""
        return {name: rounded(self.fit.parameters.get(name)) for name in MODELS[self.name]}

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """Of the parameters; None if the data do not determine them."""
        return {name: rounded(self.fit.standard_errors.get(name)) for name in MODELS[self.name]}

    @property
    def lower(self) -> dict[str, float | None]:
        """Lower ends of the 95 % intervals of the parameters; None if there is none."""
        return self._ends(0)

    @property
    def upper(self) -> dict[str, float | None]:
        """The upper ends."""
        return self._ends(1)

    def _ends(self, side: int) -> dict[str, float | None]:
        intervals = self.fit.intervals
        return {
            name: rounded(intervals[name][side]) if name in intervals else None
            for name in MODELS[self.name]
        }

    @property
    def log_likelihood(self) -> float | None:
        """Natural; None if nothing was fitted."""
        return rounded(self.fit.log_likelihood)


def fitted_models(
    groups: "pa.Table",
    models: Iterable[str] = MODELS,
    days_per_unit: int = 1,
    sampling: Sampling | None = None,
) -> list[FittedModel]:
    """Fit models to counted histories.

    Args:
        groups: Rows of the macro ``groups`` in ``sql/macros/purchases.sql``, in any order.
        models: Which ones, of :data:`MODELS`.
        days_per_unit: Days per unit of time of alpha: 1, or 7 for weeks.
        sampling: How to sample the models; None: maximum likelihood.

    Raises:
        UserError: sampling needs a package that is not installed.
    """
    part = {
        name: _where(groups, "part", name)
        for name in ("purchases", "values", "without_purchase", "without_value")
    }
    fits = fit_groups(part["purchases"], part["values"], models, days_per_unit, sampling)
    excluded = {
        name: count(part["without_value" if name == "gamma_gamma" else "without_purchase"])
        for name in fits
    }
    method = "bayes" if sampling else "likelihood"
    return [FittedModel(name, fit, excluded[name], method) for name, fit in fits.items()]


def fit_groups(
    purchases: "pa.Table",
    values: "pa.Table",
    models: Iterable[str] = MODELS,
    days_per_unit: int = 1,
    sampling: Sampling | None = None,
) -> dict[str, Fit]:
    """Fits by name of the model; without loading scipy if there are too few customers.

    Args:
        purchases: Columns repeat_days, span_days, age_days, customers.
        values: Columns repeat_days, mean_repeat_value (above 0), customers.
        models: Which ones.
        days_per_unit: Days of the unit of time.
        sampling: As for :func:`fitted_models`.
    """
    customers = count(purchases)
    repeaters, valued = count(_repeaters(purchases)), count(values)
    fits = {}
    for name in models:
        small = too_small(customers, valued if name == "gamma_gamma" else repeaters)
        if small is not None:
            used = valued if name == "gamma_gamma" else customers
            fits[name] = Fit(name, {}, {}, None, *small, used)
        elif name == "gamma_gamma":
            fits[name] = _fit_values(values, sampling)
        else:
            fits[name] = _fit_purchases(name, histories_of(purchases, days_per_unit), sampling)
    return fits


def forecast_models(groups: "pa.Table") -> "pa.Table":
    """The rows of ``marts.forecast_models``.

    Args:
        groups: Rows of ``sql/forecasts/forecast_models.sql``, in any order; none before the first
            event.
    """
    rows = [
        (
            model.name,
            parameter,
            value,
            model.standard_errors[parameter],
            model.log_likelihood,
            model.fit.status,
            model.fit.reason or None,
            model.fit.customers,
            model.excluded,
            "day",
            groups["as_of"][0].as_py(),
        )
        for model in (fitted_models(groups) if groups.num_rows else ())
        for parameter, value in model.parameters.items()
    ]
    return arrow_table(FORECAST_MODELS, rows)


def purchase_forecasts(groups: "pa.Table") -> "pa.Table":
    """The rows of ``marts.purchase_forecasts``.

    Args:
        groups: Rows of ``sql/forecasts/purchase_forecasts.sql``, in any order.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    key = ("repeat_days", "span_days", "age_days")
    schema = arrow_schema(PURCHASE_FORECASTS)
    if not groups.num_rows:
        return schema.empty_table()
    from ltv_platform.forecasting.repeat_buying.intervals import predict  # noqa: PLC0415

    [first] = groups.slice(0, 1).to_pylist()
    purchases = Fit("mbg_nbd", {name: first[name] for name in _OF_PURCHASES})
    values = Fit("gamma_gamma", {name: first[name] for name in _OF_VALUES})
    horizons = sorted(pc.unique(groups["horizon_days"]).to_pylist())
    known = _where(groups, "horizon_days", horizons[0])
    parts = []
    for prediction in predict(
        purchases, None if first["p"] is None else values, histories_of(known), horizons, INTERVAL
    ):
        columns = {
            **{name: known[name] for name in (*key, "customers")},
            "horizon_days": pa.repeat(int(prediction.horizon), known.num_rows),
            "p_alive": rounded_array(prediction.probability_alive),
            "expected_purchases": rounded_array(prediction.expected_purchases),
        }
        for name in _INTERVALS:
            ends = getattr(prediction, name)
            columns[name] = pa.nulls(known.num_rows) if ends is None else rounded_array(ends)
        parts.append(pa.table(columns).select(schema.names).cast(schema))
    return pa.concat_tables(parts)


def histories_of(groups: "pa.Table", days_per_unit: int = 1) -> "Histories":
    """The histories of a table with repeat_days, span_days, age_days and customers."""
    from ltv_platform.forecasting.repeat_buying.histories import Histories  # noqa: PLC0415

    return Histories(
        numbers(groups, "repeat_days"),
        numbers(groups, "span_days") / days_per_unit,
        numbers(groups, "age_days") / days_per_unit,
        numbers(groups, "customers"),
    )


def numbers(table: "pa.Table", column: str) -> "Floats":
    """A column as an array; NULL is NaN."""
    import numpy as np  # noqa: PLC0415

    return np.asarray(table[column].to_numpy(), np.float64)


def count(groups: "pa.Table") -> int:
    """Customers in the groups."""
    import pyarrow.compute as pc  # noqa: PLC0415

    return int(pc.sum(groups["customers"]).as_py() or 0)


def _where(table: "pa.Table", column: str, value: object) -> "pa.Table":
    import pyarrow.compute as pc  # noqa: PLC0415

    return table.filter(pc.equal(table[column], value))


def _repeaters(groups: "pa.Table") -> "pa.Table":
    import pyarrow.compute as pc  # noqa: PLC0415

    return groups.filter(pc.greater(groups["repeat_days"], 0))


def _fit_values(values: "pa.Table", sampling: Sampling | None) -> Fit:
    frequency, mean_value, customers = (
        numbers(values, name) for name in ("repeat_days", "mean_repeat_value", "customers")
    )
    if sampling:
        from ltv_platform.forecasting.repeat_buying import bayes  # noqa: PLC0415

        return bayes.fit_gamma_gamma(frequency, mean_value, customers, sampling)
    from ltv_platform.forecasting.repeat_buying.gamma_gamma import fit_gamma_gamma  # noqa: PLC0415

    return fit_gamma_gamma(frequency, mean_value, customers)


def _fit_purchases(name: str, histories: "Histories", sampling: Sampling | None) -> Fit:
    if sampling:
        from ltv_platform.forecasting.repeat_buying import bayes  # noqa: PLC0415

        sample = {"bgnbd": bayes.fit_bg_nbd, "mbgnbd": bayes.fit_mbg_nbd}[name]
        return sample(histories, sampling)
    from ltv_platform.forecasting.repeat_buying.buy_till_you_die import fit_bg_nbd, fit_mbg_nbd  # noqa: PLC0415

    return {"bgnbd": fit_bg_nbd, "mbgnbd": fit_mbg_nbd}[name](histories)
