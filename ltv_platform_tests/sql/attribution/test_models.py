"""Credit per model: cases worked out by hand, and sums that are exact on random journeys."""

import random
from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.parameters.attribution import MODELS
from ltv_platform.published import snapshot
from ltv_platform.published.query import query
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse import planner
from ltv_platform_tests.attribution.ihc_api.api_homes import JOURNEYS, SCORES
from ltv_platform_tests.attribution.ihc_api.api_homes import build as build_tables
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.loader import Loader

_SESSIONS = (
    "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement\n"
)
_CONVERSIONS = "conv_id,user_id,conv_date,conv_time,revenue\n"


def build(load: Loader, graph: Graph, settings: Settings) -> None:
    """Build what is stale, and publish."""
    plan = planner.plan(graph, load.engine.state(), read_start(settings), settings.today())
    for transform in graph.transforms:
        if transform.name in plan.assets:
            build_table(load.engine, transform, plan.days.get(transform.name))
    snapshot.publish(load.engine, graph)


def credits_of(settings: Settings, conversion: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Credit and revenue per model and session of a conversion, without trailing zeros."""
    _, rows = query(
        settings,
        "SELECT model, COALESCE(session_id, channel_name), credit, revenue FROM attribution "
        f"WHERE conv_id = '{conversion}'",
    )
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for model, session, credit, revenue in rows:
        shown = [f"{value:f}".rstrip("0").rstrip(".") for value in (credit, revenue)]
        found.setdefault(model, {})[session] = (shown[0], shown[1])
    return found


def test_every_model_credits_sessions_as_computed_by_hand(
    load: Loader, graph: Graph, settings: Settings
) -> None:
    load(
        "session_sources",
        _SESSIONS
        # Seven days apart: weights 1/4, 1/2, 1. Search twice; the last is direct, in capitals.
        + "a1,a,Search,2025-05-01,10:00:00,0,0\n"
        + "a2,a,Search,2025-05-08,10:00:00,0,0\n"
        + "a3,a,DIRECT,2025-05-15,10:00:00,0,0\n"
        # The same second: session_id decides; names with a quote and an emoji.
        + 'b2,b,"It\'s ""🎉""",2025-05-01,10:00:00,0,0\n'
        + "b1,b,Search,2025-05-01,10:00:00,0,0\n"
        # Nothing but direct.
        + "c1,c,direct,2025-05-01,10:00:00,0,0\n"
        + "c2,c,(none),2025-05-02,10:00:00,0,0\n"
        # Leads to nothing.
        + "d1,d,Search,2025-05-02,10:00:00,0,0\n",
    )
    load(
        "conversions",
        _CONVERSIONS
        + "A,a,2025-05-15,12:00:00,100\n"
        + "B,b,2025-05-01,12:00:00,0.000001\n"
        + "C,c,2025-05-02,12:00:00,999999999999.999999\n"
        + "E,e,2025-05-02,12:00:00,5\n",
    )
    build(load, graph, settings)

    a = credits_of(settings, "A")
    assert a["first"] == {"a1": ("1", "100")}
    assert a["last"] == {"a3": ("1", "100")}
    assert a["last_non_direct"] == {"a2": ("1", "100")}
    third = ("0.333333333333", "33.333333")
    assert a["linear"] == {"a1": third, "a2": third, "a3": ("0.333333333334", "33.333334")}
    assert a["position"] == {"a1": ("0.4", "40"), "a2": ("0.2", "20"), "a3": ("0.4", "40")}
    assert a["time_decay"] == {
        "a1": ("0.142857142857", "14.285714"),
        "a2": ("0.285714285714", "28.571428"),
        "a3": ("0.571428571429", "57.142858"),
    }
    assert a["shapley"] == {"a1": ("0.25", "25"), "a2": ("0.25", "25"), "a3": ("0.5", "50")}

    b = credits_of(settings, "B")
    assert (b["first"], b["last"]) == ({"b1": ("1", "0.000001")}, {"b2": ("1", "0.000001")})
    assert b["position"] == {"b1": ("0.5", "0"), "b2": ("0.5", "0.000001")}

    c = credits_of(settings, "C")
    assert c["last_non_direct"] == {"c2": ("1", "999999999999.999999")}
    assert c["linear"] == {"c1": ("0.5", "499999999999.999999"), "c2": ("0.5", "500000000000")}

    without = {"(not attributed)": ("1", "5")}
    assert credits_of(settings, "E") == dict.fromkeys(a, without)
    assert set(a) == set(MODELS)

    # Paths: Search-Search-Direct, Search-emoji, direct-none; and Search that leads to nothing.
    # Every conversion but the third passes Search: p0 = 3/4 of four starts.
    _, rows = query(
        settings, "SELECT channel_name, removal_effect FROM markov_channels WHERE markov_order = 1"
    )
    effects = dict(rows)
    # From Search (4 visits): 1/4 each to itself, DIRECT, emoji, nothing; so 2/3 of them convert.
    assert effects["Search"] == pytest.approx(2 / 3, abs=1e-12)
    assert effects["DIRECT"] == effects['It\'s "🎉"'] == pytest.approx(1 / 3, abs=1e-12)
    # Search 2/3 : DIRECT 1/3, and Search's share goes to its two sessions.
    assert a["markov_path"]["a1"] == a["markov_path"]["a2"] == third


@pytest.mark.parametrize("seed", [1])
def test_sums_are_exact_and_no_order_of_rows_matters(
    load: Loader, graph: Graph, settings: Settings, seed: int
) -> None:
    """Every conversion's credit is 1 and its revenue whole, to the last digit, in each model."""
    chance = random.Random(seed)
    channels = ["Direct", "Search", "Social", "Mail", "Affiliate, 'x'\n🎈"]
    sessions, conversions = [], []
    for user in range(400):
        for visit in range(chance.choice([0, 1, 2, 3, 7, 30])):
            quoted = '"' + chance.choice(channels) + '"'
            day, hour = chance.randint(1, 28), chance.randint(0, 23)
            when = f"2025-05-{day:02},{hour:02}:00:00"
            sessions.append(f"s{user}_{visit},u{user},{quoted},{when},1,0\n")
        if user % 4:
            cents = chance.choice([0, 1, 7, 999_999_999_999_999, chance.randint(1, 10**12)])
            revenue = Decimal(cents).scaleb(-6)
            conversions.append(f"v{user},u{user},2025-05-28,23:59:59,{revenue:f}\n")
    load("session_sources", _SESSIONS + "".join(sessions))
    load("conversions", _CONVERSIONS + "".join(conversions))
    build(load, graph, settings)
    _, wrong = query(
        settings,
        "SELECT model, conv_id, SUM(credit), SUM(attribution.revenue), MIN(credit), "
        "MIN(attribution.revenue), ANY_VALUE(conversions.revenue) "
        "FROM attribution JOIN conversions USING (conv_id) GROUP BY ALL "
        "HAVING SUM(credit) <> 1 OR SUM(attribution.revenue) <> ANY_VALUE(conversions.revenue) "
        "OR MIN(credit) <= 0 OR MIN(attribution.revenue) < 0",
    )
    assert wrong == []
    _, counted = query(
        settings, "SELECT COUNT(DISTINCT model), COUNT(DISTINCT conv_id) FROM attribution"
    )
    assert counted == [(len(MODELS), 300)]

    transform = graph["marts.attribution"]
    before = load.rows("SELECT * FROM marts.attribution ORDER BY ALL")
    for table in ("core.sessions", "core.conversions", "marts.customer_journeys"):
        with load.engine.session() as connection:
            connection.execute(f"CREATE TEMP TABLE shuffled AS SELECT * FROM {table}")
            connection.execute(f"DELETE FROM {table}")
            connection.execute(
                f"INSERT INTO {table} SELECT * FROM shuffled ORDER BY HASH(shuffled)"
            )
            connection.execute("DROP TABLE shuffled")
    days = [day for (day,) in load.rows("SELECT DISTINCT event_date FROM core.conversions")]
    build_table(load.engine, transform, days)
    assert load.rows("SELECT * FROM marts.attribution ORDER BY ALL") == before


#: Conversions and revenue of channel 0 to 4 by heuristic_models of ChannelAttribution 2.2.5 (GPL,
#: never a dependency) on the paths below.
_THEIRS: dict[str, list[tuple[float, float]]] = {
    "first": [(56, 13324), (67, 16392), (57, 13901), (54, 14210), (66, 17047)],
    "last": [(69, 16779), (61, 15365), (59, 15693), (57, 13812), (54, 13225)],
    "linear": [
        (56.9, 14144.8),
        (60.1, 15199.766667),
        (60.4, 15475.133333),
        (62.933333, 15302.683333),
        (59.666667, 14751.616667),
    ],
}


def test_channel_attribution_says_the_same(tmp_path: Path) -> None:
    """Heuristics to 1e-6; a conversion's revenue is cut to millionths, session by session."""
    chance = random.Random(11)
    names = [f"channel {number}" for number in range(5)]
    home = Home(tmp_path)
    sessions, conversions = [], []
    for user in range(300):
        path = chance.choices(names, k=chance.randint(1, 6))
        sessions += [
            f"s{user}_{hour},u{user},{name},2025-05-01,0{hour}:00:00,1,1"
            for hour, name in enumerate(path)
        ]
        conversions.append(f"v{user},u{user},2025-05-01,12:00:00,{chance.randint(1, 500)}")
    home.load("session_sources", *sessions)
    home.load("conversions", *conversions)
    build_tables(home, *JOURNEYS, SCORES, "marts.attribution")
    for model, theirs in _THEIRS.items():
        ours = home.engine.rows(
            "SELECT CAST(SUM(credit) AS DOUBLE), CAST(SUM(revenue) AS DOUBLE) "
            f"FROM marts.attribution WHERE model = '{model}' GROUP BY channel_name "
            "ORDER BY channel_name"
        )
        assert [credit for credit, _ in ours] == pytest.approx([c for c, _ in theirs], abs=1e-6)
        assert [money for _, money in ours] == pytest.approx([m for _, m in theirs], abs=1e-3)
