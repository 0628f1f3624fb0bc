"""The command line as people use it: real processes in their own LTV_HOME.

The fixtures ``ltv`` and ``fresh_homes`` make them, and proofs do.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ltv_platform.settings import variable_name
from ltv_platform_tests.testing.forked import NOW, Answer, ForkedLtv


@dataclass(frozen=True)
class CommandLine:
    """``ltv`` in one LTV_HOME."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a command under further LTV_ settings, given in lower case."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LTV_", "DAGSTER_", "IHC_"))
        }
        environment |= {"LTV_HOME": str(self.home), "LTV_NOW": NOW}
        given = {**self.settings, **settings}
        return environment | {variable_name(name): value for name, value in given.items()}

    def __call__(self, *arguments: str | Path, **settings: str) -> Answer:
        """Run a command under further LTV_ settings, given in lower case."""
        folder = self.home.parent
        ltv = ForkedLtv(self.home, self.settings, prepare=partial(os.chdir, folder))
        return ltv(*arguments, **settings)

    def afresh(self, *arguments: str | Path, **settings: str) -> Answer:
        """The same as a shell would, everything loaded again: so it costs seconds more."""
        finished = subprocess.run(
            [sys.executable, "-m", "ltv_platform.cli", *map(str, arguments)],
            env=self.environment(**settings),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=1_800,
            check=False,
        )
        return Answer(finished.returncode, finished.stdout, finished.stderr)
