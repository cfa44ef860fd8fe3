"""The topic ``policy-documents``: what it holds now, and publishing to it. Knows the topic; judges no document.

A publication is one transaction, so a reader of committed records sees all of it or nothing; who, when and why are
written to ``policy-history`` in the same one. Two publications at a time exclude each other: both open the same
transactional id, and the fence of the later one shuts out the earlier one before it can commit.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from time import time

from msgspec import Struct

from policywire import __version__
from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.history import Account, Entry, History, Publication, as_text
from policywire.rulebook.load import read_rules
from policywire.rulebook.publication import NAME, published_files
from policywire.rulebook.schedule import INSTANT, documents_of
from policywire.rulebook.succession import Succession, Wanted, succeed
from policywire.stream.cluster import RETRY_S, Cluster
from policywire.stream.history import ANY_BYTES, PolicyHistory
from policywire.stream.history import TOPIC as HISTORY
from policywire.stream.outgoing import Outgoing, RecordTooLarge
from policywire.stream.reader import Partition, stable_end
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions
from policywire.stream.whole_topic import records_until

TOPIC = NAME
CHANNEL = "policy-documents"

TRANSACTION_S = 60.0
"""10,000 policies are some 50 MB, twice; and nobody waits for a publication that died in the midst but the next one."""

FOUND = Account(
    kind="found", author=None, reason="The topic held these documents, and no publication had put them there."
)


class Published(Struct, frozen=True):
    """What a publication did, or would do.

    Attributes:
        publication: as it is recorded.
        unchanged: how many of the documents wanted were the same already.
        scheduled: keys with their instant of all that waits afterwards.
        is_needed: whether it changes anything; else nothing is written and nothing recorded.
    """

    publication: Publication
    unchanged: int
    scheduled: tuple[str, ...]
    is_needed: bool

    @property
    def written(self) -> tuple[str, ...]:
        """Keys of documents that are new or others."""
        return self.publication.written

    @property
    def removed(self) -> tuple[str, ...]:
        """Keys of documents that are there no longer."""
        return self.publication.removed

    @property
    def revision(self) -> str:
        """Of the rulebook that results; it was compiled before anything is published."""
        return self.publication.revision or ""


class _Draft(Struct, frozen=True):
    """A publication made ready: what is recorded, in order, and what is said of it."""

    entries: tuple[Entry, ...]
    published: Published


async def open_documents(cluster: Cluster, settings: Settings) -> "PolicyDocuments":
    """The topic, ready to be read and published to.

    Raises:
        TopicMissing: it or the topic of its history does not exist.
        BadInput: one of them has more than one partition.
    """
    counts = await cluster.partition_counts([settings.topic(TOPIC), settings.topic(HISTORY)])
    for name in (TOPIC, HISTORY):
        refuse_several_partitions(counts[settings.topic(name)], name)
    return PolicyDocuments(cluster, settings)


class PolicyDocuments:
    """The topic. Its partition count must have been asked of the cluster: only then are its leaders followed.

    Args:
        cluster: where it is.
        settings: whose topics.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._partition: Partition = (settings.topic(TOPIC), 0)
        self._history = PolicyHistory(cluster, settings)

    async def end(self) -> int:
        """Where the topic ends for a reader of committed records; it moves with every publication."""
        return await stable_end(self._cluster, self._partition, CHANNEL)

    async def read(self, end: int) -> dict[str, bytes]:
        """What the topic holds by key, up to an offset that :meth:`end` gave; what waits has its instant in the key.

        Raises:
            LaneStopped: records were deleted while they were read.
            ClusterFault: the topic cannot be read.
        """
        held: dict[str, bytes] = {}
        async for record in records_until(self._cluster, self._settings, {self._partition: end}, CHANNEL):
            _take(held, (record.key or b"").decode(errors=ANY_BYTES), record.value)
        return held

    async def history(self, now: datetime) -> History:
        """Every publication, and as the last what the topic holds now although none of them put it there, if anything.

        For who opened the documents with :func:`open_documents`.

        Raises:
            BadInput: a record is none that this version can read.
            ClusterFault: the topic cannot be read.
        """
        held, recorded = await self.read(await self.end()), await self._history.read()
        return History([*recorded.entries, *_found(recorded, held, now)])

    async def publish(self, wanted: Wanted, account: Account, now: datetime) -> Published:
        """Make the topic hold what is wanted, in one transaction; write only what differs. Then all readers see it.

        Args:
            wanted: documents, and from when on.
            account: who, why and by whose leave.
            now: when.

        Raises:
            RulesRefused: together with those kept they are no rulebook.
            BadInput: one is larger than the topic takes, or what waits is no rulebook with them.
            LaneLost: another publication began after this one; look what it did and try again.
        """
        transactions = Transactions(
            self._cluster,
            transactional_id=f"{self._settings.kafka.topic_prefix}{TOPIC}-publish",
            group=self._settings.kafka.group,
            timeout_s=TRANSACTION_S,
            name="publication",
        )
        await transactions.fence()
        draft = await self._draft(wanted, account, now)
        if draft.published.is_needed:
            first = await transactions.commit(self._outgoing(draft), {})
            await self._until_seen(first)
        return draft.published

    async def compare(self, wanted: Wanted, account: Account, now: datetime) -> Published:
        """What publishing would do.

        Raises:
            RulesRefused: together with those kept they are no rulebook.
            BadInput: what waits is no rulebook with them.
        """
        return (await self._draft(wanted, account, now)).published

    async def _draft(self, wanted: Wanted, account: Account, now: datetime) -> _Draft:
        held, history = await self.read(await self.end()), await self._history.read()
        found = _found(history, held, now)
        succession = succeed(documents_of(held), wanted, now)
        publication = Publication(
            **{name: getattr(account, name) for name in Account.__struct_fields__},
            number=history.next_number + len(found),
            at=now,
            effective_at=succession.effective_at,
            revision_before=_revision(documents_of(held).in_force(succession.effective_at)),
            revision=_sound(succession),
            written=_named(succession.written),
            removed=_named(succession.removed),
            settled=_named(succession.settled),
            cancelled=_named(succession.cancelled),
            policywire=__version__,
        )
        waits = tuple(each.written_as[0] for each in succession.after.scheduled)
        entries = (*found, Entry(publication, succession.changes))
        return _Draft(entries, Published(publication, succession.unchanged, waits, succession.matters))

    async def _until_seen(self, first: Mapping[Partition, int]) -> None:
        """Wait for the transaction's markers: it is committed before, but a reader sees it only then."""
        for end, partition in ((self.end, self._partition), (self._history.end, self._history.partition)):
            while await end() <= first[partition]:  # noqa: ASYNC110  it happens on the broker
                await asyncio.sleep(RETRY_S)

    def _outgoing(self, draft: _Draft) -> Outgoing:
        outgoing = Outgoing(
            self._settings.kafka.compression, int(time() * 1000), self._settings.batches.record_bytes_max
        )
        for key, content in draft.entries[-1].changes.items():
            try:
                outgoing.add(*self._partition, key.encode(errors=ANY_BYTES), content)
            except RecordTooLarge as error:
                raise BadInput(f"{key} cannot be published: {error}. Split the document") from None
        for entry in draft.entries:
            try:
                self._history.add_to(outgoing, entry)
            except RecordTooLarge as error:
                raise BadInput(
                    f"what is published cannot be recorded: {error}. Publish in parts, with --keep"
                ) from None
        return outgoing


def _found(history: History, held: Mapping[str, bytes], now: datetime) -> tuple[Entry, ...]:
    """What the topic holds and the history does not know of, as an entry of its own; empty when there is nothing.

    Somebody wrote to the topic past the gate, or before there was a history. It is told, and can be gone back to.
    """
    known = history.held
    if known == held:
        return ()
    before, after = documents_of(known).in_force(now), documents_of(held).in_force(now)
    changes: dict[str, bytes | None] = {key: value for key, value in held.items() if known.get(key) != value}
    changes.update(dict.fromkeys(sorted(known.keys() - held.keys())))
    publication = Publication(
        **{name: getattr(FOUND, name) for name in Account.__struct_fields__},
        number=history.next_number,
        at=now,
        effective_at=now,
        revision_before=_revision(before),
        revision=_revision(after),
        written=_named(key for key, value in after.items() if before.get(key) != value),
        removed=_named(before.keys() - after.keys()),
        policywire=__version__,
    )
    return (Entry(publication, changes),)


def _sound(succession: Succession) -> str:
    """The revision that a publication makes, once each rulebook that it will ever be part of is known to be one."""
    first, *later = succession.instants
    revision = _compiled(succession.after.in_force(first))
    for at in later:
        try:
            _compiled(succession.after.in_force(at))
        except RulesRefused as refused:
            raise BadInput(
                f"it does not go together with what is scheduled for {at.strftime(INSTANT)}. Publish for that instant "
                f"(--at), or take back what waits (--cancel-scheduled). {refused}"
            ) from None
    return revision


def _compiled(documents: Mapping[str, bytes]) -> str:
    reading = read_rules(published_files(documents))
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return reading.rulebook.revision


def _revision(documents: Mapping[str, bytes]) -> str | None:
    """Of documents that may be none, or no rulebook."""
    if not documents:
        return None
    try:
        return _compiled(documents)
    except RulesRefused:
        return None


def _named(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(map(as_text, keys)))


def _take(held: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value


def refuse_several_partitions(count: int, name: str = TOPIC) -> None:
    """Publications stay in order among themselves only in one partition.

    Raises:
        BadInput: there are more.
    """
    if count != 1:
        raise BadInput(f"{name} has {count} partitions; it must have one, so that its records keep their order")
