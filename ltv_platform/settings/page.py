"""The docs page of all settings, generated from their fields: ``make docs``."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ltv_platform.settings import Settings, variable_name
from ltv_platform.settings.declaration import about

_HEAD = """# Settings

Generated from `ltv_platform/settings/fields.py` by `make docs`; do not edit.

Environment variables, read when a command starts. `ltv doctor` prints the effective ones.
"""

#: Title and introduction of the sections.
_SAFE = ("Safe to change at any time", "They apply from the next command on.")
_LOADS = (
    "Changes future loads",
    "Rows already loaded stay as they are, unless they are loaded into a new warehouse "
    "([how](operations.md#when-something-fails)).",
)
_REBUILDS = (
    "Rebuilds tables at the next `ltv run`",
    "`ltv run` detects what is stale: the tables in the last column, and all that read them.",
)

_COLUMNS = ("variable", "default", "value", "meaning")
#: The column that the first section does not have.
_REBUILT = "rebuilds"

#: Introduces, in a description, the effect of an unset value.
_UNSET = "; default: "


def settings_page(fields: Mapping[str, FieldInfo]) -> str:
    """Markdown: every setting, in sections by what changing it costs.

    Args:
        fields: The fields of the settings, by name.
    """
    sections: dict[tuple[str, str], list[list[str]]] = {_SAFE: [], _LOADS: [], _REBUILDS: []}
    for name, field in fields.items():
        declared = about(field)
        section = _LOADS if declared.loads else _REBUILDS if declared.rebuilds else _SAFE
        sections[section].append(_row(name, field))
    lines = [_HEAD]
    for (title, introduction), rows in sections.items():
        lines += [f"## {title}\n", introduction + "\n"]
        columns = [*_COLUMNS, *((_REBUILT,) if title != _SAFE[0] else ())]
        lines += [_line(columns), _line(["---"] * len(columns))]
        lines += [_line(row[: len(columns)]) for row in rows]
        lines.append("")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _row(name: str, field: FieldInfo) -> list[str]:
    description, _, unset = (field.description or "").partition(_UNSET)
    declared = about(field)
    return [
        f"`{variable_name(name)}`",
        _default(field.get_default(), unset.rstrip(".")),
        ", ".join(_value(field)),
        " ".join(filter(None, [description.rstrip(".") + ".", declared.note])),
        ", ".join(f"`{table}`" for table in declared.rebuilds),
    ]


def _default(value: Any, unset: str) -> str:
    if unset:
        return unset
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    return f"`{json.dumps(value) if isinstance(value, dict) else value}`"


def _value(field: FieldInfo) -> Iterator[str]:
    """What a value may be: its words, or its form and its bounds."""
    if field.annotation is bool:
        yield "`true` or `false`"
    if words := [word for word in get_args(field.annotation) if isinstance(word, str)]:
        yield ", ".join(f"`{word}`" for word in words)
    if form := about(field).form:
        yield form
    elif isinstance(field.get_default(), tuple):
        yield "words, separated by commas"
    bounds = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(limit, name)
    }
    if "ge" in bounds:
        yield f"{bounds['ge']} to {bounds['le']}" if "le" in bounds else f"{bounds['ge']} or more"
    if "gt" in bounds:
        yield f"more than {bounds['gt']}" + (f", at most {bounds['le']}" if "le" in bounds else "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(Settings.model_fields), "utf-8")
