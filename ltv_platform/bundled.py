"""Where the sample, the adapters and pages of the docs are: in a checkout, or inside the wheel."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def bundled_data() -> Traversable:
    """The folder ``data/`` of the project."""
    return _bundled("data")


def bundled_docs() -> Traversable:
    """The folder ``docs/`` of the project; the wheel has the pages that programs show."""
    return _bundled("docs")


def _bundled(folder: str) -> Traversable:
    packaged = files("ltv_platform") / folder
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parent.parent / folder
