"""The auditor: recomputes from the input topics what every output record must be, and compares. A process of its own.

``python -m tests.chaos.auditor --bootstrap-servers ... --prefix ... --group ... --rules ... --now ...`` prints a table,
writes its findings as JSON, and ends with 0 when there are none, with 1 when there are.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from time import perf_counter

import msgspec
from tests.chaos.findings import Audit, Finding
from tests.chaos.logs import Log, Stream, committed_offsets, read_log
from tests.chaos.observed import CHANGELOG, DEAD_LETTERS, OUTPUTS, Heading, Observed, Remembered, observe
from tests.chaos.recompute import INPUTS, DeadLetter, Explanation, Intake, Recomputation, Source

from policywire import __version__
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook

_heading = msgspec.json.Decoder(Heading).decode
_NOTHING = Remembered(None, None)
_POLICY_LANE = 0
"""The lane that speaks of policies."""


def audit_log(log: Log, group_offsets: Mapping[Stream, int], rulebook: Rulebook, now: datetime, prefix: str) -> Audit:
    """Compare the outputs in a log with what its inputs demand.

    Args:
        group_offsets: what the workers' group has committed, by stream.
        now: the clock under which the workers decided.
        prefix: of the topics on the cluster.
    """
    began = perf_counter()
    audit = Audit()
    audit.inputs = {topic: _count(log, topic) for topic in INPUTS}
    audit.outputs = {topic: _count(log, topic) for topic in OUTPUTS}
    partitions = Counter(topic for topic, _ in log.entries)
    observed = observe(log, prefix, rulebook.revision, partitions)
    recomputation = Recomputation(rulebook, now, partitions)
    intake = recomputation.take_in(log)
    audit.findings += observed.findings
    audit.findings += [Finding("hanging", _name(stream), "an open transaction") for stream in log.hanging]
    audit.findings += _progress(log, observed, group_offsets)
    audit.findings += _dead_letters(intake, observed, prefix)
    _members(audit, recomputation, intake, observed)
    _policies(audit, recomputation, observed)
    audit.expected[DEAD_LETTERS] = len(intake.dead)
    audit.seconds = perf_counter() - began
    return audit


def _count(log: Log, topic: str) -> int:
    return sum(len(entries) for (name, _), entries in log.entries.items() if name == topic)


def _name(stream: Stream) -> str:
    return f"{stream[0]}-{stream[1]}"


def _progress(log: Log, observed: Observed, group_offsets: Mapping[Stream, int]) -> Iterator[Finding]:
    """Both records of a lane's progress must be at the end of its inputs."""
    for (topic, lane), end in log.ends.items():
        if topic in INPUTS:
            for whose, at in (
                ("changelog", observed.offsets.get(lane, {}).get(topic, 0)),
                ("group", group_offsets.get((topic, lane), 0)),
            ):
                if at != end:
                    yield Finding("behind", f"lane {lane}", f"{whose} has {topic} at {at} of {end}")


def _dead_letters(intake: Intake, observed: Observed, prefix: str) -> Iterator[Finding]:
    for source, letter in intake.dead.items():
        found = observed.dead.get(source, [])
        if not found:
            yield Finding("lost", DEAD_LETTERS, f"of {source}")
        if len(found) > 1:
            yield Finding("duplicated", DEAD_LETTERS, f"of {source}, {len(found)} times")
        for (_, partition), entry in found[:1]:
            if partition != source[1]:
                yield Finding("misplaced", DEAD_LETTERS, f"of {source}")
            is_same = (entry.key, entry.value) == (letter.entry.key, letter.entry.value)
            if not is_same or dict(entry.headers) != _headers(source, letter, prefix):
                yield Finding("wrong", DEAD_LETTERS, f"of {source}")
    for source in observed.dead.keys() - intake.dead.keys():
        yield Finding("phantom", DEAD_LETTERS, f"of {source}")


def _headers(source: Source, letter: DeadLetter, prefix: str) -> dict[str, bytes]:
    topic, partition, offset = source
    return {
        "error_code": letter.code.encode(),
        "error_detail": letter.detail.encode(),
        "source_topic": f"{prefix}{topic}".encode(),
        "source_partition": str(partition).encode(),
        "source_offset": str(offset).encode(),
        "source_timestamp": str(letter.entry.timestamp).encode(),
        "policywire_version": __version__.encode(),
    }


def _members(audit: Audit, recomputation: Recomputation, intake: Intake, observed: Observed) -> None:
    """Explain every member; what no member explains is a phantom."""
    expected: Counter[str] = Counter()
    records, timelines = dict(observed.records), {lane: dict(each) for lane, each in observed.timelines.items()}
    for (lane, member_id), member in intake.members.items():
        streams = records.pop(member_id, {})
        remembered = timelines.get(lane, {}).pop(member_id, _NOTHING)
        explained = recomputation.explain(member, streams, remembered.value)
        story = explained.end.story()
        for (topic, _), values in story.items():
            expected[topic] += len(values)
        if not explained.holds:
            audit.findings += _differences(story, streams)
        audit.findings += _state(lane, explained, remembered)
        audit.members += 1
        audit.interleaved += member.is_interleaved
        audit.timelines += explained.end.timeline is not None
    for streams in records.values():
        audit.findings += _differences({}, streams)
    for lane, each in timelines.items():
        audit.findings += [Finding("state", f"lane {lane}", "a timeline of nobody")] * len(each)
    audit.expected |= expected
    audit.expected[CHANGELOG] = audit.timelines


def _policies(audit: Audit, recomputation: Recomputation, observed: Observed) -> None:
    """What is said of policies is said once, however often workers start, and is what one lane remembers."""
    story, memory = recomputation.of_policies()
    for (topic, _), values in story.items():
        audit.expected[topic] = audit.expected.get(topic, 0) + len(values)
    audit.findings += _differences(story, observed.of_policies)
    for lane in {_POLICY_LANE, *observed.policies}:
        if observed.policies.get(lane, {}) != (memory if lane == _POLICY_LANE else {}):
            audit.findings.append(Finding("state", f"lane {lane}", "what was said of policies differs"))


def _differences(expected: Mapping[Stream, list[bytes]], streams: Mapping[Stream, list[bytes]]) -> Iterator[Finding]:
    """Why records are not those demanded, by id: lost, duplicated, wrong, phantom, or else reordered."""
    for stream in sorted(expected.keys() | streams.keys()):
        wanted, there = Counter(expected.get(stream, ())), Counter(streams.get(stream, ()))
        missing, surplus = list((wanted - there).elements()), list((there - wanted).elements())
        repeated = [value for value in surplus if value in wanted]
        strange = Counter(_heading(value).key for value in surplus if value not in wanted)
        yield from [Finding("duplicated", _name(stream), f"{_heading(value).key}") for value in repeated]
        for value in missing:
            key = _heading(value).key
            invariant: Finding = Finding("wrong" if strange[key] > 0 else "lost", _name(stream), f"{key}")
            strange[key] -= 1
            yield invariant
        yield from [Finding("phantom", _name(stream), f"{key}") for key in (+strange).elements()]
        if not missing and not surplus and expected.get(stream, []) != streams.get(stream, []):
            yield Finding("reordered", _name(stream), "records of one member")


def _state(lane: int, explained: Explanation, remembered: Remembered) -> Iterator[Finding]:
    end = explained.end
    if end.state != remembered.value:
        there = "is missing" if remembered.value is None else "differs"
        yield Finding("state", f"lane {lane}", f"a timeline {there} after {end.events} events")
    elif end.due != remembered.due:
        yield Finding("state", f"lane {lane}", "the instant that a timeline is due differs")


async def audit(bootstrap_servers: str, prefix: str, group: str, rules: Path, now: datetime) -> Audit:
    """Read everything and compare."""
    log = await read_log(bootstrap_servers, prefix, [*INPUTS, *OUTPUTS])
    offsets = await committed_offsets(bootstrap_servers, prefix, group)
    return audit_log(log, offsets, load_rulebook(rules), now, prefix)


def main() -> int:
    """Audit what the arguments name; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--prefix", required=True, help="of the run's topics")
    parser.add_argument("--group", required=True, help="the workers' group")
    parser.add_argument("--rules", type=Path, required=True, help="the rules folder that decided")
    parser.add_argument("--now", type=datetime.fromisoformat, required=True, help="the workers' clock")
    parser.add_argument("--json", type=Path, help="where the findings go")
    given = parser.parse_args()
    outcome = asyncio.run(audit(given.bootstrap_servers, given.prefix, given.group, given.rules, given.now))
    print(outcome)  # noqa: T201  a command prints
    if given.json:
        given.json.write_text(json.dumps(msgspec.to_builtins(outcome), indent=1), "utf-8")
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
