"""The Faust table of timelines: recovered by Faust, written by lanes. Knows Faust's tables and stores.

The changelog is a topic of its own, ``<prefix><group>-timelines-changelog``, with the very records of
``member-timelines``: timelines, the lane's offsets, what was said of policies, the barrier.
"""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from faust import Table
from faust.stores.base import Store

from policywire.faust_runner.shelves import Entry, MemoryShelf, RocksShelf, Shelf
from policywire.stream.changelog import DUE
from policywire.stream.outgoing import Header

NAME = "timelines"


def changelog_name(prefix: str, group: str) -> str:
    """The changelog's topic on the cluster, as Faust would name it, behind the prefix of all topics."""
    return f"{prefix}{group}-{NAME}-changelog"


def entry_of(key: bytes, value: bytes | None, headers: Iterable[Header] | None) -> Entry:
    """A record of the changelog as a shelf takes it."""
    due = next((int(each) for name, each in headers or () if name == DUE), None)
    return key, value, due


class TimelineStore(Store[Any, Any]):
    """A shelf for each lane. What Faust asks of a store for its recovery, and nothing else.

    Faust logs an exception of a recovery and goes on, so the first one is kept here for the lane's opening to raise.

    Args:
        folder: for RocksDB; None keeps everything in memory.
    """

    def __init__(self, app: Any, table: Any, folder: Path | None) -> None:
        super().__init__("rocksdb://" if folder else "memory://", app, table)
        self._folder = folder
        self._shelves: dict[int, Shelf] = {}
        self.failure: Exception | None = None

    def shelf(self, lane: int) -> Shelf:
        """The lane's shelf; opened when it is not open."""
        found = self._shelves.get(lane)
        if found is None:
            new: Shelf = MemoryShelf() if self._folder is None else RocksShelf(self._folder / f"lane-{lane}")
            found = self._shelves[lane] = new
        return found

    def close(self, lane: int) -> None:
        """The lane is somebody else's now."""
        shelf = self._shelves.pop(lane, None)
        if shelf is not None:
            shelf.close()

    def persisted_offset(self, tp: Any) -> int | None:
        """Up to where the shelf has its changelog."""
        return self.shelf(tp.partition).offset

    def apply_changelog_batch(self, batch: Iterable[Any], to_key: Any, to_value: Any) -> None:  # noqa: ARG002  Faust's
        """Take over records that the recovery has read."""
        entries: dict[int, list[Entry]] = {}
        last: dict[int, int] = {}
        try:
            for message in (event.message for event in batch):
                entry = entry_of(message.key, message.value, message.headers)
                entries.setdefault(message.partition, []).append(entry)
                last[message.partition] = message.offset
            for lane, taken in entries.items():
                self.shelf(lane).apply(taken, last[lane], recovering=True)
        except Exception as error:
            self.failure = self.failure or error
            raise

    async def on_stop(self) -> None:
        """Let go of every shelf."""
        for lane in list(self._shelves):
            self.close(lane)

    def reset_state(self) -> None:
        """Faust's command that deletes state is not offered; the changelog is what counts."""

    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None:  # noqa: FBT001, FBT002
        """Not offered: the changelog is the backup."""
        raise NotImplementedError

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:  # noqa: FBT001, FBT002
        """Not offered either."""
        raise NotImplementedError

    def __getitem__(self, key: Any) -> Any:
        raise KeyError("the table is read lane by lane")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("the table is written by lanes, after their changelog")

    def __delitem__(self, key: Any) -> None:
        raise TypeError("the table is written by lanes, after their changelog")

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class TimelineTable(Table[Any, Any]):
    """The table, which tells the worker of rebalances before Faust recovers it, and when it is recovered.

    Args:
        lanes: partitions.
        changelog: its topic's name on the cluster.
        folder: for RocksDB; None keeps everything in memory.
        on_assigned: told of all partitions assigned, inputs' and changelog's, before the recovery looks for the
            changelog's ends: what a lane writes there now is recovered.
        on_recovered: told when every lane's part has been read.
    """

    def __init__(  # noqa: PLR0913  a table is where Faust and lanes meet
        self,
        app: Any,
        *,
        lanes: int,
        changelog: str,
        folder: Path | None,
        on_assigned: Callable[[set[Any]], Awaitable[None]],
        on_recovered: Callable[[], Awaitable[None]],
    ) -> None:
        self._changelog = changelog
        self._on_assigned = on_assigned
        self._on_recovered = on_recovered
        self._lanes = lanes
        super().__init__(app, name=NAME, partitions=lanes, key_type=bytes, value_type=bytes)
        self.store = TimelineStore(app, self, folder)

    def _new_store(self) -> TimelineStore:
        return self.store

    def _changelog_topic_name(self) -> str:
        return self._changelog

    async def on_rebalance(
        self,
        assigned: set[Any],
        revoked: set[Any],  # noqa: ARG002  the signature is Faust's
        newly_assigned: set[Any],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Partitions were given out anew; the recovery comes next."""
        await self._on_assigned(assigned)

    async def on_recovery_completed(self, active_tps: set[Any], standby_tps: set[Any]) -> None:  # noqa: ARG002
        """Every lane's part has been read."""
        await self._on_recovered()
