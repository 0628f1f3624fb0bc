"""Commands about forecasts: fitted models, retention of subscribers, back-tests."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.forecasting.repeat_buying.fit import Fit
    from ltv_platform.forecasting.repeat_buying.retention import Projection
    from ltv_platform.forecasting.repeat_buying.tables import FittedModel

forecast = typer.Typer(help="Fit and back-test forecast models.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]
#: Ten years; a longer holdout is a mistake.
_MOST_DAYS = 3650
#: Figures of a fitted model besides its parameters.
_ABOUT = ("log_likelihood", "status", "customers", "excluded_customers")

AsOf = Annotated[
    datetime | None,
    typer.Option(formats=_DAY, help="Last day known; by default that of the snapshot."),
]


class Unit(StrEnum):
    """Units of time of the models."""

    DAY = "day"
    WEEK = "week"


class Model(StrEnum):
    """Models by the names of ``forecast_models``."""

    BGNBD = "bgnbd"
    MBGNBD = "mbgnbd"
    GAMMA_GAMMA = "gamma_gamma"


class Period(StrEnum):
    """Times from one payment of a subscriber to the next."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_DAYS_PER_UNIT = {Unit.DAY: 1, Unit.WEEK: 7}
_DAYS_PER_PERIOD = {
    Period.WEEK: 7.0,
    Period.MONTH: 30.4375,
    Period.QUARTER: 91.3125,
    Period.YEAR: 365.25,
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(forecast, name="forecast")


@forecast.command()
def fit(
    *,
    as_of: AsOf = None,
    unit: Annotated[Unit, typer.Option(help="Unit of time of alpha.")] = Unit.DAY,
    model: Annotated[Model | None, typer.Option(help="Only this model.")] = None,
    bayes: Annotated[
        bool,
        typer.Option(
            "--bayes",
            help="Sample the models as well, which takes minutes: posterior means and 95 % "
            "intervals next to those of maximum likelihood. Needs the extra bayes.",
        ),
    ] = False,
    draws: Annotated[
        int, typer.Option(help="With --bayes: draws per chain.", min=100, max=100_000)
    ] = 1_000,
    seed: Annotated[
        int, typer.Option(help="With --bayes: the same seed gives the same fit.", min=0)
    ] = 0,
    output: AsFormat = Format.TABLE,
) -> None:
    """Fit the purchase and value models to the published transactions."""
    from ltv_platform.forecasting.repeat_buying.fit import Sampling
    from ltv_platform.reports.forecasts import fit_as_of

    settings = Workspace.open().settings
    models = [one.value for one in Model] if model is None else [model.value]
    if bayes:
        from ltv_platform.forecasting.repeat_buying.bayes import require_models

        require_models()
        say(f"Sampling {', '.join(models)}: this takes minutes.")
    day, fitted = fit_as_of(
        settings,
        as_of and as_of.date(),
        models,
        _DAYS_PER_UNIT[unit],
        Sampling(draws, seed) if bayes else None,
    )
    if output is Format.JSON:
        show(*_models_as_json(fitted, unit, day, bayes=bayes), output)
        return
    show(*(_compared_parameters(fitted) if bayes else _parameters(fitted)), output)
    say(f"As of {day}; time in {unit.value}s, values in {settings.currency}.")
    for one in fitted:
        if one.fit.reason:
            say(f"{_named(one)}: {one.fit.reason}.")


def _named(model: "FittedModel") -> str:
    return model.name if model.method == "likelihood" else f"{model.name} ({model.method})"


def _models_as_json(
    fitted: "list[FittedModel]", unit: Unit, day: date, *, bayes: bool
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns, and a row per model."""
    columns = ["model", "parameters", "standard_errors", *_ABOUT, "reason", "unit", "as_of"]
    rows = [
        (
            one.name,
            one.parameters,
            one.standard_errors,
            *_about(one),
            one.fit.reason or None,
            unit.value,
            day,
        )
        for one in fitted
    ]
    if bayes:
        columns += ["method", "lower", "upper"]
        rows = [
            (*row, one.method, one.lower, one.upper) for row, one in zip(rows, fitted, strict=True)
        ]
    return columns, rows


def _parameters(fitted: "list[FittedModel]") -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns, and a row per model and parameter."""
    return ["model", "parameter", "value", "standard_error", *_ABOUT], [
        (one.name, name, value, one.standard_errors[name], *_about(one))
        for one in fitted
        for name, value in one.parameters.items()
    ]


def _compared_parameters(fitted: "list[FittedModel]") -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns, and a row per model, parameter and method, the methods of each below each other."""
    columns = ["model", "parameter", "method", "value", "standard_error", "lower", "upper"]
    by_model: dict[str, list[FittedModel]] = {}
    for one in fitted:
        by_model.setdefault(one.name, []).append(one)
    return [*columns, "status"], [
        (
            model,
            name,
            one.method,
            one.parameters[name],
            one.standard_errors[name],
            one.lower[name],
            one.upper[name],
            one.fit.status,
        )
        for model, methods in by_model.items()
        for name in methods[0].parameters
        for one in methods
    ]


def _about(model: "FittedModel") -> tuple[Any, ...]:
    return model.log_likelihood, model.fit.status, model.fit.customers, model.excluded


@forecast.command()
def retention(
    *,
    counts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of subscribers by period instead of the published purchases: columns "
            "period (0, 1, …), subscribers, and cohort where there are several.",
        ),
    ] = None,
    period: Annotated[
        Period | None, typer.Option(help="Time from one payment to the next; by default a month.")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Only purchases of this product_category are payments.")
    ] = None,
    as_of: AsOf = None,
    horizon: Annotated[
        int, typer.Option(help="Periods to project, from the first payment.", min=1, max=1_000)
    ] = 12,
    discount: Annotated[
        float, typer.Option(help="Of a payment, per period: 0.01 is 1 %.", min=0.0, max=1.0)
    ] = 0.0,
    output: AsFormat = Format.TABLE,
) -> None:
    """Project how long subscribers stay, by a shifted beta-geometric fit to their renewals."""
    from dataclasses import asdict, astuple

    from ltv_platform.forecasting.repeat_buying.retention import COLUMNS, project
    from ltv_platform.forecasting.repeat_buying.subscriptions import LEAST_DISCOUNT

    if not (discount == 0 or discount >= LEAST_DISCOUNT):
        raise UserError(
            f"--discount is {discount}, too small for the payments in all.",
            f"Give 0, or {LEAST_DISCOUNT} and more.",
        )
    if counts is None:
        from ltv_platform.reports.forecasts import renewals_as_of

        length = period or Period.MONTH
        settings = Workspace.open().settings
        day, renewals = renewals_as_of(
            settings, _DAYS_PER_PERIOD[length], as_of and as_of.date(), category
        )
    else:
        from ltv_platform.forecasting.repeat_buying.subscriber_counts import read_counts

        _refuse_beside_counts(period=period, category=category, as_of=as_of)
        length, day, renewals = None, None, read_counts(counts)
    projection = project(renewals, horizon, discount)
    if output is Format.JSON:
        about = {"period": length and length.value, "as_of": day, "discount": discount}
        projected = {
            **_fit_as_json(projection.fit),
            **about,
            "expected_lifetime": projection.expected_lifetime,
            "curve": [asdict(row) for row in projection.curve],
        }
        show(list(projected), [list(projected.values())], output)
        return
    show(COLUMNS, [astuple(row) for row in projection.curve], output)
    say(f"As of {day}; periods of a {length.value}." if length else f"Counts of {counts}.")
    for line in _lines_about(projection, discount):
        say(line)


def _refuse_beside_counts(**options: object) -> None:
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if given:
        raise UserError(
            f"{' and '.join(given)} cannot go with --counts: the file has no days or categories.",
            "Leave it out, or leave out --counts to count the published purchases.",
        )


def _fit_as_json(fit: "Fit") -> dict[str, Any]:
    from ltv_platform.contracts.arrow import rounded
    from ltv_platform.forecasting.repeat_buying.subscriptions import PARAMETERS

    return {
        "model": "sbg",
        "parameters": {name: rounded(fit.parameters.get(name)) for name in PARAMETERS},
        "standard_errors": {name: rounded(fit.standard_errors.get(name)) for name in PARAMETERS},
        "log_likelihood": rounded(fit.log_likelihood),
        "status": fit.status,
        "customers": fit.customers,
        "reason": fit.reason or None,
    }


def _lines_about(projection: "Projection", discount: float) -> list[str]:
    """What the model found, in sentences."""
    fit, lifetime = projection.fit, projection.expected_lifetime
    lines = [f"sbg: {fit.reason}."] if fit.reason else []
    if fit.parameters:
        values = ", ".join(f"{name} {value:.4g}" for name, value in fit.parameters.items())
        lines.append(f"Fitted to {fit.customers:,} subscribers: {values}.")
    if lifetime is not None:
        discounted = f", discounted by {discount:.3g} per period" if discount else ""
        lines.append(
            f"A new subscriber is expected to pay {lifetime:,.2f} times in all, the first payment "
            f"included{discounted}."
        )
    elif fit.usable:
        lines.append(
            "Without an end the expected payments are infinite, because alpha is at most 1: go by "
            "expected_payments of a period, or give a --discount."
        )
    return lines


@forecast.command()
def backtest(
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=_DAY,
            help="Last day the forecast may use; with --rolling, the last day of all. By default, "
            "everything ends with the snapshot.",
        ),
    ] = None,
    holdout: Annotated[
        int | None,
        typer.Option(
            help="Days to forecast; default: LTV_FORECAST_HOLDOUT, with --rolling at most a third "
            "of the history.",
            max=_MOST_DAYS,
        ),
    ] = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Forecast from several days, one holdout apart.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Forecast past days and compare models and baselines with what happened."""
    from dataclasses import astuple

    from ltv_platform.forecasting.repeat_buying.backtest import COLUMNS
    from ltv_platform.reports.forecasts import backtest_as_of, rolling_backtest

    compare = rolling_backtest if rolling else backtest_as_of
    compared = compare(Workspace.open().settings, as_of and as_of.date(), holdout)
    show(COLUMNS, [astuple(row) for row in compared], output)
    if output is Format.TABLE:
        say(
            "bias = predicted / actual − 1, over all customers; mae, rmse and r per customer. "
            "mae alone says little: most customers buy nothing, so even the baseline zero has a "
            "low mae.\n"
            "rate_x_T, rate_n_T: every customer keeps buying at the rate of their repeat "
            "purchases, or of all purchases."
        )
