"""What the cases beside the policies reach: rules that they make decide, boundary days and codes that they bill.

Knows cases, determinations and versions; does not know whether a case holds (:mod:`policywire.workbench.casetest`), nor
whether it would notice a mistake (:mod:`policywire.workbench.mutation`).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from policywire.model.codes import procedure_code
from policywire.rulebook.cases import Case
from policywire.rulebook.collection import Collection, Key
from policywire.rulebook.coverage import boundary_dates, rule_ids
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import CompiledPolicy, Rulebook, Version
from policywire.workbench.casetest import decided


class VersionCoverage(Struct, frozen=True):
    """Of one version: by which cases each rule decides, and how many cases bill each code while it is in force."""

    effective_from: date
    rules: dict[str, tuple[str, ...]]
    codes: dict[str, int]


class PolicyCoverage(Struct, frozen=True):
    """Of one policy: its versions, and how many cases stand on each day beside a boundary of them."""

    payer: str
    policy: str
    cases: int
    versions: tuple[VersionCoverage, ...]
    boundary_days: dict[date, int]


class Share(Struct, frozen=True):
    """How many of all are reached."""

    reached: int
    total: int

    def __add__(self, other: "Share") -> "Share":
        """Both together."""
        return Share(self.reached + other.reached, self.total + other.total)

    @property
    def percent(self) -> float:
        """In percent; all of nothing is 100."""
        return 100.0 * self.reached / self.total if self.total else 100.0

    def __str__(self) -> str:
        """As ``19 of 20``."""
        return f"{self.reached} of {self.total}"


def case_coverage(reading: Reading) -> tuple[PolicyCoverage, ...]:
    """What the cases of each policy reach: of those that have cases, and of all that were written by hand.

    Args:
        reading: documents with a rulebook, whether every rule has a case or not.
    """
    rulebook = reading.rulebook
    assert rulebook is not None  # noqa: S101 (the caller has refused documents with faults)
    return tuple(_measured(reading.collection, rulebook))


def _measured(collection: Collection, rulebook: Rulebook) -> Iterator[PolicyCoverage]:
    for file, draft in collection.drafts.items():
        policy = draft.policy
        key = (policy.payer, policy.id)
        documents = [each for each in collection.cases.values() if (each.payer, each.policy) == key]
        cases = [case for each in documents for case in each.cases]
        if cases or not file.endswith(".json"):
            yield _of_policy(policy, cases, _deciding(cases, key, rulebook))


def _deciding(cases: list[Case], key: Key, rulebook: Rulebook) -> dict[tuple[object, str | None], tuple[str, ...]]:
    """The names of the cases that each rule decides, by version and rule."""
    found: dict[tuple[object, str | None], tuple[str, ...]] = {}
    for case in cases:
        determination = decided(case, key, rulebook)
        if determination is not None:
            place = (determination.policy.version, determination.policy.rule)
            found[place] = (*found.get(place, ()), case.name)
    return found


def _of_policy(
    policy: CompiledPolicy, cases: list[Case], deciding: dict[tuple[object, str | None], tuple[str, ...]]
) -> PolicyCoverage:
    listed = {code for version in policy.versions for code in version.rules}
    billed = [(procedure_code(case.line.procedure_code), case.line.service_date) for case in cases]
    days = [day for code, day in billed if code in listed]
    return PolicyCoverage(
        payer=policy.payer,
        policy=policy.id,
        cases=len(cases),
        versions=tuple(
            VersionCoverage(
                effective_from=version.effective_from,
                rules={rule: deciding.get((version.effective_from, rule), ()) for rule in rule_ids(version)},
                codes=_codes(policy, version, billed),
            )
            for version in policy.versions
        ),
        boundary_days={day: days.count(day) for day in boundary_dates(policy)},
    )


def _codes(policy: CompiledPolicy, version: Version, billed: list[tuple[str, date]]) -> dict[str, int]:
    under = [code for code, day in billed if policy.version_on(day) is version]
    return {code: under.count(code) for code in version.rules}


def shares(policies: tuple[PolicyCoverage, ...]) -> dict[str, Share]:
    """How many rules, boundary days and codes of a version are reached in all."""
    none = Share(0, 0)
    versions = [version for each in policies for version in each.versions]
    return {
        "rules": sum((_share(version.rules) for version in versions), none),
        "boundary days": sum((_share(each.boundary_days) for each in policies), none),
        "codes": sum((_share(version.codes) for version in versions), none),
    }


def _share(reached: dict[Any, Any]) -> Share:
    return Share(sum(map(bool, reached.values())), len(reached))


def total(policies: tuple[PolicyCoverage, ...]) -> Share:
    """All of it as one share: what ``--coverage-min`` is about."""
    return sum(shares(policies).values(), Share(0, 0))


def told(policies: tuple[PolicyCoverage, ...]) -> Iterator[str]:
    """The coverage as lines of text: a line a rule, then what is not reached, then the shares."""
    for each in policies:
        yield f"{each.payer} {each.policy}: {each.cases} case{'s' if each.cases != 1 else ''}"
        for version in each.versions:
            yield f"  version {version.effective_from}"
            width = max(map(len, version.rules), default=0)
            for rule, names in version.rules.items():
                yield f"    {rule:<{width}}  {_by(names)}"
            unseen = [code for code, count in version.codes.items() if not count]
            if unseen:
                yield f"    no case bills {', '.join(unseen)}"
        days = [day.isoformat() for day, count in each.boundary_days.items() if not count]
        if days:
            yield f"  no case on {', '.join(days)}"
    parts = ", ".join(f"{name} {share}" for name, share in shares(policies).items())
    yield f"Coverage {total(policies).percent:.1f} %: {parts}."


def _by(names: tuple[str, ...]) -> str:
    if not names:
        return "never decides"
    others = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{others}"


def coverage_report(policies: tuple[PolicyCoverage, ...]) -> dict[str, Any]:
    """The coverage as plain values, for ``--json``."""
    return {
        "percent": round(total(policies).percent, 1),
        "shares": {
            name.replace(" ", "_"): {"reached": share.reached, "total": share.total}
            for name, share in shares(policies).items()
        },
        "policies": [_report(each) for each in policies],
    }


def _report(policy: PolicyCoverage) -> dict[str, Any]:
    return {
        "payer": policy.payer,
        "policy": policy.policy,
        "cases": policy.cases,
        "versions": [
            {
                "effective_from": version.effective_from.isoformat(),
                "rules": [{"rule": rule, "cases": list(names)} for rule, names in version.rules.items()],
                "codes": [{"code": code, "cases": count} for code, count in version.codes.items()],
            }
            for version in policy.versions
        ],
        "boundary_days": [{"day": day.isoformat(), "cases": count} for day, count in policy.boundary_days.items()],
    }
