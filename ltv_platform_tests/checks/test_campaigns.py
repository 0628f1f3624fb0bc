"""The check outlook_adds_up finds each thing that would not add up."""

import shutil
from pathlib import Path

import pytest

from ltv_platform.checks import CheckOutcome, table_checks
from ltv_platform_tests.testing.home import CAMPAIGNS, Home


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two campaigns with 300 and 100 of spend; customers of one of them, and of none."""
    home = Home(tmp_path_factory.mktemp("built") / "home", groups=CAMPAIGNS, as_of="2024-03-31")
    home.load("customers", "a,2024-01-02 10:00:00,US,ads,one", "b,2024-01-02 10:00:00,US,direct,")
    home.load("transactions", "t,a,2024-01-03 10:00:00,250,0")
    home.load("campaign_costs", "one,2024-01-02,US,300", "two,2024-01-02,US,100")
    home.refresh()
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    """A copy of it to do something to."""
    folder = shutil.copytree(built.settings.home, tmp_path / "home")
    return Home(folder, groups=CAMPAIGNS, as_of="2024-03-31")


def _outlook_adds_up(home: Home) -> CheckOutcome:
    [check] = [check for check in table_checks(home.settings) if check.name == "outlook_adds_up"]
    assert check.blocking
    return check.run(home.engine)


def test_shares_of_spend_add_up(home: Home) -> None:
    """3 / 4 + 1 / 4, and nothing for what cost nothing; D30 ROAS of one is 250 / 300."""
    shares = "SELECT campaign_id, spend_share, expected_roas_d30 FROM marts.campaign_outlook"
    assert sorted(home.engine.rows(shares)) == [
        ("(organic)", None, None),
        ("one", 0.75, pytest.approx(250 / 300)),
        ("two", 0.25, 0),
    ]
    assert _outlook_adds_up(home) == CheckOutcome(True, {"differing": 0, "spend_shares": 1.0})
    home.engine.rows("UPDATE marts.campaign_outlook SET spend_share = 0.2 WHERE spend_share < 0.5")
    outcome = _outlook_adds_up(home)
    assert not outcome.passed
    assert outcome.description == (
        "shares of spend add up to 0.95; rebuild stale tables with `ltv run`"
    )


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM marts.campaign_outlook WHERE campaign_id = '(organic)'",
        "UPDATE marts.campaign_outlook SET expected_roas_d30 = 0.84 WHERE campaign_id = 'one'",
        "UPDATE marts.campaign_outlook SET expected_roas_d30 = 1 WHERE campaign_id = '(organic)'",
    ],
)
def test_every_campaign_has_its_own_forecast(home: Home, change: str) -> None:
    """A campaign that is missing, differs from its weekly forecasts, or has none."""
    home.engine.rows(change)
    outcome = _outlook_adds_up(home)
    assert not outcome.passed
    assert outcome.figures["differing"] == 1
    assert "are missing or differ from their forecasts" in outcome.description
