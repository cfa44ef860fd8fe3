"""``policywire worker`` with mistakes planted in it, as a process: ``python -m tests.security.planted_worker LEAK``.

Its step raises for some events, with the whole event in the error's text. LEAK is ``none``, or says which mistake of
the surroundings then lets that text out, so that a test can see that it would be found.
"""

import sys
import traceback
from importlib import import_module
from typing import Any

from tests.security.canaries import BUG, CRASH, MEMBER

from policywire.step import step as honest
from policywire.stream import worker
from policywire.stream.logs import configure, get_logger
from policywire.stream.settings import load_settings


def step(event: Any, *rest: Any) -> Any:
    """The step, but for the events that it is to fail for."""
    if event.event_id.endswith(BUG):
        raise ValueError(f"cannot decide {event!r}")
    if event.event_id.endswith(CRASH):
        raise MemoryError(f"no room for {event!r}")
    return honest(event, *rest)


def leaking_log(event: Any, *rest: Any) -> Any:
    """A line that somebody forgot."""
    get_logger().debug("deciding", member=event.member_id)
    return step(event, *rest)


def leaking_trace(event: Any, *rest: Any) -> Any:
    """A traceback that somebody prints."""
    try:
        return step(event, *rest)
    except ValueError:
        traceback.print_exc()
        raise


def leak(where: str) -> None:
    """Plant the step that fails, and one more mistake."""
    failing = {"log": leaking_log, "trace": leaking_trace}.get(where, step)
    batch: Any = import_module("policywire.stream.batch")
    deadletters: Any = import_module("policywire.stream.deadletters")
    batch.step = failing
    if where == "header":
        deadletters.place_of = str
    elif where == "metric":
        metrics = import_module("policywire.stream.metrics").Metrics
        count = metrics.count

        def counted(self: Any, *rest: Any) -> None:
            self.dead_letters.labels(MEMBER).inc()
            count(self, *rest)

        metrics.count = counted


if __name__ == "__main__":
    leak(sys.argv[1])
    settings = load_settings()
    configure(settings.logs.level, settings.logs.format)
    worker.run_worker(settings)
