"""A policy's versions in order: what each rests on, when it could be known, and what it answers otherwise.

Knows documents, and compares versions by deciding (:mod:`policywire.workbench.diff`); knows no files and no topic.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.codes import procedure_code
from policywire.rulebook.document import Citation, PolicyDocument, QuarantinedRow, SourceConflict, VersionText
from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Version
from policywire.workbench.diff.comparison import compare
from policywire.workbench.diff.edition import Edition, at_version
from policywire.workbench.diff.report import Difference
from policywire.workbench.diff.words import change_in_words
from policywire.workbench.documents import Documents

Standing = Literal["in_force", "upcoming", "superseded", "expired"]


class Otherwise(Struct, frozen=True):
    """Codes that a version answers otherwise than the one before: for which lines, and how."""

    codes: tuple[str, ...]
    when: tuple[str, ...]
    """What must hold of a line, all of it; none: every line."""
    changes: tuple[str, ...]


class VersionTold(Struct, frozen=True, kw_only=True):
    """A version, and what it answers otherwise than the one before it."""

    effective_from: date
    effective_through: date | None
    """Last day of service that it decides; None: open."""
    known_from: date
    standing: Standing
    position: str
    prior_authorization: str
    review_interval_months: int | None
    basis: str
    cites: tuple[str, ...]
    codes: tuple[str, ...]
    codes_added: tuple[str, ...]
    codes_removed: tuple[str, ...]
    otherwise: tuple[Otherwise, ...]


class PolicyHistory(Struct, frozen=True, kw_only=True):
    """Everything that the documents say of a policy's past, present and announced future."""

    payer: str
    payer_name: str
    policy: str
    title: str
    change_type: str
    impact: str
    known_from: date
    contexts: str | None
    terms: str | None
    versions: tuple[VersionTold, ...]
    citations: tuple[Citation, ...]
    source_conflicts: tuple[SourceConflict, ...]
    quarantined: tuple[QuarantinedRow, ...]


def history_of(documents: Documents, key: PolicyKey, code: str | None, today: date) -> PolicyHistory:
    """The history of a policy.

    Args:
        documents: a folder's.
        key: the policy.
        code: only what concerns this code; None: everything.
        today: on which a version is in force, upcoming or over.

    Raises:
        BadInput: no version of the policy lists the code.
    """
    document, compiled = documents.policies[key], documents.compiled[key]
    wanted = None if code is None else procedure_code(code)
    listed = sorted({each for version in compiled.versions for each in version.rules})
    if wanted is not None and wanted not in listed:
        raise BadInput(f"{key[1]} lists no code {wanted} in any version. It lists {', '.join(listed)}.")
    payer = documents.payers.get(key[0])
    return PolicyHistory(
        payer=document.payer,
        payer_name=payer.name if payer else document.payer,
        policy=document.policy,
        title=document.title,
        change_type=document.change_type,
        impact=document.impact,
        known_from=document.known_from,
        contexts=document.contexts,
        terms=document.terms,
        versions=tuple(_versions(documents, document, compiled, wanted, today)),
        citations=document.citations,
        source_conflicts=document.source_conflicts,
        quarantined=document.quarantined_rows,
    )


def _versions(
    documents: Documents, document: PolicyDocument, compiled: CompiledPolicy, code: str | None, today: date
) -> Iterator[VersionTold]:
    before: Version | None = None
    edition = Edition("", documents.rulebook, (compiled.payer, compiled.id))
    texts = sorted(document.versions, key=lambda each: each.effective_from)
    for text, version in zip(texts, compiled.versions, strict=True):
        own = frozenset(version.rules)
        former = own if before is None else frozenset(before.rules)
        concerns = own | former if code is None else frozenset((code,))
        differences = () if before is None else _differences(edition, before, version)
        yield VersionTold(
            effective_from=version.effective_from,
            effective_through=version.effective_through,
            known_from=version.known_from,
            standing=_standing(version, compiled, today),
            position=text.position,
            prior_authorization=text.prior_authorization,
            review_interval_months=text.review_interval_months,
            basis=text.basis,
            cites=_cites(text),
            codes=tuple(sorted(own & concerns)),
            codes_added=tuple(sorted((own - former) & concerns)),
            codes_removed=tuple(sorted((former - own) & concerns)),
            otherwise=tuple(_otherwise(differences, own & former & concerns)),
        )
        before = version


def _standing(version: Version, policy: CompiledPolicy, today: date) -> Standing:
    if version.effective_from > today:
        return "upcoming"
    if any(version.effective_from < each.effective_from <= today for each in policy.versions):
        return "superseded"
    through = version.effective_through
    return "expired" if through is not None and through < today else "in_force"


def _cites(version: VersionText) -> tuple[str, ...]:
    """The citations that the version or one of its rules rests on."""
    return tuple(dict.fromkeys((*version.cites, *(each for rule in version.rules for each in rule.cites))))


def _differences(edition: Edition, before: Version, after: Version) -> tuple[Difference, ...]:
    assert edition.only is not None  # noqa: S101  it is of one policy
    sides = [at_version(edition, "/".join(edition.only), each.effective_from) for each in (before, after)]
    found = compare(sides[0].rulebook, sides[1].rulebook, (sides[0].name, sides[1].name), edition.only)
    return tuple(difference for policy in found.policies for difference in policy.differences)


def _otherwise(differences: tuple[Difference, ...], codes: frozenset[str]) -> Iterator[Otherwise]:
    for difference in differences:
        own = tuple(code for code in difference.codes if code in codes)
        if own:
            yield Otherwise(own, difference.when, tuple(map(change_in_words, difference.changes)))
