"""Commands about forecasts: what models are fitted, how near their forecasts came."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.workspace import Workspace

forecast = typer.Typer(help="Forecasts: fits, back-tests.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]
#: Ten years; no longer holdout can be meant.
_MOST_DAYS = 3650


class Unit(StrEnum):
    """Units of time of the models."""

    DAY = "day"
    WEEK = "week"


class Model(StrEnum):
    """Models by the names of ``forecast_models``."""

    BGNBD = "bgnbd"
    MBGNBD = "mbgnbd"
    GAMMA_GAMMA = "gamma_gamma"


_DAYS_PER_UNIT = {Unit.DAY: 1, Unit.WEEK: 7}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(forecast, name="forecast")


@forecast.command()
def fit(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=_DAY, help="Last day known; by default that of the snapshot."),
    ] = None,
    unit: Annotated[Unit, typer.Option(help="Unit of time of alpha.")] = Unit.DAY,
    model: Annotated[Model | None, typer.Option(help="Only this one.")] = None,
    output: AsFormat = Format.TABLE,
) -> None:
    """Fit the models of purchases and values to the published transactions."""
    from ltv_platform.reports.forecasts import fit_as_of

    settings = Workspace.open().settings
    models = list(Model) if model is None else [model]
    day, fitted = fit_as_of(
        settings, as_of and as_of.date(), [one.value for one in models], _DAYS_PER_UNIT[unit]
    )
    about = ["log_likelihood", "status", "customers", "excluded_customers"]
    rows = [
        (one, (one.log_likelihood, one.fit.status, one.fit.customers, one.excluded))
        for one in fitted
    ]
    if output is Format.JSON:
        show(
            ["model", "parameters", "standard_errors", *about, "reason", "unit", "as_of"],
            [
                (
                    m.name,
                    m.parameters,
                    m.standard_errors,
                    *figures,
                    m.fit.reason or None,
                    unit.value,
                    day,
                )
                for m, figures in rows
            ],
            output,
        )
        return
    show(
        ["model", "parameter", "value", "standard_error", *about],
        [
            (m.name, name, value, m.standard_errors[name], *figures)
            for m, figures in rows
            for name, value in m.parameters.items()
        ],
        output,
    )
    say(f"As of {day}; time in {unit.value}s, values in {settings.currency}.")
    for m, _ in rows:
        if m.fit.reason:
            say(f"{m.name}: {m.fit.reason}.")


@forecast.command()
def backtest(
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=_DAY,
            help="Last day that the forecast knows of; with --rolling the last day of all. By "
            "default all ends with the snapshot.",
        ),
    ] = None,
    holdout: Annotated[
        int | None,
        typer.Option(
            help="Days to forecast; by default LTV_FORECAST_HOLDOUT, with --rolling at most a "
            "third of the history.",
            max=_MOST_DAYS,
        ),
    ] = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="From several days, a holdout apart.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Forecast days that have passed, and compare models and baselines with what happened."""
    from dataclasses import astuple

    from ltv_platform.forecasting.repeat_buying.backtest import COLUMNS
    from ltv_platform.reports.forecasts import backtest_as_of, rolling_backtest

    compare = rolling_backtest if rolling else backtest_as_of
    compared = compare(Workspace.open().settings, as_of and as_of.date(), holdout)
    show(COLUMNS, [astuple(row) for row in compared], output)
    if output is Format.TABLE:
        say(
            "bias = predicted / actual − 1, over all customers; mae, rmse and r per customer. "
            "mae alone says little: most customers do nothing, so zero has a low one.\n"
            "rate_x_T, rate_n_T: every customer goes on at the rate of their repeat purchases, or "
            "of all purchases."
        )
