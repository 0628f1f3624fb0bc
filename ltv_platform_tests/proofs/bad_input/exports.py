"""Exports recognized by their columns: what is refused, left out, checked, and never kept."""

from pathlib import Path

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: exports")

_COSTS = "Day,Campaign,Cost\n"
_PEOPLE = (
    "-- needs: email (person) = E-mail\n-- takes: day (date) = Day\n-- table: customers\n"
    "SELECT email AS customer_id, day AS registration_date FROM file\n"
)


def _loaded(folder: Path, text: str, adapter: str | None = None) -> tuple[Desk, list[Outcome]]:
    desk = Desk(folder)
    path = folder / "export.csv"
    path.write_text(text)
    return desk, ingest(desk.home.engine, [Request(None, path, adapter)])


def _said(outcomes: list[Outcome]) -> str:
    said = []
    for outcome in outcomes:
        if outcome.error is not None:
            said.append(f"exit 2: {outcome.error.message}")
        elif outcome.counts is not None:
            said.append(f"{outcome.counts.rows_accepted} of {outcome.counts.table_name}")
    return "; ".join(said)


@CASES.case(
    "a file of unknown format, without a table name",
    "exit 2: export.csv is not a known export. It has Day, Campaign. "
    "The closest is a Google Ads report by day, which also has Cost.",
)
def a_file_of_no_known_format(folder: Path) -> str:
    _, outcomes = _loaded(folder, "Day,Campaign\n2025-05-01,a\n")
    return _said(outcomes)


@CASES.case(
    "dates and amounts that are all ambiguous",
    "exit 2: export.csv: '05/09/2025' in line 2 of Day can be 5 Sep 2025 or 9 May 2025, and no "
    "other value settles it.; exit 2: export.csv: '1,204' in line 2 of Cost can be 1204 or 1.204, "
    "and no other value settles it.",
)
def dates_and_amounts_that_can_be_read_in_two_ways(folder: Path) -> str:
    said = []
    for number, line in enumerate(("05/09/2025,a,1\n", '2025-05-01,a,"1,204"\n')):
        (folder / str(number)).mkdir()
        said.append(_said(_loaded(folder / str(number), _COSTS + line)[1]))
    return "; ".join(said)


@CASES.case(
    "a truncated report: its total exceeds the sum of its rows",
    "2 of campaign_costs; 1 of campaigns; total rows left out: 1; they do not match the rows: "
    "line 4 says 30.00, the rows add up to 15.50. Is the file complete?",
)
def a_report_that_was_cut_off(folder: Path) -> str:
    lines = "2025-05-01,a,10.00\n2025-05-02,a,5.50\nTotal: Account,,30.00\n"
    _, outcomes = _loaded(folder, _COSTS + lines)
    [note] = [note for note in outcomes[0].notes if "total rows" in note]
    return f"{_said(outcomes)}; {note.removeprefix('export.csv: ')}"


@CASES.case(
    "an export with personal data: undeclared columns, a bad row, a torn record",
    "1 of customers; 2 in quarantine; her address, name and phone are in no table and no message",
)
def an_export_that_tells_of_a_person(folder: Path) -> str:
    own = folder / "people.sql"
    own.write_text(_PEOPLE)
    text = (
        "E-mail,Day,Name,Phone\nann@example.com,2025-05-01,Ann Secret,555-1234\n"
        "ann@example.com,soon,Ann Secret,555-1234\nann@example.com,Ann Secret,555-1234\n"
    )
    desk, outcomes = _loaded(folder, text, str(own))
    rows = desk.home.engine.rows
    tables = ("customers", "quarantine", "loads")
    kept = str([rows(f"SELECT * FROM raw.{table}") for table in tables]) + str(outcomes)
    found = [secret for secret in ("ann@", "Secret", "555-1234") if secret in kept]
    [(waiting,)] = rows("SELECT COUNT(*) FROM raw.quarantine")
    where = f"kept: {found}" if found else "in no table and no message"
    return f"{_said(outcomes)}; {waiting} in quarantine; her address, name and phone are {where}"
