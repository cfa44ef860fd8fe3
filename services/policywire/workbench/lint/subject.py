"""A policy as the linter looks at it: as written and as compiled, with what its facts are read by.

Knows both forms side by side; finds nothing wrong.
"""

from collections.abc import Iterator

from msgspec import Struct

from policywire.rulebook.collection import Collection
from policywire.rulebook.compile import Draft
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, Reading, document_of
from policywire.rulebook.rulebook import CompiledPolicy, Rule, Version
from policywire.rulebook.source import Path


class Reader(Struct, frozen=True):
    """What facts of a policy's lines can be: where its documents are not there, None."""

    contexts: tuple[str, ...] | None
    """The names of clinical contexts."""
    hints: bool | None
    """Whether its terms know phrases that only hint; None: it has no terms."""
    lines_of_business: tuple[str, ...]


class Subject(Struct, frozen=True):
    """A policy under the linter. ``document`` is None of a policy in JSON, which a program wrote and is held to."""

    file: str
    policy: CompiledPolicy
    contexts: str | None
    terms: str | None
    reader: Reader
    document: PolicyDocument | None

    def rule_path(self, position: int, rule: str) -> Path:
        """Where a rule of the version in that position stands; of a policy without its text, the rules as a whole."""
        path: Path = ("versions", position, "rules")
        if self.document is None:
            return path
        ids = [each.id for each in self.document.versions[position].rules]
        return (*path, ids.index(rule))


def subjects(reading: Reading) -> Iterator[Subject]:
    """Every policy that could be read, in the order of files."""
    collection = reading.collection
    for file, draft in collection.drafts.items():
        content = reading.contents.get(file)
        document = None if content is None else document_of(File(file, content))
        yield Subject(
            file=file,
            policy=draft.policy,
            contexts=draft.contexts,
            terms=draft.terms,
            reader=_reader(collection, draft),
            document=document if isinstance(document, PolicyDocument) else None,
        )


def _reader(collection: Collection, draft: Draft) -> Reader:
    payer = next((each for each in collection.payers.values() if each.payer == draft.policy.payer), None)
    contexts = next((each for each in collection.contexts.values() if each.id == draft.contexts), None)
    terms = next((each for each in collection.terms.values() if each.id == draft.terms), None)
    words = draft.policy.lines_of_business
    return Reader(
        contexts=None if contexts is None else tuple(each.name for each in contexts.classes),
        hints=None if terms is None else bool(terms.hint),
        lines_of_business=tuple(sorted(words if payer is None else words.intersection(payer.lines_of_business))),
    )


def rule_lists(version: Version) -> dict[tuple[Rule, ...], list[str]]:
    """The different lists of rules of a version, each with the codes that are decided by it."""
    found: dict[tuple[Rule, ...], list[str]] = {}
    for code, rules in version.rules.items():
        found.setdefault(rules, []).append(code)
    return found
