"""Excel workbooks: the texts of their cells, which sheet is read, and what is refused."""

import random
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files import workbooks
from ltv_platform.ingestion.files.private_copy import take_copy
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform_tests.testing.loader import Loader
from ltv_platform_tests.testing.workbooks import sheet_of, workbook

CAMPAIGNS = (("campaign_id", "campaign_name"), (12, "Spring"), ("007", None))
NOON = datetime(2025, 1, 2, 12, 30, 15)


def text_of(folder: Path, content: bytes, **options: Any) -> str:
    """What is read of a workbook."""
    path = folder / "a.xlsx"
    path.write_bytes(content)
    copies = folder / "copies"
    copies.mkdir()
    copy = take_copy(path, copies, **options)
    assert copy.format == "csv"
    return copy.path.read_text("utf-8")


def error_of(folder: Path, content: bytes, **options: Any) -> str:
    """Why a workbook is refused."""
    with pytest.raises(UserError) as caught:
        text_of(folder, content, **options)
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (-3, "-3"),
        (2**53 - 1, "9007199254740991"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (0.0000001, "0.0000001"),
        ("007", "007"),
        ("<c t='inlineStr'><is><t xml:space='preserve'> a </t></is></c>", " a "),
        ('say "a, b"', '"say ""a, b"""'),
        ("<c t='str'><v>a_x000D_\nb</v></c>", '"a\nb"'),
        ("Köln – 東京", "Köln – 東京"),
        (True, "true"),
        (False, "false"),
        (NOON, "2025-01-02 12:30:15"),
        (NOON + timedelta(milliseconds=250), "2025-01-02 12:30:15.250000"),
        (datetime(2025, 1, 2), "2025-01-02"),
        (date(2025, 1, 2), "2025-01-02"),
        (time(6, 30), "06:30:00"),
        (timedelta(hours=36, minutes=5), "36:05:00"),
        ("<c t='d'><v>2025-01-02T03:04:05</v></c>", "2025-01-02 03:04:05"),
        ("<c t='e'><v>#N/A</v></c>", ""),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c t='str'><f>A1</f><v>abc</v></c>", "abc"),
        ("<c><f>1+1</f></c>", ""),
        # Excel has a 29 February 1900, which no calendar has.
        ("<c s='1'><v>59</v></c>", "1900-02-28"),
        ("<c s='1'><v>61</v></c>", "1900-03-01"),
    ],
)
def test_texts_of_cells(tmp_path: Path, cell: Any, text: str) -> None:
    """As a careful person would have exported them; whole numbers, which may be ids, stay whole."""
    assert text_of(tmp_path, workbook({"S": sheet_of([("a", "b"), (cell, "x")])})) == (
        f"a,b\n{text},x\n"
    )


def test_dates_that_are_counted_from_1904(tmp_path: Path) -> None:
    """Workbooks of old Macs say so."""
    rows = sheet_of([("a", "b"), (NOON, date(2025, 1, 2))], start_1904=True)
    content = workbook({"S": rows}, start_1904=True)
    assert text_of(tmp_path, content) == "a,b\n2025-01-02 12:30:15,2025-01-02\n"


def test_numbers_are_rounded_as_those_of_other_binary_formats(tmp_path: Path) -> None:
    """To the decimals of their column; text columns, and all of an adapter, keep what is exact."""
    content = workbook({"S": sheet_of([("Amount", "name"), (1 / 3, 1 / 3), (1e17, 2.5)])})
    text = text_of(tmp_path, content, scales={"amount": 6})
    assert text == "Amount,name\n0.333333,0.3333333333333333\n100000000000000000,2.5\n"
    (tmp_path / "copies" / "copy.csv").unlink()
    with pytest.raises(UserError, match="cell A3 of sheet S holds a number with more digits"):
        take_copy(tmp_path / "a.xlsx", tmp_path / "copies")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("a", "b"), (), (None, " "), (1, None), (), ()], "a,b\n1,\n"),
        ([(), (None, "a", None, "c", None, None), (None, 1, 2, 3, None, " ")], "a,,c\n1,2,3\n"),
        ([("a",), (1, None, "far")], "a,,\n1,,far\n"),
    ],
    ids=["blank rows", "blank columns", "a value without a name"],
)
def test_empty_rows_and_columns(tmp_path: Path, rows: Sequence[Any], text: str) -> None:
    """They are neither records nor columns; values without a name stay, and are reported."""
    assert text_of(tmp_path, workbook({"S": sheet_of(rows)})) == text


def test_the_first_sheet_that_is_shown_is_read(load: Loader) -> None:
    """The message lists the others; a named one is another load, in any case."""
    content = workbook(
        {"Lists": sheet_of([("x",)]), "June": sheet_of(CAMPAIGNS), "Notes": sheet_of([("y",)])},
        hidden=["Lists"],
    )
    outcome = load.outcome("campaigns", content, "c.xlsx")
    counts = outcome.counts
    assert counts is not None, outcome.error
    assert (counts.rows_in_file, counts.rows_accepted) == (2, 2)
    assert outcome.notes == (
        "c.xlsx: only its sheet June was read, not Notes; --sheet chooses another",
    )
    rows = "SELECT campaign_id, campaign_name, line FROM raw.campaigns ORDER BY line"
    assert load.rows(rows) == [("12", "Spring", 2), ("007", None, 3)]
    path = load.folder / "c.xlsx"
    [again] = ingest(load.engine, [Request("campaigns", path)])
    assert again.repeated
    named = [Request("campaigns", path, sheet=sheet) for sheet in ("JUNE", "June", "Nowhere")]
    first, second, missing = ingest(load.engine, named)
    assert first.counts is not None
    assert (first.counts.rows_repeated, first.repeated, second.repeated) == (2, False, True)
    assert first.counts.content_hash != counts.content_hash
    assert first.notes == ()
    assert missing.error is not None
    assert missing.error.message == "c.xlsx has no sheet Nowhere; it has Lists, June, Notes."


def test_a_sheet_of_what_is_no_workbook(load: Loader) -> None:
    """It would be passed over in silence."""
    path = load.write("c.csv", "campaign_id\nc1\n")
    [outcome] = ingest(load.engine, [Request("campaigns", path, sheet="June")])
    assert outcome.error is not None
    assert outcome.error.message == f"{path} is not a workbook, so it has no sheets."


def test_values_come_as_from_text(load: Loader) -> None:
    """Costs of a formula are rounded to their column; a bad row is rejected by its number."""
    rows = [
        ("session_id", "cost"),
        (1, 1 / 3),
        (2, "<c><f>A1</f><v>59.970000000000006</v></c>"),
        (3, "1,000.00"),
    ]
    counts = load("session_costs", workbook({"S": sheet_of(rows)}), "costs.xlsm")
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (3, 2, 1)
    assert [
        (session, str(cost))
        for session, cost in load.rows("SELECT session_id, cost FROM raw.session_costs ORDER BY 1")
    ] == [("1", "0.333333"), ("2", "59.970000")]
    [(line, [reason])] = load.reasons()
    assert (line, reason[:16]) == (4, "cost: '1,000.00'")


ADAPTER = """-- table: campaigns
-- delimiter: {}
SELECT id AS campaign_id, name AS campaign_name FROM file
"""


def test_an_adapter_for_another_delimiter_reads_workbooks_too(load: Loader) -> None:
    """The text is written as it expects it; what it cannot be written as is said."""
    content = workbook({"S": sheet_of([("id", "name"), (1, "a;b,c"), (2, 0.1 + 0.2)])})
    adapter = load.write("semicolon.sql", ADAPTER.format("semicolon"))
    counts = load("campaigns", content, "c.xlsx", str(adapter))
    assert (counts.rows_in_file, counts.rows_accepted) == (2, 2)
    assert load.rows("SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY 1") == [
        ("1", "a;b,c"),
        ("2", "0.3"),
    ]
    blanks = load.write("blanks.sql", ADAPTER.format("whitespace"))
    error = load.outcome("campaigns", content, "c.xlsx", str(blanks)).error
    assert error is not None
    assert "its adapter reads text that is separated by whitespace or has" in error.message


def _far() -> str:
    return (
        '<row r="1"><c r="XFD1"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    )


BAD = {
    "a.xlsx is empty.": b"",
    "a.xlsx is not an Excel workbook, or a damaged one (File is not a zip file).": b"no zip",
    "a.xlsx is not an Excel workbook, or a damaged one (Cannot detect file format).": (
        b"PK\5\6" + bytes(18)
    ),
    "a.xlsx is a workbook without worksheets.": workbook({}),
    "Sheet S of a.xlsx is empty. It also has T.": workbook(
        {"S": sheet_of([(" ", None)]), "T": sheet_of([("a",)])}
    ),
    "a.xlsx: cell C2 of sheet S holds a number with more digits than Excel keeps.": (
        workbook(
            {"S": sheet_of([(None, "a", "b"), (None, 1, "<c><v>1234567890123456789</v></c>")])}
        )
    ),
    "a.xlsx grows too large when it is decompressed, as a gzip bomb does.": workbook(
        {"S": sheet_of([("a",)])}, more={"xl/media/a": "0" * (257 << 20)}
    ),
    "a.xlsx is a workbook that needs more than 4 GiB of memory, or is damaged.": (
        workbook({"S": _far()})
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_workbooks_that_are_refused(tmp_path: Path, message: str) -> None:
    """Regression: of the one with a cell far away the reader asks for 512 GiB, and is killed."""
    assert error_of(tmp_path, BAD[message]) == message


def test_a_workbook_with_a_password_or_of_old_times(tmp_path: Path) -> None:
    """Both are of kinds that are not ZIP archives."""
    content = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    assert error_of(tmp_path, content) == (
        f"{tmp_path / 'a.xlsx'} is an old Excel workbook (.xls), or a password-protected one, "
        f"despite its extension."
    )


def test_a_long_text_that_every_row_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A string is written once in the file, and once a row in the text."""
    monkeypatch.setattr(workbooks, "unpacked_limit", lambda _: 100_000)
    strings = f"<sst><si><t>{'x' * 1000}</t></si></sst>"
    rows = [("a",), *[("<c t='s'><v>0</v></c>",)] * 200]
    content = workbook({"S": sheet_of(rows)}, more={"xl/sharedStrings.xml": strings})
    assert error_of(tmp_path, content) == (
        "a.xlsx grows too large when it is decompressed, as a gzip bomb does."
    )


def test_a_reader_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended."""
    monkeypatch.setattr(workbooks, "_TIMEOUT", 0.0001)
    content = workbook({"S": sheet_of(CAMPAIGNS)})
    assert error_of(tmp_path, content) == "a.xlsx took too long to read."


def test_a_copy_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's message about the disk is passed on."""
    monkeypatch.setattr(workbooks, "_READER", tmp_path / "reader.py")
    (tmp_path / "reader.py").write_text('print(\'{"fault": "disk", "why": "No space"}\')')
    content = workbook({"S": sheet_of(CAMPAIGNS)})
    assert error_of(tmp_path, content) == "a.xlsx cannot be written as text: No space."


def test_parts_of_a_workbook_damaged_one_by_one(tmp_path: Path) -> None:
    """If only the compressed bytes are damaged, checksums show it before any XML is read."""
    sheets = {"S": sheet_of([("a", "b"), (NOON, "x"), (1.5, "y")] * 5), "T": sheet_of([("a",)])}
    content = workbook(sheets)
    chance = random.Random(7)
    read = 0
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            read += bool(text_of(folder, _with_damage(chance, content)))
        except UserError as error:
            assert "a.xlsx" in error.message
            assert error.hint
    assert 5 < read < 55


def _with_damage(chance: random.Random, content: bytes) -> bytes:
    """The workbook with some of one part's XML replaced, doubled or left out."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        chosen = chance.choice(old.namelist())
        for name in old.namelist():
            text = old.read(name).decode()
            if name == chosen:
                pieces = re.split(r"(?=[<\"])", text)
                place = chance.randrange(len(pieces))
                odd = ("", pieces[place] * 2, '"99999999999', "<c r='ZZZ99999999'>", "\0", "&x;")
                pieces[place] = chance.choice(odd)
                text = "".join(pieces)
            new.writestr(name, text)
    return packed.getvalue()


def test_dialects_of_text_that_workbooks_are_written_in(tmp_path: Path) -> None:
    """A quote of an adapter's own is doubled in values, as its reader expects."""
    content = workbook({"S": sheet_of([("a", "b"), ("it's", "x|y")])})
    text = text_of(tmp_path, content, dialect=Dialect(delimiter="|", quote="'"))
    assert text == "a|b\n'it''s'|'x|y'\n"
