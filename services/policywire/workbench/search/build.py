"""Documents become an index. Knows documents and the parts of an index; does not know files or queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby

from msgspec import Struct

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.search.bitset import Packed, families, pack
from policywire.workbench.search.entry import REMARK, Entry, document_texts, entries_of, version_texts
from policywire.workbench.search.index import Payer, SearchIndex, encoded, folded
from policywire.workbench.search.postings import OUTCOMES, code_postings, day_postings, posting, word_postings
from policywire.workbench.search.standing import Standing
from policywire.workbench.search.stems import stems_of

Weights = dict[str, int]
"""What each stem weighs in a version."""


class Documents(Struct, frozen=True):
    """What is to be searched, by the name of the file, and what is wrong with documents that cannot be."""

    policies: Mapping[str, PolicyDocument]
    payers: Mapping[str, PayerDocument]
    unreadable: tuple[str, ...] = ()


def build_index(documents: Documents) -> SearchIndex:
    """The index of all versions of all policies."""
    payers = {each.payer: each for each in documents.payers.values()}
    ordered = sorted(documents.policies.items(), key=lambda each: (each[1].payer, each[1].policy, each[0]))
    entries: list[Entry] = []
    weights: list[Weights] = []
    for file, policy in ordered:
        payer = payers.get(policy.payer)
        entries += entries_of(policy, payer, file)
        weights += _weights(policy, payer)
    return SearchIndex(
        entries=encoded(entries),
        standing=_standing(entries),
        codes=code_postings(_listed(entries), len(entries)),
        words=word_postings(_by_stem(weights), len(entries)),
        outcomes=_outcomes(entries),
        payers=tuple(_payers(payers, entries)),
        policies=_policies(entries),
        unreadable=documents.unreadable,
    )


def _weights(policy: PolicyDocument, payer: PayerDocument | None) -> Iterable[Weights]:
    shared: Weights = {}
    texts = [*document_texts(policy), (REMARK, f"{policy.payer} {payer.name if payer else ''}")]
    for weight, text in texts:
        _weigh(shared, weight, text)
    for version in sorted(policy.versions, key=lambda each: each.effective_from):
        own = dict(shared)
        for weight, text in version_texts(version):
            _weigh(own, weight, text)
        yield own


def _weigh(weights: Weights, weight: int, text: str) -> None:
    for stem in stems_of(text):
        if weights.get(stem, 0) < weight:
            weights[stem] = weight


def _by_stem(weights: Iterable[Weights]) -> Mapping[str, Mapping[int, list[int]]]:
    found: dict[str, dict[int, list[int]]] = {}
    for ordinal, of_version in enumerate(weights):
        for stem, weight in of_version.items():
            found.setdefault(stem, {}).setdefault(weight, []).append(ordinal)
    return found


def _standing(entries: list[Entry]) -> Standing:
    size = len(entries)
    sizes = [len(list(versions)) for _, versions in groupby(entries, key=lambda each: (each.payer, each.policy))]
    endings = ((n, each.effective_through) for n, each in enumerate(entries))
    return Standing(
        families(sizes),
        day_postings(((n, each.effective_from) for n, each in enumerate(entries)), size),
        day_postings(((n, ending) for n, ending in endings if ending is not None), size),
        day_postings(((n, each.known_from) for n, each in enumerate(entries)), size),
    )


def _listed(entries: list[Entry]) -> Mapping[str, list[int]]:
    listed: dict[str, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        for rule in entry.rules:
            number = posting(ordinal, rule.outcome)
            for code in rule.codes:
                listed[code].append(number)
    return listed


def _outcomes(entries: list[Entry]) -> dict[int, Packed]:
    given: dict[int, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        for outcome in {OUTCOMES.index(rule.outcome) for rule in entry.rules}:
            given[outcome].append(ordinal)
    return {outcome: pack(ordinals, len(entries)) for outcome, ordinals in given.items()}


def _payers(payers: Mapping[str, PayerDocument], entries: list[Entry]) -> Iterable[Payer]:
    own: dict[str, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        own[entry.payer].append(ordinal)
    for key in sorted({*payers, *own}):
        profile = payers.get(key)
        name, ids = (profile.name, profile.payer_ids) if profile else (key, ())
        yield Payer(key, name, ids, pack(own[key], len(entries)))


def _policies(entries: list[Entry]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        found[folded(entry.policy)].append(ordinal)
    return {policy: tuple(ordinals) for policy, ordinals in found.items()}
