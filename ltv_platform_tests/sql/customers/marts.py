"""Customer marts without a home: rows of core go in, rows of the marts come out, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from ltv_platform.assets import build_graph
from ltv_platform.assets import customers as wiring
from ltv_platform.contracts.ddl import column_list, create_table
from ltv_platform.days import day_start
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf, Graph

#: Those that a SELECT makes; factors are fitted, and tested by themselves.
CUSTOMERS = tuple(line for line in wiring.CUSTOMERS if line.fit is None)
_CORE = tuple(
    f"core.{name}"
    for name in ("customers", "transactions", "interactions", "sessions", "waiting_for_rate")
)


@dataclass(frozen=True)
class Purchase:
    """A line of an order, or a refund; ``at`` is a UTC instant such as 2025-01-05 10:00."""

    customer: str
    at: str
    amount: str | int = 1
    order: str | None = None
    refund: bool = False


@dataclass(frozen=True)
class Contact:
    """An interaction or a session of a customer at a UTC instant."""

    customer: str
    at: str


@lru_cache
def _graph(settings: tuple[tuple[str, Any], ...]) -> Graph:
    return build_graph(Settings(home=Path("unused"), **dict(settings)))


class Marts:
    """The customer marts as of a day.

    Args:
        as_of: The last day that figures know of, in the reporting zone.
        watermark: UTC instant up to which revenue is known; by default the end of as_of, as under
            LTV_AS_OF.
        watermarks: First days whose interactions and sessions may still grow, if not that after
            as_of.
        settings: Other settings than the defaults.
    """

    def __init__(
        self,
        as_of: str,
        watermark: str | None = None,
        watermarks: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings(home=Path("unused"), **settings)
        self.graph = _graph(tuple(settings.items()))
        self.as_of = date.fromisoformat(as_of)
        after = self.as_of + timedelta(days=1)
        known_to = day_start(after, self.settings)
        if watermark is not None:
            known_to = datetime.fromisoformat(watermark)
        feeds = {name: date.fromisoformat(day) for name, day in (watermarks or {}).items() if day}
        self._known = AsOf(
            self.as_of,
            {
                "revenue": known_to,
                "interaction": feeds.get("interactions", after),
                "session": feeds.get("sessions", after),
            },
        )
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("CREATE SCHEMA core; CREATE SCHEMA marts")
        for name in (*_CORE, *(line.table for line in CUSTOMERS)):
            self._connection.execute(create_table(self.graph.catalog[name]))

    def build(
        self,
        customers: Sequence[tuple[str, str]],
        purchases: Sequence[Purchase] = (),
        interactions: Sequence[Contact] = (),
        sessions: Sequence[Contact] = (),
        countries: Sequence[str] = (),
    ) -> "Marts":
        """Make all marts from these rows only.

        Args:
            customers: (customer_id, registration as a UTC instant).
            purchases: Their transactions; later than as_of counts too, core has cut it off.
            interactions: Their interactions.
            sessions: Their sessions.
            countries: Of the customers, in their order; US by default.
        """
        for name in _CORE:
            self._connection.execute(f"DELETE FROM {name}")
        self._insert(
            "core.customers",
            "customer_id, install_ts, install_date, campaign_id, country",
            [
                (name, *self._dated(at), "(organic)", country)
                for (name, at), country in zip(
                    customers, countries or ["US"] * len(customers), strict=True
                )
            ],
        )
        self._insert(
            "core.transactions",
            "transaction_id, customer_id, event_ts, event_date, amount, is_refund, order_id, "
            "transaction_type, source_amount, source_currency",
            [
                (
                    f"t{place}",
                    line.customer,
                    *self._dated(line.at),
                    Decimal(line.amount),
                    line.refund,
                    line.order,
                    "purchase",
                    Decimal(line.amount),
                    "USD",
                )
                for place, line in enumerate(purchases)
            ],
        )
        self._insert(
            "core.interactions",
            "interaction_id, customer_id, event_ts, event_date, interaction_type",
            [
                (f"i{place}", contact.customer, *self._dated(contact.at), "login")
                for place, contact in enumerate(interactions)
            ],
        )
        self._insert(
            "core.sessions",
            "session_id, user_id, event_ts, event_date, channel_name, holder_engagement, "
            "closer_engagement, impression_interaction, cost",
            [
                (f"s{place}", contact.customer, *self._dated(contact.at), "ads", 1, 0, 0, 0)
                for place, contact in enumerate(sessions)
            ],
        )
        for line in CUSTOMERS:
            select = self.graph[line.table].select(self._known)
            columns = column_list(self.graph.catalog[line.table].columns)
            self._connection.execute(f"DELETE FROM {line.table}")
            self._connection.execute(
                f"INSERT INTO {line.table} SELECT {columns} FROM ({select.sql}) AS made",
                dict(select.parameters),
            )
        return self

    def rows(self, sql: str) -> list[Any]:
        """Rows of a query on the marts; bare values where it has one column."""
        rows = self._connection.execute(sql, {}).fetchall()
        return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows

    def asked(self, sql: str) -> list[Any]:
        """Rows of a SELECT that reads as_of and watermarks, in an order of their own."""
        known = {
            "as_of": self.as_of,
            **{f"{name}_watermark": mark for name, mark in self._known.watermarks.items()},
        }
        given = {name: value for name, value in known.items() if f"${name}" in sql}
        return self._connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL", given).fetchall()

    def tables(self) -> dict[str, list[Any]]:
        """All marts, each in the order of its columns."""
        return {
            line.table: self.rows(f"SELECT * FROM {line.table} ORDER BY ALL") for line in CUSTOMERS
        }

    def _dated(self, at: str) -> tuple[datetime, date]:
        instant = datetime.fromisoformat(at)
        return instant, instant.replace(tzinfo=UTC).astimezone(
            ZoneInfo(self.settings.timezone)
        ).date()

    def _insert(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        values = [value for row in rows for value in row]
        if not values:
            return
        marks = f"({', '.join('?' * len(columns.split(', ')))})"
        marks = ", ".join([marks] * (len(values) // marks.count("?")))
        self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES {marks}", values)
