import copy
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from tests.contracts.schemas import (
    INPUTS,
    NAMES,
    OUTPUTS,
    SCHEMAS,
    examples,
    objects_of,
    read,
    subschemas,
    title,
    unknown_keywords,
)

from policywire.model.events import CLAIM_EVENT_TYPES, EVENT_TYPES
from policywire.model.faults import CROSS_FIELD_RULES
from policywire.model.records import Flag, Outcome
from policywire.model.rejection import ErrorCode
from policywire.resources import shipped


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_json_schema_2020_12(name: str) -> None:
    schema = read(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:policywire:schema:{name}"
    jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_no_keyword_that_json_schema_does_not_know(name: str) -> None:
    assert unknown_keywords(read(name)) == []


@pytest.mark.parametrize(
    ("keyword", "typo"),
    [("additionalProperties", "aditionalProperties"), ("required", "requires"), ("pattern", "patern")],
)
def test_a_mistyped_keyword_which_the_meta_schema_lets_pass_is_noticed(keyword: str, typo: str) -> None:
    schema = copy.deepcopy(read("determination.v1"))
    for _, inner in subschemas(schema):
        if keyword in inner:
            inner[typo] = inner.pop(keyword)
            break
    jsonschema_rs.meta.validate(schema)
    assert len(unknown_keywords(schema)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere(name: str) -> None:
    schema = read(name)
    references = {inner["$ref"] for _, inner in subschemas(schema) if "$ref" in inner}
    definitions = {f"#/$defs/{key}" for key in schema.get("$defs", {})}
    assert references - {"#"} <= definitions
    assert definitions <= references, "a definition that nothing uses"


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS])
def test_every_field_is_described(name: str) -> None:
    schema = read(name)
    assert schema["title"]
    assert schema["description"]
    for at, inner in subschemas(schema):
        if re.search(r"/(then|if|else)(/|$)", at):
            continue
        for key, field in inner.get("properties", {}).items():
            target = schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field
            said = field.get("description") or target.get("description")
            assert said or key in ("kind", "line_number", "topic", "key"), f"{at}/properties/{key}"


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS])
def test_the_examples_in_a_schema_follow_it(name: str) -> None:
    schema = read(name)
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert schema["examples"]
    assert all(validator.is_valid(example) for example in schema["examples"])


def test_topics_name_only_schemas_that_exist_and_every_schema_has_a_use() -> None:
    topics = yaml.safe_load((SCHEMAS / "topics.yaml").read_text())["topics"]
    named = {schema.removesuffix(".schema.json") for topic in topics.values() for schema in topic["schemas"]}
    assert named <= set(NAMES)
    assert {*INPUTS, *OUTPUTS} <= named
    texts = [path.read_text() for path in shipped("rules").rglob("*.yaml")]
    documents = {match for text in texts for match in re.findall(r"\$schema=\S*/(\S+)\.schema\.json", text)}
    assert set(NAMES) == named | documents


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS])
def test_a_schema_has_examples_of_both_kinds(name: str) -> None:
    for verdict in ("valid", "invalid"):
        assert [path for path in examples(verdict) if path.parent.name == name]


def test_words_that_both_kinds_of_events_use_mean_the_same() -> None:
    claim, scheduling = (read(name)["$defs"] for name in INPUTS)
    shared = claim.keys() & scheduling.keys()
    assert shared >= {"identifier", "instant", "calendar_date", "provider", "diagnoses", "optional_text"}
    assert {name: claim[name] for name in shared} == {name: scheduling[name] for name in shared}


def test_cross_field_rules_are_listed_where_senders_look() -> None:
    listed = {rule for name in INPUTS for rule in re.findall(r"`([a-z_]+)`", read(name)["description"])}
    assert listed == set(CROSS_FIELD_RULES)


def test_closed_sets_are_the_same_in_schema_and_code() -> None:
    claim, scheduling = (set(read(name)["properties"]["event_type"]["enum"]) for name in INPUTS)
    determination = read("determination.v1")["properties"]
    assert claim == CLAIM_EVENT_TYPES
    assert scheduling == EVENT_TYPES - CLAIM_EVENT_TYPES
    assert determination["outcome"]["enum"] == list(Outcome)
    assert determination["flags"]["items"]["enum"] == list(Flag)
    assert set(read("dead-letter.v1")["$defs"]["error_code"]["enum"]) == set(ErrorCode)


@pytest.mark.parametrize("path", examples("valid"), ids=title)
def test_outputs_refuse_a_field_that_they_do_not_name_and_inputs_ignore_it(path: Path) -> None:
    record = json.loads(path.read_text())
    name = path.parent.name
    validator = jsonschema_rs.Draft202012Validator(read(name), validate_formats=True)
    for place in list(objects_of(record)):
        place["field_of_tomorrow"] = 1
        assert validator.is_valid(record) == (name in INPUTS)
        del place["field_of_tomorrow"]
    assert validator.is_valid(record)
