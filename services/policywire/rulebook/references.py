"""What documents must fulfil together: that what one refers to another gives, once.

Knows all documents of a rulebook in compiled form; does not know files beyond their names.
"""

from collections.abc import Iterator, Mapping

from policywire.rulebook.checks import tests_in
from policywire.rulebook.collection import Collection, Located
from policywire.rulebook.compile import Draft
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Finding
from policywire.rulebook.watch_references import watch_reference_findings
from policywire.rulebook.when import suggestion


def reference_findings(all_of: Collection) -> Iterator[Located]:
    """Everything that is wrong between documents, each at the file that has to change."""
    yield from _given_twice(all_of)
    yield from _payer_ids_shared(all_of.payers)
    payers = {each.payer: each for each in all_of.payers.values()}
    contexts = {each.id: each for each in all_of.contexts.values()}
    terms = {each.id: each for each in all_of.terms.values()}
    for file, draft in all_of.drafts.items():
        yield from _in_file(file, _draft_findings(draft, payers, contexts, terms))
    yield from watch_reference_findings(all_of)


def _in_file(file: str, findings: Iterator[Finding]) -> Iterator[Located]:
    for finding in findings:
        yield file, finding


def _given_twice(all_of: Collection) -> Iterator[Located]:
    names: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("payer", {file: each.payer for file, each in all_of.payers.items()}),
        ("id", {file: each.id for file, each in all_of.contexts.items()}),
        ("id", {file: each.id for file, each in all_of.terms.items()}),
        ("policy", {file: (each.payer, each.policy) for file, each in all_of.cases.items()}),
        ("policy", {file: (each.policy.payer, each.policy.id) for file, each in all_of.drafts.items()}),
    )
    for field, by_file in names:
        seen: dict[object, str] = {}
        for file, name in by_file.items():
            if name in seen:
                spelled = name if isinstance(name, str) else " ".join(map(str, name))  # type: ignore[call-overload]
                message = f"{spelled} is already given by {seen[name]}"
                yield file, Finding((field,), "document-twice", message, "Keep one of the two documents.")
            seen.setdefault(name, file)


def _payer_ids_shared(payers: dict[str, PayerDocument]) -> Iterator[Located]:
    owners: dict[str, str] = {}
    for file, payer in payers.items():
        for position, payer_id in enumerate(payer.payer_ids):
            if owners.setdefault(payer_id, file) != file:
                message = f"payer id {payer_id} belongs to the profile in {owners[payer_id]} too"
                mend = "One id is one payer: keep it in one of the profiles."
                yield file, Finding(("payer_ids", position), "payer-id-shared", message, mend)


def _draft_findings(
    draft: Draft,
    payers: Mapping[str, PayerDocument],
    contexts: Mapping[str, ContextsDocument],
    terms: Mapping[str, TermsDocument],
) -> Iterator[Finding]:
    policy = draft.policy
    payer = payers.get(policy.payer)
    if payer is None:
        mend = suggestion(policy.payer, tuple(payers)) if payers else "Add its profile, a payer.yaml."
        yield Finding(("payer",), "unknown-payer", f"no profile of payer {policy.payer}", mend)
    for field, name, known in (("contexts", draft.contexts, contexts), ("terms", draft.terms, terms)):
        if name is not None and name not in known:
            mend = suggestion(name, tuple(known)) if known else f"Add such a {field} document."
            yield Finding((field,), f"unknown-{field}", f"no {field} document {name}", mend)
    words = tuple(payer.lines_of_business) if payer else None
    if words is not None:
        for word in sorted(policy.lines_of_business.difference(words)):
            where = ("scope", "lines_of_business")
            message = f"{word} is none of the payer's lines of business"
            yield Finding(where, "line-of-business", message, suggestion(word, words))
    classes = contexts.get(draft.contexts or "")
    known_values = {
        "line_of_business": words,
        "clinical_context": (*(each.name for each in classes.classes), "mixed") if classes else None,
    }
    yield from _operand_findings(policy, known_values)


def _operand_findings(policy: CompiledPolicy, known: Mapping[str, tuple[str, ...] | None]) -> Iterator[Finding]:
    reported: set[tuple[int, str, str]] = set()
    for v, version in enumerate(policy.versions):
        for rule in {id(rule): rule for rules in version.rules.values() for rule in rules}.values():
            for test in tests_in(rule.condition):
                values = known.get(test.fact)
                if values is None or test.operator not in ("is", "in"):
                    continue
                written = [test.operand] if test.operator == "is" else sorted(test.operand)
                for value in written:
                    if value not in values and (v, rule.id, value) not in reported:
                        reported.add((v, rule.id, value))
                        message = f"in rule {rule.id}: {test.fact} is never {value}"
                        yield Finding(("versions", v, "rules"), "operand", message, suggestion(value, values))
