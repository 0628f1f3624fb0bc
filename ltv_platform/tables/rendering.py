"""Renders SQL files under given settings; the only place that defines what templates can use.

Rendering sixty templates takes half a second, so their texts are cached, and the template engine
is imported only when something new must be rendered.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltv_platform.contracts.customers import COHORT_MONTHS
from ltv_platform.contracts.ddl import literal
from ltv_platform.contracts.sources import EVENTS_SUFFIX, RATE_DAYS
from ltv_platform.countries import country_codes
from ltv_platform.errors import UserError
from ltv_platform.parameters.attribution import attribution_parameters
from ltv_platform.parameters.factors import factor_parameters
from ltv_platform.result_cache import cache_of, key_of
from ltv_platform.settings import FORECAST_ORIGINS, SUMMARY_HORIZON, Settings
from ltv_platform.tables.source_code import code_of

if TYPE_CHECKING:
    from jinja2 import Environment

_SQL_FOLDER: Traversable = files("ltv_platform") / "sql"


def render(template: str, settings: Settings, **arguments: object) -> str:
    """The text of a template for some settings.

    Args:
        template: Its path in the folder ``sql/``.
        settings: The settings that it may use.
        arguments: Other values for the template.
    """
    context = {**_context(settings), **arguments}
    renderer = code_of(Path(__file__), cache_of(settings.home))
    key = key_of("rendered", template, _templates_hash(), context, renderer)
    return cache_of(settings.home).once(key, lambda: _rendered(template, context))


def _rendered(template: str, context: Mapping[str, Any]) -> str:
    """Render a template; errors name the file, so that a slip in a new table is quickly found."""
    from jinja2 import TemplateError, TemplateNotFound  # noqa: PLC0415 - see above

    try:
        return _environment().get_template(template).render(context)
    except TemplateNotFound as error:
        raise UserError(
            f"ltv_platform/sql/{error.name} does not exist.",
            f"Create it, or correct its name where {template} is used.",
        ) from error
    except TemplateError as error:
        raise UserError(
            f"ltv_platform/sql/{template} cannot be rendered: {error}.",
            "Correct the template, or the macro that it calls.",
        ) from error


def _context(settings: Settings) -> Mapping[str, Any]:
    return {
        "timezone": settings.timezone,
        "currency": settings.currency,
        "window": settings.window,
        "start_date": settings.start_date and settings.start_date.isoformat(),
        "horizons": settings.horizons,
        "user_horizons": settings.user_horizons,
        "summary_horizon": SUMMARY_HORIZON,
        "cohort_months": COHORT_MONTHS,
        "migration_days": settings.migration_days,
        "forecast_horizons": settings.forecast_horizons,
        "forecast_holdout": settings.forecast_holdout,
        "forecast_origins": FORECAST_ORIGINS,
        "rate_days": RATE_DAYS,
        "events_suffix": EVENTS_SUFFIX,
        "organic_patterns": [_like_pattern(name) for name in settings.organic_sources],
        "missing_words": [word.lower() for word in settings.missing_words],
        "attribution": attribution_parameters(settings),
        "factor": factor_parameters(settings),
    }


def _like_pattern(glob: str) -> str:
    """A glob with ``*`` as a lower-case LIKE pattern with ``!`` as its escape character.

    Not a backslash: Spark reads that as an escape of the string literal itself.
    """
    for special in "!%_":
        glob = glob.replace(special, "!" + special)
    return glob.lower().replace("*", "%")


@lru_cache(maxsize=1)
def _templates() -> Mapping[str, str]:
    """All templates by path in the folder; read once, so that they are of one version."""

    def of(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
        for entry in folder.iterdir():
            if entry.is_dir():
                yield from of(entry, f"{path}{entry.name}/")
            elif entry.name.endswith(".sql"):
                yield f"{path}{entry.name}", entry.read_text("utf-8")

    return dict(of(_SQL_FOLDER, ""))


@lru_cache(maxsize=1)
def _templates_hash() -> str:
    """Changes with any template, because they import each other, and with what renders them."""
    return key_of(sorted(_templates().items()), country_codes(), version("jinja2"))


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import DictLoader, Environment, StrictUndefined  # noqa: PLC0415 - see above

    environment = Environment(  # noqa: S701 - SQL, not HTML
        loader=DictLoader(_templates()), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["literal"] = literal
    environment.globals["country_codes"] = country_codes()
    return environment
