"""A lot of one thing: the run ends, figures are right, and what was left out is reported."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.command_line import CommandLine

CASES = Cases("very much of one thing")

_SESSIONS = (
    "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement"
)
_CONVERSIONS = "conv_id,user_id,conv_date,conv_time,revenue"
_FIRST = datetime(2025, 10, 1)
#: A page of a megabyte opens at once.
_LARGEST_PAGE = 1 << 20


def _at(minutes: int) -> str:
    return (_FIRST + timedelta(minutes=minutes)).strftime("%Y-%m-%d,%H:%M:%S")


def _loaded(folder: Path, settings: dict[str, str], **tables: list[str]) -> CommandLine:
    """A home with these files; the first line of each is its header."""
    ltv = CommandLine(folder / "home", settings)
    for table, lines in tables.items():
        path = folder / f"{table}.csv"
        path.write_text("\n".join(lines) + "\n")
        answer = ltv("ingest", table, path)
        assert answer.code == 0, answer.err
    return ltv


def _asked(ltv: CommandLine, sql: str) -> str:
    return ", ".join(ltv("query", sql, "--format", "csv").out.splitlines()[1:])


@CASES.case(
    "one user with 5,000 sessions and 200 conversions, 100 sessions per journey",
    "exit 0; 200 conversions with 100 to 100 sessions, credit of each model 200; a note that "
    "earlier sessions got none",
)
def one_user_with_5000_sessions_and_200_conversions(folder: Path) -> str:
    ltv = _loaded(
        folder,
        {"journey_sessions": "100"},
        session_sources=[_SESSIONS, *(f"s{n},u,ads{n % 3},{_at(n)},1,1" for n in range(5_000))],
        conversions=[_CONVERSIONS, *(f"v{n},u,{_at(4_000 + n)},10" for n in range(200))],
    )
    run = ltv("run")
    journeys = _asked(
        ltv,
        "SELECT COUNT(*) || ' conversions with ' || MIN(n) || ' to ' || MAX(n) || ' sessions' FROM "
        "(SELECT COUNT(*) AS n FROM attribution WHERE model = 'linear' GROUP BY conv_id)",
    )
    credit = _asked(
        ltv,
        "SELECT DISTINCT CAST(credit AS INTEGER) FROM "
        "(SELECT SUM(credit) AS credit FROM attribution GROUP BY model)",
    )
    noted = "earlier sessions got no credit" in run.err
    return (
        f"exit {run.code}; {journeys}, credit of each model {credit}; "
        f"{'a' if noted else 'no'} note that earlier sessions got none"
    )


@CASES.case(
    "3,000 channels, each with two sessions",
    "run, report: exit 0, 0; 3,000 channels in the CSV file; every page smaller than a megabyte; "
    "without a chain of that many: 0 removal effects",
)
def three_thousand_channels(folder: Path) -> str:
    count = 3_000
    sessions = (f"s{n},u{n // 2},channel {n // 2},{_at(n)},1,1" for n in range(2 * count))
    ltv = _loaded(
        folder,
        {},
        session_sources=[_SESSIONS, *sessions],
        conversions=[_CONVERSIONS, *(f"v{n},u{n},{_at(2 * n + 1)},10" for n in range(count))],
    )
    run = ltv("run")
    report = ltv("report", "channels")
    listed = (ltv.home / "reports" / "channel_reporting.csv").read_text()
    channels = len(set(re.findall(r"channel \d+", listed)))
    large = [
        path.name
        for path in ltv.home.joinpath("reports").glob("*.html")
        if path.stat().st_size > _LARGEST_PAGE
    ]
    effects = _asked(ltv, "SELECT COUNT(*) AS n FROM markov_channels")
    return (
        f"run, report: exit {run.code}, {report.code}; {channels:,} channels in the CSV file; "
        f"{', '.join(large) or 'every page'} smaller than a megabyte; "
        f"without a chain of that many: {effects} removal effects"
    )


@CASES.case(
    "the largest amount that the contract allows, in each of 80 rows",
    "exit 0; sums 19999999999980, 19999999999980, 39999999999960; forecasts from 19999999999980",
)
def the_largest_amount_that_the_contract_allows(folder: Path) -> str:
    most = "999999999999"
    ltv = _loaded(
        folder,
        {"as_of": "2025-11-30"},
        customers=[
            "customer_id,registration_date,country,acquisition_source,campaign_id",
            *(f"c{n},2025-10-01 10:00:00,ID,ads,k{n % 2}" for n in range(40)),
        ],
        transactions=[
            "transaction_id,customer_id,transaction_date,amount",
            *(f"t{n},c{n},2025-10-02 10:00:00,{most}" for n in range(40)),
        ],
        campaign_costs=["campaign_id,date,cost", f"k0,2025-10-01,{most}", f"k0,2025-11-01,{most}"],
        session_sources=[_SESSIONS, *(f"s{n},c{n},ads,{_at(n)},1,1" for n in range(40))],
        conversions=[_CONVERSIONS, *(f"v{n},c{n},{_at(n)},{most}" for n in range(40))],
    )
    run = ltv("run")
    sums = [
        _asked(ltv, f"SELECT CAST({sql} AS BIGINT) AS n FROM {table}")
        for sql, table in (
            ("MAX(revenue_d7)", "campaign_ltv"),
            ("MAX(total_revenue_d7)", "campaign_summary"),
            ("SUM(ihc_revenue)", "channel_reporting"),
        )
    ]
    least = _asked(
        ltv, "SELECT CAST(MIN(observed_revenue) AS BIGINT) AS n FROM campaign_ltv_forecast WHERE "
        "campaign_id = 'k1'"
    )  # fmt: skip
    return f"exit {run.code}; sums {', '.join(sums)}; forecasts from {least}"
