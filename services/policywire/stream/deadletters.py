"""Dead letters: the original bytes, and headers that say why and where from without a value from the event.

Knows the headers of ``schemas/dead-letter.v1.schema.json``. Knows no decoder: a code and a detail are given to it.
"""

from traceback import walk_tb

from policywire import __version__
from policywire.stream.outgoing import Header

TOPIC = "dead-letters"
OCTETS_MAX = 2_000_000
"""Of a record; the topic takes 2 MiB. An input record is at most half of that, so a dead letter always fits."""

CLOCK_AHEAD_DETAIL = "/occurred_at clock_ahead"


def headers(  # noqa: PLR0913, PLR0917  one argument a header
    code: str, detail: str, topic: str, partition: int, offset: int, timestamp: int
) -> list[Header]:
    """The headers of a dead letter: why, and the source record's topic on the cluster, place and time (ms)."""
    return [
        ("error_code", code.encode()),
        ("error_detail", detail.encode()),
        ("source_topic", topic.encode()),
        ("source_partition", b"%d" % partition),
        ("source_offset", b"%d" % offset),
        ("source_timestamp", b"%d" % timestamp),
        ("policywire_version", __version__.encode()),
    ]


def place_of(error: BaseException) -> str:
    """What was raised and where in policywire, as ``KeyError at policywire.decision.context:88``; never its text."""
    here = ""
    for frame, line in walk_tb(error.__traceback__):
        if (module := str(frame.f_globals.get("__name__", ""))).startswith("policywire"):
            here = f" at {module}:{line}"
    return f"{type(error).__name__}{here}"
