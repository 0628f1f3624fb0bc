"""Whole commands against a plain loop over the same tables: the overhead counts too."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import ContenderError, Stopwatch, tell
from ltv_platform.bundled import bundled_data
from ltv_platform.workspace import Workspace

#: The last day of the bundled sample, which the new day brings.
LAST_DAY = "2026-11-29"
#: Per source, the column that dates its rows.
_DATED = {
    "customers": "registration_date",
    "transactions": "transaction_date",
    "customer_interactions": "interaction_date",
    "session_sources": "event_date",
    "conversions": "conv_date",
    "campaign_costs": "date",
}
LTV = ("-m", "ltv_platform.cli")
_LOOP = ("-m", "benchmarks.contenders.plain_loop")


def command(home: str, *arguments: str, **variables: str) -> None:
    """Run a command of Python's on a home; ContenderError, with what it said, if it fails."""
    environment = {**os.environ, "LTV_HOME": home, **variables}
    line = [sys.executable, *arguments]
    done = subprocess.run(line, env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ContenderError(f"{' '.join(arguments)}: {done.stderr[-2000:]}")


def _write(home: Path, *, new_day: bool) -> None:
    """The bundled sample into landing: all days but the last, or the last alone."""
    sample = Path(str(bundled_data())) / "sample"
    for path in sorted(sample.glob("*.csv")):
        table = path.stem
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        place = header.index(_DATED[table]) if table in _DATED else None
        if place is not None:
            rows = [row for row in rows if _is_last(row, place) == new_day]
        elif new_day:
            continue
        folder = home / "landing" / table
        folder.mkdir(parents=True, exist_ok=True)
        name = "new_day" if new_day else "days"
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _is_last(row: list[str], place: int) -> bool:
    return len(row) > place and row[place].startswith(LAST_DAY)


def prepare(watch: Stopwatch, home: str, start: str = "") -> Mapping[str, Any]:
    """Load all days but the last; then a copy that is built and has the last day loaded."""
    variables = {"LTV_START_DATE": start} if start else {}
    _write(Path(home), new_day=False)
    command(home, *LTV, "ingest", **variables)
    built = f"{home}_built"
    shutil.copytree(home, built)
    with watch.step("build"):
        command(built, *LTV, "run", **variables)
    shutil.copytree(built, f"{home}_fresh")
    _write(Path(built), new_day=True)
    command(built, *LTV, "ingest", **variables)
    return {}


def run(watch: Stopwatch, template: str, home: str, how: str, start: str = "") -> Mapping[str, Any]:
    """Bring a copy of a home up to date, by the plain loop or by ``ltv run``."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    before = _history(home), _newest(home, start)
    with watch.step(how):
        command(
            home,
            *(_LOOP if how == "plain loop" else (*LTV, "run")),
            **({"LTV_START_DATE": start} if start else {}),
        )
    facts = {
        "history_bytes": _history(home) - before[0],
        "partitions": _rewritten(home, before[1], start),
    }
    shutil.rmtree(home)
    return facts


def nothing(watch: Stopwatch, home: str) -> Mapping[str, Any]:
    """A run with nothing to do, against the imports that any such command needs."""
    with watch.step("imports"):
        command(home, "-c", "import duckdb, pydantic_settings")
    with watch.step("nothing stale"):
        command(home, *LTV, "run")
    return {}


def refreshes(watch: Stopwatch, template: str, home: str, count: int) -> Mapping[str, Any]:
    """Refreshes in a row, each after one event more; it says how far it is, for it takes long."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    sizes = [_history(home)]
    for number in range(1, count + 1):
        folder = Path(home) / "landing" / "transactions"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.csv").write_text(
            "transaction_id,customer_id,transaction_date,amount,currency,is_refund\n"
            f"hourly{number},c00000010,{LAST_DAY} {number % 24:02}:00:00,1.00,,0\n",
            "utf-8",
        )
        step = f"refresh {number}"
        with watch.step(step):
            command(home, *LTV, "run")
        sizes.append(_history(home))
        if number % 10 == 0:
            cpu, history = watch.cpu_steps[step], sizes[-1] / 1e6
            tell(f"{step}: {cpu:.1f} s of CPU, history of {history:.1f} MB")
    shutil.rmtree(home)
    return {"history_bytes": sizes}


def _history(home: str) -> int:
    folder = Path(home) / "dagster"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _workspace(home: str, start: str) -> Workspace:
    os.environ["LTV_HOME"] = home
    if start:
        os.environ["LTV_START_DATE"] = start
    return Workspace.open()


def _newest(home: str, start: str) -> int:
    return _workspace(home, start).engine.state().newest


def _rewritten(home: str, before: int, start: str) -> int:
    state = _workspace(home, start).engine.state()
    return sum(
        built.seq > before
        for table, days in state.built.items()
        if table.startswith(("core.", "marts."))
        for day, built in days.items()
        if day is not None
    )
