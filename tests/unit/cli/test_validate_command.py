import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.resources import shipped

EXAMPLES = shipped("schemas/examples")
CLAIM = json.loads((EXAMPLES / "valid/claim-event.v1/submitted.json").read_text())
GOOD = json.dumps(CLAIM)


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], input=stdin)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Line 1 good, 2 blank, 3 with two faults, 4 no JSON, 5 with a key twice."""
    path = tmp_path / "events.jsonl"
    bad = CLAIM | {"payer_id": None, "lines": [CLAIM["lines"][0] | {"charge_amount": "4,200.00"}]}
    twice = '{"claim_id":"CLM-OTHER",' + GOOD[1:]
    path.write_text("\n".join([GOOD, "  ", json.dumps(bad), "{not json", twice]) + "\n")
    return path


def test_a_file_of_good_events_passes(tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    texts = [json.dumps(json.loads(example.read_text())) for example in (EXAMPLES / "valid").glob("*-event.v1/*.json")]
    path.write_text("\n".join(texts))
    result = run(str(path))
    assert result.exit_code == 0
    assert result.stdout == f"{len(texts)} events, {len(texts)} good, 0 with 0 faults.\n"


def test_every_fault_is_told_with_line_pointer_rule_and_mend(events: Path) -> None:
    result = run(str(events))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.removeprefix(f"{events}:").split(": ")[:3] for line in lines[:-1]] == [
        ["3", "/lines/0/charge_amount", "pattern"],
        ["3", "/payer_id", "type"],
        ["4", "the whole record", "grammar"],
        ["5", "/claim_id", "duplicate_key"],
    ]
    assert 'exactly two decimal places and no sign, such as "4200.00"' in lines[0]
    assert lines[-1] == "4 events, 1 good, 3 with 4 faults."


def test_no_value_of_an_event_is_printed(events: Path) -> None:
    for arguments in ([str(events)], ["--json", str(events)]):
        printed = run(*arguments).output
        assert not any(value in printed for value in ("SYNTHETIC", "CLM-OTHER", "4,200.00", "2026-01-03T"))


def test_json_says_the_same_for_machines(events: Path) -> None:
    result = run("--json", str(events))
    report: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, report["events"], report["good"], len(report["faults"])) == (1, 4, 1, 4)
    assert report["faults"][0] == {
        "file": str(events),
        "line": 3,
        "pointer": "/lines/0/charge_amount",
        "rule": "pattern",
        "mend": report["faults"][0]["mend"],
        "error_code": "schema_violation",
    }
    assert [fault["error_code"] for fault in report["faults"]] == ["schema_violation"] * 2 + ["not_json", None]


def test_several_files_are_told_apart_and_counted_together(events: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(GOOD)
    result = run(str(other), str(events))
    assert result.exit_code == 1
    assert result.stdout.endswith("5 events, 2 good, 3 with 4 faults.\n")
    assert str(other) not in result.stdout


def test_standard_input_is_read_for_a_dash() -> None:
    result = run("-", stdin=b'{"event_type":"x"}')
    assert result.exit_code == 1
    assert result.stdout.startswith("<stdin>:1: /event_type: enum: Write event_type as one of agreement.revoked, ")


def test_an_event_of_the_other_topic_is_a_fault_where_a_topic_is_named(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(GOOD)
    assert run("--topic", "claim-events", str(path)).exit_code == 0
    assert run("--topic", "scheduling-events", str(path)).exit_code == 1


@pytest.mark.parametrize("arguments", [[], ["no-such-file"], ["--topic", "alerts", "-"], ["."]])
def test_arguments_that_cannot_be_used_end_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "example", sorted((EXAMPLES / "invalid").glob("*-event.v1/*.json")), ids=lambda path: path.stem
)
def test_every_mend_is_a_sentence(example: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(json.loads(example.read_text())["record"]))
    topic = example.parent.name.removesuffix(".v1") + "s"
    faults = json.loads(run("--json", "--topic", topic, str(path)).stdout)["faults"]
    assert faults
    for fault in faults:
        assert fault["mend"].endswith(".")
        assert len(fault["mend"]) > 20
