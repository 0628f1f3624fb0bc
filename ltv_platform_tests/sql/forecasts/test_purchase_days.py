"""metrics.md "Forecasts of customers": what a purchase day is, and what is known when."""

import random
from collections import Counter
from typing import Any

import pytest

from ltv_platform_tests.sql.forecasts.purchases import Event, Purchases, day, kept_days


def random_events(chance: random.Random) -> list[Event]:
    """Some customers, many of whom refund; amounts are few, so that heights meet again."""
    events: list[Event] = []
    for number in range(200):
        refunds = chance.choice((0.0, 0.2, 0.5, 1.0))
        events += [
            (f"c{number}", chance.randint(0, 30), chance.choice((0, 1, 1, 2, 3, 5)), refunded)
            for refunded in (chance.random() < refunds for _ in range(chance.randint(1, 20)))
        ]
    return events


@pytest.mark.parametrize("seed", range(2))
def test_refunds_take_from_a_stack_of_days(seed: int) -> None:
    """A refund takes back the latest earlier purchase days, the same day first.

    The three windows of the SQL are compared with a stack, at a few cutoffs.
    """
    chance = random.Random(seed)
    events = random_events(chance)
    purchases = Purchases(events)
    for cutoff in chance.sample(range(31), 4):
        expected = kept_days(events, cutoff)
        found = purchases.histories(cutoff)
        assert found.keys() == expected.keys()
        for customer, days in expected.items():
            row = found[customer]
            assert row["purchase_days"] == len(days)
            net = sum(-a if r else a for c, n, a, r in events if c == customer and n <= cutoff)
            assert row["net_revenue"] == net
            if not days:
                assert row["repeat_days"] is row["purchase_value"] is row["age_days"] is None
                continue
            repeats = [value for _, value in days[1:]]
            assert row["first_purchase_date"] == day(days[0][0])
            assert row["last_purchase_date"] == day(days[-1][0])
            assert row["repeat_days"] == len(repeats)
            assert row["span_days"] == days[-1][0] - days[0][0]
            assert row["age_days"] == cutoff - days[0][0]
            assert row["purchase_value"] == sum(value for _, value in days)
            assert row["repeat_value"] == sum(repeats)
            mean = sum(repeats) / len(repeats) if repeats else None
            assert row["mean_repeat_value"] == (mean if mean is None else pytest.approx(mean))


@pytest.mark.parametrize("seed", range(2))
def test_outcomes_are_what_was_known_at_the_end_of_the_holdout(seed: int) -> None:
    """Customers with a purchase day at the origin, and what they kept of the days after it."""
    chance = random.Random(1000 + seed)
    events = random_events(chance)
    origin, holdout = chance.randint(5, 25), chance.randint(1, 10)
    before, after = kept_days(events, origin), kept_days(events, origin + holdout)
    expected: Counter[tuple[Any, ...]] = Counter()
    for customer, days in before.items():
        if days:
            later = [value for number, value in after[customer] if number > origin]
            history = len(days) - 1, days[-1][0] - days[0][0], origin - days[0][0]
            expected[*history, len(later), float(sum(later))] += 1
    assert Purchases(events).outcomes(origin, holdout) == expected


def test_refunds_by_hand() -> None:
    """One case per sentence."""
    row = Purchases(
        [
            ("back", 0, 10, False),
            ("back", 5, 20, False),
            ("back", 9, 25, True),  # all of day 5, and half of day 0
            ("same", 0, 10, False),
            ("same", 5, 20, False),
            ("same", 5, 20, True),  # the day itself first
            ("free", 0, 0, False),  # worth nothing, but a purchase
            ("free", 3, 4, False),
            ("none", 0, 10, False),
            ("none", 1, 30, True),  # 20 more than was ever bought: forgotten
            ("none", 4, 5, False),
            ("only", 2, 7, True),
        ]
    ).histories(10)
    kept = {name: (one["purchase_days"], one["purchase_value"]) for name, one in row.items()}
    assert kept == {
        "back": (1, 5),
        "same": (1, 10),
        "free": (2, 4),
        "none": (1, 5),
        "only": (0, None),
    }
    assert row["none"]["net_revenue"] == -15, "negative LTV stays negative"
    assert row["none"]["first_purchase_date"] == day(4)
    assert row["free"]["mean_repeat_value"] == 4
    assert row["same"]["age_days"] == 10


def test_only_what_is_known_at_the_cutoff_counts() -> None:
    """A refund changes what is known from its own day on, but no earlier figure."""
    purchases = Purchases([("a", 0, 10, False), ("a", 4, 10, False), ("a", 8, 10, True)])
    assert purchases.histories(7)["a"]["repeat_days"] == 1
    assert purchases.histories(8)["a"]["repeat_days"] == 0
    assert purchases.histories(-1) == {}
    assert purchases.outcomes(3, 4) == {(0, 0, 3, 1, 10.0): 1}
    assert purchases.outcomes(3, 5) == {(0, 0, 3, 0, 0.0): 1}, "the purchase was given back"
    assert purchases.outcomes(4, 4) == {(1, 4, 4, 0, 0.0): 1}, "an old purchase takes nothing off"


def test_customers_count_from_the_day_that_they_are_known() -> None:
    """A purchase before the registration counts too; those of unknown customers do not."""
    events = [("late", 0, 10, False), ("late", 6, 10, False), ("unknown", 0, 10, False)]
    purchases = Purchases(events, {"late": 5, "silent": 0})
    assert purchases.histories(4) == {}
    assert purchases.histories(5)["late"]["age_days"] == 5
    [(name, row)] = purchases.histories(9).items()
    assert (name, row["repeat_days"], row["span_days"]) == ("late", 1, 6)
