"""What must come out: the same events through the pure step, and how that differs from what was seen on the cluster.

Knows the core and the contract of dead letters. Knows no Kafka: what was seen is given to it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct, field

from policywire.cases.timeline import Timeline
from policywire.model.decode import CLAIM_DECODER, ErrorCode, Rejected
from policywire.model.records import Determination, encode
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.stream.batch import CLOCK_AHEAD
from policywire.workbench.generate import Published


class Outcomes(Struct):
    """What came out, or should: the latest determination of each id as bytes, how many there were, dead letters."""

    determinations: dict[str, bytes] = field(default_factory=dict)
    said: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)


def expected(events: Iterable[Published], rulebook: Rulebook, now: datetime) -> Outcomes:
    """What the pure step says of these events, in this order, at that time."""
    outcomes = Outcomes()
    timelines: dict[str, Timeline | None] = {}
    for published in events:
        try:
            event = CLAIM_DECODER.decode(published.value, published.key)
        except Rejected as rejected:
            outcomes.dead_letters[rejected.code] += 1
            continue
        if event.occurred_at > now + CLOCK_AHEAD:
            outcomes.dead_letters[ErrorCode.CLOCK_AHEAD] += 1
            continue
        given = step(event, timelines.get(event.member_id), rulebook, now)
        timelines[event.member_id] = given.timeline
        for record in given.records:
            if isinstance(record, Determination):
                outcomes.determinations[record.determination_id] = encode(record)
                outcomes.said += 1
    return outcomes


def differences(wanted: Outcomes, seen: Outcomes) -> Iterator[str]:
    """Every way in which what was seen is not what was wanted, one sentence each; nothing when they agree."""
    yield from _by_id(wanted.determinations, seen.determinations)
    if wanted.said != seen.said:
        yield f"{seen.said} determinations were written instead of {wanted.said}"
    for code in sorted(wanted.dead_letters.keys() | seen.dead_letters.keys()):
        if wanted.dead_letters[code] != seen.dead_letters[code]:
            yield f"{seen.dead_letters[code]} dead letters say {code} instead of {wanted.dead_letters[code]}"


def _by_id(wanted: Mapping[str, bytes], seen: Mapping[str, bytes]) -> Iterator[str]:
    if lost := wanted.keys() - seen.keys():
        yield f"{len(lost)} determinations are missing"
    if strange := seen.keys() - wanted.keys():
        yield f"{len(strange)} determinations are of subjects that should have none"
    if other := [each for each in wanted.keys() & seen.keys() if wanted[each] != seen[each]]:
        yield f"{len(other)} determinations say something else"
