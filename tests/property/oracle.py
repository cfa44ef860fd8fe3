"""What must hold of a member, worked out the slow and obvious way from all events at once.

Knows the rules of MM 0552 by heart (hard-coded, so that a wrong policy document is seen too) and takes events as the
JSON objects that senders write, in any order. Must not import ``decision``, ``cases`` or the step: it is the second
opinion on them, and shares nothing with them but the contract.

Its answers hold while nothing of the member is forgotten (24 months). What MM 0552 says is in the other half
(oracle_policy.py).
"""

import dataclasses
import datetime as dt

from tests.property.oracle_policy import (
    COMPANIONS,
    DENIALS,
    LISTED,
    TARGETED,
    Event,
    Key,
    Record,
    Subject,
    code_of,
    codes_of,
    day_of,
    decide,
    instant_of,
    months_later,
    payer_of,
    version_on,
)

AUDIENCES = {
    "expected_denial_scheduled": "scheduling",
    "agreement_missing": "scheduling",
    "service_without_agreement": "billing",
    "unlisted_substitution": "ordering_provider",
    "context_review": "billing",
    "companion_policy_review": "billing",
}
CLAIM_RANK = {"claim.drafted": 0, "claim.submitted": 1, "claim.replaced": 2}
VISIT_RANK = {"appointment.booked": 0, "appointment.rescheduled": 1}
VISIT_ENDINGS = {"appointment.cancelled", "appointment.completed", "appointment.no_show"}


@dataclasses.dataclass
class Expected:
    """What is current and open: records by subject, and alerts by kind and subject."""

    determinations: dict[Key, Record] = dataclasses.field(default_factory=dict)
    alerts: dict[Key, Record] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Member:
    """What stands of one member, and the answer that is being filled."""

    claims: list[Event]
    visits: list[tuple[Event, Event | None]]
    agreements: list[tuple[Event, Event | None]]
    sightings: list[tuple[str | None, dt.date, str]]
    today: dt.date
    answer: Expected


def expected(events: list[Event], now: dt.datetime, alerts_from: dt.date = dt.date.min) -> Expected:
    """Everything current and open at ``now`` after ``events``, whatever their order.

    Args:
        events: Valid events of any members, as their senders wrote them.
        now: An aware instant, not earlier than any event.
        alerts_from: Services before this day open no alert, but for a completed appointment's that nobody billed.
    """
    answer = Expected()
    for member_id in sorted({event["member_id"] for event in events}):
        mine = [event for event in events if event["member_id"] == member_id]
        today = now.astimezone(dt.UTC).date()
        _judge(Member(_claims(mine), _visits(mine), _agreements(mine), _sightings(mine), today, answer))
    for key, alert in list(answer.alerts.items()):
        unbilled = alert["kind"] == "service_without_agreement" and alert["subject"]["kind"] == "appointment"
        if day_of(alert["date_of_service"]) < alerts_from and not unbilled:
            del answer.alerts[key]
    return answer


def _judge(member: Member) -> None:
    for content in member.claims:
        subjects = [_line_subject(content, line) for line in content["lines"] if _is_listed(content, line)]
        _companions(content, [_decide_and_watch(subject, member) for subject in subjects], member)
    for content, ending in member.visits:
        if payer_of(content) and (ending is None or ending["event_type"] == "appointment.completed"):
            _visit(content, ending, member)


# ---- the timeline: what stands


def _claims(events: list[Event]) -> list[Event]:
    """Each standing claim's latest content."""
    answer = []
    for claim_id in sorted({event["claim_id"] for event in events if "claim_id" in event}):
        mine = [event for event in events if event.get("claim_id") == claim_id]
        contents = [event for event in mine if event["event_type"] in CLAIM_RANK]
        if not contents:
            continue
        billed = [event for event in contents if event["event_type"] != "claim.drafted"]
        latest = max(
            billed or contents,
            key=lambda event: (instant_of(event), CLAIM_RANK[event["event_type"]], event["event_id"]),
        )
        if not any(e["event_type"] == "claim.voided" and instant_of(e) >= instant_of(latest) for e in mine):
            answer.append(latest)
    return answer


def _visits(events: list[Event]) -> list[tuple[Event, Event | None]]:
    """Each appointment's latest content with the ending that stands, if one does."""
    answer = []
    for appointment_id in sorted({event["appointment_id"] for event in events if "appointment_id" in event}):
        mine = [event for event in events if event.get("appointment_id") == appointment_id]
        contents = [event for event in mine if event["event_type"] in VISIT_RANK]
        if not contents:
            continue
        latest = max(
            contents, key=lambda event: (instant_of(event), VISIT_RANK[event["event_type"]], event["event_id"])
        )
        endings = [e for e in mine if e["event_type"] in VISIT_ENDINGS and instant_of(e) >= instant_of(latest)]
        answer.append((latest, max(endings, key=lambda event: (instant_of(event), event["event_id"]), default=None)))
    return answer


def _agreements(events: list[Event]) -> list[tuple[Event, Event | None]]:
    """Each agreement's latest signing with the earliest revocation that is later than it."""
    answer = []
    for agreement_id in sorted({event["agreement_id"] for event in events if "agreement_id" in event}):
        mine = [event for event in events if event.get("agreement_id") == agreement_id]
        signings = [event for event in mine if event["event_type"] == "agreement.signed"]
        if not signings:
            continue
        latest = max(signings, key=lambda event: (instant_of(event), event["event_id"]))
        later = [e for e in mine if e["event_type"] == "agreement.revoked" and instant_of(e) >= instant_of(latest)]
        answer.append((latest, min(later, key=lambda event: (instant_of(event), event["event_id"]), default=None)))
    return answer


def _sightings(events: list[Event]) -> list[tuple[str | None, dt.date, str]]:
    """Payer, day and event of every targeted code that was ever booked or billed under one that has the policy."""
    answer: list[tuple[str | None, dt.date, str]] = []
    for event in events:
        payer = payer_of(event)
        if payer is None:
            continue
        if event["event_type"] in CLAIM_RANK:
            answer += [
                (payer, day_of(line["service_date"]), event["event_id"])
                for line in event["lines"]
                if code_of(line["procedure_code"]) in TARGETED
            ]
        elif event["event_type"] in VISIT_RANK and TARGETED & codes_of(event):
            answer.append((payer, day_of(event["service_date"]), event["event_id"]))
    return answer


# ---- subjects


def _is_listed(content: Event, line: Record) -> bool:
    return payer_of(content) is not None and code_of(line["procedure_code"]) in LISTED


def _line_subject(content: Event, line: Record) -> Subject:
    diagnoses = content.get("diagnoses") or []
    pointers = line.get("diagnosis_pointers") or []
    name = {"kind": "claim_line", "claim_id": content["claim_id"], "line_number": line["line_number"]}
    return Subject(
        key=(content["member_id"], "claim_line", content["claim_id"], str(line["line_number"])),
        name=name,
        content=content,
        code=code_of(line["procedure_code"]),
        first_day=day_of(line["service_date"]),
        last_day=day_of(line.get("service_date_end") or line["service_date"]),
        diagnoses=[diagnoses[pointer - 1] for pointer in pointers] if pointers else diagnoses,
        narrative=line.get("narrative"),
        charge=line["charge_amount"],
        stage="drafted" if content["event_type"] == "claim.drafted" else "submitted",
    )


def _visit_subject(content: Event, code: str) -> Subject:
    day = day_of(content["service_date"])
    name = {"kind": "appointment_procedure", "appointment_id": content["appointment_id"], "procedure_code": code}
    return Subject(
        key=(content["member_id"], "appointment_procedure", content["appointment_id"], code),
        name=name,
        content=content,
        code=code,
        first_day=day,
        last_day=day,
        diagnoses=content.get("diagnoses") or [],
        narrative=content.get("narrative"),
        charge=None,
        stage="scheduled",
    )


# ---- the alerts


def _decide_and_watch(subject: Subject, member: Member) -> Record:
    """Decide one subject, and open the alerts that follow its determination alone."""
    record = decide(subject, member.agreements)
    member.answer.determinations[subject.key] = record
    exposure = record["exposure_amount"]
    provider = record["financial_responsibility"]["liable"] == "provider"
    if subject.stage != "scheduled" and provider and member.today < months_later(subject.first_day, 12):
        _open(member, "service_without_agreement", "critical", subject, exposure)
    in_question = record["outcome"] in DENIALS or any(flag.startswith("narrative_") for flag in record["flags"])
    earliest = subject.first_day - dt.timedelta(days=180)
    seen = sorted(
        {
            event_id
            for payer, day, event_id in member.sightings
            if payer == payer_of(subject.content) and earliest <= day <= subject.first_day
        }
    )
    if subject.code == "20999" and in_question and seen:
        _open(member, "unlisted_substitution", "warning", subject, exposure)["evidence"] = seen
    if record["outcome"] == "review" and {"context_mixed", "context_unknown"} & set(record["flags"]):
        _open(member, "context_review", "warning", subject, exposure)
    return record


def _companions(content: Event, found: list[Record], member: Member) -> None:
    days = {record["date_of_service"] for record in found if record["outcome"] in DENIALS}
    for line in content["lines"]:
        if code_of(line["procedure_code"]) in COMPANIONS and line["service_date"] in days:
            _open(member, "companion_policy_review", "info", _line_subject(content, line), None)


def _visit(content: Event, ending: Event | None, member: Member) -> None:
    codes = [code for code in dict.fromkeys(map(code_of, content["procedure_codes"])) if code in LISTED]
    records = {code: _decide_and_watch(_visit_subject(content, code), member) for code in codes}
    whole = dataclasses.replace(
        _visit_subject(content, "all"),
        key=(content["member_id"], "appointment", content["appointment_id"]),
        name={"kind": "appointment", "appointment_id": content["appointment_id"]},
    )
    open_codes = [c for c in codes if records[c]["outcome"] in DENIALS and not _billed(member.claims, c, content)]
    unpaid = [code for code in open_codes if records[code]["financial_responsibility"]["status"] != "valid"]
    estimate = content.get("estimated_charge_amount")
    if ending is None and open_codes:
        exposure = estimate if unpaid else "0.00"
        _open(member, "expected_denial_scheduled", "warning", whole, exposure)["procedure_codes"] = sorted(open_codes)
    if ending is None and unpaid:
        days = (whole.first_day - member.today).days
        severity = "info" if days > 14 else "warning" if days >= 4 else "critical"
        _open(member, "agreement_missing", severity, whole, estimate)["procedure_codes"] = sorted(unpaid)
    if ending is not None and unpaid and member.today < months_later(whole.first_day, 12):
        alert = _open(member, "service_without_agreement", "critical", whole, estimate)
        alert["procedure_codes"] = sorted(unpaid)
        alert["evidence"] = sorted({content["event_id"], ending["event_id"]})


def _billed(claims: list[Event], code: str, content: Event) -> bool:
    return any(
        code_of(line["procedure_code"]) == code and line["service_date"] == content["service_date"]
        for claim in claims
        if payer_of(claim) == payer_of(content)
        for line in claim["lines"]
    )


def _open(member: Member, kind: str, severity: str, subject: Subject, exposure: str | None) -> Record:
    content = subject.content
    alert = {
        "kind": kind,
        "status": "open",
        "audience": AUDIENCES[kind],
        "severity": severity,
        "member_id": content["member_id"],
        "subject": subject.name,
        "payer_id": content["payer_id"],
        "policy": {"payer": payer_of(content), "id": "MM 0552", "version": version_on(subject.first_day)},
        "procedure_codes": [subject.code],
        "date_of_service": subject.first_day.isoformat(),
        "exposure_amount": exposure,
        "ordering_provider_npi": content.get("ordering_provider_npi"),
        "evidence": [content["event_id"]],
    }
    member.answer.alerts[(kind, *subject.key)] = alert
    return alert
