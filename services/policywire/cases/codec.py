"""A timeline as bytes: one version byte, then MessagePack of the fields in order.

Knows the encodings ever written; refuses one that is newer than this program or damaged, and never guesses.
"""

import zlib
from typing import Final, Literal

import msgspec

from policywire.cases.timeline import Timeline
from policywire.errors import PolicywireError

VERSION: Final = 1
"""Raise it when a field of Timeline or of what it holds changes meaning or place, and keep reading the older ones."""

_CHECK_BYTES: Final = 4
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
    """
    return subject_id.encode() not in encoded and looked.encode() in encoded


class TimelineUnreadable(PolicywireError):
    """Bytes that are no timeline this program can read; ``kind`` tells whether they are damaged or newer."""

    def __init__(self, kind: Literal["corrupt", "newer"]) -> None:
        self.kind = kind
        super().__init__(
            "a timeline was written by a newer version of policywire; run that version, or a later one"
            if kind == "newer"
            else "a timeline is damaged; restore the changelog, or rebuild it by reading the input topics again"
        )


def encode(timeline: Timeline) -> bytes:
    """The timeline as bytes, with a checksum, because a flipped bit can leave the MessagePack readable."""
    body = _encoder.encode(timeline)
    return b"%c%b%b" % (VERSION, zlib.crc32(body).to_bytes(_CHECK_BYTES, "big"), body)


def decode(data: bytes) -> Timeline:
    """The timeline that was encoded.

    Raises:
        TimelineUnreadable: the bytes are damaged, or of a newer encoding.
    """
    if data[:1] > bytes([VERSION]):
        raise TimelineUnreadable("newer")
    body = data[1 + _CHECK_BYTES :]
    if data[:1] != bytes([VERSION]) or data[1 : 1 + _CHECK_BYTES] != zlib.crc32(body).to_bytes(_CHECK_BYTES, "big"):
        raise TimelineUnreadable("corrupt")
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError:
        raise TimelineUnreadable("corrupt") from None
