"""Few rows over many days, loaded: a shop that sells once a day or less."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.contenders.orchestrated import LAST_DAY, LTV, command
from benchmarks.processes import Stopwatch

#: As many as a real small shop had in six years: each customer buys three times, one twice more,
#: and each has a day of spend.
_CUSTOMERS = 637
_PURCHASES = 3
_FURTHER = 2
_CAMPAIGNS, _COUNTRIES = ("search", "social", "video"), ("US", "DE", "BR", "JP")
#: Days from one purchase to the next, as far as there are days.
_GAP = 11


def prepare(watch: Stopwatch, home: str, days: int) -> Mapping[str, Any]:
    """Load the rows, spread evenly over so many days up to the last of the bundled sample."""
    last = date.fromisoformat(LAST_DAY)
    start = last - timedelta(days=days - 1)
    tables = rows_of(start, days)
    for table, (header, rows) in tables.items():
        folder = Path(home) / "landing" / table
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "sparse.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    with watch.step("ingest"):
        command(home, *LTV, "ingest", LTV_START_DATE=start.isoformat())
    count = sum(len(rows) for _, rows in tables.values())
    return {"rows": count, "start": start.isoformat()}


def rows_of(start: date, days: int) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Header and rows per table."""
    customers: list[tuple[Any, ...]] = []
    transactions: list[tuple[Any, ...]] = []
    costs: list[tuple[Any, ...]] = []
    for number in range(_CUSTOMERS):
        offset = number * days // _CUSTOMERS
        day, name = start + timedelta(days=offset), f"c{number:04}"
        campaign = _CAMPAIGNS[number % len(_CAMPAIGNS)]
        country = _COUNTRIES[number % len(_COUNTRIES)]
        customers.append((name, f"{day} 09:00:00", country, "ads", campaign))
        # One row per campaign and day and country: further ones of a short span add up.
        costs.append((campaign, day, country, f"{5 + number % 7}.{number:03}"))
        for place in _places(number):
            when = start + timedelta(days=min(offset + place * _GAP, days - 1))
            amount = f"{3 + (number + place) % 20}.50"
            transactions.append((f"{name}-{place}", name, f"{when} 10:00:00", amount, 0))
    return {
        "customers": (
            ["customer_id", "registration_date", "country", "acquisition_source", "campaign_id"],
            customers,
        ),
        "transactions": (
            ["transaction_id", "customer_id", "transaction_date", "amount", "is_refund"],
            transactions,
        ),
        "campaign_costs": (["campaign_id", "date", "country", "cost"], costs),
    }


def _places(number: int) -> Iterable[int]:
    """The purchases of a customer."""
    return range(_PURCHASES + (_FURTHER if number == 0 else 0))
