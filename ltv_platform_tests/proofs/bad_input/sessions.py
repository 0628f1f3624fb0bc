"""Sessions, conversions and their costs: odd names, ids and times, incomplete databases."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.bad_input.formats import database
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.home import HEADERS

CASES = Cases("bad input: sessions and conversions")

JOURNEYS = (
    "SELECT conv_id, string_agg(session_id, '<' ORDER BY position) FROM marts.customer_journeys "
    "GROUP BY conv_id ORDER BY conv_id"
)
REPORT = (
    "SELECT channel_name, date, CAST(cost AS DOUBLE), CAST(ihc AS DOUBLE) FROM channel_reporting "
    "ORDER BY ALL"
)
#: A database that has all of it, and in the right shape.
SESSIONS = (
    "CREATE TABLE session_sources (session_id TEXT, user_id TEXT, channel_name TEXT, "
    "event_date DATE, event_time TIME, holder_engagement INTEGER, closer_engagement INTEGER);"
)
CONVERSIONS = "CREATE TABLE conversions (conv_id, user_id, conv_date, conv_time, revenue);"
COSTS = "CREATE TABLE session_costs (session_id, cost);"


def sessions(desk: Desk, *rows: str) -> str:
    """Ingest sessions; the flags are added."""
    lines = "".join(f"{row},0,0\n" for row in rows)
    return desk.text("session_sources", f"{HEADERS['session_sources']}\n{lines}")


def conversions(desk: Desk, *rows: str) -> str:
    """Ingest conversions of 10 each."""
    lines = "".join(f"{row},10\n" for row in rows)
    return desk.text("conversions", f"{HEADERS['conversions']}\n{lines}")


def journeys(desk: Desk) -> str:
    """Each conversion with its sessions in order."""
    desk.home.refresh()
    return desk.values(JOURNEYS)


@CASES.case(
    "channel names with quotes, line ends, emoji, formulas, SQL: into figures, CSV and SQLite",
    "5 in file: 5 accepted; 5 names as they were in the CSV, 5 in SQLite",
)
def channel_names_with_quotes_line_ends(folder: Path) -> str:
    desk = Desk(folder)
    names = ['say "hi"', "two\nlines", "💸 ads", "=HYPERLINK(1)", "'; DROP TABLE x; --"]
    cells = ['"' + name.replace('"', '""') + '"' for name in names]
    seen = sessions(desk, *(f"s{i},u1,{cell},2025-06-01,10:00:00" for i, cell in enumerate(cells)))
    desk.home.publish()
    with write_channel_csv(desk.home.settings).open(encoding="utf-8", newline="") as file:
        written = {row["channel_name"] for row in csv.DictReader(file)}
    desk.check(desk.ltv("export", "--sqlite", folder / "out.db"))
    with closing(sqlite3.connect(folder / "out.db")) as exported:
        stored = {
            name for (name,) in exported.execute("SELECT channel_name FROM channel_reporting")
        }
    kept = [sum(name in names for name in found) for found in (written, stored)]
    return f"{seen}; {kept[0]} names as they were in the CSV, {kept[1]} in SQLite"


@CASES.case(
    "sessions without a user, without a channel, with a flag of 2",
    "4 in file: 1 accepted, 3 quarantined (2: user_id: is missing, 3: channel_name: is missing, "
    "5: holder_engagement: '2' is not 0 or 1)",
)
def sessions_without_a_user_without_a_channel(folder: Path) -> str:
    lines = [
        HEADERS["session_sources"],
        "s1,,mail,2025-06-01,10:00:00,0,0",
        "s2,u1, ,2025-06-01,10:00:00,0,0",
        "s3,u1,mail,2025-06-01,10:00:00,0,0",
        "s4,u1,mail,2025-06-01,10:00:00,2,0",
    ]
    return Desk(folder).text("session_sources", "\n".join(lines) + "\n")


@CASES.case(
    "channels with names that the platform reserves",
    "4 in file: 1 accepted, 3 quarantined (2: X, 3: X, 4: X)",
)
def channels_by_the_names_that_the_platform_has_for_none(folder: Path) -> str:
    reason = (
        "channel_name: (not attributed) and (pending) are what the platform itself calls "
        "conversions without a channel; name the channel otherwise"
    )
    names = ["(not attributed)", "(pending)", "(Pending)", "pending"]
    rows = (f"s{i},u1,{name},2025-06-01,10:00:00" for i, name in enumerate(names))
    return sessions(Desk(folder), *rows).replace(reason, "X")


@CASES.case(
    "conversions with negative, missing and too precise revenue",
    "4 in file: 1 accepted, 3 quarantined (2: revenue: '-1' is below 0, 3: revenue: is missing, "
    "4: revenue: '0.0000001' has more than 6 decimals; round it where it is made, or in an "
    "adapter)",
)
def conversions_of_negative_no_and_too_exact_revenue(folder: Path) -> str:
    rows = "".join(
        f"v{i},u1,2025-06-01,10:00:00,{revenue}\n"
        for i, revenue in enumerate(["-1", "", "0.0000001", "0"])
    )
    return Desk(folder).text("conversions", f"{HEADERS['conversions']}\n{rows}")


@CASES.case(
    "a session id twice in a file and once more later, with other values",
    "2 in file: 1 accepted, 1 repeated; 1 in file: 1 accepted; mail 2025-06-01 0.0 0.0; then "
    "ads 2025-06-03 0.0 0.0",
)
def a_session_id_twice_in_a_file_and_once_more_later(folder: Path) -> str:
    desk = Desk(folder)
    row = "s1,u1,mail,2025-06-01,10:00:00"
    first = sessions(desk, row, row)

    def report() -> str:
        desk.home.publish()
        return ", ".join(" ".join(map(str, row)) for row in desk.home.values(REPORT))

    before = report()
    later = sessions(desk, "s1,u1,ads,2025-06-03,10:00:00")
    return f"{first}; {later}; {before}; then {report()}"


@CASES.case(
    "equal times: a session and its conversion, two sessions, two conversions of one user",
    "4 in file: 4 accepted; 3 in file: 3 accepted; v1 a<b, v2 s, v3 s",
)
def equal_moments_a_session_and_its_conversion(folder: Path) -> str:
    desk = Desk(folder)
    seen = sessions(
        desk,
        "b,u1,mail,2025-06-01,10:00:00",
        "a,u1,ads,2025-06-01,10:00:00",
        "late,u1,ads,2025-06-01,10:00:01",
        "s,u2,ads,2025-06-01,10:00:00",
    )
    at_once = conversions(desk, *(f"v{n},u{min(n, 2)},2025-06-01,10:00:00" for n in (1, 2, 3)))
    return f"{seen}; {at_once}; {journeys(desk)}"


@CASES.case(
    "a journey of impressions only",
    "v1 s1<s2; by each model 1 of credit and the whole revenue",
)
def a_journey_of_impressions_alone(folder: Path) -> str:
    desk = Desk(folder)
    header = f"{HEADERS['session_sources']},impression_interaction"
    rows = "".join(f"s{day},u1,display,2025-06-0{day},10:00:00,1,1,1\n" for day in (1, 2))
    desk.text("session_sources", f"{header}\n{rows}")
    conversions(desk, "v1,u1,2025-06-03,10:00:00")
    seen = journeys(desk)
    credit = desk.home.engine.rows(
        "SELECT model, SUM(credit), SUM(revenue) FROM marts.attribution GROUP BY model"
    )
    others = [row for row in credit if row[1:] != (1, 10)]
    return f"{seen}; by each model {others or '1 of credit and the whole revenue'}"


@CASES.case(
    "SQLite with sessions but no costs, conversions under another name and a column misspelt",
    "exit 2: shop.db does not fit the source tables: table conversions is missing (did you mean "
    "conversion?); table session_costs is missing (it has conversion); session_sources has no "
    "column closer_engagement (did you mean closer_engagment?).",
)
def sqlite_with_sessions_but_no_costs(folder: Path) -> str:
    desk = Desk(folder)
    script = SESSIONS.replace("closer_engagement", "closer_engagment")
    path = database(desk, script + CONVERSIONS.replace("TABLE conversions", "TABLE conversion"))
    return desk.seen("ingest", "--sqlite", path)


@CASES.case(
    "SQLite with columns declared with the wrong types",
    "exit 2: shop.db does not fit the source tables: session_sources.user_id is declared BLOB, "
    "which is not text or a number; session_sources.event_date is declared INTEGER, which is not a "
    "date such as 2023-01-15; session_sources.event_time is declared REAL, which is not a time "
    "such as 10:30:00; session_sources.holder_engagement is declared DATETIME, which is not a "
    "number.",
)
def sqlite_whose_columns_cannot_be_what_is_declared(folder: Path) -> str:
    desk = Desk(folder)
    script = (
        SESSIONS.replace("user_id TEXT", "user_id BLOB")
        .replace("DATE", "INTEGER")
        .replace("TIME,", "REAL,")
        .replace("holder_engagement INTEGER", "holder_engagement DATETIME")
    )
    return desk.seen("ingest", "--sqlite", database(desk, script + CONVERSIONS + COSTS))


@CASES.case(
    "SQLite with days as text, numbers as text, and views for tables",
    "1 in file: 1 accepted; 1 in file: 1 accepted; 1 in file: 1 accepted",
)
def sqlite_with_days_and_numbers_as_text(folder: Path) -> str:
    desk = Desk(folder)
    path = database(
        desk,
        SESSIONS
        + "INSERT INTO session_sources VALUES ('s', 'u', 'm', '2025-06-01', '10:00:00', 1, 0);"
        "CREATE TABLE orders (id, who, at, paid TEXT);"
        "INSERT INTO orders VALUES (1, 'u', '2025-06-02 10:00:00', '9.99');"
        "CREATE VIEW conversions AS SELECT id AS conv_id, who AS user_id, date(at) AS conv_date, "
        "time(at) AS conv_time, paid AS revenue FROM orders;"
        "CREATE VIEW session_costs AS SELECT session_id, 0.5 AS cost FROM session_sources;",
    )
    return desk.seen("ingest", "--sqlite", path)


@CASES.case(
    "a SQL script, named .sql and named .db; a text; an empty file",
    "exit 2: create.sql is a SQL script, not a database.; "
    "exit 2: create.db is a SQL script, not a database.; "
    "exit 2: text.db is not a SQLite database, or a damaged one (file is not a database).; "
    "exit 2: empty.db contains none of the source tables; it has none.",
)
def a_sql_script_and_other_files_that_are_no_database(folder: Path) -> str:
    desk = Desk(folder)
    script = f'# set up\n"""The tables."""\n{SESSIONS}\n'
    files = {
        "create.sql": script,
        "create.db": script,
        "text.db": "no database at all\n" * 100,
        "empty.db": "",
    }
    return "; ".join(
        desk.seen("ingest", "--sqlite", desk.write(name, content))
        for name, content in files.items()
    )
