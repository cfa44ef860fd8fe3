"""Which partition a key belongs to: Kafka's own hash, so that everybody else's client agrees.

A determination always comes from the same member and so from the same lane; writing it to the lane's own partition
would do for compaction. But whoever looks a determination up by its id, joins by it or writes the topic in a test of
their own computes the partition from the key, and must find it there.
"""

from struct import unpack_from

_M = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives a key."""
    return positive_hash(key) % partitions


def positive_hash(key: bytes) -> int:
    """The number that is taken modulo the partitions, for a key that goes to several topics.

    2 us for an id of 32 digits, half of aiokafka's.
    """
    return _murmur2(key) & 0x7FFFFFFF


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
