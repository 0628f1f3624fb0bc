"""Writes a sample: nine CSV files and the truths about them, in batches of customers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from ltv_platform.sample.csv_files import TABLES, TableFile
from ltv_platform.sample.customers import draw_customers, write_customers
from ltv_platform.sample.dirt import Dirt, outlier_line, planted_dirt
from ltv_platform.sample.scope import Scope
from ltv_platform.sample.sessions import (
    SessionPrices,
    Sessions,
    draw_sessions,
    write_sessions,
)
from ltv_platform.sample.spend import (
    ExchangeRates,
    write_campaigns,
    write_exchange_rates,
    write_spend,
)
from ltv_platform.sample.tally import Tally
from ltv_platform.sample.touchpoints import write_conversions, write_interactions
from ltv_platform.sample.transactions import write_transactions
from ltv_platform.sample.truths import TableTruth, Truths, truths_of

MOST_CUSTOMERS = 10_000_000  # eight-digit ids allow more; exact sums and disks set the limit
FEWEST_DAYS = 14  # with fewer, hardly any cohort is mature at D7
# Beyond a thousand days, one day is less than 0.1 % of a table, and the start rule of tables.md
# could cut off the first days of a sample that begins just before 1 January.
MOST_DAYS = 1_000

# Large enough for numpy and Arrow to work on long arrays, small enough for the CPU cache.
CUSTOMERS_PER_BATCH = 25_000
# One outlier must be clearly below the 0.1 % of a table at which the start rule yields.
_LEAST_ROWS_FOR_OUTLIER = 2_000


def generate(
    *,
    customers: int,
    days: int,
    seed: int,
    out: Path,
    progress: Callable[[int], None] | None = None,
) -> Truths:
    """Write the nine source tables as `<table>.csv`, and `truths.json`, into a folder.

    The same customers, days and seed give the same bytes on every run and machine. Existing files
    of these names are replaced; `truths.json` is written last, so its presence means that the rest
    is complete. Memory stays at a few hundred megabytes for any size.

    Args:
        customers: Number of distinct customers, 1 to 10,000,000; from 1,000 on, every plant is
            sure to be present.
        days: Install days, 14 to 1,000; the last is 2026-11-29, and no event is later.
        seed: Any integer >= 0.
        out: The folder, created if it does not exist.
        progress: Called after each batch with the number of customers written so far.

    Returns:
        The truths about the files, as in truths.json.

    Raises:
        ValueError: a parameter is out of range, or `out` is a file.
        OSError: the files cannot be written.
    """
    scope = Scope(customers, days, seed)
    _check(scope, out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "truths.json").unlink(missing_ok=True)
    dirt = {table: planted_dirt(table, scope) for table in TABLES}
    with ExitStack() as open_files:
        files = {table: open_files.enter_context(TableFile(out, table)) for table in TABLES}
        rates = write_exchange_rates(files["fx_rates"], scope)
        spend = write_spend(files["campaign_costs"], scope, rates)
        write_campaigns(files["campaigns"])
        prices = SessionPrices(scope, spend, _all_sessions(scope))
        tally = Tally(scope, rates)
        batches = _batches(scope)
        for position, batch in enumerate(batches):
            _write_batch(files, scope, batch, rates=rates, prices=prices, tally=tally)
            for table, file in files.items():
                file.write_lines(dirt[table].share(position, len(batches)))
            if progress is not None:
                progress(batch.stop)
        outliers = 0
        if files["transactions"].rows >= _LEAST_ROWS_FOR_OUTLIER:
            files["transactions"].write_lines([outlier_line(scope)], at_the_end=True)
            outliers = 1
    found = truths_of(
        scope,
        {table: _table_truth(file, dirt[table], outliers) for table, file in files.items()},
        {table: dirt[table].counts for table in TABLES},
        tally,
        spend,
    )
    (out / "truths.json").write_bytes(found.to_json().encode())
    return found


def _check(scope: Scope, out: Path) -> None:
    """Raise ValueError with the allowed range for the first parameter that is out of range."""
    for name, value, least, most in (
        ("customers", scope.customers, 1, MOST_CUSTOMERS),
        ("days", scope.days, FEWEST_DAYS, MOST_DAYS),
    ):
        if not least <= value <= most:
            raise ValueError(f"{name} must be between {least:,} and {most:,}, not {value:,}")
    if scope.seed < 0:
        raise ValueError(f"seed must be 0 or more, not {scope.seed}")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; name a folder for the sample")


def _batches(scope: Scope) -> list[range]:
    """Return the customer numbers of each batch."""
    return [
        range(first, min(first + CUSTOMERS_PER_BATCH, scope.customers))
        for first in range(0, scope.customers, CUSTOMERS_PER_BATCH)
    ]


def _all_sessions(scope: Scope) -> Iterator[Sessions]:
    """Draw the sessions of all batches, for counting."""
    for batch in _batches(scope):
        yield draw_sessions(scope, draw_customers(scope, batch))


def _write_batch(
    files: dict[str, TableFile],
    scope: Scope,
    batch: range,
    *,
    rates: ExchangeRates,
    prices: SessionPrices,
    tally: Tally,
) -> None:
    """Write the rows of a batch of customers, and add their figures to the tally."""
    people = write_customers(files["customers"], scope, batch)
    transactions = write_transactions(files["transactions"], scope, people)
    tally.add(people, transactions)
    write_interactions(files["customer_interactions"], scope, people)
    sessions = draw_sessions(scope, people)
    write_sessions(files["session_sources"], files["session_costs"], people, sessions, prices)
    write_conversions(files["conversions"], scope, rates, people, transactions)


def _table_truth(file: TableFile, dirt: Dirt, outliers: int) -> TableTruth:
    """Return what should happen to the lines of a finished file."""
    dirty = len(dirt.lines)
    before_start = outliers if file.table == "transactions" else 0
    return TableTruth(
        rows=file.rows,
        repeated=file.repeated,
        dirty=dirty,
        before_start=before_start,
        late=file.late,
        accepted=file.rows - file.repeated - dirty - before_start,
    )
