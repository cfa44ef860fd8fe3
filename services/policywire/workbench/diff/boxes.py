"""Few boxes for many cells: where something holds, said as "these keys of this axis and these of that".

Knows sets of keys; does not know what they mean.
"""

from collections.abc import Hashable, Iterable

Box = tuple[frozenset[Hashable], ...]
"""Keys of each axis; a cell lies in it when each of its keys is among them."""


def merged(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Boxes that hold exactly the same cells, as few as joining along one axis after the other gives.

    Args:
        boxes: no two of which have a cell in common, all with the same axes.
    """
    found = list(boxes)
    while True:
        count = len(found)
        # Days, the first axis, come last: "on these days, when that holds" reads better than the other way round.
        for axis in (*range(1, len(found[0]) if found else 0), 0):
            found = _along(found, axis)
        if len(found) == count:
            return tuple(found)


def _along(boxes: Iterable[Box], axis: int) -> list[Box]:
    """Those that are equal on every other axis, as one."""
    together: dict[Box, frozenset[Hashable]] = {}
    for box in boxes:
        rest = (*box[:axis], *box[axis + 1 :])
        together[rest] = together.get(rest, frozenset()) | box[axis]
    return [(*rest[:axis], keys, *rest[axis:]) for rest, keys in together.items()]


def holds(box: Box, cell: tuple[Hashable, ...]) -> bool:
    """Whether a cell lies in a box."""
    return all(key in keys for key, keys in zip(cell, box, strict=True))
