"""The shipped contract files as the tests read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policywire.resources import shipped

SCHEMAS = shipped("schemas")
INPUTS = ("claim-event.v1", "scheduling-event.v1")
OUTPUTS = ("determination.v1", "alert.v1", "dead-letter.v1", "publication.v1")
NAMES = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))


def read(name: str) -> dict[str, Any]:
    return dict(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def examples(verdict: str) -> list[Path]:
    return sorted(path for path in (SCHEMAS / "examples" / verdict).rglob("*") if path.is_file())


def title(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_of(inner)


IN_ONE = ("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
IN_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
BY_NAME = ("$defs", "dependentSchemas", "patternProperties", "properties")
PLAIN = (
    *("$comment", "$id", "$ref", "$schema", "const", "default", "dependentRequired", "description", "enum", "examples"),
    *("exclusiveMaximum", "exclusiveMinimum", "format", "maxItems", "maxLength", "maxProperties", "maximum"),
    *("minItems", "minLength", "minProperties", "minimum", "pattern", "required", "title", "type", "uniqueItems"),
    *("unevaluatedProperties", "deprecated"),
)


def subschemas(schema: Any, at: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema with where it is; the values of const, enum and examples are none."""
    if not isinstance(schema, dict):
        return
    yield at, schema
    for keyword in IN_ONE:
        yield from subschemas(schema.get(keyword), f"{at}/{keyword}")
    for keyword in IN_MANY:
        for index, inner in enumerate(schema.get(keyword, ())):
            yield from subschemas(inner, f"{at}/{keyword}/{index}")
    for keyword in BY_NAME:
        for key, inner in schema.get(keyword, {}).items():
            yield from subschemas(inner, f"{at}/{keyword}/{key}")


def unknown_keywords(schema: dict[str, Any]) -> list[str]:
    """Keywords that JSON Schema does not have, which a validator would silently ignore."""
    known = {*IN_ONE, *IN_MANY, *BY_NAME, *PLAIN}
    return [f"{at}/{keyword}" for at, inner in subschemas(schema) for keyword in inner if keyword not in known]
