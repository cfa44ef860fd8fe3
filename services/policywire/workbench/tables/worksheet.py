"""What a worksheet says beside its values: merged cells, hidden rows and columns, formulas that were never computed.

Knows the parts of an XLSX file (ECMA-376) that a streaming reader of values leaves out. Knows no value.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final
from xml.etree.ElementTree import Element, iterparse
from zipfile import BadZipFile, ZipFile

from msgspec import Struct
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from policywire.errors import BadInput

SHEET_BYTES_MAX: Final = 4_000_000_000
"""Unpacked; a million rows of twenty columns are about 2 GB. More is a bomb, or wants another tool."""

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


_TOLD: Final = (BadZipFile, SyntaxError, zlib.error)
"""SyntaxError: what XML readers raise, the standard library's as well as lxml's, which openpyxl takes where it is."""

_DAMAGE: Final = (
    *_TOLD,
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),
)
"""What reading a damaged part raises, here and in openpyxl; the words of the first few hold no value of a cell."""


class Merge(Struct, frozen=True):
    """Merged cells: rows and columns from 1, both ends included, and the address as a spreadsheet shows it."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int
    address: str


class Layout(Struct, frozen=True):
    """What a worksheet says beside its values."""

    merges: tuple[Merge, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: tuple[int, ...] = ()
    formulas: int = 0
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    """Row and column of formulas whose value was never saved."""


def sheet_names(path: Path) -> tuple[str, ...]:
    """The worksheets of a file that are not empty of rows and not hidden, in their order.

    Raises:
        BadInput: the file is no XLSX.
    """
    with refusing_damage(path), _opened(path) as packed:
        parts = _parts(packed, path)
        return tuple(name for name, (part, is_hidden) in parts.items() if not is_hidden and _has_rows(packed, part))


def layout(path: Path, sheet: str) -> Layout:
    """What a worksheet says beside its values.

    Raises:
        BadInput: the file is no XLSX, has no such worksheet, or that one is too large or broken.
    """
    with refusing_damage(path, sheet), _opened(path) as packed:
        parts = _parts(packed, path)
        if sheet not in parts:
            raise BadInput(f"{path} has no sheet {sheet!r}; it has {', '.join(map(repr, parts))}.")
        part = parts[sheet][0]
        if packed.getinfo(part).file_size > SHEET_BYTES_MAX:
            raise BadInput(f"{path}, sheet {sheet!r} is larger than {SHEET_BYTES_MAX} bytes. Save it as CSV.")
        with packed.open(part) as opened:
            return _read(opened)


@contextmanager
def refusing_damage(path: Path, sheet: str | None = None) -> Iterator[None]:
    """Turn whatever a damaged file makes its readers raise into words for its owner.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        yield
    except _DAMAGE as error:
        where = str(path) if sheet is None else f"{path}, sheet {sheet!r}"
        what = str(error) if isinstance(error, _TOLD) else type(error).__name__
        raise BadInput(f"{where} is damaged: {what}. Open it in a spreadsheet program and save it anew.") from error


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except (OSError, BadZipFile) as error:
        raise BadInput(f"{path} cannot be read as XLSX: {error}.") from error


def _parts(packed: ZipFile, path: Path) -> dict[str, tuple[str, bool]]:
    """Each worksheet's name to its part of the file, and whether it is hidden."""
    book = PurePosixPath("xl/workbook.xml")
    try:
        with packed.open(str(book)) as opened:
            sheets = [dict(each.attrib) for each in _elements(opened, "sheet")]
        with packed.open(str(book.parent / "_rels" / f"{book.name}.rels")) as opened:
            targets = {each.get("Id"): each.get("Target", "") for _, each in iterparse(opened)}  # noqa: S314  expat refuses bombs
    except (KeyError, SyntaxError) as error:
        raise BadInput(f"{path} is no XLSX workbook: {error}. Save the table as XLSX or CSV.") from error
    found = {}
    for each in sheets:
        target = targets.get(each.get(_RELATION, ""), "")
        part = target.lstrip("/") if target.startswith("/") else str(book.parent / target)
        if part in packed.NameToInfo:
            found[each["name"]] = (part, each.get("state", "visible") != "visible")
    return found


def _has_rows(packed: ZipFile, part: str) -> bool:
    with packed.open(part) as opened:
        return any(len(cell) for cell in _elements(opened, "c"))


def _elements(opened: IO[bytes], name: str) -> Iterator[Element]:
    for _, element in iterparse(opened):  # noqa: S314  expat refuses bombs
        if element.tag in (_MAIN + name, _STRICT + name):
            yield element


def _read(opened: IO[bytes]) -> Layout:
    merges: list[Merge] = []
    hidden_rows: set[int] = set()
    hidden_columns: list[int] = []
    uncomputed: set[tuple[int, int]] = set()
    formulas = row_number = 0
    data: Element | None = None
    for event, element in iterparse(opened, ("start", "end")):  # noqa: S314  expat refuses bombs
        name = element.tag.rpartition("}")[2]
        if event == "start":
            data = element if name == "sheetData" else data
            continue
        match name:
            case "row":
                row_number = int(element.get("r") or row_number + 1)
                if _is_on(element.get("hidden")):
                    hidden_rows.add(row_number)
                if data is not None:
                    data.clear()  # rows that were read are let go of, so that a million take no memory
            case "c" if any(child.tag.endswith("}f") for child in element):
                formulas += 1
                if not _is_computed(element):
                    uncomputed.add(coordinate_to_tuple(element.get("r", "A1")))
            case "mergeCell":
                merges.append(_merge(element.get("ref", "")))
            case "col" if _is_on(element.get("hidden")):
                hidden_columns += range(int(element.get("min", "1")), int(element.get("max", "1")) + 1)
    return Layout(tuple(merges), frozenset(hidden_rows), tuple(hidden_columns), formulas, frozenset(uncomputed))


def _is_computed(cell: Element) -> bool:
    """Whether a formula's value was saved; that of one that gives an empty text is empty."""
    values = [child for child in cell if child.tag.endswith("}v")]
    return bool(values) and bool(values[0].text or cell.get("t") == "str")


def _is_on(value: str | None) -> bool:
    return value in ("1", "true")


def _merge(address: str) -> Merge:
    first_column, first_row, last_column, last_row = (int(each or 1) for each in range_boundaries(address))
    return Merge(first_row, last_row, first_column, last_column, address)
