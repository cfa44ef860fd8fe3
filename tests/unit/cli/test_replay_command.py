"""``policywire replay``: events from a file or standard input, records to standard output, no broker."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.unit.scenes import RULES, Event, claim, ended, line, visit

from policywire.cli import main

Printed = list[dict[str, Any]]


def replay(text: str | bytes, *options: str, rules: Path = RULES) -> Result:
    """Run it on standard input."""
    arguments = ["replay", "--rules", str(rules), *options, "-"]
    return CliRunner().invoke(main, arguments, input=text)


def printed(result: Result) -> Printed:
    assert result.exit_code == 0, result.output
    return [json.loads(each) for each in result.stdout.splitlines()]


def jsonl(*events: Event) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def of(topic: str, lines: Printed) -> Printed:
    return [each for each in lines if each["topic"] == topic]


def test_it_prints_each_record_with_its_topic_and_key() -> None:
    lines = printed(replay(jsonl(claim())))
    assert [each["topic"] for each in lines] == ["determinations", "alerts"]
    assert lines[0].keys() == {"topic", "key", "value"}
    assert lines[0]["key"] == lines[0]["value"]["determination_id"]
    assert lines[1]["key"] == lines[1]["value"]["alert_id"]
    assert lines[0]["value"]["schema"] == "determination.v1"
    assert lines[1]["value"]["schema"] == "alert.v1"


def test_a_file_gives_the_same_as_standard_input(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(jsonl(claim(), visit()))
    from_file = CliRunner().invoke(main, ["replay", "--rules", str(RULES), str(events)])
    assert printed(from_file) == printed(replay(jsonl(claim(), visit())))


def test_twice_the_same_file_gives_twice_the_same_bytes() -> None:
    text = jsonl(visit("0717T", "0718T"), claim(), ended("completed"))
    assert replay(text).stdout_bytes == replay(text).stdout_bytes


def test_an_empty_file_gives_nothing_and_is_no_failure() -> None:
    assert printed(replay("")) == []
    assert printed(replay("", "--as-of", "2026-01-10T12:00:00Z")) == []


def test_blank_lines_are_skipped_but_counted() -> None:
    lines = printed(replay("\n   \n\t\r\n" + jsonl(claim()) + "\n{not json\n"))
    assert [each["line"] for each in of("dead-letters", lines)] == [6]


def test_the_last_line_needs_no_end() -> None:
    assert len(of("determinations", printed(replay(jsonl(claim()).rstrip("\n"))))) == 1


def test_bad_lines_are_output_with_their_numbers_and_the_rest_goes_on() -> None:
    bad = claim(claim_id="C2") | {"payer_id": None}
    text = (
        "{not json\n[]\n" + jsonl(bad, claim(event_type="claim.exploded"), claim()) + '"text"\n' + "[" * 40 + "]" * 40
    )
    result = replay(text)
    letters = of("dead-letters", printed(result))
    assert [(each["line"], each["error_code"]) for each in letters] == [
        (1, "not_json"),
        (2, "schema_violation"),
        (3, "schema_violation"),
        (4, "unknown_event_type"),
        (6, "schema_violation"),
        (7, "too_deep"),
    ]
    assert letters[2] == {
        "topic": "dead-letters",
        "key": None,
        "error_code": "schema_violation",
        "error_detail": "/payer_id type",
        "line": 3,
    }
    assert len(of("determinations", printed(result))) == 1


def test_bytes_that_are_no_text_are_a_dead_letter() -> None:
    lines = printed(replay(b"\xff\xfe\n\xef\xbb\xbf{}\n" + jsonl(claim()).encode()))
    assert [each["error_code"] for each in of("dead-letters", lines)] == ["not_json", "not_json"]
    assert len(of("determinations", lines)) == 1


def test_as_of_moves_the_clock_once_all_events_are_read() -> None:
    lines = printed(replay(jsonl(visit()), "--as-of", "2026-02-08T12:00:00Z"))
    severities = [x["value"]["severity"] for x in lines if x["value"].get("kind") == "agreement_missing"]
    assert severities == ["info", "critical"]


def test_as_of_before_the_last_event_changes_nothing() -> None:
    text = jsonl(visit())
    assert replay(text, "--as-of", "2020-01-01T00:00:00Z").stdout == replay(text).stdout


def test_there_is_one_clock_for_all_members_and_it_never_goes_back() -> None:
    """Another member's event makes this one's alert louder; an event of the past is seen from then."""
    other = claim(line("0717T"), member_id="M-2", at="2026-02-08T12:00:00Z")
    late = visit(member_id="M-3", at="2026-01-01T00:00:00Z")
    lines = printed(replay(jsonl(visit(), other, late)))
    said = [
        (x["value"]["member_id"], x["value"]["severity"])
        for x in lines
        if x["value"].get("kind") == "agreement_missing"
    ]
    assert said == [("M-1", "info"), ("M-1", "critical"), ("M-3", "critical")]


def test_a_bad_line_does_not_move_the_clock() -> None:
    bad = claim(at="2027-01-01T00:00:00Z") | {"payer_id": None}
    lines = printed(replay(jsonl(visit(), bad)))
    assert [x["value"]["severity"] for x in of("alerts", lines)] == ["warning", "info"]


def test_what_is_due_at_the_end_of_the_file_has_run() -> None:
    """The last event moves the clock by more than 24 months: what was booked before it is forgotten."""
    lines = printed(replay(jsonl(visit(day="2026-01-06", at="2026-01-05T00:00:00Z"), claim(at="2028-06-01T00:00:00Z"))))
    latest = {x["key"]: x["value"]["status"] for x in of("alerts", lines)}
    assert set(latest.values()) == {"resolved"}


def test_it_prints_no_alerts_about_policies() -> None:
    lines = printed(replay(jsonl(claim(), visit())))
    assert {x["value"]["subject"]["kind"] for x in of("alerts", lines)} == {"claim_line", "appointment"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--as-of", "2026-01-10"], "offset"),
        (["--as-of", "2026-01-10T12:00:00"], "offset"),
        (["--as-of", "yesterday"], "offset"),
        (["--nonsense"], "No such option"),
    ],
)
def test_unusable_options_end_with_status_2(options: list[str], words: str) -> None:
    result = replay(jsonl(claim()), *options)
    assert result.exit_code == 2
    assert words in result.output
    assert result.stdout == ""


def test_a_file_that_is_not_there_ends_with_status_2() -> None:
    result = CliRunner().invoke(main, ["replay", "--rules", str(RULES), "nowhere.jsonl"])
    assert result.exit_code == 2


def test_rules_that_are_not_there_or_not_usable_end_with_status_2(tmp_path: Path) -> None:
    assert replay(jsonl(claim()), rules=tmp_path / "nowhere").exit_code == 2
    (tmp_path / "payer.yaml").write_text("document: payer.v1\n")
    result = replay(jsonl(claim()), rules=tmp_path)
    assert result.exit_code == 2
    assert "fault" in result.stderr
    assert result.stdout == ""
