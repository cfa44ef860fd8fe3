"""What comes in over a wire that anybody may write to: each class has its code, and the next good event is unharmed."""

import json
from typing import Any

import pytest
from tests.contracts.schemas import SCHEMAS

from policywire.model import faults
from policywire.model.decode import (
    ABSENT,
    CLAIM_DECODER,
    EVENT_DECODER,
    SCHEDULING_DECODER,
    Absent,
    ErrorCode,
    Rejected,
)
from policywire.model.events import ClaimContent, ClaimSubmitted
from policywire.model.faults import Judgement

CLAIM: dict[str, Any] = json.loads((SCHEMAS / "examples/valid/claim-event.v1/submitted.json").read_text())
LINE = CLAIM["lines"][0]
GOOD = json.dumps(CLAIM).encode()
KEY = CLAIM["member_id"].encode()


def with_field(text: str) -> bytes:
    """The good claim with a field of the sender's own whose value is that text."""
    return GOOD.replace(b"{", b'{"own":' + text.encode("utf-8", "surrogatepass") + b",", 1)


def wide(lines: int) -> bytes:
    return json.dumps(CLAIM | {"lines": [LINE | {"line_number": number + 1} for number in range(lines)]}).encode()


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


def changed(**fields: object) -> bytes:
    return json.dumps(CLAIM | fields).encode()


def line(**fields: object) -> bytes:
    return changed(lines=[LINE | fields])


REFUSED: dict[str, tuple[bytes | None, ErrorCode, str]] = {
    "a tombstone": (None, ErrorCode.NOT_JSON, "empty"),
    "nothing": (b"", ErrorCode.NOT_JSON, "empty"),
    "blanks": (b" \n", ErrorCode.NOT_JSON, "grammar"),
    "words": (b"{not json", ErrorCode.NOT_JSON, "grammar"),
    "cut off": (GOOD[:-20], ErrorCode.NOT_JSON, "grammar"),
    "two values": (GOOD + GOOD, ErrorCode.NOT_JSON, "grammar"),
    "a NUL at the end": (GOOD + b"\x00", ErrorCode.NOT_JSON, "grammar"),
    "a trailing comma": (GOOD[:-1] + b",}", ErrorCode.NOT_JSON, "grammar"),
    "NaN": (with_field("NaN"), ErrorCode.NOT_JSON, "grammar"),
    "Infinity": (with_field("-Infinity"), ErrorCode.NOT_JSON, "grammar"),
    "NaN as an amount": (GOOD.replace(b'"4200.00"', b"NaN"), ErrorCode.NOT_JSON, "grammar"),
    "a leading zero": (with_field("007"), ErrorCode.NOT_JSON, "grammar"),
    "a line break in a string": (with_field('"a\nb"'), ErrorCode.NOT_JSON, "grammar"),
    "an escape that JSON does not have": (with_field(r'"\x41"'), ErrorCode.NOT_JSON, "grammar"),
    "a lone high surrogate": (with_field(r'"\ud83d"'), ErrorCode.NOT_JSON, "grammar"),
    "a lone low surrogate": (with_field(r'"\ude00 "'), ErrorCode.NOT_JSON, "grammar"),
    "a lone surrogate in a field of ours": (changed(claim_id="\ud800"), ErrorCode.NOT_JSON, "grammar"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, ErrorCode.NOT_JSON, "byte_order_mark"),
    "UTF-16": (GOOD.decode().encode("utf-16"), ErrorCode.NOT_JSON, "byte_order_mark"),
    "Latin-1": (with_field('"é"').replace("é".encode(), b"\xe9"), ErrorCode.NOT_JSON, "utf8"),
    "Latin-1 in a field of ours": (GOOD.replace(b"CLM-", b"CLM\xe9"), ErrorCode.NOT_JSON, "utf8"),
    "a surrogate as bytes": (with_field('"\ud800"'), ErrorCode.NOT_JSON, "utf8"),
    "an overlong form": (with_field('"x"').replace(b'"x"', b'"\xc0\xaf"'), ErrorCode.NOT_JSON, "utf8"),
    "one byte too many": (GOOD.ljust(262_145), ErrorCode.TOO_LARGE, "size"),
    "a string of 1 MB": (with_field('"' + "x" * 1_000_000 + '"'), ErrorCode.TOO_LARGE, "size"),
    "10,000 lines": (wide(10_000), ErrorCode.TOO_LARGE, "size"),
    "33 deep": (with_field(deep(32)), ErrorCode.TOO_DEEP, "nesting"),
    "10,000 deep": (with_field(deep(10_000)), ErrorCode.TOO_DEEP, "nesting"),
    "100,000 deep and nothing else": (deep(100_000).encode(), ErrorCode.TOO_DEEP, "nesting"),
    "10,000 deep and cut off": (b'{"a":' * 10_000, ErrorCode.TOO_DEEP, "nesting"),
    "33 deep beside brackets in strings": (with_field('"]" ,"b":' + deep(32)), ErrorCode.TOO_DEEP, "nesting"),
    "33 deep behind an escaped quote": (with_field(r'"\"]}" ,"b":' + deep(32)), ErrorCode.TOO_DEEP, "nesting"),
    "33 deep in a wide claim": (
        wide(40).replace(b"{", b'{"own":' + deep(32).encode() + b",", 1),
        ErrorCode.TOO_DEEP,
        "nesting",
    ),
    "null": (b"null", ErrorCode.SCHEMA_VIOLATION, "type"),
    "an array": (b"[" + GOOD + b"]", ErrorCode.SCHEMA_VIOLATION, "type"),
    "a long number alone": (b"9" * 10_000, ErrorCode.SCHEMA_VIOLATION, "type"),
    "an empty object": (b"{}", ErrorCode.SCHEMA_VIOLATION, "/event_type required"),
    "an event_type that is no text": (changed(event_type=5), ErrorCode.SCHEMA_VIOLATION, "/event_type type"),
    "an event_type of null": (changed(event_type=None), ErrorCode.SCHEMA_VIOLATION, "/event_type type"),
    "an unknown event_type": (changed(event_type="claim.exploded"), ErrorCode.UNKNOWN_EVENT_TYPE, "/event_type enum"),
    "an empty event_type": (changed(event_type=""), ErrorCode.UNKNOWN_EVENT_TYPE, "/event_type enum"),
    "an unknown event_type and nothing else": (b'{"event_type":"x"}', ErrorCode.UNKNOWN_EVENT_TYPE, "/event_type enum"),
    "an event_type given twice": (
        GOOD[:-1] + b',"event_type":"claim.exploded"}',
        ErrorCode.UNKNOWN_EVENT_TYPE,
        "/event_type enum",
    ),
    "a long number as a line_number": (
        GOOD.replace(b'"line_number": 1', b'"line_number": ' + b"9" * 10_000),
        ErrorCode.SCHEMA_VIOLATION,
        "/lines/0/line_number maximum",
    ),
    "units beyond a double": (
        GOOD.replace(b'"units": 1', b'"units": 1e400'),
        ErrorCode.SCHEMA_VIOLATION,
        "/lines/0/units maximum",
    ),
    "true as a line_number": (line(line_number=True), ErrorCode.SCHEMA_VIOLATION, "/lines/0/line_number type"),
    "year 0000": (line(service_date="0000-01-01"), ErrorCode.SCHEMA_VIOLATION, "/lines/0/service_date pattern"),
    "year 9999": (line(service_date_end="9999-12-31"), ErrorCode.SCHEMA_VIOLATION, "/lines/0/service_date_end pattern"),
    "an instant of year 0000": (
        changed(occurred_at="0000-01-01T00:00:00Z"),
        ErrorCode.SCHEMA_VIOLATION,
        "/occurred_at pattern",
    ),
    "an instant of year 9999": (
        changed(occurred_at="9999-12-31T23:59:59Z"),
        ErrorCode.SCHEMA_VIOLATION,
        "/occurred_at pattern",
    ),
    "the last of a repeated key wrong": (GOOD[:-1] + b',"payer_id":5}', ErrorCode.SCHEMA_VIOLATION, "/payer_id type"),
    "not this claim's diagnosis": (
        line(diagnosis_pointers=[2]),
        ErrorCode.SCHEMA_VIOLATION,
        "/lines/0/diagnosis_pointers/0 pointer_within_diagnoses",
    ),
    "an amount with digits of another script": (
        line(charge_amount="\u0664.00"),
        ErrorCode.SCHEMA_VIOLATION,
        "/lines/0/charge_amount pattern",
    ),
    "an amount with a line break": (
        line(charge_amount="4.00\n"),
        ErrorCode.SCHEMA_VIOLATION,
        "/lines/0/charge_amount pattern",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_with_its_code_and_harms_nothing_after_it(what: str) -> None:
    value, code, detail = REFUSED[what]
    for decoder in (CLAIM_DECODER, EVENT_DECODER):
        with pytest.raises(Rejected) as rejected:
            decoder.decode(value)
        assert (rejected.value.code, rejected.value.detail) == (code, detail)
        assert decoder.decode(GOOD).member_id == CLAIM["member_id"]


ACCEPTED = {
    "as large as may be": GOOD.ljust(262_144),
    "32 deep": with_field(deep(31)),
    "brackets in a string": with_field('"' + "[" * 1_000 + '"'),
    "brackets behind an escaped quote": with_field(r'"\"' + "[{" * 1_000 + '"'),
    "a backslash at a string's end": with_field(r'"\\"'),
    "200 lines": wide(200),
    "a number of 10,000 digits in a field of the sender's own": with_field("9" * 10_000),
    "a number beyond a double in a field of the sender's own": with_field("-1e99999"),
    "a string of 200 KB": with_field('"' + "x" * 200_000 + '"'),
    "a long string in a field of ours": line(narrative="x" * 200_000),
    "letters of every plane": with_field('"é ש 骨 🦴"'),
    "a pair of surrogates": with_field(r'"\ud83e\uddb4"'),
    "an escaped NUL": with_field(r'"\u0000"'),
    "blanks around it": b" \r\n\t" + GOOD + b"\n",
    "keys written with escapes": GOOD.replace(b'"event_type"', b'"event\\u005ftype"').replace(
        b'"lines"', b'"\\u006cines"'
    ),
    "whole numbers written as decimals": GOOD.replace(b'"line_number": 1', b'"line_number": 1.0').replace(
        b"[1]", b"[1e0]"
    ),
    "a repeated key, the first wrong": GOOD.replace(b"{", b'{"payer_id":5,"lines":7,', 1),
    "an event_type given twice": GOOD.replace(b"{", b'{"event_type":"claim.exploded",', 1),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_odd_but_good_input_is_taken(what: str) -> None:
    event = CLAIM_DECODER.decode(ACCEPTED[what], KEY)
    assert isinstance(event, ClaimSubmitted)
    assert event.payer_id == "62308"
    assert event.lines[0].line_number == 1
    assert event.lines[0].charge_amount == "4200.00"


def test_of_a_repeated_key_the_last_counts() -> None:
    first_wins = b'"claim_id":"CLM-SYNTHETIC-9",'
    assert CLAIM_DECODER.decode(GOOD.replace(b"{", b"{" + first_wins, 1)).claim_id == CLAIM["claim_id"]
    event = CLAIM_DECODER.decode(GOOD.replace(b"{", b"{" + first_wins + b'"payer_id":5,', 1))
    assert event.claim_id == CLAIM["claim_id"]


def test_years_from_1900_to_2199_are_taken_as_written() -> None:
    for start, end in (("1900-01-01", "2199-12-31"), ("2024-02-29", "2024-02-29")):
        event = CLAIM_DECODER.decode(line(service_date=start, service_date_end=end))
        assert isinstance(event, ClaimContent)
        assert str(event.lines[0].service_date) == start
    late = CLAIM_DECODER.decode(changed(occurred_at="2199-12-31T23:59:59-12:00"))
    assert late.occurred_at.isoformat() == "2199-12-31T23:59:59-12:00"
    with pytest.raises(Rejected):
        CLAIM_DECODER.decode(line(service_date="1899-12-31"))
    with pytest.raises(Rejected):
        CLAIM_DECODER.decode(line(service_date="2200-01-01"))


@pytest.mark.parametrize("key", [None, b"", b"M-1", KEY + b" ", KEY.lower(), b"\xff", b'"' + KEY + b'"'])
@pytest.mark.parametrize("value", [GOOD, ACCEPTED["a repeated key, the first wrong"]], ids=["quick", "exact"])
def test_a_record_whose_key_is_not_its_member_is_a_mismatch(value: bytes, key: bytes | None) -> None:
    with pytest.raises(Rejected) as rejected:
        CLAIM_DECODER.decode(value, key)
    assert (rejected.value.code, rejected.value.detail) == (ErrorCode.KEY_MISMATCH, "/member_id key_is_member_id")


@pytest.mark.parametrize("key", [ABSENT, KEY])
def test_its_own_member_as_key_or_no_record_at_all_is_no_mismatch(key: bytes | Absent) -> None:
    assert CLAIM_DECODER.decode(GOOD, key).member_id == CLAIM["member_id"]


def test_a_key_in_utf8_is_the_member_that_it_spells() -> None:
    assert CLAIM_DECODER.decode(changed(member_id="M-é🦴"), "M-é🦴".encode()).member_id == "M-é🦴"


def test_what_is_wrong_with_the_event_comes_before_its_key() -> None:
    with pytest.raises(Rejected) as rejected:
        CLAIM_DECODER.decode(changed(payer_id=None), b"M-1")
    assert rejected.value.code == ErrorCode.SCHEMA_VIOLATION


def test_an_event_on_the_wrong_topic_has_an_unknown_type_there() -> None:
    booked = (SCHEMAS / "examples/valid/scheduling-event.v1/booked.json").read_bytes()
    assert SCHEDULING_DECODER.decode(booked) == EVENT_DECODER.decode(booked)
    for decoder, value in ((CLAIM_DECODER, booked), (SCHEDULING_DECODER, GOOD)):
        with pytest.raises(Rejected) as rejected:
            decoder.decode(value)
        assert rejected.value.code == ErrorCode.UNKNOWN_EVENT_TYPE


def test_what_the_schema_takes_and_the_types_cannot_hold_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "judge", lambda *_: Judgement({"event_type": "claim.voided"}, ()))
    with pytest.raises(Rejected) as rejected:
        CLAIM_DECODER.decode(b"{}")
    assert (rejected.value.code, rejected.value.detail) == (ErrorCode.PROCESSING_ERROR, "types")


def test_nothing_of_the_event_is_in_what_is_said_about_it() -> None:
    for value, *_ in REFUSED.values():
        with pytest.raises(Rejected) as rejected:
            CLAIM_DECODER.decode(value)
        chain = [rejected.value, rejected.value.__cause__]
        assert not any("SYNTHETIC" in str(error) for error in chain if error is not None)
        assert rejected.value.__cause__ is None
        assert len(rejected.value.detail) < 100
