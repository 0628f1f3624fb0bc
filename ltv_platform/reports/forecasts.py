"""Models and back-tests as of any day, from the published snapshot, for `ltv forecast`.

Nothing is stored: the marts have the same for as_of.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying.backtest import Comparison, compared
from ltv_platform.forecasting.repeat_buying.fit import Sampling
from ltv_platform.forecasting.repeat_buying.tables import MODELS, FittedModel, fitted_models
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from ltv_platform.forecasting.repeat_buying.retention import Renewals


@dataclass(frozen=True)
class _Published:
    """The purchases of the snapshot.

    Attributes:
        connection: A connection to its tables by plain name.
        settings: The settings to render with.
        first: The day of the first transaction; None: there is none.
        last: as_of of the snapshot.
    """

    connection: "duckdb.DuckDBPyConnection"
    settings: Settings
    first: date | None
    last: date

    def known(self, as_of: date | None) -> date:
        """The requested day, by default the last one.

        Raises:
            UserError: the data does not cover the whole day.
        """
        day = as_of or self.last
        if day > self.last:
            raise UserError(
                f"--as-of is {day}, but the published figures end on {self.last}.",
                "Choose that day or an earlier one; `ltv run` publishes newer data.",
            )
        if self.first is not None and day < self.first:
            raise UserError(
                f"--as-of is {day}, but the first transaction is from {self.first}.",
                "Choose a later day, so that there are transactions before it.",
            )
        return day

    def rows(self, template: str, parameters: Mapping[str, Any]) -> "pa.Table":
        """The rows of a SELECT of ``sql/queries/histories/``."""
        sql = render(f"queries/histories/{template}.sql", self.settings)
        return self.connection.sql(sql, params=dict(parameters)).to_arrow_table()


def fit_as_of(
    settings: Settings,
    as_of: date | None = None,
    models: Iterable[str] = MODELS,
    days_per_unit: int = 1,
    sampling: Sampling | None = None,
) -> tuple[date, list[FittedModel]]:
    """Fit models to the data known at the end of a day.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        as_of: The day; by default the last with data in the snapshot.
        models: Some of :data:`~ltv_platform.forecasting.repeat_buying.tables.MODELS`.
        days_per_unit: Days of the unit of time: 1, or 7 for weeks.
        sampling: How to sample each model as well; None: maximum likelihood only.

    Returns:
        The day, and the models; a sampled model follows the same model fitted by likelihood.

    Raises:
        UserError: nothing is published, the day is outside the data, or sampling needs a package
            that is not installed.
    """
    with _published(settings) as published:
        day = published.known(as_of)
        groups = published.rows("groups", {"as_of": day})
    return day, [
        fit
        for model in models
        for method in ((None, sampling) if sampling else (None,))
        for fit in fitted_models(groups, [model], days_per_unit, method)
    ]


def renewals_as_of(
    settings: Settings,
    days_per_period: float,
    as_of: date | None = None,
    category: str | None = None,
) -> "tuple[date, Renewals]":
    """Renewals that came due by the end of a day, and how many of them were made.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        days_per_period: Days from one payment to the next.
        as_of: The day; by default the last with data in the snapshot.
        category: Only purchases of this product category are payments; by default all.

    Returns:
        The day, and the renewals.

    Raises:
        UserError: nothing is published, the day is outside the data, or nobody had bought by then.
    """
    from ltv_platform.forecasting.repeat_buying.retention import Renewals  # noqa: PLC0415 - loads scipy
    from ltv_platform.forecasting.repeat_buying.tables import numbers  # noqa: PLC0415

    with _published(settings) as published:
        day = published.known(as_of)
        asked = {"as_of": day, "days": days_per_period, "category": category}
        groups = published.rows("renewals", asked)
    if not groups.num_rows:
        bought = "bought" if category is None else f"bought in the product category {category}"
        raise UserError(
            f"No known customer has {bought} by {day}.",
            "Choose a later --as-of, or another --category.",
        )
    columns = (numbers(groups, name) for name in ("due", "made", "subscribers"))
    return day, Renewals.of_groups(*columns)


def backtest_as_of(
    settings: Settings, as_of: date | None = None, holdout: int | None = None
) -> list[Comparison]:
    """Forecast the days after a day from the data known on it, and compare with actual values.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        as_of: The last day that the forecast uses; by default the holdout ends with the data.
        holdout: Days after it, at least 1; by default LTV_FORECAST_HOLDOUT.

    Raises:
        UserError: nothing is published, or the days are outside the data.
    """
    _at_least_a_day(holdout)
    days = settings.forecast_holdout if holdout is None else holdout
    with _published(settings) as published:
        reach = timedelta(days=days)
        day = published.known(as_of or published.last - reach)
        if day + reach > published.last:
            raise UserError(
                f"{days} days after {day} end on {day + reach}, but the published figures end on "
                f"{published.last}.",
                "Choose an earlier --as-of or a shorter --holdout.",
            )
        return compared(published.rows("outcomes", {"as_of": day, "holdout": days}))


def rolling_backtest(
    settings: Settings, as_of: date | None = None, holdout: int | None = None
) -> list[Comparison]:
    """Back-test from several origins, one holdout apart; the last holdout ends on the given day.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        as_of: That day; by default the last one of the snapshot.
        holdout: Days of each holdout, at least 1; by default LTV_FORECAST_HOLDOUT, or a third of
            the history if that is less.

    Raises:
        UserError: nothing is published, the day is outside the data, or the data before it is
            shorter than two holdouts.
    """
    _at_least_a_day(holdout)
    with _published(settings) as published:
        day = published.known(as_of)
        outcomes = published.rows("rolling_outcomes", {"as_of": day, "holdout": holdout})
    if not outcomes.num_rows:
        reach = "" if published.first is None else f" from {published.first} to {day}"
        raise UserError(
            "Not enough history for a back-test: it needs transactions over "
            f"{2 * holdout if holdout else 3} days and a customer; there are fewer{reach}.",
            "Choose a shorter --holdout; an origin needs as many days before it as after it.",
        )
    return compared(outcomes)


def _at_least_a_day(holdout: int | None) -> None:
    if holdout is not None and holdout < 1:
        raise UserError(
            f"--holdout is {holdout}: there is nothing to forecast.", "Give at least 1 day."
        )


@contextmanager
def _published(settings: Settings) -> Iterator[_Published]:
    snapshot = require_snapshot(settings)
    last = snapshot.manifest["as_of"]
    if last is None:
        raise UserError(
            "The snapshot contains no events yet.",
            "Load transactions and customers, then `ltv run`.",
        )
    with open_snapshot(settings, snapshot) as connection:
        [(first,)] = connection.execute("SELECT MIN(event_date) FROM transactions").fetchall()
        yield _Published(connection, settings, first, date.fromisoformat(last))
