import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.contracts.schemas import INPUTS, NAMES, examples, objects_of, read, title

from policywire.model.decode import EVENT_DECODER, Rejected
from policywire.model.events import CLAIM_EVENT_TYPES, EVENT_TYPES
from policywire.model.faults import judge

EVENT_TYPES_OF = {"claim-event.v1": CLAIM_EVENT_TYPES, "scheduling-event.v1": EVENT_TYPES - CLAIM_EVENT_TYPES}


def broken(name: str, record: Any) -> Iterator[tuple[str, str]]:
    """Pointer and rule of every fault, as ``policywire validate`` gives them for events."""
    if name in INPUTS:
        for fault in judge(json.dumps(record).encode(), EVENT_TYPES_OF[name]).faults:
            yield fault.pointer, fault.rule
        return
    for error in jsonschema_rs.Draft202012Validator(read(name), validate_formats=True).iter_errors(record):
        pointer = "".join(f"/{step}" for step in error.instance_path)
        rule = error.kind.name
        yield (f"{pointer}/{error.kind.as_dict()['property']}" if rule == "required" else pointer), rule


@pytest.mark.parametrize("path", [*examples("valid"), *examples("invalid")], ids=title)
def test_an_example_belongs_to_a_schema_and_says_that_it_is_made_up(path: Path) -> None:
    assert path.suffix == ".json"
    assert path.parent.name in NAMES
    ids = [
        value
        for place in objects_of(json.loads(path.read_text()))
        for key, value in place.items()
        if key in ("member_id", "claim_id", "appointment_id", "agreement_id") and value
    ]
    assert all("SYNTHETIC" in value for value in ids)


@pytest.mark.parametrize("path", examples("valid"), ids=title)
def test_a_valid_example_is_accepted(path: Path) -> None:
    record = json.loads(path.read_text())
    assert list(broken(path.parent.name, record)) == []
    if path.parent.name in INPUTS:
        event = EVENT_DECODER.decode(json.dumps(record).encode())
        assert event.event_id == record["event_id"]


@pytest.mark.parametrize("path", examples("invalid"), ids=title)
def test_an_invalid_example_breaks_the_rule_it_is_there_for_and_no_other(path: Path) -> None:
    example = json.loads(path.read_text())
    expected = {(fault["pointer"], fault["rule"]) for fault in example["breaks"]}
    assert set(broken(path.parent.name, example["record"])) == expected


@pytest.mark.parametrize("path", [path for path in examples("invalid") if path.parent.name in INPUTS], ids=title)
def test_the_detail_of_a_dead_letter_names_a_fault_and_no_value(path: Path) -> None:
    example = json.loads(path.read_text())
    expected = {f"{fault['pointer']} {fault['rule']}".strip() for fault in example["breaks"]}
    if "other-topic" in path.stem:
        expected = {"/claim_id required", "/appointment_id required", "/event_type enum"} | expected
    with pytest.raises(Rejected) as rejected:
        EVENT_DECODER.decode(json.dumps(example["record"]).encode())
    assert rejected.value.detail in expected
    assert "SYNTHETIC" not in str(rejected.value)
