"""A timeline as bytes: one version byte, a checksum, then MessagePack of the fields in order, packed where it is long.

Knows the encodings ever written; refuses one that is newer than this program or damaged, and never guesses.

=======  ==========================================================================
version  after the checksum
=======  ==========================================================================
1        MessagePack
2        the same as an LZ4 block with its size in front; since then of long timelines
=======  ==========================================================================
"""

import zlib
from typing import Final, Literal

import msgspec
from cramjam import DecompressionError, lz4

from policywire.cases.timeline import Timeline
from policywire.errors import PolicywireError

VERSION: Final = 2
"""Raise it when a field of Timeline or of what it holds changes meaning or place, and keep reading the older ones."""

PACKED_FROM: Final = 1_024
"""Bytes from which on a timeline is packed, to about three fifths and in 3 microseconds: a million members with three
claims or appointments each then stay under 2 GB. Most have one, which is shorter and asked about most often."""

_PLAIN: Final = 1
_PACKED: Final = 2
_CHECK_BYTES: Final = 4
OCTETS_MAX: Final = 2**26
"""A longer timeline is neither written nor read."""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Timeline)


def is_strange_to(encoded: bytes, subject_id: str, looked: str) -> bool:
    """Whether a timeline certainly knows nothing of a claim or appointment, and was last looked at with this rulebook.

    Then an event of that id none of whose codes is listed changes nothing, and the timeline need not be decoded for it:
    text stands in MessagePack as its own UTF-8, so what is not among the bytes is not in the timeline.

    Args:
        encoded: the timeline.
        subject_id: the claim's or the appointment's id.
        looked: the rulebook, as ``Timeline.looked`` names it.

    Raises:
        TimelineUnreadable: the bytes are damaged.
    """
    plain = _unpacked(encoded) if encoded[0] == _PACKED else encoded
    return subject_id.encode() not in plain and looked.encode() in plain


class TimelineUnreadable(PolicywireError):
    """Bytes that are no timeline this program can read; ``kind`` tells whether they are damaged or newer."""

    def __init__(self, kind: Literal["corrupt", "newer"]) -> None:
        self.kind = kind
        super().__init__(
            "a timeline was written by a newer version of policywire; run that version, or a later one"
            if kind == "newer"
            else "a timeline is damaged; restore the changelog, or rebuild it by reading the input topics again"
        )


class TimelineTooLong(PolicywireError):
    """A timeline has more bytes than are allowed, before it is packed; ``octets`` says how many."""

    def __init__(self, octets: int) -> None:
        self.octets = octets
        super().__init__(f"a timeline of {octets} bytes is more than is allowed")


def encode(timeline: Timeline, octets_max: int = OCTETS_MAX) -> bytes:
    """The timeline as bytes, with a checksum, because a flipped bit can leave the MessagePack readable.

    Args:
        timeline: of one member.
        octets_max: of the MessagePack, however small it is when packed: each touch of the member unpacks and decodes
            it at a stretch.

    Raises:
        TimelineTooLong: it has more.
    """
    version, body = _PLAIN, _encoder.encode(timeline)
    if len(body) > octets_max:
        raise TimelineTooLong(len(body))
    if len(body) >= PACKED_FROM:
        version, body = _PACKED, bytes(lz4.compress_block(body))
    return b"%c%b%b" % (version, _checksum(body), body)


def decode(data: bytes) -> Timeline:
    """The timeline that was encoded.

    Raises:
        TimelineUnreadable: the bytes are damaged, or of a newer encoding.
    """
    check(data)
    try:
        return _decoder.decode(_unpacked(data) if data[0] == _PACKED else data[1 + _CHECK_BYTES :])
    except msgspec.MsgspecError:
        raise TimelineUnreadable("corrupt") from None


def check(data: bytes) -> None:
    """See that the bytes are whole and of an encoding that can be read, in a tenth of the time that decoding takes.

    Raises:
        TimelineUnreadable: they are damaged, or of a newer encoding.
    """
    version = data[:1]
    if version > bytes([VERSION]):
        raise TimelineUnreadable("newer")
    if version < bytes([_PLAIN]) or data[1 : 1 + _CHECK_BYTES] != _checksum(data[1 + _CHECK_BYTES :]):
        raise TimelineUnreadable("corrupt")


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECK_BYTES, "big")


def _unpacked(data: bytes) -> bytes:
    """The MessagePack of a packed timeline.

    Raises:
        TimelineUnreadable: it is none.
    """
    block = data[1 + _CHECK_BYTES :]
    if int.from_bytes(block[:4], "little") > OCTETS_MAX:
        raise TimelineUnreadable("corrupt")
    try:
        return bytes(lz4.decompress_block(block))
    except DecompressionError:
        raise TimelineUnreadable("corrupt") from None
