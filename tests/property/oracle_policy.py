"""MM 0552 by heart: what it says of one line or procedure, and who pays. One half of the oracle (oracle.py).

Must not import ``decision``, ``cases`` or the step.
"""

import dataclasses
import datetime as dt
import re
from typing import Any

Event = dict[str, Any]
Record = dict[str, Any]
Key = tuple[str, ...]

PAYER_OF_ID = {"62308": "cigna", "CIGNA2": "cigna", "SYN01": "evergreen"}
"""Of two payers, each with a policy of its own that says the same: what one is told must not count for the other."""
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


# ---- the decision


def decide(subject: Subject, agreements: list[tuple[Event, Event | None]]) -> Record:
    outcome, rule, flags = _outcome(subject)
    version = version_on(subject.first_day)
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
        "decided_for": instant_of(subject.content),
        "member_id": subject.content["member_id"],
        "payer_id": subject.content["payer_id"],
        "procedure_code": subject.code,
        "date_of_service": subject.first_day.isoformat(),
        "outcome": outcome,
        "reason": reason,
        "policy": {"payer": payer_of(subject.content), "id": "MM 0552", "version": version, "rule": rule},
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
    version = version_on(subject.first_day)
    if version != version_on(subject.last_day):
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


CATEGORY = 3
"""An ICD-10-CM category has three characters; fewer name none."""


def _oncology(diagnosis: str) -> bool:
    code = _plain(diagnosis)
    category = code[:3]
    if len(category) < CATEGORY:
        return False
    if code.startswith("M845") or "M30" <= category <= "M36":
        return True
    if code.startswith(NOT_ONCOLOGY):
        return False
    ranges = (("C00", "C96"), ("D00", "D09"), ("D37", "D49"), ("D55", "D64"), ("D70", "D77"), ("D80", "D89"))
    return any(low <= category <= high for low, high in ranges) or code.startswith(ONCOLOGY_PREFIXES)


def _orthopaedic(diagnosis: str) -> bool:
    code = _plain(diagnosis)
    category = code[:3]
    if len(category) < CATEGORY:
        return False
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
    signed = day_of(signing["signed_at"][:10])
    written = (revocation or {}).get("revoked_at") or (revocation or {}).get("occurred_at")
    revoked = None if written is None else day_of(written[:10])
    failed = [
        payer_of(signing) != payer_of(subject.content),
        subject.code not in codes_of(signing),
        not day_of(signing["service_date_from"]) <= day <= day_of(signing["service_date_through"]),
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


# ---- small facts


def day_of(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day some months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError(day)


def version_on(day: dt.date) -> str | None:
    text = day.isoformat()
    return None if text < FIRST_VERSION else FIRST_VERSION if text < SECOND_VERSION else SECOND_VERSION


def payer_of(event: Event) -> str | None:
    return PAYER_OF_ID.get(event.get("payer_id", ""))


def code_of(text: str) -> str:
    return text.strip().upper()


def codes_of(event: Event) -> set[str]:
    return {code_of(text) for text in event["procedure_codes"]}


def _taxonomy(content: Event) -> str | None:
    return (content.get("rendering_provider") or {}).get("taxonomy")


def _commercial(line_of_business: str | None) -> bool:
    return (
        line_of_business is None
        or not line_of_business.strip()
        or re.sub(r"\s", "", line_of_business).lower() in COMMERCIAL
    )


def instant_of(event: Event) -> dt.datetime:
    return dt.datetime.fromisoformat(event["occurred_at"].upper()).astimezone(dt.UTC)
