"""What one edition of the rules said last of each subject, in the little that a comparison needs.

Knows records; does not know the other edition. A determination that was withdrawn stands for nothing said.
"""

from datetime import date
from typing import Final

from msgspec import Struct

from policywire.model.records import Alert, Appointment, ClaimLine, Determination
from policywire.workbench.diff.answer import Answer, Terms
from policywire.workbench.flips.flip import cents

UNBILLED: Final = frozenset({"expected_denial_scheduled", "service_without_agreement"})
"""Kinds of alerts about appointments whose exposure stands in no determination; the others repeat one."""


class SaidOfLine(Struct, frozen=True, gc=False):
    """The determination that stands, and whose it is. ``line_number`` is None for a booked procedure."""

    answer: Answer | None
    """None: withdrawn."""
    liable: str | None
    exposure_cents: int | None
    payer: str
    policy: str
    member_id: str
    subject_id: str
    line_number: int | None
    procedure_code: str
    payer_id: str
    date_of_service: date


class SaidOfAlert(Struct, frozen=True, gc=False):
    """The alert that stands. ``opened``: it was open at some time of the window that is reported."""

    kind: str
    is_open: bool
    opened: bool
    severity: str
    unbilled_cents: int
    """What is at risk by it alone: of a service that is booked or done and that no claim line bills."""


class Standing:
    """The latest of each record.

    Attributes:
        lines: by determination id.
        alerts: by alert id.
        touched: ids of records that were made within the window.
    """

    def __init__(self) -> None:
        self.lines: dict[str, SaidOfLine] = {}
        self.alerts: dict[str, SaidOfAlert] = {}
        self.touched: set[str] = set()
        self._answers: dict[Answer, Answer] = {}

    def note(self, record: Determination | Alert, *, in_window: bool) -> None:
        """A record as it is made."""
        if isinstance(record, Determination):
            self.lines[record.determination_id] = self._line(record)
            key = record.determination_id
        else:
            self._alert(record, in_window=in_window)
            key = record.alert_id
        if in_window:
            self.touched.add(key)

    def _line(self, record: Determination) -> SaidOfLine:
        subject = record.subject
        is_line = isinstance(subject, ClaimLine)
        answer = None if record.status == "withdrawn" else answer_of_record(record)
        return SaidOfLine(
            answer=None if answer is None else self._answers.setdefault(answer, answer),  # there are few
            liable=record.financial_responsibility.liable,
            exposure_cents=cents(record.exposure_amount),
            payer=record.policy.payer,
            policy=record.policy.id,
            member_id=record.member_id,
            subject_id=subject.claim_id if isinstance(subject, ClaimLine) else subject.appointment_id,
            line_number=subject.line_number if is_line else None,  # type: ignore[union-attr]  # it is a line
            procedure_code=record.procedure_code,
            payer_id=record.payer_id,
            date_of_service=record.date_of_service,
        )

    def _alert(self, record: Alert, *, in_window: bool) -> None:
        is_open = record.status == "open"
        before = self.alerts.get(record.alert_id)
        self.alerts[record.alert_id] = SaidOfAlert(
            kind=record.kind,
            is_open=is_open,
            opened=(in_window and is_open) or (before is not None and before.opened),
            severity=record.severity,
            unbilled_cents=_unbilled(record),
        )


def _unbilled(record: Alert) -> int:
    is_unbilled = record.status == "open" and record.kind in UNBILLED and isinstance(record.subject, Appointment)
    return (cents(record.exposure_amount) or 0) if is_unbilled else 0


def answer_of_record(record: Determination) -> Answer:
    """The answer in a determination."""
    denial = record.expected_denial
    terms = None
    if denial is not None:
        terms = Terms(denial.reason, denial.bucket, denial.appeal, denial.carc, denial.rarc, ())
    return Answer(record.outcome, record.handoff, frozenset(record.flags), record.prior_authorization, terms)
