"""What a policy rests on: that everything is cited, by sources that somebody can check again.

Knows citations; does not know what they say.
"""

from collections.abc import Iterator

from policywire.rulebook.document import CompanionPolicy, PolicyDocument, QuarantinedRow, SourceConflict
from policywire.rulebook.source import Finding, Path


def citation_findings(policy: PolicyDocument) -> Iterator[Finding]:
    """Versions and rules that cite nothing, sources that nothing cites, and sources that cannot be checked again."""
    yield from _uncited(policy)
    yield from _sources(policy)
    if all(each.kind == "secondary" for each in policy.citations):
        message = "no source is the payer's own text"
        mend = "Get the payer's text, and add it as a citation of kind primary."
        yield Finding(("citations",), "no-primary-source", message, mend, "warning")


def _uncited(policy: PolicyDocument) -> Iterator[Finding]:
    for v, version in enumerate(policy.versions):
        if version.cites:
            continue
        path: Path = ("versions", v)
        bare = [(r, rule.id) for r, rule in enumerate(version.rules) if not rule.cites]
        if len(bare) == len(version.rules):
            message = f"version {version.effective_from} and its rules cite nothing"
            yield Finding(path, "uncited", message, "Add cites: with the id of a citation.", "warning")
            continue
        for r, rule in bare:
            message = f"{rule} cites nothing, nor does its version"
            mend = "Add cites: to the rule, or to the version for all its rules."
            yield Finding((*path, "rules", r), "uncited", message, mend, "warning")


def _sources(policy: PolicyDocument) -> Iterator[Finding]:
    cited = set(_cites(policy))
    for position, each in enumerate(policy.citations):
        path: Path = ("citations", position)
        if each.id not in cited:
            message = f"nothing cites {each.id}"
            yield Finding(path, "citation-unused", message, "Cite it where it says something, or drop it.", "warning")
        if each.retrieved is None:
            message = f"on which day {each.id} was read is not recorded"
            mend = "Read it again, and give the day as retrieved."
            yield Finding((*path, "retrieved"), "citation-not-retrieved", message, mend, "warning")
        elif each.sha256 is None:
            message = f"{each.id} has no sha256, so nobody can tell whether it has changed since {each.retrieved}"
            mend = "Add the SHA-256 of the text as it was read."
            yield Finding(path, "citation-without-hash", message, mend, "warning")


def _cites(policy: PolicyDocument) -> Iterator[str]:
    parts: tuple[CompanionPolicy | SourceConflict | QuarantinedRow, ...]
    parts = (*policy.companions, *policy.source_conflicts, *policy.quarantined_rows)
    for part in parts:
        yield from part.cites
    for version in policy.versions:
        yield from version.cites
        for rule in version.rules:
            yield from rule.cites
