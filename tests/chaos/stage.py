"""What a run's workers find around them: rules, clock, settings; and how far they have come. The harness changes these.

Knows where rules are read from (a folder, or the topic ``policy-documents``) and how they get there.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from aiokafka import AIOKafkaProducer
from tests.chaos.clock import RunClock
from tests.chaos.editions import BROKEN, POLICY, SHIPPED, load_editions, write_editions
from tests.chaos.logs import committed_offsets, log_ends
from tests.chaos.workers import CLOCK

from policywire.rulebook.history import Account
from policywire.rulebook.load import files_in
from policywire.rulebook.publication import publication
from policywire.rulebook.succession import Wanted
from policywire.stream.cluster import Cluster
from policywire.stream.documents import TOPIC as DOCUMENTS
from policywire.stream.documents import open_documents
from policywire.stream.settings import load_settings

ROOT: Final = Path(__file__).resolve().parents[2]
IMPORTS: Final = {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"}
"""Workers and auditor are processes of their own; they import this checkout, wherever the run was started."""
DOCUMENT_KEY: Final = b"cigna/MM 0552"
ACCOUNT: Final = Account(kind="publication", author="chaos", reason="A run changes the rules in mid-stream.")
Source = Literal["folder", "topic"]


class Stage:
    """Rules, clock and offsets of one run.

    Attributes:
        edition: of the rules, the last good one that was put in place.
        clock: what workers and traffic take for now.
        shown: every instant that the clock has shown, in order.

    Args:
        source: where the workers' rules come from.
        folder: of the run.
    """

    def __init__(self, servers: str, prefix: str, source: Source, folder: Path) -> None:
        self._servers = servers
        self._prefix = prefix
        self._source = source
        self._rules = folder / "rules"
        self._state = folder / "state"
        self.editions = folder / "editions"
        write_editions(self.editions)
        self._revisions = {name: each.revision for name, each in load_editions(self.editions).items()}
        self.edition = SHIPPED
        self.clock = RunClock(folder / CLOCK)
        self.shown: list[datetime] = [self.clock()]

    async def set_up(self) -> None:
        """Put the rules that ship where workers find them."""
        if self._source == "topic":
            await self._publish(SHIPPED)
        else:
            shutil.copytree(self.editions / SHIPPED, self._rules)

    def move_clock(self, by: timedelta) -> None:
        """Move the clock, forward or back."""
        self.shown.append(self.clock.move(by))

    def move_clock_beyond(self, by: timedelta) -> None:
        """Move it on from the greatest instant that it has shown."""
        self.move_clock(max(self.shown) - self.clock() + by)

    async def put(self, edition: str) -> str:
        """Put an edition of the rules in place; gives the words in a worker's log that tell it has seen them."""
        if self._source == "topic":
            await (self._spoil() if edition == BROKEN else self._publish(edition))
        else:
            document = self._rules.with_name("policy.new")
            shutil.copyfile(self.editions / edition / POLICY, document)
            document.replace(self._rules / POLICY)
        if edition == BROKEN:
            return "changed rules refused"
        self.edition = edition
        return self._revisions[edition]

    async def _publish(self, edition: str) -> None:
        """Write it in one transaction, as ``policywire rules publish`` does once its gate has let it pass."""
        folder = self.editions / edition
        settings = load_settings({"kafka": {"bootstrap_servers": self._servers, "topic_prefix": self._prefix}})
        async with Cluster(settings.kafka) as cluster:
            documents = await open_documents(cluster, settings)
            wanted = Wanted(publication(folder, files_in(folder)))
            await documents.publish(wanted, ACCOUNT, datetime.now(UTC))

    async def _spoil(self) -> None:
        """As somebody would who writes to the topic past the gate."""
        async with AIOKafkaProducer(bootstrap_servers=self._servers) as producer:
            document = (self.editions / BROKEN / POLICY).read_bytes()
            await producer.send_and_wait(self._prefix + DOCUMENTS, document, DOCUMENT_KEY, partition=0)

    def settings(self, number: int, *, session_s: float, instance: bool) -> dict[str, str]:
        """A worker's settings.

        Args:
            number: of the worker.
            session_s: after which a silent worker's lanes are given to others.
            instance: whether it has an instance id: its lanes then come back to it at a restart, and wait for its
                session's end when it leaves.
        """
        rules = {"SOURCE": "topic"} if self._source == "topic" else {"PATH": str(self._rules)}
        groups: Mapping[str, Mapping[str, str]] = {
            "KAFKA": {
                "BOOTSTRAP_SERVERS": self._servers,
                "TOPIC_PREFIX": self._prefix,
                "GROUP": self.group,
                "SESSION_TIMEOUT_S": f"{session_s:g}",
                **({"INSTANCE_ID": f"worker-{number}"} if instance else {}),
            },
            "RULES": {**rules, "POLL_S": "0.5"},
            "BATCHES": {"TICK_S": "0.5"},
            # A window of seconds, so that a flood of thousands is enough to stop a lane and is soon forgotten.
            "DEAD_LETTERS": {"WINDOW_S": "10", "EVENTS_MIN": "200"},
            "HEALTH": {"PORT": "0"},
            "FAUST": {"FOLDER": str(self._state), "COMMIT_S": "0.5"},
        }
        return {
            **{f"POLICYWIRE_{group}__{name}": value for group, each in groups.items() for name, value in each.items()},
            **IMPORTS,
        }

    @property
    def group(self) -> str:
        """The workers' group."""
        return self._prefix + "workers"

    async def end(self, topic: str, lane: int) -> int:
        """Where a lane's input ends now."""
        return (await log_ends(self._servers, self._prefix, [topic]))[topic, lane]

    async def committed(self, topic: str, lane: int) -> int:
        """How far the group has come with it."""
        return (await committed_offsets(self._servers, self._prefix, self.group)).get((topic, lane), 0)
