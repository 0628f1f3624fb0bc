"""Days of the years 1, 1000 and 9999, in every column of days and in every setting of one."""

import re
from itertools import product
from pathlib import Path

from ltv_platform.contracts.model import Column, SourceTable
from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: the ends of time")

_ENDS = (
    "0001-01-01",
    "0001-01-01 00:00:00+14:00",
    "1000-01-01",
    "1000-01-01 00:00:00+14:00",
    "9999-12-31",
    "9999-12-31 23:59:59.999999",
    "9999-12-31 23:59:59-14:00",
)
_FINE = {"DATE": "2025-06-01", "TIME": "10:00:00", "TIMESTAMP": "2025-06-01 10:00:00"}


def _value(column: Column, number: int) -> str:
    if column.name == "currency" or column.name.endswith("_currency"):
        return "USD"
    if column.type == "VARCHAR":
        return f"{column.name}{number}"
    return _FINE.get(column.type, "1")


def _file(table: SourceTable) -> str:
    """A valid row, then each end of time in each column of days, all else unchanged."""
    days = [column for column in table.columns if column.type in ("DATE", "TIMESTAMP")]
    changes: list[dict[str, str]] = [{}, *({c.name: end} for c, end in product(days, _ENDS))]
    lines = [",".join(column.name for column in table.columns)]
    lines += [
        ",".join(change.get(column.name, _value(column, number)) for column in table.columns)
        for number, change in enumerate(changes)
    ]
    return "\n".join(lines) + "\n"


@CASES.case(
    "years 1, 1000 and 9999 in each column of days of each table, then `ltv run`",
    "9 tables loaded; nothing in days before 2025 or after 2026; run: exit 0",
)
def years_1_and_9999_in_each_column_of_days(folder: Path) -> str:
    desk = Desk(folder, now="2026-01-15 12:00:00")
    desk.ingest("customers", desk.write("a.csv", "customer_id,registration_date\nc,2025-01-01\n"))
    tables = desk.home.graph.catalog.sources
    loaded = 0
    for name, table in tables.items():
        answer = desk.ltv("ingest", name, desk.write(f"{name}.csv", _file(table)))
        desk.check(answer)
        loaded += answer.code == 0
    outside = [
        name
        for name, table in tables.items()
        if table.partitioned
        and desk.home.engine.rows(
            f"SELECT 1 FROM raw.{name} WHERE year({table.event_time}) NOT IN (2025, 2026)"
        )
    ]
    run = desk.ltv("run")
    desk.check(run)
    said = ", ".join(outside) or "nothing"
    return f"{loaded} tables loaded; {said} in days before 2025 or after 2026; run: exit {run.code}"


@CASES.case(
    "years 1 and 9999 in LTV_START_DATE, LTV_AS_OF and LTV_NOW, in Auckland and Los Angeles",
    "LTV_AS_OF, LTV_NOW, LTV_START_DATE: is not a day between 1970-01-01 and 2199-12-31, exit 2",
)
def years_1_and_9999_in_ltv_start_date(folder: Path) -> str:
    seen = set()
    for number, (variable, day, zone) in enumerate(
        product(
            ("LTV_START_DATE", "LTV_AS_OF", "LTV_NOW"),
            ("0001-01-01", "9999-12-31"),
            ("Pacific/Auckland", "America/Los_Angeles"),
        )
    ):
        desk = Desk(folder / str(number))
        clock = {"LTV_NOW": f"{day}T00:00:00"} if variable == "LTV_NOW" else {variable: day}
        desk.environment |= {"LTV_TIMEZONE": zone, **clock}
        answer = desk.ltv("run")
        desk.check(answer)
        words = re.search(rf"{variable}.* (is not a day between [0-9-]+ and [0-9-]+)", answer.err)
        seen.add((variable, words[1] if words else answer.err, answer.code))
    names = ", ".join(sorted(variable for variable, *_ in seen))
    said = {(words, code) for _, words, code in seen}
    return f"{names}: " + "; ".join(f"{words}, exit {code}" for words, code in said)


@CASES.case(
    "LTV_START_DATE in the future",
    "exit 2: LTV_START_DATE is 2199-01-01, which is in the future.",
)
def ltv_start_date_in_a_year_that_has_not_come(folder: Path) -> str:
    desk = Desk(folder)
    desk.environment["LTV_START_DATE"] = "2199-01-01"
    answer = desk.ltv("run")
    desk.check(answer)
    return f"exit {answer.code}: {desk.message(answer)}"


@CASES.case(
    "a first file with many rows of the year 1000",
    "exit 2: The rows are from 1000 to 2025: more than 20 years of daily "
    "partitions. Set LTV_START_DATE to the first day that counts, such as 2025-01-01",
)
def a_first_file_with_many_rows_of_the_year_1000(folder: Path) -> str:
    desk = Desk(folder)
    rows = "".join(f"c{n},{'1000' if n % 2 else '2025'}-06-01\n" for n in range(10))
    path = desk.write("customers.csv", f"customer_id,registration_date\n{rows}")
    answer = desk.ltv("ingest", "customers", path)
    desk.check(answer)
    hint = re.search(r"set (LTV_START_DATE to .*?):", answer.err)
    return f"exit {answer.code}: {desk.message(answer)} Set {hint[1] if hint else answer.err}"
