"""One real Kafka for the whole test session, and fresh topics for each test that asks."""

import asyncio
import re
import uuid
from collections.abc import Iterator

import pytest

from policywire.broker import LocalBroker
from policywire.stream.topic_admin import create_topics


@pytest.fixture(scope="session")
def broker() -> Iterator[LocalBroker]:
    """Shared: a test that kills or restarts a broker starts one of its own."""
    with LocalBroker() as running:
        yield running


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """In front of this test's topics, group and transactional ids, so that tests on one broker do not meet."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return f"{name}-{uuid.uuid4().hex[:8]}."


@pytest.fixture
def topics(broker: LocalBroker, topic_prefix: str) -> str:
    """Every topic of ``topics.yaml`` on the shared broker, created for this test; gives their prefix."""
    asyncio.run(create_topics(broker.bootstrap_servers, prefix=topic_prefix))
    return topic_prefix
