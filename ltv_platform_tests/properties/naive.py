"""What the tables must contain, from the records of a world, in plain Python."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from ltv_platform_tests.properties.worlds import World, instant

_MICRO = Decimal("0.000001")


def _good(world: World, table: str) -> Iterator[tuple[str, ...]]:
    for file in world.files:
        if file.table == table:
            yield from (record.values for record in file.records if record.good)


def _as_of(world: World) -> date:
    if world.settings["as_of"]:
        return date.fromisoformat(world.settings["as_of"])
    installs = defaultdict(list)
    for values in _good(world, "customers"):
        installs[values[0]].append(instant(values[1]))
    moments = [min(of_customer) for of_customer in installs.values()]
    moments += [instant(v[2]) for v in _newest(world, "transactions", 6)]
    moments += [instant(v[2]) for v in _newest(world, "customer_interactions", 4)]
    moments += [instant(f"{v[3]} {v[4]}") for v in _newest(world, "session_sources")]
    moments += [instant(f"{v[2]} {v[3]}") for v in _newest(world, "conversions")]
    days = [_day_of(world, moment) for moment in moments]
    return max(days + [date.fromisoformat(v[1]) for v in _good(world, "campaign_costs")])


def _newest(world: World, table: str, dated: int | None = None) -> list[tuple[str, ...]]:
    """The version of each key that counts: by updated_at, in column `dated`, then by receipt."""
    newest: dict[str, tuple[datetime, tuple[str, ...]]] = {}
    known: set[tuple[str, ...]] = set()
    for values in _good(world, table):
        stamp = instant(values[dated]) if dated is not None and values[dated] else datetime.min
        if stamp > datetime.min and values in known:  # it counts where it stood first
            continue
        known.add(values)
        if values[0] not in newest or stamp >= newest[values[0]][0]:
            newest[values[0]] = stamp, values
    return [values for _, values in newest.values()]


def _day(world: World, moment: str) -> date:
    return _day_of(world, instant(moment))


def _day_of(world: World, moment: datetime) -> date:
    zone = ZoneInfo(world.settings["timezone"])
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def _converted(world: World, amount: str, currency: str, day: date) -> Decimal | None:
    """In USD, by the newest rate at most seven days old; None if there is none."""
    if currency in ("", "USD"):
        return Decimal(amount)
    rates = {(d, c): Decimal(rate) for d, c, rate in _good(world, "fx_rates")}
    for age in range(8):
        rate = rates.get((str(day - timedelta(days=age)), currency))
        if rate is not None:
            return (Decimal(amount) * rate).quantize(_MICRO, ROUND_HALF_UP)
    return None


def purchases(world: World) -> list[tuple[str, date, Decimal, bool]]:
    """Newest version of each transaction up to as_of: by updated_at, then by order of receipt."""
    rows = []
    for values in _newest(world, "transactions", 6):
        key, day = values[0], _day(world, values[2])
        amount = _converted(world, values[3], values[5], day)
        if amount is not None and day <= _as_of(world):
            rows.append((key, day, amount, values[4] == "1"))
    return sorted(rows)


def spend(world: World) -> list[tuple[str, date, str | None, Decimal]]:
    """The lines of the newest load of each campaign-day up to as_of, by country."""
    newest = {}
    for place, file in enumerate(world.files):
        if file.table == "campaign_costs":
            newest.update({r.values[:2]: place for r in file.records if r.good})
    sums: dict[tuple[str, date, str | None], Decimal] = defaultdict(Decimal)
    for (campaign, day), place in newest.items():
        for record in world.files[place].records:
            if record.good and record.values[:2] == (campaign, day):
                *_, country, cost, currency = record.values
                amount = _converted(world, cost, currency, date.fromisoformat(day))
                if amount is not None and date.fromisoformat(day) <= _as_of(world):
                    sums[campaign, date.fromisoformat(day), country or None] += amount
    rows = [(*key, amount) for key, amount in sums.items()]
    return sorted(rows, key=lambda row: (row[0], row[1], row[2] is None, row[2] or ""))
