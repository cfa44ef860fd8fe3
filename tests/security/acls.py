"""Rights on a real cluster: given and taken away as ``deploy/kafka/acls.yaml`` lists them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest
from ruamel.yaml import YAML

FILE = Path(__file__).parents[2] / "deploy" / "kafka" / "acls.yaml"
RESOURCES = {"topic": 2, "group": 3, "transactional_id": 5}
PATTERNS = {"literal": 3, "prefix": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
ALLOW = 3


class Right(NamedTuple):
    """One line of an access control list: what a user may do to resources of a name, or of all that begin so."""

    kind: str
    name: str
    pattern: str
    operation: str

    def arguments(self, user: str) -> tuple[int, str, int, str, str, int, int]:
        kind, pattern = RESOURCES[self.kind], PATTERNS[self.pattern]
        return kind, self.name, pattern, f"User:{user}", "*", OPERATIONS[self.operation], ALLOW


def rights_of(principal: str, prefix: str, group: str) -> list[Right]:
    """What the file gives a principal, one right for each operation."""
    listed = YAML(typ="safe").load(FILE)["principals"][principal]["acls"]
    return [right for entry in listed for right in _rights(entry, prefix, group)]


def _rights(entry: dict[str, Any], prefix: str, group: str) -> Iterable[Right]:
    (kind,) = entry.keys() & RESOURCES.keys()
    name = entry[kind].format(prefix=prefix, group=group)
    return [Right(kind, name, entry.get("pattern", "literal"), operation) for operation in entry["operations"]]


@asynccontextmanager
async def granted(servers: str, user: str, rights: Iterable[Right]) -> AsyncIterator[None]:
    """A user has exactly these rights for a while."""
    given = list(rights)
    async with _admin(servers) as admin:
        for right in given:
            await _give(admin, user, right)
        try:
            yield
        finally:
            for right in given:
                await _take(admin, user, right)


@asynccontextmanager
async def withheld(servers: str, user: str, right: Right) -> AsyncIterator[None]:
    """A user lacks a right for a while."""
    async with _admin(servers) as admin:
        await _take(admin, user, right)
        try:
            yield
        finally:
            await _give(admin, user, right)


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _give(admin: Any, user: str, right: Right) -> None:
    answer = await admin._send_request(CreateAclsRequest(*right.arguments(user)))
    assert [code for code, *_ in answer.creation_responses] == [0], answer


async def _take(admin: Any, user: str, right: Right) -> None:
    answer = await admin._send_request(DeleteAclsRequest(*right.arguments(user)))
    ((code, _message, matching),) = answer.filter_responses
    assert (code, len(matching)) == (0, 1), answer
