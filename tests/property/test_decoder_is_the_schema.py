"""The typed decoder and the schema with its cross-field rules take and refuse the same events.

The other side is put together here from the schema file, jsonschema-rs and the standard library alone.
"""

import json
import re
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from tests.property.corpus import corpus
from tests.property.wire import claim_events, render, scheduling_events, wires

from policywire.model import decode
from policywire.model.decode import CLAIM_DECODER, EVENT_DECODER, SCHEDULING_DECODER, Rejected
from policywire.model.events import CLAIM_EVENT_TYPES, AnyEvent, ClaimContent
from policywire.resources import shipped


def read_schema(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads(shipped(f"schemas/{name}.v1.schema.json").read_text())
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


CLAIM_SCHEMA, SCHEDULING_SCHEMA = read_schema("claim-event"), read_schema("scheduling-event")


def no_constant(name: str) -> None:
    raise ValueError(name)


def parse(value: bytes) -> Any:
    """The standard library's reading; whole numbers of any length are cut, as no schema bounds any above a million."""
    return json.loads(value, parse_constant=no_constant, parse_int=lambda digits: int(digits[:300]))


def depth(text: str) -> int:
    greatest = now = 0
    for bracket in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        now += (bracket in "[{") - (bracket in "]}")
        greatest = max(greatest, now)
    return greatest


def keeps_cross_field_rules(event: Any) -> bool:
    """For an event that the schema accepts."""
    if event["event_type"] == "agreement.signed":
        return bool(event["service_date_from"] <= event["service_date_through"])
    if event["event_type"] not in CLAIM_EVENT_TYPES - {"claim.voided"}:
        return True
    lines, known = event["lines"], len(event.get("diagnoses") or [])
    return (
        len({line["line_number"] for line in lines}) == len(lines)
        and all((line.get("service_date_end") or line["service_date"]) >= line["service_date"] for line in lines)
        and all(pointer <= known for line in lines for pointer in line.get("diagnosis_pointers") or [])
    )


def contract_accepts(value: bytes, event_types: frozenset[str]) -> bool:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    if depth(text) > 32:
        return False
    event = parse(value)
    if not isinstance(event, dict) or event.get("event_type") not in list(event_types):
        return False
    schema = CLAIM_SCHEMA if event["event_type"] in CLAIM_EVENT_TYPES else SCHEDULING_SCHEMA
    return schema.is_valid(event) and keeps_cross_field_rules(event)


def decoded(decoder: decode.Decoder[Any], value: bytes) -> AnyEvent | None:
    try:
        event: AnyEvent = decoder.decode(value)
    except Rejected as rejected:
        if rejected.code == "processing_error":
            raise AssertionError from rejected
        return None
    return event


def agrees(decoder: decode.Decoder[Any], value: bytes) -> bool:
    """Whether the event was accepted; that both sides say so is asserted."""
    event = decoded(decoder, value)
    assert (event is not None) == contract_accepts(value, decoder._event_types)
    if event is not None:
        stated = parse(value)
        assert (event.member_id, event.event_id) == (stated["member_id"], stated["event_id"])
        assert event.__struct_config__.tag == stated["event_type"]
        if isinstance(event, ClaimContent):
            amounts = [line.charge_amount for line in event.lines]
            assert amounts == [line["charge_amount"] for line in stated["lines"]]
    return event is not None


THOROUGH = settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))


@THOROUGH
@given(wires(claim_events()))
def test_claim_events_are_judged_as_the_contract_judges_them(value: bytes) -> None:
    agrees(CLAIM_DECODER, value)


@THOROUGH
@given(wires(scheduling_events()))
@example(
    b'{"revoked_at":null,"event_id":"e","event_type":"agreement.revoked","occurred_at":"2026-01-25T10:00:00Z",'
    b'"member_id":"M-77","agreement_id":"A-1","revoked_at":"2026-01-25 10:00:00Z"}'
)
def test_scheduling_events_are_judged_as_the_contract_judges_them(value: bytes) -> None:
    agrees(SCHEDULING_DECODER, value)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(wires(claim_events() | scheduling_events()))
def test_a_file_of_both_kinds_is_judged_as_the_contract_judges_it(value: bytes) -> None:
    agrees(EVENT_DECODER, value)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(claim_events() | scheduling_events())
def test_what_follows_the_contract_is_taken_as_it_was_stated(event: Any) -> None:
    stated = {name: member for name, member in event.items() if member is not None}
    assert EVENT_DECODER.decode(render(event).encode()) == msgspec.convert(stated, AnyEvent)


def judge_corpus() -> list[bool]:
    return [agrees(EVENT_DECODER, value) for value in corpus()]


def test_every_single_change_of_the_examples_is_judged_as_the_contract_judges_it() -> None:
    judged = judge_corpus()
    assert len(judged) > 10_000
    assert 1_000 < sum(judged) < len(judged) - 1_000


def says_yes(*_: object) -> bool:
    return True


def says_no(*_: object) -> bool:
    return False


@pytest.mark.parametrize(
    ("name", "bug"),
    [
        ("_is_money", says_yes),
        ("YEAR_MIN", 1),
        ("YEAR_MAX", 9999),
        ("_occurred_at_is_rfc3339", says_yes),
        ("_ends_well", says_yes),
        ("_is_rfc3339", says_yes),
        ("is_utf8", says_yes),
        ("nests_deeper", says_no),
        ("_OWN_NESTING", -1),
        ("_claim_is_sound", says_yes),
        ("_bare_event_is_sound", says_yes),
        ("_appointment_is_sound", says_yes),
        ("_agreement_is_sound", says_yes),
        ("_revocation_is_sound", says_yes),
    ],
)
def test_a_check_that_forgets_its_duty_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, bug: object) -> None:
    intended = getattr(decode, name)
    monkeypatch.setattr(decode, name, bug)
    for kind, check in decode._SOUND.items():
        if check is intended:
            monkeypatch.setitem(decode._SOUND, kind, bug)
    with pytest.raises(AssertionError):
        judge_corpus()
