"""The figures of metrics.md sections 1 and 2, computed naively over the rows of the files."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

from .reading import Row, good_rows

WATERMARK = date(2026, 11, 30)
MICRO = Decimal("0.000001")


@dataclass
class Customer:
    """A customer as metrics.md reduces its versions to one."""

    install: datetime
    label: str
    country: str


@dataclass
class Cohorts:
    """Sums by campaign and install date."""

    installs: dict[str, dict[date, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    spend: dict[str, dict[date, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )


class Naive:
    """Everything that truths.json says about money and installs, the slow way."""

    def __init__(self, folder: Path) -> None:
        self._rates: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for row in good_rows(folder, "fx_rates"):
            self._rates[row["currency"]][date.fromisoformat(row["date"])] = Decimal(row["rate"])
        self.customers = self._read_customers(good_rows(folder, "customers"))
        self.transactions = _newest(good_rows(folder, "transactions"), "transaction_id")
        self.cohorts = Cohorts()
        for customer in self.customers.values():
            self.cohorts.installs[customer.label][customer.install.date()] += 1
        for row in good_rows(folder, "campaign_costs"):
            day = date.fromisoformat(row["date"])
            cost = self.dollars(Decimal(row["cost"]), row["currency"], day)
            self.cohorts.spend[row["campaign_id"]][day] += cost

    @staticmethod
    def _read_customers(rows: list[Row]) -> dict[str, Customer]:
        customers: dict[str, Customer] = {}
        for row in sorted(rows, key=lambda row: row["registration_date"], reverse=True):
            later = customers.get(row["customer_id"])
            source = row["acquisition_source"]
            organic = source.startswith("organic") or source in ("direct", "")
            customers[row["customer_id"]] = Customer(
                install=datetime.fromisoformat(row["registration_date"]),
                label=row["campaign_id"] or ("(organic)" if organic else "(unknown)"),
                country=row["country"] or (later.country if later else "(unknown)"),
            )
        return customers

    def dollars(self, amount: Decimal, currency: str, day: date) -> Decimal:
        """Convert with the newest rate at most 7 days old."""
        if currency in ("", "USD"):
            return amount
        rates = self._rates[currency]
        quoted = next(day - timedelta(n) for n in range(8) if day - timedelta(n) in rates)
        return (amount * rates[quoted]).quantize(MICRO, ROUND_HALF_UP)

    def _signed(self, row: Row) -> tuple[Decimal, bool]:
        day = date.fromisoformat(row["transaction_date"][:10])
        return self.dollars(Decimal(row["amount"]), row["currency"], day), row["is_refund"] == "1"

    def bucket_revenue(self) -> dict[str, tuple[int, Decimal, Decimal]]:
        """Return rows, gross revenue and refunds by bucket."""
        buckets: dict[str, tuple[int, Decimal, Decimal]] = {}
        for row in self.transactions:
            bucket = self._bucket(row)
            count, gross, refunds = buckets.get(bucket, (0, Decimal(0), Decimal(0)))
            amount, is_refund = self._signed(row)
            if is_refund:
                refunds += amount
            else:
                gross += amount
            buckets[bucket] = (count + 1, gross, refunds)
        return buckets

    def _bucket(self, row: Row) -> str:
        customer = self.customers.get(row["customer_id"])
        if customer is None:
            return "(unknown) customer"
        age = datetime.fromisoformat(row["transaction_date"]) - customer.install
        if age < timedelta(0):
            return "(before install)"
        if age >= timedelta(days=365):
            return "(beyond horizon)"
        return {"(organic)": "(organic)", "(unknown)": "(unknown) campaign"}.get(
            customer.label, "campaigns"
        )

    def figures(self, label: str, horizon: int) -> dict[str, int | str | None]:
        """Return the figures of a campaign over its cohorts that are mature at a horizon."""
        installs, spend = self.cohorts.installs[label], self.cohorts.spend[label]
        mature = {
            day for day in {*installs, *spend} if day + timedelta(days=1 + horizon) <= WATERMARK
        }
        gross = refunds = Decimal(0)
        payers = set()
        for row in self.transactions:
            customer = self.customers.get(row["customer_id"])
            if customer is None or customer.label != label or customer.install.date() not in mature:
                continue
            age = datetime.fromisoformat(row["transaction_date"]) - customer.install
            if not timedelta(0) <= age < timedelta(days=horizon):
                continue
            amount, is_refund = self._signed(row)
            if is_refund:
                refunds += amount
            else:
                gross += amount
                if amount > 0:
                    payers.add(row["customer_id"])
        covered = {day + timedelta(days=n) for day in mature for n in range(horizon)}
        net = gross - refunds
        people = sum(installs.get(day, 0) for day in mature)
        cohort_cost = sum((spend.get(day, Decimal(0)) for day in mature), Decimal(0))
        total_cost = sum((spend.get(day, Decimal(0)) for day in covered), Decimal(0))
        return {
            "installs": people,
            f"payers_d{horizon}": len(payers),
            f"gross_revenue_d{horizon}": money(gross),
            f"refunds_d{horizon}": money(refunds),
            f"total_revenue_d{horizon}": money(net),
            f"ltv_d{horizon}_per_user": ratio(net, Decimal(people)),
            f"cohort_cost_d{horizon}": money(cohort_cost),
            f"cohort_roas_d{horizon}": ratio(net, cohort_cost),
            f"total_cost_d{horizon}": money(total_cost),
            f"roas_d{horizon}": ratio(net, total_cost),
        }


def money(amount: Decimal) -> str:
    """Return an amount with six decimals; fails if that would round."""
    exact = amount.quantize(MICRO)
    assert exact == amount
    return str(exact)


def ratio(numerator: Decimal, denominator: Decimal) -> str | None:
    """Return a ratio with twelve decimals."""
    if denominator == 0:
        return None
    units = round(Fraction(numerator) / Fraction(denominator) * 10**12)  # half to even
    return f"{Decimal(units).scaleb(-12):.12f}"


def _newest(rows: list[Row], key: str) -> list[Row]:
    newest: dict[str, Row] = {}
    for row in rows:
        if row[key] not in newest or row["updated_at"] > newest[row[key]]["updated_at"]:
            newest[row[key]] = row
    return list(newest.values())
