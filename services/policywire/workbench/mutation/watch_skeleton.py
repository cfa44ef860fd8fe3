"""What a watch case must show to notice a mistake, as the beginning of such a case.

Knows watch rules by the names of their fields; does not know events or how an alert opens.
"""

from typing import Final

from policywire.model.records import DENIED
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Path
from policywire.rulebook.watch import WatchDocument
from policywire.workbench.mutation.skeleton import flow

_SHOWS: Final = {
    "within_days": "one whose targeted code lies exactly so many days before the unlisted one, and one a day more",
    "days_at_most": "one that is looked at exactly so many days before the service, and one a day earlier",
    "service_without_agreement_months": "one that is looked at on the last day of these months, and one a day later",
    "retention_months": "one that is looked at on the last day that it is remembered, and one a day later",
    "severity": "one that expects the alert with its severity",
    "unlisted": "one in which this code follows a targeted one",
    "targeted": "one in which an unlisted code follows this one",
    "review_flags": "one in which the unlisted code is in review with this flag",
    "flags": "one in which a code is in review with this flag",
    "codes": "one in which this code is billed",
}


_OF_APPOINTMENTS: Final = ("expected_denial_scheduled", "agreement_missing", "policy_affects_schedule")


def watch_case_text(path: Path, policy: CompiledPolicy, document: WatchDocument) -> str:
    """The beginning of a case that would notice a mistake, with what it must show as a comment.

    Args:
        path: where the mistake is.
        policy: the policy that the case is of.
        document: the watch document without the mistake.
    """
    names = [str(part) for part in path if isinstance(part, str)]
    shows = next((_SHOWS[name] for name in reversed(names) if name in _SHOWS), "one in which the alert opens")
    kind = _alert(path)
    day = policy.versions[-1].effective_from
    codes = _codes(path, document) or [_denied(policy)]
    lines = [{"procedure_code": code, "service_date": day} for code in codes]
    if kind in _OF_APPOINTMENTS:
        event = f"{{event: appointment.booked, service_date: {flow(day)}, procedure_codes: {flow(codes)}}}"
    else:
        event = f"{{event: claim.submitted, lines: {flow(lines)}}}"
    return (
        f"  # {shows[0].upper()}{shows[1:]}.\n"
        "  - name: say in a sentence what must hold here\n"
        f"    events: [{event}]\n"
        f"    expect: {{open: [{flow(_expected(path, kind, document))}]}}\n"
    )


def _expected(path: Path, kind: str, document: WatchDocument) -> dict[str, str]:
    texts = {str(name): each for name, each in document.texts.items()}
    told = {"severity": texts[kind].severity} if path[-1] == "severity" else {}
    return {"kind": kind} | told


def _alert(path: Path) -> str:
    match path:
        case ("texts", str(kind), *_):
            return kind
        case ("substitutions", *_):
            return "unlisted_substitution"
        case ("companions", *_):
            return "companion_policy_review"
        case ("context_reviews", *_):
            return "context_review"
        case _:
            return "service_without_agreement"


def _codes(path: Path, document: WatchDocument) -> list[str]:
    """The codes that the case must bill: the one left out, with one of the other list of its entry."""
    match path:
        case ("substitutions", int(position), *rest):
            entry = document.substitutions[position]
            left_out = {str(rest[0]): rest[1]} if len(rest) > 1 else {}
            return [entry.targeted[_place(left_out, "targeted")], entry.unlisted[_place(left_out, "unlisted")]]
        case ("companions", int(position), "codes", int(place)):
            return [document.companions[position].codes[place]]
        case ("context_reviews", int(position), "codes", int(place)):
            return [document.context_reviews[position].codes[place]]
        case _:
            return []


def _place(left_out: dict[str, str | int], name: str) -> int:
    place = left_out.get(name, 0)
    return place if isinstance(place, int) else 0


def _denied(policy: CompiledPolicy) -> str:
    """A code that the policy denies in its last version, else one that it lists."""
    rules = policy.versions[-1].rules
    return next((code for code, of in rules.items() if any(each.outcome in DENIED for each in of)), next(iter(rules)))
