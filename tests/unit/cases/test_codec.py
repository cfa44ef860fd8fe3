"""A timeline as bytes: the same when read again, refused when damaged or newer."""

import zlib
from pathlib import Path

import msgspec
import pytest
from tests.unit.scenes import Event, Scene, claim, ended, line, revoked, signed, visit, voided

from policywire.cases import codec
from policywire.cases.timeline import Timeline


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    """One of every thing that a timeline can hold."""
    claims = (claim(line("20999", narrative="BMAC"), line("20931", number=2)), claim(claim_id="C2"))
    endings = (voided(claim_id="C2"), ended("completed", appointment_id="A2"), revoked("2026-01-06T00:00:00Z"))
    scene = Scene(*claims, visit("0717T", "38230"), visit("0565T", appointment_id="A2"), signed(), *endings)
    found = scene.folding.timelines["M-1"]
    assert found.claims
    assert found.appointments
    assert found.agreements
    assert found.sightings
    assert found.verdicts
    assert found.notices
    assert found.due
    return found


@pytest.fixture(scope="module")
def short() -> Timeline:
    """Too short to be packed."""
    return Scene(claim()).folding.timelines["M-1"]


def test_a_timeline_is_the_same_when_read_again(timeline: Timeline, short: Timeline) -> None:
    for each in (timeline, short):
        codec.check(codec.encode(each))
        assert codec.decode(codec.encode(each)) == each


def test_the_first_byte_is_the_version(timeline: Timeline, short: Timeline) -> None:
    assert codec.encode(timeline)[0] == codec.VERSION == 2
    assert codec.encode(short)[0] == 1


def test_a_timeline_that_would_not_be_read_again_is_not_written(timeline: Timeline) -> None:
    plain = len(msgspec.msgpack.encode(timeline))
    assert codec.decode(codec.encode(timeline, plain)) == timeline
    with pytest.raises(codec.TimelineTooLong) as refused:
        codec.encode(timeline, plain - 1)
    assert refused.value.octets == plain
    assert len(codec.encode(timeline)) < plain - 1, "packed it would have been small enough"


def test_a_damaged_block_is_told_as_such_where_only_its_bytes_are_looked_for() -> None:
    body = (100).to_bytes(4, "little") + b"\xf0"
    with pytest.raises(codec.TimelineUnreadable) as refused:
        codec.is_strange_to(b"\x02" + zlib.crc32(body).to_bytes(4, "big") + body, "C1", "revision")
    assert refused.value.kind == "corrupt"


def test_a_long_timeline_is_packed_to_less_than_two_thirds(timeline: Timeline, short: Timeline) -> None:
    plain = len(msgspec.msgpack.encode(timeline))
    assert plain >= codec.PACKED_FROM > len(codec.encode(short))
    assert len(codec.encode(timeline)) < 2 / 3 * plain


@pytest.mark.parametrize("size", [2**26 + 1, 2**32 - 1])
def test_a_packed_timeline_that_claims_to_be_huge_is_refused_before_it_is_unpacked(size: int) -> None:
    body = size.to_bytes(4, "little") + b"\x10a"
    with pytest.raises(codec.TimelineUnreadable) as refused:
        codec.decode(b"\x02" + zlib.crc32(body).to_bytes(4, "big") + body)
    assert refused.value.kind == "corrupt"


def test_every_flipped_bit_is_refused(timeline: Timeline, short: Timeline) -> None:
    for each in (timeline, short):
        assert_every_flip_is_refused(codec.encode(each))


def assert_every_flip_is_refused(data: bytes) -> None:
    for position in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << (position % 8)
        for read in (codec.decode, codec.check):
            with pytest.raises(codec.TimelineUnreadable) as refused:
                read(bytes(damaged))
            newer = damaged[0] > codec.VERSION
            assert refused.value.kind == ("newer" if newer else "corrupt")


@pytest.mark.parametrize("version", [codec.VERSION + 1, 0x7F, 0xFF])
def test_a_newer_encoding_is_refused_as_newer(version: int, timeline: Timeline) -> None:
    with pytest.raises(codec.TimelineUnreadable, match="newer version of policywire") as refused:
        codec.decode(bytes([version]) + codec.encode(timeline)[1:])
    assert refused.value.kind == "newer"


def test_every_truncation_is_refused_as_corrupt(timeline: Timeline) -> None:
    data = codec.encode(timeline)
    for length in range(len(data)):
        with pytest.raises(codec.TimelineUnreadable) as refused:
            codec.decode(data[:length])
        assert refused.value.kind == "corrupt"


def test_bytes_after_the_end_are_refused(timeline: Timeline) -> None:
    with pytest.raises(codec.TimelineUnreadable):
        codec.decode(codec.encode(timeline) + b"\0")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "body", [b"", b"\x90", b"\xc0", b"\x81\xa1a\x01", b"\xdd\xff\xff\xff\xff", b"\1\0\0\0\x10\xc0"]
)
def test_sound_bytes_that_are_no_timeline_are_refused(version: int, body: bytes) -> None:
    data = bytes([version]) + zlib.crc32(body).to_bytes(4, "big") + body
    with pytest.raises(codec.TimelineUnreadable) as refused:
        codec.decode(data)
    assert refused.value.kind == "corrupt"


def test_a_refusal_repeats_nothing_of_what_was_read(timeline: Timeline) -> None:
    body = msgspec.msgpack.encode([timeline.member_id, "canary"])
    data = b"\x01" + zlib.crc32(body).to_bytes(4, "big") + body
    with pytest.raises(codec.TimelineUnreadable) as refused:
        codec.decode(data)
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_what_was_once_written_in_version_1_is_still_read(timeline: Timeline) -> None:
    """The file was written on 2026-11-24; write no new one for version 1, its bytes are in changelogs."""
    written = codec.decode(bytes.fromhex((Path(__file__).parent / "timeline.v1.hex").read_text()))
    kept = ("member_id", "claims", "appointments", "agreements", "sightings")
    assert [getattr(written, name) for name in kept] == [getattr(timeline, name) for name in kept]
    assert len(written.verdicts) == len(timeline.verdicts)
    assert len(written.notices) == len(timeline.notices)


def test_what_was_once_written_in_version_2_is_still_read(timeline: Timeline) -> None:
    """The file was written on 2026-11-25; write no new one for version 2, its bytes are in changelogs."""
    written = codec.decode(bytes.fromhex((Path(__file__).parent / "timeline.v2.hex").read_text()))
    kept = ("member_id", "claims", "appointments", "agreements", "sightings")
    assert [getattr(written, name) for name in kept] == [getattr(timeline, name) for name in kept]


@pytest.mark.parametrize(
    ("version", "known", "events"),
    [(1, ["C1"], [claim()]), (1, ["A1"], [visit()]), (2, ["A1", "C1", "C2"], [claim(), visit(), claim(claim_id="C2")])],
    ids=["claim", "visit", "packed"],
)
def test_a_timeline_is_strange_only_to_ids_it_does_not_hold_and_only_under_the_rulebook_it_was_looked_at_with(
    version: int, known: list[str], events: list[Event]
) -> None:
    timeline = Scene(*events).folding.timelines["M-1"]
    encoded = codec.encode(timeline)
    assert encoded[0] == version
    assert codec.is_strange_to(encoded, "C3", timeline.looked)
    assert not any(codec.is_strange_to(encoded, each, timeline.looked) for each in known)
    assert not codec.is_strange_to(encoded, "C3", "0123456789abcdef")
    assert not codec.is_strange_to(encoded, "", timeline.looked)
