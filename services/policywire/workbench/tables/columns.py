"""Finds the columns that are wanted in a table's header. Knows names of columns; knows no value.

Names are matched generously: case, blanks and punctuation do not matter.
"""

import re
from collections.abc import Iterable, Mapping

from policywire.errors import BadInput
from policywire.workbench.tables.cells import text_of

Names = Mapping[str, tuple[str, ...]]
"""What is wanted to the names that people give it, the likelier first."""


def folded(name: str) -> str:
    """A name as it is compared: words of letters and digits, lower case, one blank between them."""
    return " ".join(re.findall(r"[a-z0-9]+", text_of(name).casefold()))


def find_columns(
    header: Iterable[str],
    names: Names,
    *,
    given: Mapping[str, str],
    needed: Iterable[str],
    where: str,
) -> dict[str, int]:
    """What is wanted to the 0-based position of its column.

    Args:
        header: the table's columns.
        names: what may be wanted, and what people call it.
        given: what is wanted to the column that its user says it is.
        needed: what must be there.
        where: the table, as errors name it.

    Raises:
        BadInput: something needed is not there, two columns may be the same thing, or ``given`` names nothing here.
    """
    columns = [folded(each) for each in header]
    shown = ", ".join(each for each in header if each) or "none"
    found = {what: _given(columns, what, column, where, shown) for what, column in given.items()}
    for what, called in names.items():
        if what in found:
            continue
        for name in (folded(what), *map(folded, called)):
            places = [place for place, column in enumerate(columns) if column == name and place not in found.values()]
            if len(places) > 1:
                message = f"{where} has {len(places)} columns that may be {what}: both are called {name!r}"
                raise BadInput(f"{message}. Rename one of them, or take one away.")
            if places:
                found[what] = places[0]
                break
    lacking = [what for what in needed if what not in found]
    if lacking:
        mend = f"Say which column it is: --column {lacking[0]}=NAME"
        raise BadInput(f"{where} has no column for {', '.join(lacking)}; its columns are: {shown}. {mend}.")
    return found


def _given(columns: list[str], what: str, column: str, where: str, shown: str) -> int:
    name = folded(column)
    places = [place for place, each in enumerate(columns) if each == name]
    if len(places) != 1:
        count = "no column" if not places else f"{len(places)} columns"
        raise BadInput(f"{where} has {count} {column!r} for {what}; its columns are: {shown}.")
    return places[0]
