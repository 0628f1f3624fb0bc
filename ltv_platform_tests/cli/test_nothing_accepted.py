"""A load that accepted nothing is not a success, and updates no figures."""

from pathlib import Path

import pytest

from ltv_platform_tests.testing.command_line import CommandLine

_HEADER = "customer_id,registration_date\n"
_UP_TO_DATE = "brings the figures up to date"


def test_a_file_of_which_nothing_is_accepted_exits_2(ltv: CommandLine, tmp_path: Path) -> None:
    """It ended as a success and asked for a run; so it is also where another file is loaded."""
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text(f"{_HEADER}a,2025-13-01\n,2025-12-01\n")
    good.write_text(f"{_HEADER}a,2025-12-01\n")
    answer = ltv("ingest", "customers", bad)
    assert answer.code == 2
    assert "Error: No row of bad.csv was accepted.\n2 rows are in quarantine" in answer.err
    assert _UP_TO_DATE not in answer.err
    answer = ltv("ingest", "customers", good, bad.rename(tmp_path / "worse.csv"))
    assert answer.code == 0  # good.csv is loaded, the other was loaded before
    bad = tmp_path / "another.csv"
    bad.write_text(f"{_HEADER}b,2025-13-01\n")
    more = tmp_path / "more.csv"
    more.write_text(f"{_HEADER}c,2025-12-01\n")
    answer = ltv("ingest", "customers", more, bad)
    assert answer.code == 2
    assert "No row of another.csv was accepted" in answer.err
    assert _UP_TO_DATE in answer.err


@pytest.mark.parametrize("content", [f"{_HEADER}a,2025-12-01\n", f"{_HEADER}a,2025-12-01\n\n"])
def test_what_is_known_is_a_success(ltv: CommandLine, tmp_path: Path, content: str) -> None:
    """The same file again, or the same rows in another: nothing to bring up to date."""
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    first.write_text(f"{_HEADER}a,2025-12-01\n")
    again.write_text(content)
    assert _UP_TO_DATE in ltv("ingest", "customers", first).err
    answer = ltv("ingest", "customers", again)
    assert answer.code == 0
    assert _UP_TO_DATE not in answer.err


def test_a_file_without_rows_is_a_success(ltv: CommandLine, tmp_path: Path) -> None:
    """A day without refunds is not an error."""
    empty = tmp_path / "empty.csv"
    empty.write_text(_HEADER)
    answer = ltv("ingest", "customers", empty)
    assert answer.code == 0
    assert _UP_TO_DATE not in answer.err


def test_a_run_says_so_too_and_publishes_the_rest(ltv: CommandLine) -> None:
    """Landing has a file of which nothing is accepted, and another one."""
    folder = ltv.home / "landing" / "customers"
    folder.mkdir(parents=True)
    (folder / "bad.csv").write_text(f"{_HEADER}a,2025-13-01\n")
    (folder / "good.csv").write_text(f"{_HEADER}b,2025-12-01\n")
    answer = ltv("run")
    assert answer.code == 2
    assert "No row of bad.csv was accepted" in answer.err
    assert "Published snapshot" in answer.err
    assert ltv("run").code == 0
