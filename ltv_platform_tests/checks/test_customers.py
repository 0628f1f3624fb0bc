"""The blocking checks of customers detect what is lost or counted twice on the way."""

import pytest

from ltv_platform.checks import CheckOutcome, model, table_checks
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two customers, one registered after a purchase, and a purchase of nobody."""
    home = Home(tmp_path_factory.mktemp("home"), start_date="2025-03-01", as_of="2025-04-10")
    home.load("customers", "a,2025-03-01 10:00:00,US,ads,c1", "b,2025-03-05 10:00:00,DE,,")
    home.load(
        "transactions",
        "t1,a,2025-03-01 11:00:00,5,0",
        "t2,b,2025-03-05 09:00:00,3,0",
        "t3,b,2025-03-04 09:00:00,2,0",
        "t4,b,2025-04-05 09:00:00,1,1",
        "t5,x,2025-03-05 11:00:00,7,0",
    )
    home.refresh()
    return home


def _checks(home: Home) -> dict[str, CheckOutcome]:
    from_here = ("marts.customer_ltv", "marts.ltv_by_cohort", "marts.rfm_")
    checks = [c for c in table_checks(home.settings) if c.table.startswith(from_here)]
    assert all(check.blocking for check in checks)
    return {check.name: check.run(home.engine) for check in checks}


@pytest.mark.parametrize(
    ("loss", "seen_by"),
    [
        ("SELECT 1", set()),
        (
            "DELETE FROM marts.customer_ltv WHERE customer_id = 'a'",
            {"ltv_reconciles", "every_customer_once", "cohorts_reconcile"},
        ),
        ("UPDATE marts.customer_ltv SET customer_id = 'y'", {"every_customer_once"}),
        ("DELETE FROM core.waiting_for_customer", {"ltv_reconciles"}),
        (
            "UPDATE core.transactions SET amount = 8 WHERE transaction_id = 't5'",
            {"ltv_reconciles"},
        ),
        ("UPDATE marts.ltv_by_cohort SET customers = 3", {"cohorts_reconcile"}),
        ("UPDATE marts.ltv_by_cohort SET total_ltv = 8", {"cohorts_reconcile"}),
        ("DELETE FROM marts.customer_cohort_curve WHERE age_month = 1", {"cohorts_reconcile"}),
        (
            "DELETE FROM marts.rfm_segments WHERE customer_id = 'b'",
            {"every_customer_once", "every_customer_moves_once"},
        ),
        ("UPDATE marts.rfm_migration SET monetary = 0", {"every_customer_moves_once"}),
    ],
)
def test_what_is_lost_is_seen(home: Home, loss: str, seen_by: set[str]) -> None:
    """Each loss by the checks that it concerns, and by no other."""
    with home.engine.hold():
        home.engine.rows("BEGIN")
        home.engine.rows(loss)
        outcomes = _checks(home)
        home.engine.rows("ROLLBACK")
    assert len(outcomes) == 5
    assert {name for name, outcome in outcomes.items() if not outcome.passed} == seen_by
    assert all(outcome.passed or "≠" in outcome.description for outcome in outcomes.values())


@pytest.mark.parametrize(
    "cell", ["5, 5, 'Champions'), (5, 5, 'Kings'", "6, 5, 'Champions'", "5, 5, NULL", "5, 4, 'A'"]
)
def test_a_cell_without_its_one_name_is_seen(
    home: Home, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    """All 25 pairs of scores have one name each: twice, beyond the grid, none, and missing."""

    def rendered(template: str, *settings: Settings) -> str:
        text = render(template, *settings)
        other = text.replace("5, 5, 'Champions'", cell)
        assert template != "checks/customers/every_cell_once.sql" or other != text
        return other

    monkeypatch.setattr(model, "render", rendered)
    failed = {name for name, outcome in _checks(home).items() if not outcome.passed}
    assert failed == {"every_cell_once"}


def test_who_comes_later_is_not_unknown_any_more(home: Home) -> None:
    """The row of x arrives, registered after its purchase: a customer's revenue, of no age."""
    home.load("customers", "x,2025-03-09 10:00:00,US,ads,c1")
    home.publish()
    assert all(outcome.passed for outcome in _checks(home).values())
    assert home.values("SELECT ltv FROM customer_ltv ORDER BY customer_id") == [5, 4, 7]
    assert home.values("SELECT SUM(revenue) FROM customer_cohort_curve") == [4]
