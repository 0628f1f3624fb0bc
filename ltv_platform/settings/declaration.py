"""How a setting is declared.

What ``ltv doctor`` and docs/settings.md say of it stands at its field. A new setting needs nothing
else: ``page`` renders the page from the fields.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field
from pydantic.fields import FieldInfo

T = TypeVar("T")


@dataclass(frozen=True)
class About:
    """What docs/settings.md says of a setting beside its description and default.

    Attributes:
        form: What a value is: the unit of a number, or how a text is written.
        note: Further sentences, in Markdown.
        loads: It decides how files are read from then on; what is loaded stays as it is.
        rebuilds: Plain names of the tables whose SELECT it is part of, without those that read
            them: the next ``ltv run`` rebuilds both.
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
        default: The value of a variable that is not set.
        description: One sentence; after "; default: " it says what holds where the default is
            no value.
        form: As in :class:`About`; a list of words and yes or no need none.
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
    """What was declared of a setting; nothing of a plain field."""
    declared: Any = field.json_schema_extra or {}
    return About(**{**declared, "rebuilds": tuple(declared.get("rebuilds", ()))})
