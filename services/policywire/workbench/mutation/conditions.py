"""Mistakes in a condition: it or a part of it forgotten, turned round, a value left out, a bound moved by one.

Knows how conditions are written (:mod:`policywire.rulebook.when`); does not know rules.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from policywire.rulebook.source import Path
from policywire.rulebook.when import COMBINATORS, When

Plain = dict[str, Any]
"""A condition as the file has it."""

Changed = tuple[str, Path, str, Plain | None]
"""Kind, where in the condition, what was changed, and the condition that it gives; None: none."""

CENT: Final = Decimal("0.01")
BOUNDS: Final = ("at_least", "at_most")


def condition_mutants(when: When) -> Iterator[tuple[str, Path, str, When | None]]:
    """Every mistake in a condition once, that itself excepted."""
    plain: Plain = msgspec.json.decode(msgspec.json.encode(when))
    seen = {_text(plain)}
    for kind, path, what, changed in (
        ("condition-dropped", (), "the condition is dropped", None),
        ("condition-negated", (), "the condition is negated", {"not": plain}),
        *_within(plain, ()),
    ):
        if _text(changed) not in seen:
            seen.add(_text(changed))
            yield kind, path, what, None if changed is None else msgspec.convert(changed, When)


def _text(plain: Plain | None) -> bytes:
    return msgspec.json.encode(plain, order="deterministic")


def _within(plain: Plain, path: Path) -> Iterator[Changed]:
    """Mistakes in the parts of a mapping; each gives the whole mapping, or None when nothing is left of it."""
    for key, value in plain.items():
        below = (*path, key)
        others = {name: each for name, each in plain.items() if name != key}
        yield "condition-dropped", below, f"{key} is dropped", others or None
        if key in COMBINATORS:
            yield from (
                (kind, where, what, plain | {key: part}) for kind, where, what, part in _parts(key, value, below)
            )
        else:
            yield "condition-negated", below, f"{key} is negated", _negated(others, {key: value})
            for kind, where, what, operand in _operands(value, below):
                yield kind, where, what, plain | {key: operand}


def _parts(key: str, value: Any, path: Path) -> Iterator[tuple[str, Path, str, Any]]:
    """Mistakes in what all, any or not combine; each gives the new list, or the new part."""
    if key == "not":
        yield from ((kind, where, what, part) for kind, where, what, part in _within(value, path) if part is not None)
        return
    for position, each in enumerate(value):
        below = (*path, position)
        rest = [*value[:position], *value[position + 1 :]]
        if rest:
            yield "condition-dropped", below, f"a part of {key} is dropped", rest
        yield (
            "condition-negated",
            below,
            f"a part of {key} is negated",
            [
                *value[:position],
                {"not": each},
                *value[position + 1 :],
            ],
        )
        for kind, where, what, part in _within(each, below):
            if part is not None:
                yield kind, where, what, [*value[:position], part, *value[position + 1 :]]


def _negated(others: Plain, leaf: Plain) -> Plain:
    return {"all": [others, {"not": leaf}]} if others else {"not": leaf}


def _operands(value: Any, path: Path) -> Iterator[tuple[str, Path, str, Any]]:
    """Mistakes in what a fact is compared with."""
    if isinstance(value, list):
        yield from _shorter(value, path)
    elif isinstance(value, dict):
        for operator, operand in value.items():
            below = (*path, operator)
            others = {name: each for name, each in value.items() if name != operator}
            if others:
                yield "condition-dropped", below, f"{operator} is dropped", others
            if isinstance(operand, bool):
                yield "condition-negated", below, f"{operator} {operand} becomes {not operand}", {operator: not operand}
            elif operator in BOUNDS:
                for moved in _moved(operand):
                    yield (
                        "bound-moved",
                        below,
                        f"{operator} {_shown(operand)} becomes {_shown(moved)}",
                        value | {operator: moved},
                    )
            elif isinstance(operand, list):
                yield from ((*each[:3], value | {operator: each[3]}) for each in _shorter(operand, below))


def _shorter(values: list[Any], path: Path) -> Iterator[tuple[str, Path, str, Any]]:
    for position, each in enumerate(values if len(values) > 1 else ()):
        rest = [*values[:position], *values[position + 1 :]]
        yield "value-dropped", (*path, position), f"{each} is left out", rest


def _moved(bound: Any) -> Iterator[Any]:
    """A bound one further and one less far: a unit, or a cent of money."""
    if isinstance(bound, str):
        yield from (f"{moved:.2f}" for moved in (Decimal(bound) + CENT, Decimal(bound) - CENT) if moved >= 0)
    else:
        yield from (moved for moved in (bound + 1, bound - 1) if moved >= 0)


def _shown(bound: Any) -> str:
    return bound if isinstance(bound, str) else f"{bound:g}"
