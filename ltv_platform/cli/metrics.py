"""Commands of the catalogue of metrics: metric list, show, query, export; mcp."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ltv_platform.cli.console import AsFormat, Format, answer, say, show

if TYPE_CHECKING:
    from ltv_platform.metrics import Answer, Metric, Question

metric = typer.Typer(
    help="Ask the catalogue of metrics, and export it for semantic layers.", no_args_is_help=True
)


class SemanticLayer(StrEnum):
    """Formats of semantic layers."""

    METRICFLOW = "metricflow"
    OSI = "osi"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(metric, name="metric")
    app.command()(mcp)


def mcp() -> None:
    """Answer an agent over stdin and stdout (Model Context Protocol); only reads."""
    from ltv_platform.agents.server import serve_stdio
    from ltv_platform.workspace import Workspace

    if sys.stdin.isatty():
        say("Waiting for an agent, which starts this command itself: see docs/agents.md.")
    serve_stdio(Workspace.open().settings)


@metric.command("list")
def list_all(output: AsFormat = Format.TABLE) -> None:
    """List the metrics; N stands for a horizon in days (d) or months (m)."""
    from ltv_platform.metrics import catalogue, families
    from ltv_platform.settings import load_settings

    every = catalogue(load_settings())
    if output is not Format.TABLE:
        show(
            ["metric", "label", "unit", "dimensions", "definition"],
            [
                (one.name, one.label, str(one.unit), ", ".join(one.dimensions), one.definition)
                for one in every.values()
            ],
            output,
        )
        return
    rows = [
        (family.name, str(family.metrics[0].unit), _horizons(family.metrics), family.definition)
        for family in families(every)
    ]
    show(["metric", "unit", "N", "definition"], rows)


def _horizons(metrics: "tuple[Metric, ...]") -> str:
    ends = [one.name.rpartition("_")[2][1:] for one in metrics]
    return ", ".join(ends) if len(metrics) > 1 else ""


@metric.command("show")
def show_one(
    name: Annotated[str, typer.Argument(help="Name of a metric, such as roas_d7.")],
    output: AsFormat = Format.TABLE,
) -> None:
    """Show the definition of a metric, its dimensions, and what makes it immature."""
    from ltv_platform.metrics import catalogue
    from ltv_platform.metrics.question import metric_named
    from ltv_platform.settings import load_settings

    one = metric_named(name, catalogue(load_settings()))
    parts = one.numerator if one.denominator is None else f"{one.numerator} / {one.denominator}"
    rows: list[tuple[str, str]] = [
        ("metric", one.name),
        ("label", one.label),
        ("unit", str(one.unit)),
        ("definition", one.definition),
        ("documentation", one.link),
        ("sums", parts),
        *((f"dimension {key}", meaning) for key, meaning in one.dimensions.items()),
        ("days", one.relation.dated_by),
        ("grain", ", ".join(one.relation.grains)),
        ("immature", one.immature),
        ("predicted", "yes" if one.predicted else "no"),
        ("similar", ", ".join(one.nearest)),
    ]
    show(["about", "value"], [row for row in rows if row[1]], output)


@metric.command("query")
def query_one(
    *,
    names: Annotated[
        list[str], typer.Argument(metavar="METRIC...", help="Names, such as roas_d7 spend.")
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimension to group by; repeat it, or separate with commas."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Filter, such as country=US; repeat it for further values or filters."),
    ] = None,
    grain: Annotated[str, typer.Option(help="Periods: day, week or month.")] = "",
    start: Annotated[str, typer.Option("--from", help="First day, such as 2026-09-01.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, inclusive.")] = "",
    last: Annotated[
        str, typer.Option(help="Instead of --from: 30d, 12w or 6m, counted back from as_of.")
    ] = "",
    output: AsFormat = Format.TABLE,
) -> None:
    """Query metrics on the published snapshot; every value has its state."""
    from ltv_platform.metrics import query
    from ltv_platform.published.live import LiveSnapshot
    from ltv_platform.workspace import Workspace

    question = _question(names, by or [], where or [], grain=grain, start=start, end=end, last=last)
    settings = Workspace.open().settings
    live = LiveSnapshot(settings)
    try:
        with live.reading() as reading:
            answered = query(settings, reading, question)
    finally:
        live.close()
    columns, rows = _table(answered, whole=output is not Format.TABLE)
    show(columns, rows, output)
    say(f"As of {answered.as_of}, snapshot {answered.snapshot}.")
    for note in answered.notes:
        say(note)


def _question(
    names: list[str],
    by: list[str],
    where: list[str],
    *,
    grain: str,
    start: str,
    end: str,
    last: str,
) -> "Question":
    from ltv_platform.errors import UserError
    from ltv_platform.metrics import Grain, Question

    filters: dict[str, tuple[str, ...]] = {}
    for pair in where:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UserError(
                f"--where {pair} has no =.", "Write a dimension and a value: --where country=US."
            )
        filters[name.strip()] = (*filters.get(name.strip(), ()), value.strip())
    if grain and grain not in set(Grain):
        raise UserError(f"--grain {grain} is not a period.", f"Choose {', '.join(Grain)}.")
    return Question(
        tuple(part for name in names for part in name.split(",") if part),
        tuple(part for name in by for part in name.split(",") if part),
        filters,
        Grain(grain) if grain else None,
        _day("--from", start),
        _day("--to", end),
        last,
    )


def _day(option: str, text: str) -> Any:
    from datetime import date

    from ltv_platform.errors import UserError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UserError(f"{option} {text} is not a day.", "Write it as in 2026-09-01.") from error


def _table(answered: "Answer", *, whole: bool) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows; programs also get parts, coverage and interval of each value."""
    several = len(answered.metrics) > 1
    first = answered.rows[0] if answered.rows else None
    labels = list(first.labels) if first else []
    dated = first is not None and first.period is not None
    columns = [*(["period"] if dated else []), *labels]
    details = ["coverage", "numerator", "denominator", "lower", "upper"] if whole else ["coverage"]
    for each in answered.metrics:
        before = f"{each.name}_" if several else ""
        columns += [each.name, *(f"{before}{name}" for name in ("state", *details))]
    rows = []
    for row in answered.rows:
        values: list[Any] = [*([row.period] if dated else []), *row.labels.values()]
        for each in answered.metrics:
            cell = row.cells[each.name]
            values += [cell.value, cell.state.value, *(getattr(cell, name) for name in details)]
        rows.append(values)
    return columns, rows


@metric.command("export")
def export(
    layer: Annotated[SemanticLayer, typer.Option("--format", help="Which semantic layer.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the YAML into this folder, with a SELECT per model for dbt; default: print "
            "the YAML.",
        ),
    ] = None,
) -> None:
    """Write the catalogue as YAML for a semantic layer."""
    from ltv_platform.metrics.interchange import as_metricflow, as_osi, selects
    from ltv_platform.settings import load_settings

    settings = load_settings()
    flow = layer is SemanticLayer.METRICFLOW
    text = as_metricflow(settings) if flow else as_osi(settings)
    if out is None:
        answer(text.rstrip("\n"))
        return
    files = {f"ltv_{layer}.yml": text}
    if flow:
        files |= {f"{name}.sql": f"{sql}\n" for name, sql in selects(settings).items()}
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_text(content, "utf-8")
    show(["file", "bytes"], [(name, (out / name).stat().st_size) for name in files], title=str(out))
