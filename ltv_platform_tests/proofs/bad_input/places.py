"""Files that are compressed, linked, piped, forbidden, growing or too large."""

import ctypes
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.erasure import landed
from ltv_platform.ingestion.files import private_copy as files
from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.forked import Answer

CASES = Cases("bad input: places and sizes")

CAMPAIGNS = "campaign_id,campaign_name\nc1,Spring\n"

#: prctl(2): drop a capability for good; capabilities(7): the two that pass over permissions.
_DROP_CAPABILITY, _PASS_OVER_PERMISSIONS = 24, (1, 2)


@CASES.case(
    "a truncated gzip file",
    "exit 2: campaigns.csv.gz is a damaged or truncated gzip file (Compressed file ended before "
    "the end-of-stream marker was reached).",
)
def a_gzip_file_that_was_cut_off(folder: Path) -> str:
    content = gzip.compress(CAMPAIGNS.encode() * 1_000)[:-20]
    return Desk(folder).text("campaigns", content, "campaigns.csv.gz")


@CASES.case(
    "a gzip bomb: 300 MB in 0.3 MB",
    "exit 2: campaigns.csv.gz grows to more than 100 times its size and 256 MiB when it is "
    "decompressed, as a gzip bomb does.",
)
def a_gzip_bomb(folder: Path) -> str:
    desk = Desk(folder)
    path = folder / "campaigns.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(CAMPAIGNS.encode())
        for _ in range(300):
            packed.write(b"x" * 1_000_000)
    return desk.ingest("campaigns", path)


@CASES.case(
    "a sparse file larger than the disk",
    "exit 2: campaigns.csv needs more than half of the free space on the disk of LTV_HOME.",
)
def a_sparse_file_larger_than_the_disk(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("campaigns.csv", CAMPAIGNS)
    os.truncate(path, shutil.disk_usage(folder).total)
    return desk.ingest("campaigns", path)


@CASES.case("a path that leads nowhere", "exit 2: nowhere.csv does not exist.")
def a_path_that_leads_nowhere(folder: Path) -> str:
    return Desk(folder).ingest("campaigns", folder / "nowhere.csv")


@CASES.case("a folder", "exit 2: campaigns.csv is a folder, not a file.")
def a_folder(folder: Path) -> str:
    (folder / "campaigns.csv").mkdir()
    return Desk(folder).ingest("campaigns", folder / "campaigns.csv")


@CASES.case("a pipe that nobody writes to", "exit 2: campaigns.csv is a pipe, not a file.")
def a_pipe_that_nobody_writes_to(folder: Path) -> str:
    os.mkfifo(folder / "campaigns.csv")
    return Desk(folder).ingest("campaigns", folder / "campaigns.csv")


@CASES.case("an endless device", "exit 2: zeros.csv is a device, not a file.")
def a_device_without_an_end(folder: Path) -> str:
    (folder / "zeros.csv").symlink_to("/dev/zero")
    return Desk(folder).ingest("campaigns", folder / "zeros.csv")


@CASES.case(
    "a link named on the command line",
    "1 in file: 1 accepted",
)
def a_link_that_a_person_names(folder: Path) -> str:
    desk = Desk(folder)
    (folder / "link.csv").symlink_to(desk.write("campaigns.csv", CAMPAIGNS))
    return desk.ingest("campaigns", folder / "link.csv")


@CASES.case(
    "a link in landing to a file elsewhere",
    "exit 2: home/landing/campaigns/link.csv is a link to secret.csv; links in landing are not "
    "followed.; link and file stay",
)
def a_link_in_landing_to_a_file_elsewhere(folder: Path) -> str:
    desk = Desk(folder)
    secret = desk.write("secret.csv", CAMPAIGNS)
    link = desk.landing / "campaigns" / "link.csv"
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    seen = desk.ingest()
    assert link.readlink() == secret
    return f"{seen}; link and file stay" * (secret.read_text() == CAMPAIGNS)


@CASES.case(
    "a folder in landing that is a link",
    "exit 2: home/landing/campaigns is a link to elsewhere; links in landing are not followed.; "
    "elsewhere holds campaigns.csv",
)
def a_folder_of_landing_that_is_a_link(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("elsewhere/campaigns.csv", CAMPAIGNS)
    desk.landing.mkdir(parents=True)
    (desk.landing / "campaigns").symlink_to(path.parent)
    seen = desk.ingest()
    return f"{seen}; elsewhere holds {', '.join(p.name for p in path.parent.iterdir())}"


def _swapped(folder: Path) -> Path:
    """Replace a folder by a link to another with a file of the same name."""
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    secret = elsewhere / "campaigns.csv"
    secret.write_text("campaign_id\nsecret\n")
    folder.rename(folder.with_name("before"))
    folder.symlink_to(elsewhere)
    return secret


@CASES.case(
    "a folder in landing, and a file in it, replaced by a link between check and read",
    "exit 2: home/landing/campaigns/campaigns.csv is a link or inside one; links in landing are "
    "not followed. 2 times; in the log: nothing",
)
def a_folder_of_landing_swapped_before_the_read(folder: Path) -> str:
    seen = set()
    looked = files.check_regular
    for number, of_folder in enumerate((True, False)):
        desk = Desk(folder / str(number))
        waiting = desk.write("home/landing/campaigns/campaigns.csv", CAMPAIGNS)

        def look(
            path: Path, follow: bool = True, *, waiting: Path = waiting, whole: bool = of_folder
        ) -> None:
            looked(path, follow)
            if waiting.parent.is_symlink() or waiting.is_symlink():
                return
            if whole:
                _swapped(waiting.parent)
            else:
                secret = waiting.parents[3] / "secret.csv"
                secret.write_text("campaign_id\nsecret\n")
                waiting.unlink()
                waiting.symlink_to(secret)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "check_regular", look)
            seen.add(desk.ingest())
        log = desk.values("SELECT campaign_id FROM raw.campaigns") or "nothing"
    return f"{'; '.join(sorted(seen))} 2 times; in the log: {log}"


@CASES.case(
    "a folder in landing replaced by a link between the load and the move",
    "exit 0, in the log c1, the file behind the link stays, the file that was loaded stays",
)
def a_folder_of_landing_swapped_before_the_moving_away(folder: Path) -> str:
    desk = Desk(folder)
    waiting = desk.write("home/landing/campaigns/campaigns.csv", CAMPAIGNS)
    secrets = []

    def swap(*_: object) -> Path:
        secrets.append(_swapped(waiting.parent))
        return waiting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landed, "strip_landed", swap)
        answer = desk.ltv("ingest")
    desk.check(answer)
    log = desk.values("SELECT campaign_id FROM raw.campaigns")
    kept = waiting.parent.with_name("before") / waiting.name
    behind = "stays" if all(secret.exists() for secret in secrets) else "is gone"
    return (
        f"exit {answer.code}, in the log {log}, the file behind the link {behind}, the file that "
        f"was loaded {'stays' if kept.exists() else 'is gone'}"
    )


@CASES.case(
    "a pipe named like the journal of a SQLite database",
    "exit 2: shop.db-journal is a pipe, not a file.",
)
def a_pipe_in_place_of_a_journal(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("shop.db", b"")
    os.mkfifo(folder / "shop.db-journal")
    return desk.ingest("campaigns", path)


@CASES.case(
    "a pipe, a folder and a good file in landing",
    "exit 2: campaigns/a.csv is a pipe, not a file. campaigns/b is a folder, not a file. "
    "In the log: c1. In landing: a.csv, b",
)
def a_pipe_beside_a_good_file_in_landing(folder: Path) -> str:
    desk = Desk(folder)
    waiting = desk.landing / "campaigns"
    (waiting / "b").mkdir(parents=True)
    os.mkfifo(waiting / "a.csv")
    (waiting / "c.csv").write_text(CAMPAIGNS)
    answer = desk.ltv("ingest")
    desk.check(answer)
    errors = [line[7:] for line in answer.err.splitlines() if line.startswith("Error: ")]
    said = " ".join(error.replace(f"{desk.landing}/", "") for error in errors)
    left = ", ".join(sorted(path.name for path in waiting.iterdir()))
    log = desk.values("SELECT campaign_id FROM raw.campaigns")
    return f"exit {answer.code}: {said} In the log: {log}. In landing: {left}"


@CASES.case(
    "files directly in landing, next to the folders of the tables",
    "exit 0: Note: a.csv was recognized as a file of campaigns; In landing: c.csv.part",
)
def files_in_landing_itself(folder: Path) -> str:
    desk = Desk(folder)
    desk.landing.mkdir(parents=True)
    for name in ("a.csv", "b.csv", "c.csv.part"):
        (desk.landing / name).write_text(CAMPAIGNS)
    answer = desk.ltv("ingest")
    desk.check(answer)
    said = answer.err.splitlines()[0].replace(str(desk.landing), "landing")
    left = ", ".join(sorted(path.name for path in desk.landing.iterdir() if path.is_file()))
    return f"exit {answer.code}: {said}; In landing: {left}"


def _without_privileges(desk: Desk, *arguments: str | Path) -> Answer:
    """Run the command line in a process that permissions hold for, even if we are root."""
    libc = ctypes.CDLL(None)

    def drop() -> None:
        for capability in _PASS_OVER_PERMISSIONS:
            libc.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)

    finished = subprocess.run(
        [sys.executable, "-m", "ltv_platform.cli", *map(str, arguments)],
        env=desk.environment,
        preexec_fn=drop,
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    return Answer(finished.returncode, finished.stdout, finished.stderr)


@CASES.case(
    "a file without read permission",
    "exit 2: campaigns.csv cannot be read: no permission.",
)
def a_file_that_we_may_not_read(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("campaigns.csv", CAMPAIGNS)
    path.chmod(0)
    answer = _without_privileges(desk, "ingest", "campaigns", path)
    desk.check(answer)
    return f"exit {answer.code}: {desk.message(answer)}"


@CASES.case(
    "a file that grows while it is read, then again when it is finished",
    "exit 2: campaigns.csv was written to while it was read.; then every row of it",
)
def a_file_that_grows_while_it_is_read(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write("campaigns.csv", CAMPAIGNS)
    rows = 3

    def growing(content: IO[bytes], *arguments: Any) -> Iterator[bytes]:
        """Somebody appends to the file after the first look at it."""
        chunks = limited(content, *arguments)
        yield next(chunks)
        with path.open("a") as file:
            file.writelines(f"e{number},x\n" for number in range(rows))
        yield from chunks

    limited = files._limited
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_limited", growing)
        seen = desk.ingest("campaigns", path)
    every = f"{1 + rows}"
    whole = desk.ingest("campaigns", path) == f"{every} in file: {every} accepted"
    return f"{seen}; then {'every row' if whole else 'not every row'} of it"


@CASES.case(
    "a file name with bytes that are not characters",
    "1 in file: 1 accepted; from \\xff'.csv",
)
def a_file_name_of_bytes_that_are_no_characters(folder: Path) -> str:
    desk = Desk(folder)
    path = desk.write(os.fsdecode(b"\xff'.csv"), CAMPAIGNS)
    return (
        f"{desk.ingest('campaigns', path)}; from {desk.values('SELECT source_file FROM raw.loads')}"
    )


@CASES.case(
    "LTV_HOME in a folder with wildcards",
    "exit 2: LTV_HOME: the path FOLDER/h[1] contains [ ]; choose a path without them",
)
def ltv_home_in_a_folder_with_wildcards(folder: Path) -> str:
    desk = Desk(folder)
    desk.environment["LTV_HOME"] = str(folder / "h[1]")
    answer = desk.ltv("ingest", "campaigns", desk.write("campaigns.csv", CAMPAIGNS))
    words = re.search(r"the path .* choose a path without them", answer.err)
    seen = words[0].replace(str(folder), "FOLDER") if words else answer.err
    return f"exit {answer.code}: LTV_HOME: {seen}"


@CASES.case(
    "LTV_HOME in a folder country=DE, named like a partition",
    "1 in file: 1 accepted, from CSV, Parquet and JSON; in the log US, US, US; published US, US, "
    "US and no other column",
)
def ltv_home_below_a_folder_country_de(folder: Path) -> str:
    desk = Desk(folder / "country=DE" / "customer_id=7" / "x=1")
    columns = {"registration_date": ["2025-06-01"], "country": ["US"]}
    header = "customer_id,registration_date,country\n"
    record = {"customer_id": "c"} | {name: value for name, [value] in columns.items()}
    given = [
        desk.write("a.csv", f"{header}a,2025-06-01,US\n"),
        desk.write("b.parquet", b""),
        desk.write("c.json", json.dumps(record)),
    ]
    pq.write_table(pa.table({"customer_id": ["b"], **columns}), given[1])
    seen = {desk.ingest("customers", file) for file in given}
    log = desk.values("SELECT country FROM raw.customers WHERE customer_id IN ('a', 'b', 'c')")
    desk.home.publish()
    rows = desk.home.published("SELECT * FROM customers ORDER BY customer_id")
    shown = ", ".join(row["country"] for row in rows if row["customer_id"] in "abc")
    known = {column.name for column in desk.home.graph.catalog["core.customers"].columns}
    more = rows[0].keys() - known
    return (
        f"{' or '.join(seen)}, from CSV, Parquet and JSON; in the log {log}; published {shown} and "
        f"{', '.join(more) or 'no other column'}"
    )
