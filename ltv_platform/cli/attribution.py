"""Commands about attribution: how good the local IHC engine is, what the API was asked."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.attribution.ihc_local.evaluation import Distance
    from ltv_platform.settings import Settings

attribution = typer.Typer(
    help="Evaluate, fit and inspect the IHC attribution engines.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(attribution, name="attribution")
    app.command("ihc-simulator")(ihc_simulator)


_MEASURES = ["session_mae", "session_max", "misallocated_percent"]
_EXPLAINED = (
    "session_mae, session_max: mean and largest difference from the API's credit per session, "
    "over journeys of two or more sessions.\nmisallocated_percent: conversion credit on a "
    "different channel or day than the API's, over all journeys."
)


def _measures(measured: "Distance") -> tuple[float, ...]:
    return measured.mean_error, measured.max_error, 100 * measured.misallocated


@attribution.command()
def evaluate(
    file: Annotated[
        Path, typer.Argument(help="Answers of the IHC API as a CSV file, optionally gzipped.")
    ],
    output: AsFormat = Format.TABLE,
) -> None:
    """Compare the local IHC engine, an open approximation, with the API's answers."""
    from ltv_platform.attribution.ihc_local.answered_journeys import read_answers
    from ltv_platform.attribution.ihc_local.evaluation import evaluate as distances
    from ltv_platform.settings import load_settings

    settings = load_settings()
    journeys = read_answers(file, settings)
    counts = journeys.starts.size, journeys.long_journeys
    rows = [
        (model, preset, *counts, *_measures(measured))
        for model, preset, measured in distances(journeys, settings)
    ]
    columns = ["model", "preset", "journeys", "journeys_of_two_or_more", *_MEASURES]
    show(columns, rows, output)
    say(_EXPLAINED)
    _say_without_redistribution(settings)


@attribution.command()
def fit(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="api: the answers in the snapshot. Otherwise a file like the one evaluate reads.",
        ),
    ] = "api",
    output: AsFormat = Format.TABLE,
) -> None:
    """Fit the constants of the local IHC engine to the API's answers."""
    from ltv_platform.attribution.ihc_local.answered_journeys import published_answers, read_answers
    from ltv_platform.attribution.ihc_local.fitting import fit as fitted
    from ltv_platform.parameters.ihc import FITTED, write_fit
    from ltv_platform.settings import load_settings

    settings = load_settings()
    if source == "api":
        journeys = published_answers(settings)
    else:
        journeys = read_answers(Path(source), settings)
    found = fitted(journeys)
    write_fit(settings, found.parameters, {"from": source, "journeys": found.journeys[0]})
    rows = [
        (name, "held out" if held_out else "fitted to", found.journeys[held_out], *_measures(seen))
        for (name, held_out), seen in found.distances.items()
    ]
    show(["preset", "half", "journeys_of_two_or_more", *_MEASURES], rows, output)
    say(_EXPLAINED)
    _say_without_redistribution(settings)
    constants = ", ".join(f"{name} {value:.6g}" for name, value in asdict(found.parameters).items())
    say(f"Fitted: {constants}\nWritten to {settings.ihc_fit_path}.")
    best = found.best_preset
    if found.distances[FITTED, True].mean_error < found.distances[best, True].mean_error:
        say("To use it: export LTV_IHC_PRESET=fitted, then `ltv run`.")
    else:
        say(
            f"On the held-out half it does no better than the preset {best}: use that one "
            f"(LTV_IHC_PRESET={best}), or LTV_IHC_PRESET=fitted anyway."
        )


def _say_without_redistribution(settings: "Settings") -> None:
    if any(rule is not None for _, rule in settings.ihc_redistribution):
        say("Compared before redistribution: LTV_IHC_REDISTRIBUTION is ignored.")


@attribution.command()
def status(output: AsFormat = Format.TABLE) -> None:
    """Show what was sent to the IHC API, what it answered, and what is pending or rejected."""
    from ltv_platform.attribution.ihc_api.status import api_status, other_settings

    settings = Workspace.open().settings
    show(*api_status(settings), output)
    if difference := other_settings(settings):
        say(difference)


@attribution.command()
def retry() -> None:
    """Let the next `ltv run` send rejected journeys to the IHC API again."""
    from ltv_platform.attribution.ihc_api.ledger import forget_rejections

    journeys = forget_rejections(Workspace.open().engine)
    say(f"Rejected journeys that the next `ltv run` will send again: {journeys:,}")


def ihc_simulator(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 picks a free one.")] = 8750,
    key: Annotated[str, typer.Option(help="The API key to accept.")] = "simulated",
    max_sessions: Annotated[int, typer.Option(help="Maximum sessions per request.")] = 3000,
    max_journeys: Annotated[int, typer.Option(help="Maximum journeys per request.")] = 100,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that fail.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 1,
    retry_after: Annotated[
        int, typer.Option(min=0, help="Retry-After of 429 and 503 answers, in seconds.")
    ] = 1,
) -> None:
    """Simulate the IHC API on this machine, with scores from the local engine."""
    from shlex import quote
    from threading import Event

    from ltv_platform.attribution.ihc_api.simulator import Faults, Limits, Simulator

    with Simulator(
        Workspace.open().settings,
        key,
        port=port,
        limits=Limits(journeys=max_journeys, sessions=max_sessions),
        faults=Faults(faults, seed),
        retry_after=retry_after,
    ) as simulator:
        say(
            f"Simulating the IHC API on {simulator.url}; end it with Ctrl-C. In another shell:\n"
            f"export LTV_IHC_URL={simulator.url} IHC_API_KEY={quote(key)} "
            f"LTV_IHC_CONVERSION_TYPE=demo LTV_IHC_REQUEST_SESSIONS={max_sessions} "
            f"LTV_IHC_REQUEST_JOURNEYS={max_journeys}\n"
            f"Requests received: {simulator.url}/stats"
        )
        Event().wait()
