"""Finds the files of adapters by name or path; ``parsing`` parses them."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from ltv_platform.bundled import bundled_data
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.adapter import Adapter
from ltv_platform.ingestion.adapters.parsing import parse_adapter

#: Options by adapter, as set in ``LTV_ADAPTER_OPTIONS``.
Options = Mapping[str, Mapping[str, str]]

#: Similarity to a bundled name that counts as a typo: people name their adapters as they like.
_SIMILARITY = 0.8


def load_adapter(reference: str, table: str, options: Options) -> Adapter:
    """Load the SELECT of an adapter that feeds a table.

    Args:
        reference: See :func:`load_adapters`.
        table: The source table.
        options: See :func:`load_adapters`.

    Raises:
        UserError: the adapter cannot be loaded, or feeds other tables.
    """
    adapters = load_adapters(reference, options)
    if table not in adapters:
        first = next(iter(adapters.values()))
        raise UserError(
            f"Adapter {first.name} feeds {' and '.join(adapters)}, not {table}.",
            f"Run `ltv ingest {next(iter(adapters))} … --adapter {reference}`, or choose another "
            "adapter.",
        )
    return adapters[table]


def load_adapters(reference: str, options: Options) -> dict[str, Adapter]:
    """Find and parse an adapter; return its SELECTs by table.

    Args:
        reference: The name of a bundled adapter, or the path of a user's file; options may follow,
            as in ``paypal_activity?dates=day first``.
        options: Options by adapter; those in the reference take precedence.

    Raises:
        UserError: the adapter does not exist, is not valid, or has no such option.
    """
    name_or_path, _, chosen = reference.partition("?")
    text = adapter_text(reference)
    path = Path(name_or_path)
    is_bundled = name_or_path in bundled_adapters()
    name = name_or_path if is_bundled else path.stem
    own = dict(each.split("=", 1) for each in chosen.split("&") if "=" in each)
    if is_bundled:
        _refuse_misspelt(options, name)
    if wrong := [each for each in chosen.split("&") if chosen and "=" not in each]:
        raise UserError(f"The option {wrong[0]!r} has no value.", "Write name=value.")
    found = name_or_path if is_bundled else str(path.absolute())
    return parse_adapter(
        name,
        text,
        f"{found}?{chosen}" if chosen else found,
        {**options.get(name, {}), **own},
    )


def _refuse_misspelt(options: Options, adapter: str) -> None:
    """Refuse options of a bundled adapter under a misspelled name."""
    for name in options.keys() - bundled_adapters().keys():
        if adapter.startswith(f"{name}_") or get_close_matches(name, [adapter], cutoff=_SIMILARITY):
            raise UserError(
                f"LTV_ADAPTER_OPTIONS names {name!r}, which is not a bundled adapter.",
                f"The adapter is called {adapter}.",
            )


def adapter_text(reference: str) -> str:
    """The SQL of a bundled adapter or a user's file.

    Raises:
        UserError: the adapter does not exist or cannot be read.
    """
    name_or_path = reference.partition("?")[0]
    path = Path(name_or_path)
    bundled = bundled_adapters()
    if name_or_path in bundled:
        return bundled[name_or_path]
    if path.is_file():
        return _read(path)
    if path.suffix == ".sql":
        raise UserError(f"The adapter {path} does not exist.", "Check the path.")
    raise UserError(
        f"There is no adapter {name_or_path!r}.",
        f"Bundled adapters: {', '.join(sorted(bundled))}. Or give the path of your own .sql file.",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The adapter {path} cannot be read ({error}).", "Save it as readable UTF-8 text."
        ) from error


@cache
def bundled_adapters() -> Mapping[str, str]:
    """The text of each bundled adapter, by name."""
    return {
        path.name.removesuffix(".sql"): path.read_text("utf-8")
        for path in (bundled_data() / "adapters").iterdir()
        if path.name.endswith(".sql")
    }
