"""Sets of versions as whole numbers: bit *n* stands for the *n*-th version of the index.

Knows how such sets are made, counted and gone through, and how one moves along the versions of a policy, which stand
side by side, oldest first. Knows nothing of what a version is. Twenty thousand versions are 2,500 bytes, so that each
operation on a whole set takes about a microsecond.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

PACKED_SHARE: Final = 256
"""A set with more than one in so many of all versions is kept as bits, else as a list: whichever is quicker to read."""

Packed = bytes | tuple[int, ...]
"""A set as it is kept: its bits, or the ordinals when they are few."""


def bits_of(ordinals: Iterable[int], size: int) -> int:
    """The set of these ordinals, all below ``size``."""
    found = bytearray(size // 8 + 1)
    for ordinal in ordinals:
        found[ordinal >> 3] |= 1 << (ordinal & 7)
    return int.from_bytes(found, "little")


def pack(ordinals: Sequence[int], size: int) -> Packed:
    """The set of these ordinals as it is kept."""
    if len(ordinals) * PACKED_SHARE <= size:
        return tuple(ordinals)
    return bits_of(ordinals, size).to_bytes(size // 8 + 1, "little")


def unpack(packed: Packed, size: int) -> int:
    """The set that :func:`pack` packed."""
    return read(packed) if isinstance(packed, bytes) else bits_of(packed, size)


@lru_cache(maxsize=4096)  # Python reads 2,500 bytes as a number in 12 microseconds; what is asked often is read once
def read(kept: bytes) -> int:
    """The set that is kept as these bits."""
    return int.from_bytes(kept, "little")


def union(kept: Iterable[Packed], size: int) -> int:
    """The set of all that are in one of these sets."""
    bits, singly = 0, bytearray(size // 8 + 1)
    for each in kept:
        if isinstance(each, bytes):
            bits |= read(each)
        else:
            for ordinal in each:
                singly[ordinal >> 3] |= 1 << (ordinal & 7)
    return bits | int.from_bytes(singly, "little")


def ordinals_in(bits: int, skip: int, limit: int) -> list[int]:
    """The ordinals of a set in order, at most ``limit`` of them after the first ``skip``."""
    bits, below = _without_first(bits, skip)
    found: list[int] = []
    while bits and len(found) < limit:
        lowest = (bits & -bits).bit_length()
        bits >>= lowest
        below += lowest
        found.append(below - 1)
    return found


def _without_first(bits: int, count: int) -> tuple[int, int]:
    """The set less its first so many members, and by how much what is left was moved down.

    By halves, so that the ten thousandth page costs as little as the first.
    """
    below = 0
    while count:
        width = bits.bit_length() // 2
        low = bits & ((1 << width) - 1)
        if not width:
            return 0, below
        within = low.bit_count()
        if within > count:
            # All of them are in the lower half: the upper one is put back once they are gone.
            rest, moved = _without_first(low, count)
            return rest | (bits >> width << (width - moved)), below + moved
        bits >>= width
        below += width
        count -= within
    return bits, below


class Families(Struct, frozen=True):
    """Which versions belong to one policy: they stand side by side, oldest first.

    ``heads`` are the first, ``tails`` the last versions of a policy; ``longest`` is the number of versions of the
    policy that has the most.
    """

    size: int
    heads: bytes
    tails: bytes
    longest: int

    @property
    def everything(self) -> int:
        """The set of all versions."""
        return (1 << self.size) - 1

    def before(self, bits: int) -> int:
        """Every version that stands before one of these in its own policy."""
        inner = self.everything ^ read(self.tails)
        found = 0
        for _ in range(1, self.longest):
            bits = (bits >> 1) & inner
            if not bits:
                break
            found |= bits
        return found

    def after(self, bits: int) -> int:
        """Every version that stands after one of these in its own policy."""
        inner = self.everything ^ read(self.heads)
        found = 0
        for _ in range(1, self.longest):
            bits = (bits << 1) & inner
            if not bits:
                break
            found |= bits
        return found

    def whole(self, bits: int) -> int:
        """Every version of the policies of these."""
        return bits | self.before(bits) | self.after(bits)


def families(sizes: Sequence[int]) -> Families:
    """The families of policies with so many versions each, in order."""
    size = sum(sizes)
    heads: list[int] = []
    at = 0
    for each in sizes:
        heads.append(at)
        at += each
    tails = [*(head - 1 for head in heads[1:]), *([size - 1] if size else [])]
    return Families(size, _bytes(heads, size), _bytes(tails, size), max(sizes, default=0))


def _bytes(ordinals: Iterable[int], size: int) -> bytes:
    return bits_of(ordinals, size).to_bytes(size // 8 + 1, "little")
