"""Which notices are open: what a scheduler, biller or physician should act on, given what the policies say.

Knows each kind's condition; codes, windows, severities and words are data (``rules/watch/``). One method a kind, in the
order in which they are described to users.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from policywire.cases.items import is_completed
from policywire.cases.notice import Notice, wording
from policywire.cases.rulechange import changed
from policywire.cases.timeline import AppointmentMemory, BilledLine, Booking, Claim, Sighting, Timeline
from policywire.decision.verdict import Verdict
from policywire.model.calendar import add_months
from policywire.model.records import DENIED, Outcome, Severity
from policywire.rulebook.rulebook import AlertTexts, PolicyKey, Rulebook, Substitution, WatchRules

EXPECTED_DENIAL_SCHEDULED: Final = "expected_denial_scheduled"
AGREEMENT_MISSING: Final = "agreement_missing"
SERVICE_WITHOUT_AGREEMENT: Final = "service_without_agreement"
UNLISTED_SUBSTITUTION: Final = "unlisted_substitution"
CONTEXT_REVIEW: Final = "context_review"
COMPANION_POLICY_REVIEW: Final = "companion_policy_review"
POLICY_AFFECTS_SCHEDULE: Final = "policy_affects_schedule"


class DecidedClaim(NamedTuple):
    """A standing claim and what the policies say of its lines."""

    claim_id: str
    claim: Claim
    verdicts: tuple[Verdict, ...]


class DecidedAppointment(NamedTuple):
    """An appointment that was neither cancelled nor missed, and what the policies say of its procedures."""

    appointment_id: str
    booking: Booking
    memory: AppointmentMemory
    verdicts: tuple[Verdict, ...]


class Watch:
    """Looks for notices under one rulebook on one UTC day."""

    __slots__ = ("former", "rulebook", "rules", "sightings", "today")

    def __init__(self, rulebook: Rulebook, timeline: Timeline, today: date) -> None:
        self.rulebook = rulebook
        self.rules = rulebook.watch
        self.sightings = timeline.sightings
        self.former = timeline.former
        self.today = today

    def notices(self, claims: Sequence[DecidedClaim], appointments: Sequence[DecidedAppointment]) -> tuple[Notice, ...]:
        """Every open notice, one a place."""
        found: dict[object, Notice] = {}
        billed = self._billed(claims) if appointments else frozenset()
        for appointment in appointments:
            for notice in self._of_appointment(appointment, billed):
                found.setdefault(notice.place, notice)
        for claim in claims:
            for notice in self._of_claim(claim):
                found.setdefault(notice.place, notice)
        return tuple(notice for notice in found.values() if is_wanted(notice, self.rules))

    def _billed(self, claims: Iterable[DecidedClaim]) -> frozenset[tuple[str, str, date]]:
        """What standing claims bill, as (payer, code, first day)."""
        return frozenset(
            (profile.key, line.procedure_code, line.first_day)
            for each in claims
            if (profile := self.rulebook.payers.get(each.claim.payer_id)) is not None
            for line in each.claim.lines
        )

    def _of_appointment(
        self, appointment: DecidedAppointment, billed: frozenset[tuple[str, str, date]]
    ) -> Iterator[Notice]:
        denied = [
            verdict
            for verdict in appointment.verdicts
            if verdict.outcome in DENIED
            and (verdict.payer, verdict.procedure_code, verdict.date_of_service) not in billed
        ]
        unsigned = [verdict for verdict in denied if verdict.agreement_status != "valid"]
        if is_completed(appointment.memory):
            if unsigned and self._may_still_be_acted_on(unsigned[0]):
                yield self._appointment_notice(SERVICE_WITHOUT_AGREEMENT, appointment, unsigned)
        else:
            if denied:
                yield self._appointment_notice(EXPECTED_DENIAL_SCHEDULED, appointment, denied)
            if unsigned:
                yield self._appointment_notice(AGREEMENT_MISSING, appointment, unsigned)
            differing = changed(self.former.get(appointment.appointment_id), appointment.verdicts)
            if differing:
                yield self._appointment_notice(POLICY_AFFECTS_SCHEDULE, appointment, differing)
        for verdict in appointment.verdicts:
            yield from self._of_verdict(verdict, appointment.booking)

    def _of_claim(self, decided: DecidedClaim) -> Iterator[Notice]:
        for verdict in decided.verdicts:
            unsigned = verdict.outcome in DENIED and verdict.agreement_status != "valid"
            if unsigned and self._may_still_be_acted_on(verdict):
                yield self._verdict_notice(SERVICE_WITHOUT_AGREEMENT, verdict, decided.claim)
            yield from self._of_verdict(verdict, decided.claim)
        policies = {(verdict.payer, verdict.policy_id) for verdict in decided.verdicts if verdict.outcome in DENIED}
        yield from self._companions(decided, sorted(policies & self.rules.companions.keys()))

    def _of_verdict(self, verdict: Verdict, content: Claim | Booking) -> Iterator[Notice]:
        """The notices that follow one determination alone."""
        policy = (verdict.payer, verdict.policy_id)
        for rule in self.rules.substitutions.get(policy, ()):
            if verdict.procedure_code in rule.unlisted and (sightings := self._sightings(rule, verdict)):
                evidence = tuple(dict.fromkeys(each.event_id for each in sightings))
                yield self._verdict_notice(UNLISTED_SUBSTITUTION, verdict, content, evidence)
        if verdict.outcome is Outcome.REVIEW:
            for review in self.rules.context_reviews.get(policy, ()):
                if verdict.procedure_code in review.codes and not review.flags.isdisjoint(verdict.flags):
                    yield self._verdict_notice(CONTEXT_REVIEW, verdict, content)

    def _sightings(self, rule: Substitution, verdict: Verdict) -> list[Sighting]:
        """The sightings that make an unlisted code look like a targeted one; none when the outcome is no matter."""
        in_question = verdict.outcome in DENIED or (
            verdict.outcome == Outcome.REVIEW and not rule.review_flags.isdisjoint(verdict.flags)
        )
        if not in_question:
            return []
        last = verdict.date_of_service
        first = last - timedelta(days=rule.within_days)
        return [
            each
            for each in self.sightings
            if each.payer == rule.payer and each.code in rule.targeted and first <= each.day <= last
        ]

    def _companions(self, decided: DecidedClaim, policies: Iterable[PolicyKey]) -> Iterator[Notice]:
        for policy in policies:
            denied = {
                verdict.date_of_service: verdict
                for verdict in reversed(decided.verdicts)
                if verdict.outcome in DENIED and (verdict.payer, verdict.policy_id) == policy
            }
            for rule in self.rules.companions[policy]:
                for line in decided.claim.lines:
                    if line.procedure_code in rule.codes and line.first_day in denied:
                        yield self._companion_notice(decided, line, denied[line.first_day], rule.companion)

    def _may_still_be_acted_on(self, verdict: Verdict) -> bool:
        return self.today < add_months(verdict.date_of_service, self.rules.service_without_agreement_months)

    def _appointment_notice(self, kind: str, appointment: DecidedAppointment, verdicts: list[Verdict]) -> Notice:
        first, booking, ending = verdicts[0], appointment.booking, appointment.memory.ending
        completed = ending is not None and is_completed(appointment.memory)
        return self._notice(
            kind,
            first,
            appointment_id=appointment.appointment_id,
            procedure_codes=tuple(dict.fromkeys(verdict.procedure_code for verdict in verdicts)),
            exposure_amount=booking.estimated_charge if any(each.liable == "provider" for each in verdicts) else "0.00",
            ordering_provider_npi=booking.ordering_provider_npi,
            evidence=(booking.stamp.event_id, ending.stamp.event_id)
            if completed and ending is not None
            else (booking.stamp.event_id,),
        )

    def _verdict_notice(
        self, kind: str, verdict: Verdict, content: Claim | Booking, evidence: tuple[str, ...] = ()
    ) -> Notice:
        """A notice about a claim line or one procedure of an appointment."""
        of_line = verdict.line_number is not None
        return self._notice(
            kind,
            verdict,
            claim_id=verdict.owner_id if of_line else None,
            line_number=verdict.line_number,
            appointment_id=None if of_line else verdict.owner_id,
            code=None if of_line else verdict.procedure_code,
            procedure_codes=(verdict.procedure_code,),
            exposure_amount=verdict.exposure_amount,
            ordering_provider_npi=content.ordering_provider_npi,
            evidence=evidence or (content.stamp.event_id,),
        )

    def _companion_notice(self, decided: DecidedClaim, line: BilledLine, denied: Verdict, companion: str) -> Notice:
        return self._notice(
            COMPANION_POLICY_REVIEW,
            denied,
            claim_id=decided.claim_id,
            line_number=line.line_number,
            procedure_codes=(line.procedure_code,),
            exposure_amount=None,
            ordering_provider_npi=decided.claim.ordering_provider_npi,
            evidence=(decided.claim.stamp.event_id,),
            companion=companion,
        )

    def _payer(self, verdict: Verdict) -> str:
        return self.rulebook.payers[verdict.payer_id].name

    def _notice(self, kind: str, verdict: Verdict, **rest: Any) -> Notice:
        texts = self.rules.texts[kind]
        return Notice(
            kind=kind,
            severity=severity_on(texts, verdict.date_of_service, self.today),
            payer_id=verdict.payer_id,
            payer=verdict.payer,
            policy_id=verdict.policy_id,
            version=verdict.version,
            date_of_service=verdict.date_of_service,
            wording=wording(texts, self._payer(verdict), of_appointment=verdict.line_number is None),
            **rest,
        )


def is_wanted(notice: Notice, rules: WatchRules) -> bool:
    """Whether it is about a service of the days that alerts are wanted for.

    One that was done and is not billed yet is wanted whatever its day: of all that is past, only its charge can still
    be held.
    """
    if rules.alerts_from is None or notice.date_of_service >= rules.alerts_from:
        return True
    return notice.kind == SERVICE_WITHOUT_AGREEMENT and notice.appointment_id is not None


def severity_on(texts: AlertTexts, date_of_service: date, today: date) -> Severity:
    """How loud an alert is so many days before the service, in UTC dates."""
    days = (date_of_service - today).days
    for at_most, severity in texts.severity_by_days:
        if days <= at_most:
            return severity
    return texts.severity
