"""Shows what loading files would do, without loading them: their format, and how they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ltv_platform.contracts import Column
from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.confinement import Connection
from ltv_platform.ingestion.adapters.file_relation import columns_not_taken
from ltv_platform.ingestion.load import staging_folder, warehouse_of
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.requests import Progress, Request, silent
from ltv_platform.ingestion.rows.staging import Incoming, Staged, discard, stage
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.ingestion.taking import take_in
from ltv_platform.warehouse.engine import Loader

#: Number of rows to show.
ROWS = 3
#: Placeholder for a column of the format that the file does not have.
_ABSENT = "(not in the file)"
#: Number of rejected rows to give reasons for.
_REASONS = 3


@dataclass(frozen=True)
class Explained:
    """What loading a file into one table would do.

    Attributes:
        request: The file, with the table and adapter that were found.
        values: For each column: its name, its source in the file, and its first values.
        notes: What the user should know.
        error: Why the file would be rejected.
    """

    request: Request
    values: list[tuple[str, str, list[str | None]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: UserError | None = None


def explain(
    engine: Loader, requests: Sequence[Request], progress: Progress = silent
) -> list[Explained]:
    """Process files up to the log, and report what would enter it.

    Args:
        engine: The warehouse; nothing is written to it.
        requests: The files.
        progress: Called with each step.
    """
    explained = []
    with staging_folder(engine.settings) as folder:
        for index, request in enumerate(requests):
            progress(f"reading {request.path.name}")
            try:
                taken = take_in(engine, request, folder / str(index))
            except UserError as error:
                explained.append(Explained(request, error=error))
                continue
            with warehouse_of(engine, folder) as connection:
                explained += list(_explained(connection, engine, taken))
    return explained


def _explained(
    connection: Connection, engine: Loader, taken: Sequence[Incoming]
) -> Iterator[Explained]:
    for incoming in taken:
        try:
            staged = stage(connection, engine, incoming, read_start(engine.settings))
        except UserError as error:
            yield Explained(incoming.request, error=error)
            return
        notes = [*staged.notes, *staged.judged_notes, *_counts(connection, staged)]
        if incoming.is_first:
            notes += _readings(incoming)
        yield Explained(incoming.request, _values(connection, incoming, staged), notes)
        discard(connection, staged)


def _values(
    connection: Connection, incoming: Incoming, staged: Staged
) -> list[tuple[str, str, list[str | None]]]:
    """The columns of the table that the file provides, with their first values."""
    given: list[Column] = [
        column for column in incoming.source.columns if column.name in staged.adapted.columns
    ]
    texts = ", ".join(f"CAST({quoted(column.name)} AS VARCHAR)" for column in given)
    rows = connection.execute(
        f"SELECT {texts} FROM {staged.rows} WHERE _reasons IS NULL ORDER BY _line LIMIT {ROWS}"
    ).fetchall()
    made_of = incoming.adapter.made_of if incoming.adapter else {}
    adapted = incoming.file.adapted
    names = adapted.relation.found.names if adapted and adapted.relation.found else {}
    known = incoming.adapter.layout.columns if incoming.adapter else ()
    absent = {column.name for column in known} - names.keys()
    return [
        (
            column.name,
            names.get(source, _ABSENT if source in absent else source),
            [row[index] for row in rows],
        )
        for index, column in enumerate(given)
        for source in (made_of.get(column.name, column.name),)
    ]


def _counts(connection: Connection, staged: Staged) -> Iterator[str]:
    """How many rows would enter, and which would be rejected and why."""
    [(good, rejected)] = connection.execute(
        "SELECT COUNT(*) FILTER (WHERE _reasons IS NULL), COUNT(*) FILTER (WHERE _reasons IS NOT "
        f"NULL) FROM {staged.rows}"
    ).fetchall()
    [(malformed,)] = connection.execute(f"SELECT COUNT(*) FROM {staged.malformed}").fetchall()
    rejected += malformed
    left_out = staged.load.rows_in_file - good - rejected
    yield (
        f"{staged.load.table.name}: accepted {good:,}, quarantined {rejected:,}, left out "
        f"{left_out:,} of {staged.load.rows_in_file:,}"
    )
    for line, reason in connection.execute(
        f"SELECT _line, _reasons[1] FROM {staged.rows} WHERE _reasons IS NOT NULL "
        f"UNION ALL SELECT line, reason FROM {staged.malformed} ORDER BY 1 LIMIT {_REASONS}"
    ).fetchall():
        yield f"line {line} would be quarantined: {reason}"


def _readings(incoming: Incoming) -> Iterator[str]:
    """How the file was read, and which of its columns are not used."""
    adapted, adapter = incoming.file.adapted, incoming.adapter
    if adapted is None or adapter is None:
        return
    relation, layout = adapted.relation, adapter.layout
    if relation.forms is not None:
        forms = relation.forms
        read = {"numbers": f"numbers as {forms.numbers}", "dates": f"dates {forms.dates}"}
        if forms.told:
            yield "read " + " and ".join(read[what] for what in forms.told)
    for name, value in layout.variables.items():
        others = ", ".join(f"{name}={each}" for each in layout.choices[name] if each != value)
        yield f"option {name}={value}; --option and LTV_ADAPTER_OPTIONS also accept {others}"
    if relation.found is not None:
        left = columns_not_taken(adapted.given, relation.found)
        if left:
            yield f"ignored columns: {some(left)}"
