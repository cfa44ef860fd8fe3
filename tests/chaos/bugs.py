"""Bugs to plant in the worker, to see that the auditor bites: each replaces named parts of it, none is in the product.

A planted bug is what somebody might well have written; what it breaks under which fault is in ``test_exactly_once.py``.
"""

import asyncio
from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace
from tests.chaos.lapses import LAPSES
from tests.chaos.planting import Bug, put

from policywire.stream import changelog, lane, transactions
from policywire.stream.batch import Batch
from policywire.stream.ending import ClusterFault
from policywire.stream.lane import Lane
from policywire.stream.outgoing import Outgoing, RecordBatch
from policywire.stream.points import Point
from policywire.stream.reader import Chunk, Partition, Reader
from policywire.stream.transactions import Transactions


def _offsets_of(this: Lane, batch: Batch, chunks: list[Chunk]) -> tuple[Outgoing, dict[Partition, int]]:
    """A batch's offsets alone: as the changelog's record, and as the group's."""
    offsets = {**this._committed, **{(chunk.topic, chunk.partition): chunk.next_offset for chunk in chunks}}
    record = changelog.encode_offsets({this._names[topic]: offset for (topic, _), offset in offsets.items()})
    outgoing = Outgoing("none", batch.outgoing._timestamp, 1_000_000)
    outgoing.add(batch._outlets.changelog, this.number, changelog.OFFSETS_KEY, record)
    return outgoing, offsets


async def _commit_silently(writer: Transactions, outgoing: Outgoing, offsets: dict[Partition, int]) -> None:
    """Commit and pass no points, so that a fault at a point hits the batch's other transaction."""
    passing, writer._passing = writer._passing, _pass_by
    await writer.commit(outgoing, offsets)
    writer._passing = passing


async def _pass_by(point: Point) -> None:
    """Nothing happens."""


def _offsets_first() -> None:
    async def commit(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        outgoing, offsets = _offsets_of(this, batch, chunks)
        await _commit_silently(this._transactions, outgoing, offsets)
        if batch.outgoing.partitions:
            await this._transactions.commit(batch.outgoing, {})
        this._committed = offsets

    put(Lane, "_commit", commit)


def _outputs_first() -> None:
    async def commit(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        outputs, state = _parted(batch, batch._outlets.changelog)
        offsets_record, offsets = _offsets_of(this, batch, chunks)
        if outputs.partitions:
            await this._transactions.commit(outputs, {})
        if state.partitions:
            await _commit_silently(this._transactions, state, {})
        await _commit_silently(this._transactions, offsets_record, offsets)
        this._committed = offsets

    put(Lane, "_commit", commit)


def _parted(batch: Batch, topic: str) -> tuple[Outgoing, Outgoing]:
    """A batch's records without those of a topic, and those."""
    others, apart = (Outgoing("none", batch.outgoing._timestamp, 1_000_000) for _ in range(2))
    for partition, records in batch.outgoing._partitions.items():
        part = apart if partition[0] == topic else others
        part._partitions[partition] = records
    return others, apart


def _dead_letters_apart() -> None:
    commit = Lane._commit

    async def commit_letters_first(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        batch.outgoing, letters = _parted(batch, batch._outlets.dead_letters)
        if letters.partitions:
            await this._transactions.commit(letters, {})
        passing, this._transactions._passing = this._transactions._passing, _pass_by
        await commit(this, batch, chunks)
        this._transactions._passing = passing

    put(Lane, "_commit", commit_letters_first)


def _state_not_rolled_back() -> None:
    commit, fetch = Lane._commit, Reader.fetch

    async def fold_commit_and_try_again(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        this._fold(batch)
        try:
            await commit(this, batch, chunks)
        except ClusterFault:
            await this._transactions.fence()
            this._fetched[:0] = chunks
            this._arrived.set()

    async def fetch_to_read_twice(this: Reader) -> list[Chunk]:
        return [replace(chunk, records=list(chunk.records)) for chunk in await fetch(this)]

    put(Lane, "_commit", fold_commit_and_try_again)
    put(Reader, "fetch", fetch_to_read_twice)


def _random_transactional_id() -> None:
    def build(*arguments: Any, transactional_id: str, **rest: Any) -> Transactions:
        return Transactions(*arguments, transactional_id=f"{transactional_id}-{uuid4().hex}", **rest)

    put(lane, "Transactions", build)


def _answers_ignored() -> None:
    async def send(this: Transactions, batches: list[RecordBatch]) -> dict[Partition, int]:
        written = {batch.partition: 0 for batch in batches}
        sent = [this._send_to(await this._cluster.leader(*batch.partition), [batch]) for batch in batches]
        for answer in await asyncio.gather(*sent):
            written |= answer
        return written

    refuse = Transactions._refuse

    def refuse_but_records(this: Transactions, error: transactions.Error, what: str) -> None:
        if not what.startswith("records"):
            refuse(this, error, what)

    put(Transactions, "_send", send)
    put(Transactions, "_refuse", refuse_but_records)


BUGS: Final[dict[str, Bug]] = {
    "offsets_first": Bug("commits the input offsets before the outputs, in a transaction of their own", _offsets_first),
    "outputs_first": Bug("commits the outputs before state and offsets, in a transaction of their own", _outputs_first),
    "dead_letters_apart": Bug("commits dead letters in a transaction of their own", _dead_letters_apart),
    "state_not_rolled_back": Bug(
        "folds a batch into the state before it is committed, and tries a failed one again", _state_not_rolled_back
    ),
    "random_transactional_id": Bug(
        "makes up a transactional id at each start, so fences nobody", _random_transactional_id
    ),
    "answers_ignored": Bug("sends records without looking at the answers", _answers_ignored),
    **LAPSES,
}
