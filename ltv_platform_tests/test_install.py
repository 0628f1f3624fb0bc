"""What `make run` does before `ltv` exists: install.sh, and the lock file that it installs from."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from ltv_platform_tests.testing import ROOT

_LOCK = (ROOT / "constraints.txt").read_text("utf-8")

#: Stands in for uv: notes how it was called, says what uv says, ends as it is told, or ends
#: install.sh.
_UV = """#!/bin/sh
echo "$@" >> "$CALLS"
echo "index: ${UV_DEFAULT_INDEX:-none}" >> "$CALLS"
echo "Resolved 2 packages"
echo " + duckdb==2.0.0"
echo "$UV_SAYS" >&2
[ -z "$UV_KILLS" ] || kill -9 $PPID
exit "${UV_ENDS:-0}"
"""


class Checkout:
    """A checkout with nothing installed, and a uv on the PATH that installs nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.venv = self.folder / ".venv"
        self._calls = folder / "calls"
        self._home = folder / "home"
        self._bin = folder / "bin"
        for made in (self.folder, self._home, self._bin):
            made.mkdir()
        for name in ("install.sh", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.folder)
        uv = self._bin / "uv"
        uv.write_text(_UV)
        uv.chmod(0o755)

    def install(
        self, *extras: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run install.sh; `environment` holds all settings of uv and pip."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "XDG_"))}
        return subprocess.run(
            [self.folder / "install.sh", *extras],
            env={
                **kept,
                "PATH": f"{self._bin}:{os.environ['PATH']}",
                "HOME": str(self._home),
                "PYTHON": sys.executable,
                "CALLS": str(self._calls),
                # Settings of its own, so that pip, which is slow, is not asked for its.
                "UV_CONFIG_FILE": os.devnull,
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """The calls of uv since the last look, and their index."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in its own folder."""
    return Checkout(tmp_path)


def test_each_extra_is_installed_once_and_by_the_lock(checkout: Checkout) -> None:
    """CONTRIBUTING, Installing: what is there is left as it is; a changed lock installs again."""
    assert checkout.install().returncode == 0
    (call, _) = checkout.calls()
    assert "--constraint constraints.txt --build-constraint constraints.txt" in call
    assert call.endswith("--editable .")

    assert checkout.install().stdout == ""
    assert checkout.calls() == []

    checkout.install("dev")
    assert checkout.calls()[0].endswith("--editable .[dev]")
    checkout.install("dev")
    checkout.install()
    assert checkout.calls() == []

    with (checkout.folder / "constraints.txt").open("a") as lock:
        lock.write("# newer\n")
    checkout.install()
    checkout.install("dev")
    assert len(checkout.calls()) == 4


def test_progress_is_shown_without_the_names_of_all_packages(checkout: Checkout) -> None:
    """Eighty names before the first figure are noise; a silent terminal looks hung."""
    shown = checkout.install().stdout
    assert "Creating .venv with Python 3." in shown
    assert "Resolved 2 packages" in shown
    assert "duckdb==2.0.0" not in shown


@pytest.mark.parametrize("damage", ["killed", "no Python"])
def test_a_damaged_environment_is_made_anew(checkout: Checkout, damage: str) -> None:
    """Guards against an interrupted first run, after which each run failed for a missing file."""
    checkout.install()
    left = checkout.venv / "left"
    left.touch()
    if damage == "killed":
        assert checkout.install("dev", environment={"UV_KILLS": "yes"}).returncode == -9
    else:
        for python in (checkout.venv / "bin").glob("python*"):
            python.unlink()
    checkout.calls()
    assert checkout.install().returncode == 0
    assert not left.exists()
    assert len(checkout.calls()) == 2
    assert checkout.install().stdout == ""


def test_a_checkout_that_moved_is_installed_again(checkout: Checkout) -> None:
    """The commands in .venv name the folder in which they were installed."""
    checkout.install()
    checkout.calls()
    moved = checkout.folder.with_name("moved")
    checkout.folder.rename(moved)
    checkout.folder = moved
    checkout.install()
    assert len(checkout.calls()) == 2


def test_a_python_that_is_too_old_or_missing_is_said(checkout: Checkout, tmp_path: Path) -> None:
    """README, Start: Python 3.11 or newer."""
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.13\nexit 1\n')
    old.chmod(0o755)
    for python, what in ((str(old), "Python 3.10.13"), ("python3.99", "There is no python3.99")):
        ended = checkout.install(environment={"PYTHON": python})
        assert ended.returncode == 2
        assert what in ended.stderr
        assert "make PYTHON=python3.12 run" in ended.stderr
    assert not checkout.venv.exists()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("error: Failed to fetch: https://example.org/simple/duckdb/", "UV_DEFAULT_INDEX"),
        ("error: Hash mismatch for `duckdb==2.0.0`", "does not match its hash in constraints.txt"),
        ("error: No space left on device", "make clean"),
    ],
)
def test_a_failure_says_what_to_do(checkout: Checkout, said: str, answer: str) -> None:
    """What happened is said by uv, what next below it; the next run installs."""
    ended = checkout.install(environment={"UV_SAYS": said, "UV_ENDS": "2"})
    assert ended.returncode == 2
    assert said in ended.stdout
    assert answer in ended.stderr
    assert checkout.install().returncode == 0


def test_a_mirror_that_pip_knows_is_told_to_uv(checkout: Checkout, tmp_path: Path) -> None:
    """CONTRIBUTING, Installing: pip's index is used; uv's own settings come first."""
    configured = tmp_path / "pip.conf"
    configured.write_text("[global]\nindex-url = https://a.example/simple\n")
    told = {
        "https://a.example/simple": {"PIP_CONFIG_FILE": str(configured)},
        "https://b.example/simple": {
            "PIP_CONFIG_FILE": str(configured),
            "PIP_INDEX_URL": "https://b.example/simple",
        },
        "https://c.example/simple": {
            "PIP_INDEX_URL": "https://b.example/simple",
            "UV_DEFAULT_INDEX": "https://c.example/simple",
        },
    }
    # The Python that somebody has, which brings pip along; that of .venv has none.
    python = str(Path(sys.base_prefix, "bin", "python3"))
    if subprocess.run(
        [python, "-m", "pip", "--version"], capture_output=True, check=False
    ).returncode:
        pytest.skip(f"{python} has no pip whose settings could be read")
    for number, (index, environment) in enumerate(told.items()):
        own = {"UV_CONFIG_FILE": "", "PYTHON": python, **environment}
        checkout.install(f"extra{number}", environment=own)
        assert checkout.calls()[1] == f"index: {index}"


def test_the_lock_has_hashes_and_names_no_host() -> None:
    """The source of packages is up to the person who installs, and not part of the lock."""
    assert "://" not in _LOCK
    for pinned in re.split(r"\n(?=\S)", _LOCK):
        if not pinned.startswith("#"):
            assert re.match(r"[a-z0-9-]+==\S+ .*\\\n    --hash=sha256:[0-9a-f]{64}", pinned), pinned


def test_the_lock_holds_all_that_is_asked_for() -> None:
    """`make lock` was not forgotten: each name in pyproject.toml is pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *project["dependency-groups"]["install"],
    ]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", _LOCK, re.MULTILINE))
    names = [re.match(r"[\w-]+", name) for name in asked]
    assert {name.group().lower() for name in names if name} <= pinned
