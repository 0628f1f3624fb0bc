"""Unusual files: rewritten with every other record unchanged, or reported as not rewritten."""

import gzip
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.contracts.sources import SOURCES
from ltv_platform.erasure.finding import open_finder
from ltv_platform.erasure.stripping import KeptFile, Stripper
from ltv_platform.errors import UserError
from ltv_platform.ingestion.suppression.keys import CUSTOMER, Suppressed
from ltv_platform.settings import Settings
from ltv_platform_tests.erasure.worlds import erased, hers_in, land, looked_for
from ltv_platform_tests.testing.home import Home

HEAD = "transaction_id,customer_id,transaction_date,amount"
_NONE: Mapping[str, frozenset[str]] = {}


def strip(settings: Settings, path: Path, person: str = "c1", adapter: str | None = None) -> int:
    """Remove a person's records from a file of transactions."""
    suppressed = Suppressed(b"key", _NONE).together_with({CUSTOMER: [person]})
    with open_finder(settings) as finder:
        stripper = Stripper(finder, {source.name: source for source in SOURCES}, suppressed)
        return stripper.strip(KeptFile(path, "transactions", adapter))


@pytest.mark.parametrize(
    ("content", "expected", "count"),
    [
        (f"{HEAD}\nt1,c1,x,1\nt2,c2,x,2\n", f"{HEAD}\nt2,c2,x,2\n", 1),
        (f"\n{HEAD}\r\nt1,c1,x,1\n\nt2,c2,x,2", f"\n{HEAD}\r\n\nt2,c2,x,2", 1),
        (f'{HEAD}\n"t\n1","c1",x,1\n"t\n2","c2",x,2\n', f'{HEAD}\n"t\n2","c2",x,2\n', 1),
        (f"{HEAD}\nt1,c10,x,1\nt2, c1 ,x,2\nt3,xc1,x,3\n", f"{HEAD}\nt1,c10,x,1\nt3,xc1,x,3\n", 1),
        (f"{HEAD}\nt1,c1\nt2,c2\nt3,c1-2\n", f"{HEAD}\nt2,c2\nt3,c1-2\n", 1),
        (f'{HEAD}\nt1,c2,"x,1\nt2,c1,x,2\nt3,c3,x,3\n', f'{HEAD}\nt1,c2,"x,1\nt3,c3,x,3\n', 1),
        (HEAD.replace(",", "|") + "\nt1|c1|x|1\nt2|c2|x|c1\n", None, 1),
        (f"{HEAD}\nt1,c2,c1,1\n", f"{HEAD}\nt1,c2,c1,1\n", 0),
    ],
    ids=["plain", "ends", "quotes", "prefix", "short", "unclosed", "pipes", "other column"],
)
def test_other_records_of_delimited_text_stay_as_they_are(
    settings: Settings, tmp_path: Path, content: str, expected: str | None, count: int
) -> None:
    """Line ends, blank lines and quoting of the others stay; only whole values are an id."""
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    assert strip(settings, path) == count
    wanted = content.replace("t1|c1|x|1\n", "") if expected is None else expected
    assert path.read_bytes().decode() == wanted


def test_text_of_another_encoding_becomes_utf_8(settings: Settings, tmp_path: Path) -> None:
    """UTF-16 is recognized by its mark; invalid UTF-8 stays in other people's records."""
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEAD}\nt1,c1,x,1\nt2,ü,x,2\n".encode("utf-16"))
    assert strip(settings, path) == 1
    assert path.read_text("utf-8") == f"{HEAD}\nt2,ü,x,2\n"
    path.write_bytes(HEAD.encode() + b"\nt1,c1,x,1\nt2,\xff,x,2\nt3,c1,\xff,2\n")
    assert strip(settings, path) == 2
    assert path.read_bytes() == HEAD.encode() + b"\nt2,\xff,x,2\n"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.ndjson",
            '{"customer_id":"c1"}\n\n{"customer_id": "c2" }\n',
            '\n{"customer_id": "c2" }\n',
        ),
        (
            "a.ndjson",
            '{"customer_id":"\\u0063\\u0031"}\n{"customer_id":2}\n',
            '{"customer_id":2}\n',
        ),
        ("a.ndjson", '{"customer_id":"c1"\n{"customer_id":"c2"\n', '{"customer_id":"c2"\n'),
        ("a.json", '[{"customer_id":"c1"},{"customer_id":"c2","n":1.50}]', None),
        ("a.json", '{"customer_id":"c1"}\n{"customer_id":"c2"}\n', '{"customer_id":"c2"}\n'),
    ],
)
def test_other_objects_of_json_stay_as_they_are(
    settings: Settings, tmp_path: Path, name: str, content: str, expected: str | None
) -> None:
    """The texts of the other objects stay, numbers with their digits."""
    path = tmp_path / name
    path.write_text(content)
    assert strip(settings, path) == 1
    assert path.read_text() == (expected or '[{"customer_id":"c2","n":1.50}]\n')


@pytest.mark.parametrize(
    ("content", "expected", "count"),
    [
        (
            '{"next": null, "data": [{"customer_id":"c1"}, {"customer_id":"c2","n":1.50}]}\n',
            '{"next": null, "data": [{"customer_id":"c2","n":1.50}]}\n',
            1,
        ),
        (
            '{"r": {"n": 3, "d": [{"customer_id":"c2"},7,{"customer_id":"c1"},{"a":2}]}, "x": [1]}',
            '{"r": {"n": 3, "d": [{"customer_id":"c2"},\n7,\n{"a":2}]}, "x": [1]}',
            1,
        ),
        ('{"data": [{"customer_id":"c1"}]}', None, 1),
        ('{"data": [{"customer_id":"c10"}]}', '{"data": [{"customer_id":"c10"}]}', 0),
    ],
)
def test_wrapped_json_keeps_what_is_around_its_records(
    settings: Settings, tmp_path: Path, content: str, expected: str | None, count: int
) -> None:
    """The same records with the same numbers as those loaded; an empty list is not a file."""
    path = tmp_path / "a.json"
    path.write_text(content)
    assert strip(settings, path) == count
    assert (path.read_text() if path.exists() else None) == expected


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.json", "a.csv.gz"])
def test_a_file_with_nothing_left_is_removed(settings: Settings, tmp_path: Path, name: str) -> None:
    """An empty file would be refused, and a header says nothing."""
    record = f"{HEAD}\nt1,c1,x,1\n" if "csv" in name else '{"customer_id":"c1"}'
    path = tmp_path / name
    path.write_bytes(gzip.compress(record.encode()) if "gz" in name else record.encode())
    assert strip(settings, path) == 1
    assert not path.exists()


def test_parquet_keeps_its_types(settings: Settings, tmp_path: Path) -> None:
    """Nested, decimal and dictionary columns, and the metadata of the schema.

    Regression: dictionaries kept the values that no row had any more.
    """
    cities = pa.array(["Marylebone", "Leeds", None, "Marylebone"]).dictionary_encode()
    table = pa.table(
        {
            "customer_id": pa.array(["c1", "c2", None, "c1"]).dictionary_encode(),
            "city": cities,
            "cities": pa.StructArray.from_arrays([cities], ["city"]),
            "amount": pa.array([1, 2, 3, 4], pa.decimal128(18, 6)),
            "tags": [["c1"], ["a", "b"], [], None],
        }
    ).replace_schema_metadata({"made by": "us"})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=2, compression="none")
    before = pq.read_table(path)
    assert b"Marylebone" in path.read_bytes()
    assert strip(settings, path) == 2
    after = pq.read_table(path)
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.to_pylist() == before.slice(1, 2).to_pylist()
    assert b"Marylebone" not in path.read_bytes()


def test_sqlite_is_made_anew(settings: Settings, tmp_path: Path) -> None:
    """No page keeps what was deleted; packed files stay packed; other tables stay."""
    path = tmp_path / "plain.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE transactions (transaction_id, customer_id, note)")
        database.execute("CREATE TABLE other (a)")
        rows = [(n, f"c{n % 3}", f"c{n % 3}note") for n in range(3000)]
        database.executemany("INSERT INTO transactions VALUES (?, ?, ?)", rows)
        database.execute("INSERT INTO other VALUES (1)")
        database.commit()
    packed = tmp_path / "packed.db.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert strip(settings, path) == strip(settings, packed) == 1000
    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()
    assert b"c1note" not in path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        kept = database.execute("SELECT * FROM transactions").fetchall()
        assert kept == [row for row in rows if row[1] != "c1"]
        assert database.execute("SELECT * FROM other").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("select", "count"),
    [
        ("'c' || who AS customer_id, no AS transaction_id FROM file WHERE d <> 'y'", 3),
        ("concat('c', who) AS customer_id, MIN(no) AS transaction_id FROM file GROUP BY who, d", 3),
        ("'c' || who AS customer_id, no AS transaction_id FROM (SELECT * FROM file) AS t", None),
        ("MAX(who) AS customer_id, no AS transaction_id FROM file GROUP BY no, d", None),
    ],
    ids=["left out too", "merged", "not straight from records", "of several records"],
)
def test_through_adapters(
    settings: Settings, tmp_path: Path, select: str, count: int | None
) -> None:
    """Only what a record says about its person counts; if it says nothing, the file stays."""
    adapter, path = tmp_path / "shop.sql", tmp_path / "a.csv"
    adapter.write_text(
        "-- table: transactions\n-- delimiter: ^\n"
        f"SELECT d AS transaction_date, 1 AS amount, {select}"
    )
    content = "no^who^d\n1^1^x\n2^10^x\n3^1^y\n4^1^x\n5^2\n"
    path.write_text(content)
    if count is None:
        with pytest.raises(UserError, match="identifies whose records it holds"):
            strip(settings, path, adapter=str(adapter))
        assert path.read_text() == content
    else:
        assert strip(settings, path, adapter=str(adapter)) == count
        assert path.read_text() == "no^who^d\n2^10^x\n5^2\n"


def test_a_person_in_wrapped_json_is_erased(tmp_path: Path) -> None:
    """From the rows and the file of a load, and from a waiting file; what names them is listed."""
    home = Home(tmp_path / "home", start_date="2025-12-01")
    text = '{"cursor": "%s", "data": [%s, %s]}'
    rows = [
        json.dumps(dict(zip(HEAD.split(","), row, strict=True)))
        for row in (("tx-ada-1", "ada.l", "2025-12-02", "1"), ("t2", "c2", "2025-12-03", "2"))
    ]
    outcome = land(home, "transactions", "a.json", (text % ("x", *rows)).encode())
    assert outcome.notes[0] == "a.json: records read from `data`"
    folder = home.settings.landing_path / "transactions"
    (folder / "b.json").write_text(text % ("y", *reversed(rows)))
    (folder / "c.json").write_text(text % ("ada.l", rows[1], rows[1]))
    done = erased(home)
    [error] = done.errors
    assert "c.json may still contain the person" in error.message
    assert "the text around its list of records names them" in error.message
    [loaded] = home.settings.loaded_path.glob("*/a.json")
    assert loaded.read_text() == text.replace("%s, %s", "%s") % ("x", rows[1])
    assert (folder / "b.json").read_text() == text.replace("%s, %s", "%s") % ("y", rows[1])
    assert set(hers_in(home.settings.home)) == {"landing/transactions/c.json"}


def test_what_cannot_be_rewritten_is_said(tmp_path: Path) -> None:
    """A damaged file that names her, a view, files that the platform does not know."""
    home = Home(tmp_path / "home", start_date="2025-12-01")
    folder = home.settings.landing_path / "transactions"
    folder.mkdir(parents=True)
    (folder / "damaged.csv.gz").write_bytes(gzip.compress(b"ada.l" * 99)[:-9])
    (folder / "other.csv").write_text("who,what\nada.l2,x\n")
    with closing(sqlite3.connect(folder / "view.db")) as database:
        database.execute("CREATE TABLE t AS SELECT 'ada.l' AS customer_id")
        database.execute("CREATE VIEW transactions AS SELECT * FROM t")
        database.commit()
    with closing(sqlite3.connect(folder / "more.db")) as database:
        database.execute("CREATE TABLE transactions AS SELECT 'ada.l2' AS customer_id")
        database.execute("CREATE TABLE users AS SELECT 'ada.l' AS who")
        database.execute("CREATE TABLE shops AS SELECT 'ada.l2' AS who")
        database.commit()
    for name, text in (("notes.txt", "call ada.l\n"), ("fine.txt", "call ada.l2\n")):
        (home.settings.home / name).write_text(text)
    (home.settings.landing_path / "transactions" / "late.csv.part").write_text("t1,ada.l,x,1\n")
    seen = looked_for(home)
    assert [path.name for path in seen.files.unread] == ["damaged.csv.gz"]
    done = erased(home)
    texts = [f"{error.message} {error.hint}" for error in done.errors]
    assert len(texts) == 3
    assert "damaged.csv.gz may still contain the person" in texts[0]
    users = "its tables users name them, but are not source tables"
    assert any(users in text for text in texts)
    assert any("is a view, or has triggers" in text for text in texts)
    assert all("Or delete the file" in text for text in texts)
    assert [note.split()[0] for note in done.notes] == [
        "landing/transactions/late.csv.part",
        "notes.txt",
    ]
    assert set(hers_in(home.settings.home)) == {
        "landing/transactions/damaged.csv.gz",
        "landing/transactions/late.csv.part",
        "landing/transactions/more.db",
        "landing/transactions/view.db",
        "notes.txt",
    }
