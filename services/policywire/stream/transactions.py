"""Writes one lane's batches, each with its input offsets, wholly or not at all. Knows Kafka's transaction requests.

The order is: fence once; then for each batch add its partitions and the group, send records and offsets, await every
answer, end. There is no abort: whatever goes wrong raises, the process ends, and the next owner's fence aborts what is
open.

What may be sent twice, and why. A record batch has a sequence number, so a repeated one is recognised. Adding
partitions or the group again changes nothing; should a late duplicate reopen a transaction, that runs into its timeout
and fences us. But ``EndTxn`` and ``TxnOffsetCommit`` carry nothing that tells one transaction from the next: a late
duplicate has been seen to commit the first half of the *next* one, without its offsets. So these two are sent once, and
when their answer is lost the worker ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NoReturn

from aiokafka import errors
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from policywire.stream.access import RIGHTS
from policywire.stream.cluster import OUTAGE_RETRY_S, RETRY_S, Cluster, Kind, NoAnswer, NotSent
from policywire.stream.ending import LaneLost, ProtocolFault
from policywire.stream.outgoing import Outgoing, RecordBatch, Writer
from policywire.stream.points import Point
from policywire.stream.reader import Partition

ALL_IN_SYNC = -1
FENCED = (errors.InvalidProducerEpoch, errors.ProducerFenced, errors.InvalidProducerIdMapping, errors.InvalidTxnState)
COORDINATOR_MOVED = (errors.NotCoordinatorError, errors.CoordinatorNotAvailableError)
Error = type[errors.KafkaError]


async def _pass_by(_point: Point) -> None:
    """What most writers do at a named point: nothing."""


class Transactions:
    """The writing end of a lane.

    Args:
        cluster: where to write.
        transactional_id: the lane's, the same for every owner.
        group: whose offsets are committed.
        timeout_s: after which the broker aborts what was left open.
        name: of the writer, for errors, as ``lane 3``.
        passing: told of every named point.
    """

    def __init__(  # noqa: PLR0913  names and limits of one producer
        self,
        cluster: Cluster,
        *,
        transactional_id: str,
        group: str,
        timeout_s: float,
        name: str,
        passing: Callable[[Point], Awaitable[None]] = _pass_by,
    ) -> None:
        self._cluster = cluster
        self._id = transactional_id
        self._group = group
        self._name = name
        self._channel = f"{transactional_id}-write"
        self._timeout_ms = int(timeout_s * 1000)
        self._passing = passing
        self._writer = Writer(-1, -1)
        self._sequences: dict[Partition, int] = {}

    async def fence(self) -> None:
        """Shut out every former owner of the lane and settle what it had open; nothing of it can be committed after.

        Raises:
            AccessRefused: this client has no right to write with this transactional id.
            ProtocolFault: the cluster refuses this transactional id.
        """
        request = InitProducerIdRequest(self._id, self._timeout_ms)
        answer = await self._coordinated("transaction", self._id, request, _own_code)
        self._writer = Writer(answer.producer_id, answer.producer_epoch)
        self._sequences.clear()

    async def commit(self, outgoing: Outgoing, offsets: Mapping[Partition, int]) -> dict[Partition, int]:
        """Write records and offsets in one transaction; when this returns, all of it is committed.

        Args:
            outgoing: the records.
            offsets: the next offset wanted of each input partition; may be empty.

        Returns:
            The offset of the first record written to each partition.

        Raises:
            LaneLost: another owner has fenced this one.
            NoAnswer: whether the batch was committed is not known; only a new fence can tell.
            AccessRefused: this client has no right to something that it writes.
            ProtocolFault: the cluster refused something.
        """
        await self._passing("before_begin")
        await self._begin(outgoing.partitions, with_offsets=bool(offsets))
        await self._passing("after_begin")
        written: dict[Partition, int] = {}
        for batches in outgoing.rounds(self._writer, self._sequences):
            written = await self._send(batches) | written
        await self._passing("after_send")
        if offsets:
            await self._send_offsets(offsets)
        await self._passing("after_offsets")
        await self._passing("before_commit")
        await self._end()
        await self._passing("after_commit")
        return written

    async def _begin(self, partitions: Iterable[Partition], *, with_offsets: bool) -> None:
        request = AddPartitionsToTxnRequest(self._id, *self.identity, _by_topic(partitions))
        asked = [self._coordinated("transaction", self._id, request, _partition_codes)]
        if with_offsets:
            group = AddOffsetsToTxnRequest(self._id, *self.identity, self._group)
            asked.append(self._coordinated("transaction", self._id, group, _own_code))
        await asyncio.gather(*asked)

    @property
    def identity(self) -> tuple[int, int]:
        """Producer id and epoch; both -1 before the fence."""
        return self._writer.producer_id, self._writer.epoch

    async def _send(self, batches: list[RecordBatch]) -> dict[Partition, int]:
        """Send batches until the leaders of their partitions have stored every one."""
        written: dict[Partition, int] = {}
        while batches:
            by_node: dict[int, list[RecordBatch]] = {}
            for batch in batches:
                by_node.setdefault(await self._cluster.leader(*batch.partition), []).append(batch)
            answers = await asyncio.gather(*(self._send_to(node, part) for node, part in by_node.items()))
            for answer in answers:
                written |= answer
            batches = [batch for batch in batches if batch.partition not in written]
            if batches:
                await asyncio.sleep(OUTAGE_RETRY_S)
                await self._cluster.refresh()
        return written

    async def _send_to(self, node: int, batches: list[RecordBatch]) -> dict[Partition, int]:
        octets = {batch.partition: batch.octets for batch in batches}
        topics = [
            (topic, [(partition, octets[topic, partition]) for partition in partitions])
            for topic, partitions in _by_topic(octets)
        ]
        request = ProduceRequest(self._id, ALL_IN_SYNC, self._timeout_ms, topics)
        try:
            answer = await self._cluster.ask(node, request, self._channel)
        except NoAnswer:
            return {}
        written: dict[Partition, int] = {}
        for topic, partitions in answer.topics:
            for partition, code, offset, *_ in partitions:
                error = errors.for_code(code)
                if error in (errors.NoError, errors.DuplicateSequenceNumber):
                    written[topic, partition] = offset
                elif error in RIGHTS:
                    raise self._cluster.not_allowed(error, [topic], "Write")
                else:
                    self._refuse(error, f"records for {topic}-{partition}")
        return written

    async def _send_offsets(self, offsets: Mapping[Partition, int]) -> None:
        topics: dict[str, list[tuple[int, int, str]]] = {}
        for (topic, partition), offset in offsets.items():
            topics.setdefault(topic, []).append((partition, offset, ""))
        request = TxnOffsetCommitRequest(self._id, self._group, *self.identity, list(topics.items()))
        await self._coordinated("group", self._group, request, _partition_codes, once=True)

    async def _end(self) -> None:
        request = EndTxnRequest(self._id, *self.identity, transaction_result=True)
        await self._coordinated("transaction", self._id, request, _own_code, once=True)

    async def _coordinated(
        self,
        kind: Kind,
        key: str,
        request: Any,
        codes: Callable[[Any], Iterable[int]],
        *,
        once: bool = False,
    ) -> Any:
        """Ask a coordinator until it has done what was asked.

        A refusal that is only for now is asked again even ``once``: it was answered, so no copy of it is under way.
        """
        while True:
            node = await self._cluster.coordinator(kind, key)
            try:
                answer = await self._cluster.ask(node, request, self._channel)
            except NoAnswer as error:
                if once and not isinstance(error, NotSent):
                    raise
                self._cluster.forget_coordinator(kind, key)
                await asyncio.sleep(OUTAGE_RETRY_S)
                await self._cluster.refresh()
                continue
            error_type = _worst(codes(answer))
            if error_type is errors.NoError:
                return answer
            if error_type in RIGHTS:
                self._not_allowed(error_type, request, answer)
            self._refuse(error_type, type(request).__name__)
            if error_type in COORDINATOR_MOVED:
                self._cluster.forget_coordinator(kind, key)
            await asyncio.sleep(RETRY_S)

    def _not_allowed(self, error: Error, request: Any, answer: Any) -> NoReturn:
        """Raise with the right that is missing: to commit an offset is to have read, everything else is to write."""
        operation = "Read" if isinstance(request, TxnOffsetCommitRequest) else "Write"
        if error is errors.TopicAuthorizationFailedError:
            named = [topic for topic, parts in answer.errors for _, code in parts if errors.for_code(code) is error]
            raise self._cluster.not_allowed(error, set(named), operation)
        if error is errors.GroupAuthorizationFailedError:
            raise self._cluster.not_allowed(error, [self._group], "Read")
        raise self._cluster.not_allowed(error, [self._id], "Write")

    def _refuse(self, error: Error, what: str) -> None:
        """Raise unless the same may succeed in a moment."""
        if error in FENCED:
            raise LaneLost(f"{self._name} has another owner now ({error.__name__} for {what})")
        if not error.retriable and error is not errors.ConcurrentTransactions:
            raise ProtocolFault(f"{self._name}: the cluster refused {what}: {error.__name__}")


def _by_topic(partitions: Iterable[Partition]) -> list[tuple[str, list[int]]]:
    topics: dict[str, list[int]] = {}
    for topic, partition in partitions:
        topics.setdefault(topic, []).append(partition)
    return list(topics.items())


def _own_code(answer: Any) -> list[int]:
    return [answer.error_code]


def _partition_codes(answer: Any) -> list[int]:
    return [code for _, partitions in answer.errors for _, code in partitions]


def _worst(codes: Iterable[int]) -> Error:
    """The error that decides: not that of a partition left alone because of another's."""
    found: set[Error] = {errors.for_code(code) for code in codes} - {errors.NoError}
    decisive = found - {errors.OperationNotAttempted}
    none: Error = errors.NoError
    return next(iter(decisive or found), none)
