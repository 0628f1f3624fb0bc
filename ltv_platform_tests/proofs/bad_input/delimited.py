"""Delimited text: wrong columns, wrong bytes, wrong shape, and the same thing twice."""

import codecs
import gzip
import json
from pathlib import Path

from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: delimited files")

HEADER = "campaign_id,campaign_name\n"
PLAIN = f"{HEADER}c1,Spring\nc2,Sömmer\n"
BOTH = "2 in file: 2 accepted; c1 Spring, c2 Sömmer"


def names(desk: Desk, seen: str) -> str:
    """What was seen, and the campaigns in the log."""
    return f"{seen}; " + desk.values(
        "SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY line"
    )


@CASES.case(
    "a required column is missing",
    "exit 2: customers.csv lacks customer_id, required for customers. It has customerid, "
    "registration_date. Should customerid be customer_id?",
)
def a_required_column_is_missing(folder: Path) -> str:
    return Desk(folder).text("customers", "customerid,registration_date\na,2025-01-01\n")


@CASES.case(
    "a header in capitals",
    "exit 2: campaigns.csv: 'CAMPAIGN_ID' is not campaign_id. Column names must match exactly.",
)
def a_header_in_capitals(folder: Path) -> str:
    return Desk(folder).text("campaigns", "CAMPAIGN_ID\nc1\n")


@CASES.case(
    "extra columns, one of them ours in capitals",
    "Error: campaigns.csv: 'Campaign_Name' is not campaign_name. Column names must match exactly.",
)
def extra_columns_one_of_them_ours_in_capitals(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("campaigns.csv", "campaign_id,color,Campaign_Name\nc1,red,Spring\n")
    answer = desk.ltv("ingest", "campaigns", path)
    return answer.err.splitlines()[0]


@CASES.case("an empty file", "exit 2: campaigns.csv is empty.")
def an_empty_file(folder: Path) -> str:
    return Desk(folder).text("campaigns", "")


@CASES.case(
    "a header and nothing else, twice",
    "0 in file: nothing; campaigns.csv was loaded into campaigns before "
    "(2026-01-15 12:00 UTC): nothing changed.",
)
def a_header_and_nothing_else_twice(folder: Path) -> str:
    desk = Desk(folder)
    return f"{desk.text('campaigns', HEADER)}; {desk.text('campaigns', HEADER)}"


@CASES.case(
    "a key twice in one file: the same values, then others",
    "3 in file: 2 accepted, 1 repeated; versions: c1 Spring 1, c1 Summer 2",
)
def a_key_twice_in_one_file(folder: Path) -> str:
    desk = Desk(folder)
    seen = desk.text("campaigns", f"{HEADER}c1,Spring\nc1,Spring\nc1,Summer\n")
    return f"{seen}; versions: " + desk.values(
        "SELECT campaign_id, campaign_name, version FROM raw.campaigns ORDER BY version"
    )


@CASES.case(
    "a key in two files: the same values, then others",
    "1 in file: 1 accepted; 2 in file: 1 accepted, 1 repeated; 1 in file: 1 accepted; "
    "versions: c1 Spring 1, c1 Summer 2",
)
def a_key_in_two_files_the_same_values(folder: Path) -> str:
    desk = Desk(folder)
    seen = [
        desk.text("campaigns", f"{HEADER}{rows}")
        for rows in ("c1,Spring\n", "c1,Spring\nc2,x\n", "c1,Summer\n")
    ]
    return f"{'; '.join(seen)}; versions: " + desk.values(
        "SELECT campaign_id, campaign_name, version FROM raw.campaigns "
        "WHERE campaign_id = 'c1' ORDER BY version"
    )


@CASES.case(
    "the same file twice, the second time renamed and gzipped",
    "2 in file: 2 accepted; again.csv.gz was loaded into campaigns before "
    "(2026-01-15 12:00 UTC): nothing changed.",
)
def the_same_file_twice(folder: Path) -> str:
    desk = Desk(folder)
    first = desk.text("campaigns", PLAIN)
    return f"{first}; {desk.text('campaigns', gzip.compress(PLAIN.encode()), 'again.csv.gz')}"


@CASES.case(
    "the same file under two adapters",
    "2 in file: 2 accepted; 2 in file: 1 accepted, 1 repeated; c1 Spring, c2 Sömmer, c2 SÖMMER",
)
def the_same_file_under_two_adapters(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("x.csv", PLAIN)
    plain = desk.adapter("SELECT campaign_id, campaign_name FROM file")
    other = desk.adapter(
        "SELECT campaign_id, IF(campaign_id = 'c2', upper(campaign_name), campaign_name) "
        "AS campaign_name FROM file",
        name="other",
    )
    seen = [desk.ingest("campaigns", path, adapter=adapter) for adapter in (plain, other)]
    log = "SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY load_sequence, line"
    return f"{'; '.join(seen)}; {desk.values(log)}"


SHAPES = {
    "a byte order mark": codecs.BOM_UTF8 + PLAIN.encode(),
    "CRLF line ends": PLAIN.replace("\n", "\r\n").encode(),
    "CRLF after one line only, no final line end": PLAIN.replace("\nc2", "\r\nc2")
    .rstrip()
    .encode(),
    "UTF-16, little-endian": codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
    "UTF-16, big-endian": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "blank lines": b"\n\n" + PLAIN.replace("\n", "\n\n").encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
}


def _shape(shape: str) -> None:
    @CASES.case(shape, BOTH)
    def delimited_text_of_every_shape(folder: Path) -> str:
        desk = Desk(folder)
        seen = desk.text("campaigns", SHAPES[shape])
        return names(desk, seen)


for _each in SHAPES:
    _shape(_each)


@CASES.case(
    "UTF-16 without a byte order mark",
    "exit 2: campaigns.csv is not a text file: it contains zero bytes near its start.",
)
def utf_16_without_its_mark(folder: Path) -> str:
    return Desk(folder).text("campaigns", PLAIN.encode("utf-16-le"))


@CASES.case(
    "UTF-16 cut off within a character",
    "exit 2: campaigns.csv is a damaged UTF-16 file (truncated data).",
)
def utf_16_that_ends_within_a_character(folder: Path) -> str:
    return Desk(folder).text("campaigns", PLAIN.encode("utf-16") + b"x")


@CASES.case(
    "an unexpected delimiter",
    "exit 2: campaigns.csv lacks campaign_id, required for campaigns. It has "
    "campaign_id~campaign_name.",
)
def a_delimiter_that_nobody_expects(folder: Path) -> str:
    return Desk(folder).text("campaigns", PLAIN.replace(",", "~"))


@CASES.case(
    "a quote that is never closed, 10,000 lines before the end",
    "2 in file: 1 accepted, 1 quarantined (3: record: opens a quote that is never closed; the "
    "rest of the file is kept here); kept: all 10,001 lines",
)
def a_quote_that_is_never_closed(folder: Path) -> str:
    desk = Desk(folder)
    rest = 'c2,"open\n' + "".join(f"d{i},{i}\n" for i in range(10_000))
    seen = desk.text("campaigns", f"{HEADER}c1,a\n{rest}")
    [(raw,)] = desk.home.engine.rows("SELECT raw FROM raw.quarantine")
    assert raw == rest.rstrip("\n")
    return f"{seen}; kept: all {raw.count(chr(10)) + 1:,} lines"


@CASES.case(
    "line ends and doubled quotes within quotes",
    "2 in file: 2 accepted; c1 'a\\nb\\n\\nc', c2 'x\"y'",
)
def line_ends_and_doubled_quotes_within_quotes(folder: Path) -> str:
    desk = Desk(folder)
    seen = desk.text("campaigns", f'{HEADER}c1,"a\nb\n\nc"\nc2,"x""y"\n')
    rows = desk.home.engine.rows("SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY 1")
    return f"{seen}; " + ", ".join(f"{campaign} {name!r}" for campaign, name in rows)


@CASES.case(
    "records with too few and too many columns, text after a closing quote",
    "5 in file: 2 accepted, 3 quarantined (3: record: has 1 columns, not 2, 4: record: has 3 "
    'columns, not 2, 5: record: has text behind a closing quote); kept: c2 | c3,c,d | c4,"d"e',
)
def records_with_too_few_and_too_many_columns(folder: Path) -> str:
    desk = Desk(folder)
    seen = desk.text("campaigns", f'{HEADER}c1,a\nc2\nc3,c,d\nc4,"d"e\nc5,f\n')
    kept = desk.home.engine.rows("SELECT raw FROM raw.quarantine ORDER BY line")
    return f"{seen}; kept: {' | '.join(raw for (raw,) in kept)}"


@CASES.case(
    "bytes that are not UTF-8",
    "2 in file: 1 accepted, 1 quarantined (2: record: holds bytes that are not UTF-8); "
    "kept: c1,\\xe4",
)
def bytes_that_are_no_utf_8(folder: Path) -> str:
    desk = Desk(folder)
    seen = desk.text("campaigns", HEADER.encode() + b"c1,\xe4\nc2,\xc3\xa4\n")
    return f"{seen}; kept: {desk.values('SELECT raw FROM raw.quarantine')}"


@CASES.case(
    "1 MB in one field, of a good record and of a bad one",
    "2 in file: 1 accepted, 1 quarantined (3: campaign_id: is missing); "
    "1,048,576 characters in the log, 1,048,576 in quarantine",
)
def a_field_of_1_mb(folder: Path) -> str:
    desk = Desk(folder)
    size = 1 << 20
    seen = desk.text("campaigns", f"{HEADER}c1,{'x' * size}\n,{'y' * size}\n")
    [(length,)] = desk.home.engine.rows("SELECT length(campaign_name) FROM raw.campaigns")
    [(raw,)] = desk.home.engine.rows("SELECT raw FROM raw.quarantine")
    kept = len(json.loads(raw)["campaign_name"])
    return f"{seen}; {length:,} characters in the log, {kept:,} in quarantine"


@CASES.case(
    "5,000 columns",
    "2 in file: 1 accepted, 1 quarantined (3: campaign_id: is missing); kept: 5,001 columns",
)
def five_thousand_columns(folder: Path) -> str:
    desk = Desk(folder)
    header = ",".join(["campaign_id", *(f"column_{i}" for i in range(5_000))])
    seen = desk.text("campaigns", f"{header}\nc1{',' * 5_000}\n{',' * 5_000}\n")
    [(raw,)] = desk.home.engine.rows("SELECT raw FROM raw.quarantine")
    return f"{seen}; kept: {len(json.loads(raw)):,} columns"
