"""The worker's log: one JSON object a line on standard error, or readable lines for a terminal.

Knows formats. The privacy rule stands here because every module logs: lanes, partitions, offsets, counts, codes and
revisions may be logged; ids of claims and members, dates of service and exception texts that could hold them may not.
"""

import logging
import sys
from collections.abc import Callable
from time import monotonic
from typing import Final, Literal

import structlog

from policywire.stream.deadletters import place_of

REPEAT_S: Final = 10.0
KINDS_MAX: Final = 1_000
"""Some libraries put values into the text itself; what is remembered must not grow with them."""


def _without_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception becomes its kind and its place: its text and its frames' variables may hold anything."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = place_of(error)
    return event


class Seldom(logging.Filter):
    """Lets a library's line through once in ``REPEAT_S``: a client retries many times a second while a broker is away.

    A line is told from another by its logger and the text before its values are put in.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        key, now = (record.name, str(record.msg)), self._clock()
        if now - self._last.get(key, -REPEAT_S) < REPEAT_S:
            return False
        if len(self._last) >= KINDS_MAX:
            self._last.clear()
        self._last[key] = now
        return True


def configure(level: str, style: Literal["json", "console"]) -> None:
    """Set the log up, libraries' included: aiokafka's own lines come as they are, at warning and above."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_trace,
    ]
    end: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, end],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, end],
        )
    )
    handler.addFilter(Seldom())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The log to write to."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
