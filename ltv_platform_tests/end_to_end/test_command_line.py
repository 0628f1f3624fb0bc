"""What the commands print and how they end: exit codes, answers on stdout, the rest on stderr.

One test of each command starts it afresh.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from ltv_platform_tests.testing.command_line import CommandLine

pytestmark = pytest.mark.slow(60)

CUSTOMERS = "customer_id,registration_date,campaign_id,country\n"


@pytest.fixture
def ltv(tmp_path: Path) -> CommandLine:
    """The command line in a fresh LTV_HOME, with six weeks of partitions to be quick."""
    return CommandLine(tmp_path / "home", {"start_date": "2025-12-01"})


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """One good and one bad customer."""
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS + "a,2025-12-01 10:00:00,c1,US\nb,2025-13-01,c1,US\n")
    return file


def test_run_on_nothing_publishes_every_table(ltv: CommandLine) -> None:
    """`ltv run` after no source at all publishes every table, empty, and exits 0."""
    answer = ltv.afresh("run")
    assert (answer.code, answer.out) == (0, "")
    rows = json.loads(ltv.afresh("tables", "--format", "json").out)
    assert {"customers", "campaign_roas", "quarantine", "loads"} <= {row["table"] for row in rows}
    assert ltv.afresh(
        "query", "SELECT COUNT(*) FROM campaign_roas", "--format", "csv"
    ).out.endswith("0\n")
    again = ltv.afresh("run")
    assert "Nothing is stale." in again.err


def test_bad_rows_are_kept_and_explained(ltv: CommandLine, customers: Path) -> None:
    """A bad row does not stop the good one; it is listed with its reason and its text."""
    answer = ltv.afresh("ingest", "customers", customers)
    assert answer.code == 0
    assert "1 row is in quarantine" in answer.err
    listed = json.loads(ltv.afresh("quarantine", "list", "--format", "json").out)
    assert len(listed) == 1
    assert listed[0]["line"] == 3
    assert "2025-13-01" in json.dumps(listed[0])
    assert "registration_date" in json.dumps(listed[0])


def test_a_list_of_quarantine_that_is_cut_off_says_so(ltv: CommandLine, customers: Path) -> None:
    """On stderr, and only then."""
    with customers.open("a") as file:
        file.write("c,2025-14-01,c1,US\n")
    ltv("ingest", "customers", customers)
    cut = ltv("quarantine", "list", "customers", "--limit", "1")
    assert (cut.code, cut.err) == (0, "1 of 2 rows; --limit shows more.\n")
    whole = ltv("quarantine", "list", "--limit", "2", "--format", "csv")
    assert (whole.code, whole.err) == (0, "")


def test_missing_column_names_what_there_is(ltv: CommandLine, tmp_path: Path) -> None:
    """A missing required column rejects the file with its columns, near names, and a hint."""
    file = tmp_path / "customers.csv"
    file.write_text("customer,registration_date\na,2025-12-01\n")
    answer = ltv("ingest", "customers", file)
    assert answer.code == 2
    assert "lacks customer_id" in answer.err
    assert "Should customer be customer_id?" in answer.err
    assert "adapter" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["ingest", "custmers", "x.csv"], {}, "Did you mean customers?"),
        (["ingest", "customers", "nowhere.csv"], {}, "does not exist"),
        (["ingest", "customers"], {}, "No file given"),
        (["lineage", "campaign_roa.roas_d7"], {}, "Did you mean campaign_roas?"),
        (["lineage", "campaign_roas.roas_7"], {}, "Did you mean roas_d7?"),
        (["lineage", "roas_d7"], {}, "Write it like campaign_roas.roas_d7"),
        (["query", "SELECT 1"], {}, "Nothing is published"),
        (["export", "--sqlite", "out.db"], {}, "Nothing is published"),
        (["run"], {"horizons": "1,x"}, "LTV_HORIZONS"),
        (["run"], {"timezone": "Mars/Base"}, "LTV_TIMEZONE"),
        (["run", "--all", "--select", "core/customers"], {}, "--all already rebuilds everything"),
        (["run", "--select", "group:nothing"], {}, "selects no assets"),
        (["sample", "--customers", "0", "--out", "x"], {}, "Cannot write the sample"),
        (["doctor"], {"as_of": "yesterday"}, "LTV_AS_OF"),
        (["run"], {"as_of": "2031-01-01"}, "which is in the future"),
        (["run"], {"horizon": "7"}, "Did you mean LTV_HORIZONS?"),
        (["run"], {"ihc_redistribution": "{"}, "LTV_IHC_REDISTRIBUTION: is not valid JSON"),
        (["run", "--from", "2025-12-09", "--to", "2025-12-01"], {}, "Swap them"),
    ],
)
def test_what_the_user_can_fix_exits_2(
    ltv: CommandLine, arguments: list[str], settings: dict[str, str], words: str
) -> None:
    """Exit 2, a message that says what happened and what to do, nothing on stdout, no traceback."""
    answer = ltv(*arguments, **settings)
    assert answer.code == 2, answer
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_debug_shows_the_traceback_wherever_it_stands(ltv: CommandLine) -> None:
    """--debug may follow the command that failed."""
    answer = ltv("ingest", "customers", "nowhere.csv", "--debug")
    assert "does not exist" in answer.err


def test_query_reads_the_snapshot_and_no_file(ltv: CommandLine, customers: Path) -> None:
    """Plain names of core, marts, quarantine and loads; nothing outside the snapshot."""
    ltv("ingest", "customers", customers)
    assert ltv("run").code == 0
    rows = json.loads(ltv("query", "SELECT customer_id FROM customers", "--format", "json").out)
    assert rows == [{"customer_id": "a"}]
    denied = ltv("query", f"SELECT * FROM read_csv('{customers}')")
    assert denied.code == 2
    assert "Traceback" not in denied.err


def test_landing_is_loaded_by_run_and_moved_away(ltv: CommandLine, customers: Path) -> None:
    """Files in landing/<table>/ are loaded by `ltv run` and move to loaded/<load_id>/."""
    folder = ltv.home / "landing" / "customers"
    folder.mkdir(parents=True)
    customers.rename(folder / "customers.csv")
    answer = ltv("run")
    assert answer.code == 0, answer.err
    assert list(folder.iterdir()) == []
    [loaded] = (ltv.home / "loaded").rglob("customers.csv")
    assert len(loaded.parent.name) == 64
    assert "as of 2025-12-01" in answer.err


def test_a_late_event_restates_its_cohort_only(ltv: CommandLine, tmp_path: Path) -> None:
    """A second load makes stale what it touches; the published figure follows."""
    people = tmp_path / "customers.csv"
    people.write_text(CUSTOMERS + "a,2025-12-01 10:00:00,c1,US\nb,2025-12-10 10:00:00,c1,US\n")
    sales = "transaction_id,customer_id,transaction_date,amount\n"
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(sales + "t1,a,2025-12-02 10:00:00,10\nt2,b,2025-12-30 10:00:00,5\n")
    second.write_text(sales + "t3,a,2025-12-08 09:59:59,2.5\nt4,a,2025-12-08 10:00:00,100\n")
    ltv("ingest", "customers", people)
    ltv("ingest", "transactions", first)
    assert ltv("run").code == 0
    ltv("ingest", "transactions", second)
    assert ltv("run").code == 0
    answer = ltv(
        "query",
        "SELECT install_date, revenue_d7 FROM campaign_ltv ORDER BY 1",
        "--format",
        "csv",
    )
    assert answer.out.splitlines()[1:] == ["2025-12-01,12.500000", "2025-12-10,0.000000"]


def test_a_wrong_file_in_landing_holds_nothing_back(ltv: CommandLine, customers: Path) -> None:
    """It is reported and stays; what was loaded is built and published, and the exit is 2."""
    folder = ltv.home / "landing" / "customers"
    folder.mkdir(parents=True)
    (folder / "wrong.csv").write_text("name\nx\n")
    ltv("ingest", "customers", customers)
    answer = ltv("run")
    assert answer.code == 2
    assert answer.err.count("lacks customer_id") == 1
    assert [path.name for path in folder.iterdir()] == ["wrong.csv"]
    rows = ltv("query", "SELECT customer_id FROM customers", "--format", "csv")
    assert rows.out.splitlines() == ["customer_id", "a"]


#: ``ltv``, also below a shell's background job, which hands down that Ctrl-C is ignored.
_HEEDS_INTERRUPTS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from ltv_platform.cli import main
main()
"""


def test_interrupt_says_so(ltv: CommandLine, customers: Path) -> None:
    """Ctrl-C while another process holds the warehouse: a message and exit 130."""
    ltv("ingest", "customers", customers)
    environment = ltv.environment() | {"LTV_LOCK_TIMEOUT": "1800"}
    with duckdb.connect(str(ltv.home / "warehouse.duckdb")):
        process = subprocess.Popen(
            [sys.executable, "-c", _HEEDS_INTERRUPTS, "run"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        # From then on it is past its imports and waits for the warehouse, or soon will.
        run_lock = ltv.home / "run.lock"
        while not (run_lock.exists() and run_lock.read_text()) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=1_800)
    assert process.returncode == 130
    assert "Interrupted." in errors
    assert "Traceback" not in errors


def test_mostly_rejected_files_say_why(ltv: CommandLine, tmp_path: Path) -> None:
    """A file that enters with few rows, or restates spend in part, is not passed over."""
    file = tmp_path / "spend.csv"
    file.write_text("campaign_id,date,cost\nc1,2025-12-02,abc\nc1,2025-12-02,x\nc1,2025-12-02,5\n")
    answer = ltv("ingest", "campaign_costs", file)
    assert answer.code == 0
    assert "replaces every (spend_source, campaign_id, date)" in answer.err
    assert "2 of the 3 rows of spend.csv were rejected" in answer.err
    assert "cost: 'abc' is not a number" in answer.err


def test_demo_refuses_to_mix_with_other_data(ltv: CommandLine, customers: Path) -> None:
    """The sample's figures never mix with a user's own."""
    ltv("ingest", "customers", customers)
    answer = ltv.afresh("demo")
    assert answer.code == 2
    assert "already contains other data" in answer.err


def test_demo_refuses_a_clock_before_the_sample(ltv: CommandLine) -> None:
    """Else every row of the sample would be quarantined, and the tables be empty."""
    answer = ltv("demo")
    assert answer.code == 2
    assert "ends on 2026-11-29, and the clock says 2026-01-15" in answer.err
    assert "LTV_NOW=2026-11-29T23:59:59Z ltv demo" in answer.err


def test_doctor_lists_every_setting(ltv: CommandLine) -> None:
    """Effective settings, versions, free disk, and what is missing."""
    moves = '{"closer": {"direction": "any_session", "redistribution_channel_labels": ["Mail"]}}'
    answer = ltv.afresh("doctor", horizons="7,30", ihc_redistribution=moves)
    assert answer.code == 0
    assert '{"closer": {"direction": "any_session"' in answer.out
    assert "PhaseRedistribution" not in answer.out
    assert "LTV_HORIZONS" in answer.out
    assert "7,30" in answer.out
    assert "free disk" in answer.out
    assert "Nothing is loaded yet" in answer.err


def test_lineage_goes_from_a_figure_to_the_files_and_back(ltv: CommandLine) -> None:
    """README, `ltv lineage`: a tree, before anything is loaded, under the settings at hand."""
    tree = ltv.afresh("lineage", "campaign_roas.roas_d45", horizons="1,7,45")
    assert tree.code == 0
    assert tree.out.startswith("marts.campaign_roas.roas_d45  revenue_d45 / spend;")
    assert "└─ raw.fx_rates.rate" in tree.out
    columns = ltv("lineage", "channel_reporting", "--format", "json")
    assert {
        "column": "marts.channel_reporting.ROAS",
        "computed from": "marts.channel_reporting.cost",
    } in (json.loads(columns.out))
    uses = ltv("lineage", "raw.session_costs.cost", "--uses", "--format", "csv")
    assert "raw.session_costs.cost,marts.channel_reporting.ROAS\n" in uses.out
    leaf = ltv("lineage", "raw.fx_rates.rate")
    assert leaf.out == "raw.fx_rates.rate  Units of base currency per unit of currency.\n"
    assert "--uses" in leaf.err
