"""Commands about attribution: how good the local IHC engine is, what the API was asked."""

import typer

attribution = typer.Typer(help="Attribution: engines, answers, fits.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(attribution, name="attribution")
