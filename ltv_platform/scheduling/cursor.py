"""The memory of a sensor between ticks: small JSON that may be lost at any time."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Memory = TypeVar("Memory")


def read(kind: type[Memory], cursor: str | None) -> Memory:
    """The content of a cursor; the defaults if it is missing, damaged or of another version.

    Args:
        kind: A dataclass with defaults for all fields, and its version as a literal.
        cursor: The text of the cursor.
    """
    try:
        return TypeAdapter(kind).validate_json(cursor or "", strict=True)
    except ValidationError:
        return kind()


def written(memory: Any) -> str:
    """The text of a cursor."""
    return TypeAdapter(type(memory)).dump_json(memory).decode()
