"""Homes with enough customers to fit models, and with too few."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ltv_platform.refresh.build import build_table
from ltv_platform_tests.testing.home import Home

OPENED = date(2024, 1, 1)
DAYS = 500
#: The last day of a shop.
AS_OF = OPENED + timedelta(days=DAYS)


def purchases_of(
    chance: random.Random, *, one_price: bool = False, alike: bool = False
) -> list[tuple[int, str]]:
    """Day and amount of each purchase of a customer, who drops out after any of them."""
    rate = chance.gammavariate(0.8, 1 / 40)
    dropout = chance.betavariate(1.0, 3.0)
    usual = 6 / chance.gammavariate(4.0, 1 / 15)
    bought, at = [], float(chance.randrange(120))
    while at < DAYS:
        amount = 10.0 if one_price else chance.gammavariate(6.0, usual)
        bought.append((int(at), f"{amount:.2f}"))
        if len(bought) == 4 if alike else chance.random() < dropout:
            break
        at += chance.expovariate(rate)
    return bought


def shop(
    folder: Path,
    customers: int,
    *,
    one_price: bool = False,
    alike: bool = False,
    backwards: bool = False,
    **settings: Any,
) -> Home:
    """A home with the purchases of some customers, not published yet.

    Args:
        folder: Where it lies.
        customers: How many; the same number gives the same customers.
        one_price: Everything costs 10.
        alike: Every customer buys four times, which no dropout by chance explains.
        backwards: Loads the same rows from the last.
        settings: Further settings.
    """
    chance = random.Random(customers)
    registered, bought = [], []
    for number in range(customers):
        name = f"c{number:03d}"
        purchases = purchases_of(chance, one_price=one_price, alike=alike)
        registered.append(f"{name},{OPENED + timedelta(days=purchases[0][0])},DE,ads,c1")
        bought += [
            f"{name}-{place},{name},{OPENED + timedelta(days=at)},{amount},0"
            for place, (at, amount) in enumerate(purchases)
        ]
    home = Home(folder, as_of=AS_OF, horizons=(7,), **settings)
    load(home, registered, bought, backwards=backwards)
    return home


def built(home: Home) -> Home:
    """Builds the tables of forecasts and their inputs, and no others."""
    needed = {"core.customers", "core.transactions", "marts.customer_ltv"}
    with home.engine.hold():
        plan = home.plan()
        for transform in home.graph.transforms:
            if transform.name in needed or transform.derivation.group == "forecasts":
                build_table(home.engine, transform, plan.days.get(transform.name))
    return home


def load(
    home: Home, customers: Sequence[str], transactions: Sequence[str], *, backwards: bool = False
) -> None:
    """Load rows of both tables, in order or from the last."""
    tables = [("customers", customers), ("transactions", transactions)]
    for table, rows in reversed(tables) if backwards else tables:
        if rows:
            home.load(table, *(reversed(rows) if backwards else rows))
