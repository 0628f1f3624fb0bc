"""A fresh LTV_HOME and the command line; every answer is checked for what must always hold.

Refused: exit 2, a message with a hint, no traceback, no row in any table, no draft left behind,
and the file as it was. Loaded: exit 0, and the rows of the file add up.
"""

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.cli import main
from ltv_platform.warehouse.engine import LoadCounts
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import Answer
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.loader import assert_adds_up

#: A message that does not fit a screen helps nobody.
LONGEST_MESSAGE = 1_500


class Desk:
    """Where a case works.

    Args:
        folder: An empty folder.
        settings: Settings of the platform.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.home = Home(folder / "home", **settings)
        self.landing = self.home.settings.landing_path
        # Tables depend on the horizons, so both must have the same.
        horizons = ",".join(map(str, self.home.settings.horizons))
        given = {name: str(value) for name, value in settings.items()}
        self.environment = CommandLine(
            folder / "home", {"horizons": horizons, **given}
        ).environment()

    def write(self, name: str, content: str | bytes) -> Path:
        """A file with that content, its line ends as given."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def adapter(self, select: str, table: str = "campaigns", name: str = "mine") -> Path:
        """An adapter of the user's own."""
        return self.write(f"{name}.sql", f"-- table: {table}\n{select}\n")

    def ltv(self, *arguments: str | Path) -> Answer:
        """Run a command in this process."""
        out, errors = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr("sys.argv", ["ltv", *map(str, arguments)])
            umask = os.umask(0o022)  # a command changes that of its process
            try:
                with pytest.raises(SystemExit) as ended:
                    main()
            finally:
                os.umask(umask)
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 1, out.getvalue(), errors.getvalue())

    def ingest(self, table: str = "", *files: Path, adapter: Path | str | None = None) -> str:
        """``ltv ingest``, in the words of :meth:`seen`; without files what waits in landing."""
        named: list[str | Path] = [table, *files] if files else []
        through = ["--adapter", adapter] if adapter is not None else []
        return self.seen("ingest", *named, *through)

    def text(self, table: str, content: str | bytes, name: str = "") -> str:
        """Ingest a file with that content, ``<table>.csv`` by default."""
        return self.ingest(table, self.write(name or f"{table}.csv", content))

    def seen(self, *arguments: str | Path) -> str:
        """What became of a load in one line: the refusal, or the counts with their reasons."""
        before = self.state()
        answer = self.ltv(*arguments)
        self.check(answer)
        # A file without any accepted row is loaded, but that is not a success.
        if answer.code != 0 and " was accepted." not in answer.err:
            after = self.state()
            assert after == before, f"half-loaded: {after} instead of {before}"
            return f"exit {answer.code}: {self.message(answer)}"
        loads = self.home.engine.rows("SELECT * FROM raw.loads ORDER BY rowid")[before["loads"] :]
        if not loads:
            return answer.err.splitlines()[0]
        counts = [LoadCounts(*load) for load in loads]
        nothing = [c for c in counts if not c.rows_accepted and not c.rows_repeated]
        assert (answer.code == 2) == any(c.rows_quarantined for c in nothing), answer
        return "; ".join(map(self._counted, counts))

    def check(self, answer: Answer) -> None:
        """What holds for every answer."""
        assert "Traceback" not in answer.err, answer.err
        assert "defect" not in answer.err, answer.err
        assert len(answer.err) < LONGEST_MESSAGE, f"a message of {len(answer.err)} characters"
        drafts = [path.name for path in self.home.settings.home.glob("staging_*")]
        assert drafts == [], f"left behind: {drafts}"

    def message(self, answer: Answer) -> str:
        """What the first error says; the hint must follow."""
        message, _, hint = answer.err.partition("Error: ")[2].partition("\n")
        assert hint.strip(), f"no hint: {answer.err}"
        return message.replace(f"{self.folder}/", "")

    def state(self) -> dict[str, int]:
        """Rows of every table of the log."""
        tables = [table.name for table in self.home.graph.catalog if table.layer == "raw"]
        counts = ", ".join(f"(SELECT COUNT(*) FROM raw.{name})" for name in tables)
        return dict(zip(tables, self.home.engine.rows(f"SELECT {counts}")[0], strict=True))

    def values(self, sql: str) -> str:
        """The rows of a query on the warehouse, on one line."""
        rows = self.home.engine.rows(sql)
        return ", ".join(" ".join(str(value) for value in row) for row in rows)

    def _counted(self, counts: LoadCounts) -> str:
        assert_adds_up(counts)
        parts = {
            "skipped": counts.rows_skipped,
            "accepted": counts.rows_accepted,
            "quarantined": counts.rows_quarantined,
            "repeated": counts.rows_repeated,
        }
        shown = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
        reasons = self.home.engine.rows(
            "SELECT line, array_to_string(reasons, '; ') FROM raw.quarantine "
            "WHERE load_id = $load_id ORDER BY line",
            {"load_id": counts.load_id},
        )
        kept = f" ({', '.join(f'{line}: {why}' for line, why in reasons)})" if reasons else ""
        return f"{counts.rows_in_file:,} in file: {shown or 'nothing'}{kept}"
