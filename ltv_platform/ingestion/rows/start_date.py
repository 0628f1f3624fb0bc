"""The start of the daily partitions: settled by the first load, moved earlier by later ones.

The start never moves later by itself. It is stored in ``LTV_HOME/start_date``; ``LTV_START_DATE``
overrides it. A settled start is never later than any row of the log.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import zip_longest

from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader

#: One in this many rows may lie before the start (0.1 %); an integer, so that no float decides.
_OUTLIERS_ONE_IN = 1_000
#: Minimum rows of a load that can move the start, so that a tiny file does not.
_SMALLEST_COUNTED_LOAD = 1_000

#: A row this many years before all others does not begin a history …
_GAP_YEARS = 5
#: … if it is the only one, or such rows are at most one in this many.
_LONE_ONE_IN = 10
#: Two rows far apart may both be right.
_FEWEST_ROWS = 3
#: Partitions for more years than this mean a mistaken date; LTV_START_DATE allows them.
_MOST_YEARS = 20

#: The first year that a setting may name.
_UNIX = 1970
#: Rows per calendar year.
Years = Mapping[int, int]


def read_start(settings: Settings) -> date | None:
    """The first partition; None before the first load.

    Raises:
        UserError: the file that stores it is damaged.
    """
    if settings.start_date is not None:
        return settings.start_date
    try:
        return date.fromisoformat(settings.start_date_path.read_text("utf-8").strip())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(
            f"{settings.start_date_path} does not contain a date ({error}).",
            "Write the first partition into it, such as 2024-01-01, or set LTV_START_DATE.",
        ) from error


def write_start(settings: Settings, start: date) -> None:
    """Store a settled start, atomically: no reader sees a partial file."""
    settings.home.mkdir(parents=True, exist_ok=True)
    draft = settings.start_date_path.with_suffix(".new")
    draft.write_text(start.isoformat() + "\n", "utf-8")
    os.replace(draft, settings.start_date_path)


def cover_log(engine: Reader) -> date | None:
    """The first partition, moved before every row of the log; None before the first load.

    Loads accept no row before the start. But under another ``LTV_TIMEZONE`` the first rows may fall
    on the day before, and rows loaded under an ``LTV_START_DATE`` remain after it is unset.
    """
    settings = engine.settings
    start = read_start(settings)
    earliest = None if settings.start_date is not None else engine.first_day()
    if earliest is None or (start is not None and start <= earliest):
        return start
    covering = date(earliest.year, 1, 1)
    write_start(settings, covering)
    return covering


def settle(tables: Iterable[Years]) -> date | None:
    """The latest 1 January with at least 99.9 % of all rows on or after it; None: no rows.

    With fewer than a thousand rows, that is the year of the first row; but a lone row at least five
    years before all others, or up to one row in ten, is ignored.

    Raises:
        UserError: the start would lie more than twenty years before the newest row.
    """
    total: dict[int, int] = {}
    for years in tables:
        for year, rows in years.items():
            total[year] = total.get(year, 0) + rows
    all_rows = rows_before = sum(total.values())
    descending = sorted(total, reverse=True)
    for year, earlier in zip_longest(descending, descending[1:]):
        rows_before -= total[year]
        few = rows_before * _OUTLIERS_ONE_IN <= all_rows
        lone = rows_before == 1 or rows_before * _LONE_ONE_IN <= all_rows
        far = earlier is not None and year - earlier >= _GAP_YEARS
        if few or (far and lone and _FEWEST_ROWS <= all_rows < _OUTLIERS_ONE_IN):
            _refuse_too_many_years(year, descending[0])
            return date(year, 1, 1)
    return None


def _refuse_too_many_years(first: int, last: int) -> None:
    if last - first > _MOST_YEARS:
        raise UserError(
            f"The rows are from {first} to {last}: more than {_MOST_YEARS} years of daily "
            "partitions.",
            f"If the dates are right, set LTV_START_DATE={first}-01-01 and load them again; "
            "otherwise fix them."
            if first >= _UNIX
            else "Fix them, or set LTV_START_DATE to the first day that counts, such as "
            f"{last}-01-01: earlier rows go to quarantine.",
        )


def moved(start: date, log: Years, load: Years) -> date:
    """The start after a load: earlier if at least 0.1 % of the table's rows lie before it.

    Args:
        start: The current start.
        log: Rows of the table per year, including those quarantined for lying before the start.
        load: Valid rows of the load per year.
    """
    counted = dict(log)
    if sum(load.values()) >= _SMALLEST_COUNTED_LOAD:
        for year, rows in load.items():
            counted[year] = counted.get(year, 0) + rows
    before = sum(rows for year, rows in counted.items() if year < start.year)
    if before == 0 or before * _OUTLIERS_ONE_IN < sum(counted.values()):
        return start
    try:
        return min(start, settle([counted]) or start)
    except UserError:  # a start this far back does not count; the rows stay in quarantine
        return start
