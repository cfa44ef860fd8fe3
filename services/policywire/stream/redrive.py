"""Dead letters read back, and sent again once. Knows the topic, its headers and its markers; decides nothing.

Sending again writes the event to its source topic and a marker to ``dead-letters`` in one transaction, so a dead letter
that was sent again is known to be, and a second attempt does nothing. Two attempts at the same time exclude each other:
both open the same transactional id, and the fence of the later one shuts out the earlier one before it can commit.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import time
from typing import Any

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.stream import deadletters
from policywire.stream.cluster import Cluster
from policywire.stream.outgoing import Header, Outgoing
from policywire.stream.partitioning import partition_of
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions
from policywire.stream.whole_topic import records_so_far

MARKER = "redriven"
"""Header of a marker record; its value is the dead letter's id."""

REDRIVE_OF = "redrive_of"
"""Header of an event that was sent again; its value is the dead letter's id."""

CHANNEL = "dead-letters"
TRANSACTION_RECORDS = 500


class DeadLetter(Struct, frozen=True):
    """A dead letter. ``id`` is its source record's place; a record gives one dead letter at most."""

    id: str
    error_code: str
    error_detail: str
    source_topic: str
    source_partition: int
    at: datetime
    key: bytes | None
    value: bytes | None


class Redriven(Struct, frozen=True):
    """What an attempt did: ids that were sent, and ids that had been before."""

    sent: tuple[str, ...]
    before: tuple[str, ...]


class Selection(Struct, frozen=True):
    """Which dead letters are meant; what is left out does not restrict."""

    ids: frozenset[str] = frozenset()
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (self.reason is None or letter.error_code == self.reason)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
        )


class DeadLetterBox:
    """The topic of dead letters.

    Args:
        cluster: where it is.
        settings: whose topics.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._topic = settings.topic(deadletters.TOPIC)

    async def read(self, selection: Selection) -> tuple[list[DeadLetter], set[str]]:
        """The selected dead letters in the order of their time, and the ids of all that were sent again."""
        letters: dict[str, DeadLetter] = {}
        redriven: set[str] = set()
        async for record in records_so_far(self._cluster, self._settings, self._topic, CHANNEL):
            headers = dict(record.headers)
            if marker := headers.get(MARKER):
                redriven.add(marker.decode())
            elif "error_code" in headers:
                letter = _letter(headers, record)
                if selection.holds(letter):
                    letters[letter.id] = letter
        return sorted(letters.values(), key=lambda letter: letter.at), redriven

    async def redrive(self, selection: Selection, mended: bytes | None = None) -> Redriven:
        """Send dead letters again that have not been.

        Args:
            selection: which.
            mended: what to send in place of the original bytes, of exactly one dead letter; its key is its member_id.

        Raises:
            BadInput: nothing is selected, or more than one although there is a mended value.
            LaneLost: another redrive began after this one; look what it did and try again.
        """
        transactions = Transactions(
            self._cluster,
            transactional_id=f"{self._settings.kafka.topic_prefix}{self._settings.kafka.group}-redrive",
            group=self._settings.kafka.group,
            timeout_s=self._settings.kafka.transaction_timeout_s,
            name="redrive",
        )
        await transactions.fence()
        letters, redriven = await self.read(selection)
        if not letters:
            raise BadInput("no dead letter is meant by that; `policywire dead-letters list` shows what there is")
        if mended is not None and len(letters) != 1:
            raise BadInput(f"a mended event is for one dead letter, and {len(letters)} are meant; name one id")
        fresh = [letter for letter in letters if letter.id not in redriven]
        counts = await self._cluster.partition_counts([self._topic, *{letter.source_topic for letter in fresh}])
        for start in range(0, len(fresh), TRANSACTION_RECORDS):
            await transactions.commit(self._outgoing(fresh[start : start + TRANSACTION_RECORDS], mended, counts), {})
        before = tuple(letter.id for letter in letters if letter.id in redriven)
        return Redriven(tuple(letter.id for letter in fresh), before)

    def _outgoing(self, letters: list[DeadLetter], mended: bytes | None, counts: Mapping[str, int]) -> Outgoing:
        outgoing = Outgoing("none", int(time() * 1000), deadletters.OCTETS_MAX)
        for letter in letters:
            value, key = (letter.value, letter.key) if mended is None else (mended, _member_key(mended))
            partition = letter.source_partition if key is None else partition_of(key, counts[letter.source_topic])
            headers: list[Header] = [(REDRIVE_OF, letter.id.encode())]
            outgoing.add(letter.source_topic, partition, key, value, headers)
            marker: list[Header] = [(MARKER, letter.id.encode())]
            outgoing.add(self._topic, letter.source_partition % counts[self._topic], letter.key, None, marker)
        return outgoing


def _letter(headers: Mapping[str, bytes], record: Any) -> DeadLetter:
    text: Callable[[str], str] = lambda name: headers.get(name, b"").decode(errors="replace")  # noqa: E731
    topic, partition = text("source_topic"), int(text("source_partition"))
    return DeadLetter(
        id=f"{topic}-{partition}-{text('source_offset')}",
        error_code=text("error_code"),
        error_detail=text("error_detail"),
        source_topic=topic,
        source_partition=partition,
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        key=record.key,
        value=record.value,
    )


class _Member(Struct):
    member_id: str


def _member_key(value: bytes) -> bytes:
    try:
        return msgspec.json.decode(value, type=_Member).member_id.encode()
    except msgspec.MsgspecError as error:
        raise BadInput("the mended event has no member_id, so its key is not known") from error
