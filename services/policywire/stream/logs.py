"""The worker's log: one JSON object a line on standard error, or readable lines for a terminal.

Knows formats. The privacy rule stands here because every module logs: lanes, partitions, offsets, counts, codes and
revisions may be logged; ids of claims and members, dates of service and exception texts that could hold them may not.
"""

import logging
import sys
from typing import Literal

import structlog

from policywire.stream.deadletters import place_of


def _without_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception becomes its kind and its place: its text and its frames' variables may hold anything."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = place_of(error)
    return event


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
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The log to write to."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
