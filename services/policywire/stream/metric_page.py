"""The page on metrics (``deploy/metrics.md``), made from the list. Knows the list and Markdown."""

from collections.abc import Iterable, Iterator
from typing import Final

from policywire.stream.metric_list import FOREIGN, METRICS, Metric

_HEAD: Final = """# Metrics

What a worker shows at `/metrics`, all of it. Made by `policywire metrics > deploy/metrics.md` from
`services/policywire/stream/metric_list.py`; a test fails when page, list and what a worker shows differ.

Every label has a closed set of values. No label, and nothing else at `/metrics`, has an id of a claim, a member or a
provider, or a date of service. A histogram `x` is asked for as `x_bucket`, `x_sum` and `x_count`. What is counted by
lane is a lane's owner's to show: add lanes up with `sum without (instance, lane)`.
"""

_FOREIGN: Final = """
Of the process itself, by prometheus_client; which of them there are depends on the system:
"""


def page() -> str:
    """The page's text, to its last line's end."""
    return "\n".join([_HEAD, *_table(METRICS), _FOREIGN, *_table(FOREIGN), ""])


def _table(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| metric | type, unit | what it says | labels | looked at by |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        labels = "<br>".join(f"`{name}`: {values}" for name, values in metric.labels.items())
        text = metric.text + _bounds(metric)
        yield f"| `{metric.name}` | {metric.kind}, {metric.unit} | {text} | {labels} | {metric.audience} |"


def _bounds(metric: Metric) -> str:
    return f". Up to {', '.join(f'{bound:g}' for bound in metric.buckets)}" if metric.buckets else ""
