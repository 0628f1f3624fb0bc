"""What each forked ``ltv`` would load and compute again, done once in the server that forks it.

Nothing here opens a file of an LTV_HOME or starts a thread: a fork would not survive that.
"""

import importlib
from contextlib import suppress
from datetime import date
from importlib.resources import files
from pathlib import Path

from ltv_platform.lineage.store import lineage_of
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.reports.pages import environment
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf
from ltv_platform_tests.testing import surroundings
from ltv_platform_tests.testing.comparison import SETTINGS
from ltv_platform_tests.testing.home import Home

#: Loaded by commands, or by what they use, where they need it. What another version of Dagster
#: has elsewhere is loaded by each command, as without this.
_LATER = (
    "dagster._core.execution.execute_in_process",
    "dagster._core.storage.legacy_storage",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._daemon.controller",
    "ltv_platform.attribution.ihc_api.access",
    "ltv_platform.cli",
    "ltv_platform.ingestion.landing",
    "ltv_platform.ingestion.load",
    "ltv_platform.ingestion.reading.csv_regularity",
    "ltv_platform.orchestration.event_log",
    "ltv_platform.orchestration.foreground",
    "ltv_platform.published.query",
    "pandas",
    "pyarrow.parquet",
    "rich.console",
    "rich.table",
    "sqlglot",
    "structlog",
    "upath.implementations.local",
    "watchdog.observers.polling",
)
#: No such folder is there, and none is made.
_NOWHERE = Path("/nonexistent/home")
_DAY = date(2025, 1, 1)


def _warm() -> None:
    for module in _LATER:
        with suppress(ModuleNotFoundError):
            importlib.import_module(module)
    for horizons in (SETTINGS["horizons"], Settings.model_fields["horizons"].default):
        home = Home(_NOWHERE, horizons=horizons)
        build_definitions(home.engine, home.graph)
        known = AsOf(_DAY)
        for transform in home.graph.transforms:
            _ = transform.code_hash
            lineage_of(transform)
            transform.select(known, _DAY, _DAY)
            for name in transform.presentations:
                transform.presentation_inputs(name)
                transform.presentation(known, _DAY, _DAY, name)
    for template in (files("ltv_platform") / "reports" / "templates").iterdir():
        environment().get_template(template.name)


_warm()
surroundings.keep_what_is_loaded()
