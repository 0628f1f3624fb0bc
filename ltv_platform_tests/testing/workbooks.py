"""Excel workbooks written by hand: the parts that a reader needs, for ingestion and erasure."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
#: Formats of numbers, by the place that cells give: general, date, date and time, time, duration.
_FORMATS = (0, 14, 22, 21, 46)


def sheet_of(rows: Iterable[Sequence[Any]], *, start_1904: bool = False) -> str:
    """The rows of a sheet as XML; None means no cell; a string that begins with ``<`` is a cell."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            _cell(f"{_letters(place)}{number}", value, start_1904)
            for place, value in enumerate(row)
            if value is not None
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return "".join(lines)


def workbook(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    start_1904: bool = False,
    more: Mapping[str, str] | None = None,
) -> bytes:
    """A workbook.

    Args:
        sheets: The XML of their rows by name.
        hidden: Names of hidden sheets.
        start_1904: Dates are counted from 1904.
        more: Other parts by path.
    """
    numbered = list(enumerate(sheets.items(), 1))
    state = dict.fromkeys(hidden, 'state="hidden"')
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="s{number}" {state.get(name, "")}/>'
        for number, (name, _) in numbered
    )
    related = "".join(
        _relation(f"s{n}", "worksheet", f"worksheets/sheet{n}.xml") for n, _ in numbered
    )
    formats = "".join(f'<xf numFmtId="{each}"/>' for each in _FORMATS)
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>'
        ),
        "_rels/.rels": _relations(_relation("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            f'<workbookPr date1904="{int(start_1904)}"/><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(related + _relation("st", "styles", "styles.xml")),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{number}.xml": (
                f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            )
            for number, (_, rows) in numbered
        },
        **(more or {}),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            # Else the time of day would be among the bytes.
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _relations(inner: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _cell(place: str, value: Any, start_1904: bool) -> str:
    if isinstance(value, str) and value.startswith("<"):
        return value.replace("<c ", f'<c r="{place}" ', 1)
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    number, style = _serial(value, start_1904)
    return f'<c r="{place}" s="{style}"><v>{number!r}</v></c>'


def _serial(value: Any, start_1904: bool) -> tuple[float, int]:
    """Days since the start, and the place of the format."""
    if isinstance(value, timedelta):
        return value / timedelta(days=1), 4
    if isinstance(value, time):
        return (datetime.combine(date.min, value) - datetime.min) / timedelta(days=1), 3
    start = datetime(1904, 1, 1) if start_1904 else datetime(1899, 12, 30)
    if isinstance(value, datetime):
        return (value - start) / timedelta(days=1), 2
    return (datetime.combine(value, time()) - start).days, 1


def _letters(column: int) -> str:
    return chr(ord("A") + column)
