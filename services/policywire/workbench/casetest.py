"""Runs the cases beside the policies through the same pure step that the worker uses.

Knows cases and determinations; does not know how a line is decided.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import fields

from policywire.errors import Fault
from policywire.model.events import ClaimDrafted, ClaimSubmitted, Provider, ServiceLine
from policywire.model.records import Determination
from policywire.rulebook.cases import Case, Expectation
from policywire.rulebook.collection import Key
from policywire.rulebook.coverage import rule_ids
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import Rulebook
from policywire.rulebook.source import Finding
from policywire.step import step

KEEP: Final = "Mend the rule, or the case if it is wrong."


class CaseRun(Struct, frozen=True):
    """What running all cases gave: how many there were and failed, and everything that is wrong, with positions."""

    count: int
    failed: int
    faults: tuple[Fault, ...]

    def __add__(self, other: "CaseRun") -> "CaseRun":
        """Both together."""
        faults = tuple(sorted((*self.faults, *other.faults)))
        return CaseRun(self.count + other.count, self.failed + other.failed, faults)


def run_cases(reading: Reading) -> CaseRun:
    """Run every case of documents that were read without a fault."""
    rulebook = reading.rulebook
    assert rulebook is not None  # noqa: S101 (the caller has refused documents with faults)
    count = failed = 0
    faults: list[Fault] = []
    reached: set[tuple[Key, object, str]] = set()
    for name, document in reading.collection.cases.items():
        findings: list[Finding] = []
        key = (document.payer, document.policy)
        for position, case in enumerate(document.cases):
            determination = decided(case, key, rulebook)
            wrong = tuple(differences(case, determination))
            findings += (Finding(("cases", position, *path), "case-failed", text, KEEP) for path, text in wrong)
            count, failed = count + 1, failed + bool(wrong)
            if determination is not None and determination.policy.rule is not None:
                reached.add((key, determination.policy.version, determination.policy.rule))
        faults += reading.locate(name, findings)
    for name, findings in _unreached(reading, reached):
        faults += reading.locate(name, findings)
    return CaseRun(count, failed, tuple(sorted(faults)))


def _unreached(reading: Reading, reached: set[tuple[Key, object, str]]) -> Iterator[tuple[str, list[Finding]]]:
    policies = reading.collection.policies()
    for name, document in reading.collection.cases.items():
        key = (document.payer, document.policy)
        findings = []
        for version in policies[key].versions:
            for rule in rule_ids(version):
                if (key, version.effective_from, rule) not in reached:
                    message = f"no case makes rule {rule} of version {version.effective_from} decide"
                    mend = "Add a case that reaches it, or take the rule out."
                    findings.append(Finding(("cases",), "rule-not-reached", message, mend))
        yield name, findings


def decided(case: Case, key: Key, rulebook: Rulebook) -> Determination | None:
    """What a case's policy says of its line, or None when it says nothing."""
    claim = claim_of(case, key[0], rulebook)
    for record in step(claim, None, rulebook, claim.occurred_at).records:
        if isinstance(record, Determination) and (record.policy.payer, record.policy.id) == key:
            return record
    return None


def claim_of(case: Case, payer: str, rulebook: Rulebook) -> ClaimDrafted | ClaimSubmitted:
    """The synthetic claim that a case stands for: one line, sent at noon of its day of service."""
    line = case.line
    own_ids = sorted(payer_id for payer_id, profile in rulebook.payers.items() if profile.key == payer)
    sent = datetime.combine(line.service_date, time(12), tzinfo=UTC)
    kind = ClaimDrafted if line.stage == "drafted" else ClaimSubmitted
    return kind(
        event_id="case",
        occurred_at=sent,
        member_id="synthetic-member",
        claim_id="synthetic-claim",
        payer_id=line.payer_id or own_ids[0],
        line_of_business=line.line_of_business,
        rendering_provider=Provider(taxonomy=line.rendering_taxonomy) if line.rendering_taxonomy else None,
        diagnoses=line.diagnoses,
        lines=(
            ServiceLine(
                line_number=1,
                procedure_code=line.procedure_code,
                charge_amount=line.charge_amount,
                service_date=line.service_date,
                service_date_end=line.service_date_end,
                modifiers=line.modifiers,
                diagnosis_pointers=line.diagnosis_pointers,
                units=line.units,
                narrative=line.narrative,
            ),
        ),
    )


def differences(case: Case, got: Determination | None) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where and how what came out differs from what was expected; one sentence each, which names the case."""
    expect = case.expect
    if not isinstance(expect, Expectation):
        if got is not None:
            yield ("expect",), f"{case.name}: a determination came out ({got.outcome.value}), none was expected"
        return
    if got is None:
        yield ("expect",), f"{case.name}: no determination came out"
        return
    told = seen(got)
    for field in fields(Expectation):
        wanted = getattr(expect, field.name)
        if wanted is UNSET:
            continue
        wanted, found = comparable(wanted), comparable(told[field.name])
        if wanted != found:
            yield ("expect", field.name), f"{case.name}: {field.name} is {say(found)}, expected {say(wanted)}"


def seen(got: Determination) -> dict[str, Any]:
    """What of a determination a case can look at, by the fields of an expectation."""
    denial = got.expected_denial
    return {
        "outcome": got.outcome,
        "rule": got.policy.rule,
        "version": got.policy.version,
        "flags": got.flags,
        "reason": got.reason,
        "handoff": got.handoff,
        "prior_authorization": got.prior_authorization,
        "appeal": denial.appeal if denial else None,
        "carc": denial.carc if denial else None,
        "next_action": got.next_action.code,
    }


def comparable(value: Any) -> Any:
    """A value to compare: lists in any order, their parts as text."""
    return tuple(sorted(str(each) for each in value)) if isinstance(value, tuple) else value


def say(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return "null" if value is None else str(value)
