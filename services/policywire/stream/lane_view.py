"""What is worked out of open lanes when somebody scrapes. Knows Prometheus' collectors, and of a lane what it shows.

A scrape runs on the HTTP server's thread beside the event loop, and must not wait for it: a blocked loop is what the
progress age is there to show. So whatever a lane shows is safe to ask from another thread.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from policywire.stream.metric_list import ALL
from policywire.stream.totals import Standing

FAMILIES = (
    "policywire_lane_progress_age_seconds",
    "policywire_exposure_dollars",
    "policywire_open_alerts",
    "policywire_lane_totals_complete",
)
CENTS = 100


class LaneView(Protocol):
    """What an open lane shows; asked from another thread than its own, at any moment."""

    def progress_age_s(self) -> float:
        """Since it last showed progress."""
        ...

    def standing(self) -> Standing | None:
        """How things stand with its members; None while they are being counted."""
        ...


class LaneCollector(Collector):
    """Asks each open lane at the scrape."""

    def __init__(self) -> None:
        self._views: dict[str, LaneView] = {}

    def show(self, lane: int, view: LaneView) -> None:
        """Ask this lane from now on: it is open."""
        self._views[str(lane)] = view

    def forget(self, lane: int) -> None:
        """Ask it no more."""
        self._views.pop(str(lane), None)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The families without samples, so that registering asks no lane."""
        return list(map(_family, FAMILIES))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families with what open lanes show now."""
        age, exposure, open_alerts, complete = families = list(map(_family, FAMILIES))
        for lane, view in list(self._views.items()):
            age.add_metric((lane,), view.progress_age_s())
            standing = view.standing()
            complete.add_metric((lane,), standing is not None)
            if standing is not None:
                for (payer, policy), cents in standing.exposures.items():
                    exposure.add_metric((lane, payer, policy), cents / CENTS)
                for (kind, severity, days), count in standing.open_alerts.items():
                    open_alerts.add_metric((lane, kind, severity, days), count)
        yield from families


def _family(name: str) -> GaugeMetricFamily:
    listed = ALL[name]
    return GaugeMetricFamily(listed.name, listed.text, labels=tuple(listed.labels))
