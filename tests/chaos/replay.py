"""Replays a member through the pure step: every transaction that took something of it, or remembered something.

Knows the pure core. What the log leaves open is little: in which order the two topics met within one transaction, and
whether the member was also looked at for time or for other rules. That is searched, and must explain what was said and
what was remembered, byte for byte. Where nothing does, the replay goes on from what was remembered.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace
from tests.chaos.findings import Finding
from tests.chaos.history import Remembered, revision_in
from tests.chaos.intake import Share, Turn, moment
from tests.chaos.logs import Stream
from tests.chaos.observed import Uttered, comes_next, sayings_of, take_repeated
from tests.chaos.sayings import Said, said

from policywire.cases.codec import TimelineUnreadable
from policywire.cases.codec import decode as decode_timeline
from policywire.cases.codec import encode as encode_timeline
from policywire.cases.fold import fold
from policywire.cases.timeline import Timeline
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, follow, passed_by, step, tick

Cause = Literal["event", "time", "rules"]
_KINDS = ("claims", "appointments", "agreements", "sightings")


class Node(Struct, frozen=True):
    """A member in the midst of a share; ``written``: its timeline was put anew; ``forgot``: something expired."""

    claims: int
    scheduling: int
    timeline: Timeline | None
    said: tuple[Said, ...]
    written: bool
    forgot: bool = False
    causes: frozenset[Cause] = frozenset()


class Explained(Struct):
    """A member, replayed.

    ``story`` is all that had to be said, by stream; ``timeline`` is the end. ``forgot``: something of it expired.
    ``repeated`` counts records that were there again and may be; they are part of the story.
    """

    story: dict[Stream, list[Uttered]] = field(default_factory=dict)
    timeline: Timeline | None = None
    forgot: bool = False
    ticked: int = 0
    followed: int = 0
    repeated: int = 0
    findings: list[Finding] = field(default_factory=list)


class Replay:
    """Replays members.

    Args:
        rulebooks: every rulebook there was, by revision.
        partitions: how many each output topic has.
        may_repeat: whether what a transaction said may be there again, all of it and at once after it.
    """

    def __init__(
        self, rulebooks: Mapping[str, Rulebook], partitions: Mapping[str, int], *, may_repeat: bool = False
    ) -> None:
        self._may_repeat = may_repeat
        self._rulebooks = rulebooks
        self._partitions = partitions
        self._heads = {revision[7:23]: revision for revision in rulebooks}

    def explain(self, lane: int, shares: list[Share], observed: Mapping[Stream, list[Uttered]]) -> Explained:
        """Replay one member from nothing; ``observed`` is what was said of it, by stream."""
        explained = Explained()
        for share in shares:
            before = explained.timeline
            node, wrong = self._explain_share(
                share, before, lambda node: comes_next(node.said, explained.story, observed)
            )
            explained.findings += [Finding(each, f"lane {lane}", _WORDS[each]) for each in wrong]
            sayings = sayings_of(node.said, share.transaction.now)
            for stream, uttered in sayings.items():
                explained.story.setdefault(stream, []).extend(uttered)
            if self._may_repeat:
                explained.repeated += take_repeated(sayings, explained.story, observed)
            explained.forgot |= node.forgot
            explained.ticked += "time" in node.causes
            explained.followed += "rules" in node.causes
            explained.timeline = _remembered(share.change, before) if wrong else node.timeline
        return explained

    def _explain_share(
        self, share: Share, before: Timeline | None, was_said: Callable[[Node], bool]
    ) -> tuple[Node, list[Literal["mixed", "state"]]]:
        revision = self._revision_of(share)
        rulebook = self._rulebooks.get(revision) or next(iter(self._rulebooks.values()))
        for node in self._ends(share, before, rulebook):
            if _is_remembered(node, share.change) and was_said(node):
                return node, []
        for content in self._rulebooks.values():
            for node in self._ends(share, before, replace(content, revision=revision)):
                if content is not rulebook and _is_remembered(node, share.change) and was_said(node):
                    return node, ["mixed"]
        ends = list(self._ends(share, before, rulebook))
        remembered = next((node for node in ends if _is_remembered(node, share.change)), None)
        if remembered is not None:
            return remembered, []
        return next((node for node in ends if was_said(node)), ends[0]), ["state"]

    def _revision_of(self, share: Share) -> str:
        """The transaction's rulebook; should the timeline name another, that one: the mixture is found elsewhere."""
        named = revision_in(share.change.value, self._heads) if share.change and share.change.value else ""
        return named or share.transaction.revision

    def _ends(self, share: Share, before: Timeline | None, rulebook: Rulebook) -> Iterator[Node]:
        """Every way in which the share may have gone, the likelier first."""
        now = moment(share.transaction)
        stack = [Node(0, 0, before, (), written=False)]
        seen: set[object] = set()
        while stack:
            node = stack.pop()
            turns = _next_turns(share, node)
            if not turns:
                yield from self._looked_at(node, rulebook, now)
            for turn in reversed(turns):
                for after in self._after(share, node, turn, rulebook, now):
                    place = (after.claims, after.scheduling, _encoded(after.timeline), after.said)
                    if len(share.claims) * len(share.scheduling) == 0 or place not in seen:
                        seen.add(place)
                        stack.append(after)

    def _after(self, share: Share, node: Node, turn: Turn, rulebook: Rulebook, now: datetime) -> Iterator[Node]:
        """After an event; one that says nothing of anybody may be passed by without a look at what is due."""
        claims = node.claims + (node.claims < len(share.claims) and turn is share.claims[node.claims])
        scheduling = node.claims + node.scheduling + 1 - claims
        known = node.timeline
        if known is not None and passed_by(turn.event, rulebook) and fold(turn.event, known, rulebook) is known:
            yield replace(node, claims=claims, scheduling=scheduling)
        result = step(turn.event, node.timeline, rulebook, now)
        yield self._moved(replace(node, claims=claims, scheduling=scheduling), result, "event")

    def _looked_at(self, node: Node, rulebook: Rulebook, now: datetime) -> Iterator[Node]:
        """After all events: perhaps looked at because of time, then perhaps because of the rules."""
        yield node
        if node.timeline is None:
            return
        by_time = [node]
        if node.timeline.due is not None and node.timeline.due <= now.date():
            ticked = self._moved(node, tick(node.timeline, rulebook, now), "time")
            if ticked.timeline is not node.timeline:
                yield ticked
                by_time.append(ticked)
        for each in by_time:
            if each.timeline is not None and each.timeline.looked != rulebook.revision[7:23]:
                followed = self._moved(each, follow(each.timeline, rulebook, now), "rules")
                if followed.timeline is not each.timeline:
                    yield followed

    def _moved(self, node: Node, result: Step, cause: Cause) -> Node:
        return replace(
            node,
            timeline=result.timeline,
            said=(*node.said, *said(result.records, self._partitions)),
            written=node.written or result.timeline is not node.timeline,
            forgot=node.forgot or (cause == "time" and _lost_anything(node.timeline, result.timeline)),
            causes=node.causes | {cause},
        )


def is_settled(timeline: Timeline | None, rulebook: Rulebook, now: datetime) -> bool:
    """Whether neither time nor the rulebook in force leaves anything to do for a member."""
    if timeline is None:
        return True
    ticked = tick(timeline, rulebook, now)
    is_timely = timeline.due is None or timeline.due > now.date() or _encoded(ticked.timeline) == _encoded(timeline)
    return is_timely and follow(timeline, rulebook, now).timeline is timeline


_WORDS: Mapping[Literal["mixed", "state"], str] = {
    "mixed": "a member's records say what another rulebook says than the one they name",
    "state": "a timeline is not what the member's events give",
}


def _next_turns(share: Share, node: Node) -> list[Turn]:
    """What may come next, the likelier first."""
    turns = [*share.claims[node.claims : node.claims + 1], *share.scheduling[node.scheduling : node.scheduling + 1]]
    return sorted(turns, key=lambda turn: turn.stored)


def _encoded(timeline: Timeline | None) -> bytes | None:
    return None if timeline is None else encode_timeline(timeline)


def due_header(day: date | None) -> bytes | None:
    """The ``due`` header that goes with a timeline that is due on a day."""
    return None if day is None else b"%d" % datetime.combine(day, time(), UTC).timestamp()


def _is_remembered(node: Node, change: Remembered | None) -> bool:
    if change is None or not node.written:
        return change is None and not node.written
    due = due_header(node.timeline.due) if node.timeline is not None else None
    return (_encoded(node.timeline), due) == (change.value, change.due)


def _remembered(change: Remembered | None, before: Timeline | None) -> Timeline | None:
    """Where to go on after something wrong: what the worker itself goes on from."""
    if change is None:
        return before
    try:
        return None if change.value is None else decode_timeline(change.value)
    except TimelineUnreadable:
        return before


def _lost_anything(before: Timeline | None, after: Timeline | None) -> bool:
    return after is None or any(set(getattr(before, kind)) - set(getattr(after, kind)) for kind in _KINDS)
