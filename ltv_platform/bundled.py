"""Where the bundled sample and adapters are: ``data/`` of a checkout, or inside the wheel."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def bundled_data() -> Traversable:
    """The folder ``data/`` of the project."""
    packaged = files("ltv_platform") / "data"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parent.parent / "data"
