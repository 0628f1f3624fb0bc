"""Declares settings.

Everything that ``ltv doctor`` and docs/settings.md say about a setting is declared at its field.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field
from pydantic.fields import FieldInfo

T = TypeVar("T")


@dataclass(frozen=True)
class About:
    """What docs/settings.md says about a setting besides its description and default.

    Attributes:
        form: The form of a value: the unit of a number, or the format of a text.
        note: Further sentences, in Markdown.
        loads: It changes how files are read in future; loaded rows stay as they are.
        rebuilds: Plain names of the tables whose SELECT depends on it. The next ``ltv run``
            rebuilds these, and all tables that read them.
    """

    form: str = ""
    note: str = ""
    loads: bool = False
    rebuilds: tuple[str, ...] = ()


def setting(  # noqa: D417 - limits are those of pydantic's Field
    default: T,
    description: str,
    form: str = "",
    *,
    note: str = "",
    loads: bool = False,
    rebuilds: tuple[str, ...] = (),
    **limits: Any,
) -> T:
    """A field of the settings.

    Args:
        default: The value if the variable is not set.
        description: One sentence; "; default: …" at its end says what an unset value means.
        form: As in :class:`About`; not needed for a list of words or a yes or no.
        note: As in :class:`About`.
        loads: As in :class:`About`.
        rebuilds: As in :class:`About`.
    """
    declared: dict[str, Any] = {
        "form": form,
        "note": note,
        "loads": loads,
        "rebuilds": list(rebuilds),
    }
    field: T = Field(default, description=description, json_schema_extra=declared, **limits)
    return field


def about(field: FieldInfo) -> About:
    """What a field declares; empty for a plain field."""
    declared: Any = field.json_schema_extra or {}
    return About(**{**declared, "rebuilds": tuple(declared.get("rebuilds", ()))})
