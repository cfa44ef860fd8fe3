import json
from collections import Counter

import jsonschema_rs
from tests.contracts.schemas import examples, read

from policywire.model.decode import EVENT_DECODER
from policywire.model.records import Alert, Determination, encode
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.workbench.replay import BadLine, Replay

DETERMINATION, ALERT, DEAD_LETTER = (
    jsonschema_rs.Draft202012Validator(read(name), validate_formats=True)
    for name in ("determination.v1", "alert.v1", "dead-letter.v1")
)


def test_what_the_shipped_rules_say_of_the_shipped_examples_follows_the_schemas() -> None:
    replay = Replay(load_rulebook(shipped("rules")))
    paths = [path for verdict in ("valid", "invalid") for path in examples(verdict) if "-event" in path.parent.name]
    seen: Counter[type] = Counter()
    for number, path in enumerate(paths, 1):
        example = json.loads(path.read_text())
        for result in replay.feed(number, json.dumps(example.get("record", example)).encode()):
            seen[type(result)] += 1
            match result:
                case Determination():
                    DETERMINATION.validate(json.loads(encode(result)))
                case Alert():
                    ALERT.validate(json.loads(encode(result)))
                case BadLine(line, rejected):
                    said = {"error_code": rejected.code, "error_detail": rejected.detail, "line": line}
                    DEAD_LETTER.validate({"topic": "dead-letters", "key": None, **said})
    assert min(seen[kind] for kind in (Determination, Alert, BadLine)) >= 5


def test_an_instant_keeps_the_offset_it_was_written_with() -> None:
    (path,) = (path for path in examples("valid") if path.stem == "drafted-with-offset-and-fraction")
    assert EVENT_DECODER.decode(path.read_bytes()).occurred_at.isoformat() == "2026-01-05T09:03:00.125000-05:00"
