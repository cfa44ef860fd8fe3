"""A worker as a process on the secured Kafka: what it said, and how it ended. Its log is looked through for secrets."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from tests.security.issuer import SECRET
from tests.security.secured import PASSWORD
from tests.stream.harness import claim, publish, records_of, settings_for

from policywire.stream.settings import variable

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0
"""In which a worker that cannot get in has to end."""


def environment(prefix: str, kafka: dict[str, Any], **groups: dict[str, Any]) -> dict[str, str]:
    """Of a process that uses these settings."""
    given = {"kafka": {"topic_prefix": prefix, "group": "test"} | kafka, "health": {"port": 0}, **groups}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
    settings = {
        variable(group, name): str(value)
        for group, values in given.items()
        for name, value in values.items()
        if value is not None
    }
    return {**kept, "PYTHONPATH": str(ROOT / "services"), **settings}


def command(prefix: str, kafka: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of policywire, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "policywire", *arguments],
        env=environment(prefix, kafka),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal_of(prefix: str, kafka: dict[str, Any], *, within_s: float = DEADLINE_S, **groups: dict[str, Any]) -> str:
    """What a worker says that the cluster does not let in, or let do its work: one line, with exit status 2."""
    began = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "policywire", "worker"],
        env=environment(prefix, kafka, **groups),
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    assert PASSWORD not in run.stderr
    assert SECRET not in run.stderr
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    ends = [line for line in lines if line["event"] == "worker ended"]
    assert (run.returncode, len(ends)) == (2, 1), run.stderr
    assert time.monotonic() - began < within_s
    return str(ends[0]["error"])


class Running:
    """A worker that is let in. A context manager, which stops it and sees that it ended in order."""

    def __init__(self, prefix: str, kafka: dict[str, Any], log: Path, **groups: dict[str, Any]) -> None:
        self._environment = environment(prefix, kafka, **groups)
        self.log = log

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "policywire", "worker"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(60)
        said = self.log.read_text()
        assert PASSWORD not in said
        assert SECRET not in said
        assert status == 0, said


async def decided(admin: str, prefix: str, number: int) -> Any:
    """Publish a claim where everything is allowed, and wait until it is determined; what was."""
    settings = settings_for(admin, prefix)
    await publish(settings, [claim(number, f"M-{number}")])
    deadline = time.monotonic() + DEADLINE_S
    while True:
        documents = [record.document for record in await records_of(settings, "determinations")]
        found = next((each for each in documents if each["member_id"] == f"M-{number}"), None)
        if found is not None:
            return found["outcome"]
        assert time.monotonic() < deadline, f"claim {number} was not decided"
        await asyncio.sleep(0.1)
