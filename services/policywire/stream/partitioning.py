"""Which partition a key belongs to: Kafka's own hash, so that everybody else's client agrees.

A determination always comes from the same member and so from the same lane; writing it to the lane's own partition
would do for compaction. But whoever looks a determination up by its id, joins by it or writes the topic in a test of
their own computes the partition from the key, and must find it there.
"""

from collections.abc import Sequence
from struct import pack, unpack, unpack_from
from typing import Final

_M = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF
_SIGN_CLEARED: Final = 0x7FFFFFFF
ID_BYTES: Final = 32
"""The length of every id that goes out."""
_WORDS: Final = ID_BYTES // 4
_LANES_MAX: Final = 1024
_ONES: Final = int.from_bytes(b"\1\0\0\0\0\0\0\0" * _LANES_MAX, "little")
"""A one in every lane of 64 bits: times a number below 2**64 it is that number in every lane."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives a key."""
    return (_murmur2(key) & _SIGN_CLEARED) % partitions


def places_of_ids(keys: Sequence[bytes]) -> list[int]:
    """For many ids of 32 bytes, the number of which Kafka's partitioner takes the rest modulo the partitions.

    Kafka's hash mixes one word of 32 bits after the other. Here the same word of up to 1,024 ids is mixed at once, each
    in a lane of 64 bits of one large number, in which a product of two words has room. 0.4 us an id instead of 2.5.
    """
    places: list[int] = []
    for first in range(0, len(keys), _LANES_MAX):
        places += _places(keys[first : first + _LANES_MAX])
    return places


def _places(keys: Sequence[bytes]) -> Sequence[int]:
    count = len(keys)
    ones = _ONES & ((1 << 64 * count) - 1)
    mask, low8 = ones * _MASK, ones * 0xFF
    words = unpack(f"<{_WORDS * count}I", b"".join(keys))
    values = ones * (_SEED ^ ID_BYTES)
    for number in range(_WORDS):
        column = int.from_bytes(pack(f"<{count}Q", *words[number::_WORDS]), "little")
        mixed = column * _M & mask
        values = (values * _M ^ (mixed ^ mixed >> 24 & low8) * _M) & mask
    values = (values ^ values >> 13 & ones * (_MASK >> 13)) * _M & mask
    values = (values ^ values >> 15 & ones * (_MASK >> 15)) & ones * _SIGN_CLEARED
    return unpack(f"<{count}Q", values.to_bytes(8 * count, "little"))


def _murmur2(data: bytes) -> int:
    length = len(data)
    whole = length & ~3
    value = _SEED ^ length
    for word in unpack_from(f"<{whole >> 2}I", data):
        mixed = word * _M & _MASK
        value = (value * _M ^ (mixed ^ mixed >> 24) * _M) & _MASK
    if whole != length:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    return value ^ value >> 15
