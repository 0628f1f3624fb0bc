"""What the checks of attribution detect when a figure is lost, doubled or mixed."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.checks import CheckOutcome, table_checks
from ltv_platform.checks.attribution import MOST_ROWS_OF_A_USER
from ltv_platform_tests.testing.home import ATTRIBUTION, Home

SETTINGS: dict[str, Any] = {"start_date": "2025-03-01", "as_of": "2025-03-10", "horizons": (7,)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two conversions of one user with three sessions, one of which serves both; one without."""
    home = Home(tmp_path_factory.mktemp("built") / "home", groups=ATTRIBUTION, **SETTINGS)
    home.load(
        "session_sources",
        "s1,u,Search,2025-03-01,10:00:00,1,1",
        "s2,u,Direct,2025-03-02,10:00:00,0,1",
        "s3,u,Search,2025-03-04,10:00:00,1,0",
    )
    home.load("session_costs", "s1,2.5", "s3,0.5")
    home.load(
        "conversions",
        "c1,u,2025-03-02,12:00:00,10",
        "c2,u,2025-03-05,12:00:00,7.5",
        "c3,v,2025-03-05,12:00:00,1",
    )
    home.refresh()
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    """The same in its own folder, to be damaged."""
    shutil.copytree(built.settings.home, tmp_path / "home")
    return Home(tmp_path / "home", groups=ATTRIBUTION, **SETTINGS)


def _check(home: Home, table: str, name: str) -> CheckOutcome:
    [check] = [c for c in table_checks(home.settings) if (c.table, c.name) == (table, name)]
    return check.run(home.engine)


def test_what_is_whole_passes(home: Home) -> None:
    """Σcost 3, Σihc 3 conversions, Σrevenue 18.50 (attribution.md section 5)."""
    outcome = _check(home, "marts.channel_reporting", "channels_reconcile")
    assert outcome.passed, outcome.description
    assert outcome.figures == {
        "cost of core.sessions": "3.000000",
        "cost of marts.channel_reporting": "3.000000",
        "core.conversions": "3",
        "ihc of marts.channel_reporting": "3.000000000000",
        "revenue of core.conversions": "18.500000",
        "ihc_revenue of marts.channel_reporting": "18.500000",
    }


@pytest.mark.parametrize(
    ("damage", "table", "name"),
    [
        (
            "UPDATE marts.attribution SET credit = credit / 2 WHERE model = 'linear'",
            "marts.attribution",
            "credit_reconciles",
        ),
        (
            "DELETE FROM marts.attribution WHERE model = 'linear'",
            "marts.attribution",
            "credit_reconciles",
        ),
        ("DELETE FROM marts.attribution", "marts.attribution", "credit_reconciles"),
        (
            "DELETE FROM marts.channel_model_comparison WHERE model = 'markov_path'",
            "marts.channel_model_comparison",
            "models_reconcile",
        ),
        (
            "DELETE FROM marts.markov_channels",
            "marts.channel_model_comparison",
            "models_reconcile",
        ),
        (
            "DELETE FROM marts.attribution WHERE model = 'first' AND conv_id = 'c3'",
            "marts.attribution",
            "credit_reconciles",
        ),
        (
            "UPDATE marts.attribution SET revenue = 0 WHERE model = 'last' AND conv_id = 'c1'",
            "marts.attribution",
            "credit_reconciles",
        ),
        (
            "INSERT INTO marts.attribution SELECT * REPLACE ('gone' AS conv_id) "
            "FROM marts.attribution WHERE model = 'last' AND conv_id = 'c1'",
            "marts.attribution",
            "credit_reconciles",
        ),
        (
            "UPDATE marts.channel_reporting SET cost = cost + 2.5 WHERE channel_name = 'Search' "
            "AND date = DATE '2025-03-01'",
            "marts.channel_reporting",
            "channels_reconcile",
        ),
        (
            "DELETE FROM marts.channel_reporting WHERE channel_name = '(not attributed)'",
            "marts.channel_reporting",
            "channels_reconcile",
        ),
        (
            "UPDATE marts.channel_reporting_by_conversion_date SET ihc_revenue = 0",
            "marts.channel_reporting_by_conversion_date",
            "channels_reconcile",
        ),
        (
            "UPDATE marts.channel_model_comparison SET credit = 0 WHERE model = 'shapley'",
            "marts.channel_model_comparison",
            "models_reconcile",
        ),
    ],
)
def test_what_is_lost_or_doubled_is_seen(home: Home, damage: str, table: str, name: str) -> None:
    """A blocking check holds it back."""
    assert _check(home, table, name).passed
    home.engine.rows(damage)
    outcome = _check(home, table, name)
    assert not outcome.passed
    assert outcome.description


def test_mixed_engines_are_told_unless_they_are_wanted(home: Home) -> None:
    """Two engines have two scales."""
    assert _check(home, "marts.ihc_attribution", "one_engine").passed
    home.engine.rows("UPDATE marts.ihc_attribution SET engine = 'api' WHERE conv_id = 'c1'")
    outcome = _check(home, "marts.ihc_attribution", "one_engine")
    assert (outcome.passed, outcome.description) == (
        False,
        "journeys were scored by different engines: 1 by api, 1 by local",
    )
    assert _check(home.under(ihc_mixed_engines=True), "marts.ihc_attribution", "one_engine").passed


def test_a_shared_user_is_told(home: Home) -> None:
    """From 1,000,000 sessions x conversions of one user on; the user is found, not named."""
    home.publish()
    table, name = "marts.customer_journeys", "no_user_dominates"
    assert _check(home, table, name).figures == {"sessions": 3, "conversions": 2}
    _repeat(home, "sessions", "session_id", "s1", 997)
    # Who visits more and buys once is not the one.
    home.engine.rows(
        "INSERT INTO core.sessions SELECT rows.* REPLACE ('w' || number AS session_id, "
        "'v' AS user_id) FROM core.sessions AS rows, range(5000) AS numbers(number) "
        "WHERE session_id = 's1'"
    )
    _repeat(home, "conversions", "conv_id", "c1", 998)
    outcome = _check(home, table, name)
    assert (outcome.passed, outcome.figures) == (True, {"sessions": 1000, "conversions": 1000})
    _repeat(home, "sessions", "session_id", "s2", 1)
    outcome = _check(home, table, name)
    assert not outcome.passed
    assert outcome.figures == {"sessions": 1001, "conversions": 1000}
    assert 1_001_000 == 1001 * 1000 > MOST_ROWS_OF_A_USER
    assert "has 1,001 sessions and 1,000 conversions, which make up to 1,000,000 rows" in (
        outcome.description
    )
    # What it says to ask is answered by the published tables; there, u has three sessions.
    [sql] = re.findall('ltv query "(.*)"', outcome.description)
    assert home.values(sql.replace("= 1001", "= 3")) == ["u"]


def test_no_user_at_all_dominates(tmp_path: Path) -> None:
    """Nothing is loaded, so nothing is reported."""
    empty = Home(tmp_path, **SETTINGS)
    empty.engine.prepare()
    outcome = _check(empty, "marts.customer_journeys", "no_user_dominates")
    assert (outcome.passed, outcome.figures) == (True, {"sessions": 0, "conversions": 0})


def _repeat(home: Home, table: str, key: str, row: str, times: int) -> None:
    """That many more rows like this one."""
    home.engine.rows(
        f"INSERT INTO core.{table} SELECT rows.* REPLACE ({key} || '+' || number AS {key}) "
        f"FROM core.{table} AS rows, range({times}) AS numbers(number) WHERE {key} = '{row}'"
    )
