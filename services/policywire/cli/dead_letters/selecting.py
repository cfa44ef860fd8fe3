"""Which dead letters are meant: the options that the subcommands share, and the connection. Knows the terminal."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policywire.errors import BadInput
from policywire.model.rejection import ErrorCode

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetterTopic, Selection
    from policywire.stream.settings import Settings

T = TypeVar("T")
CLUSTER_OPTIONS = {
    "topic-prefix": "In front of every topic's name.",
    "group": "The workers' consumer group.",
    "bootstrap-servers": "host:port, several with commas.",
}
"""Also in front of the subcommand, where the group has them."""
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
ID_FORM = "an id is topic-partition-offset, such as claim-events-2-48213; `policywire dead-letters list` shows them"


class Moment(click.ParamType):
    """A date, a date and time (UTC unless it has an offset), or how long ago, as ``90m``, ``2h`` or ``7d``."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, with its time zone."""
        if isinstance(value, datetime):
            return value
        if ago := re.fullmatch(r"(\d{1,5})([mhd])", value):
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no moment: write 2026-03-02, 2026-03-02T14:00:00Z, or 90m, 2h, 7d ago.", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def selecting(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which dead letters are meant; :func:`selection_of` takes them."""
    for option in (
        click.option("--partition", type=click.IntRange(0), help="Only events of this partition, that is, lane."),
        click.option("--source-topic", help="Only events of this topic, such as claim-events."),
        click.option("--until", type=Moment(), help="Only those before."),
        click.option("--since", type=Moment(), help="Only those from then on: a date, an instant, or 90m, 2h, 7d ago."),
        click.option(
            "--reason", type=click.Choice([code.value for code in ErrorCode]), help="Only those of this error code."
        ),
    ):
        function = option(function)
    return function


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Put an option of the cluster where the group's own are; the later one counts."""
    if value is not None:
        context.obj[parameter.name] = value


def on_cluster(function: Callable[..., None]) -> Callable[..., None]:
    """The group's options once more, so that they may stand behind the subcommand too."""
    for name, words in CLUSTER_OPTIONS.items():
        function = click.option(f"--{name}", help=words, expose_value=False, callback=_remember)(function)
    return function


redriven_option = click.option(
    "--redriven/--not-redriven", "redriven", default=None, help="Only those that were sent again, or were not."
)


def selection_of(kafka: dict[str, Any], chosen: dict[str, Any], ids: tuple[str, ...] = ()) -> "Selection":
    """What the options mean.

    Raises:
        BadInput: an id is none.
    """
    from policywire.stream.deadletter_topic import Selection, place_of_id  # noqa: PLC0415  Kafka's client takes long

    for letter_id in ids:
        if place_of_id(letter_id) is None:
            raise BadInput(f"{letter_id} is no id of a dead letter: {ID_FORM}")
    topic, prefix = chosen.get("source_topic"), settings_of(kafka).kafka.topic_prefix
    return Selection(
        ids=frozenset(ids),
        reason=chosen.get("reason"),
        since=chosen.get("since"),
        until=chosen.get("until"),
        source_topic=topic if topic is None or topic.startswith(prefix) else prefix + topic,
        source_partition=chosen.get("partition"),
        redriven=chosen.get("redriven"),
    )


def settings_of(kafka: dict[str, Any]) -> "Settings":
    """The worker's settings, with what the command line gave."""
    from policywire.stream.settings import load_settings  # noqa: PLC0415  Kafka's client takes long

    return load_settings({"kafka": kafka})


def with_topic(kafka: dict[str, Any], use: "Callable[[DeadLetterTopic, Cluster, Settings], Awaitable[T]]") -> T:
    """Open the connection, use it, and close it."""
    from policywire.stream.cluster import Cluster  # noqa: PLC0415  Kafka's client takes long
    from policywire.stream.deadletter_topic import DeadLetterTopic  # noqa: PLC0415

    settings = settings_of(kafka)

    async def used() -> T:
        async with Cluster(settings.kafka) as cluster:
            return await use(DeadLetterTopic(cluster, settings), cluster, settings)

    return asyncio.run(used())
