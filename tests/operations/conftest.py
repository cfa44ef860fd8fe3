"""These tests need Prometheus and tools written in Go, so they run when asked for (``pytest tests/operations``)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stream.conftest import topic_prefix, topics

from policywire.broker import LocalBroker

__all__ = ["broker", "topic_prefix", "topics"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder alone unless it, or something in it, was named."""
    named = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    here = Path(__file__).parent
    return None if any(each == here or here in each.parents for each in named) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a container engine, which not every machine lets a test start."""
    for item in items:
        if {"engine", "running"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("engine")


@pytest.fixture(scope="session")
def broker() -> Iterator[LocalBroker]:
    """Shared: a test that kills or restarts a broker starts one of its own."""
    with LocalBroker() as running:
        yield running
