"""The files of charges that somebody names: found, told apart by what is in them, unpacked and hashed.

Knows paths, globs and formats; knows no column.
"""

import gzip
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.charges.csv_file import CsvFile
from policywire.workbench.charges.json_lines_file import JsonLinesFile
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.parquet_file import ParquetFile
from policywire.workbench.charges.raw import RawFile

Format = Literal["csv", "json lines", "parquet"]

_GZIP: Final = b"\x1f\x8b"
_REFUSED: Final = (
    (b"PK", "an XLSX or a ZIP. Save its sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old .xls. Save its sheet as CSV (UTF-8)"),
    (b"%PDF", "a PDF, which is no table"),
)


class ChargeFile(Struct, frozen=True):
    """One file to read. ``content`` is where its plain content lies: itself, or unpacked elsewhere."""

    path: Path
    content: Path
    format: Format
    sha256: str
    """Of the file as it was given, packed or not; 64 hex digits."""


def find_files(given: Iterable[str | Path], unpack_into: Path) -> tuple[ChargeFile, ...]:
    """The files that paths, folders' globs and packed files stand for, each once, in the order of their paths.

    Args:
        given: paths, or patterns such as ``2025/*.csv.gz``.
        unpack_into: a folder of the caller's, for what is packed.

    Raises:
        BadInput: one is not there, cannot be read, or is none of the formats.
    """
    paths = sorted({path.resolve(): path for each in given for path in _matching(str(each))}.items())
    return tuple(_looked_at(path, unpack_into / f"{number}") for number, (_, path) in enumerate(paths))


def _matching(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_file():
        return [path]
    if any(mark in pattern for mark in "*?["):
        anchor = Path(path.anchor) if path.anchor else Path()
        found = [each for each in anchor.glob(str(path.relative_to(path.anchor))) if each.is_file()]
        if found:
            return found
        raise BadInput(f"No file matches {pattern}.")
    raise BadInput(
        f"{pattern} is a folder: name the files, as in {pattern}/*.csv."
        if path.is_dir()
        else f"{pattern} is not there."
    )


def _looked_at(path: Path, unpacked: Path) -> ChargeFile:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            packed = file.read(len(_GZIP)) == _GZIP
        if packed:
            with gzip.open(path) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        content = unpacked if packed else path
        with content.open("rb") as file:
            return ChargeFile(path, content, _format(path, file.read(4096)), sha256)
    except (OSError, EOFError, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _format(path: Path, head: bytes) -> Format:
    for mark, what in _REFUSED:
        if head.startswith(mark):
            raise BadInput(f"{path} is {what}.")
    if not head.strip():
        raise BadInput(f"{path} is empty.")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "json lines" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else "csv"


def open_file(file: ChargeFile, mapping: ChargeMapping) -> RawFile:
    """The file, ready to be read in batches.

    Raises:
        BadInput: it is not what it looks like, or its encoding is not known.
    """
    match file.format:
        case "parquet":
            return ParquetFile(file.content)
        case "json lines":
            return JsonLinesFile(file.content)
        case "csv":
            return CsvFile(file.content, mapping.encoding, mapping.delimiter)
