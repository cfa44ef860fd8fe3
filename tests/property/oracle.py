"""What must hold of a member, worked out the slow and obvious way from all events at once.

Knows the rules of MM 0552 by heart (hard-coded, so that a wrong policy document is seen too) and takes events as the
JSON objects that senders write, in any order. Must not import ``decision``, ``cases`` or the step: it is the second
opinion on them, and shares nothing with them but the contract.

Its answers hold while nothing of the member is forgotten (24 months); ``after_forgetting`` is the answer beyond.
"""

import dataclasses
import datetime as dt
import re
from typing import Any

Event = dict[str, Any]
Record = dict[str, Any]
Key = tuple[str, ...]

PAYER_IDS = {"62308", "CIGNA2"}
LISTED = {"0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232"}
TARGETED = {"0565T", "0566T", "0717T", "0718T"}
MARROW = {"38230", "38232"}
COMPANIONS = {"20930", "20931", "20932", "20933", "20934"}
COMMERCIAL = {"commercial", "ppo", "pos", "epo", "hmo", "indemnity", "exchange", "self_funded"}
COMMERCIAL |= {"ci", "12", "13", "14", "15", "hm"}
DENIALS = {"not_medically_necessary", "experimental_investigational"}
FIRST_VERSION, SECOND_VERSION = "2020-03-15", "2025-12-16"
DENIAL_OF = {
    FIRST_VERSION: ("experimental_investigational", "experimental or investigational per Cigna MM 0552", "55"),
    SECOND_VERSION: ("not_medically_necessary", "not medically necessary per Cigna MM 0552", "50"),
}
HANDOFF = "Cigna stem cell transplantation policies"
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

ONCOLOGY_PREFIXES = (
    *("E7152", "E752", "E760", "E762", "E770", "E771", "E8581", "Q782", "T860", "T865", "Z48290", "Z5111", "Z5112"),
    *("Z52001", "Z52011", "Z52091", "Z523", "Z9481", "Z9484"),
)
NOT_ONCOLOGY = ("D3A", "D62", "D63", "D648", "D649", "D728", "D729", "D86")
NOT_ORTHOPAEDIC = ("S04", "S05", "S06", "S14", "S24", "S25", "S26", "S27", "S34", "S35", "S36", "S37")
ONCOLOGY_TAXONOMIES = {"207RH0000X", "207RH0003X", "207RX0202X", "2080P0207X"}
ORTHOPAEDIC_TAXONOMIES = (
    *("207X", "2081", "207LP2900X", "207PS0010X", "207QS0010X", "207RS0010X", "2080S0010X", "2084P2900X"),
    *("208VP0000X", "208VP0014X"),
)
PRODUCTS = (
    *("stem cell", "stem cells", "stemcell", "stemcells", "mesenchymal", "msc", "mscs", "adsc", "adscs", "adrc"),
    *("adrcs", "regenerative cell", "regenerative cells", "bmac", "cbma", "bone marrow concentrate"),
    *("marrow concentrate", "bone marrow aspirate", "concentrated bone marrow", "lipoaspirate", "stromal vascular"),
    *("svf", "nanofat", "adipose derived", "fat derived", "wharton s jelly", "umbilical cord blood"),
)
HINTS = (
    *("adipose", "fat graft", "marrow", "amniotic", "amnion", "placental", "umbilical", "synovial membrane"),
    *("exosome", "exosomes", "orthobiologic", "orthobiologics", "regenerative", "cell therapy", "cellular"),
)
NEGATIONS = {"no", "not", "without", "never", "nor", "neither", "denies"}


@dataclasses.dataclass
class Expected:
    """What is current and open: records by subject, and alerts by kind and subject."""

    determinations: dict[Key, Record] = dataclasses.field(default_factory=dict)
    alerts: dict[Key, Record] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Subject:
    """One listed line or procedure with everything that its answer is made from."""

    key: Key
    name: Record
    content: Event
    code: str
    first_day: dt.date
    last_day: dt.date
    diagnoses: list[str]
    narrative: str | None
    charge: str | None
    stage: str


@dataclasses.dataclass
class Member:
    """What stands of one member, and the answer that is being filled."""

    claims: list[Event]
    visits: list[tuple[Event, Event | None]]
    agreements: list[tuple[Event, Event | None]]
    sightings: list[tuple[dt.date, str]]
    today: dt.date
    answer: Expected


def expected(events: list[Event], now: dt.datetime) -> Expected:
    """Everything current and open at ``now`` after ``events``, whatever their order.

    Args:
        events: Valid events of any members, as their senders wrote them.
        now: An aware instant, not earlier than any event.
    """
    answer = Expected()
    for member_id in sorted({event["member_id"] for event in events}):
        mine = [event for event in events if event["member_id"] == member_id]
        today = now.astimezone(dt.UTC).date()
        _judge(Member(_claims(mine), _visits(mine), _agreements(mine), _sightings(mine), today, answer))
    return answer


def after_forgetting(events: list[Event], now: dt.datetime) -> Expected:
    """What holds more than 24 months after every date and event: determinations stand, no alert is open."""
    return Expected(determinations=expected(events, now).determinations)


def _judge(member: Member) -> None:
    for content in member.claims:
        subjects = [_line_subject(content, line) for line in content["lines"] if _is_listed(content, line)]
        _companions(content, [_decide_and_watch(subject, member) for subject in subjects], member)
    for content, ending in member.visits:
        if _payer(content) and (ending is None or ending["event_type"] == "appointment.completed"):
            _visit(content, ending, member)


# ---- the timeline: what stands


def _instant(event: Event) -> dt.datetime:
    return dt.datetime.fromisoformat(event["occurred_at"].upper()).astimezone(dt.UTC)


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
            billed or contents, key=lambda event: (_instant(event), CLAIM_RANK[event["event_type"]], event["event_id"])
        )
        if not any(e["event_type"] == "claim.voided" and _instant(e) >= _instant(latest) for e in mine):
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
        latest = max(contents, key=lambda event: (_instant(event), VISIT_RANK[event["event_type"]], event["event_id"]))
        endings = [e for e in mine if e["event_type"] in VISIT_ENDINGS and _instant(e) >= _instant(latest)]
        answer.append((latest, max(endings, key=lambda event: (_instant(event), event["event_id"]), default=None)))
    return answer


def _agreements(events: list[Event]) -> list[tuple[Event, Event | None]]:
    """Each agreement's latest signing with the earliest revocation that is later than it."""
    answer = []
    for agreement_id in sorted({event["agreement_id"] for event in events if "agreement_id" in event}):
        mine = [event for event in events if event.get("agreement_id") == agreement_id]
        signings = [event for event in mine if event["event_type"] == "agreement.signed"]
        if not signings:
            continue
        latest = max(signings, key=lambda event: (_instant(event), event["event_id"]))
        later = [e for e in mine if e["event_type"] == "agreement.revoked" and _instant(e) >= _instant(latest)]
        answer.append((latest, min(later, key=lambda event: (_instant(event), event["event_id"]), default=None)))
    return answer


def _sightings(events: list[Event]) -> list[tuple[dt.date, str]]:
    """Day and event of every targeted code that was ever booked or billed under the payer."""
    answer = []
    for event in events:
        if _payer(event) is None:
            continue
        if event["event_type"] in CLAIM_RANK:
            answer += [
                (_day(line["service_date"]), event["event_id"])
                for line in event["lines"]
                if _code(line["procedure_code"]) in TARGETED
            ]
        elif event["event_type"] in VISIT_RANK and TARGETED & _codes(event):
            answer.append((_day(event["service_date"]), event["event_id"]))
    return answer


# ---- subjects


def _is_listed(content: Event, line: Record) -> bool:
    return _payer(content) is not None and _code(line["procedure_code"]) in LISTED


def _line_subject(content: Event, line: Record) -> Subject:
    diagnoses = content.get("diagnoses") or []
    pointers = line.get("diagnosis_pointers") or []
    name = {"kind": "claim_line", "claim_id": content["claim_id"], "line_number": line["line_number"]}
    return Subject(
        key=(content["member_id"], "claim_line", content["claim_id"], str(line["line_number"])),
        name=name,
        content=content,
        code=_code(line["procedure_code"]),
        first_day=_day(line["service_date"]),
        last_day=_day(line.get("service_date_end") or line["service_date"]),
        diagnoses=[diagnoses[pointer - 1] for pointer in pointers] if pointers else diagnoses,
        narrative=line.get("narrative"),
        charge=line["charge_amount"],
        stage="drafted" if content["event_type"] == "claim.drafted" else "submitted",
    )


def _visit_subject(content: Event, code: str) -> Subject:
    day = _day(content["service_date"])
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


# ---- the decision


def _decide(subject: Subject, agreements: list[tuple[Event, Event | None]]) -> Record:
    outcome, rule, flags = _outcome(subject)
    version = _version(subject.first_day)
    denied = outcome in DENIALS
    responsibility = _responsibility(subject, agreements) if denied else _not_applicable()
    liable = responsibility["liable"]
    reason = "no policy in force"
    if denied:
        reason = DENIAL_OF[version or ""][1]
    elif outcome == "other_policy":
        reason = f"belongs to {HANDOFF}"
    elif outcome == "review":
        reason = f"needs review: {', '.join(sorted(flags))}"
    return {
        "status": "current",
        "subject": subject.name,
        "event_id": subject.content["event_id"],
        "decided_for": _instant(subject.content),
        "member_id": subject.content["member_id"],
        "payer_id": subject.content["payer_id"],
        "procedure_code": subject.code,
        "date_of_service": subject.first_day.isoformat(),
        "outcome": outcome,
        "reason": reason,
        "policy": {"payer": "cigna", "id": "MM 0552", "version": version, "rule": rule},
        "flags": sorted(flags),
        "expected_denial": _denial(version or "", flags, liable) if denied and subject.charge is not None else None,
        "financial_responsibility": responsibility,
        "prior_authorization": _prior_authorization(outcome, rule, version),
        "handoff": HANDOFF if outcome == "other_policy" else None,
        "stage": subject.stage,
        "next_action": _next_action(outcome, flags, responsibility["status"], subject.stage),
        "exposure_amount": None if subject.charge is None else subject.charge if liable == "provider" else "0.00",
    }


def _outcome(subject: Subject) -> tuple[str, str | None, set[str]]:
    """Outcome, rule and flags: line of business, span, no policy in force, then the rules."""
    if not _commercial(subject.content.get("line_of_business")):
        return "review", None, {"line_of_business_out_of_scope"}
    version = _version(subject.first_day)
    if version != _version(subject.last_day):
        return "review", None, {"span_crosses_versions"}
    if version is None:
        return "no_policy_in_force", None, set()
    denial = DENIAL_OF[version][0]
    outcome, rule, flags = _rules(subject, denial)
    if version == FIRST_VERSION:
        flags = flags | {"prior_version_codes_unverified"}
    return outcome, rule, flags


def _rules(subject: Subject, denial: str) -> tuple[str, str, set[str]]:
    if subject.code in {"0565T", "0566T"}:
        return denial, "adipose-implant-knee", set()
    if subject.code in {"0717T", "0718T"}:
        return denial, "adrc-rotator-cuff", set()
    if subject.code in MARROW:
        context, by_taxonomy = context_of(subject.diagnoses, _taxonomy(subject.content))
        flags = {"context_by_taxonomy"} if by_taxonomy else set()
        return {
            "oncology": ("other_policy", "marrow-harvest-oncology", flags),
            "orthopaedic": (denial, "marrow-harvest-orthopaedic", flags),
            "mixed": ("review", "marrow-harvest-mixed", {"context_mixed"}),
            "unknown": ("review", "marrow-harvest-context-unknown", {"context_unknown"}),
        }[context]
    return {
        "product": (denial, "unlisted-names-product", set()),
        "hint": ("review", "unlisted-only-hints", {"narrative_ambiguous"}),
        "missing": (denial, "unlisted-no-narrative", {"narrative_missing"}),
        "none": ("review", "unlisted-names-none", {"narrative_not_stem_cell"}),
    }[narrative_of(subject.narrative)]


def context_of(diagnoses: list[str], taxonomy: str | None) -> tuple[str, bool]:
    """The clinical context, and whether only the provider's taxonomy gave it."""
    oncology = any(_oncology(diagnosis) for diagnosis in diagnoses)
    orthopaedic = any(_orthopaedic(diagnosis) for diagnosis in diagnoses)
    if oncology and orthopaedic:
        return "mixed", False
    if oncology or orthopaedic:
        return "oncology" if oncology else "orthopaedic", False
    specialty = (taxonomy or "").strip().upper()
    if specialty in ONCOLOGY_TAXONOMIES:
        return "oncology", True
    if specialty.startswith(ORTHOPAEDIC_TAXONOMIES):
        return "orthopaedic", True
    return "unknown", False


def _plain(diagnosis: str) -> str:
    return diagnosis.strip().replace(".", "").upper()


def _oncology(diagnosis: str) -> bool:
    code = _plain(diagnosis)
    category = code[:3]
    if code.startswith("M845") or "M30" <= category <= "M36":
        return True
    if code.startswith(NOT_ONCOLOGY):
        return False
    ranges = (("C00", "C96"), ("D00", "D09"), ("D37", "D49"), ("D55", "D64"), ("D70", "D77"), ("D80", "D89"))
    return any(low <= category <= high for low, high in ranges) or code.startswith(ONCOLOGY_PREFIXES)


def _orthopaedic(diagnosis: str) -> bool:
    code = _plain(diagnosis)
    category = code[:3]
    if code.startswith(NOT_ORTHOPAEDIC):
        return False
    return "M00" <= category <= "M99" or "S00" <= category <= "S99" or category == "T14"


def narrative_of(narrative: str | None) -> str:
    """product, hint, none or missing."""
    if narrative is None or not narrative.strip():
        return "missing"
    sentences = [_words(sentence) for sentence in re.split(r"[.;:\n\r]", narrative.casefold())]
    if any(_counts(words, term) for words in sentences for term in PRODUCTS):
        return "product"
    return "hint" if any(_counts(words, term) for words in sentences for term in HINTS) else "none"


def _words(sentence: str) -> list[str]:
    return re.sub(r"[^a-z0-9]+", " ", sentence).split()


def _counts(words: list[str], term: str) -> bool:
    phrase = term.split()
    for start in range(len(words) - len(phrase) + 1):
        before = words[max(0, start - 3) : start]
        if term == "marrow concentrate" and before[-1:] == ["bone"]:
            continue  # "(bone) marrow concentrate" is one term; the words before it are those before "bone"
        if words[start : start + len(phrase)] == phrase and not NEGATIONS & set(before) and before[-1:] != ["non"]:
            return True
    return False


# ---- liability


def _not_applicable() -> Record:
    return {"status": "not_applicable", "agreement_id": None, "problem": None, "liable": None}


CHECKS = ("wrong_payer", "wrong_service", "wrong_date", "signed_after_service", "signed_on_service_day", "revoked")


def _responsibility(subject: Subject, agreements: list[tuple[Event, Event | None]]) -> Record:
    if not agreements:
        return {"status": "missing", "agreement_id": None, "problem": None, "liable": "provider"}

    def merit(pair: tuple[Event, Event | None]) -> tuple[int, dt.datetime, str]:
        problem = _problem(subject, *pair)
        reached = len(CHECKS) if problem is None else CHECKS.index(problem)
        return reached, dt.datetime.fromisoformat(pair[0]["signed_at"]).astimezone(dt.UTC), pair[0]["agreement_id"]

    best = max(agreements, key=merit)
    problem = _problem(subject, *best)
    return {
        "status": "valid" if problem is None else "invalid",
        "agreement_id": best[0]["agreement_id"],
        "problem": problem,
        "liable": "patient" if problem is None else "provider",
    }


def _problem(subject: Subject, signing: Event, revocation: Event | None) -> str | None:
    day = subject.first_day
    signed = _day(signing["signed_at"][:10])
    written = (revocation or {}).get("revoked_at") or (revocation or {}).get("occurred_at")
    revoked = None if written is None else _day(written[:10])
    failed = [
        _payer(signing) is None,
        subject.code not in _codes(signing),
        not _day(signing["service_date_from"]) <= day <= _day(signing["service_date_through"]),
        signed > day,
        signed == day and not signing.get("confirmed_before_service"),
        revoked is not None and revoked < day,
    ]
    return CHECKS[failed.index(True)] if True in failed else None


def _denial(version: str, flags: set[str], liable: str | None) -> Record:
    _, reason, carc = DENIAL_OF[version]
    guessed = flags & {"narrative_missing", "prior_version_codes_unverified", "context_by_taxonomy"}
    return {
        "bucket": "MM 0552",
        "reason": reason,
        "appeal": "confirm_first" if guessed else "do_not_appeal",
        "group_code": "PR" if liable == "patient" else "CO",
        "carc": carc,
        "rarc": ["N492"] if liable == "patient" else ["N563"],
    }


def _prior_authorization(outcome: str, rule: str | None, version: str | None) -> str:
    if rule is None or outcome == "other_policy" or version == FIRST_VERSION:
        return "unknown"
    return "no_pathway"


def _next_action(outcome: str, flags: set[str], status: str, stage: str) -> str:
    paid = "none" if stage == "scheduled" else "bill_patient"
    unpaid = "write_off" if stage == "submitted" else "hold_and_get_agreement"
    answers = {
        "review_line_of_business": "line_of_business_out_of_scope" in flags,
        "split_by_day": "span_crosses_versions" in flags,
        "route_to_policy": outcome == "other_policy",
        "confirm_context": any(flag.startswith("context_") for flag in flags),
        "add_narrative": any(flag.startswith("narrative_") for flag in flags),
        paid if status == "valid" else unpaid: outcome in DENIALS,
        "none": True,
    }
    return next(answer for answer, applies in answers.items() if applies)


# ---- the alerts


def _decide_and_watch(subject: Subject, member: Member) -> Record:
    """Decide one subject, and open the alerts that follow its determination alone."""
    record = _decide(subject, member.agreements)
    member.answer.determinations[subject.key] = record
    exposure = record["exposure_amount"]
    provider = record["financial_responsibility"]["liable"] == "provider"
    if subject.stage != "scheduled" and provider and member.today < _later(subject.first_day, 12):
        _open(member, "service_without_agreement", "critical", subject, exposure)
    in_question = record["outcome"] in DENIALS or any(flag.startswith("narrative_") for flag in record["flags"])
    earliest = subject.first_day - dt.timedelta(days=180)
    seen = sorted({event_id for day, event_id in member.sightings if earliest <= day <= subject.first_day})
    if subject.code == "20999" and in_question and seen:
        _open(member, "unlisted_substitution", "warning", subject, exposure)["evidence"] = seen
    if record["outcome"] == "review" and {"context_mixed", "context_unknown"} & set(record["flags"]):
        _open(member, "context_review", "warning", subject, exposure)
    return record


def _companions(content: Event, found: list[Record], member: Member) -> None:
    days = {record["date_of_service"] for record in found if record["outcome"] in DENIALS}
    for line in content["lines"]:
        if _code(line["procedure_code"]) in COMPANIONS and line["service_date"] in days:
            _open(member, "companion_policy_review", "info", _line_subject(content, line), None)


def _visit(content: Event, ending: Event | None, member: Member) -> None:
    codes = [code for code in dict.fromkeys(map(_code, content["procedure_codes"])) if code in LISTED]
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
    if ending is not None and unpaid and member.today < _later(whole.first_day, 12):
        alert = _open(member, "service_without_agreement", "critical", whole, estimate)
        alert["procedure_codes"] = sorted(unpaid)
        alert["evidence"] = sorted({content["event_id"], ending["event_id"]})


def _billed(claims: list[Event], code: str, content: Event) -> bool:
    return any(
        _code(line["procedure_code"]) == code and line["service_date"] == content["service_date"]
        for claim in claims
        if _payer(claim) is not None
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
        "policy": {"payer": "cigna", "id": "MM 0552", "version": _version(subject.first_day)},
        "procedure_codes": [subject.code],
        "date_of_service": subject.first_day.isoformat(),
        "exposure_amount": exposure,
        "ordering_provider_npi": content.get("ordering_provider_npi"),
        "evidence": [content["event_id"]],
    }
    member.answer.alerts[(kind, *subject.key)] = alert
    return alert


# ---- small facts


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _later(day: dt.date, months: int) -> dt.date:
    """The same day some months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError(day)


def _version(day: dt.date) -> str | None:
    text = day.isoformat()
    return None if text < FIRST_VERSION else FIRST_VERSION if text < SECOND_VERSION else SECOND_VERSION


def _payer(event: Event) -> str | None:
    return "cigna" if event.get("payer_id") in PAYER_IDS else None


def _code(text: str) -> str:
    return text.strip().upper()


def _codes(event: Event) -> set[str]:
    return {_code(text) for text in event["procedure_codes"]}


def _taxonomy(content: Event) -> str | None:
    return (content.get("rendering_provider") or {}).get("taxonomy")


def _commercial(line_of_business: str | None) -> bool:
    return (
        line_of_business is None
        or not line_of_business.strip()
        or re.sub(r"\s", "", line_of_business).lower() in COMMERCIAL
    )
