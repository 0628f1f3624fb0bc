"""Purchase days by a plain stack, and an engine that holds only transactions and customers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb

from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

FIRST = date(2025, 1, 1)

#: Customer, day after FIRST, amount, whether it is a refund.
Event = tuple[str, int, int, bool]


def day(number: int) -> date:
    """A day by its number after :data:`FIRST`."""
    return FIRST + timedelta(days=number)


@dataclass
class Stack:
    """What one customer keeps: purchases by day, the newest on top; refunds take from the top."""

    kept: list[list[int]] = field(default_factory=list)

    def live(self, number: int, bought: list[int], refunded: list[int]) -> None:
        """A day: its purchases first, then its refunds."""
        if bought:
            self.kept.append([number, sum(bought)])
        left = sum(refunded)
        if refunded and bought and not sum(bought):
            self.kept.pop()  # worth nothing, and not for want of a price
        for entry in list(reversed(self.kept)):
            taken = min(left, entry[1])
            entry[1] -= taken
            left -= taken
            if taken and not entry[1]:
                self.kept.remove(entry)


def kept_days(events: Iterable[Event], cutoff: int) -> dict[str, list[list[int]]]:
    """Per customer with an event up to the cutoff: [day, what is left of its purchases]."""
    by_day: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
    for customer, number, amount, is_refund in events:
        if number <= cutoff:
            by_day.setdefault((customer, number), ([], []))[is_refund].append(amount)
    stacks: dict[str, Stack] = {}
    for (customer, number), (bought, refunded) in sorted(by_day.items()):
        stacks.setdefault(customer, Stack()).live(number, bought, refunded)
    return {customer: stack.kept for customer, stack in stacks.items()}


class Purchases:
    """Transactions and customers in memory, as the warehouse and the snapshot name them.

    Args:
        events: The transactions.
        registered: Day of registration of customers; by default day 0.
    """

    def __init__(self, events: Iterable[Event], registered: dict[str, int] | None = None) -> None:
        self.connection = duckdb.connect()
        events = list(events)
        days = {customer: 0 for customer, *_ in events} if registered is None else registered
        self.connection.execute(
            "CREATE TABLE transactions (customer_id VARCHAR, event_date DATE, "
            "amount DECIMAL(18,6), is_refund BOOLEAN);"
            "CREATE TABLE customers (customer_id VARCHAR, install_date DATE);"
            "CREATE SCHEMA core;"
            "CREATE VIEW core.transactions AS FROM main.transactions;"
            "CREATE VIEW core.customers AS FROM main.customers"
        )
        rows = [(customer, day(number), *rest) for customer, number, *rest in events]
        self._insert("transactions", rows)
        self._insert("customers", [(customer, day(number)) for customer, number in days.items()])

    def _insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        values = ", ".join(str(tuple(map(str, row))) for row in rows)
        self.connection.execute(f"INSERT INTO main.{table} VALUES {values}")

    def _rows(self, template: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        sql = render(template, Settings())
        rows: list[dict[str, Any]] = (
            self.connection.sql(sql, params=parameters).to_arrow_table().to_pylist()
        )
        return rows

    def histories(self, cutoff: int) -> dict[str, dict[str, Any]]:
        """The rows of ``purchase_histories`` as of a day, by customer."""
        rows = self._rows("forecasts/purchase_histories.sql", {"as_of": day(cutoff)})
        return {row["customer_id"]: row for row in rows}

    def outcomes(self, cutoff: int, holdout: int) -> Counter[tuple[Any, ...]]:
        """x, t_x, T, transactions and spend of the holdout: how many customers."""
        found: Counter[tuple[Any, ...]] = Counter()
        parameters = {"as_of": day(cutoff), "holdout": holdout}
        for row in self._rows("queries/histories/outcomes.sql", parameters):
            names = ("repeat_days", "span_days", "age_days")
            happened = row["actual_transactions"], row["actual_spend"]
            found[*(row[name] for name in names), *happened] += row["customers"]
        return found
