"""Builds tables without an orchestrator: the steps of a run as plain functions.

:class:`Work` has what a run must write, and what it has written; :func:`build_tables` writes the
tables of a group in order, and checks each right after it. A table with a failed blocking check
counts as never built, and tables that read it are blocked; all others are built.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ltv_platform import checks
from ltv_platform.checks import CheckOutcome, TableCheck
from ltv_platform.failpoints import failpoint
from ltv_platform.tables.transforms import AsOf, Transform
from ltv_platform.warehouse.engine import Builder, Writer
from ltv_platform.warehouse.planner import Plan, spans

#: Prefix of the code hash of rows whose blocking checks have not passed yet.
UNCHECKED = "unchecked "


def build_table(
    engine: Builder,
    transform: Transform,
    days: Iterable[date] | None,
    as_of: AsOf | None = None,
    *,
    checked: bool = True,
) -> list[tuple[date | None, date | None, int]]:
    """Write a table, or the given days of a partitioned one.

    Args:
        engine: The warehouse.
        transform: The table.
        days: The days of a partitioned one.
        as_of: The as_of and watermarks; None: those of the engine.
        checked: Whether the table counts as built at once. Otherwise it stays stale until
            :func:`_build_and_check` has checked it, so that a kill in between leaves no unchecked
            table.

    Returns:
        (first day, last day, rows) per statement.
    """
    if as_of is None:
        as_of = engine.as_of()
    writer = Writer(transform.name, ("" if checked else UNCHECKED) + transform.code_hash, as_of)
    contract, fit = transform.contract, transform.derivation.fit
    if fit is not None:
        # Held, so that nothing is written between reading and writing.
        with engine.hold():
            select = transform.select(as_of)
            rows = fit(engine.fetch(select.sql, select.parameters))
            return [(None, None, engine.replace(contract, rows, writer))]
    if contract.partition is None:
        return [(None, None, engine.replace(contract, transform.select(as_of), writer))]
    return [
        (
            start,
            end,
            engine.replace_range(contract, transform.select(as_of, start, end), start, end, writer),
        )
        for start, end in spans(days or ())
    ]


class Work:
    """What a run must write, and what it has written so far; shared by its steps.

    Args:
        days: Days to write of each partitioned table.
        whole: Tables to write as a whole.
    """

    def __init__(self, days: Mapping[str, Sequence[date]], whole: Collection[str]) -> None:
        self._days = {table: tuple(of_table) for table, of_table in days.items() if of_table}
        self._left = {*self._days, *whole}
        self._failed: dict[str, str] = {}

    @classmethod
    def of_plan(cls, plan: Plan) -> "Work":
        """The work for everything that is stale."""
        return cls(plan.days, plan.whole)

    def wants(self, table: str) -> bool:
        """Whether the table must still be written."""
        return table in self._left

    def days(self, table: str) -> tuple[date, ...] | None:
        """The days to write; None: the whole table."""
        return self._days.get(table)

    def blocked_by(self, tables: Iterable[str]) -> str:
        """The first of some tables that should already have been written; empty: none."""
        return next((table for table in tables if table in self._left), "")

    def done(self, table: str) -> None:
        """Record that the table was written and its blocking checks passed."""
        self._left.discard(table)
        self._failed.pop(table, None)

    def failed(self, table: str, why: str) -> None:
        """Record that a blocking check of the table failed."""
        self._failed[table] = why

    @property
    def left(self) -> tuple[str, ...]:
        """Tables that should have been written and were not, by name."""
        return tuple(sorted(self._left))

    @property
    def failures(self) -> tuple[str, ...]:
        """The messages of failed blocking checks."""
        return tuple(self._failed.values())


@dataclass(frozen=True)
class Checked:
    """The result of a check of a table just written."""

    name: str
    blocking: bool
    outcome: CheckOutcome


@dataclass(frozen=True)
class BuiltTable:
    """The result for a table of the work.

    Attributes:
        transform: The table.
        days: The days written; None: the whole table.
        as_of: The as_of and watermarks of its figures.
        rows: Rows written.
        seconds: Duration of writing and checking.
        checks: The results of its checks.
        blocked_by: The input that was not rebuilt and so blocked it; empty: it was written.
    """

    transform: Transform
    days: tuple[date, ...] | None
    as_of: AsOf
    rows: int = 0
    seconds: float = 0.0
    checks: tuple[Checked, ...] = ()
    blocked_by: str = ""

    @property
    def summary(self) -> str:
        """One line for people: days, rows, seconds, and what fails."""
        name = self.transform.name
        if self.blocked_by:
            return f"{name}: blocked because {self.blocked_by} was not rebuilt"
        days = "" if self.days is None else f"{_count(len(self.days), 'day')}, "
        failing = [check for check in self.checks if not check.outcome.passed]
        failures = "".join(
            f"; {check.name} fails: {check.outcome.description}" for check in failing
        )
        return f"{name}: {days}{_count(self.rows, 'row')}, {self.seconds:.2f} s{failures}"


def build_tables(
    engine: Builder, transforms: Iterable[Transform], work: Work
) -> Iterator[BuiltTable]:
    """Write the tables of the work, inputs first, and check each right after it."""
    with engine.hold():
        # Nobody can load meanwhile, so it is the same for all tables.
        as_of = engine.as_of()
        for transform in transforms:
            if not work.wants(transform.name):
                continue
            # Checks compare tables of the same state, so those they read must be rebuilt first.
            compared = (table for c in checks_of(engine, transform.name) for table in c.reads)
            if blocked_by := work.blocked_by((*transform.made_before, *compared)):
                yield BuiltTable(transform, work.days(transform.name), as_of, blocked_by=blocked_by)
            else:
                yield _build_and_check(engine, transform, work, as_of)


def _build_and_check(engine: Builder, transform: Transform, work: Work, as_of: AsOf) -> BuiltTable:
    started = time.perf_counter()
    name, days = transform.name, work.days(transform.name)
    written = build_table(engine, transform, days, as_of, checked=False)
    failpoint("table written, not checked")
    checked = check_table(engine, transform, days)
    failing = [check for check in checked if check.blocking and not check.outcome.passed]
    if failing:
        # Otherwise the next refresh would find the table fresh, skip its checks and publish.
        engine.forget(name, *((days[0], days[-1]) if days else ()))
        failures = "; ".join(
            f"{check.name} fails ({check.outcome.description})" for check in failing
        )
        work.failed(name, f"{name}: {failures}")
    else:
        engine.confirm(name, UNCHECKED + transform.code_hash, transform.code_hash, days)
        work.done(name)
    rows = sum(of_span for *_, of_span in written)
    return BuiltTable(transform, days, as_of, rows, time.perf_counter() - started, checked)


def check_table(
    engine: Builder, transform: Transform, days: Sequence[date] | None = None
) -> tuple[Checked, ...]:
    """Run the checks of a table: its unique key, in some days or all, then the others."""
    # The key first: other checks are meaningless for a table with duplicate rows.
    key = checks.unique_key(engine, transform.contract, days)
    others = [
        Checked(check.name, check.blocking, check.run(engine))
        for check in checks_of(engine, transform.name)
    ]
    return (Checked("unique_key", True, key), *others)


def checks_of(engine: Builder, table: str) -> tuple[TableCheck, ...]:
    """The checks of a table that may read other tables."""
    return tuple(check for check in checks.table_checks(engine.settings) if check.table == table)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
