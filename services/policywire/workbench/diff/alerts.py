"""What two editions watch for differently: codes, windows, flags, severities and audiences of alerts, not their words.

Knows compiled watch rules; knows no answer of a policy.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policywire.rulebook.rulebook import AlertTexts, Companion, ContextReview, PolicyKey, Substitution, WatchRules
from policywire.workbench.diff.report import AlertDiff


def alerts_diff(before: WatchRules, after: WatchRules, only: PolicyKey | None = None) -> Iterator[AlertDiff]:
    """Every watch rule that says otherwise.

    Args:
        before: of one edition.
        after: of the other.
        only: a policy, when nothing else is asked for: then what concerns every policy is left out.
    """
    said = (_said(before, only), _said(after, only))
    for about in dict.fromkeys((*said[0], *said[1])):
        was, now = said[0].get(about), said[1].get(about)
        if was != now:
            yield AlertDiff(about, was, now)


def _said(watch: WatchRules, only: PolicyKey | None) -> dict[str, str]:
    """Each rule in words, by what it is about."""
    found = dict(_general(watch)) if only is None else {}
    for kind, by_policy in _by_kind(watch).items():
        for key, rules in by_policy.items():
            if only is None or key == only:
                found[f"{kind} of {key[0]} {key[1]}"] = "; ".join(sorted(map(_rule, rules)))
    return found


def _by_kind(watch: WatchRules) -> dict[str, Mapping[PolicyKey, tuple[Any, ...]]]:
    return {
        "unlisted_substitution": watch.substitutions,
        "companion_policy_review": watch.companions,
        "context_review": watch.context_reviews,
    }


def _general(watch: WatchRules) -> Iterator[tuple[str, str]]:
    for kind, texts in watch.texts.items():
        yield kind, _loudness(texts)
    yield "service_without_agreement_months", str(watch.service_without_agreement_months)
    yield "retention_months", str(watch.retention_months)
    if watch.alerts_from is not None:
        yield "alerts_from", watch.alerts_from.isoformat()


def _loudness(texts: AlertTexts) -> str:
    by_days = "".join(f", {severity} up to {days} days before" for days, severity in texts.severity_by_days)
    return f"{texts.severity} for {texts.audience}{by_days}"


def _rule(rule: Substitution | Companion | ContextReview) -> str:
    match rule:
        case Substitution():
            unlisted, targeted = _listed(rule.unlisted), _listed(rule.targeted)
            flags = f", or in review with {_listed(rule.review_flags)}" if rule.review_flags else ""
            return f"{unlisted} denied{flags}, within {rule.within_days} days after {targeted}"
        case Companion():
            return f"{_listed(rule.codes)} of {rule.companion}"
        case ContextReview():
            return f"{_listed(rule.codes)} with {_listed(rule.flags)}"


def _listed(values: frozenset[Any]) -> str:
    return ", ".join(sorted(values))
