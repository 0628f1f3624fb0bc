"""Questions about a small world, worked out by hand, and questions that must be refused.

As of 2025-03-31 in USD. ``alpha`` spends 10 on 1 March (one install in US, 12 within D1, 3 more on
its tenth day) and 20 on 29 March (one install in US, 5 within D1); ``bravo`` spends 8 on 1 March
in DE, where nobody installs; one organic install in US on 1 March pays 7.
"""

from datetime import date
from pathlib import Path

import pytest

from ltv_platform.metrics import CannotAnswer, Grain, State
from ltv_platform_tests.metrics.asking import ask, cells, values
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

MARCH_1, MARCH_29 = date(2025, 3, 1), date(2025, 3, 29)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world above."""
    home = Home(tmp_path_factory.mktemp("home"), as_of="2025-03-31", start_date="2025-03-01")
    home.load(
        "customers",
        "a1,2025-03-01 10:00:00,US,ads,alpha",
        "a2,2025-03-29 10:00:00,US,ads,alpha",
        "o1,2025-03-01 10:00:00,US,,",
    )
    home.load(
        "transactions",
        "t1,a1,2025-03-01 12:00:00,12,0",
        "t2,a1,2025-03-11 12:00:00,3,0",
        "t3,a2,2025-03-29 12:00:00,5,0",
        "t4,o1,2025-03-01 12:00:00,7,0",
    )
    home.load(
        "campaign_costs",
        "alpha,2025-03-01,US,10",
        "alpha,2025-03-29,US,20",
        "alpha,2025-03-30,US,0",
        "bravo,2025-03-01,DE,8",
    )
    home.publish()
    return home


def test_a_ratio_is_that_of_sums(world: Home) -> None:
    """D1 covers both cohorts of alpha: 17 / 30; bravo spent 8 and earned nothing."""
    assert values(world, "roas_d1", by=("campaign",)) == {
        "(organic)": None,
        "alpha": 17 / 30,
        "bravo": 0.0,
    }
    assert values(world, "roas_d1") == {(): 17 / 38}


def test_blended_covers_everybody(world: Home) -> None:
    """The organic 7 are above the same spend."""
    assert values(world, "blended_roas_d1") == {(): 24 / 38}


def test_paid_is_by_country_where_countries_are_asked_about(world: Home) -> None:
    """Nobody spent on the organic install."""
    assert values(world, "roas_d1", by=("country",)) == {"DE": 0.0, "US": 17 / 30}
    assert values(world, "roas_d1", where={"country": ("US",)}) == {(): 17 / 30}


def test_immature_cohorts_do_not_count_and_are_said(world: Home) -> None:
    """At D7 only that of 1 March counts: 12 / 10, on a third of the spend of alpha."""
    [cell] = cells(world, "roas_d7", where={"campaign": ("alpha",)}).values()
    assert (cell.value, cell.state, cell.known_until) == (1.2, State.PARTIAL, MARCH_1)
    assert cell.coverage == pytest.approx(1 / 3)
    assert (cell.numerator, cell.denominator) == (12, 10)


def test_each_period_has_its_own_state(world: Home) -> None:
    """One is observed, the other immature and empty."""
    weeks = cells(world, "roas_d7", where={"campaign": ("alpha",)}, grain=Grain.WEEK)
    assert {period: (cell.value, cell.state) for period, cell in weeks.items()} == {
        date(2025, 2, 24): (1.2, State.OBSERVED),
        date(2025, 3, 24): (None, State.IMMATURE),
    }


def test_nothing_to_divide_by_is_a_state(world: Home) -> None:
    """The organic cohort is mature and has no spend."""
    [cell] = cells(world, "roas_d1", where={"campaign": ("(organic)",)}).values()
    assert (cell.value, cell.state) == (None, State.NO_DENOMINATOR)


def test_several_metrics_share_their_rows(world: Home) -> None:
    """Also those of different tables."""
    [row] = ask(world, "spend", "installs", "customers", "total_ltv").rows
    assert {name: cell.value for name, cell in row.cells.items()} == {
        "spend": 38,
        "installs": 3,
        "customers": 3,
        "total_ltv": 27,
    }


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ({"last": "3d"}, date(2025, 3, 29)),
        ({"last": "1w"}, date(2025, 3, 25)),
        ({"last": "1w", "grain": Grain.WEEK}, date(2025, 3, 31)),
        ({"last": "2w", "grain": Grain.WEEK}, date(2025, 3, 24)),
        ({"last": "1m"}, date(2025, 3, 1)),
        ({"last": "1m", "grain": Grain.MONTH}, date(2025, 3, 1)),
    ],
    ids=str,
)
def test_last_counts_back_from_as_of(world: Home, question: dict[str, object], first: date) -> None:
    """With a grain it covers whole periods; the last days of a month have no equal in February."""
    answer = ask(world, "installs", **question)
    assert answer.parameters.get("start_day") == first


@pytest.mark.parametrize(
    ("metrics", "question", "reason", "nearest"),
    [
        (("roas_d8",), {}, "There is no metric 'roas_d8'.", "Did you mean"),
        (("avg(roas_d7)",), {}, "A mean or sum of roas_d7 means nothing", "Ask for roas_d7"),
        (("sum(spend)",), {}, "spend is a sum already.", "Ask for spend."),
        (("roas_d7",), {"by": ("channel",)}, "roas_d7 has no dimension 'channel'", "channel_roas"),
        (("roas_d7",), {"where": {"country": ()}}, "The filter country is empty.", ""),
        (("roas_d7",), {"where": {"country": ("FR",)}}, "There is no country 'FR'", "'DE', 'US'"),
        (
            ("roas_d7",),
            {"where": {"campaign": ("alpa",)}},
            "There is no campaign 'alpa'",
            "'alpha'?",
        ),
        (("payback_day",), {}, "payback_day of several campaigns together", "by campaign"),
        (("payback_day",), {"grain": Grain.DAY}, "payback_day belongs to no day", ""),
        (("retention_m1",), {"grain": Grain.DAY}, "retention_m1 is not known by day", "by month"),
        (("roas_d7",), {"start": MARCH_29}, "roas_d7 of 2025-03-29 to 2025-03-31", "roas_d1, pre"),
        (("roas_d7",), {"start": date(2025, 4, 1)}, "The data ends on 2025-03-31", "up to"),
        (("spend",), {"last": "a year"}, "last = 'a year' cannot be read.", "12w"),
        (("spend",), {"last": "1w", "start": MARCH_1}, "Both a first day and `last`", ""),
        (("spend",), {"start": MARCH_29, "end": MARCH_1}, "The period ends on 2025-03-01", ""),
        (("spend",), {"as_of": MARCH_1}, "The published figures are as of 2025-03-31", "LTV_AS_OF"),
        ((), {}, "A question names at least one metric.", "ltv metric list"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_refused(
    world: Home, metrics: tuple[str, ...], question: dict[str, object], reason: str, nearest: str
) -> None:
    """With the reason and, where there is one, the nearest question that can be."""
    with pytest.raises(CannotAnswer) as refusal:
        ask(world, *metrics, **question)
    assert reason in refusal.value.reason
    assert nearest in refusal.value.nearest


def test_models_do_not_add_up(world: Home) -> None:
    """One of them is chosen; two cannot be summed."""
    with pytest.raises(CannotAnswer, match="Figures of several values of model do not add up"):
        ask(world, "channel_cpo", where={"model": ("first", "last")})


def test_cohorts_without_spend_do_not_count_while_those_with_spend_are_young(
    tmp_path: Path,
) -> None:
    """A campaign whose mature cohorts cost nothing is not paid yet, whatever it spends now."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-31", start_date="2025-03-01")
    home.load(
        "customers",
        "a1,2025-03-01 10:00:00,US,ads,alpha",
        "c1,2025-03-01 10:00:00,US,ads,charlie",
    )
    home.load("transactions", "t1,a1,2025-03-01 12:00:00,12,0", "t2,c1,2025-03-01 12:00:00,100,0")
    home.load("campaign_costs", "alpha,2025-03-01,US,10", "charlie,2025-03-29,US,4")
    home.publish()
    assert values(home, "roas_d7") == {(): 1.2}
    assert cells(home, "roas_d7", by=("campaign",))["charlie"].state is State.NO_DENOMINATOR


def test_a_filter_on_an_empty_table_is_not_wrong(world: Home) -> None:
    """Retention has no rows before the first month has ended; that of this world has none."""
    assert ask(world, "channel_cpo", by=("channel",), where={"model": ("last",)}).rows == []
