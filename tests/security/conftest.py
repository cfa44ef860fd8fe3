"""One real Kafka with TLS, logins and ACLs for these tests, and fresh topics for each."""

import asyncio
from collections.abc import Iterator

import pytest
from tests.security.secured import SecuredBroker
from tests.stream.conftest import topic_prefix

from policywire.stream.topic_admin import create_topics

__all__ = ["topic_prefix"]


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with SecuredBroker(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture
def topics(secured: SecuredBroker, topic_prefix: str) -> str:
    """Every topic, created for this test by the one who may do everything; gives their prefix."""
    asyncio.run(create_topics(secured.admin, prefix=topic_prefix, partitions=1))
    return topic_prefix
