"""Two-valued expressions over the fields of one message, and how a durable-rules ruleset writes them.

Knows comparisons, all-of, one-of and their opposites; does not know what a field means. Nothing of the compiled
rulebook (``rulebook.conditions``) is used here: the second way must be able to be right where the first is wrong.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from msgspec import Struct

Operator = Literal["eq", "neq", "lt", "lte", "gt", "gte"]

OPPOSITE: Final[dict[Operator, Operator]] = {
    "eq": "neq",
    "neq": "eq",
    "lt": "gte",
    "gte": "lt",
    "gt": "lte",
    "lte": "gt",
}


class TooLarge(Exception):
    """Something of a policy that the second engine may not take; the words say what."""


class Compare(Struct, frozen=True):
    """A field of the message against a value. Every message has every field, so that the opposite is exact."""

    field: str
    operator: Operator
    value: int | str


class Every(Struct, frozen=True):
    """All parts hold; without parts always true."""

    parts: "tuple[Expression, ...]"


class Some(Struct, frozen=True):
    """A part holds; without parts never true."""

    parts: "tuple[Expression, ...]"


Expression = Compare | Every | Some

ALWAYS: Final[Expression] = Every(())
NEVER: Final[Expression] = Some(())


def every(*parts: Expression) -> Expression:
    """All of them, without what is always true; never, when one is never true."""
    needed = tuple(dict.fromkeys(each for part in parts for each in (part.parts if type(part) is Every else (part,))))
    if NEVER in needed:
        return NEVER
    return needed[0] if len(needed) == 1 else Every(needed)


def some(*parts: Expression) -> Expression:
    """One of them, without what is never true; always, when one is always true."""
    needed = tuple(dict.fromkeys(each for part in parts for each in (part.parts if type(part) is Some else (part,))))
    if ALWAYS in needed:
        return ALWAYS
    return needed[0] if len(needed) == 1 else Some(needed)


def opposite(of: Expression) -> Expression:
    """True where it is false."""
    match of:
        case Compare(field, operator, value):
            return Compare(field, OPPOSITE[operator], value)
        case Every(parts):
            return some(*map(opposite, parts))
        case Some(parts):
            return every(*map(opposite, parts))


def equals(field: str, value: int | str) -> Expression:
    """The field has this value."""
    return Compare(field, "eq", value)


def one_of(field: str, values: Iterable[int | str]) -> Expression:
    """The field has one of these values."""
    return some(*(Compare(field, "eq", value) for value in values))


def alternatives(expression: Expression, connectives_max: int) -> Iterator[Expression]:
    """Expressions with no more than so many connectives each, of which one holds where the whole does."""
    if connectives(expression) <= connectives_max or isinstance(expression, Compare):
        yield expression
        return
    if isinstance(expression, Some):
        for part in expression.parts:
            yield from alternatives(part, connectives_max)
        return
    largest = max((part for part in expression.parts if isinstance(part, Some)), key=connectives)
    others = [part for part in expression.parts if part is not largest]
    for part in largest.parts:
        yield from alternatives(every(*others, part), connectives_max)


def connectives(expression: Expression) -> int:
    """How many all-ofs and one-ofs it is made of."""
    return 0 if isinstance(expression, Compare) else 1 + sum(map(connectives, expression.parts))


def comparisons(expression: Expression) -> Iterator[Compare]:
    """Every comparison in it."""
    if isinstance(expression, Compare):
        yield expression
        return
    for part in expression.parts:
        yield from comparisons(part)


def written(expression: Expression) -> dict[str, Any]:
    """The expression as durable-rules reads it.

    Raises:
        ValueError: it is always or never true, which durable-rules has no word for.
    """
    match expression:
        case Compare(field, "eq", value):
            return {field: value}
        case Compare(field, operator, value):
            return {f"${operator}": {field: value}}
        case Every(parts) if parts:
            return {"$and": [written(part) for part in parts]}
        case Some(parts) if parts:
            return {"$or": [written(part) for part in parts]}
        case _:
            raise ValueError("an expression without parts")
