"""The planner as a pure function of a state."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.days import ONE_DAY, days_between
from ltv_platform.settings import Settings
from ltv_platform.tables import rendering, transforms
from ltv_platform.tables.transforms import AsOf, Graph, Window
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.engine import Built, State

FIRST, AS_OF, LAST = date(2025, 1, 1), date(2025, 2, 28), date(2025, 3, 31)


def _known(as_of: date) -> AsOf:
    after = datetime.combine(as_of + ONE_DAY, time())
    return AsOf(as_of, {"revenue": after, "cost": as_of})


KNOWN = _known(AS_OF)
#: Newer than every write of the fresh state.
LATER = 10_000
WHOLE = ("marts.campaign_summary", "marts.country_roas")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The real tables with horizons up to 7 days."""
    return build_graph(Settings(home=tmp_path_factory.mktemp("home"), horizons=(1, 7)))


@pytest.fixture
def fresh(graph: Graph) -> State:
    """Everything was built up to as_of, inputs first."""
    return _fresh(graph)


def _fresh(graph: Graph) -> State:
    built: dict[str, dict[date | None, Built]] = {}
    for place, transform in enumerate(graph.transforms):
        days: Iterable[date | None] = (
            days_between(FIRST, AS_OF) if transform.contract.partition else (None,)
        )
        write = Built(1_000 + place, transform.code_hash, AS_OF, KNOWN.watermarks_text)
        built[transform.name] = dict.fromkeys(days, write)
    return State({"raw.transactions": {AS_OF: 999}}, built, KNOWN)


def _touch(state: State, table: str, day: date | None, sequence: int = LATER) -> State:
    return replace(state, touched={**state.touched, table: {day: sequence}})


def _plan(graph: Graph, state: State) -> planner.Plan:
    return planner.plan(graph, state, FIRST, LAST)


def _range(start: str, end: str) -> tuple[date, ...]:
    return tuple(days_between(date.fromisoformat(start), date.fromisoformat(end)))


def test_nothing_is_stale_when_everything_is_built(graph: Graph, fresh: State) -> None:
    """A plan of a fresh state is empty, touches older than the writes included."""
    assert _plan(graph, fresh).assets == ()


def test_an_empty_warehouse_has_only_whole_tables_to_write(graph: Graph) -> None:
    """Without any load there are no days; every table is published anyway."""
    plan = planner.plan(graph, State(), None, LAST)
    assert plan.days == {}
    assert set(WHOLE) <= set(plan.whole)


def test_never_built_is_stale(graph: Graph, fresh: State) -> None:
    """A day without a row in `built` is stale, and so are its readers."""
    spend = dict(fresh.built["core.campaign_spend"])
    del spend[date(2025, 1, 10)]
    built = {**fresh.built, "core.campaign_spend": spend}
    plan = _plan(graph, replace(fresh, built=built))
    day = _range("2025-01-10", "2025-01-10")
    assert plan.days == {
        "core.campaign_spend": day,
        "marts.campaign_roas": day,
        "marts.campaign_cohort_curve": day,
    }
    assert set(WHOLE) <= set(plan.whole)


def test_changed_code_is_stale(graph: Graph, fresh: State) -> None:
    """code_hash (SQL, contract, bound settings) differs: all days."""
    old = Built(1_003, "another", AS_OF, KNOWN.watermarks_text)
    built: dict[str, Mapping[date | None, Built]] = {
        **fresh.built,
        "marts.user_revenue": dict.fromkeys(days_between(FIRST, AS_OF), old),
    }
    plan = _plan(graph, replace(fresh, built=built))
    assert plan.days == {"marts.user_revenue": tuple(days_between(FIRST, AS_OF))}
    assert plan.whole == (), "no table reads user_revenue"
    built = {**fresh.built, "marts.country_roas": {None: old}}
    assert _plan(graph, replace(fresh, built=built)).assets == ("marts.country_roas",)


def test_a_touch_restates_the_cohorts_whose_windows_hold_it(graph: Graph, fresh: State) -> None:
    """A new event day restates at most H+1 cohorts, through `d … d+H`."""
    plan = _plan(graph, _touch(fresh, "raw.transactions", date(2025, 1, 20)))
    expected = {
        "core.transactions": _range("2025-01-20", "2025-01-20"),
        "core.waiting_for_rate": _range("2025-01-20", "2025-01-20"),
        "marts.user_revenue": _range("2025-01-13", "2025-01-20"),
        # Day 7 of retention reaches a day further than the window of 7 days.
        "marts.campaign_ltv": _range("2025-01-12", "2025-01-20"),
        "marts.campaign_roas": _range("2025-01-12", "2025-01-20"),
        # The ages that begin on that day or on the day before it.
        "marts.campaign_cohort_curve": _range("2025-01-19", "2025-01-20"),
        "core.waiting_for_customer": _range("2025-01-20", "2025-01-20"),
        "marts.revenue_reconciliation": _range("2025-01-20", "2025-01-20"),
        # A purchase decides who is new on all later days.
        "marts.daily_revenue": _range("2025-01-20", "2025-02-28"),
    }
    # A table that somebody adds may read transactions, too.
    assert expected.items() <= plan.days.items()
    assert set(WHOLE) <= set(plan.whole)


def test_windows_end_with_the_partitions(graph: Graph, fresh: State) -> None:
    """At both edges a window is cut off, no more and no less."""
    first = _plan(graph, _touch(fresh, "raw.transactions", FIRST))
    assert first.days["marts.user_revenue"] == (FIRST,)
    last = _plan(graph, _touch(fresh, "raw.transactions", AS_OF))
    assert last.days["marts.user_revenue"] == _range("2025-02-21", "2025-02-28")


def test_a_touch_before_the_write_is_no_news(graph: Graph, fresh: State) -> None:
    """Only a higher number than the write's own counts."""
    day = date(2025, 1, 20)
    write = fresh.built["core.transactions"][day].seq
    assert _plan(graph, _touch(fresh, "raw.transactions", day, write)).assets == ()
    assert _plan(graph, _touch(fresh, "raw.transactions", day, write + 1)).assets != ()


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), AS_OF + timedelta(days=1), LAST])
def test_days_outside_are_not_written(graph: Graph, fresh: State, day: date) -> None:
    """Days before the first partition or after as_of hold nothing."""
    plan = _plan(graph, _touch(fresh, "raw.conversions", day))
    assert plan.assets == ()


def test_a_touch_of_the_whole_table(graph: Graph, fresh: State) -> None:
    """`day` NULL = the whole table: an unpartitioned asset, or every day of a partitioned."""
    plan = _plan(graph, _touch(fresh, "raw.campaigns", None))
    assert (plan.days, plan.whole) == ({}, ("marts.campaign_summary", "marts.campaign_outlook"))
    plan = _plan(graph, _touch(fresh, "raw.conversions", None))
    days = tuple(days_between(FIRST, AS_OF))
    assert plan.days == {
        "core.conversions": days,
        "core.waiting_for_customer": days,
        "marts.customer_journeys": days,
        "marts.ihc_attribution": days,
        "marts.attribution_customer_journey": days,
        "marts.attribution": days,
        "marts.channel_reporting": days,
        "marts.channel_reporting_by_conversion_date": days,
    }
    assert plan.whole == ("marts.markov_channels", "marts.channel_model_comparison")


def test_whole_tables_that_read_each_other_follow(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole table that is about to be written makes its readers stale in the same plan."""
    original = rendering.render
    reader = "SELECT * FROM marts.campaign_summary"
    monkeypatch.setattr(
        transforms,
        "render",
        lambda name, *rest: reader if name.endswith("country_roas.sql") else original(name, *rest),
    )
    chained = build_graph(graph.settings)
    state = _fresh(chained)
    assert _plan(chained, state).assets == ()
    plan = _plan(chained, _touch(state, "raw.campaigns", None))
    assert set(WHOLE) <= set(plan.whole)


def test_a_newer_write_of_an_input_is_a_touch(graph: Graph, fresh: State) -> None:
    """A backfill of core by a person does not leave its marts passing for fresh."""
    day = date(2025, 1, 20)
    days = dict(fresh.built["core.campaign_spend"])
    days[day] = days[day]._replace(seq=LATER)
    plan = _plan(graph, replace(fresh, built={**fresh.built, "core.campaign_spend": days}))
    assert plan.days["marts.campaign_roas"] == (day,)
    assert "core.campaign_spend" not in plan.days


def test_a_later_as_of_adds_the_days_between(graph: Graph, fresh: State) -> None:
    """A changed as_of touches the event days between."""
    later = replace(fresh, as_of=_known(date(2025, 3, 2)))
    plan = _plan(graph, later)
    assert plan.days["core.transactions"] == _range("2025-03-01", "2025-03-02")
    assert plan.days["marts.user_revenue"] == _range("2025-02-22", "2025-03-02")
    assert set(WHOLE) <= set(plan.whole)


def test_an_earlier_as_of_empties_the_days_after(graph: Graph, fresh: State) -> None:
    """… in both directions, and once emptied they are fresh."""
    as_of = _known(date(2025, 2, 26))
    earlier = replace(fresh, as_of=as_of)
    plan = _plan(graph, earlier)
    assert plan.days["core.transactions"] == _range("2025-02-27", "2025-02-28")
    assert plan.days["marts.user_revenue"] == _range("2025-02-20", "2025-02-28")
    rewritten = {
        name: {
            day: built._replace(
                seq=LATER + place, as_of=as_of.day, watermarks=as_of.watermarks_text
            )
            if day is None or day in plan.days.get(name, ())
            else built
            for day, built in days.items()
        }
        for place, (name, days) in enumerate(fresh.built.items())
    }
    assert _plan(graph, replace(earlier, built=rewritten)).assets == ()


def test_whole_tables_depend_on_watermarks(graph: Graph, fresh: State) -> None:
    """`built` of unpartitioned assets also records as_of and watermarks."""
    state = replace(
        fresh,
        as_of=replace(KNOWN, watermarks={**KNOWN.watermarks, "revenue": datetime(2025, 2, 28, 18)}),
    )
    plan = _plan(graph, state)
    assert plan.days == {}
    assert set(WHOLE) <= set(plan.whole)


def test_days_written_along_are_planned_for_their_readers(graph: Graph, fresh: State) -> None:
    """Spans are merged, which rewrites days in between: their readers are in the plan too.

    Otherwise a refresh left the readers older than their inputs, and the next one rebuilt them.
    """
    scattered = [FIRST + timedelta(days=3 * place) for place in range(19)]
    touched: dict[str, dict[date | None, int]] = {
        "raw.campaign_costs": dict.fromkeys(scattered, LATER)
    }
    plan = _plan(graph, replace(fresh, touched=touched))
    written = {
        day
        for start, end in planner.spans(plan.days["core.campaign_spend"])
        for day in days_between(start, end)
    }
    assert written > set(scattered)
    assert set(plan.days["core.campaign_spend"]) == written
    assert set(plan.days["marts.campaign_roas"]) >= written


def test_spans_are_contiguous_and_few() -> None:
    """Contiguous days are one span; the nearest are merged until there are few enough."""
    days = [*_range("2025-01-01", "2025-01-03"), date(2025, 1, 5), date(2025, 1, 20)]
    shuffled = random.Random(1).sample(days, len(days))
    one, two, three = (
        (date(2025, 1, 1), date(2025, 1, 3)),
        (date(2025, 1, 5),) * 2,
        (date(2025, 1, 20),) * 2,
    )
    assert planner.spans(shuffled) == [one, two, three]
    assert planner.spans(days, most=2) == [(one[0], two[1]), three]
    assert planner.spans(days, most=1) == [(one[0], three[1])]
    assert planner.spans([]) == []


@pytest.mark.parametrize("seed", range(20))
def test_window_maximum_equals_the_naive_one(seed: int) -> None:
    """Brute force: for each day d, the greatest number of d - before (all) to d + after."""
    chance = random.Random(seed)
    days = days_between(FIRST, FIRST + timedelta(days=60))
    numbers: dict[date | None, int] = {
        day: chance.randrange(5) for day in chance.sample(days, chance.randrange(1, 40))
    }
    universe = sorted(chance.sample(days, chance.randrange(1, 60)))
    before, after = chance.choice([None, chance.randrange(12)]), chance.randrange(12)
    naive = {
        day: max(
            (
                number
                for other, number in numbers.items()
                if other is not None
                and (before is None or -before <= (other - day).days)
                and (other - day).days <= after
            ),
            default=0,
        )
        for day in universe
    }
    assert planner._window_maximum(numbers, universe, Window(before, after)) == naive
