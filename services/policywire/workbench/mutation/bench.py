"""The bench on which mutants of one policy are tried: its cases, and rulebooks that hold it and what stands beside it.

Knows how cases are run and how documents are compiled; does not know which mistakes there are. A rulebook for a trial
holds only the policies of the payer that share a code with the policy: the others cannot change what its cases see.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policywire.rulebook import compile as compiling
from policywire.rulebook.cases import Case, CasesDocument
from policywire.rulebook.collection import Collection, Key
from policywire.rulebook.compile import Draft
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import ClinicalContexts, NarrativeTerms, PayerProfile, Rulebook
from policywire.rulebook.watch import WatchDocument
from policywire.rulebook.watch_cases import WatchCase, WatchCasesDocument
from policywire.workbench.casetest import decided
from policywire.workbench.casetest import differences as case_differences
from policywire.workbench.watchtest import alerts_of
from policywire.workbench.watchtest import differences as alert_differences


class Parts(Struct, frozen=True):
    """What every trial of a folder shares, compiled once."""

    payers: tuple[PayerProfile, ...]
    contexts: Mapping[str, ClinicalContexts]
    terms: Mapping[str, NarrativeTerms]


def parts_of(collection: Collection) -> Parts:
    """The payers, contexts and terms of a sound folder."""
    return Parts(
        tuple(map(compiling.payer_profile, collection.payers.values())),
        {each.id: compiling.clinical_contexts(each) for each in collection.contexts.values()},
        {each.id: compiling.narrative_terms(each) for each in collection.terms.values()},
    )


class Bench(Struct, frozen=True):
    """One policy with its cases, sound and with every case holding."""

    key: Key
    file: str
    draft: Draft
    neighbours: tuple[Draft, ...]
    cases: tuple[Case, ...]
    watch_cases: tuple[tuple[WatchCasesDocument, WatchCase], ...]
    parts: Parts
    reading: Reading

    def rulebook(self, draft: Draft | None = None, watch: Iterable[WatchDocument] | None = None) -> Rulebook:
        """The policy, or another state of it, and what stands beside it, under these watch rules or those that are."""
        return compiling.rulebook(
            revision="sha256:",
            payers=self.parts.payers,
            drafts=(draft or self.draft, *self.neighbours),
            contexts=self.parts.contexts,
            terms=self.parts.terms,
            watch=compiling.watch_rules(self.reading.collection.watch.values() if watch is None else watch),
        )

    def noticed_by(self, rulebook: Rulebook, *, first: Iterable[str] = ()) -> str | None:
        """The name of a case of the policy that does not hold under a rulebook, or None when all do.

        Args:
            rulebook: what is tried.
            first: names of cases that are likely to notice.
        """
        likely = frozenset(first)
        for case in sorted(self.cases, key=lambda each: each.name not in likely):
            if any(case_differences(case, decided(case, self.key, rulebook))):
                return case.name
        return self.alerted_by(rulebook)

    def alerted_by(self, rulebook: Rulebook) -> str | None:
        """The name of a watch case of the policy that does not hold under a rulebook, or None when all do."""
        reading = replace(self.reading, rulebook=rulebook)
        for document, case in self.watch_cases:
            if any(alert_differences(case, alerts_of(case, document, reading))):
                return case.name
        return None


def benches(reading: Reading) -> Iterator[Bench]:
    """A bench for each policy that has cases, in the order of files."""
    collection = reading.collection
    parts = parts_of(collection)
    for file, draft in collection.drafts.items():
        key = (draft.policy.payer, draft.policy.id)
        cases = _cases_of(collection, key)
        if cases:
            yield Bench(
                key=key,
                file=file,
                draft=draft,
                neighbours=tuple(_neighbours(collection, draft)),
                cases=cases,
                watch_cases=_watch_cases_of(collection, key),
                parts=parts,
                reading=reading,
            )


def compiled(document: PolicyDocument) -> Draft:
    """A policy document, compiled."""
    return compiling.Compiler().draft(document)


def _cases_of(collection: Collection, key: Key) -> tuple[Case, ...]:
    found: Iterable[CasesDocument] = collection.cases.values()
    return tuple(case for each in found if (each.payer, each.policy) == key for case in each.cases)


def _watch_cases_of(collection: Collection, key: Key) -> tuple[tuple[WatchCasesDocument, WatchCase], ...]:
    found = collection.watch_cases.values()
    return tuple((each, case) for each in found if (each.payer, each.policy) == key for case in each.cases)


def _neighbours(collection: Collection, draft: Draft) -> Iterator[Draft]:
    codes = _codes(draft)
    for other in collection.drafts.values():
        if other is not draft and other.policy.payer == draft.policy.payer and codes & _codes(other):
            yield other


def _codes(draft: Draft) -> frozenset[str]:
    return frozenset(code for version in draft.policy.versions for code in version.rules)
