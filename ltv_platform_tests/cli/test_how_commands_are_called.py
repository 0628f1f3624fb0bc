"""What people expect of any command line: its version, help, formats, completion, pipes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from ltv_platform import __version__
from ltv_platform.cli import app
from ltv_platform_tests.testing.command_line import CommandLine

#: They start something, write files or send; what they did is said on stderr.
_NO_ANSWER = {"demo", "run", "ui", "up", "sample", "backup", "restore", "ihc-simulator"}
_NO_ANSWER |= {"quarantine dismiss", "quarantine replay", "attribution retry", "alerts test"}
_NO_ANSWER |= {"mcp", "serve", "token create", "token revoke"}


def _commands(command: object = None, name: str = "") -> Iterator[tuple[str, TyperCommand]]:
    command = command or get_command(app)
    if isinstance(command, TyperGroup):
        for below, each in command.commands.items():
            yield from _commands(each, f"{name} {below}".strip())
    else:
        assert isinstance(command, TyperCommand)
        yield name, command


def test_every_command_that_answers_has_a_format() -> None:
    """With a text that says what it is; the others answer nothing."""
    formats = {
        name: [
            option.help
            for option in command.params
            if isinstance(option, TyperOption) and "--format" in option.opts
        ]
        for name, command in _commands()
    }
    assert {name for name, found in formats.items() if not found} == _NO_ANSWER
    assert all(text for found in formats.values() for text in found)


def test_every_option_says_what_it_is(ltv: CommandLine) -> None:
    """In --help; flags take no value, and show none."""
    for name, command in _commands():
        for parameter in command.params:
            assert getattr(parameter, "help", ""), (name, parameter.name)
    for words in ((), ("run",), ("erase",), ("forecast", "backtest")):
        shown = ltv(*words, "--help").out
        assert "<bool>" not in shown
        assert "--help" in shown


def test_the_version_and_the_module(ltv: CommandLine) -> None:
    """``ltv --version``, and ``python -m ltv_platform`` is ``ltv``."""
    assert ltv("--version").out == f"ltv {__version__}\n"
    finished = subprocess.run(
        [sys.executable, "-m", "ltv_platform", "--version"],
        env=ltv.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == f"ltv {__version__}\n"


def test_a_shell_completes_it(ltv: CommandLine) -> None:
    """``ltv --install-completion`` writes what ``--show-completion`` shows."""
    script = "import sys; sys.argv[0] = 'ltv'; from ltv_platform.cli import main; main()"
    for asked, expected in (
        ({"_LTV_COMPLETE": "complete_bash", "COMP_WORDS": "ltv rep", "COMP_CWORD": "1"}, "report"),
        ({"_LTV_COMPLETE": "source_bash"}, "complete -o default -F _ltv_completion ltv"),
    ):
        finished = subprocess.run(
            [sys.executable, "-c", script],
            env=ltv.environment() | asked,
            capture_output=True,
            text=True,
            check=False,
        )
        assert expected in finished.stdout


@pytest.fixture(scope="module")
def published(fresh_homes: Callable[[], CommandLine]) -> CommandLine:
    """A home with one customer."""
    ltv = fresh_homes()
    file = ltv.home.parent / "customers.csv"
    file.write_text("customer_id,registration_date\na,2025-12-01\n")
    loaded = ltv("ingest", "customers", file, "--format", "json")
    [counts] = json.loads(loaded.out)
    assert (counts["file"], counts["accepted"]) == ("customers.csv", 1)
    assert ltv("run").code == 0
    return ltv


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["erase", "a", "--dry-run"],
        ["export", "--sqlite", "out.db", "--overwrite"],
        ["ingest"],
        ["tables"],
        ["quarantine", "list"],
    ],
)
def test_json_is_a_list_of_objects(published: CommandLine, arguments: list[str]) -> None:
    """And stdout contains nothing else."""
    answer = published(*arguments, "--format", "json")
    assert answer.code == 0, answer.err
    assert isinstance(json.loads(answer.out), list)


@pytest.mark.parametrize("output", ["table", "csv", "json"])
def test_a_closed_pipe_is_no_error(published: CommandLine, output: str) -> None:
    """``ltv query … | head -1``: what is not read is not missed."""
    sql = "SELECT range AS n FROM range(200000)"
    with subprocess.Popen(
        [sys.executable, "-m", "ltv_platform", "query", sql, "--format", output],
        env=published.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


def test_a_full_disk_behind_a_redirection_is_one(published: CommandLine) -> None:
    """Not every fault of stdout is a closed pipe."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with full.open("w") as out:
        finished = subprocess.run(
            [sys.executable, "-m", "ltv_platform", "query", "SELECT 1"],
            env=published.environment(),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert finished.returncode == 2
    assert "No space left" in finished.stderr


def test_windows_is_refused_in_one_sentence() -> None:
    """README, Start: not an ImportError of what Python lacks there."""
    started = (
        "import sys\n"
        "sys.modules['fcntl'] = sys.modules['resource'] = None\n"
        "from ltv_platform.cli import main\n"
        "sys.platform = 'win32'\n"
        "main()\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", started], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert finished.stderr == (
        "Error: ltv-platform does not run on Windows itself.\n"
        "Install it in WSL: https://learn.microsoft.com/windows/wsl/install\n"
    )
