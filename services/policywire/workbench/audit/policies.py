"""What a report says of the policies that decided something. Knows the rulebook; does not know any charge."""

from collections.abc import Iterable
from datetime import date

from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Rulebook
from policywire.workbench.audit.result import AuditedPolicy


def audited_policies(rulebook: Rulebook, decided: Iterable[PolicyKey], as_of: date) -> tuple[AuditedPolicy, ...]:
    """The policies with these keys, in the order of payer and id.

    Args:
        rulebook: where they stand.
        decided: a payer's key and a policy's id of each, in any order, repeated or not.
        as_of: the day whose version says what a denial looks like.
    """
    wanted = set(decided)
    names = {profile.key: profile.name for profile in rulebook.payers.values()}
    found = (policy for policy in rulebook.policies() if (policy.payer, policy.id) in wanted)
    return tuple(_audited(policy, names[policy.payer], as_of) for policy in found)


def _audited(policy: CompiledPolicy, payer_name: str, as_of: date) -> AuditedPolicy:
    version = policy.version_on(as_of)
    denial = None if version is None else version.denial
    return AuditedPolicy(
        payer=policy.payer,
        payer_name=payer_name,
        policy=policy.id,
        title=policy.title,
        versions=tuple(version.effective_from for version in policy.versions),
        bucket=None if denial is None else denial.bucket,
        denial_reason=None if denial is None else denial.reason,
        appeal=None if denial is None else denial.appeal,
        quarantined_rows=len(policy.quarantined),
        source_conflicts=len(policy.source_conflicts),
    )
