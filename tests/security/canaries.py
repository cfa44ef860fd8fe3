"""Values that occur nowhere else, in events of every kind: whoever finds one outside of a topic has found a leak."""

import json
from collections.abc import Iterator
from typing import Any

MEMBER = "M-CANARY-5C02E8"
OTHER_MEMBER = "M-CANARY-91D7AA"
CLAIM = "CLM-CANARY-7F3A91"
APPOINTMENT = "APT-CANARY-20B64F"
EVENT = "EVT-CANARY-66E1D0"
NARRATIVE = "canary narrative of a left knee"
NPI = "1891472063"
DATE = "1993-08-17"
LATER_DATE = "2187-11-23"
DATES = (DATE, LATER_DATE)
CANARIES = (MEMBER, OTHER_MEMBER, CLAIM, APPOINTMENT, EVENT, NARRATIVE, NPI, *DATES)
LISTED = "0565T"
BUG, CRASH = "bug", "crash"
"""In an event's id: the planted worker raises for it, with all of the event in the error's text."""

Message = tuple[bytes | None, bytes | None]


def found(text: str) -> set[str]:
    """The canaries that a text holds, in whatever case, dates also as digits alone."""
    lower = text.lower()
    written = {canary: {canary.lower(), canary.lower().replace("-", "")} for canary in CANARIES}
    return {canary for canary, forms in written.items() if any(form in lower for form in forms)}


def claim(**changes: Any) -> dict[str, Any]:
    """A claim that is good, with a canary in every field that can take one."""
    line = {
        "line_number": 1,
        "procedure_code": LISTED,
        "diagnosis_pointers": [1],
        "units": 1,
        "charge_amount": "4200.00",
        "service_date": DATE,
        "service_date_end": DATE,
        "narrative": NARRATIVE,
    }
    return {
        "event_id": EVENT,
        "event_type": "claim.submitted",
        "occurred_at": "2026-01-05T14:03:00Z",
        "claim_id": CLAIM,
        "payer_id": "62308",
        "member_id": MEMBER,
        "billing_provider_npi": NPI,
        "rendering_provider": {"npi": NPI, "taxonomy": "207X00000X"},
        "ordering_provider_npi": NPI,
        "diagnoses": ["M17.11"],
        "lines": [line, line | {"line_number": 2, "service_date": "2026-01-03", "service_date_end": None}],
    } | changes


def appointment(**changes: Any) -> dict[str, Any]:
    """A booking that is good."""
    return {
        "event_id": EVENT,
        "event_type": "appointment.booked",
        "occurred_at": "2026-01-05T14:03:00Z",
        "appointment_id": APPOINTMENT,
        "payer_id": "62308",
        "member_id": MEMBER,
        "service_date": LATER_DATE,
        "procedure_codes": [LISTED],
    } | changes


def agreement() -> dict[str, Any]:
    """A signature for it."""
    return {
        "event_id": EVENT + "-S",
        "event_type": "agreement.signed",
        "occurred_at": "2026-01-05T15:03:00Z",
        "agreement_id": CLAIM,
        "payer_id": "62308",
        "member_id": MEMBER,
        "procedure_codes": [LISTED],
        "signed_on": DATE,
        "valid_from": DATE,
        "valid_until": LATER_DATE,
    }


def messages(event: dict[str, Any]) -> list[Message]:
    """An event good, and bad in every way that we know: keys and values of records."""
    key = MEMBER.encode()
    good = json.dumps(event).encode()
    bad = [json.dumps(each).encode() for each in spoiled(event)]
    twice = b'{"%s": 1, "%s": 2, %s' % (CLAIM.encode(), CLAIM.encode(), good[1:])
    nested = b"[" * 5_000 + json.dumps(NARRATIVE).encode() + b"]" * 5_000
    large = json.dumps(event | {"own": NARRATIVE * 10_000}).encode()
    ahead = json.dumps(event | {"occurred_at": "2199-01-01T00:00:00Z"}).encode()
    latin = good.replace(b'"%s"' % MEMBER.encode(), b'"%s\xff"' % MEMBER.encode())
    values = [good, *bad, good[:-20], twice, nested, large, ahead, latin, NARRATIVE.encode()]
    return [
        *((key, value) for value in values),
        (OTHER_MEMBER.encode(), good),
        (None, good),
        (key, None),
    ]


def spoiled(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The event with a canary, or something that holds some, in the place of each of its values in turn."""
    for canary in (CLAIM, DATE, [NPI, NARRATIVE], {MEMBER: {NARRATIVE: DATE}}):
        for path in _paths(event):
            yield _replaced(event, path, canary)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from _paths(inner, (*path, name))


def _replaced(event: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(event))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert isinstance(copy, dict)
    return copy
