"""DDL of a contract."""

from ltv_platform.contracts.model import Column, Table


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def column_list(columns: tuple[Column, ...] | tuple[str, ...]) -> str:
    """Quoted names, comma-separated."""
    return ", ".join(
        quoted(column if isinstance(column, str) else column.name) for column in columns
    )


def create_table(table: Table) -> str:
    """``CREATE TABLE IF NOT EXISTS`` with types and NOT NULL; keys are checked, not enforced.

    Keys are not constraints: an index over millions of rows would cost more than the check of the
    days just written.
    """
    lines = ",\n".join(
        f"  {quoted(column.name)} {column.type}{' NOT NULL' if column.required else ''}"
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {table.full_name} (\n{lines}\n)"
