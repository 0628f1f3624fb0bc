"""Types and texts of values as clients of the API know them: those of ClickHouse."""

from ltv_platform.contracts import Column
from ltv_platform.contracts.ddl import quoted

_NAMES = {
    "VARCHAR": "String",
    "BOOLEAN": "UInt8",
    "INTEGER": "Int32",
    "BIGINT": "UInt64",
    "DOUBLE": "Float64",
    "DATE": "Date",
    "TIME": "String",
    "TIMESTAMP": "DateTime",
}


def type_name(column: Column) -> str:
    """The type of a column; whole numbers of 64 bits are counts."""
    if column.type == "VARCHAR[]":
        return "Array(String)"
    scale = column.scale
    if scale is None:
        name = _NAMES[column.type]
    else:
        name = f"Decimal({column.type.removeprefix('DECIMAL(').partition(',')[0]}, {scale})"
    return name if column.required else f"Nullable({name})"


def written(column: Column) -> str:
    """SQL for a column as it is written: exact texts of decimals, times in seconds, flags 0 or 1.

    NULL stays NULL, and a double that is not a number becomes NULL.
    """
    name = quoted(column.name)
    match column.type:
        case "TIMESTAMP":
            text = f"STRFTIME({name}, '%Y-%m-%d %H:%M:%S')"
        case "BOOLEAN":
            text = f"CAST({name} AS UTINYINT)"
        case "DOUBLE":
            text = f"CASE WHEN ISFINITE({name}) THEN {name} END"
        case "DATE" | "TIME":
            text = f"CAST({name} AS VARCHAR)"
        case "VARCHAR[]":
            text = f"COALESCE({name}, [])"
        case _ if column.scale is not None:
            text = f"CAST({name} AS VARCHAR)"
        case _:
            return name
    return f"{text} AS {name}"
