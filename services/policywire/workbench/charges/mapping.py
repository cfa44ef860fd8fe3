"""Which column of somebody's file is which canonical column: said by flags or a file, or found by usual header names.

Knows headers and canonical columns; reads no cell. What is missing is told all at once, with the headers that there are
and the flag to write.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.rulebook.source import parse
from policywire.workbench.charges.columns import BY_NAME, COLUMNS, NUMBERED, REQUIRED, REQUIRED_OF_ORDERS, folded


class ChargeMapping(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How somebody's files are to be read; also the shape of a mapping file."""

    columns: dict[str, str | tuple[str, ...]] = {}
    """Canonical column to header, of a list also to several."""
    constants: dict[str, str] = {}
    """Canonical column to what every row has, such as the payer id of an export of one payer."""
    date_format: str | None = None
    """``iso``, ``mdy`` or ``dmy``, or a pattern such as ``%d.%m.%y``; None: what is not ambiguous."""
    encoding: str | None = None
    delimiter: str | None = None
    pad_codes: bool = False
    """Codes that lost their leading zeros get them back."""


class Resolved(Struct, frozen=True):
    """The mapping of one file: canonical column to the headers that hold it, in order."""

    headers: dict[str, tuple[str, ...]]
    constants: dict[str, str]

    def needed(self) -> tuple[str, ...]:
        """Every header that is read."""
        return tuple(dict.fromkeys(header for headers in self.headers.values() for header in headers))

    def has(self, column: str) -> bool:
        """Whether the file, or a constant, says a canonical column."""
        return column in self.headers or column in self.constants

    def named(self, column: str) -> str:
        """What the file calls a canonical column."""
        return ", ".join(self.headers.get(column, ())) or column


def mapping_of(
    file: Path | None = None, columns: Iterable[str] = (), constants: Iterable[str] = (), **settings: Any
) -> ChargeMapping:
    """The mapping that a file and flags give; a flag beats the file.

    Args:
        file: YAML in the shape of :class:`ChargeMapping`.
        columns: each ``procedure_code=CPT``; of a list ``diagnoses=DX1,DX2``.
        constants: each ``payer_id=62308``.
        settings: other fields of the mapping; None: as the file says.

    Raises:
        BadInput: something of it is no mapping.
    """
    mapping = _from_file(file) if file else ChargeMapping()
    merged: ChargeMapping = msgspec.structs.replace(
        mapping,
        columns={**mapping.columns, **_pairs(columns, "--column procedure_code=CPT")},
        constants={**mapping.constants, **_pairs(constants, "--constant payer_id=62308")},
        **{name: value for name, value in settings.items() if value is not None},
    )
    for name in (*merged.columns, *merged.constants):
        _refuse_unknown(name)
    if merged.delimiter is not None and len(merged.delimiter) != 1:
        raise BadInput("A delimiter is one character, such as , or ; or |.")
    return merged


def _from_file(path: Path) -> ChargeMapping:
    try:
        source = parse(str(path), path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    # Headers need no quotes: a number among them is not text, and refused below.
    if faults := [each for each in source.faults if each.code != "unquoted-code"]:
        raise BadInput("\n".join(map(str, faults)))
    try:
        return msgspec.convert(source.value or {}, ChargeMapping)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        keys = _keys(source.value, place.rstrip("`"))
        line = source.marks.get(keys, (0, 0))[0] + 1
        where = ".".join(keys) or "the mapping"
        raise BadInput(
            f"{path}:{line}: {where}: {message}. See `policywire audit --help` for what it holds."
        ) from error


def _keys(value: Any, place: str) -> tuple[str, ...]:
    """The path that msgspec means, which says ``[...]`` for the entry of a mapping."""
    keys = tuple(each for each in place.replace("[...]", "").split(".") if each)
    if place.endswith("[...]"):
        allowed = (str, list) if keys == ("columns",) else (str,)
        wrong = (name for name, each in value[keys[0]].items() if not isinstance(each, allowed))
        keys = (*keys, *(str(name) for name in list(wrong)[:1]))
    return keys


def _pairs(given: Iterable[str], example: str) -> dict[str, str | tuple[str, ...]]:
    pairs: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not value:
            raise BadInput(f"{each!r} maps nothing: write {example}.")
        several = tuple(part.strip() for part in value.split(",")) if name in NUMBERED else (value,)
        pairs[name] = several if len(several) > 1 else value
    return pairs


def _refuse_unknown(name: str) -> None:
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, 1)
        hint = f" Do you mean {near[0]}?" if near else ""
        raise BadInput(f"There is no column {name} to map to.{hint} There are: {', '.join(BY_NAME)}.")


def resolve(mapping: ChargeMapping, headers: Sequence[str], file: Path, *, orders: bool) -> Resolved:
    """Which headers of a file hold which column.

    Args:
        mapping: what was said.
        headers: as the file has them.
        file: for messages.
        orders: the file is of booked procedures, whose charge is an estimate and may be missing.

    Raises:
        BadInput: required columns are missing, a header that was named is not there, or one name stands for two.
    """
    found: dict[str, tuple[str, ...]] = {}
    for column in COLUMNS:
        said = mapping.columns.get(column.name)
        # Flags speak of charges first: a table of orders that has no such header may have the usual one.
        if said is not None and not (orders and _is_elsewhere(said, headers) and _usual(column.name, headers, file)):
            found[column.name] = _named(said, headers, file, column.name)
        elif column.name not in mapping.constants and (usual := _usual(column.name, headers, file)):
            found[column.name] = usual
    required = REQUIRED_OF_ORDERS if orders else REQUIRED
    missing = [name for name in required if name not in found and name not in mapping.constants]
    if missing:
        flags = " ".join(f"--column {name}=..." for name in missing)
        raise BadInput(
            f"{file} has no column for {', '.join(missing)}. Its headers are: {', '.join(headers)}. "
            f"Say which it is: {flags}, or what all rows have: --constant {missing[0]}=..."
        )
    return Resolved(found, dict(mapping.constants))


def _is_elsewhere(said: str | tuple[str, ...], headers: Sequence[str]) -> bool:
    """Whether none of the named headers is among those of the file."""
    names = {folded(each) for each in ((said,) if isinstance(said, str) else said)}
    return names.isdisjoint(map(folded, headers))


def _named(said: str | tuple[str, ...], headers: Sequence[str], file: Path, column: str) -> tuple[str, ...]:
    names = (said,) if isinstance(said, str) else said
    if len(names) > 1 and column not in NUMBERED:
        raise BadInput(f"{column} stands in one column; {', '.join(names)} are {len(names)}.")
    chosen = []
    for name in names:
        same = [each for each in headers if each.strip() == name] or [x for x in headers if folded(x) == folded(name)]
        if not same:
            raise BadInput(f"{file} has no column {name} for {column}. Its headers are: {', '.join(headers)}.")
        if len(same) > 1 or headers.count(same[0]) > 1:
            raise BadInput(f"{file} has several columns {name}. Give each a name of its own.")
        chosen.append(same[0])
    return tuple(chosen)


def _usual(column: str, headers: Sequence[str], file: Path) -> tuple[str, ...]:
    """The headers that usually mean a column: its own name beats other words for it, one column beats numbered ones."""
    for wanted in ((folded(column),), BY_NAME[column].known_as):
        same = [each for each in headers if folded(each) in wanted]
        if len(same) > 1:
            flag = f"--column {column}={same[0]}"
            raise BadInput(f"{file}: each of {', '.join(same)} may be {column}. Say which it is, such as {flag}.")
        if same:
            return tuple(same)
    stems = NUMBERED.get(column, ())
    numbered = {
        int(number): each
        for each in headers
        for stem in stems
        if (number := folded(each).removeprefix(stem).removeprefix("code")).isdigit() and folded(each).startswith(stem)
    }
    return tuple(numbered[each] for each in sorted(numbered))
