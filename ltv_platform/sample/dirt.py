"""Planted dirt: rows that must be quarantined, each with exactly one fault in one column.

Every dirty row has its own key and would count except for its fault: it names a real customer,
campaign or day, so a platform that lets it through shows a wrong figure. Nothing here knows what a
validator does; the rules are those of tables.md.
"""

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

from ltv_platform.sample.campaigns import CAMPAIGN_IDS
from ltv_platform.sample.csv_files import COLUMNS
from ltv_platform.sample.scope import LAST_DAY, Scope

# One dirty row of each kind per this many customers, but at least the minimum.
_CUSTOMERS_PER_ROW = 100_000

_NO_VALUE = ("missing_value", "")
_NO_SUCH_DAY = ("impossible_date", "2025-13-45")
_NO_SUCH_MOMENT = ("impossible_date", "2025-13-45 10:00:00")
_NO_SUCH_TIME = ("impossible_time", "25:61:00")
_NO_MOMENT = ("not_a_timestamp", "yesterday")
_FUTURE_DAY = ("future_timestamp", "2099-01-01")
_FUTURE_MOMENT = ("future_timestamp", "2099-01-01 00:00:00")
_NO_BOOLEAN = ("bad_boolean", "maybe")
_BAD_CURRENCY = ("bad_currency", "E1")
_BAD_AMOUNTS = (
    ("not_a_number", "twelve"),
    ("nan", "NaN"),
    ("infinity", "inf"),
    ("thousands_separator", "1,000.00"),
    ("underscore", "1_000"),
    ("too_many_decimals", "0.1234567"),
    ("number_too_large", "1000000000000"),  # DECIMAL(18,6) holds twelve digits
)
_NEGATIVE_AMOUNT = ("negative_amount", "-5.00")  # for spend, it would be a correction
_BAD_RATES = (
    *_BAD_AMOUNTS[:3],
    ("too_many_decimals", "0.0123456789"),
    ("zero_rate", "0"),
    ("negative_rate", "-1.08"),
)

# table -> column -> (kind, text of the column)
_FAULTS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "customers": {
        "customer_id": (_NO_VALUE,),
        "registration_date": (_NO_VALUE, _NO_SUCH_MOMENT, _NO_MOMENT, _FUTURE_MOMENT),
        "updated_at": (_NO_SUCH_MOMENT, _FUTURE_MOMENT),
    },
    "transactions": {
        "transaction_id": (_NO_VALUE,),
        "transaction_date": (_NO_VALUE, _NO_SUCH_MOMENT, _NO_MOMENT, _FUTURE_MOMENT),
        "amount": (_NO_VALUE, *_BAD_AMOUNTS, _NEGATIVE_AMOUNT),
        "is_refund": (_NO_BOOLEAN,),
        "transaction_type": (
            ("refund_type_without_flag", "refund"),
            ("refund_type_without_flag", "chargeback"),
        ),
        "currency": (_BAD_CURRENCY,),
        "updated_at": (_NO_SUCH_MOMENT, _FUTURE_MOMENT),
    },
    "customer_interactions": {
        "interaction_id": (_NO_VALUE,),
        "customer_id": (_NO_VALUE,),
        "interaction_date": (_NO_VALUE, _NO_SUCH_MOMENT, _NO_MOMENT, _FUTURE_MOMENT),
        "interaction_type": (_NO_VALUE,),
    },
    "session_sources": {
        "session_id": (_NO_VALUE,),
        "user_id": (_NO_VALUE,),
        "channel_name": (_NO_VALUE,),
        "event_date": (_NO_VALUE, _NO_SUCH_DAY, _FUTURE_DAY),
        "event_time": (_NO_VALUE, _NO_SUCH_TIME),
        "holder_engagement": (_NO_VALUE, _NO_BOOLEAN),
        "closer_engagement": (_NO_VALUE, ("bad_boolean", "2")),
    },
    "conversions": {
        "conv_id": (_NO_VALUE,),
        "user_id": (_NO_VALUE,),
        "conv_date": (_NO_VALUE, _NO_SUCH_DAY, _FUTURE_DAY),
        "conv_time": (_NO_VALUE, _NO_SUCH_TIME),
        "revenue": (_NO_VALUE, *_BAD_AMOUNTS, _NEGATIVE_AMOUNT),
    },
    "session_costs": {"session_id": (_NO_VALUE,), "cost": _BAD_AMOUNTS},
    "campaign_costs": {
        "campaign_id": (_NO_VALUE,),
        "date": (_NO_VALUE, _NO_SUCH_DAY, _FUTURE_DAY),
        "cost": (_NO_VALUE, *_BAD_AMOUNTS),
        "currency": (_BAD_CURRENCY,),
    },
    "campaigns": {"campaign_id": (_NO_VALUE,)},
    "fx_rates": {
        "date": (_NO_VALUE, _NO_SUCH_DAY),
        "currency": (_NO_VALUE, _BAD_CURRENCY),
        "rate": (_NO_VALUE, *_BAD_RATES),
    },
}

# Tables that grow with the customers have at least one to three rows of each kind, others one.
_GROWING = tuple(COLUMNS)[:6]


@dataclass(frozen=True)
class DirtyRows:
    """The number of rows of a table with one kind of fault in one column."""

    kind: str
    column: str
    rows: int


@dataclass(frozen=True)
class Dirt:
    """The dirty rows of one table: their lines, and the count of each kind."""

    lines: list[str]
    counts: list[DirtyRows]

    def share(self, part: int, parts: int) -> list[str]:
        """Return the lines of one of `parts` nearly equal parts."""
        return self.lines[part * len(self.lines) // parts : (part + 1) * len(self.lines) // parts]


def planted_dirt(table: str, scope: Scope) -> Dirt:
    """Return the dirty rows of a table."""
    lines: list[str] = []
    rows_of: dict[tuple[str, str], int] = {}
    for column, faults in _FAULTS[table].items():
        for kind, text in faults:
            rows = 1
            if table in _GROWING:
                rows = max(1 + len(rows_of) % 3, scope.customers // _CUSTOMERS_PER_ROW)
            for _ in range(rows):
                row = _valid_row(table, len(lines), scope) | {column: text}
                lines.append(_line([row[name] for name in COLUMNS[table]]))
            rows_of[kind, column] = rows_of.get((kind, column), 0) + rows
    return Dirt(lines, [DirtyRows(*key, rows) for key, rows in rows_of.items()])


def outlier_line(scope: Scope) -> str:
    """Return a transaction of 1999, valid in itself but far before any plausible start."""
    row = _valid_row("transactions", 0, scope) | {
        "transaction_id": "outlier-1999",
        "transaction_date": "1999-12-31 12:00:00",
        "updated_at": "1999-12-31 12:00:00",
    }
    return _line([row[name] for name in COLUMNS["transactions"]])


def _line(values: list[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _valid_row(table: str, ordinal: int, scope: Scope) -> dict[str, str]:
    """Return a row without faults, with a key that no other row of the table has."""
    # The first customer installs on the first day, so this falls within the D7 of a mature cohort.
    day = (scope.first_day + timedelta(days=2)).isoformat()
    moment = f"{day} 12:00:00"
    key = f"dirty-{ordinal:05d}"
    customer = "c00000000"
    rows: dict[str, tuple[str, ...]] = {
        "customers": (
            *(key, moment, "US", "Austin", "33", "female", "meta_ads", "plus", "1"),
            *(CAMPAIGN_IDS[0], "ios", moment),
        ),
        "transactions": (
            *(key, customer, moment, "777.00", "0", key, "coins", "purchase", "card", ""),
            moment,
        ),
        "customer_interactions": (key, customer, moment, "chat", "app", "60", "4", moment),
        "session_sources": (key, customer, "Email", day, "12:00:00", "1", "0", "0"),
        "conversions": (key, customer, day, "12:00:00", "777.00"),
        "session_costs": (key, "0.5000"),
        "campaign_costs": (key, day, "US", "777.00", "", "1000", "10"),
        "campaigns": (key, "Nameless", "meta_ads", "ios", "purchase"),
        # A currency that nothing is paid in, one day per row, so that no rate in use is replaced.
        "fx_rates": ((LAST_DAY - timedelta(days=ordinal)).isoformat(), "CHF", "1.1234"),
    }
    return dict(zip(COLUMNS[table], rows[table], strict=True))
