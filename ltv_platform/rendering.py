"""SQL files rendered under given settings: the only place that says what templates know."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from ltv_platform.attribution.parameters import attribution_parameters
from ltv_platform.contracts.customers import COHORT_MONTHS
from ltv_platform.contracts.ddl import literal
from ltv_platform.factors.parameters import factor_parameters
from ltv_platform.settings import FORECAST_ORIGINS, SUMMARY_HORIZON, Settings

_SQL_FOLDER = files("ltv_platform") / "sql"


class _SqlLoader(BaseLoader):
    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        path = _SQL_FOLDER.joinpath(template)
        if not path.is_file():
            raise TemplateNotFound(template)
        return path.read_text("utf-8"), str(path), None


def _like_pattern(glob: str) -> str:
    """A glob with ``*`` as a lower-case LIKE pattern with ``!`` as its escape character.

    Not a backslash: Spark reads that as an escape of the string literal itself.
    """
    for special in "!%_":
        glob = glob.replace(special, "!" + special)
    return glob.lower().replace("*", "%")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - SQL, not HTML
        loader=_SqlLoader(), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["literal"] = literal
    return environment


def render(template: str, settings: Settings) -> str:
    """The text of a template under given settings."""
    return (
        _environment()
        .get_template(template)
        .render(
            timezone=settings.timezone,
            currency=settings.currency,
            window=settings.window,
            start_date=settings.start_date and settings.start_date.isoformat(),
            horizons=settings.horizons,
            user_horizons=settings.user_horizons,
            summary_horizon=SUMMARY_HORIZON,
            cohort_months=COHORT_MONTHS,
            migration_days=settings.migration_days,
            forecast_horizons=settings.forecast_horizons,
            forecast_holdout=settings.forecast_holdout,
            forecast_origins=FORECAST_ORIGINS,
            organic_patterns=[_like_pattern(name) for name in settings.organic_sources],
            attribution=attribution_parameters(settings),
            factor=factor_parameters(settings),
        )
    )
