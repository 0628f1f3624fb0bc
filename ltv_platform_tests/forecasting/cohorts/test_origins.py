"""docs/metrics.md: rolling_origin uses only what was known on the day of the origin."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from ltv_platform.days import day_of
from ltv_platform.forecasting.cohorts import backtest as campaign_backtest
from ltv_platform.forecasting.cohorts.tables import Cohorts, read_cohorts
from ltv_platform.forecasting.cohorts.triangle import DAY
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

FIRST = date(2024, 1, 1)  # a Monday
AGE = 7


def _home(folder: Path, *, offsets: dict[str, tuple[int, ...]], **settings: Any) -> Home:
    """Fourteen weeks of campaigns that bring installs on some weekdays, buying at random."""
    chance = Random(5)
    settings = {"horizons": (7, 28), "forecast_horizons": (28,), "as_of": "2024-05-20", **settings}
    home = Home(folder, groups=CAMPAIGNS, **settings)
    customers, purchases = [], []
    for campaign, days in offsets.items():
        for week in range(14):
            for number in range(3):
                day = FIRST + timedelta(weeks=week, days=chance.choice(days))
                name = f"{campaign}{week}x{number}"
                customers.append(f"{name},{day} 12:00:00,US,ads,{campaign}")
                for place in range(4):
                    at = day + timedelta(days=chance.randrange(1, 40))
                    amount = chance.randrange(1, 100)
                    purchases.append(f"{name}p{place},{name},{at} 11:00:00,{amount},0")
    home.load("customers", *customers)
    home.load("transactions", *purchases)
    return home


def _cohorts(home: Home) -> Cohorts:
    """What the fits see."""
    home.refresh()
    select = home.graph["marts.campaign_forecast_backtest"].select(home.engine.as_of())
    cohorts = read_cohorts(home.engine.fetch(select.sql, select.parameters))
    assert cohorts is not None
    return cohorts


@pytest.mark.parametrize(
    "settings",
    [{}, {"window": "calendar"}, {"timezone": "Asia/Tokyo"}, {"timezone": "America/New_York"}],
)
def test_an_origin_is_what_as_of_of_its_day_would_have_given(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    """Cohort by cohort: the days known, and the revenue of each."""
    offsets = {"A": (0,), "B": (6,), "C": (0, 3), "D": tuple(range(7))}
    home = _home(tmp_path, offsets=offsets, **settings)
    triangle = _cohorts(home).triangle
    first = int(triangle.weeks.min())
    moments = np.unique(triangle.lived_from[np.isin(triangle.weeks, [first + 2, first + 9])])
    for minute in (moments[::3] + AGE * DAY).tolist():
        origin = triangle.at_origin(minute, AGE)
        # The day whose end is that minute.
        day = date(1970, 1, 1) + timedelta(days=minute // DAY - 1)
        if home.settings.window == "hours":
            last = datetime(1970, 1, 1) + timedelta(minutes=minute - 1)
            day = day_of(last, home.settings)
        then = _cohorts(home.under(as_of=day.isoformat()))
        lived = np.flatnonzero(then.triangle.known >= AGE)
        width = origin.revenue.shape[1]
        assert (then.triangle.known[lived] - AGE).tolist() == origin.known.tolist()
        assert then.triangle.installs[lived].tolist() == origin.installs.tolist()
        reached = np.arange(width) <= origin.known[:, None]
        given = then.triangle.revenue[lived, AGE : AGE + width]
        assert np.array_equal(np.where(reached, given, 0), np.where(reached, origin.revenue, 0))


def test_no_purchase_after_an_origin_moves_its_forecast(tmp_path: Path) -> None:
    """A installs on Mondays, B on Sundays: what B buys two days after A's origin is not known."""
    cohorts = _cohorts(_home(tmp_path, offsets={"A": (0,), "B": (6,)}))
    triangle = cohorts.triangle
    newest = int(triangle.weeks.max())

    def of_newest(changed: np.ndarray) -> list[float]:
        tested = campaign_backtest._rolling_origin(replace(triangle, revenue=changed), (28,))
        whole = tested[AGE, 28]
        return [float(value) for value in whole.predicted[whole.groups == 0]][-1:]

    before = of_newest(triangle.revenue)
    [b] = np.flatnonzero((triangle.groups == 1) & (triangle.weeks == newest - 2))
    [a] = np.flatnonzero((triangle.groups == 0) & (triangle.weeks == newest))
    origin = int(triangle.lived_from[a]) + AGE * DAY
    age = (origin + 2 * DAY - int(triangle.lived_from[b])) // DAY
    changed = triangle.revenue.copy()
    changed[b, age:] += 5_000 * 1_000_000
    assert of_newest(changed) == before
    changed[b, age - 3 :] += 5_000 * 1_000_000
    assert of_newest(changed) != before
