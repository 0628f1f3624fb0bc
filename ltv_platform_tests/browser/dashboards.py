"""The dashboard in all its states: which pages there are, and servers that show them."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ltv_platform.reports.shell import FIRST, NAVIGATION
from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.serving.server_process import server_process
from ltv_platform_tests.testing.forked import SAMPLE_NOW

#: A phone, and a notebook.
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
#: Pages by the name of their pictures; one of those of metrics stands for all.
PATHS: Mapping[str, str] = {
    **{name: "/" if name == FIRST else f"/{name}" for name in NAVIGATION},
    "metric": "/metrics/roas_d30",
}


@contextmanager
def dashboards_of(sample: Path, folder: Path) -> Iterator[Mapping[str, str]]:
    """Addresses of servers: on the ``sample``, on ``nothing``, on a ``damaged`` snapshot.

    One that is ``closed`` asks for a token.

    Args:
        sample: An LTV_HOME with the sample, published.
        folder: An empty folder.
    """
    homes = {name: folder / name / "home" for name in ("sample", "nothing", "damaged", "closed")}
    for name, home in homes.items():
        if name == "nothing":
            home.mkdir(parents=True)
        else:
            shutil.copytree(sample, home)
    for path in (homes["damaged"] / "published").rglob("campaign_*.parquet"):
        path.chmod(0o600)
        path.write_bytes(b"nothing")
    create_token(Settings(home=homes["closed"]), "somebody", ["ADMIN"])
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(server_process(home, now=SAMPLE_NOW)).address
            for name, home in homes.items()
        }
