"""``python -m benchmarks``: a command per benchmark, and one for all of them."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import (
    attribution,
    cohorts,
    customers,
    end_to_end,
    events,
    hourly,
    ingest,
    orchestration,
    page,
    partitions,
    publish,
    refresh,
    serving,
    sparse,
)
from benchmarks.bench import Bench
from benchmarks.data import DAYS, Scale
from benchmarks.processes import ContenderError, tell
from benchmarks.results import Result, save, show

#: In the order in which they leave the shared history to one another.
BENCHMARKS: dict[str, Callable[[Bench], Result]] = {
    "end_to_end": end_to_end.run,
    "ingest": ingest.run,
    "events": events.run,
    "cohorts": cohorts.run,
    "publish": publish.run,
    "refresh": refresh.run,
    "attribution": attribution.run,
    "customers": customers.run,
    "orchestration": orchestration.run,
    "hourly": hourly.run,
    "partitions": partitions.run,
    "sparse": sparse.run,
    "serving": serving.run,
}

app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True)


def _run(
    names: list[str], bench: Callable[[Path], Bench], json: Path | None, folder: Path | None
) -> None:
    with tempfile.TemporaryDirectory(prefix="ltv_bench_", dir=folder) as work:
        run = bench(Path(work))
        for name in names:
            try:
                result = BENCHMARKS[name](run)
            except ContenderError as error:
                tell(f"{name}: {error}")
                raise typer.Exit(1) from error
            show(result)
            if json is not None:
                save(json, run.scale.factor, [result])


def _command(names: list[str]) -> Callable[..., None]:
    def command(  # noqa: PLR0917 - options, each with its name
        scale: Annotated[
            float, typer.Option(help="100 is 5M customers and 25M purchases, 1 a hundredth.")
        ] = 1.0,
        repetitions: Annotated[int, typer.Option(help="Runs of each contender.")] = 5,
        days: Annotated[int, typer.Option(help="Days of the history.")] = DAYS,
        dagster: Annotated[bool, typer.Option(help="Measure ltv run, too, in refresh.")] = True,
        refreshes: Annotated[int, typer.Option(help="Refreshes in a row, in hourly.")] = 20,
        json: Annotated[Path | None, typer.Option(help="Keep the figures in this file.")] = None,
        folder: Annotated[
            Path | None, typer.Option(help="Where the temporary data goes; default: the system's.")
        ] = None,
    ) -> None:
        def bench(work: Path) -> Bench:
            return Bench(Scale(scale), repetitions, days, work, dagster, refreshes)

        _run(names, bench, json, folder)

    return command


for _name in BENCHMARKS:
    app.command(_name, help=f"Measure {_name}.")(_command([_name]))
app.command("all", help="Measure everything.")(_command(list(BENCHMARKS)))

_FIGURES = typer.Argument(help="What --json wrote.", exists=True, dir_okay=False)


@app.command()
def charts(
    figures: Annotated[Path, _FIGURES],
    out: Annotated[Path, typer.Option(help="Folder of the SVG files.")] = Path("docs/performance"),
) -> None:
    """Draw the figures."""
    from benchmarks.charts import draw  # noqa: PLC0415 - altair is for this command alone

    for file in draw(page.read(figures), out):
        tell(f"wrote {file}")


@app.command()
def render(
    figures: Annotated[Path, _FIGURES],
    into: Annotated[Path, typer.Option("--page", help="The page.")] = Path("docs/performance.md"),
) -> None:
    """Put the figures into the page."""
    page.render(page.read(figures), into)
    tell(f"wrote {into}")


if __name__ == "__main__":
    app()
