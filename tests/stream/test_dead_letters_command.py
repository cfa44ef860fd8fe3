"""``policywire dead-letters`` on the real broker: what it prints, what it never prints, and how it ends."""

import asyncio
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.stream.harness import claim, publish, records_of, running, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.cli import main

SECRETS = ("M-SECRET", "CLM-", "2026-01-03", "$12", "my note")
"""Of the events below: none of it may be printed without --reveal."""

Say = Callable[..., Result]


@pytest.fixture
def say(broker: LocalBroker, topics: str) -> Say:
    """Run a subcommand on a topic with five dead letters."""
    settings = settings_for(broker.bootstrap_servers, topics)
    amount = claim(1, "M-SECRET", **{"my note of M-SECRET": 1})
    amount["lines"][0]["charge_amount"] = "$12"
    events: list[Any] = [
        amount,
        *((b"M-1", json.dumps(claim(number, "M-SECRET")).encode()) for number in (2, 3)),
        (b"M-SECRET", b"\x1b[31mM-SECRET"),
        (b"M-SECRET", b"M-SECRET\xff"),
    ]

    async def feed() -> None:
        await publish(settings, events)
        async with running(settings):
            await until_done(settings)

    asyncio.run(feed())
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics, "--group", "test"]
    return lambda *arguments: CliRunner().invoke(main, ["dead-letters", *where, *map(str, arguments)])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert all(word in result.stderr for word in words), result.stderr


def letter_id(say: Say, reason: str) -> str:
    (letter, *_) = json.loads(done(say("list", "--reason", reason, "--json")))["shown"]
    return str(letter["id"])


def events_in(broker: LocalBroker, topics: str) -> int:
    settings = settings_for(broker.bootstrap_servers, topics)
    return len(asyncio.run(records_of(settings, "claim-events")))


def test_they_are_counted_by_what_one_asks_for(say: Say) -> None:
    assert done(say("count")).splitlines()[1].split()[:3] == ["2", "0", "key_mismatch"]
    assert "5 dead letters in all, 0 of them sent again." in done(say("count"))
    by_detail = json.loads(done(say("count", "--by", "detail", "--json")))
    assert by_detail["dead_letters"] == 5
    details = {each["error_detail"]: each["dead_letters"] for each in by_detail["counts"]}
    assert details["/lines/0/charge_amount pattern"] == 1
    assert details["/member_id key_is_member_id"] == 2
    (day,) = json.loads(done(say("count", "--by", "day", "--json")))["counts"]
    assert day["dead_letters"] == 5
    assert json.loads(done(say("count", "--reason", "too_deep", "--json")))["counts"] == []


def test_a_list_shows_the_latest_and_says_how_many_it_leaves_out(say: Say) -> None:
    assert len(done(say("list")).splitlines()) == 7
    few = done(say("list", "--limit", "2")).splitlines()
    assert few[:2] == [
        "5 dead letters, 0 of them sent again.",
        "3 earlier ones are not shown: --limit, --since or --reason chooses others.",
    ]
    assert few[3:] == done(say("list")).splitlines()[-2:]
    assert json.loads(done(say("list", "--limit", "2", "--json")))["not_shown"] == 3
    assert "0 dead letters" in done(say("list", "--until", "2026-01-01"))
    # Judged by the test's clock, long ago: a moment may be an instant or how long ago.
    assert "5 dead letters" in done(
        say("list", "--since", "2026-01-10T11:59:00Z", "--until", "2026-01-10T12:01:00+00:00")
    )
    assert "0 dead letters" in done(say("list", "--since", "2h"))


def test_nothing_of_an_event_is_printed_without_reveal(say: Say) -> None:
    said = [say("count", "--by", "detail"), say("list"), say("list", "--json"), say("redrive", "--all", "--dry-run")]
    for letter in json.loads(done(say("list", "--json")))["shown"]:
        said += [say("show", letter["id"]), say("show", letter["id"], "--json")]
    text = "".join(done(each) + each.stderr for each in said)
    assert [secret for secret in SECRETS if secret in text] == []


def test_one_is_shown_with_its_mend_and_with_its_bytes_only_when_told(say: Say) -> None:
    shown = done(say("show", letter_id(say, "schema_violation")))
    assert "/lines/0/charge_amount: pattern: Write:" in shown
    assert "claim_id, diagnoses, event_id, event_type, lines, member_id, occurred_at, payer_id" in shown
    assert "with the event's member_id as its key" in done(say("show", letter_id(say, "key_mismatch")))
    revealed = json.loads(done(say("show", letter_id(say, "schema_violation"), "--reveal", "--json")))
    assert revealed["key"] == "M-SECRET"
    assert json.loads(revealed["value"])["lines"][0]["charge_amount"] == "$12"


def test_bytes_never_steer_the_terminal(say: Say) -> None:
    broken = [each["id"] for each in json.loads(done(say("list", "--reason", "not_json", "--json")))["shown"]]
    shown = "".join(done(say("show", each, "--reveal")) for each in broken)
    assert "\x1b" not in shown
    assert "\\x1b[31mM-SECRET" in shown
    assert "value_base64" in shown
    exact = [json.loads(done(say("show", each, "--reveal", "--json"))) for each in broken]
    assert "\x1b[31mM-SECRET" in {each.get("value") for each in exact}


def test_an_export_is_private_whole_and_the_same_each_time(say: Say, tmp_path: Path) -> None:
    out = tmp_path / "dead.jsonl"
    refused(say("export", "--out", out), "--reveal")
    assert list(tmp_path.iterdir()) == []
    done(say("export", "--reveal", "--out", out))
    first = out.read_bytes()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in first.splitlines()]
    assert len(lines) == 5
    assert {"key", "value"} <= lines[0].keys()
    done(say("redrive", "--reason", "key_mismatch", "--yes"))
    done(say("export", "--reveal", "--out", out))
    assert out.read_bytes() == first
    refused(say("export", "--reveal", "--out", out, "--reason", "not_json"), "something else", "--replace")
    assert out.read_bytes() == first
    done(say("export", "--reveal", "--out", out, "--reason", "not_json", "--replace"))
    assert len(out.read_bytes().splitlines()) == 2
    refused(say("export", "--reveal", "--out", tmp_path / "no" / "where"), "cannot be written")
    assert [each.name for each in tmp_path.iterdir()] == ["dead.jsonl"]


def test_a_redrive_says_what_it_would_send_and_asks_before_it_does(say: Say, broker: LocalBroker, topics: str) -> None:
    refused(say("redrive"), "--all")
    assert "Nothing was sent" in done(say("redrive", "--reason", "key_mismatch", "--dry-run"))
    refused(say("redrive", "--reason", "key_mismatch"), "--yes", "--dry-run")
    assert events_in(broker, topics) == 5
    assert "2 sent again, 0 had been before." in done(say("redrive", "--reason", "key_mismatch", "--yes"))
    report = json.loads(done(say("redrive", "--reason", "key_mismatch", "--yes", "--json")))
    assert (report["sent"], report["redriven_before"]) == (0, 2)
    assert events_in(broker, topics) == 7
    assert "2 of them sent again" in done(say("list", "--redriven"))
    assert "3 dead letters, 0 of them" in done(say("list", "--not-redriven"))


def test_a_mended_event_is_judged_before_it_is_sent(say: Say, broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    mended = tmp_path / "event.json"
    mended.write_text(json.dumps(claim(1, "M-SECRET", payer_id=7)))
    bad = letter_id(say, "schema_violation")
    refused(say("redrive", bad, "--value", mended, "--yes"), "/payer_id", "nothing was sent")
    mended.write_text(json.dumps(claim(1, "M-SECRET")) + "\n")
    refused(say("redrive", "--reason", "key_mismatch", "--value", mended, "--yes"), "2 are meant")
    assert events_in(broker, topics) == 5
    assert "1 sent again" in done(say("redrive", bad, "--value", mended, "--yes"))
    assert events_in(broker, topics) == 6


def test_ids_that_are_none_are_named_and_nothing_is_sent(say: Say, broker: LocalBroker, topics: str) -> None:
    refused(say("show", "nonsense"), "nonsense is no id", "topic-partition-offset")
    refused(say("show", "claim-events-0-99999"), "no dead letter claim-events-0-99999")
    good = letter_id(say, "schema_violation")
    refused(say("redrive", good, "claim-events-0-99999", "--yes"), "claim-events-0-99999")
    refused(say("redrive", "--reason", "too_deep", "--yes"), "no dead letter is meant")
    refused(say("list", "--since", "yesterday"), "2h")
    assert events_in(broker, topics) == 5


@pytest.mark.parametrize(("answer", "ends"), [("n", (1, 5)), ("y", (0, 7))])
def test_somebody_at_a_terminal_is_asked(
    say: Say, broker: LocalBroker, topics: str, answer: str, ends: tuple[int, int]
) -> None:
    status, events = ends
    done(say("count"))
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "policywire", "dead-letters", "redrive", "--reason", "key_mismatch"]
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics, "--group", "test"]
    with subprocess.Popen([*command, *where], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.write(mine, f"{answer}\n".encode())
        assert process.wait(60) == status
    shown = os.read(mine, 65_536).decode()
    assert "2 dead letters to send again" in shown
    assert "Send 2 dead letters again?" in shown
    assert events_in(broker, topics) == events


def test_the_cluster_may_be_named_behind_the_subcommand_too(say: Say, broker: LocalBroker, topics: str) -> None:
    done(say("count"))
    behind = ["count", "--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics, "--group", "test"]
    assert "5 dead letters in all" in done(CliRunner().invoke(main, ["dead-letters", *behind]))
    assert "5 dead letters in all" in done(CliRunner().invoke(main, ["dead-letters", "--group", "x", *behind]))


def test_no_cluster_ends_with_1_and_no_topic_with_2(broker: LocalBroker) -> None:
    nobody = CliRunner().invoke(main, ["dead-letters", "--bootstrap-servers", "127.0.0.1:1", "count"])
    assert nobody.exit_code == 1
    assert "no Kafka answers" in nobody.stderr
    options = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", "nobodys."]
    refused(CliRunner().invoke(main, ["dead-letters", *options, "count"]), "nobodys.dead-letters does not exist")
