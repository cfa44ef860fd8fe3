"""All documents of a rulebook side by side, each under the name of its file.

Knows the kinds of document; does not know what must hold between them.
"""

from msgspec import Struct

from policywire.rulebook.cases import CasesDocument
from policywire.rulebook.compile import Draft
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Finding
from policywire.rulebook.watch import WatchDocument
from policywire.rulebook.watch_cases import WatchCasesDocument

Key = tuple[str, str]
"""Payer and policy."""

Located = tuple[str, Finding]
"""A file and what is wrong in it."""


class Collection(Struct):
    """All documents of a rulebook, each under the name of its file; policies compiled."""

    payers: dict[str, PayerDocument] = {}
    contexts: dict[str, ContextsDocument] = {}
    terms: dict[str, TermsDocument] = {}
    watch: dict[str, WatchDocument] = {}
    cases: dict[str, CasesDocument] = {}
    watch_cases: dict[str, WatchCasesDocument] = {}
    drafts: dict[str, Draft] = {}

    def policies(self) -> dict[Key, CompiledPolicy]:
        """The policies by payer and id."""
        return {(each.policy.payer, each.policy.id): each.policy for each in self.drafts.values()}
