"""The exact and slow judgement of an event: every fault with its JSON pointer, its rule and how to mend it.

Knows the schemas in ``schemas/`` (jsonschema-rs, formats asserted) and the rules that look at more than one field. The
hot path of :mod:`policywire.model.decode` turns here only when it did not accept, so what stands here is the law. Says
nothing of an event's values: pointers hold field names of the schemas and positions only.
"""

import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import jsonschema_rs

from policywire.model.events import CLAIM_EVENT_TYPES, EVENT_TYPES
from policywire.model.json_text import EVENT_BYTES_MAX, NESTING_MAX, pointer_token, read
from policywire.model.rejection import ErrorCode, Rejected
from policywire.resources import shipped

CROSS_FIELD_RULES = {
    "pointer_within_diagnoses": "Point only at diagnoses that the claim has: positions count from 1.",
    "end_not_before_start": "Let service_date_end be service_date or a later day, or leave it out.",
    "line_numbers_unique": "Give every line of the claim a line_number of its own.",
    "window_not_reversed": "Let service_date_through be service_date_from or a later day.",
    "key_is_member_id": "Publish the record with the event's member_id as its key, in UTF-8 and nothing else.",
}
"""Rules that a schema cannot say, by the names that the schemas' descriptions give them, with their mends."""

_WHOLE_RECORD_RULES = {
    "empty": "Send a JSON object; an empty record or a tombstone says nothing.",
    "size": f"Keep the event within {EVENT_BYTES_MAX} bytes: split the claim or leave out fields of your own.",
    "byte_order_mark": "Write UTF-8 without a byte order mark.",
    "utf8": "Write the whole record in UTF-8.",
    "nesting": f"Nest objects and arrays at most {NESTING_MAX} deep.",
    "grammar": "Write one whole JSON value (RFC 8259): no NaN or Infinity, no lone surrogate, no comma too many.",
    "object": "Write the event as one JSON object.",
}
_CALENDAR_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class EventFault(NamedTuple):
    """One fault of one event."""

    code: ErrorCode
    pointer: str
    """A JSON pointer (RFC 6901), for a missing field to where it should be; empty for the whole record."""
    rule: str
    """The keyword of the schema, the name of a cross-field rule, or a rule about the whole record."""
    mend: str
    """What to write instead, in plain words."""

    @property
    def detail(self) -> str:
        """Pointer and rule as in a dead letter's ``error_detail``."""
        return f"{self.pointer} {self.rule}".lstrip()


class Judgement(NamedTuple):
    """What was read (``None`` where it was not an object), and every fault of it; no fault means it is accepted."""

    event: dict[str, Any] | None
    faults: tuple[EventFault, ...]


def judge(value: bytes | None, event_types: Collection[str] = EVENT_TYPES) -> Judgement:
    """Every fault of a record's value in the order of pointers; the first one names its dead letter.

    Args:
        value: as it came; ``None`` is a tombstone.
        event_types: those that the record's topic has.
    """
    try:
        event = read(value)
    except Rejected as rejected:
        rule = rejected.detail
        return Judgement(None, (EventFault(rejected.code, "", rule, _WHOLE_RECORD_RULES[rule]),))
    if not isinstance(event, dict):
        mend = _WHOLE_RECORD_RULES["object"]
        return Judgement(None, (EventFault(ErrorCode.SCHEMA_VIOLATION, "", "type", mend),))
    event_type = event.get("event_type")
    if not isinstance(event_type, str):
        rule = "type" if "event_type" in event else "required"
        fault = EventFault(ErrorCode.SCHEMA_VIOLATION, "/event_type", rule, _event_type_mend(event_types))
        return Judgement(event, (fault,))
    if event_type not in event_types:
        fault = EventFault(ErrorCode.UNKNOWN_EVENT_TYPE, "/event_type", "enum", _event_type_mend(event_types))
        return Judgement(event, (fault,))
    name = "claim-event.v1" if event_type in CLAIM_EVENT_TYPES else "scheduling-event.v1"
    found = sorted(chain(_schema_faults(event, name), _cross_field_faults(event)), key=_place)
    return Judgement(event, tuple(found))


def key_fault() -> EventFault:
    """The fault of a record whose key is not its own member_id: it would land on the wrong partition."""
    rule = "key_is_member_id"
    return EventFault(ErrorCode.KEY_MISMATCH, "/member_id", rule, CROSS_FIELD_RULES[rule])


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema of that name and version, such as ``claim-event.v1``."""
    loaded: dict[str, Any] = json.loads(shipped(f"schemas/{name}.schema.json").read_bytes())
    return loaded


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """The compiled schema of that name and version; formats are asserted."""
    return jsonschema_rs.Draft202012Validator(schema(name), validate_formats=True)


def _place(fault: EventFault) -> tuple[list[str | int], str]:
    """Orders faults by pointer, positions as numbers, so that a dead letter's detail hangs on no library's order."""
    return [int(step) if step.isdigit() else step for step in fault.pointer.split("/")], fault.rule


def _event_type_mend(event_types: Collection[str]) -> str:
    return f"Write event_type as one of {', '.join(sorted(event_types))}."


def _schema_faults(event: dict[str, Any], name: str) -> Iterator[EventFault]:
    for error in validator(name).iter_errors(event):
        pointer = "".join(pointer_token(str(step)) for step in error.instance_path)
        where = list(error.schema_path)[:-1]
        rule, verb = error.kind.name, "Write"
        if rule == "required":
            missing, verb = error.kind.as_dict()["property"], "Add"
            pointer += pointer_token(missing)
            where += ["properties", missing]
        yield EventFault(ErrorCode.SCHEMA_VIOLATION, pointer, rule, f"{verb}: {_described(name, where)}")


def _described(name: str, where: list[str | int]) -> str:
    """What the schema says that the node at that path should be, or else the definition that it refers to."""
    node: Any = schema(name)
    for step in where:
        node = node[step]
    while "description" not in node:
        node = schema(name)["$defs"][node["$ref"].rpartition("/")[2]]
    description: str = node["description"]
    return description


def _cross_field_faults(event: dict[str, Any]) -> Iterator[EventFault]:
    if event["event_type"] == "agreement.signed":
        if _is_before(event.get("service_date_through"), event.get("service_date_from")):
            yield _cross_field_fault("/service_date_through", "window_not_reversed")
        return
    lines = event.get("lines")
    if event["event_type"] in CLAIM_EVENT_TYPES - {"claim.voided"} and isinstance(lines, list):
        yield from _lines_faults(lines, event.get("diagnoses"))


def _lines_faults(lines: list[Any], diagnoses: Any) -> Iterator[EventFault]:
    count = len(diagnoses) if isinstance(diagnoses, list) else 0
    seen: set[int] = set()
    for position, line in enumerate(lines):
        if not isinstance(line, dict):
            continue
        at = f"/lines/{position}"
        number = line.get("line_number")
        if type(number) is int:
            if number in seen:
                yield _cross_field_fault(f"{at}/line_number", "line_numbers_unique")
            seen.add(number)
        if _is_before(line.get("service_date_end"), line.get("service_date")):
            yield _cross_field_fault(f"{at}/service_date_end", "end_not_before_start")
        pointers = line.get("diagnosis_pointers")
        for index, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
            if type(pointer) is int and pointer > count:
                yield _cross_field_fault(f"{at}/diagnosis_pointers/{index}", "pointer_within_diagnoses")


def _is_before(one: Any, other: Any) -> bool:
    """Whether both are calendar dates, the first the earlier one; as text they sort as they do in time."""
    dates = isinstance(one, str) and isinstance(other, str)
    return dates and bool(_CALENDAR_DATE.fullmatch(one) and _CALENDAR_DATE.fullmatch(other)) and one < other


def _cross_field_fault(pointer: str, rule: str) -> EventFault:
    return EventFault(ErrorCode.SCHEMA_VIOLATION, pointer, rule, CROSS_FIELD_RULES[rule])
