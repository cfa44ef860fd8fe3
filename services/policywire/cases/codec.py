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
from types import GenericAlias
from typing import Any, Final, Literal, get_type_hints

import msgspec
from cramjam import DecompressionError, lz4

from policywire.cases.notice import Notice
from policywire.cases.timeline import Timeline
from policywire.decision.verdict import Verdict
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


def _part_of(kind: type[msgspec.Struct], /, **wanted: Any) -> Any:
    """A type that reads some fields of another and passes over the others; ``None``: as that one has it."""
    fields, types = kind.__struct_fields__, get_type_hints(kind)
    last = max(map(fields.index, wanted))
    each = [(name, (wanted[name] or types[name]) if name in wanted else msgspec.Raw) for name in fields[: last + 1]]
    return msgspec.defstruct(f"PartOf{kind.__name__}", each, frozen=True, array_like=True, gc=False)


_Verdict = _part_of(Verdict, **dict.fromkeys(("line_number", "payer", "policy_id", "exposure_amount")))
_Notice = _part_of(
    Notice,
    **dict.fromkeys(("kind", "appointment_id", "severity", "payer", "policy_id", "date_of_service", "exposure_amount")),
)
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Timeline)
_said_decoder = msgspec.msgpack.Decoder(
    _part_of(Timeline, verdicts=GenericAlias(tuple, (_Verdict, ...)), notices=GenericAlias(tuple, (_Notice, ...)))
)


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
        return _decoder.decode(_plain(data))
    except msgspec.MsgspecError:
        raise TimelineUnreadable("corrupt") from None


def said(data: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Of a timeline's verdicts and notices what is counted of them, in half of the time that decoding it takes.

    Args:
        data: a timeline that :func:`check` has passed.

    Raises:
        TimelineUnreadable: the bytes are damaged.
    """
    try:
        part = _said_decoder.decode(_plain(data))
    except msgspec.MsgspecError:
        raise TimelineUnreadable("corrupt") from None
    return part.verdicts, part.notices


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


def _plain(data: bytes) -> bytes:
    """The MessagePack of a timeline."""
    return _unpacked(data) if data[0] == _PACKED else data[1 + _CHECK_BYTES :]


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
