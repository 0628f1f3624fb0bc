"""The command line ``ltv``: thin commands over the packages that do the work.

``ingesting`` loads files, ``data`` handles the sample and quarantine, ``running`` builds and starts
things, ``reading`` shows and exports figures, ``lineage`` says where they come from, ``backups``,
``erasing`` and ``alerts`` do what their names say, ``serving`` starts the HTTP server and keeps its
tokens, ``metrics`` asks the catalogue of metrics, ``doctor`` says what is wrong. All of them print
through ``console``, ``tables`` and ``texts``. Stdout carries only the answer; progress and messages
go to stderr. Exit code 0: success; 2: something the user can fix; 1: a bug.
"""

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperOption

import ltv_platform
from ltv_platform.cli import (
    alerts,
    attribution,
    backups,
    data,
    doctor,
    erasing,
    forecast,
    ingesting,
    lineage,
    metrics,
    reading,
    running,
    serving,
)
from ltv_platform.cli.console import answer, say
from ltv_platform.errors import UserError

#: Locks that end with their process, and limits of processes, are those of POSIX.
_WINDOWS = (
    "Error: ltv-platform does not run on Windows itself.\n"
    "Install it in WSL: https://learn.microsoft.com/windows/wsl/install"
)
#: The exit code of shells for a process ended by Ctrl-C.
_INTERRUPTED = 130

_display_type = TyperOption.display_type_rich


def _type_of(option: TyperOption, ctx: Any) -> str | None:
    """The type of an option in --help; none for a flag, for which Typer shows <bool>."""
    return None if option.is_flag else _display_type(option, ctx)


TyperOption.display_type_rich = _type_of  # type: ignore[method-assign, assignment]

app = typer.Typer(
    name="ltv",
    help="Find out what your customers are worth and which campaigns pay back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
running.register(app)
ingesting.register(app)
data.register(app)
reading.register(app)
doctor.register(app)
lineage.register(app)
attribution.register(app)
forecast.register(app)
alerts.register(app)
backups.register(app)
erasing.register(app)
serving.register(app)
metrics.register(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        answer(f"ltv {ltv_platform.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_say_version, is_eager=True
    ),
) -> None:
    """Options of all commands; ``main`` looks for --debug itself."""


def main() -> None:
    """Run a command and turn errors into messages and exit codes."""
    if sys.platform == "win32":
        say(_WINDOWS)
        sys.exit(2)
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    # At any position: people append it to the command that failed.
    arguments = [*(["--debug"] if debug else []), *(a for a in arguments if a != "--debug")]
    try:
        app(arguments, prog_name="ltv")
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:  # by typer on Ctrl-C
            _say_interrupted()
        raise
    except UserError as error:
        if debug:
            raise
        say(f"Error: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        _say_interrupted()
    except OSError as error:
        if debug:
            raise
        say(f"Error: {error}\nCheck that the disk has free space and that LTV_HOME is writable.")
        sys.exit(2)
    except Exception as error:
        if debug:
            raise
        from ltv_platform.warehouse.error_texts import is_interrupt, is_out_of_memory

        if is_interrupt(error):
            _say_interrupted()
        if is_out_of_memory(error):
            say(
                f"Error: the engine ran out of memory or disk ({str(error).splitlines()[0]}).\n"
                "LTV_MEMORY_LIMIT gives it more memory. Uncommitted work was rolled back."
            )
            sys.exit(2)
        say(
            f"Error: {type(error).__name__}: {error}\n"
            "This is a bug in ltv-platform; --debug shows where it happened."
        )
        sys.exit(1)


def _say_interrupted() -> NoReturn:
    say("Interrupted. Committed work is kept; run the command again to continue.")
    sys.exit(_INTERRUPTED)
