"""Mistakes in a version: a boundary a day off, denial terms, prior authorization, flags or unknown facts wrong.

Knows versions as written; does not know which of the mistakes change an answer.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from msgspec.structs import replace

from policywire.rulebook.document import DenialTerms, PolicyDocument, VersionText
from policywire.rulebook.source import Path
from policywire.workbench.mutation.mutant import Mutant

Changed = tuple[str, Path, str, VersionText]

APPEAL: Final = {"do_not_appeal": "may_appeal", "confirm_first": "may_appeal", "may_appeal": "do_not_appeal"}
AUTHORIZATION: Final = {
    "no_pathway": "required",
    "required": "not_required",
    "not_required": "required",
    "unknown": "required",
}
WRONG_CARC: Final = ("96", "204")
"""A number that the denial has not is one of these."""

_DAY: Final = timedelta(days=1)


def version_mutants(policy: PolicyDocument) -> Iterator[Mutant[PolicyDocument]]:
    """Every mistake in a version of a policy that is none of its rules."""
    for v, version in enumerate(policy.versions):
        for kind, path, what, changed in _changed(version):
            versions = (*policy.versions[:v], changed, *policy.versions[v + 1 :])
            yield Mutant(
                kind=kind,
                path=("versions", v, *path),
                what=f"version {version.effective_from}: {what}",
                document=replace(policy, versions=versions),
                version=None if kind == "boundary-moved" else v,
            )


def _changed(version: VersionText) -> Iterator[Changed]:
    yield from _boundaries(version)
    stance: Any = AUTHORIZATION[version.prior_authorization]
    what = f"prior authorization {version.prior_authorization} becomes {stance}"
    yield "authorization-flipped", ("prior_authorization",), what, replace(version, prior_authorization=stance)
    for position, flag in enumerate(version.flags):
        rest = (*version.flags[:position], *version.flags[position + 1 :])
        yield "flag-flipped", ("flags", position), f"flag {flag.value} is left out", replace(version, flags=rest)
    for fact in version.unknown:
        rest_of = {name: flag for name, flag in version.unknown.items() if name != fact}
        what = f"{fact} is no longer unknown where it is absent"
        yield "unknown-dropped", ("unknown", fact), what, replace(version, unknown=rest_of)
    if version.denial is not None:
        for path, what, denial in denial_mistakes(version.denial):
            yield "denial-changed", ("denial", *path), what, replace(version, denial=denial)


def _boundaries(version: VersionText) -> Iterator[Changed]:
    for field in ("effective_from", "effective_through"):
        day = getattr(version, field)
        for moved in (day + _DAY, day - _DAY) if day is not None else ():
            what = f"{field} {day} becomes {moved}"
            yield "boundary-moved", (field,), what, replace(version, **{field: moved})


def denial_mistakes(denial: DenialTerms) -> Iterator[tuple[Path, str, DenialTerms]]:
    """Every mistake in how a denial reads: where, what, and the denial that it gives."""
    carc = next(each for each in WRONG_CARC if each != denial.carc)
    yield ("carc",), f"CARC {denial.carc} becomes {carc}", replace(denial, carc=carc)
    appeal: Any = APPEAL[denial.appeal]
    yield ("appeal",), f"appeal {denial.appeal} becomes {appeal}", replace(denial, appeal=appeal)
    yield ("reason",), "the reason has other words", replace(denial, reason=f"{denial.reason}, they say")
    for position, flag in enumerate(denial.confirm_first_when):
        rest = (*denial.confirm_first_when[:position], *denial.confirm_first_when[position + 1 :])
        what = f"a denial with {flag.value} is not confirmed first"
        yield ("confirm_first_when", position), what, replace(denial, confirm_first_when=rest)
