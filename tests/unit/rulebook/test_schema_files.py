"""The schemas in schemas/ are made from the document types; both must judge every document alike."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policywire.rulebook.shape import KINDS, schema_text, typed
from policywire.rulebook.source import Source, parse

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted((ROOT / "rules").rglob("*.yaml")) + sorted((ROOT / "tests/rules/synthetic").rglob("*.yaml"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_file_is_the_one_that_documents_are_checked_with(kind: str) -> None:
    message = "run: policywire rules schemas schemas"
    assert (ROOT / "schemas" / f"{kind}.schema.json").read_text() == schema_text(kind), message


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_describes_every_field_for_an_editor(kind: str) -> None:
    definitions = json.loads(schema_text(kind))["$defs"]
    silent = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, part in definition.get("properties", {}).items()
        if "description" not in part
    ]
    assert silent == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_its_schema_for_the_editor(document: Path) -> None:
    first = document.read_text().splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    schema = (document.parent / first.removeprefix(prefix)).resolve()
    assert schema == ROOT / "schemas" / f"{parse('x', document.read_bytes()).value['document']}.schema.json"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(place for key, part in below for place in places(part, (*path, key)))]


VALUES: list[dict[str, Any]] = [parse("x", path.read_bytes()).value for path in DOCUMENTS]
REPLACEMENTS = st.sampled_from(
    [None, True, "", "x", "2025-02-30", "2025-12-16", 0, -1, 7, 1.5, 10**6, [], ["x"], {}, {"x": 1}, "review", "20.00"]
)


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_schema_and_type_accept_and_refuse_the_same_documents(data: st.DataObject) -> None:
    document = copy.deepcopy(VALUES[data.draw(st.integers(0, len(VALUES) - 1))])
    *above, last = data.draw(st.sampled_from(places(document)[1:]))
    part: Any = document
    for step in above:
        part = part[step]
    change = data.draw(st.sampled_from(["replace", "remove", "add", "rename"]))
    if change == "replace":
        part[last] = data.draw(REPLACEMENTS)
    elif change == "remove":
        del part[last]
    elif change == "rename" and isinstance(part, dict):
        part[data.draw(st.sampled_from(["", "x", "X-1", f"{last}s"]))] = part.pop(last)
    elif isinstance(part, dict):
        part["surplus"] = 1
    kind = document.get("document")
    if not isinstance(kind, str) or kind not in KINDS:
        return
    schema = jsonschema_rs.Draft202012Validator(json.loads(schema_text(kind)), validate_formats=True)
    try:
        msgspec.convert(document, KINDS[kind])
        fits = True
    except msgspec.ValidationError:
        fits = False
    assert schema.is_valid(document) is fits
    found, faults = typed(Source("x.yaml", document, {}, {}, ()))
    assert (found is None) is bool(faults)
    assert fits or faults
