"""The topics as values: what ``schemas/topics.yaml`` says, checked and typed.

Knows the file and its shape. Knows no broker: ``topic_admin`` creates what is described here.
"""

from typing import Any, Literal

import msgspec
from ruamel.yaml import YAML

from policywire.resources import shipped

TOPICS_FILE = "schemas/topics.yaml"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    Attributes:
        name: without any prefix.
        key: what a record's key is, in words.
        schemas: file names under ``schemas/`` that a value may follow; empty for an internal topic.
        partitions: how many.
        per_lane: whether the count is that of the lanes, so that it moves with them.
        replication_factor: copies wanted where there are as many brokers.
        config: Kafka's own names and values.
    """

    name: str
    key: str
    schemas: tuple[str, ...]
    partitions: int
    per_lane: bool
    replication_factor: int
    config: dict[str, str]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    schemas: tuple[str, ...]
    partitions: int | Literal["lanes"]
    config: dict[str, str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lanes: int
    replication_factor: int
    topics: dict[str, _Entry]


def load_topics(lanes: int | None = None) -> dict[str, Topic]:
    """Every topic by its name, in the file's order.

    Args:
        lanes: partitions of the topics that have one for each lane, instead of the file's number.

    Raises:
        msgspec.ValidationError: the file is not of its shape.
    """
    document: Any = YAML(typ="safe", pure=True).load(shipped(TOPICS_FILE))
    file = msgspec.convert(document, _File)
    return {name: _topic(name, entry, file, lanes or file.lanes) for name, entry in file.topics.items()}


def _topic(name: str, entry: _Entry, file: _File, lanes: int) -> Topic:
    per_lane = entry.partitions == "lanes"
    return Topic(
        name=name,
        key=entry.key,
        schemas=entry.schemas,
        partitions=lanes if entry.partitions == "lanes" else entry.partitions,
        per_lane=per_lane,
        replication_factor=file.replication_factor,
        config=entry.config,
    )
