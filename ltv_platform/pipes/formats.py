"""Writes answers as JSON, NDJSON, CSV and Parquet."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from ltv_platform.contracts import Column
from ltv_platform.pipes.answering import Answer
from ltv_platform.pipes.clickhouse import type_name

if TYPE_CHECKING:
    import pyarrow as pa


def as_json(answer: Answer) -> bytes:
    """One object: the columns, the rows, their numbers, and what they rest on."""
    return orjson.dumps(
        {
            "meta": [{"name": c.name, "type": type_name(c)} for c in answer.columns],
            "data": _records(answer),
            "rows": len(answer.rows),
            "rows_before_limit_at_least": answer.total,
            "statistics": {
                "elapsed": round(answer.elapsed, 6),
                "rows_read": answer.rows_read,
                "bytes_read": answer.bytes_read,
            },
            "as_of": answer.as_of,
            "snapshot": answer.snapshot,
        }
    )


def as_ndjson(answer: Answer) -> bytes:
    """An object per row and line."""
    return b"".join(orjson.dumps(record) + b"\n" for record in _records(answer))


def as_csv(answer: Answer) -> bytes:
    """A header and a line per row; NULL is empty, a list is JSON."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.name for column in answer.columns])
    lists = [n for n, column in enumerate(answer.columns) if column.type == "VARCHAR[]"]
    for row in answer.rows:
        cells = list(row)
        for number in lists:
            cells[number] = orjson.dumps(cells[number]).decode()
        writer.writerow(cells)
    return file.getvalue().encode()


def as_parquet(table: "pa.Table") -> bytes:
    """A Parquet file with the types of the contract."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do not need it

    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


#: What writes an answer in a format, and its media type.
WRITERS: Mapping[str, tuple[Callable[[Answer], bytes], str]] = {
    "json": (as_json, "application/json"),
    "ndjson": (as_ndjson, "application/x-ndjson"),
    "csv": (as_csv, "text/csv; charset=utf-8"),
}
PARQUET = "application/vnd.apache.parquet"
FORMATS = (*WRITERS, "parquet")


def _records(answer: Answer) -> Sequence[Mapping[str, Any]]:
    """The rows by column; decimals become numbers with exactly their digits."""
    names = [column.name for column in answer.columns]
    exact = [number for number, column in enumerate(answer.columns) if _is_decimal(column)]
    records = []
    for row in answer.rows:
        cells = list(row)
        for number in exact:
            if cells[number] is not None:
                cells[number] = orjson.Fragment(cells[number])
        records.append(dict(zip(names, cells, strict=True)))
    return records


def _is_decimal(column: Column) -> bool:
    return column.scale is not None
