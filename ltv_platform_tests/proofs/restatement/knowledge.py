"""Settings and SQL that change after the tables were published."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.tables import rendering
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.restatement.restated import CORRECTED, Restated
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import ForkedLtv

CASES = Cases("restatement")

_KNOWN = (
    "SELECT (SELECT COUNT(*) FROM transactions), COUNT(*) FROM campaign_cohort_curve WHERE mature"
)


@CASES.case(
    "LTV_AS_OF is set to an earlier day",
    "purchases, mature ages 7 21 → 4 17; every table rewritten, all equal to both rebuilds",
)
def ltv_as_of_is_set_to_an_earlier_day(folder: Path) -> str:
    state = Restated(folder)
    state.under(as_of="2025-01-09")
    return state.seen("purchases, mature ages", _KNOWN)


@CASES.case(
    "LTV_AS_OF is set to a later day",
    "purchases, mature ages 7 21 → 7 26; every table rewritten, all equal to both rebuilds",
)
def ltv_as_of_is_set_to_a_later_day(folder: Path) -> str:
    state = Restated(folder)
    state.under(as_of="2025-01-25")
    return state.seen("purchases, mature ages", _KNOWN)


@CASES.case(
    "LTV_AS_OF is unset again after new events",
    "purchases, mature ages 3 17 → 8 21; every table rewritten, all equal to both rebuilds",
)
def ltv_as_of_is_unset_again(folder: Path) -> str:
    state = Restated(folder)
    state.under(as_of="2025-01-09")
    state.home.publish()
    state.load("transactions", "t9,b,2025-01-19 23:00:00,3,0,,", "t3,b,2025-01-12 12:00:00,8,0,,")
    state.home.publish()
    state.under(as_of=None)
    return state.seen("purchases, mature ages", _KNOWN)


@CASES.case(
    "other horizons",
    "columns of campaign_ltv 20 → 27; some tables rewritten, all equal to both rebuilds",
)
def other_horizons(folder: Path) -> str:
    state = Restated(folder)
    state.under(horizons="3,7,14", user_horizons="3")
    return state.seen(
        "columns of campaign_ltv",
        "SELECT COUNT(*) FROM (DESCRIBE campaign_ltv)",
    )


@CASES.case(
    "whole days instead of hours",
    "D7 revenue of b 11 → 8; some tables rewritten, all equal to both rebuilds",
)
def whole_days_instead_of_hours(folder: Path) -> str:
    state = Restated(folder)
    state.load("transactions", "t9,b,2025-01-10 12:00:00,3,0,,")
    state.home.publish()
    state.under(window="calendar")
    return state.seen(
        "D7 revenue of b", "SELECT revenue_d7 FROM user_revenue WHERE customer_id = 'b'"
    )


@CASES.case(
    "another base currency",
    "first purchases t1 10, t5 20, t2 5.5 → t1 10, t5 20, t2 5; some tables "
    "rewritten, all equal to both rebuilds",
)
def another_base_currency(folder: Path) -> str:
    state = Restated(folder)
    state.load("fx_rates", "2025-01-02,USD,0.5", "2025-01-08,USD,0.5")
    state.home.publish()
    state.under(currency="EUR")
    return state.seen(
        "first purchases",
        "SELECT transaction_id, amount FROM transactions ORDER BY event_ts LIMIT 3",
    )


@CASES.case(
    "other sources count as organic",
    "c (organic) → (unknown); some tables rewritten, all equal to both rebuilds",
)
def other_sources_count_as_organic(folder: Path) -> str:
    state = Restated(folder)
    state.under(organic_sources="seo")
    return state.seen("c", "SELECT campaign_id FROM customers WHERE customer_id = 'c'")


@CASES.case(
    "a reporting zone east of the last, clocks going forward",
    "f, its D7 revenue US 3 → FR 3; some tables rewritten, all equal to both rebuilds",
)
def a_reporting_zone_east_of_the_last(folder: Path) -> str:
    state = Restated(folder)
    state.load("customers", "f,2025-03-28 22:30:00,US,ads,c1,")
    state.load("transactions", "t9,f,2025-04-04 22:15:00,3,0,,", "t10,f,2025-04-20,1,0,,")
    state.home.publish()
    state.under(timezone="Europe/Berlin")
    state.home.publish()
    # The cohort is now rewritten alone, and its seven days end on the ninth day.
    state.load("customers", "f,2025-03-28 22:30:00,FR,ads,c1,")
    return state.seen(
        "f, its D7 revenue",
        "SELECT country, revenue_d7 FROM user_revenue WHERE customer_id = 'f'",
    )


@CASES.case(
    "a reporting zone west of the last: the first night moves to the year before",
    "purchases, first day 8 2025-01-01 → 8 2024-12-31; every table rewritten, "
    "all equal to both rebuilds",
)
def a_reporting_zone_west_of_the_last(folder: Path) -> str:
    state = Restated(folder)
    state.load("transactions", "t9,a,2025-01-01 01:00:00,1,0,,")
    state.home.publish()
    state.under(timezone="America/New_York")
    return state.seen("purchases, first day", "SELECT COUNT(*), MIN(event_date) FROM transactions")


@CASES.case(
    "a file is loaded with another reporting zone than the refresh",
    "purchases 7 → 8; every table rewritten, all equal to both rebuilds",
)
def a_file_is_loaded_under_another_reporting_zone(folder: Path) -> str:
    state = Restated(folder)
    state.under(timezone="America/New_York")
    state.load("transactions", "t9,b,2025-01-10 02:00:00,3,0,,")
    state.under(timezone="UTC")
    return state.seen("purchases", "SELECT COUNT(*) FROM transactions")


@CASES.case(
    "LTV_START_DATE is set later than some versions",
    "install of a, day of t8 2025-01-02 2025-01-03 → 2025-01-10 2025-01-20; "
    "every table rewritten, all equal to both rebuilds",
)
def ltv_start_date_is_set_later_than_some_versions(folder: Path) -> str:
    state = Restated(folder)
    state.load("customers", "a,2025-01-10 10:00:00,FR,ads,c2,2025-01-11")
    state.load("transactions", "t8,a,2025-01-03 10:00:00,4,0,,2025-01-21")
    state.home.publish()
    state.under(start_date="2025-01-05")
    return state.seen(
        "install of a, day of t8",
        "SELECT (SELECT install_date FROM customers WHERE customer_id = 'a'), "
        "(SELECT event_date FROM transactions WHERE transaction_id = 't8')",
        figures_only=True,
    )


@CASES.case(
    "LTV_START_DATE is set earlier, then unset",
    "purchases, first day 8 2024-12-24 → 8 2024-12-24; every table rewritten, "
    "all equal to both rebuilds",
)
def ltv_start_date_is_set_earlier(folder: Path) -> str:
    state = Restated(folder)
    state.under(start_date="2024-12-01")
    state.load("transactions", "t9,a,2024-12-24 12:00:00,1,0,,")
    state.home.publish()
    state.under(start_date=None)
    return state.seen("purchases, first day", "SELECT COUNT(*), MIN(event_date) FROM transactions")


@CASES.case(
    "the SELECT of core.customers changes",
    "country of d (unknown) → elsewhere; some tables rewritten, all equal to both rebuilds",
)
def the_select_of_core_customers_changes(folder: Path) -> str:
    state = Restated(folder)
    templates = folder / "sql"
    shutil.copytree(str(files("ltv_platform") / "sql"), templates)
    customers = templates / "core" / "customers.sql"
    select = customers.read_text("utf-8")
    changed = select.replace("country), '(unknown)')", "country), 'elsewhere')")
    assert changed != select
    customers.write_text(changed, "utf-8")

    def forget_templates() -> None:
        for known in (rendering._environment, rendering._templates, rendering._templates_hash):
            known.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_SQL_FOLDER", templates)
        forget_templates()
        state.under()
        try:
            return state.seen(
                "country of d", "SELECT country FROM customers WHERE customer_id = 'd'"
            )
        finally:
            forget_templates()


@CASES.case(
    "`ltv run` after a correction and a restated day, in another zone",
    "Partitions now start on 2024-01-01: the log holds rows from before 2025-01-01.; all "
    "equal to both rebuilds",
)
def ltv_run_after_a_correction_and_a_restated_day(folder: Path) -> str:
    state = Restated(folder)
    state.load("transactions", "t1,a,2025-01-01 01:00:00,10,0,,2025-01-16")
    state.load("campaign_costs", "c1,2025-01-02,FR,5,")
    ltv = CommandLine(state.home.settings.home, {"horizons": "1,7", "timezone": "America/New_York"})
    answer = ltv("run")
    assert answer.code == 0, answer.err
    state.under(timezone="America/New_York")
    said = next(line for line in answer.err.splitlines() if "start" in line)
    return f"{said}; {state.equal_to_rebuilds()}"


def _load_once_planned() -> None:
    """In the process of a run: another file is loaded between its plan and its first write."""
    from ltv_platform.ingestion.load import Request, ingest
    from ltv_platform.orchestration import foreground
    from ltv_platform.workspace import Workspace

    execute = foreground._execute

    def late(*arguments: Any, **options: Any) -> Any:
        foreground._execute = execute
        workspace = Workspace.open()
        path = workspace.settings.home / "incoming" / "transactions_99.csv"
        [outcome] = ingest(workspace.engine, [Request("transactions", path)])
        assert outcome.error is None
        return execute(*arguments, **options)

    foreground._execute = late


@CASES.case(
    "a load comes in while `ltv run` writes, for a cohort that it did not plan to write",
    "exit 0; revenue of c2 5; all equal to both rebuilds",
)
def a_load_comes_in_while_ltv_run_writes(folder: Path) -> str:
    state = Restated(folder)
    state.load("transactions", "t9,c,2025-01-20 10:00:00,3,0,,")
    late = state.home.settings.home / "incoming" / "transactions_99.csv"
    late.write_text(f"{CORRECTED['transactions']}\nt10,d,2025-01-13 10:00:00,5,0,,\n", "utf-8")
    ltv = ForkedLtv(state.home.settings.home, {"horizons": "1,7"}, prepare=_load_once_planned)
    answer = ltv("run")
    if answer.code != 0:
        return f"exit {answer.code}: {answer.err}"
    revenue = state.figure("SELECT SUM(revenue_to_date) FROM campaign_ltv WHERE campaign_id = 'c2'")
    return f"exit 0; revenue of c2 {revenue}; {state.equal_to_rebuilds()}"
