"""How a derived table is made: its rendered SELECT, its inputs, its code hash.

A :class:`Derivation` is the one line of wiring of a table; :class:`Transform` combines it with the
rendered SQL and the contract under given settings. Nothing here runs SQL or knows Dagster.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from ltv_platform.contracts import Catalog, Table
from ltv_platform.days import ONE_DAY, day_of, day_start
from ltv_platform.result_cache import cache_of
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform.tables.selects import bounds, cut, parameters, tables_read
from ltv_platform.tables.source_code import code_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Takes the rows of the SELECT, returns the rows of the table.
Fit: TypeAlias = Callable[["pa.Table"], "pa.Table"]


@dataclass(frozen=True)
class Window:
    """Days of an input that day d of a table reads: ``d - before`` to ``d + after``.

    ``before`` is None if day d reads every earlier day, ``after`` if it reads every later one.
    """

    before: int | None = 0
    after: int | None = 0

    def first(self, day: date) -> date:
        """The first day that a day reads."""
        return date.min if self.before is None else day - self.before * ONE_DAY

    def last(self, day: date) -> date:
        """The last day that a day reads."""
        return date.max if self.after is None else day + self.after * ONE_DAY


SAME_DAY = Window()


@dataclass(frozen=True)
class Derivation:
    """The one line of wiring of a derived table.

    Attributes:
        table: Full name, as in ``marts.campaign_ltv``.
        group: Folder of its SELECT under ``sql/``, and its group in Dagster.
        windows: Days of an input that one day of the table reads, by input; default: its own.
        shown: Days of the table itself that its presentation reads for one published day.
        settles: Days after which a published day no longer depends on as_of and the watermarks
            of revenue and conversions; None: it always does, if its presentation reads them.
        adds: Names of further presentations, ``<table>.presentation.<name>.sql``. Each adds rows
            in separate files, so that its dependencies do not cause other files to be rewritten.
        backtest: Full name of the table with the table's forecast errors. It is built first, and
            materializations show its figures. It may be the table itself.
        fit: Computes the table's rows from those of its SELECT if SQL cannot, for example when a
            model is fitted to sums; its inputs are small, and the table is written whole.
    """

    table: str
    group: str
    windows: Mapping[str, Window] = field(default_factory=dict)
    shown: Window = SAME_DAY
    settles: int | None = None
    adds: tuple[str, ...] = ()
    backtest: str = ""
    fit: "Fit | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class Select:
    """A SELECT ready to run: its text and the values of its ``$parameters``."""

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class AsOf:
    """What the figures include: the last day, and how far the feeds reach.

    Attributes:
        day: as_of; None before any event.
        watermarks: How far the sources are complete, by the name of the watermark in their
            contracts: an instant (UTC), or the first day that may still grow. A source without rows
            has none.
        feeds: Newest event of each feed, as text, for people and the manifest.
    """

    day: date | None = None
    watermarks: Mapping[str, date | datetime] = field(default_factory=dict)
    feeds: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def watermarks_text(self) -> str:
        """The watermarks as one comparable text (JSON), independent of the order of contracts."""
        marks = {name: mark.isoformat() for name, mark in self.watermarks.items()}
        return json.dumps(marks, sort_keys=True)

    def known_until(self, watermark: str) -> datetime | None:
        """The instant (UTC) up to which a source is complete, if its watermark is an instant."""
        mark = self.watermarks.get(watermark)
        return mark if isinstance(mark, datetime) else None

    def grows_from(self, watermark: str) -> date | None:
        """The first day of a source that may still grow, if its watermark is a day."""
        return self.watermarks.get(watermark)


@dataclass(frozen=True)
class Transform:
    """A derivation under given settings.

    Attributes:
        derivation: The line of wiring.
        contract: The table's contract.
        settings: The settings it is rendered with.
        catalog: All contracts.
    """

    derivation: Derivation
    contract: Table
    settings: Settings
    catalog: Catalog

    @property
    def name(self) -> str:
        """Full name of the table."""
        return self.contract.full_name

    @property
    def _path(self) -> str:
        return f"{self.derivation.group}/{self.contract.name}"

    @cached_property
    def sql(self) -> str:
        """The rendered SELECT, as people read it."""
        return render(f"{self._path}.sql", self.settings)

    @cached_property
    def presentations(self) -> Mapping[str, str]:
        """The rendered SELECTs of the published rows by name; the main one's name is ''."""
        main = f"SELECT * FROM {self.name}"
        if self.contract.presented is not None:
            main = render(f"{self._path}.presentation.sql", self.settings)
        further = {
            name: render(f"{self._path}.presentation.{name}.sql", self.settings)
            for name in self.derivation.adds
        }
        return {"": main, **further}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Full names of the tables that the SELECT reads, ordered by name."""
        return tuple(
            sorted(name for name in tables_read(self.sql, self.settings) if name in self.catalog)
        )

    @property
    def made_before(self) -> tuple[str, ...]:
        """Full names of the tables that must be built first: the inputs, and the back-test."""
        backtest = self.derivation.backtest
        further = {backtest} - {"", self.name}
        return tuple(sorted({*self.inputs, *further}))

    def presentation_inputs(self, name: str = "") -> tuple[str, ...]:
        """Full names of the other tables that a presentation reads whole, ordered by name."""
        read = tables_read(self.presentations[name], self.settings)
        return tuple(
            sorted(table for table in read if table in self.catalog and table != self.name)
        )

    def window(self, table: str) -> Window:
        """The days of an input that one day reads."""
        return self.derivation.windows.get(table, SAME_DAY)

    @cached_property
    def code_hash(self) -> str:
        """Changes with the SQL, the contract, or a setting that the SQL is rendered with."""
        fit = self.derivation.fit
        fit_hash = None
        if fit is not None:
            fit_hash = code_of(Path(inspect.getfile(fit)), cache_of(self.settings.home))
        shown = tuple(self.presentations.items())
        parts = (self.sql, shown, self.contract, self.derivation, fit_hash)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def select(self, as_of: AsOf, start: date | None = None, end: date | None = None) -> Select:
        """The SELECT for the days start to end (inclusive), or for the whole table.

        Partitioned inputs are restricted to the days that the window allows, so that a range reads
        only what it needs.
        """
        if self.contract.partition is None:
            return self._bind(self.sql, as_of)
        if start is None or end is None:
            raise ValueError(f"{self.name} is partitioned: a range of days is needed")
        ranges = {}
        for name in self.inputs:
            contract = self.catalog[name]
            if contract.layer != "raw" and contract.partition is not None:
                window = self.window(name)
                ranges[name] = (window.first(start), window.last(end))
        values = {
            "start": start,
            "end": end,
            "start_ts": day_start(start, self.settings),
            "end_ts": day_start(end + ONE_DAY, self.settings),
        }
        return self._bind(self.sql, as_of, ranges, values)

    def presentation(
        self, as_of: AsOf, first: date | None, last: date | None, name: str = ""
    ) -> Select:
        """The SELECT that publishes the rows of the days first to last, or of the whole table.

        A presentation that also reads other days of the table finds the days to publish in
        ``$first`` and ``$last``; they are None if no day was ever built.
        """
        source = self.presentations[name]
        values = {"first": first, "last": last}
        if self.contract.partition is None or first is None or last is None:
            return self._bind(source, as_of, values=values)
        shown = self.derivation.shown
        return self._bind(
            source, as_of, {self.name: (shown.first(first), shown.last(last))}, values
        )

    def unsettled(self, as_of: AsOf, last: date | None, name: str = "") -> Mapping[str, Any]:
        """Parameters on which the published days up to the last one still depend.

        Args:
            as_of: What the figures include.
            last: The last of the days; None: the whole table.
            name: The presentation.

        Returns:
            The current values of these parameters.
        """
        used = parameters(self.presentations[name], self.settings)
        known = {name: value for name, value in self._known(as_of).items() if name in used}
        if last is None:
            return known
        revenue, cost = as_of.known_until("revenue"), as_of.grows_from("cost")
        conversions = as_of.grows_from("conversion")
        settles = self.derivation.settles
        if (
            settles is not None
            and revenue is not None
            and last + settles * ONE_DAY < day_of(revenue, self.settings)
        ):
            known.pop("as_of", None)
            known.pop("revenue_watermark", None)
        if (
            settles is not None
            and conversions is not None
            and last + settles * ONE_DAY < conversions
        ):
            known.pop("conversion_watermark", None)
        if cost is None or last < cost:
            known.pop("cost_watermark", None)
        return known

    def _known(self, as_of: AsOf) -> dict[str, Any]:
        """The parameters that bound what the figures include."""
        marks = self.catalog.watermarks
        reached = {mark.parameter: as_of.watermarks.get(mark.name) for mark in marks}
        return {"as_of": as_of.day, **reached}

    def _bind(
        self,
        sql: str,
        as_of: AsOf,
        ranges: Mapping[str, tuple[date, date]] = MappingProxyType({}),
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> Select:
        known = {**self._known(as_of), **values}
        bound = {name: known[name] for name in parameters(sql, self.settings)}
        read = tables_read(sql, self.settings)
        cuts = tuple((name, str(self.catalog[name].partition)) for name in ranges if name in read)
        for name, _ in cuts:
            bound.update(zip(bounds(name), ranges[name], strict=True))
        # The SQL is put into parentheses; a semicolon or a comment on the last line would break
        # them.
        whole = sql.rstrip().removesuffix(";") + "\n"
        return Select(cut(sql, cuts, self.settings) if cuts else whole, bound)


class Graph:
    """All transforms, inputs before the tables that read them.

    Args:
        derivations: The wiring of all groups.
        catalog: All contracts.
        settings: The settings to render with.
    """

    def __init__(
        self, derivations: tuple[Derivation, ...], catalog: Catalog, settings: Settings
    ) -> None:
        self.catalog = catalog
        self.settings = settings
        pending = {
            derivation.table: Transform(derivation, catalog[derivation.table], settings, catalog)
            for derivation in derivations
        }
        self._transforms: dict[str, Transform] = {}
        while pending:
            ready = [
                name
                for name, transform in pending.items()
                if not any(table in pending for table in transform.made_before)
            ]
            if not ready:
                raise ValueError(f"tables that read each other: {', '.join(sorted(pending))}")
            for name in ready:
                self._transforms[name] = pending.pop(name)

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The transforms in build order."""
        return tuple(self._transforms.values())

    def __getitem__(self, table: str) -> Transform:
        return self._transforms[table]
