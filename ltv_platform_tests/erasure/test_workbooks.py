"""Workbooks with an erased person: what remains of them is text."""

from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.erasure.test_files import HEAD, strip
from ltv_platform_tests.erasure.worlds import erased, hers_in, land, looked_for
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.workbooks import sheet_of, workbook

NAMES = tuple(HEAD.split(","))
HERS = ("tx-ada-1", "ada.l", "2025-12-02", 1)
OTHERS = ("t2", "ada.l2", "2025-12-03", 2.5)
TEXT = f"{HEAD}\nt2,ada.l2,2025-12-03,2.5\n"
NOTES = sheet_of([("note",), ("Countess Ada is ada.l",)])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without any file."""
    home = Home(tmp_path / "home", start_date="2025-12-01")
    (home.settings.landing_path / "transactions").mkdir(parents=True)
    return home


def test_a_workbook_becomes_the_text_of_what_is_left(home: Home) -> None:
    """In loaded and in landing; its other sheets go too, and it still counts as the same load."""
    sheets = {"S": sheet_of([NAMES, HERS, OTHERS]), "Notes": NOTES}
    land(home, "transactions", "a.xlsx", workbook(sheets))
    waiting = home.settings.landing_path / "transactions"
    (waiting / "b.xlsx").write_bytes(workbook({"S": sheet_of([NAMES, OTHERS, HERS, HERS])}))
    (waiting / "c.xlsx").write_bytes(workbook({"S": sheet_of([NAMES, HERS])}))
    assert sorted(looked_for(home).files.counts.values()) == [1, 1, 2]
    done = erased(home)
    assert done.errors == []
    assert [note.split(": ")[0].split("/")[-1] for note in done.notes] == [
        "b.xlsx is b.xlsx.csv now",
        "a.xlsx is a.xlsx.csv now",
    ]
    assert [path.name for path in waiting.iterdir()] == ["b.xlsx.csv"]
    [kept] = home.settings.loaded_path.glob("*/*")
    assert kept.name == "a.xlsx.csv"
    assert kept.read_text() == (waiting / "b.xlsx.csv").read_text() == TEXT
    assert hers_in(home.settings.home) == {}
    [again] = ingest(home.engine, [Request("transactions", kept)])
    assert again.repeated
    assert home.engine.rows("SELECT transaction_id FROM raw.transactions") == [("t2",)]


def test_a_workbook_that_comes_after_the_erasure(home: Home) -> None:
    """Her rows are left out, and what is kept of the file has none of them."""
    land(home, "transactions", "a.csv", f"{HEAD}\ntx-ada-1,ada.l,2025-12-02,1\n".encode())
    erased(home)
    content = workbook({"S": sheet_of([NAMES, HERS, OTHERS]), "Notes": NOTES})
    outcome = land(home, "transactions", "b.xlsx", content)
    assert outcome.left_out == 1
    assert outcome.notes[-1] == "b.xlsx was kept as b.xlsx.csv, without its other sheets"
    [kept] = home.settings.loaded_path.glob("*/b*")
    assert (kept.name, kept.read_text()) == ("b.xlsx.csv", TEXT)
    assert hers_in(home.settings.home) == {}
    # The same workbook again is known, and is not kept as it came either.
    again = land(home, "transactions", "b.xlsx", content)
    assert again.repeated
    assert hers_in(home.settings.home) == {}
    assert ingest_landing(home.engine) == []


def test_what_names_them_beside_the_rows_is_said(home: Home) -> None:
    """Other sheets, comments, names of sheets, and workbooks that cannot be read."""
    folder = home.settings.landing_path / "transactions"
    others = sheet_of([NAMES, OTHERS])
    named = {
        "sheet": workbook({"S": others, "Notes": NOTES}),
        "comment": workbook({"S": others}, more={"xl/comments1.xml": "<c><t>ada.l</t></c>"}),
        "name": workbook({"S": others, "ada.l": sheet_of([])}),
        "link": workbook(
            {"S": others},
            more={"xl/worksheets/_rels/sheet1.xml.rels": '<r Target="mailto:ada.l" />'},
        ),
        "broken": workbook({"S": others})[:-30],
    }
    for name, content in named.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    more = {"docProps/app.xml": "<a>ada.l2</a>", "xl/printerSettings1.bin": "\1"}
    fine = workbook({"S": others, "T": sheet_of([(2**60, 17)])}, more=more)
    (folder / "fine.xlsx").write_bytes(fine)
    land_her(home)
    done = erased(home)
    assert {error.message.split("/")[-1].split(".xlsx")[0] for error in done.errors} == set(named)
    beside = [error for error in done.errors if "its other sheets, its comments" in error.message]
    assert len(beside) == len(named) - 1
    assert (folder / "fine.xlsx").read_bytes() == fine
    (folder / "broken.xlsx").unlink()
    assert {Path(name).stem for name in hers_in(home.settings.home)} == set(named) - {"broken"}


def land_her(home: Home) -> None:
    """A file that makes her known, loaded straight from another folder."""
    path = home.settings.home / "hers.csv"
    path.write_text(f"{HEAD}\ntx-ada-1,ada.l,2025-12-02,1\n")
    [outcome] = ingest(home.engine, [Request("transactions", path)])
    assert outcome.error is None
    path.unlink()


def test_a_name_that_is_taken(home: Home, tmp_path: Path) -> None:
    """Another file is not written over; what a killed process wrote there is the file itself."""
    path, text = tmp_path / "a.xlsx", tmp_path / "a.xlsx.csv"
    content = workbook({"S": sheet_of([NAMES, HERS, OTHERS])})
    path.write_bytes(content)
    text.write_text("another")
    with pytest.raises(UserError, match="another file has that name"):
        strip(home.settings, path, "ada.l")
    assert (path.read_bytes(), text.read_text()) == (content, "another")
    text.write_text(TEXT)
    assert strip(home.settings, path, "ada.l") == 1
    assert (path.exists(), text.read_text()) == (False, TEXT)


def test_a_workbook_through_an_adapter(home: Home, tmp_path: Path) -> None:
    """The adapter can read the remaining text."""
    adapter, path = tmp_path / "shop.sql", tmp_path / "a.xlsx"
    adapter.write_text(
        "-- table: transactions\n-- delimiter: semicolon\n"
        "SELECT d AS transaction_date, 1 AS amount, who AS customer_id, no AS transaction_id "
        "FROM file"
    )
    rows = [("no", "who", "d"), (1, "ada.l", "x"), (2, "ada.l2", "y;z")]
    path.write_bytes(workbook({"S": sheet_of(rows)}))
    assert strip(home.settings, path, "ada.l", str(adapter)) == 1
    assert (tmp_path / "a.xlsx.csv").read_text() == 'no;who;d\n2;ada.l2;"y;z"\n'
