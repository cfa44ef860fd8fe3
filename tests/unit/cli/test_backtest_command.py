"""``policywire backtest`` on a file of events, held against two replays of it compared record by record."""

import csv
import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.model.records import Alert
from policywire.rulebook.load import load_rulebook
from policywire.workbench.replay import BadLine, Replay

ROOT = Path(__file__).parents[3]
POLICY = "cigna/mm-0552/policy.yaml"
KNEE = """        indication: fat-derived cell implant for knee osteoarthritis
        outcome: not_medically_necessary
"""
SINCE = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shipped rules, a draft of others, and events of both topics by their time, bad ones among them. All synthetic."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("rules", "draft"):
        shutil.copytree(ROOT / "rules", folder / name)
    policy = folder / "draft" / POLICY
    text = policy.read_text().replace(KNEE, KNEE.replace("not_medically_necessary", "covered"))
    policy.write_text(text.replace('- effective_from: "2025-12-16"', '- effective_from: "2026-01-10"'))
    watch = folder / "draft" / "watch/mm-0552.yaml"
    watch.write_text(watch.read_text().replace("within_days: 180", "within_days: 20"))
    events = [*generated("claims", "--count", "2500", "--hits", "0.3"), *generated("scheduling", "--count", "1500")]
    in_time: list[bytes] = sorted(events, key=happened)
    (folder / "events.jsonl").write_bytes(b"".join(in_time))
    return folder


def generated(kind: str, *arguments: str) -> list[bytes]:
    result = CliRunner().invoke(main, ["generate", kind, *arguments])
    assert result.exit_code == 0, result.output
    return [line + b"\n" for line in result.stdout_bytes.split(b"\n") if line]


def happened(line: bytes) -> str:
    try:
        moment = json.loads(line)["occurred_at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return moment if isinstance(moment, str) else ""


def backtest(desk: Path, *arguments: str, status: int = 1, draft: str = "draft") -> Result:
    rules = ("--rules", str(desk / draft), "--against", str(desk / "rules"))
    result = CliRunner().invoke(main, ["backtest", *rules, "--from-file", str(desk / "events.jsonl"), *arguments])
    assert result.exit_code == status, result.output
    return result


class Replayed:
    """What one edition says: the latest of each record, and which were made since a moment."""

    def __init__(self, desk: Path, rules: str, since: dt.datetime | None) -> None:
        self.latest: dict[str, Json] = {}
        self.opened: set[str] = set()
        self.touched: set[str] = set()
        replay = Replay(load_rulebook(desk / rules))
        lines = (desk / "events.jsonl").read_bytes().splitlines()
        # One by one, so that the clock is that of the record.
        for record in chain.from_iterable(chain((replay.feed(0, line) for line in lines), (replay.advance(),))):
            if isinstance(record, BadLine):
                continue
            key = record.alert_id if isinstance(record, Alert) else record.determination_id
            self.latest[key] = msgspec.to_builtins(record)
            if since is None or (replay.clock is not None and replay.clock >= since):
                self.touched.add(key)
                if record.status == "open":
                    self.opened.add(key)


def replayed(desk: Path, since: dt.datetime | None) -> tuple[Replayed, Replayed]:
    return Replayed(desk, "rules", since), Replayed(desk, "draft", since)


def said(record: Json | None) -> Json | None:
    """The answer in a determination; None when it is withdrawn."""
    if record is None or record["status"] == "withdrawn":
        return None
    told = ("outcome", "handoff", "flags", "prior_authorization", "expected_denial", "exposure_amount")
    answer = {name: record[name] for name in told}
    return answer | {"flags": sorted(record["flags"]), "liable": record["financial_responsibility"]["liable"]}


def flips(lanes: tuple[Replayed, Replayed]) -> Iterator[tuple[Json, Json | None, Json | None]]:
    for key in sorted(lanes[0].touched | lanes[1].touched):
        pair = tuple(lane.latest.get(key) for lane in lanes)
        known = pair[1] or pair[0]
        if known is not None and "determination_id" in known and said(pair[0]) != said(pair[1]):
            yield known, said(pair[0]), said(pair[1])


@pytest.mark.parametrize("since", [None, SINCE], ids=["from the beginning", "since a moment"])
def test_flips_are_where_two_replays_differ(desk: Path, tmp_path: Path, since: dt.datetime | None) -> None:
    lines = tmp_path / "flips.csv"
    window = [] if since is None else ["--since", since.isoformat()]
    report = json.loads(backtest(desk, "--json", "--lines", str(lines), *window).output)
    wanted = list(flips(replayed(desk, since)))
    assert len(wanted) > 50
    assert {"claim_line", "appointment_procedure"} == {known["subject"]["kind"] for known, _, _ in wanted}
    with lines.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((x["subject_id"], x["member_id"], x["procedure_code"], x["before"], x["after"]) for x in rows) == (
        Counter(
            (
                known["subject"].get("claim_id") or known["subject"]["appointment_id"],
                known["member_id"],
                known["procedure_code"],
                (before or {}).get("outcome", ""),
                (after or {}).get("outcome", ""),
            )
            for known, before, after in wanted
        )
    )
    claims = [each for each in wanted if each[0]["subject"]["kind"] == "claim_line"]
    told = report["flips"]["claim_lines"]
    assert told["lines"] == len(claims)
    assert told["exposure_before"] == total(before for _, before, _ in claims)
    assert told["exposure_after"] == total(after for _, _, after in claims)


def total(answers: Iterable[Json | None]) -> str:
    cents = sum(int(each["exposure_amount"].replace(".", "")) for each in answers if each is not None)
    return f"{cents // 100}.{cents % 100:02}"


@pytest.mark.parametrize("since", [None, SINCE], ids=["from the beginning", "since a moment"])
def test_alerts_that_open_otherwise_are_those_of_two_replays(desk: Path, since: dt.datetime | None) -> None:
    window = [] if since is None else ["--since", since.isoformat()]
    report = json.loads(backtest(desk, "--json", *window).output)
    lanes = replayed(desk, since)
    differing: Counter[str] = Counter()
    for key in lanes[0].touched | lanes[1].touched:
        pair = [lane.latest.get(key) for lane in lanes]
        known = pair[1] or pair[0]
        if known is None or "alert_id" not in known:
            continue
        stand = [None if each is None or each["status"] != "open" else each["severity"] for each in pair]
        differing[known["kind"]] += stand[0] != stand[1] or (key in lanes[0].opened) != (key in lanes[1].opened)
    assert sum(differing.values()) > 20
    counted: Counter[str] = Counter()
    for each in report["alerts"]:
        counted[each["kind"]] += each["alerts"]
    assert counted == Counter({kind: count for kind, count in differing.items() if count})
    assert {each["change"] for each in report["alerts"]} >= {"does not open"}


def test_at_risk_are_claim_lines_and_what_is_booked_or_done_and_not_billed(desk: Path) -> None:
    read = json.loads(backtest(desk, "--json").output)["read"]
    for side, lane in zip(("current", "draft"), replayed(desk, None), strict=True):
        open_alerts = [each for each in lane.latest.values() if "alert_id" in each and each["status"] == "open"]
        unbilled = [each for each in open_alerts if is_unbilled(each)]
        assert any(each["exposure_amount"] not in {None, "0.00"} for each in unbilled)
        standing = (each for each in lane.latest.values() if each.get("determination_id") and said(each) is not None)
        billed = (each for each in standing if each["subject"]["kind"] == "claim_line")
        assert read[side]["exposure_amount"] == total(each for each in (*billed, *unbilled) if each["exposure_amount"])


def is_unbilled(alert: Json) -> bool:
    kinds = {"expected_denial_scheduled", "service_without_agreement"}
    return alert["kind"] in kinds and alert["subject"]["kind"] == "appointment"


def test_the_same_rules_flip_nothing(desk: Path) -> None:
    output = backtest(desk, status=0, draft="rules").output
    assert "No line flips." in output
    assert "No alert opens or is resolved otherwise." in output


def test_bad_events_are_counted_by_their_reason_and_what_came_later_apart(desk: Path) -> None:
    read = json.loads(backtest(desk, "--json", "--until", SINCE.isoformat()).output)["read"]
    lines = (desk / "events.jsonl").read_bytes().splitlines()
    assert read["events"] + sum(read["bad_events"].values()) + read["after_window"] == len(lines)
    assert read["bad_events"]["schema_violation"] > 0
    assert read["after_window"] > 0
    assert "could not be used" in backtest(desk).output


def test_what_happened_before_the_window_is_remembered_and_not_reported(desk: Path) -> None:
    everything = json.loads(backtest(desk, "--json").output)
    later = json.loads(backtest(desk, "--json", "--since", SINCE.isoformat()).output)
    assert later["read"]["events"] == everything["read"]["events"]
    assert 0 < later["flips"]["claim_lines"]["lines"] < everything["flips"]["claim_lines"]["lines"]


def test_nothing_on_the_screen_tells_a_claim_or_a_member(desk: Path, tmp_path: Path) -> None:
    lines = tmp_path / "flips.csv"
    output = backtest(desk, "--lines", str(lines)).output + backtest(desk, "--markdown").output
    assert "| alert | under the draft | how many |" in output
    with lines.open(newline="") as file:
        told = [(row["subject_id"], row["member_id"], row["date_of_service"]) for row in csv.DictReader(file)]
    assert not [each for row in told for each in row if each in output]


def test_members_are_remembered_packed_as_if_they_were_not(desk: Path) -> None:
    from policywire.workbench.backtest.memory import PackedTimelines  # noqa: PLC0415  beside its use

    rulebook = load_rulebook(desk / "rules")
    packed = PackedTimelines()
    replays = (Replay(rulebook), Replay(rulebook, packed))
    plain: dict[str, Any] = {}
    for line in (desk / "events.jsonl").read_bytes().splitlines()[:800]:
        given = [[msgspec.to_builtins(x) for x in each.feed(0, line) if not isinstance(x, BadLine)] for each in replays]
        assert given[0] == given[1]
        plain.update({each["member_id"]: each for each in given[0]})
    assert len(packed) >= len(plain) > 10
    assert all(member in packed for member in plain)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from-topic", "claim-events"), "say where events are recorded"),
        (("--read-from", "2026-01-01T00:00:00Z"), "with --from-file use --since"),
        (("--since", "2026-01-01"), "an instant with its offset"),
        (("--lines", "flips.xls"), "end its name in .csv or .parquet"),
        (("--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"), "--until is before --since"),
        (("--until", "2001-01-01T00:00:00Z"), "happened after --until"),
    ],
)
def test_what_cannot_be_used_is_said(desk: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in backtest(desk, *arguments, status=2).output


@pytest.mark.parametrize("where", [("--from-topic", "claim-events"), ("--against", "topic")])
def test_a_broker_that_does_not_answer_is_no_flip(desk: Path, where: tuple[str, str]) -> None:
    events = () if "--from-topic" in where else ("--from-file", str(desk / "events.jsonl"))
    rules = ("--rules", str(desk / "draft"), "--bootstrap-servers", "localhost:1")
    result = CliRunner().invoke(main, ["backtest", *rules, *events, *where])
    assert "no Kafka answers at the bootstrap servers" in result.output
    assert result.exit_code == 2


def test_a_draft_that_cannot_be_read_is_said(desk: Path) -> None:
    assert "nowhere is not a folder" in backtest(desk, draft="nowhere", status=2).output


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "it has no event"), ("no json\n{}\n", "none of the 2 events could be used: 1 not_json, 1 schema_violation")],
    ids=["empty", "bad"],
)
def test_where_no_event_was_run_nothing_is_said_to_flip(desk: Path, tmp_path: Path, content: str, words: str) -> None:
    events = tmp_path / "none.jsonl"
    events.write_text(content)
    result = backtest(desk, "--from-file", str(events), status=2)
    assert words in result.output
    assert "flips" not in result.output
