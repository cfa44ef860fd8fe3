"""Dead letters sent again, each once. Knows what is written for one, and in which transactions; decides nothing.

Sending again writes the event to its source topic and a marker to ``dead-letters`` in one transaction, so a dead letter
that was sent again is known to be, and a second attempt does nothing, also when the first one died half-way. Two
attempts at the same time exclude each other: both open the same transactional id, and the fence of the later one shuts
out the earlier one before it can commit. Where the events went is marked in the next transaction, for only then it is
known: so a dead letter of an event that came back is told from one that is new.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from time import time

import msgspec
from msgspec import Struct

from policywire.errors import BadInput, PassingFault
from policywire.stream import deadletters
from policywire.stream.cluster import Cluster
from policywire.stream.deadletter_topic import (
    LANDED,
    MARKER,
    DeadLetter,
    DeadLetterTopic,
    Found,
    Selection,
    Snapshot,
)
from policywire.stream.ending import ClusterFault, LaneLost
from policywire.stream.outgoing import Header, Outgoing
from policywire.stream.partitioning import partition_of
from policywire.stream.points import Passing, Point, pass_by
from policywire.stream.reader import Partition
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions
from policywire.stream.whole_topic import in_time

REDRIVE_OF = "redrive_of"
"""Header of an event that was sent again; its value is the dead letter's id."""

TRANSACTION_RECORDS = 500
TRANSACTION_OCTETS = 1_000_000
"""Of a transaction, and so of a record batch for an input topic, which takes 1 MiB (``schemas/topics.yaml``). One batch
a partition: its records then stand one after the other."""

Tell = Callable[[int], None]
"""Told how many dead letters were dealt with so far."""


class Redriven(Struct):
    """What an attempt did, in dead letters.

    It sent ``sent``; ``before`` had been sent before; ``came_back`` are of events that had been sent before, and were
    left alone; ``too_large`` are too large for their topic.
    """

    sent: int = 0
    before: int = 0
    came_back: int = 0
    too_large: int = 0

    @property
    def all(self) -> int:
        """How many were dealt with."""
        return self.sent + self.before + self.came_back + self.too_large


class Redrive:
    """Sends dead letters again.

    Args:
        cluster: where they are.
        settings: whose topics.
        passing: called at every named point of every transaction; tests stop the world there.
    """

    def __init__(self, cluster: Cluster, settings: Settings, *, passing: Passing = pass_by) -> None:
        self._cluster = cluster
        self._settings = settings
        self._topic = DeadLetterTopic(cluster, settings)
        self._passing = passing
        self._counts: Mapping[str, int] = {}
        self._landed: list[tuple[DeadLetter, str]] = []

    async def run(
        self,
        selection: Selection,
        *,
        again: bool = False,
        mended: bytes | None = None,
        until: Snapshot | None = None,
        tell: Tell = lambda _done: None,
    ) -> Redriven:
        """Send dead letters again that have not been.

        Args:
            selection: which.
            again: also those of events that had been sent again before and came back.
            mended: what to send in place of the original bytes, of exactly one dead letter; its key is its member_id.
            until: dead letters that came after this snapshot are left alone: nobody was asked about them.
            tell: about progress.

        Raises:
            BadInput: there is a mended value, and not one dead letter is selected.
            PassingFault: another attempt took over, or the cluster does not answer; the same again sends the rest.
        """
        transactions = Transactions(
            self._cluster,
            transactional_id=f"{self._settings.kafka.topic_prefix}{self._settings.kafka.group}-redrive",
            group=self._settings.kafka.group,
            timeout_s=self._settings.kafka.transaction_timeout_s,
            name="this redrive",
            passing=self._pass,
        )
        # Fence first: what was marked before is then all that will ever be marked by others.
        async with in_time(self._settings.deadlines.fence_s):
            await transactions.fence()
        now = await self._topic.snapshot()
        asked = Snapshot(until.ends if until else now.ends, now.redriven, now.landed)
        if mended is not None:
            await self._refuse_several(asked, selection)
        letters = self._topic.letters(asked, selection)
        return await self._send(transactions, letters, again=again, mended=mended, tell=tell)

    async def _pass(self, point: Point) -> None:
        await self._passing(point, 0)

    async def _refuse_several(self, snapshot: Snapshot, selection: Selection) -> None:
        count = 0
        async for _ in self._topic.letters(snapshot, selection):
            count += 1
        if count != 1:
            raise BadInput(f"a mended event is for one dead letter, and {count} are meant; name one id")

    async def _send(
        self,
        transactions: Transactions,
        letters: AsyncIterator[Found],
        *,
        again: bool,
        mended: bytes | None,
        tell: Tell,
    ) -> Redriven:
        done, waiting, octets = Redriven(), list[DeadLetter](), 0
        async for found in letters:
            letter, size = found.letter, _octets(found.letter, mended)
            if found.redriven:
                done.before += 1
            elif found.came_back and not again:
                done.came_back += 1
            elif size > TRANSACTION_OCTETS:
                done.too_large += 1
            else:
                if waiting and (len(waiting) == TRANSACTION_RECORDS or octets + size > TRANSACTION_OCTETS):
                    await self._commit(transactions, waiting, mended)
                    done.sent += len(waiting)
                    waiting, octets = [], 0
                waiting.append(letter)
                octets += size
            tell(done.all)
        if waiting:
            await self._commit(transactions, waiting, mended)
            done.sent += len(waiting)
            await self._commit(transactions, [], None)  # only where the last ones went
        tell(done.all)
        return done

    async def _commit(self, transactions: Transactions, letters: list[DeadLetter], mended: bytes | None) -> None:
        counts = await self._partition_counts(letters)
        sent = [_Sent(letter, mended, counts) for letter in letters]
        try:
            async with asyncio.timeout(self._settings.batches.deadline_s):
                written = await transactions.commit(self._outgoing(sent, counts), {})
        except LaneLost:
            raise PassingFault(
                "another redrive began after this one and took over. Wait for it to end and do the same again: what "
                "was sent is not sent twice"
            ) from None
        except TimeoutError:
            raise ClusterFault(
                "the cluster did not take a transaction in time. Do the same again when it answers: what was sent is "
                "not sent twice"
            ) from None
        self._landed = _landed(sent, written)

    async def _partition_counts(self, letters: list[DeadLetter]) -> Mapping[str, int]:
        """Of every topic that was needed so far: a cluster's client follows the topics that it was asked of last."""
        topics = {self._topic.name, *(letter.source_topic for letter in letters)}
        if not topics <= self._counts.keys():
            self._counts = await self._cluster.partition_counts(sorted(topics | self._counts.keys()))
        return self._counts

    def _outgoing(self, sent: "list[_Sent]", counts: Mapping[str, int]) -> Outgoing:
        outgoing = Outgoing("none", int(time() * 1000), deadletters.OCTETS_MAX)
        for each in sent:
            headers: list[Header] = [(REDRIVE_OF, each.letter.id.encode())]
            outgoing.add(*each.partition, each.key, each.value, headers, TRANSACTION_OCTETS)
        marks = [(each.letter, MARKER, each.letter.id) for each in sent]
        marks += [(letter, LANDED, place) for letter, place in self._landed]
        for letter, name, value in marks:
            marker: list[Header] = [(name, value.encode())]
            outgoing.add(self._topic.name, letter.source_partition % counts[self._topic.name], letter.key, None, marker)
        return outgoing


class _Sent:
    """A dead letter as it is sent: its bytes or the mended ones, to the partition of its key."""

    __slots__ = ("key", "letter", "partition", "value")

    def __init__(self, letter: DeadLetter, mended: bytes | None, counts: Mapping[str, int]) -> None:
        self.letter = letter
        self.value, self.key = (letter.value, letter.key) if mended is None else (mended, _member_key(mended))
        number = letter.source_partition if self.key is None else partition_of(self.key, counts[letter.source_topic])
        self.partition: Partition = (letter.source_topic, number)


def _landed(sent: list[_Sent], written: Mapping[Partition, int]) -> list[tuple[DeadLetter, str]]:
    """Each dead letter with the place where its event stands now: a partition's records are one batch."""
    following = dict(written)
    places = []
    for each in sent:
        topic, number = each.partition
        places.append((each.letter, f"{topic}-{number}-{following[each.partition]}"))
        following[each.partition] += 1
    return places


def _octets(letter: DeadLetter, mended: bytes | None) -> int:
    """About what a dead letter takes when it is sent again."""
    value = letter.value if mended is None else mended
    return len(letter.key or b"") + len(value or b"") + len(letter.id) + 200


class _Member(Struct):
    member_id: str


def _member_key(value: bytes) -> bytes:
    try:
        return msgspec.json.decode(value, type=_Member).member_id.encode()
    except msgspec.MsgspecError as error:
        raise BadInput("the mended event has no member_id, so its key is not known") from error
