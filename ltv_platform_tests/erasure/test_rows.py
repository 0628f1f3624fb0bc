"""Which rows of the warehouse belong to a person, in edge cases."""

from datetime import date
from pathlib import Path

import pytest

from ltv_platform.contracts.operations import REWRITTEN, SUPPRESSED
from ltv_platform.erasure.erase import erase
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.listing import dismiss
from ltv_platform.ingestion.suppression.texts import ERASED
from ltv_platform_tests.erasure.worlds import ADA, NOT_ADA, SETTINGS, erased, looked_for
from ltv_platform_tests.testing.home import Home

TRANSACTIONS = "transaction_id,customer_id,transaction_date,amount"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home; figures are a matter of other tests, so few are made."""
    return Home(tmp_path / "home", groups=("core",), **SETTINGS)


def _log(home: Home) -> list[tuple[object, ...]]:
    return home.engine.rows(
        "SELECT transaction_id, customer_id, CAST(amount AS INTEGER), version "
        "FROM raw.transactions ORDER BY transaction_id, version"
    )


def test_a_row_is_whose_newest_version_it_is(home: Home) -> None:
    """What was corrected to her is hers with its past; what was corrected away is not.

    A file that still gives hers to somebody else does not bring it back.
    """
    home.load("transactions", f"t1,{NOT_ADA},2025-12-02 10:00:00,1,0", f"t2,{ADA},2025-12-02,2,0")
    home.load("transactions", f"t1,{ADA},2025-12-02 10:00:00,3,0", f"t2,{NOT_ADA},2025-12-02,4,0")
    home.load("transactions", f"t3,{NOT_ADA},2025-12-03 10:00:00,5,0")
    erased(home)
    assert _log(home) == [("t2", NOT_ADA, 4, 1), ("t3", NOT_ADA, 5, 1)]
    outcome = home.load(
        "transactions", f"t1,{NOT_ADA},2025-12-02,1,0", f"t4,{NOT_ADA},2025-12-02,6,0"
    )
    assert outcome.counts is not None
    assert (outcome.counts.rows_skipped, outcome.counts.rows_accepted) == (1, 1)
    home.load("transactions", f"t2,{NOT_ADA},2025-12-02,7,0")
    assert _log(home) == [
        ("t2", NOT_ADA, 4, 1),
        ("t2", NOT_ADA, 7, 2),
        ("t3", NOT_ADA, 5, 1),
        ("t4", NOT_ADA, 6, 1),
    ]


def test_why_a_row_was_dismissed_and_its_key_name_her_no_more(home: Home) -> None:
    """Regression: the reason that somebody gave for another's row stayed, and keys made of ids.

    Keys go where they hold her id in any way; another's row then waits to be dismissed.
    """
    home.load("customers", f"{ADA},2025-12-02,GB,,", f"{NOT_ADA},soon,GB,,")
    home.load("transactions", f"{ADA}/1,{NOT_ADA},soon,1,0")
    assert dismiss(home.engine, f"{ADA} asked us to", table="customers") == 1
    erased(home)
    assert home.engine.rows(
        "SELECT table_name, settled_by, row_key FROM raw.quarantine ORDER BY 1"
    ) == [
        ("customers", f"dismissed: {ERASED} asked us to", None),
        ("transactions", None, None),
    ]


def test_the_days_of_what_goes_are_touched(home: Home) -> None:
    """The planner rebuilds them, and what reads them, also where nothing was built of them yet."""
    home.load("transactions", f"t1,{ADA},2025-12-02 10:00:00,1,0", f"t2,{NOT_ADA},2025-12-03,2,0")
    home.load("session_sources", f"s1,{ADA},ads,2025-12-05,10:00,1,1")
    home.load("session_costs", "s1,2")
    before = home.engine.state()
    erase(home.engine, looked_for(home), lambda: None, lambda _: None)
    after = home.engine.state()
    assert {
        (table, day)
        for table, days in after.touched.items()
        for day, number in days.items()
        if number > before.newest
    } == {
        ("raw.transactions", date(2025, 12, 2)),
        ("raw.session_sources", date(2025, 12, 5)),
        ("raw.session_costs", date(2025, 12, 5)),
        ("raw.loads", None),
    }


def test_what_the_api_said_of_her_goes(home: Home) -> None:
    """Answers, rejections and reasons that name her conversions; other people's stay."""
    home.load("conversions", f"v1,{ADA},2025-12-02,10:00:00,1", f"v2,{NOT_ADA},2025-12-02,10:00,1")
    with home.engine.session() as connection:
        for conversion in ("v1", "v2"):
            connection.execute(
                f"INSERT INTO raw.ihc_answers VALUES ('k{conversion}', '{conversion}', "
                f"'s{conversion}', 0, 0, 1, 1, 'r1')"
            )
        connection.execute(
            "INSERT INTO raw.ihc_requests VALUES "
            "('r1', now(), 2, 2, 'failed', now(), 'conversions v1, v12 and v2 are wrong')"
        )
        connection.execute("INSERT INTO raw.ihc_rejections VALUES ('kx', 'v1', 'no', 'r1', now())")
    erased(home)
    assert home.engine.rows("SELECT conv_id FROM raw.ihc_answers") == [("v2",)]
    assert home.engine.rows("SELECT COUNT(*) FROM raw.ihc_rejections") == [(0,)]
    assert home.engine.rows("SELECT reason FROM raw.ihc_requests") == [
        ("conversions (erased), v12 and v2 are wrong",)
    ]


@pytest.mark.parametrize(
    "person",
    ["o'neil", 'say "hi"', "a b", "50%", "_", "é-1", "数", "two\nlines", "a,b", "x;DROP", "178"],
)
def test_any_id_is_just_that_id(home: Home, person: str) -> None:
    """Quotes, blanks, pattern characters, line ends and letters of any script are plain text."""
    others = [f"{person}0", f"x{person}", "z"]
    quoted = ['"' + each.replace('"', '""') + '"' for each in (person, *others)]
    home.load(
        "transactions",
        *(f"t{n},{each},2025-12-0{n + 1} 10:00:00,1,0" for n, each in enumerate(quoted)),
        *(f"b{n},{each},never,1,0" for n, each in enumerate(quoted)),
        f"{quoted[0]},short",
    )
    assert looked_for(home, person).kept.count == 2
    erased(home, person)
    left = home.engine.rows("SELECT customer_id FROM raw.transactions ORDER BY transaction_id")
    assert [customer for (customer,) in left] == others
    kept = home.engine.rows("SELECT raw FROM raw.quarantine ORDER BY line")
    assert len(kept) == 3
    outcome = home.load(
        "transactions", f"t9,{quoted[0]},2025-12-02,1,0", f"t8,{quoted[1]},never,1,0"
    )
    assert outcome.left_out == 1


def test_quarantine_is_understood_through_its_adapter(home: Home, tmp_path: Path) -> None:
    """The kept record has the file's columns; if its adapter is gone, its values decide."""
    adapter = tmp_path / "shop.sql"
    adapter.write_text(
        "-- table: transactions\n"
        "SELECT no AS transaction_id, 'u' || who AS customer_id, day AS transaction_date, "
        "who AS amount FROM file"
    )
    path = tmp_path / "shop.csv"
    path.write_text("no,who,day\n1,5,never\n5,6,never\n2,5,2025-12-02\n")
    [outcome] = ingest(home.engine, [Request("transactions", path, str(adapter))])
    assert outcome.error is None
    assert looked_for(home, "u5").kept.count == 1
    adapter.unlink()
    assert looked_for(home, "5").kept.count == 2
    assert looked_for(home, "u5").kept.count == 0


def test_a_file_that_is_all_hers_is_not_called_by_her_id(home: Home, tmp_path: Path) -> None:
    """Its name is in loads; a file with rows of others keeps its name, whatever it contains."""
    for name, persons in (("export_c1-x.csv", ["c1"]), ("c1.csv", ["c1", "c2"])):
        path = tmp_path / name
        rows = [f"{name}{person},{person},2025-12-02,1" for person in persons]
        path.write_text("\n".join([TRANSACTIONS, *rows]) + "\n")
        ingest(home.engine, [Request("transactions", path)])
    erased(home, "c1")
    names = home.engine.rows("SELECT source_file FROM raw.loads ORDER BY rows_in_file")
    assert names == [("(erased)",), ("c1.csv",)]


def test_a_warehouse_of_the_last_version_gets_an_empty_list(home: Home) -> None:
    """Nothing has to be done for it."""
    home.load("transactions", f"t1,{ADA},2025-12-02,1,0")
    with home.engine.session() as connection:
        for table in (SUPPRESSED, REWRITTEN):
            connection.execute(f"DROP TABLE {table.full_name}")
    again = home.under()
    assert again.engine.rows("SELECT COUNT(*) FROM raw.suppressed") == [(0,)]
    assert looked_for(again).rows["raw.transactions"] == 1


def test_an_unknown_person_can_be_kept_out(home: Home) -> None:
    """``--keep-out``: nothing is known of them, and nothing comes in."""
    assert not looked_for(home).is_known
    erased(home)
    outcome = home.load("transactions", f"t1,{ADA},2025-12-02,1,0", f"t2,{NOT_ADA},2025-12-02,1,0")
    assert outcome.left_out == 1
    assert [row[0] for row in _log(home)] == ["t2"]
