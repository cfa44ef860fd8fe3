"""Runs the cases beside the watch rules through the same replay and step as ``policywire replay``.

Knows cases and alerts; does not know when an alert opens.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict, replace

from policywire.model.decode import EVENT_DECODER
from policywire.model.records import Alert, AlertSubject, Record
from policywire.rulebook.case_events import event_values
from policywire.rulebook.collection import Key
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import CompiledPolicy, Rulebook
from policywire.rulebook.source import Finding, Path
from policywire.rulebook.watch_cases import ExpectedAlert, Publication, WatchCase, WatchCasesDocument
from policywire.workbench.casetest import KEEP, CaseRun, comparable, say
from policywire.workbench.replay import BadLine, Replay

Difference = tuple[Path, str]
"""Where in a case, and how what came out differs from it."""


def run_watch_cases(reading: Reading) -> CaseRun:
    """Run every watch case of documents that were read without a fault."""
    count = failed = 0
    faults: list[Any] = []
    for name, document in reading.collection.watch_cases.items():
        findings: list[Finding] = []
        for position, case in enumerate(document.cases):
            wrong = tuple(differences(case, alerts_of(case, document, reading)))
            findings += (
                Finding(("cases", position, "expect", *path), "case-failed", f"{case.name}: {text}", KEEP)
                for path, text in wrong
            )
            count, failed = count + 1, failed + bool(wrong)
        faults += reading.locate(name, findings)
    return CaseRun(count, failed, tuple(sorted(faults)))


def alerts_of(case: WatchCase, document: WatchCasesDocument, reading: Reading) -> tuple[Alert, ...]:
    """The latest state of every alert that the policy's rules gave in a case."""
    key = (document.payer, document.policy)
    payer_id = next(each.payer_ids[0] for each in reading.collection.payers.values() if each.payer == document.payer)
    latest = {
        record.alert_id: record
        for record in _records(case, key, payer_id, reading.rulebook)
        if isinstance(record, Alert) and (record.policy.payer, record.policy.id) == key
    }
    return tuple(latest.values())


def _records(case: WatchCase, key: Key, payer_id: str, rulebook: Rulebook | None) -> Iterator[Record | BadLine]:
    assert rulebook is not None  # noqa: S101 (the caller has refused documents with faults)
    rulebook = replace(rulebook, watch=replace(rulebook.watch, alerts_from=case.alerts_from))
    coming = case.published
    replay = Replay(rulebook if coming is None else _before(coming, key, rulebook))
    for number, value in enumerate(event_values(case, payer_id), 1):
        if coming is not None and EVENT_DECODER.decode(value).occurred_at >= coming.at:
            yield from replay.publish(rulebook, coming.at)
            coming = None
        yield from replay.feed(number, value)
    if coming is not None:
        yield from replay.publish(rulebook, coming.at)
    yield from replay.advance(case.as_of)


def _before(coming: Publication, key: Key, rulebook: Rulebook) -> Rulebook:
    """The rulebook without the version that is published later; the one before it then has no end."""

    def former(policy: CompiledPolicy) -> CompiledPolicy:
        if (policy.payer, policy.id) != key:
            return policy
        *kept, last = (each for each in policy.versions if each.effective_from < coming.version)
        return replace(policy, versions=(*kept, replace(last, effective_through=None)))

    index = {
        payer_id: {code: tuple(map(former, policies)) for code, policies in by_code.items()}
        for payer_id, by_code in rulebook.index.items()
    }
    return replace(rulebook, revision=f"sha256:{'0' * 64}", index=index)


def differences(case: WatchCase, alerts: Iterable[Alert]) -> Iterator[Difference]:
    """How the alerts differ from what a case expects; paths begin at its expectation."""
    expect = case.expect
    named = {*expect.absent, *(each.kind for each in (*expect.open, *expect.resolved))}
    found = [each for each in alerts if each.kind in named]
    wanted: list[tuple[Path, str, ExpectedAlert]] = [
        (("open", position), "open", each) for position, each in enumerate(expect.open)
    ]
    wanted += [(("resolved", position), "resolved", each) for position, each in enumerate(expect.resolved)]
    missed = []
    for path, status, each in wanted:
        match = next((alert for alert in found if not _unlike(each, status, alert)), None)
        if match is None:
            missed.append((path, status, each))
        else:
            found.remove(match)
    for path, status, each in missed:
        yield from _explained(path, status, each, found)
    for alert in found:
        if alert.kind in expect.absent:
            yield ("absent",), f"{alert.kind} is {alert.status} ({_about(alert.subject)}), expected never to open"
        elif alert.status == "open":
            yield ("open",), f"{alert.kind} is open ({_about(alert.subject)}), and no such alert is expected"


def _explained(path: Path, status: str, wanted: ExpectedAlert, left: list[Alert]) -> Iterator[Difference]:
    """An expected alert beside the one that is most like it, which is taken out of what is left."""
    alike = [each for each in left if each.kind == wanted.kind]
    if not alike:
        yield path, f"{wanted.kind} is not there, expected {status}"
        return
    nearest = min(alike, key=lambda each: len(_unlike(wanted, status, each)))
    left.remove(nearest)
    for field, (is_, expected) in _unlike(wanted, status, nearest).items():
        where = path if field == "status" else (*path, field)
        yield where, f"{wanted.kind}: {field} is {say(is_)}, expected {say(expected)}"


def _unlike(wanted: ExpectedAlert, status: str, alert: Alert) -> dict[str, tuple[Any, Any]]:
    """The fields in which an alert is not what is expected: what it has and what it should have."""
    seen = _seen(alert)
    told = f"{alert.message} {alert.action}"
    unlike: dict[str, tuple[Any, Any]] = {}
    if alert.status != status:
        unlike["status"] = (alert.status, status)
    for field, expected in asdict(wanted).items():
        if field == "says":
            if expected is not UNSET and expected not in told:
                unlike[field] = (told, expected)
        elif expected is not UNSET and comparable(expected) != comparable(seen[field]):
            unlike[field] = (comparable(seen[field]), comparable(expected))
    return unlike


def _seen(alert: Alert) -> dict[str, Any]:
    return {
        "kind": alert.kind,
        **_subject(alert.subject),
        "severity": alert.severity,
        "audience": alert.audience,
        "codes": alert.procedure_codes,
        "version": alert.policy.version,
        "date_of_service": alert.date_of_service,
        "exposure_amount": alert.exposure_amount,
        "ordering_provider_npi": alert.ordering_provider_npi,
        "evidence": alert.evidence,
    }


def _subject(subject: AlertSubject) -> dict[str, Any]:
    names = ("claim_id", "line_number", "appointment_id", "procedure_code")
    return {name: getattr(subject, name, None) for name in names}


def _about(subject: AlertSubject) -> str:
    return " ".join(str(each) for each in _subject(subject).values() if each is not None)
