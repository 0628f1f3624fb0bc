"""LTV_HOME holds personal data: only its owner, and a group chosen for it, have access."""

import os
import stat
from pathlib import Path

import pytest

from ltv_platform_tests.testing.command_line import CommandLine


def _modes(home: Path) -> dict[str, int]:
    return {
        str(path.relative_to(home)): stat.S_IMODE(path.lstat().st_mode)
        for path in (home, *home.rglob("*"))
        if not path.is_symlink()
    }


def _filled(ltv: CommandLine) -> dict[str, int]:
    folder = ltv.home / "landing" / "customers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "customers.csv").write_text("customer_id,registration_date\na,2025-12-01\nb,x\n")
    before = {"landing", "landing/customers", "landing/customers/customers.csv"}
    assert ltv("run").code == 0
    assert ltv("report").code == 0
    dropped = {path for path in _modes(ltv.home) if path.startswith("loaded/")}
    files = [path for path in dropped if path.endswith("customers.csv")]
    assert files  # moved as it came: who dropped it said for whom it is
    return {p: m for p, m in _modes(ltv.home).items() if p not in before | set(files)}


def test_what_is_made_is_for_its_owner_alone(ltv: CommandLine) -> None:
    """0700 and 0600, with any umask."""
    answer = ltv("tables")
    assert answer.code == 2
    assert ltv("ingest").code == 0
    before = os.umask(0o022)
    try:
        modes = _filled(ltv)
    finally:
        os.umask(before)
    assert modes["."] == 0o700
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert modes["warehouse.duckdb"] == 0o600
    assert modes["published/latest.duckdb"] == 0o400


@pytest.mark.parametrize(("mode", "beyond"), [(0o750, 0o027), (0o770, 0o007), (0o755, 0o077)])
def test_a_home_that_was_made_for_a_group_is_for_it(
    ltv: CommandLine, mode: int, beyond: int
) -> None:
    """0755 is the default for folders, and says nothing about a group."""
    ltv.home.mkdir()
    ltv.home.chmod(mode)
    modes = _filled(ltv)
    assert modes.pop(".") == mode
    assert {path: oct(mode) for path, mode in modes.items() if mode & beyond} == {}
    if mode != 0o755:
        assert modes["warehouse.duckdb"] & 0o040


def test_exports_are_for_whom_the_umask_says(ltv: CommandLine, tmp_path: Path) -> None:
    """They leave LTV_HOME because others are to read them."""
    _filled(ltv)
    before = os.umask(0o022)
    try:
        tmp_path.chmod(0o755)
        for way, target in (("--csv", "out"), ("--parquet", "out2"), ("--sqlite", "x.db")):
            # A fresh process: others inherit the umask of their parent.
            assert ltv.afresh("export", way, tmp_path / target).code == 0
    finally:
        os.umask(before)
    made = [tmp_path / "x.db", *(tmp_path / "out").iterdir(), *(tmp_path / "out2").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o644}


def test_doctor_says_if_everybody_may_read_it(ltv: CommandLine) -> None:
    """A home of an earlier version."""
    _filled(ltv)
    assert "Every user of this machine" not in ltv("doctor").err
    ltv.home.chmod(0o755)
    (ltv.home / "warehouse.duckdb").chmod(0o644)
    assert "Every user of this machine can read" in ltv("doctor").err
