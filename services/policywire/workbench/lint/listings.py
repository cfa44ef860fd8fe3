"""Codes from one version to the next, and between a policy and its cases: none gets lost without a word.

Knows which codes a policy lists and which its cases bill; does not know how a code is decided.
"""

from collections.abc import Iterator
from itertools import pairwise

from policywire.model.codes import procedure_code
from policywire.rulebook.cases import CasesDocument, Expectation
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Finding
from policywire.workbench.lint.subject import Subject


def dropped_findings(subject: Subject) -> Iterator[Finding]:
    """Codes of a version that the next one neither lists nor speaks of in its basis."""
    for position, (before, after) in enumerate(pairwise(subject.policy.versions), 1):
        basis = "" if subject.document is None else subject.document.versions[position].basis
        gone = [code for code in before.rules if code not in after.rules and code not in basis]
        if gone:
            message = f"{', '.join(gone)} of version {before.effective_from} is in no rule of {after.effective_from}"
            mend = "Add it to a rule, or say in the version's basis that it is gone."
            yield Finding(("versions", position, "rules"), "dropped-code", message, mend, "warning")


def case_code_findings(document: CasesDocument, policy: CompiledPolicy) -> Iterator[Finding]:
    """Cases of codes that the policy does not list, and listed codes that no case of their version bills."""
    listed = {code for version in policy.versions for code in version.rules}
    billed: set[tuple[int, str]] = set()
    for position, case in enumerate(document.cases):
        code = procedure_code(case.line.procedure_code)
        version = policy.version_on(case.line.service_date)
        billed.add((id(version), code))
        if code not in listed and isinstance(case.expect, Expectation):
            message = f"no version of {policy.id} lists the code that this case expects a determination for"
            path = ("cases", position, "line", "procedure_code")
            yield Finding(path, "case-code-not-listed", message, "Mend the code, or expect no_determination.")
    for version in policy.versions:
        lacking = [code for code in version.rules if (id(version), code) not in billed]
        if lacking:
            message = f"no case bills {', '.join(lacking)} under version {version.effective_from}"
            mend = f"Add a case with the code and a service_date from {version.effective_from} on."
            yield Finding(("cases",), "code-without-case", message, mend, "warning")
