"""Commands about attribution: how good the local IHC engine is, what the API was asked."""

from typing import Annotated

import typer

from ltv_platform.cli.console import Format, say, show
from ltv_platform.workspace import Workspace

attribution = typer.Typer(help="Attribution: engines, answers, fits.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(attribution, name="attribution")
    app.command("ihc-simulator")(ihc_simulator)


@attribution.command()
def status(output: Annotated[Format, typer.Option("--format")] = Format.TABLE) -> None:
    """What the IHC API was asked, what it answered, and what is pending or rejected."""
    from ltv_platform.attribution.status import api_status

    show(*api_status(Workspace.open().settings), output)


def ihc_simulator(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: any that is free.")] = 8750,
    key: Annotated[str, typer.Option(help="The key that it takes.")] = "simulated",
    max_sessions: Annotated[int, typer.Option(help="Sessions of a request at the most.")] = 3000,
    max_journeys: Annotated[int, typer.Option(help="Journeys of a request at the most.")] = 100,
    faults: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the requests that go wrong.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 1,
    retry_after: Annotated[
        int, typer.Option(min=0, help="Seconds that it asks to wait with 429 and 503.")
    ] = 1,
) -> None:
    """Serve the IHC API's contract on this machine, scored by the local engine."""
    from threading import Event

    from ltv_platform.attribution.simulator import Faults, Limits, Simulator

    with Simulator(
        Workspace.open().settings,
        key,
        port=port,
        limits=Limits(journeys=max_journeys, sessions=max_sessions),
        faults=Faults(faults, seed),
        retry_after=retry_after,
    ) as simulator:
        say(
            f"The IHC API is simulated on {simulator.url}; end it with Ctrl-C. In another shell:\n"
            f"export LTV_IHC_URL={simulator.url} IHC_API_KEY={key} "
            f"LTV_IHC_CONVERSION_TYPE=demo LTV_IHC_REQUEST_SESSIONS={max_sessions} "
            f"LTV_IHC_REQUEST_JOURNEYS={max_journeys}\n"
            f"What it was sent: {simulator.url}/stats"
        )
        Event().wait()
