"""The metrics of one worker, made from the list, and how a batch's tally gets into them. Knows Prometheus, no Kafka.

Everything is added once a batch. What is worked out at the scrape is in :mod:`policywire.stream.lane_view`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase

from policywire import __version__
from policywire.model.records import Outcome
from policywire.model.rejection import ErrorCode
from policywire.stream.lane_view import LaneCollector
from policywire.stream.metric_list import AGREEMENT_EVENTS, ALL, FACTS
from policywire.stream.tally import Tally

# A second series for every counter, with the time of its making: nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

Kind = TypeVar("Kind", bound=MetricWrapperBase)

RELOADS: Final = ("taken", "refused")


class CountedHistogram(Histogram):
    """A histogram that takes one value for many records at once, where ``observe`` would be called for each."""

    def observe_many(self, amount: float, count: int) -> None:
        """Count ``count`` observations of ``amount``."""
        self._sum.inc(amount * count)
        for bound, bucket in zip(self._upper_bounds, self._buckets, strict=True):
            if amount <= bound:
                bucket.inc(count)
                return


class Metrics:
    """The metrics of one worker, in a registry of their own.

    Args:
        runner: which runner this is, one of :data:`policywire.stream.metric_list.RUNNERS`.
    """

    def __init__(self, runner: str = "exactly-once") -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.lanes = LaneCollector()
        self.registry.register(self.lanes)
        self.build = self._make(Gauge, "build_info")
        self.build.labels(version=__version__, runner=runner).set(1)
        self._name_events()
        self._name_outputs()
        self._name_timing()
        self._name_lanes()
        self._name_rules()

    def _make(self, kind: type[Kind], name: str) -> Kind:
        """The metric of the list that has this name behind ``policywire_``."""
        listed = ALL[f"policywire_{name}"]
        buckets = {"buckets": listed.buckets} if listed.buckets else {}
        return kind(listed.name, listed.text, tuple(listed.labels), registry=self.registry, **buckets)  # type: ignore[arg-type]  # only a histogram has buckets

    def _name_events(self) -> None:
        self.events = self._make(Counter, "events_total")
        self.dead_letters = self._make(Counter, "dead_letters_total")
        self.dead_letter_share = self._make(Gauge, "dead_letter_window_share")
        self.undecided_lines = self._make(Counter, "undecided_lines_total")
        self.unmapped_codes = self._make(Counter, "unmapped_listed_codes_total")
        self.listed_lines = self._make(Counter, "listed_lines_total")
        self.lines_without = self._make(Counter, "listed_lines_without_total")
        self.agreements = self._make(Counter, "agreements_total")
        self.unanswered = self._make(Counter, "kafka_unanswered_total")
        # There from the start, so that the first of a kind is a rise and not a beginning.
        for code in ErrorCode:
            self.dead_letters.labels(code=code.value)
        for fact in FACTS:
            self.listed_lines.labels(fact=fact)
            self.lines_without.labels(fact=fact)
        for event_type in AGREEMENT_EVENTS:
            self.agreements.labels(event_type=event_type)

    def _name_outputs(self) -> None:
        self.determinations = self._make(Counter, "determinations_total")
        self.alerts = self._make(Counter, "alerts_total")

    def _name_timing(self) -> None:
        self.deciding = self._make(Histogram, "batch_decide_seconds")
        self.committing = self._make(Histogram, "batch_commit_seconds")
        self.end_to_end = self._make(CountedHistogram, "end_to_end_seconds")
        self.loop_lag = self._make(Histogram, "loop_lag_seconds")

    def _name_lanes(self) -> None:
        self.lane_count = self._make(Gauge, "lanes")
        self.half_lanes = self._make(Gauge, "half_lanes")
        self.lane_open = self._make(Gauge, "lane_open")
        self.lag_records = self._make(Gauge, "lane_lag_records")
        self.lag_seconds = self._make(Gauge, "lane_lag_seconds")
        self.timelines = self._make(Gauge, "lane_timelines")
        self.timelines_restored = self._make(Counter, "timelines_restored_total")
        self.restoring = self._make(Histogram, "lane_open_seconds")

    def _name_rules(self) -> None:
        self.rulebook = self._make(Gauge, "rulebook_info")
        self.rulebook_policies = self._make(Gauge, "rulebook_policies")
        self.rulebook_loaded = self._make(Gauge, "rulebook_loaded_timestamp_seconds")
        self.reloads = self._make(Counter, "rulebook_reloads_total")
        self.rulebook_stale = self._make(Gauge, "rulebook_stale")
        self.followed = self._make(Counter, "members_followed_total")
        self.waiting = self._make(Gauge, "lane_members_to_follow")
        for result in RELOADS:
            self.reloads.labels(result=result)
        self._revision: str | None = None

    def count(self, tally: Tally, committed_at: float) -> None:
        """Add a committed batch; ``committed_at`` is in Unix seconds."""
        self._count_events(tally)
        self._count_completeness(tally)
        for (payer, policy, version, outcome, status), count in tally.determinations.items():
            self._count_determinations(payer, policy, version, outcome, status, count)
        for (kind, severity, status), count in tally.alerts.items():
            self.alerts.labels(kind=kind, severity=severity, status=status).inc(count)
        self.undecided_lines.inc(tally.undecided_lines)
        self.followed.inc(tally.followed)
        self.unmapped_codes.inc(tally.unmapped_codes)
        self.deciding.observe(tally.seconds_deciding)
        self.committing.observe(tally.seconds_committing)
        for timestamp, count in tally.ages:
            self.end_to_end.observe_many(max(0.0, committed_at - timestamp / 1000), count)

    def _count_events(self, tally: Tally) -> None:
        refused: dict[str, int] = {}
        for (topic, code), count in tally.rejected.items():
            refused[topic] = refused.get(topic, 0) + count
            self.events.labels(topic=topic, outcome=code).inc(count)
            self.dead_letters.labels(code=code).inc(count)
        for topic, count in tally.received.items():
            self.events.labels(topic=topic, outcome="accepted").inc(count - refused.get(topic, 0))

    def _count_completeness(self, tally: Tally) -> None:
        for fact, count in tally.listed_lines.items():
            self.listed_lines.labels(fact=fact).inc(count)
        for fact, count in tally.lines_without.items():
            self.lines_without.labels(fact=fact).inc(count)
        for event_type, count in tally.agreements.items():
            self.agreements.labels(event_type=event_type).inc(count)

    def _count_determinations(  # noqa: PLR0913, PLR0917  one a label
        self, payer: str, policy: str, version: date | None, outcome: Outcome, status: str, count: int
    ) -> None:
        in_force = "none" if version is None else version.isoformat()
        self.determinations.labels(
            payer=payer, policy=policy, version=in_force, outcome=outcome.value, status=status
        ).inc(count)

    def lane_closed(self, lane: int, topics: Iterable[str]) -> None:
        """Forget a lane's gauges: another worker reports them now."""
        self.lanes.forget(lane)
        label = str(lane)
        for gauge in (self.lane_open, self.lag_seconds, self.timelines, self.waiting, self.dead_letter_share):
            gauge.remove(label)
        for topic in topics:
            self.lag_records.remove(topic, label)

    def rulebook_in_force(self, revision: str, policies: int) -> None:
        """Say which rulebook decides from now on, and of how many policies it is."""
        self.rulebook.labels(revision=revision).set(1)
        if self._revision not in {None, revision}:
            self.rulebook.remove(self._revision)
        self._revision = revision
        self.rulebook_policies.set(policies)
        self.rulebook_loaded.set_to_current_time()

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
