"""The section of docs/metrics.md that names the metrics of the catalogue: ``make docs``."""

import re
import sys
from pathlib import Path

from ltv_platform.metrics.catalogue import catalogue
from ltv_platform.metrics.families import families
from ltv_platform.settings import Settings

HEADING = "## Names in the catalogue"
_INTRODUCTION = """\
`ltv metric`, the [HTTP API](api.md), the dashboard and [agents](agents.md) ask one catalogue of
metrics (`ltv_platform/metrics/`), so they show the same figures. Each value has a *state*:
`observed` (final), `partial` (covers what is mature so far, or can still grow), `predicted`
(contains a forecast), `immature` (not known yet) or `no_denominator` (nothing to divide by), and a
*coverage*: the share of spend, installs or customers that it covers. N is a horizon in days
(`LTV_HORIZONS`; of forecasts `LTV_FORECAST_HORIZONS`) or months.
"""


def catalogue_section(settings: Settings) -> str:
    """The section as Markdown: a row per metric, those of several horizons together."""
    lines = [
        f"{HEADING}\n",
        _INTRODUCTION,
        "| name | unit | meaning | by |",
        "| --- | --- | --- | --- |",
    ]
    for family in families(catalogue(settings)):
        metric = family.metrics[0]
        anchor = metric.link.partition("#")[2]
        by = ", ".join(metric.dimensions) or "–"
        lines.append(
            f"| [`{family.name}`](#{anchor}) | {metric.unit} | {family.definition} | {by} |"
        )
    return "\n".join(lines) + "\n"


def with_section(page: str, section: str) -> str:
    """A page with its section of that heading replaced."""
    pattern = re.compile(rf"(?ms)^{re.escape(HEADING)}\n.*?(?=^## |\Z)")
    return pattern.sub(lambda _: f"{section}\n", page)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    # With default settings, independent of the environment.
    written = catalogue_section(Settings.model_construct())
    path.write_text(with_section(path.read_text("utf-8"), written), "utf-8")
