"""Prints every case with what was expected and seen; exits 1 if any differs."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ltv_platform_tests.proofs.cases import Case
from ltv_platform_tests.proofs.registry import CASES


def _seen(case: Case) -> str:
    with tempfile.TemporaryDirectory(prefix="ltv_proof_") as folder:
        try:
            return case.act(Path(folder))
        except Exception as error:  # the table goes on, and this row is red
            return f"{type(error).__name__}: {error}"


def main(words: list[str]) -> int:
    """Run the cases whose group or title contains one of the words; without words, all.

    Returns:
        0 when all hold, else 1.
    """
    console = Console(width=None if sys.stdout.isatty() else 200)
    chosen = [
        case
        for case in CASES
        if not words or any(word in f"{case.group}: {case.done}" for word in words)
    ]
    table = Table("", "what was done", "expected", "seen", show_lines=True)
    group, held = "", 0
    for case in track(chosen, "proving", console=Console(stderr=True), transient=True):
        seen = _seen(case)
        holds = seen == case.expected
        held += holds
        if case.group != group:
            group = case.group
            table.add_section()
            table.add_row("", f"[bold]{group}[/bold]")
        table.add_row(
            "[green]✓[/green]" if holds else "[red]✗[/red]", case.done, case.expected, seen
        )
    console.print(table)
    console.print(f"{held} of {len(chosen)} hold.")
    return 0 if held == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
