"""Channel figures (docs/attribution.md), and those of the public challenge data."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform.ingestion.load import ingest, sqlite_requests
from ltv_platform.refresh.build import build_table
from ltv_platform_tests.testing.home import ATTRIBUTION, Home

#: Read before the tests clear the environment of the platform's variables.

#: Journey rows, conversions that have a journey, those that have none, sessions that serve two.
PAIRS = """
SELECT
  (SELECT COUNT(*) FROM marts.customer_journeys),
  (SELECT COUNT(DISTINCT conv_id) FROM marts.customer_journeys),
  (SELECT COUNT(*) FROM core.conversions
   WHERE conv_id NOT IN (SELECT conv_id FROM marts.customer_journeys)),
  (SELECT COUNT(*) FROM (SELECT session_id FROM marts.customer_journeys GROUP BY session_id
                         HAVING COUNT(*) > 1))
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A channel that is free, one that earns nothing, one that does both, and no channel at all."""
    home = Home(tmp_path_factory.mktemp("channels") / "home", groups=ATTRIBUTION)
    home.load(
        "session_sources",
        "s1,u1,free,2025-11-01,10:00:00,0,0",
        "s2,u2,idle,2025-11-01,10:00:00,0,0",
        "s3,u3,paid,2025-11-01,10:00:00,0,0",
    )
    home.load("session_costs", "s1,", "s2,2.5", "s3,3.000001")
    home.load(
        "conversions",
        "v1,u1,2025-11-02,10:00:00,0.1",
        "v3,u3,2025-11-02,10:00:00,9",
        "v4,u4,2025-11-02,10:00:00,1",
    )
    home.publish()
    return home


def test_null_on_a_zero_denominator(small: Home) -> None:
    """Never inf, NaN or 0; the cost per order of rows that are not a channel is NULL too."""
    rows = small.values(
        'SELECT channel_name, cost, ihc, ihc_revenue, "CPO", "ROAS" FROM channel_reporting '
        "ORDER BY channel_name"
    )
    assert rows == [
        ("(not attributed)", 0, 1, 1, None, None),
        ("free", 0, 1, Decimal("0.1"), 0.0, None),
        ("idle", Decimal("2.5"), 0, 0, None, 0.0),
        ("paid", Decimal("3.000001"), 1, 9, 3.000001, 9 / 3.000001),
    ]


def test_csv_of_channels(small: Home) -> None:
    """Ordered, NULL empty, numbers written out without noise; made again it is the same."""
    path = write_channel_csv(small.settings)
    assert path == small.settings.reports_path / "channel_reporting.csv"
    assert path.read_text("utf-8") == (
        "channel_name,date,cost,ihc,ihc_revenue,CPO,ROAS,complete\n"
        "(not attributed),2025-11-02,0,1,1,,,false\n"
        "free,2025-11-01,0,1,0.1,0,,false\n"
        "idle,2025-11-01,2.5,0,0,,0,false\n"
        "paid,2025-11-01,3.000001,1,9,3.000001,2.999999,false\n"
    )
    before = path.read_bytes()
    assert write_channel_csv(small.settings).read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir() if entry.name != ".lock"] == [path.name]


@pytest.fixture(scope="module")
def challenge(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The public challenge data as it is handed out, packed."""
    home = Home(tmp_path_factory.mktemp("challenge") / "home", groups=ATTRIBUTION)
    database = reference_data / "ihc" / "challenge.db.gz"
    outcomes = ingest(home.engine, sqlite_requests(home.engine, database))
    assert [outcome.counts and outcome.counts.rows_accepted for outcome in outcomes] == [
        49_908,
        2_000,
        43_092,
    ]
    home.publish()
    return home


def test_journeys_of_the_challenge(challenge: Home) -> None:
    """Sessions and attributed conversions, those without any, sessions that serve two."""
    assert challenge.engine.rows(PAIRS) == [(3_709, 1_946, 54, 27)]


def test_channel_reporting_of_the_challenge(challenge: Home) -> None:
    """The cost of every session once (not 293,944.673), all conversions, all revenue."""
    assert challenge.one(
        "SELECT SUM(cost) AS cost, SUM(ihc) AS ihc, SUM(ihc_revenue) AS revenue, "
        'COUNT(*) FILTER (isinf("CPO") OR isnan("CPO") OR isinf("ROAS") OR isnan("ROAS")) AS odd, '
        'COUNT(*) FILTER ((cost = 0) <> ("ROAS" IS NULL)) AS wrong_roas, '
        "COUNT(*) FILTER ((ihc = 0 OR channel_name = '(not attributed)') <> (\"CPO\" IS NULL)) "
        "AS wrong_cpo FROM channel_reporting"
    ) == {
        "cost": Decimal("293876.849"),
        "ihc": Decimal(2_000),
        "revenue": Decimal("112602.07"),
        "odd": 0,
        "wrong_roas": 0,
        "wrong_cpo": 0,
    }


def test_csv_of_the_challenge(challenge: Home) -> None:
    """The file has the sums of the table."""
    with write_channel_csv(challenge.settings).open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    assert rows == sorted(rows, key=lambda row: (row["channel_name"], row["date"]))
    assert [sum(Decimal(row[name]) for row in rows) for name in ("cost", "ihc", "ihc_revenue")] == [
        Decimal("293876.849"),
        Decimal(2_000),
        Decimal("112602.07"),
    ]


def test_journeys_of_the_challenge_strictly_before(challenge: Home) -> None:
    """Six conversions have their only session in their own second."""
    home = challenge.under(journey_boundary="before")
    with home.engine.hold():
        [journeys] = [t for t in home.graph.transforms if t.name == "marts.customer_journeys"]
        build_table(home.engine, journeys, home.plan().days[journeys.name])
        assert home.engine.rows(PAIRS)[0][:3] == (3_703, 1_940, 60)
