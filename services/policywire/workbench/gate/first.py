"""What our engine says of a line: its words put in normal form, then ``decision.determine`` by the whole rulebook.

Knows how a line becomes an event and an item, as the worker does it; does not know the second engine.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from policywire.cases import intake
from policywire.cases.items import appointment_items, claim_items
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.model.events import AppointmentBooked, ClaimDrafted, ClaimSubmitted, Provider, ServiceLine
from policywire.model.records import DENIED, RuleTried
from policywire.rulebook.collection import Key
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.gate.answer import Answer, DenialAnswer
from policywire.workbench.gate.line import SentLine

SENT_AT: Final = datetime(2000, 1, 1, 12, tzinfo=UTC)
"""When the events were sent. No decision reads it."""

ID: Final = "synthetic"


class FirstAnswer(Struct, frozen=True):
    """Our engine's answer, None when it gives no determination, and its reasons."""

    answer: Answer | None
    explanation: tuple[RuleTried, ...]


class FirstEngine:
    """Our engine over a compiled rulebook, asked about one policy of it."""

    def __init__(self, rulebook: Rulebook, policy: Key) -> None:
        self._rulebook = rulebook
        self._policy = policy

    def decide(self, line: SentLine) -> FirstAnswer:
        """What the policy says of a line."""
        (item,) = _appointment(line) if line.stage == "scheduled" else _claim(line)
        for verdict in determine(item, (), self._rulebook):
            if (verdict.payer, verdict.policy_id) == self._policy:
                return FirstAnswer(_answer(verdict), verdict.explanation)
        return FirstAnswer(None, ())


def _claim(line: SentLine) -> tuple[Item, ...]:
    kind = ClaimDrafted if line.stage == "drafted" else ClaimSubmitted
    event = kind(
        event_id=ID,
        occurred_at=SENT_AT,
        member_id=ID,
        claim_id=ID,
        payer_id=line.payer_id,
        line_of_business=line.line_of_business,
        rendering_provider=_provider(line),
        diagnoses=line.diagnoses,
        lines=(
            ServiceLine(
                line_number=1,
                procedure_code=line.procedure_code,
                charge_amount=line.charge_amount or "0.00",
                service_date=line.service_date,
                service_date_end=line.service_date_end,
                modifiers=line.modifiers,
                diagnosis_pointers=line.diagnosis_pointers,
                units=line.units,
                narrative=line.narrative,
            ),
        ),
    )
    return tuple(claim_items(ID, intake.claim(event)))


def _appointment(line: SentLine) -> tuple[Item, ...]:
    event = AppointmentBooked(
        event_id=ID,
        occurred_at=SENT_AT,
        member_id=ID,
        appointment_id=ID,
        payer_id=line.payer_id,
        service_date=line.service_date,
        procedure_codes=(line.procedure_code,),
        line_of_business=line.line_of_business,
        rendering_provider=_provider(line),
        diagnoses=line.diagnoses,
        narrative=line.narrative,
    )
    return tuple(appointment_items(ID, intake.booking(event)))


def _provider(line: SentLine) -> Provider | None:
    return None if line.rendering_taxonomy is None else Provider(taxonomy=line.rendering_taxonomy)


def _answer(verdict: Verdict) -> Answer:
    denial = verdict.denial
    return Answer(
        outcome=verdict.outcome.value,
        rule=verdict.rule,
        version=None if verdict.version is None else verdict.version.isoformat(),
        flags=tuple(sorted(verdict.flags)),
        handoff=verdict.handoff,
        prior_authorization=verdict.prior_authorization,
        reason=verdict.reason if verdict.outcome in DENIED else None,
        denial=None if denial is None else DenialAnswer(denial.bucket, denial.appeal, denial.carc, denial.rarc),
    )
