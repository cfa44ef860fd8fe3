"""Where a worker's rules come from: a folder that is seen to change, and a topic with documents for later."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from policywire.errors import BadInput
from policywire.stream.rulesource import TopicSource, _fingerprint

if TYPE_CHECKING:
    from policywire.stream.documents import PolicyDocuments

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)


def test_a_folder_is_seen_to_change_with_its_documents_and_not_with_what_is_said_about_them(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("a: 1")
    before = _fingerprint(tmp_path)
    (tmp_path / ".policywire/gate").mkdir(parents=True)
    (tmp_path / ".policywire/gate/0123.json").write_text("{}")
    assert _fingerprint(tmp_path) == before
    (tmp_path / "other.yaml").write_text("a: 1")
    assert _fingerprint(tmp_path) != before


class TopicByHand:
    """Stands for the topic: what it holds and where it ends; counts how often it is read whole."""

    def __init__(self, held: dict[str, bytes]) -> None:
        self.held = held
        self.offset = 1
        self.reads = 0

    async def end(self) -> int:
        return self.offset

    async def read(self, end: int) -> dict[str, bytes]:
        assert end == self.offset
        self.reads += 1
        return dict(self.held)


def source(topic: TopicByHand, shown: list[datetime], poll_s: float = 0.001) -> TopicSource:
    return TopicSource(cast("PolicyDocuments", topic), poll_s, lambda: shown[0])


async def found(source: TopicSource) -> dict[str, bytes]:
    async with asyncio.timeout(5):
        return {file.name: file.content for file in await source.changed()}


async def is_quiet(source: TopicSource) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await source.changed()
    except TimeoutError:
        return True
    return False


async def test_a_topic_s_document_for_later_is_taken_by_the_clock_alone_and_once() -> None:
    topic, shown = TopicByHand({"a": b"1", "a@2026-11-25T09:01:30Z": b"2"}), [NOW]
    documents = source(topic, shown)
    assert await found(documents) == {"policy-documents/a.json": b"1"}
    assert await is_quiet(documents)
    shown[0] = LATER
    assert await found(documents) == {"policy-documents/a.json": b"2"}
    assert await is_quiet(documents)
    assert topic.reads == 2


async def test_of_several_instants_each_is_taken_in_turn_and_a_publication_in_between_too() -> None:
    topic, shown = TopicByHand({"a": b"1", "a@2026-11-25T09:01:30Z": b"null", "b@2026-11-25T09:02:00Z": b"1"}), [NOW]
    documents = source(topic, shown)
    await found(documents)
    topic.held["c"], topic.offset = b"1", 2
    assert await found(documents) == {"policy-documents/a.json": b"1", "policy-documents/c.json": b"1"}
    shown[0] = LATER
    assert await found(documents) == {"policy-documents/c.json": b"1"}
    shown[0] = LATER + timedelta(minutes=5)
    assert await found(documents) == {"policy-documents/c.json": b"1", "policy-documents/b.json": b"1"}


async def test_after_a_restart_what_came_due_meanwhile_is_in_force_at_once() -> None:
    topic = TopicByHand({"a": b"1", "a@2026-11-25T09:01:30Z": b"2"})
    assert await found(source(topic, [LATER])) == {"policy-documents/a.json": b"2"}


async def test_a_look_comes_in_time_for_the_instant_although_looks_are_rare() -> None:
    shown, seconds = [NOW], 0.05
    documents = source(TopicByHand({"a": b"1", "a@2026-11-25T09:01:30Z": b"2"}), shown, poll_s=3600)
    await found(documents)
    shown[0] = LATER - timedelta(seconds=seconds)
    waiting = asyncio.create_task(found(documents))
    await asyncio.sleep(0)
    shown[0] = LATER
    assert await waiting == {"policy-documents/a.json": b"2"}


async def test_a_topic_of_which_nothing_is_in_force_yet_says_from_when_on_it_is() -> None:
    with pytest.raises(BadInput, match="comes into force at 2026-11-25T09:01:30Z"):
        await found(source(TopicByHand({"a@2026-11-25T09:01:30Z": b"2"}), [NOW]))
    with pytest.raises(BadInput, match="holds no documents in force"):
        await found(source(TopicByHand({}), [NOW]))
