"""What trying mutants gave, as text and as plain values.

Knows trials; does not know how one is made.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from policywire.workbench.mutation.trial import End, Tried

COLUMNS: Final[tuple[End, ...]] = ("noticed", "survived", "equivalent")


def survivors(tried: Iterable[Tried]) -> tuple[Tried, ...]:
    """Those that no case notices, in the order of files and lines."""
    return tuple(sorted((each for each in tried if each.end == "survived"), key=lambda each: each.place))


def told(tried: tuple[Tried, ...]) -> Iterator[str]:
    """Each survivor with a case that would notice it, then a table by policy and kind of mistake."""
    for each in survivors(tried):
        yield f"{each.place}"
        yield f"{each.case}"
    counts = Counter((each.key, each.kind, each.end) for each in tried)
    for key in dict.fromkeys(each.key for each in tried):
        yield f"{' '.join(key)}"
        yield f"  {'mistake':<22}" + "".join(f"{column:>12}" for column in COLUMNS)
        for kind in sorted({kind for of, kind, _ in counts if of == key}):
            numbers = "".join(f"{counts[key, kind, column]:>12}" for column in COLUMNS)
            yield f"  {kind:<22}{numbers}"
    yield summary(tried)


def summary(tried: tuple[Tried, ...]) -> str:
    """One line."""
    ends = Counter(each.end for each in tried)
    told_apart = f"; {ends['equivalent']} change no answer and are not counted" if ends["equivalent"] else ""
    counted = ends["noticed"] + ends["survived"]
    return f"{ends['noticed']} of {counted} deliberate mistakes are noticed by a case{told_apart}."


def mutation_report(tried: tuple[Tried, ...]) -> dict[str, Any]:
    """Everything as plain values, for ``--json``."""
    ends = Counter(each.end for each in tried)
    return {
        "mutants": len(tried),
        **{column: ends[column] for column in COLUMNS},
        "survivors": [_place(each) | {"case": each.case} for each in survivors(tried)],
        "equivalents": [_place(each) for each in tried if each.end == "equivalent"],
    }


def _place(tried: Tried) -> dict[str, Any]:
    place = tried.place
    return {
        "payer": tried.key[0],
        "policy": tried.key[1],
        "kind": tried.kind,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "what": place.message,
    }
