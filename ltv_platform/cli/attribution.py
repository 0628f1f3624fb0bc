"""Commands about attribution: how good the local IHC engine is, what the API was asked."""

from pathlib import Path
from typing import Annotated

import typer

from ltv_platform.cli.console import Format, say, show

attribution = typer.Typer(help="Attribution: engines, answers, fits.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(attribution, name="attribution")


@attribution.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Answers of the IHC API as CSV, gzip or not.")],
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Compare the local IHC engine, an open approximation, with answers of the API."""
    from ltv_platform.attribution.answered_journeys import read_answers
    from ltv_platform.attribution.evaluation import evaluate as distances
    from ltv_platform.settings import load_settings

    settings = load_settings()
    journeys = read_answers(file, settings)
    rows = [
        (
            model,
            preset,
            journeys.starts.size,
            journeys.long_journeys,
            measured.mean_error,
            measured.max_error,
            100 * measured.misallocated,
        )
        for model, preset, measured in distances(journeys, settings)
    ]
    show(
        [
            "model",
            "preset",
            "journeys",
            "journeys_of_two_or_more",
            "session_mae",
            "session_max",
            "misallocated_percent",
        ],
        rows,
        output,
    )
    say(
        "session_mae, session_max: how far a session's credit lies from the API's, over journeys "
        "of two or more.\nmisallocated_percent: conversion credit that stands in another channel "
        "and day than the API's, over all journeys."
    )
