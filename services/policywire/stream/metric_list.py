"""Every metric that a worker shows, described: the one closed list from which the metrics and their page are made.

Labels come from closed sets. Never an id of a claim, a member or a provider, never a date of service, and nothing that
a sender wrote. Knows what each metric means and who looks at it; no metrics library.
"""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]
Audience = Literal["operations", "business", "data quality"]

BATCH_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
END_TO_END_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)
LOOP_LAG_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
OPENING_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

DAYS_UNTIL_SERVICE: Final = ((3, "0-3"), (14, "4-14"), (30, "15-30"))
"""(Days at most, label); before the service. The first two are the steps of ``agreement_missing``'s severity."""
DAYS_PAST: Final = "past"
DAYS_BEYOND: Final = "31+"
DAYS: Final = (DAYS_PAST, *(label for _, label in DAYS_UNTIL_SERVICE), DAYS_BEYOND)

FACTS: Final = ("diagnosis_pointers", "taxonomy", "narrative")
"""Facts of a claim line that senders may leave out."""
AGREEMENT_EVENTS: Final = ("agreement.signed", "agreement.revoked")
RUNNERS: Final = ("exactly-once", "faust")

_LANE: Final = "the lane's number"
_TOPIC: Final = "an input topic, as it is called on the cluster"
_PAYER: Final = "a payer's key in the rules"
_POLICY: Final = "a policy's id in the rules"
_SEVERITY: Final = "info, warning, critical"
_KIND: Final = "an alert's kind, as README.md lists them"


class Metric(Struct, frozen=True):
    """One metric.

    ``name`` is what is queried, ``_total`` included; a histogram has ``_bucket``, ``_sum`` and ``_count`` behind it.
    ``labels`` says of each label what its closed set is. ``buckets`` are upper bounds, of a histogram only.
    """

    name: str
    kind: Kind
    unit: str
    audience: Audience
    text: str
    labels: dict[str, str] = {}
    buckets: tuple[float, ...] = ()


METRICS: Final = (
    Metric(
        "policywire_build_info",
        "gauge",
        "1",
        "operations",
        "1, with what runs here",
        {"version": "of policywire", "runner": ", ".join(RUNNERS)},
    ),
    # Events in.
    Metric(
        "policywire_events_total",
        "counter",
        "records",
        "operations",
        "Records read, and what decoding made of them",
        {"topic": _TOPIC, "outcome": "accepted, or a dead letter's error code"},
    ),
    Metric(
        "policywire_dead_letters_total",
        "counter",
        "records",
        "operations",
        "Records that could not be used; processing_error is a bug of policywire",
        {"code": "a dead letter's error code; every one is there from the start"},
    ),
    Metric(
        "policywire_dead_letter_window_share",
        "gauge",
        "0 to 1",
        "operations",
        "Dead letters' share of the records in the flood guard's window; 0 while these are too few to conclude from",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_undecided_lines_total",
        "counter",
        "lines",
        "business",
        "Lines and procedures that no policy of their payer names: no determination",
    ),
    Metric(
        "policywire_unmapped_listed_codes_total",
        "counter",
        "codes",
        "data quality",
        "Codes that some policy lists, under a payer id that no profile has: denials missed",
    ),
    Metric(
        "policywire_listed_lines_total",
        "counter",
        "lines",
        "data quality",
        "Claim lines with a listed code of their payer for which a fact is wanted; a narrative, where a rule reads one",
        {"fact": ", ".join(FACTS)},
    ),
    Metric(
        "policywire_listed_lines_without_total",
        "counter",
        "lines",
        "data quality",
        "Those of policywire_listed_lines_total that lack the fact",
        {"fact": ", ".join(FACTS)},
    ),
    Metric(
        "policywire_agreements_total",
        "counter",
        "events",
        "data quality",
        "Events of financial responsibility agreements; when they cease, everything reads as missing",
        {"event_type": ", ".join(AGREEMENT_EVENTS)},
    ),
    # Records out.
    Metric(
        "policywire_determinations_total",
        "counter",
        "records",
        "business",
        "Determinations written",
        {
            "payer": _PAYER,
            "policy": _POLICY,
            "version": "the day from which the version is in force, or none",
            "outcome": "an outcome",
            "status": "current, withdrawn",
        },
    ),
    Metric(
        "policywire_alerts_total",
        "counter",
        "records",
        "business",
        "Alerts written",
        {"kind": _KIND, "severity": _SEVERITY, "status": "open, resolved"},
    ),
    # How things stand.
    Metric(
        "policywire_exposure_dollars",
        "gauge",
        "dollars",
        "business",
        "Dollars at risk: the exposure of what is said of claim lines, and that of open expected_denial_scheduled and "
        "service_without_agreement of appointments; of what is remembered. Absent where there is none, and until "
        "policywire_lane_totals_complete",
        {"lane": _LANE, "payer": _PAYER, "policy": _POLICY},
    ),
    Metric(
        "policywire_open_alerts",
        "gauge",
        "alerts",
        "business",
        "Open alerts about members, by UTC days until the service. Absent where there are none, and until "
        "policywire_lane_totals_complete",
        {"lane": _LANE, "kind": _KIND, "severity": _SEVERITY, "days": ", ".join(DAYS)},
    ),
    Metric(
        "policywire_lane_totals_complete",
        "gauge",
        "0 or 1",
        "business",
        "1 once exposure and open alerts of an open lane are counted; after an opening they are counted bit by bit",
        {"lane": _LANE},
    ),
    # Time taken.
    Metric(
        "policywire_end_to_end_seconds",
        "histogram",
        "seconds",
        "operations",
        "From a record's time in Kafka to the commit of what it led to",
        buckets=END_TO_END_S,
    ),
    Metric("policywire_batch_decide_seconds", "histogram", "seconds", "operations", "Deciding a batch", {}, BATCH_S),
    Metric(
        "policywire_batch_commit_seconds",
        "histogram",
        "seconds",
        "operations",
        "Writing and committing a batch",
        buckets=BATCH_S,
    ),
    Metric(
        "policywire_loop_lag_seconds",
        "histogram",
        "seconds",
        "operations",
        "How late the event loop wakes; above 0.05 heartbeats are in danger",
        buckets=LOOP_LAG_S,
    ),
    # Lanes.
    Metric("policywire_lanes", "gauge", "lanes", "operations", "Lanes there are, whoever has them: the partitions"),
    Metric(
        "policywire_half_lanes", "gauge", "lanes", "operations", "Lanes of which this worker was given one input only"
    ),
    Metric(
        "policywire_lane_open",
        "gauge",
        "1",
        "operations",
        "1 while this worker has the lane open; absent else",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_lane_progress_age_seconds",
        "gauge",
        "seconds",
        "operations",
        "Since an open lane last showed progress, as of the scrape; an idle lane shows it every second",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_lane_lag_records",
        "gauge",
        "records",
        "operations",
        "Records not yet committed",
        {"topic": _TOPIC, "lane": _LANE},
    ),
    Metric(
        "policywire_lane_lag_seconds",
        "gauge",
        "seconds",
        "operations",
        "Age of the oldest record not yet committed",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_lane_timelines",
        "gauge",
        "members",
        "operations",
        "Members that the lane remembers",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_lane_open_seconds",
        "histogram",
        "seconds",
        "operations",
        "Opening a lane, restoring included",
        buckets=OPENING_S,
    ),
    Metric(
        "policywire_timelines_restored_total",
        "counter",
        "records",
        "operations",
        "Changelog records read when opening lanes",
    ),
    # Rules.
    Metric(
        "policywire_rulebook_info",
        "gauge",
        "1",
        "operations",
        "1 for the revision of the rulebook in force",
        {"revision": "sha256: and the hash of the documents"},
    ),
    Metric("policywire_rulebook_policies", "gauge", "policies", "operations", "Policies of the rulebook in force"),
    Metric(
        "policywire_rulebook_loaded_timestamp_seconds",
        "gauge",
        "Unix seconds",
        "operations",
        "When the rulebook in force was loaded",
    ),
    Metric(
        "policywire_rulebook_stale",
        "gauge",
        "0 or 1",
        "operations",
        "1 while changed rules are refused and older serve",
    ),
    Metric(
        "policywire_rulebook_reloads_total",
        "counter",
        "attempts",
        "operations",
        "Attempts to load changed rules",
        {"result": "taken, refused"},
    ),
    Metric(
        "policywire_lane_members_to_follow",
        "gauge",
        "members",
        "operations",
        "Members still to be looked at again after a change of the rules",
        {"lane": _LANE},
    ),
    Metric(
        "policywire_members_followed_total",
        "counter",
        "members",
        "operations",
        "Members with appointments to come that were decided again after a change of the rules",
    ),
    # What the worker stands on.
    Metric(
        "policywire_kafka_unanswered_total",
        "counter",
        "requests",
        "operations",
        "Requests to brokers that got no answer: lost, timed out, or no connection",
    ),
)
"""Metrics of policywire, in the order in which they are described."""

FOREIGN: Final = (
    Metric("process_cpu_seconds_total", "counter", "seconds", "operations", "Processor time of the process"),
    Metric("process_resident_memory_bytes", "gauge", "bytes", "operations", "Memory of the process"),
    Metric("process_virtual_memory_bytes", "gauge", "bytes", "operations", "Address space of the process"),
    Metric("process_start_time_seconds", "gauge", "Unix seconds", "operations", "When the process was started"),
    Metric("process_open_fds", "gauge", "descriptors", "operations", "Open files and connections of the process"),
    Metric("process_max_fds", "gauge", "descriptors", "operations", "How many it may have"),
    Metric(
        "python_gc_objects_collected_total",
        "counter",
        "objects",
        "operations",
        "Objects that Python's collector has freed",
        {"generation": "0, 1, 2"},
    ),
    Metric(
        "python_gc_objects_uncollectable_total",
        "counter",
        "objects",
        "operations",
        "Objects that it could not free",
        {"generation": "0, 1, 2"},
    ),
    Metric(
        "python_gc_collections_total",
        "counter",
        "collections",
        "operations",
        "How often it ran",
        {"generation": "0, 1, 2"},
    ),
)
"""What prometheus_client says of any Python process, and of no other system than Linux in full."""

ALL: Final = {metric.name: metric for metric in (*METRICS, *FOREIGN)}
"""Every metric by name."""
