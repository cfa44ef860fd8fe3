"""What was read from the cluster, as any consumer would read it.

Knows topics and the types of what is in them; decides nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from policywire.model.decode import EVENT_DECODER
from policywire.model.events import AnyEvent
from policywire.model.records import Alert, Determination, Record
from policywire.workbench.demo.expected import Outcomes
from policywire.workbench.demo.stage import Stage
from policywire.workbench.demo.stories import CLAIMS, SCHEDULING
from policywire.workbench.receiver import read_topics

_determination = msgspec.json.Decoder(Determination).decode
_alert = msgspec.json.Decoder(Alert).decode


class Seen(Struct, frozen=True):
    """Everything that is there.

    Attributes:
        determinations: the latest by id.
        alerts: the latest by id.
        latest: both, as bytes.
        events: the values of both input topics, in the order of their arrival.
        audit_log: its records.
        outcomes: what the audit log has of each id, and the dead letters.
    """

    determinations: Mapping[str, Determination]
    alerts: Mapping[str, Alert]
    latest: Mapping[str, bytes]
    events: Sequence[bytes]
    audit_log: Sequence[Any]
    outcomes: Outcomes

    def of_member(self, member_id: str) -> tuple[list[AnyEvent], list[tuple[date, Record]]]:
        """A member's events in the order of their time, and what was said of the member, with the day."""
        text = f'"member_id":"{member_id}"'.encode()
        events = sorted((EVENT_DECODER.decode(each) for each in self.events if text in each), key=_when)
        records = sorted((each for each in self.audit_log if text in each.value), key=lambda each: each.timestamp)
        return events, [(_day(each), decoded(each.value)) for each in records]

    @property
    def policy_changes(self) -> list[Alert]:
        """The alerts that a policy has changed, as they stand."""
        changed = [each for each in self.alerts.values() if each.kind == "policy_changed" and each.status == "open"]
        return sorted(changed, key=lambda each: each.policy.version or date.min)


async def look(bootstrap_servers: str, stage: Stage) -> Seen:
    """Read it all."""
    topics = ["determinations", "alerts", "dead-letters", CLAIMS, SCHEDULING]
    records = await read_topics(bootstrap_servers, topics)
    outcomes = Outcomes(dead_letters=Counter(_code(record) for record in records["dead-letters"]))
    for record in stage.audit_log:
        outcomes.said[record.key.decode()].append(record.value)
    determinations = {record.key.decode(): record.value for record in records["determinations"]}
    alerts = {record.key.decode(): record.value for record in records["alerts"]}
    return Seen(
        determinations={key: _determination(value) for key, value in determinations.items()},
        alerts={key: _alert(value) for key, value in alerts.items()},
        latest=determinations | alerts,
        events=[record.value for topic in (CLAIMS, SCHEDULING) for record in records[topic] if record.value],
        audit_log=tuple(stage.audit_log),
        outcomes=outcomes,
    )


def decoded(value: bytes) -> Record:
    """A record of the audit log."""
    return _determination(value) if b'"schema":"determination.' in value else _alert(value)


def _when(event: AnyEvent) -> datetime:
    return event.occurred_at


def _day(record: Any) -> date:
    """The day on the worker's clock."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC).date()


def _code(record: Any) -> str:
    return str(dict(record.headers)["error_code"].decode())
