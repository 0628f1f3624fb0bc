"""A CSV file of counts: how many subscribers of each cohort are left after each period."""

import csv
from collections import defaultdict
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying.retention import Renewals

_HINT = (
    "Give a CSV file with the columns period and subscribers, and cohort where there are several: "
    "period 0 is the start of a cohort."
)


def read_counts(path: Path) -> Renewals:
    """The renewals in a file of counts.

    Args:
        path: A CSV file with a header: ``period`` (0, 1, 2, …), ``subscribers`` (how many are
            still there after that many periods) and, for several cohorts, ``cohort``. Rows may be
            in any order; other columns are ignored.

    Raises:
        UserError: The file cannot be read, or its rows are not such counts.
    """
    cohorts: dict[str, dict[int, int]] = defaultdict(dict)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
            if missing := {"period", "subscribers"} - set(rows.fieldnames):
                named = " and ".join(sorted(missing))
                found = ", ".join(rows.fieldnames) or "nothing"
                raise _refused(path, f"has no column {named}; its header is: {found}")
            for row in rows:
                where = f"line {rows.line_num}"
                period = _whole(path, where, "period", row["period"])
                counts = cohorts[(row.get("cohort") or "").strip()]
                if period in counts:
                    raise _refused(path, f"has period {period} of one cohort twice ({where})")
                counts[period] = _whole(path, where, "subscribers", row["subscribers"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if not cohorts:
        raise _refused(path, "has no rows")
    return Renewals.of_cohorts(
        [_in_order(path, name, counts) for name, counts in sorted(cohorts.items())]
    )


def _in_order(path: Path, cohort: str, counts: dict[int, int]) -> list[int]:
    """The counts of a cohort from period 0 on."""
    name = f" of cohort {cohort}" if cohort else ""
    for period in range(len(counts)):
        if period not in counts:
            raise _refused(path, f"has no period {period}{name}")
        if period and counts[period] > counts[period - 1]:
            raise _refused(
                path,
                f"has {counts[period]} subscribers{name} after period {period}, more than the "
                f"{counts[period - 1]} before it",
            )
    return [counts[period] for period in range(len(counts))]


def _whole(path: Path, where: str, column: str, text: str | None) -> int:
    try:
        number = int(text or "")
    except ValueError:
        number = -1
    if number < 0:
        raise _refused(path, f"has {text or 'nothing'!r} as {column}, not a whole number ({where})")
    return number


def _refused(path: Path, what: str) -> UserError:
    return UserError(f"{path} {what}.", _HINT)
