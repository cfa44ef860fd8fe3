"""A notice: an alert that stands open, before it is dressed as a record.

Knows what varies from one alert to another, in a compact form that the timeline can keep; :func:`render` adds the words
of the watch rules.
"""

import zlib
from datetime import date
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from policywire.model.records import (
    Alert,
    AlertSubject,
    Appointment,
    AppointmentProcedure,
    ClaimLine,
    PolicyVersion,
    Severity,
    alert_id,
)
from policywire.rulebook.rulebook import AlertTexts, Rulebook


class Notice(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """An open alert about a claim line, an appointment as a whole, or one procedure of it."""

    kind: str
    claim_id: str | None = None
    line_number: int | None = None
    appointment_id: str | None = None
    code: str | None = None
    """The procedure of the appointment that it is about; None: the whole appointment."""
    severity: Severity
    payer_id: str
    payer: str
    policy_id: str
    version: date | None
    procedure_codes: tuple[str, ...]
    date_of_service: date
    exposure_amount: str | None
    ordering_provider_npi: str | None
    evidence: tuple[str, ...]
    wording: int
    """Checksum of the words it was opened with, so that new ones are said again."""
    companion: str | None = None
    """The other policy to review, where the alert points at one."""

    @property
    def subject(self) -> AlertSubject:
        """What it is about."""
        if self.claim_id is not None and self.line_number is not None:
            return ClaimLine(self.claim_id, self.line_number)
        owner = self.appointment_id or ""
        return Appointment(owner) if self.code is None else AppointmentProcedure(owner, self.code)

    @property
    def place(self) -> tuple[object, ...]:
        """What tells it from the member's other notices."""
        return (self.kind, self.claim_id, self.line_number, self.appointment_id, self.code)


def wording(texts: AlertTexts, payer: str, *, of_appointment: bool) -> int:
    """The checksum of an alert kind's words and of the payer's name, which stands among them."""
    return _checksum(*texts.words(of_appointment=of_appointment), payer)


@lru_cache(maxsize=4096)  # of every alert that is looked at, and of few kinds and payers
def _checksum(message: str, action: str, payer: str) -> int:
    return zlib.crc32(f"{message}\0{action}\0{payer}".encode())


def render(notice: Notice, member_id: str, rulebook: Rulebook, status: Literal["open", "resolved"] = "open") -> Alert:
    """The alert that a notice gives for a member."""
    texts = rulebook.watch.texts[notice.kind]
    profile = rulebook.payers.get(notice.payer_id)
    payer = notice.payer if profile is None else profile.name  # a resolved one may be of a payer that is gone
    codes, companion = ", ".join(notice.procedure_codes), notice.companion or ""
    subject = notice.subject
    message, action = texts.words(of_appointment=notice.appointment_id is not None)
    return Alert(
        alert_id=alert_id(member_id, notice.kind, subject),
        kind=notice.kind,
        status=status,
        audience=texts.audience,
        severity=notice.severity,
        member_id=member_id,
        subject=subject,
        payer_id=notice.payer_id,
        policy=PolicyVersion(notice.payer, notice.policy_id, notice.version),
        procedure_codes=notice.procedure_codes,
        date_of_service=notice.date_of_service,
        exposure_amount=notice.exposure_amount,
        ordering_provider_npi=notice.ordering_provider_npi,
        message=_worded(message, codes, notice.policy_id, payer, companion),
        action=_worded(action, codes, notice.policy_id, payer, companion),
        evidence=notice.evidence,
        rulebook_revision=rulebook.revision,
    )


@lru_cache(maxsize=4096)  # few kinds speak of few codes, again and again
def _worded(text: str, codes: str, policy: str, payer: str, companion: str) -> str:
    return text.format(codes=codes, policy=policy, payer=payer, companion=companion)
