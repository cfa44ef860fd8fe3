"""What operations looks at: does everything get on, and if not, where does it stand?"""

from typing import Final

from deploy.tools.dashboards.panel import SCOPE, WORKERS, Dashboard, Row, Step, plot, stat

_RATE: Final = "$__rate_interval"


def quantile(of: float, histogram: str, window: str = _RATE) -> str:
    """A quantile over all workers, in the histogram's unit."""
    return f"histogram_quantile({of}, sum by (le) (rate({histogram}_bucket{{{SCOPE}}}[{window}])))"


def mean(histogram: str) -> str:
    """The mean over all that the workers observed since they were started."""
    return f"sum({histogram}_sum{{{SCOPE}}}) / sum({histogram}_count{{{SCOPE}}})"


GLANCE: Final = Row(
    "At a glance",
    4,
    (
        stat(
            "Workers",
            "Workers that were scraped and say what they are. More than there are lanes is more than can work.",
            f"count(policywire_build_info{{{SCOPE}}})",
            width=3,
            runbook="workers.md",
        ),
        stat(
            "Lanes without an owner",
            "Partitions that no worker has open. 0 but for the seconds of a restart: each one more is a share of the "
            "members that nobody decides about.",
            f"max(policywire_lanes{{{SCOPE}}}) - (sum(policywire_lane_open{{{SCOPE}}}) or vector(0))",
            width=3,
            steps=(Step(1, "red"),),
            runbook="lanes.md",
        ),
        stat(
            "Behind",
            "Age of the oldest event that waits, in the lane that is furthest behind. Yellow and red where the alerts "
            "begin: after a minute a front desk notices, after five a claim is billed before anybody could hold it.",
            f"max(policywire_lane_lag_seconds{{{SCOPE}}})",
            unit="s",
            width=4,
            steps=(Step(60, "yellow"), Step(300, "red")),
            runbook="lag.md",
        ),
        stat(
            "End to end, p99",
            "From an event's time in Kafka to the commit of what it led to, over five minutes. 250 ms are promised; "
            "seconds are a fault, not load.",
            quantile(0.99, "policywire_end_to_end_seconds", "5m"),
            unit="s",
            width=4,
            steps=(Step(0.25, "yellow"), Step(5, "red")),
            runbook="lag.md",
        ),
        stat(
            "Dead letters, last hour",
            "Events that could not be used and wait for a mend by their sender.",
            f"sum(increase(policywire_dead_letters_total{{{SCOPE}}}[1h]))",
            width=4,
            steps=(Step(1, "yellow"),),
            runbook="dead-letters.md",
        ),
        stat(
            "Our bugs, last day",
            "Dead letters of the code processing_error: a bug of policywire, and never the sender's fault.",
            f'sum(increase(policywire_dead_letters_total{{code="processing_error",{SCOPE}}}[1d]))',
            width=3,
            steps=(Step(1, "red"),),
            runbook="dead-letters.md",
        ),
        stat(
            "Changed rules",
            "Whether the newest rules decide everywhere. Refused: they have faults, and the last good ones go on.",
            f"max(policywire_rulebook_stale{{{SCOPE}}})",
            width=3,
            steps=(Step(1, "red"),),
            words={"0": "in force", "1": "refused"},
            runbook="policies.md",
        ),
    ),
)

FLOW: Final = Row(
    "Flow",
    8,
    (
        plot(
            "Events in",
            "Records read, by topic. A topic that falls to nothing in office hours is a sender that stands still.",
            (f"sum by (topic) (rate(policywire_events_total{{{SCOPE}}}[{_RATE}]))", "{{topic}}"),
            unit="cps",
            runbook="senders.md",
        ),
        plot(
            "Records out",
            "What was written. Most events lead to nothing: they bill no listed code.",
            (f"sum(rate(policywire_determinations_total{{{SCOPE}}}[{_RATE}]))", "determinations"),
            (f"sum(rate(policywire_alerts_total{{{SCOPE}}}[{_RATE}]))", "alerts"),
            (f"sum(rate(policywire_dead_letters_total{{{SCOPE}}}[{_RATE}]))", "dead letters"),
            unit="cps",
        ),
        plot(
            "End to end",
            "From an event's time in Kafka to the commit of what it led to. The line: 250 ms at p99 are promised.",
            (quantile(0.5, "policywire_end_to_end_seconds"), "p50"),
            (quantile(0.99, "policywire_end_to_end_seconds"), "p99"),
            unit="s",
            steps=(Step(0.25, "red"),),
            runbook="lag.md",
        ),
        plot(
            "A batch, p99",
            "Where the time goes. Deciding ends a batch at 0.1 s, which is the line; committing above it is the "
            "broker's time.",
            (quantile(0.99, "policywire_batch_decide_seconds"), "deciding"),
            (quantile(0.99, "policywire_batch_commit_seconds"), "committing"),
            unit="s",
            steps=(Step(0.1, "yellow"),),
            runbook="lag.md",
        ),
        plot(
            "Requests without an answer",
            "Requests to brokers that were lost or timed out. A single one restarts a worker; many are a lost broker.",
            (f"sum by (instance) (rate(policywire_kafka_unanswered_total{{{SCOPE}}}[{_RATE}]))", "{{instance}}"),
            unit="cps",
            runbook="workers.md",
        ),
        plot(
            "Monitoring alerts",
            "How many of each are firing. Nothing is drawn while none is.",
            (
                f'count by (alertname) (ALERTS{{alertname=~"Policywire.+",alertstate="firing",{SCOPE}}})',
                "{{alertname}}",
            ),
            runbook="first-night-on-call.md",
        ),
    ),
)

LANES: Final = Row(
    "Lanes",
    8,
    (
        plot(
            "Behind, by lane",
            "Age of the oldest event that waits. One lane alone: its worker or a member with very many events. All of "
            "them: load, or the broker. The lines are the alerts', 1 and 5 minutes.",
            (f"max by (lane) (policywire_lane_lag_seconds{{{SCOPE}}})", "lane {{lane}}"),
            unit="s",
            steps=(Step(60, "yellow"), Step(300, "red")),
            runbook="lag.md",
        ),
        plot(
            "Events that wait",
            "Records not yet committed, by topic and lane.",
            (f"max by (topic, lane) (policywire_lane_lag_records{{{SCOPE}}})", "{{topic}}-{{lane}}"),
            runbook="lag.md",
        ),
        plot(
            "Since the last progress",
            "An idle lane shows progress every second. The line: at 60 s (health.progress_s) the worker calls itself "
            "unwell and is started again.",
            (f"max by (lane) (policywire_lane_progress_age_seconds{{{SCOPE}}})", "lane {{lane}}"),
            unit="s",
            steps=(Step(60, "red"),),
            runbook="lanes.md",
        ),
        plot(
            "Who has the lanes",
            "Open lanes by worker, beside how many there are. Halves are lanes of which a worker got one topic only.",
            (f"sum by (instance) (policywire_lane_open{{{SCOPE}}})", "{{instance}}"),
            (f"max(policywire_lanes{{{SCOPE}}})", "there are"),
            (f"sum(policywire_half_lanes{{{SCOPE}}})", "halves"),
            runbook="lanes.md",
        ),
        plot(
            "Members remembered",
            "Timelines, by lane. Memory grows with them, some 1.4 kB each.",
            (f"max by (lane) (policywire_lane_timelines{{{SCOPE}}})", "lane {{lane}}"),
            stacked=True,
        ),
        plot(
            "Opening a lane",
            "How long it took (the mean), and how many timelines a second are read while lanes open; some "
            "200,000 were measured.",
            (mean("policywire_lane_open_seconds"), "seconds"),
            (f"sum(rate(policywire_timelines_restored_total{{{SCOPE}}}[{_RATE}]))", "timelines a second"),
            runbook="lanes.md",
        ),
    ),
)

DEAD_LETTERS: Final = Row(
    "Dead letters",
    8,
    (
        plot(
            "Dead letters by reason",
            "Of the last hour. A new reason after a sender's release is theirs to mend; then send again with "
            "policywire dead-letters redrive.",
            (f"sum by (code) (increase(policywire_dead_letters_total{{{SCOPE}}}[1h])) > 0", "{{code}}"),
            width=12,
            stacked=True,
            runbook="dead-letters.md",
        ),
        plot(
            "How near the flood guard",
            "Dead letters' share of what a lane read in the guard's window. At the line (dead_letters.share_max) the "
            "lane stops, so that an outage of a sender does not empty the topic.",
            (f"max by (lane) (policywire_dead_letter_window_share{{{SCOPE}}})", "lane {{lane}}"),
            unit="percentunit",
            width=12,
            steps=(Step(0.5, "red"),),
            highest=1,
            runbook="dead-letters.md",
        ),
    ),
)

RULEBOOK: Final = Row(
    "Rulebook",
    8,
    (
        plot(
            "Revisions in force",
            "How many workers decide by which revision. Two at once for longer than a minute: some did "
            "not get the change.",
            (f"count by (revision) (policywire_rulebook_info{{{SCOPE}}})", "{{revision}}"),
            width=12,
            stacked=True,
            runbook="policies.md",
        ),
        plot(
            "Loading changed rules",
            "Attempts of the last hour. Refused: policywire rules check names the line; the last good rules go on.",
            (f"sum by (result) (increase(policywire_rulebook_reloads_total{{{SCOPE}}}[1h]))", "{{result}}"),
            width=6,
            runbook="policies.md",
        ),
        plot(
            "Age of the rules",
            "Since the rulebook in force was loaded, by worker.",
            (f"time() - max by (instance) (policywire_rulebook_loaded_timestamp_seconds{{{SCOPE}}})", "{{instance}}"),
            unit="s",
            width=6,
            runbook="policies.md",
        ),
        plot(
            "Policies",
            "Of the rulebook in force, by worker.",
            (f"max by (instance) (policywire_rulebook_policies{{{SCOPE}}})", "{{instance}}"),
            width=8,
            runbook="policies.md",
        ),
        plot(
            "Members still to look at again",
            "After a change of the rules each lane decides its booked services again. It must fall to 0.",
            (f"max by (lane) (policywire_lane_members_to_follow{{{SCOPE}}})", "lane {{lane}}"),
            stacked=True,
            width=8,
            runbook="policies.md",
        ),
        plot(
            "Members decided again",
            "With booked services that a change of the rules touches.",
            (f"sum(rate(policywire_members_followed_total{{{SCOPE}}}[{_RATE}]))", "members"),
            unit="cps",
            width=8,
        ),
    ),
)

PROCESSES: Final = Row(
    "Processes",
    8,
    (
        plot(
            "Event loop's lag, p99",
            "How late the loop wakes. Above the line, 50 ms, heartbeats are in danger and a worker may lose its lanes.",
            (quantile(0.99, "policywire_loop_lag_seconds"), "p99"),
            unit="s",
            width=6,
            steps=(Step(0.05, "red"),),
            runbook="workers.md",
        ),
        plot(
            "Memory",
            "Resident memory by worker, and the alert's threshold. It grows with the members that are "
            "remembered, not otherwise.",
            (f"process_resident_memory_bytes{{{WORKERS}}}", "{{instance}}"),
            ("policywire:memory_threshold:bytes", "threshold"),
            unit="bytes",
            width=6,
            runbook="workers.md",
        ),
        plot(
            "Processor",
            "Cores in use, by worker. A worker has one event loop: at 1 it can do no more, and another worker helps.",
            (f"rate(process_cpu_seconds_total{{{WORKERS}}}[{_RATE}])", "{{instance}}"),
            width=6,
            steps=(Step(1, "yellow"),),
            runbook="lag.md",
        ),
        plot(
            "Since the start",
            "By worker. A saw is a worker that is started again and again.",
            (f"time() - process_start_time_seconds{{{WORKERS}}}", "{{instance}}"),
            unit="s",
            width=6,
            runbook="workers.md",
        ),
    ),
)

OPERATIONS: Final = Dashboard(
    "policywire-operations",
    "policywire: operations",
    "Does everything get on, and if not, where does it stand? deploy/runbooks/ says what to do.",
    "30s",
    "now-6h",
    (GLANCE, FLOW, LANES, DEAD_LETTERS, RULEBOOK, PROCESSES),
)
