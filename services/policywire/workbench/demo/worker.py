"""The worker that the demo starts: the product's own, but for its clock, which is the demo's.

``python -m policywire.workbench.demo.worker CLOCK GROUP --bootstrap-servers … --health-port …``. It follows the topic
``policy-documents``, and looks at it and at the time more often than a worker usually does, for nobody likes to wait.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Final, NoReturn

from policywire.stream.logs import configure
from policywire.stream.settings import load_settings
from policywire.stream.worker import Worker, run_and_exit
from policywire.workbench.demo.clock import DemoClock

_TICK_S: Final = 0.1
_RULES_POLL_S: Final = 0.2


def main(arguments: list[str]) -> NoReturn:
    """Work until SIGTERM."""
    parser = ArgumentParser()
    parser.add_argument("clock", type=Path)
    parser.add_argument("group")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--health-port", type=int, required=True)
    given = parser.parse_args(arguments)
    settings = load_settings(
        {
            "kafka": {"bootstrap_servers": given.bootstrap_servers, "group": given.group},
            "rules": {"source": "topic", "path": None, "poll_s": _RULES_POLL_S},
            "batches": {"tick_s": _TICK_S},
            "health": {"port": given.health_port},
        }
    )
    configure(settings.logs.level, settings.logs.format)
    run_and_exit(Worker(settings, clock=DemoClock(given.clock)))


if __name__ == "__main__":
    main(sys.argv[1:])
