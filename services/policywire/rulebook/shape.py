"""The shape of a document: its JSON Schema, and every departure from it as a fault with a mend.

Knows the kinds of document and how to put a validator's words into an analyst's. Does not know what a document
means.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, get_args

import jsonschema_rs
import msgspec

from policywire.errors import Fault
from policywire.rulebook.cases import CasesDocument
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.nearest import nearest
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.source import Path, Source
from policywire.rulebook.watch import AlertKind, WatchDocument
from policywire.rulebook.watch_cases import WatchCasesDocument
from policywire.rulebook.when import faults_in

AnyDocument = (
    PolicyDocument
    | PayerDocument
    | ContextsDocument
    | TermsDocument
    | WatchDocument
    | CasesDocument
    | WatchCasesDocument
)

KINDS: Final[dict[str, type[Any]]] = {
    "policy.v1": PolicyDocument,
    "payer.v1": PayerDocument,
    "contexts.v1": ContextsDocument,
    "terms.v1": TermsDocument,
    "watch.v1": WatchDocument,
    "cases.v1": CasesDocument,
    "watch-cases.v1": WatchCasesDocument,
}
"""What the field ``document`` may say, and the type of such a document."""


@cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of document, as shipped in ``schemas/<kind>.schema.json``."""
    document = KINDS[kind]
    made = msgspec.json.schema(document)
    properties = made["$defs"][document.__name__]["properties"]
    properties["document"] = {"const": kind, "description": "The kind of document and the version of its format."}
    if document is WatchDocument:
        # msgspec checks the keys of a mapping against a closed set and does not say so in the schema.
        properties["texts"]["propertyNames"] = {"enum": sorted(get_args(AlertKind))}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:policywire:schema:{kind}",
        "title": kind,
        **made,
    }


def schema_text(kind: str) -> str:
    """The schema as its file has it."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


@cache
def _validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(kind), validate_formats=True)


def typed(source: Source) -> tuple[AnyDocument | None, tuple[Fault, ...]]:
    """The typed document of a file, or None and everything that is wrong with its shape."""
    value = source.value
    if not isinstance(value, dict):
        faults = source.faults or (source.fault("shape", (), "not a mapping", "Begin with document: policy.v1."),)
        return None, faults
    kind = value.get("document")
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(KINDS)
        return None, (*source.faults, source.fault("kind", ("document",), f"no kind {kind!r}", f"Known are: {known}."))
    faults = (*source.faults, *_shape_faults(source, kind))
    if faults:
        return None, faults
    try:
        return msgspec.convert(value, KINDS[kind]), ()
    except msgspec.ValidationError as error:
        # A gap between schema and type, of which tests know none: refused all the same.
        return None, (source.fault("shape", (), str(error), "See the schema."),)


def _shape_faults(source: Source, kind: str) -> Iterator[Fault]:
    conditions = tuple(_conditions(source.value)) if kind == "policy.v1" else ()
    for error in _validator(kind).iter_errors(source.value):
        if "when" in error.instance_path:
            # The condition language says it better below, and is the stricter of the two.
            continue
        yield from _explain(source, error)
    for path, when, declared in conditions:
        for finding in faults_in(when, declared):
            yield source.locate(finding._replace(path=(*path, *finding.path)))


def _conditions(value: dict[str, Any]) -> Iterator[tuple[Path, object, frozenset[str]]]:
    for v, version in enumerate(_mappings(value.get("versions"))):
        unknown = version.get("unknown")
        declared = frozenset(unknown) if isinstance(unknown, dict) else frozenset[str]()
        for r, rule in enumerate(_mappings(version.get("rules"))):
            if rule.get("when") is not None:
                yield ("versions", v, "rules", r, "when"), rule["when"], declared


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else ():
        yield item if isinstance(item, dict) else {}


def _explain(source: Source, error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    path = tuple(error.instance_path)
    details = error.kind.as_dict()
    match error.kind.name:
        case "additionalProperties":
            known = _properties(source.value["document"], error.schema_path)
            for key in details["unexpected"]:
                near = nearest(key, known)
                mend = f"Did you mean {near}?" if near else "Take it away, or mend its name."
                yield source.fault("unknown-field", (*path, key), f"no such field: {key}", mend, at_key=True)
        case "required":
            key = details["property"]
            yield source.fault("missing-field", path, f"{key} is missing", f"Add {key}.")
        case "anyOf":
            yield from _explain_choice(source, error)
        case "type":
            yield source.fault("type", path, _text(error), _mend_type(details, error.instance))
        case "format":
            yield source.fault("format", path, _text(error), f"Write a {details['format']}, as 2025-12-16.")
        case "propertyNames":
            inner = details["error"]
            message = f"{inner.instance} cannot be a name here"
            mend = _mend_value(inner.instance, _options(inner))
            yield source.fault("name", (*path, inner.instance), message, mend, at_key=True)
        case "enum" | "constant":
            options = [str(each) for each in details.get("options", [])] or _options(error)
            message = f"{error.instance!r} is no value of this field"
            yield source.fault("value", path, message, _mend_value(error.instance, options))
        case "minItems" | "minLength" | "minProperties":
            yield source.fault("empty", path, _text(error), "Give at least one, or take the field away.")
        case _:
            yield source.fault("shape", path, _text(error), "See the field's description in the schema.")


def _explain_choice(source: Source, error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    # Of several allowed forms, the one that was meant has the right type; its own faults are what helps.
    branches: list[list[jsonschema_rs.ValidationError]] = error.kind.as_dict()["context"]
    here = error.instance_path
    for branch in branches:
        if not any(each.kind.name == "type" and each.instance_path == here for each in branch):
            for each in branch:
                yield from _explain(source, each)
            return
    forms = [str(each.kind.as_dict().get("types") or each.kind.as_dict()["type"]) for each, *_ in branches]
    wanted = " or ".join(form.strip("[]'") for form in forms)
    mend = f'Quote it: "{error.instance}".' if "string" in wanted and _is_number(error.instance) else f"Write {wanted}."
    yield source.fault("type", tuple(here), f"{error.instance!r} is not {wanted}", mend)


def _text(error: jsonschema_rs.ValidationError) -> str:
    return str(error.message)[:300]


def _mend_type(details: dict[str, Any], value: object) -> str:
    wanted = str(details.get("types") or details.get("type"))
    return f'Quote it: "{value}".' if "string" in wanted and _is_number(value) else f"Write {wanted}."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mend_value(value: object, options: list[str]) -> str:
    every = f"Known are: {', '.join(options)}." if options else "See the field's description in the schema."
    near = nearest(value, options)
    return f"Did you mean {near}? {every}" if near else every


def _options(error: jsonschema_rs.ValidationError) -> list[str]:
    details = error.kind.as_dict()
    found = details.get("expected_value", details.get("options", []))
    return [str(each) for each in found] if isinstance(found, list) else [str(found)]


def _properties(kind: str, schema_path: list[str | int]) -> list[str]:
    """The fields of the part of the schema that a path leads to, references followed."""
    root = schema(kind)
    node: Any = root
    for step in schema_path[:-1]:
        if step == "$ref" or (isinstance(node, dict) and step not in node and "$ref" in node):
            node = root["$defs"][node["$ref"].rpartition("/")[2]]
            if step == "$ref":
                continue
        node = node[step]
    while isinstance(node, dict) and "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    return list(node.get("properties", ()))
