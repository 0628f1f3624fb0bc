"""Commands killed at random moments over a stream of files, and the comparison at the end."""

import faulthandler
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.locks import one_run
from ltv_platform.published import snapshot
from ltv_platform.refresh.build import build_table
from ltv_platform.warehouse import planner
from ltv_platform.workspace import Workspace
from ltv_platform_tests.chaos.stream import File, files
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, leftovers
from ltv_platform_tests.testing.forked import Answer, ForkedLtv, Running

#: What is started, with how often: loading, rebuilding and publishing without Dagster, all of it.
_OFTEN = {"ingest": 9, "refresh": 7, "run": 4}
#: How long each takes before the first of its kind has ended, in seconds.
_FIRST_GUESS = {"ingest": 0.5, "refresh": 1.0, "run": 3.0}
#: Share of kills after which the same command is run to its end.
_RETRIED = 0.3
#: A process that was told to show its stack does so within this many seconds.
_SHOWS_WITHIN = 0.005
#: Share of kills that may come before the command has begun.
_KILLED_AT_START = 0.05
_LOOKS_EVERY = 0.002

#: What a function is about; the innermost one on the stack names what was interrupted.
_PHASES = {
    "take_copy": "copying a file",
    "stage": "judging rows",
    "_settle_start": "settling the start",
    "append_load": "appending to the log",
    "_append": "committing a load",
    "_move_away": "moving files away",
    "temporary_folder": "making or removing folders",
    "_write": "writing a table",
    "plan": "planning",
    "_publish_table": "writing the snapshot",
    "prune": "pruning",
    "_publish": "switching the snapshot",
    "write_report": "writing the report",
    "_prepare": "preparing tables",
    "open_database": "opening or closing the warehouse",
    "execute": "in Dagster",
    "_find_and_load": "importing",
    "_command": "between steps",
}
_STARTING = "starting"


@dataclass
class Tally:
    """What happened.

    Attributes:
        kills: By command and what it interrupted, the number of kills.
        survived: Commands that ended before they were killed.
        retried: Kills after which the same command was run to its end.
        refused: Commands that ended otherwise than well, with their words; none must.
        outcome: What the comparison at the end says.
    """

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    survived: int = 0
    retried: int = 0
    refused: list[Answer] = field(default_factory=list)
    outcome: str = ""

    @property
    def killed(self) -> int:
        """All kills."""
        return sum(self.kills.values())


def chaos(folder: Path, seed: int, kills: int, tell: Callable[[str], None]) -> Tally:
    """Kill commands at random moments, then run one undisturbed and compare.

    Args:
        folder: Empty; two LTV_HOMEs are made in it.
        seed: Of the files, the commands and the moments. Where a moment falls depends on the
            machine, so the same seed interrupts other statements.
        kills: How many commands are killed.
        tell: Told of each phase.
    """
    random = Random(seed)
    stream = list(files(seed, max(24, 3 * kills // 2)))
    tell(f"{len(stream)} files of seed {seed}, loaded in one undisturbed run")
    undisturbed = folder / "undisturbed"
    for file in stream:
        file.drop(undisturbed)
    answer = ForkedLtv(undisturbed, SETTINGS)("run")
    assert answer.code == 0, answer
    tell(f"{kills} kills over the same files, a few at a time")
    tally = Tally()
    home = folder / "disturbed"
    waiting = iter(random.sample(stream, len(stream)))
    _kill(home, random, waiting, kills, tally)
    tell("what is left of the files, and an undisturbed run")
    for file in waiting:
        file.drop(home)
    last = ForkedLtv(home, SETTINGS)("run")
    if last.code != 0:
        tally.refused.append(last)
    left = leftovers(home)
    seen = difference(contents(home, ordered=False), contents(undisturbed, ordered=False))
    tally.outcome = f"{seen}, {'left over: ' + ', '.join(left) if left else 'nothing left over'}"
    return tally


def _kill(home: Path, random: Random, waiting: Iterator[File], kills: int, tally: Tally) -> None:
    stack = home.parent / "stack"
    command_line = ForkedLtv(home, SETTINGS, prepare=partial(_show_stack, stack))
    starters: dict[str, Callable[[], Running]] = {
        "ingest": partial(command_line.start, "ingest"),
        "refresh": replace(command_line, act=_refresh).start,
        "run": partial(command_line.start, "run"),
    }
    takes = dict(_FIRST_GUESS)
    while tally.killed < kills:
        for _ in range(random.randrange(3)):
            if file := next(waiting, None):
                file.drop(home)
        command = random.choices(list(_OFTEN), list(_OFTEN.values()))[0]
        stack.unlink(missing_ok=True)
        running = starters[command]()
        if random.random() >= _KILLED_AT_START:
            _wait_for_start(running, stack)
        started = time.monotonic()
        running.ends_within(random.uniform(0, takes[command]))
        _end(running, stack)
        answer = running.answer()
        if answer.code == -signal.SIGKILL:
            tally.kills[command, _phase(stack)] += 1
            if random.random() < _RETRIED:
                tally.retried += 1
                started = time.monotonic()
                answer = starters[command]().answer()
                takes[command] = time.monotonic() - started
        else:
            tally.survived += 1
        if answer.code not in (0, -signal.SIGKILL):
            tally.refused.append(answer)


def _wait_for_start(running: Running, stack: Path) -> None:
    while not stack.exists() and not running.ends_within(0):
        time.sleep(_LOOKS_EVERY)


def _end(running: Running, stack: Path) -> None:
    """Kill a running command after it recorded its position."""
    if stack.exists():  # from then on it knows the signal
        running.send(signal.SIGUSR1)
        time.sleep(_SHOWS_WITHIN)
    running.send(signal.SIGKILL)


def _show_stack(path: Path) -> None:
    """Write the stack to a file on SIGUSR1, at any moment."""
    draft = path.with_suffix(".draft")
    faulthandler.register(signal.SIGUSR1, draft.open("w"), all_threads=False)
    # Not before: until the signal is known, it would end the process, as no kill of ours.
    draft.rename(path)


def _phase(stack: Path) -> str:
    """What the innermost function known to us was about."""
    if not stack.exists():
        return _STARTING
    for name in re.findall(r"in (\w+)$", stack.read_text("utf-8"), re.MULTILINE):
        if name in _PHASES:
            return _PHASES[name]
    return _STARTING


def _refresh() -> None:
    """What ``ltv run`` does after loading, without Dagster, which takes most of its time."""
    workspace = Workspace.open()
    engine, graph = workspace.engine, workspace.graph
    settings = workspace.settings
    with one_run(settings, lambda _: None):
        first = read_start(settings)
        stale = planner.plan(graph, engine.state(), first, settings.today())
        for transform in graph.transforms:
            if transform.name in stale.assets:
                build_table(engine, transform, stale.days.get(transform.name))
        if stale.assets or snapshot.is_stale(graph, engine.state(), settings):
            snapshot.publish(engine, graph)
