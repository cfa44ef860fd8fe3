"""Every metric of the worker, described; and how a batch's tally gets into them. Knows Prometheus, and no Kafka.

Labels come from closed sets: topics, error codes, and payers, policies, versions and outcomes of the rulebook in force.
Never an id of a claim, a member or a provider, and nothing that a sender wrote. Everything is added once a batch.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from policywire.stream.tally import Tally

BATCH_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
END_TO_END_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


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
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._name_events()
        self._name_outputs()
        self._name_timing()
        self._name_lanes()
        self._name_rules()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"policywire_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"policywire_{name}", what, labels, registry=self.registry)

    def _name_events(self) -> None:
        self.events = self._counter(
            "events", "Records read, and what decoding made of them (accepted or an error code)", "topic", "outcome"
        )
        self.dead_letters = self._counter("dead_letters", "Records that could not be used, by error code", "code")
        self.undecided_lines = self._counter(
            "undecided_lines", "Lines and procedures that no policy of their payer names: no determination"
        )
        self.unmapped_codes = self._counter(
            "unmapped_listed_codes",
            "Codes that some policy lists, under a payer id that no profile has: denials missed",
        )

    def _name_outputs(self) -> None:
        self.determinations = self._counter(
            "determinations", "Determinations written", "payer", "policy", "version", "outcome", "status"
        )
        self.alerts = self._counter("alerts", "Alerts written", "kind", "severity", "status")

    def _name_timing(self) -> None:
        self.deciding = Histogram(
            "policywire_batch_decide_seconds", "Deciding a batch", buckets=BATCH_BUCKETS, registry=self.registry
        )
        self.committing = Histogram(
            "policywire_batch_commit_seconds",
            "Writing and committing a batch",
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.end_to_end = CountedHistogram(
            "policywire_end_to_end_seconds",
            "From a record's time in Kafka to the commit of what it led to",
            buckets=END_TO_END_BUCKETS,
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "policywire_loop_lag_seconds",
            "How late the event loop wakes; above 0.05 heartbeats are in danger",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )

    def _name_lanes(self) -> None:
        self.lane_open = self._gauge("lane_open", "1 while this worker has the lane open", "lane")
        self.lag_records = self._gauge("lane_lag_records", "Records not yet committed", "topic", "lane")
        self.lag_seconds = self._gauge("lane_lag_seconds", "Age of the oldest record not yet committed", "lane")
        self.timelines = self._gauge("lane_timelines", "Members that the lane remembers", "lane")
        self.timelines_restored = self._counter("timelines_restored", "Changelog records read when opening lanes")
        self.restoring = Histogram(
            "policywire_lane_open_seconds",
            "Opening a lane, restoring included",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )

    def _name_rules(self) -> None:
        self.rulebook = self._gauge("rulebook_info", "1 for the revision of the rulebook in force", "revision")
        self.reloads = self._counter("rulebook_reloads", "Attempts to load changed rules (taken, refused)", "result")
        self.rulebook_stale = self._gauge("rulebook_stale", "1 while changed rules are refused and older serve")

        self.followed = self._counter(
            "members_followed", "Members with appointments to come that were decided again after a change of the rules"
        )
        self.waiting = self._gauge(
            "lane_members_to_follow", "Members still to be looked at again after a change of the rules", "lane"
        )

    def count(self, tally: Tally, committed_at: float) -> None:
        """Add a committed batch; ``committed_at`` is in Unix seconds."""
        refused: dict[str, int] = {}
        for (topic, code), count in tally.rejected.items():
            refused[topic] = refused.get(topic, 0) + count
            self.events.labels(topic, code).inc(count)
            self.dead_letters.labels(code).inc(count)
        for topic, count in tally.received.items():
            self.events.labels(topic, "accepted").inc(count - refused.get(topic, 0))
        for (payer, policy, version, outcome, status), count in tally.determinations.items():
            in_force = "none" if version is None else version.isoformat()
            self.determinations.labels(payer, policy, in_force, outcome.value, status).inc(count)
        for alert, count in tally.alerts.items():
            self.alerts.labels(*alert).inc(count)
        self.undecided_lines.inc(tally.undecided_lines)
        self.followed.inc(tally.followed)
        self.unmapped_codes.inc(tally.unmapped_codes)
        self.deciding.observe(tally.seconds_deciding)
        self.committing.observe(tally.seconds_committing)
        for timestamp, count in tally.ages:
            self.end_to_end.observe_many(max(0.0, committed_at - timestamp / 1000), count)

    def lane_closed(self, lane: int, topics: Iterable[str]) -> None:
        """Forget a lane's gauges: another worker reports them now."""
        label = str(lane)
        for gauge in (self.lane_open, self.lag_seconds, self.timelines, self.waiting):
            gauge.remove(label)
        for topic in topics:
            self.lag_records.remove(topic, label)

    def revision_in_force(self, revision: str) -> None:
        """Say which rulebook decides."""
        self.rulebook.clear()
        self.rulebook.labels(revision).set(1)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
