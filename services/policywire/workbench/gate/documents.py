"""The documents of a rules folder as they are written, and what of them one policy rests on.

Knows which documents belong together and names the content of each policy; does not know compiled rules.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

import policywire
from policywire.rulebook.cases import CasesDocument
from policywire.rulebook.collection import Key
from policywire.rulebook.compile import fingerprint, revision_of
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, document_of
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.shape import AnyDocument
from policywire.workbench.gate.clinical import code
from policywire.workbench.gate.line import SentLine
from policywire.workbench.gate.listing import listed, windows

DECIDING: Final = ("model", "rulebook", "decision", "cases", "workbench/gate")
"""The parts of the package whose change makes a former pass worth nothing."""


class Bundle(Struct, frozen=True):
    """One policy with everything that its answers rest on."""

    policy: PolicyDocument
    payer: PayerDocument
    contexts: ContextsDocument | None
    terms: TermsDocument | None
    cases: tuple[CasesDocument, ...]


class Documents:
    """All documents of a folder that was found sound."""

    def __init__(self, files: Iterable[File]) -> None:
        """Read them.

        Raises:
            RulesRefused: one of them is no document.
        """
        self._policies: dict[Key, PolicyDocument] = {}
        self._payers: dict[str, PayerDocument] = {}
        self._contexts: dict[str, ContextsDocument] = {}
        self._terms: dict[str, TermsDocument] = {}
        self._cases: dict[Key, list[CasesDocument]] = {}
        self._windows: dict[tuple[str, str], list[tuple[str, tuple[tuple[int, int], ...]]]] = {}
        """By payer and code: the policies that list it, with the days of their versions."""
        documents = list(map(document_of, files))
        self.content = revision_of(map(fingerprint, documents))
        """As ``record.content_of`` names it."""
        for each in documents:
            self._keep(each)

    def _keep(self, document: AnyDocument) -> None:
        match document:
            case PolicyDocument():
                self._policies[document.payer, document.policy] = document
                days = tuple(windows(document))
                for each in sorted(frozenset().union(*map(listed, document.versions))):
                    self._windows.setdefault((document.payer, each), []).append((document.policy, days))
            case PayerDocument():
                self._payers[document.payer] = document
            case ContextsDocument():
                self._contexts[document.id] = document
            case TermsDocument():
                self._terms[document.id] = document
            case CasesDocument():
                self._cases.setdefault((document.payer, document.policy), []).append(document)
            case _:
                return

    @property
    def policies(self) -> tuple[Key, ...]:
        """Payer and id of every policy, in order."""
        return tuple(sorted(self._policies))

    def bundle(self, policy: Key) -> Bundle:
        """A policy with what its answers rest on."""
        document = self._policies[policy]
        return Bundle(
            document,
            self._payers[document.payer],
            self._contexts.get(document.contexts or ""),
            self._terms.get(document.terms or ""),
            tuple(self._cases.get(policy, ())),
        )

    def elsewhere(self, policy: Key, line: SentLine) -> bool:
        """Whether another policy of the payer lists the line's code and has a version on its first or last day.

        Then one that has none keeps silent, instead of saying that it is not in force.
        """
        listing = self._windows.get((policy[0], code(line.procedure_code)), ())
        if len(listing) < 2:  # noqa: PLR2004  no other one
            return False
        days = (line.service_date.toordinal(), (line.service_date_end or line.service_date).toordinal())
        others = [each for other, versions in listing if other != policy[1] for each in versions]
        return any(start <= day <= end for start, end in others for day in days)

    def digest(self, policy: Key, engines: str) -> str:
        """The name of everything that can change what the gate says of a policy: documents, neighbours, engines."""
        bundle = self.bundle(policy)
        parts = [each for each in (bundle.policy, bundle.payer, bundle.contexts, bundle.terms, *bundle.cases) if each]
        codes = sorted(frozenset().union(*map(listed, bundle.policy.versions)))
        neighbours = [(each, sorted(self._windows[policy[0], each])) for each in codes]
        named = sha256(b"".join(map(fingerprint, parts)))
        named.update(repr((neighbours, engines)).encode())
        return f"sha256:{named.hexdigest()}"


def engines_digest(durable_rules: str) -> str:
    """The name of both engines: the sources of ours and of the gate, and the version of the second."""
    package = Path(policywire.__file__).parent
    named = sha256(f"durable-rules {durable_rules}".encode())
    for part in DECIDING:
        for each in sorted((package / part).rglob("*.py")):
            named.update(each.read_bytes())
    return named.hexdigest()
