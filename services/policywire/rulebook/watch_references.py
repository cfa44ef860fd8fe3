"""What watch documents must fulfil together with the others: that they name what is there, and say each thing once.

Knows watch documents and compiled policies; does not know when an alert opens, or cases.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple, get_args

from policywire.model.codes import procedure_code
from policywire.model.records import Flag
from policywire.rulebook.collection import Collection, Key, Located
from policywire.rulebook.compile import Draft
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Finding, Path
from policywire.rulebook.watch import AlertKind, WatchDocument
from policywire.rulebook.when import suggestion


class Entry(NamedTuple):
    """One thing to watch for: where it stands, whose it is, the codes that the policy must list, and its flags.

    ``apart`` is what no other entry of the kind may name too: the same alert would be opened twice.
    """

    path: Path
    key: Key
    codes: frozenset[str]
    flags: tuple[Flag, ...]
    apart: frozenset[str]


def watch_reference_findings(all_of: Collection) -> Iterator[Located]:
    """Everything that is wrong between watch documents and the rest, each at the file that has to change."""
    drafts = {(each.policy.payer, each.policy.id): each for each in all_of.drafts.values()}
    payers = tuple(each.payer for each in all_of.payers.values())
    said: dict[tuple[object, ...], str] = {}
    for file, watch in all_of.watch.items():
        for entry in _entries(watch):
            for finding in (*_key_findings(entry, payers, drafts), *_twice_findings(entry, file, said)):
                yield file, finding
        for finding in _companion_findings(watch, drafts):
            yield file, finding
    yield from _texts(all_of)


def _entries(watch: WatchDocument) -> Iterator[Entry]:
    for position, each in enumerate(watch.substitutions):
        unlisted, targeted = _codes(each.unlisted), _codes(each.targeted)
        pairs = frozenset(f"{code} for {other}" for code, other in product(sorted(unlisted), sorted(targeted)))
        yield Entry(
            ("substitutions", position), (each.payer, each.policy), unlisted | targeted, each.review_flags, pairs
        )
    for position, other in enumerate(watch.companions):
        path: Path = ("companions", position)
        yield Entry(path, (other.payer, other.policy), frozenset(), (), _codes(other.codes))
    for position, review in enumerate(watch.context_reviews):
        codes = _codes(review.codes)
        yield Entry(("context_reviews", position), (review.payer, review.policy), codes, review.flags, codes)


def _codes(written: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(procedure_code, written))


def _key_findings(entry: Entry, payers: tuple[str, ...], drafts: dict[Key, Draft]) -> Iterator[Finding]:
    payer, policy = entry.key
    if payer not in payers:
        mend = suggestion(payer, payers) if payers else "Add its profile, a payer.yaml."
        yield Finding((*entry.path, "payer"), "unknown-payer", f"no profile of payer {payer}", mend)
    elif entry.key not in drafts:
        known = tuple(name for owner, name in drafts if owner == payer)
        mend = suggestion(policy, known) if known else "Take the entry away."
        yield Finding((*entry.path, "policy"), "unknown-policy", f"no policy {policy} of {payer}", mend)
    else:
        yield from _policy_findings(entry, drafts[entry.key])


def _policy_findings(entry: Entry, draft: Draft) -> Iterator[Finding]:
    policy = draft.policy
    listed = {code for version in policy.versions for code in version.rules}
    for code in sorted(entry.codes - listed):
        message = f"{policy.id} does not list {code}"
        yield Finding(entry.path, "code-not-listed", message, "Watch only codes that the policy lists.")
    given = _flags(policy)
    for flag in entry.flags:
        if flag not in given:
            message = f"no rule of {policy.id} gives the flag {flag.value}"
            mend = suggestion(flag.value, tuple(sorted(given)))
            yield Finding(entry.path, "flag-never-given", message, mend, "warning")


def _flags(policy: CompiledPolicy) -> set[Flag]:
    """The flags that the policy's own rules and facts give."""
    given: set[Flag] = set()
    for version in policy.versions:
        given.update(version.flags, version.unknown_flags.values())
        given.update(flag for rules in version.rules.values() for rule in rules for flag in rule.flags)
    return given


def _twice_findings(entry: Entry, file: str, said: dict[tuple[object, ...], str]) -> Iterator[Finding]:
    for what in sorted(entry.apart):
        place = (entry.path[0], entry.key, what)
        if place in said:
            message = f"{what} of {entry.key[1]} is already watched for by an entry of {said[place]}"
            yield Finding(entry.path, "watch-twice", message, "Keep it in one of the two entries.")
        said.setdefault(place, file)


def _companion_findings(watch: WatchDocument, drafts: dict[Key, Draft]) -> Iterator[Finding]:
    for position, each in enumerate(watch.companions):
        draft = drafts.get((each.payer, each.policy))
        if draft is not None and each.companion not in draft.companions:
            message = f"{each.policy} names no companion {each.companion}"
            mend = "Add it to the policy's companions."
            yield Finding(("companions", position, "companion"), "companion", message, mend)


def _texts(all_of: Collection) -> Iterator[Located]:
    """Every text once: an alert of a kind without words could not be said."""
    seen: dict[str, str] = {}
    for file, document in all_of.watch.items():
        names: list[tuple[Path, str]] = [(("texts", kind), kind) for kind in document.texts]
        for field in ("service_without_agreement_months", "retention_months", "alerts_from"):
            names += [((field,), field)] if getattr(document, field) is not None else []
        for path, name in names:
            if name in seen:
                message = f"{name} is already given by {seen[name]}"
                yield file, Finding(path, "watch-twice", message, "Keep one of the two.")
            seen.setdefault(name, file)
    missing = [kind for kind in get_args(AlertKind) if kind not in seen]
    for file in [*all_of.watch, *all_of.drafts][:1] if missing else ():
        message = f"no text for alerts of kind {', '.join(missing)}"
        yield file, Finding((), "watch-missing", message, "Add them under texts of a document watch.v1.")
