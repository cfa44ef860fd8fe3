"""Alerts about policies themselves: their sources' quarantined rows and conflicts, and changes of what they answer.

A pure function of what was announced before and the rulebook now in force. Knows nothing of members; does not know who
keeps the memory or sends the alerts.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from policywire.model.records import Alert, Policy, PolicyVersion, Severity, alert_id
from policywire.rulebook.answers import Answers, answers_of, changes
from policywire.rulebook.rulebook import CompiledPolicy, Rulebook

POLICY_CHANGED: Final = "policy_changed"
POLICY_SOURCE_QUARANTINE: Final = "policy_source_quarantine"
POLICY_SOURCE_CONFLICT: Final = "policy_source_conflict"

CODES_TOLD_MAX: Final = 20
"""An alert is read by people; beyond this many codes it says how many more."""

Key = tuple[str, str]
"""(payer, policy id)."""


class Announcement(Struct, frozen=True, array_like=True):
    """An open alert about one version of a policy; ``details`` is what its message says beside the fixed words."""

    kind: str
    version: str
    severity: Severity
    procedure_codes: tuple[str, ...]
    details: str


class PolicyMemory(Struct, frozen=True, array_like=True):
    """What is remembered of one policy: its versions' answers by first day, and the alerts that stand open."""

    answers: dict[str, Answers]
    open: tuple[Announcement, ...]


class Announced(NamedTuple):
    """What changed in memory (None: forget the policy), and the alerts to send."""

    memory: dict[Key, PolicyMemory | None]
    alerts: tuple[Alert, ...]


def announce(memory: Mapping[Key, PolicyMemory], rulebook: Rulebook) -> Announced:
    """Compare the rulebook in force with what was announced.

    With an empty memory there is nothing to compare with, so nothing has changed: a first start announces no change.
    """
    changed: dict[Key, PolicyMemory | None] = {}
    alerts: list[Alert] = []
    for key, after, said in announce_each(memory, rulebook):
        changed[key] = after
        alerts += said
    return Announced(changed, tuple(alerts))


def announce_each(
    memory: Mapping[Key, PolicyMemory], rulebook: Rulebook
) -> Iterator[tuple[Key, PolicyMemory | None, tuple[Alert, ...]]]:
    """The same, a policy at a time, for those who do not want the memories of 10,000 policies side by side."""
    policies = {(policy.payer, policy.id): policy for policy in rulebook.policies()}
    is_first = not memory
    for key in sorted({*policies, *memory}):
        policy, before = policies.get(key), memory.get(key)
        after = _look(policy, before, is_first=is_first)
        if after != before:
            said = tuple(_said(key, before, after, policy, rulebook))
            yield key, after if policy is not None or (after is not None and after.open) else None, said


def encode(memory: PolicyMemory) -> bytes:
    """One policy's memory as bytes."""
    return msgspec.msgpack.encode(memory)


def decode(data: bytes) -> PolicyMemory:
    """One policy's memory.

    Raises:
        msgspec.MsgspecError: the bytes are none.
    """
    return msgspec.msgpack.decode(data, type=PolicyMemory)


def _look(policy: CompiledPolicy | None, before: PolicyMemory | None, *, is_first: bool) -> PolicyMemory | None:
    answers = {} if policy is None else answers_of(policy)
    former = {} if before is None else before.answers
    altered = [] if is_first else list(_altered(former, answers, policy))
    told = {each.version for each in altered}
    newest_told = max(told, default="")
    standing = [
        each
        for each in (before.open if before is not None else ())
        if each.kind == POLICY_CHANGED and each.version not in told and each.version >= newest_told
    ]
    if policy is None and before is None:
        return None
    return PolicyMemory(answers, (*standing, *altered, *_of_sources(policy)))


def _altered(
    before: Mapping[str, Answers], after: Mapping[str, Answers], policy: CompiledPolicy | None
) -> Iterator[Announcement]:
    severity: Severity = "warning" if policy is None or policy.impact == "High" else "info"
    for version in sorted(before.keys() | after.keys()):
        by_code, general = changes(before.get(version), after.get(version))
        if (by_code or general) and not _makes_way(version, before, after):
            if version not in before and (former := _in_force(before, version)) is not None:
                by_code, general = changes(
                    replace(former, effective_through=after[version].effective_through), after[version]
                )
                same = not (by_code or general)
                general = [
                    "a new version that answers as was published for its days" if same else "a new version",
                    *general,
                ]
            told = [*general, *(f"{code} {how}" for code, how in sorted(by_code.items())[:CODES_TOLD_MAX])]
            if len(by_code) > CODES_TOLD_MAX:
                told.append(f"and {len(by_code) - CODES_TOLD_MAX} more")
            codes = tuple(sorted(by_code) or sorted(after[version].codes if version in after else ()))
            yield Announcement(POLICY_CHANGED, version, severity, codes, "; ".join(told))


def _makes_way(version: str, before: Mapping[str, Answers], after: Mapping[str, Answers]) -> bool:
    """Whether a version does nothing but end where a new one begins, which is announced by what it answers itself."""
    was, now = before.get(version), after.get(version)
    if was is None or now is None or now.effective_through is None:
        return False
    begins = (date.fromisoformat(now.effective_through) + timedelta(days=1)).isoformat()
    return replace(was, effective_through=now.effective_through) == now and begins in after and begins not in before


def _in_force(versions: Mapping[str, Answers], day: str) -> Answers | None:
    """What was published for a day, against which a new version from that day on is held; None: nothing."""
    earlier = [first for first in versions if first <= day]
    found = versions[max(earlier)] if earlier else None
    return found if found is None or found.effective_through is None or day <= found.effective_through else None


def _of_sources(policy: CompiledPolicy | None) -> Iterator[Announcement]:
    if policy is None:
        return
    newest = policy.versions[-1].effective_from.isoformat()
    if policy.quarantined:
        why = "; ".join(dict.fromkeys(row.why for row in policy.quarantined))
        yield Announcement(POLICY_SOURCE_QUARANTINE, newest, "warning", (), why)
    if policy.source_conflicts:
        told = "; ".join(f"{each.about} Taken: {each.taken}" for each in policy.source_conflicts)
        yield Announcement(POLICY_SOURCE_CONFLICT, newest, "warning", (), told)


def _said(
    key: Key,
    before: PolicyMemory | None,
    after: PolicyMemory | None,
    policy: CompiledPolicy | None,
    rulebook: Rulebook,
) -> Iterator[Alert]:
    gone = {(each.kind, each.version): each for each in (before.open if before is not None else ())}
    for each in after.open if after is not None else ():
        if gone.pop((each.kind, each.version), None) != each:
            yield _alert(key, each, policy, rulebook, "open")
    for each in gone.values():
        yield _alert(key, each, policy, rulebook, "resolved")


def _alert(
    key: Key,
    each: Announcement,
    policy: CompiledPolicy | None,
    rulebook: Rulebook,
    status: Literal["open", "resolved"],
) -> Alert:
    payer, policy_id = key
    texts = rulebook.watch.texts[each.kind]
    names = {profile.key: profile.name for profile in rulebook.payers.values()}
    words = {
        "codes": ", ".join(each.procedure_codes[:CODES_TOLD_MAX]),
        "policy": policy_id if policy is None else policy.id,
        "payer": names.get(payer, payer),
    }
    subject = Policy(payer, policy_id, each.version)
    return Alert(
        alert_id=alert_id(None, each.kind, subject),
        kind=each.kind,
        status=status,
        audience=texts.audience,
        severity=each.severity,
        member_id=None,
        subject=subject,
        payer_id=None,
        policy=PolicyVersion(payer, policy_id, date.fromisoformat(each.version)),
        procedure_codes=each.procedure_codes,
        date_of_service=None,
        exposure_amount=None,
        ordering_provider_npi=None,
        message=f"{texts.message.format_map(words)} ({each.details})",
        action=texts.action.format_map(words),
        evidence=(),
        rulebook_revision=rulebook.revision,
    )
