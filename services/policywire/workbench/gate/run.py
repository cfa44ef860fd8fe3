"""The gate over a rules folder: the documents are checked, every case runs, every policy is tried by both engines.

Knows the order of things and what a record needs; does not know a terminal or the clock, nor how one policy is tried
(:mod:`policywire.workbench.gate.trial`).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire import __version__
from policywire.errors import BadInput, Fault
from policywire.rulebook.collection import Key
from policywire.rulebook.load import Reading, files_in
from policywire.workbench.casetest import CaseRun, run_cases
from policywire.workbench.check import check_rules
from policywire.workbench.gate.documents import Documents, engines_digest
from policywire.workbench.gate.ledger import Entry, Ledger
from policywire.workbench.gate.record import GateRecord, save
from policywire.workbench.gate.second import durable_rules_version
from policywire.workbench.gate.trial import Effort, Trial, try_policy
from policywire.workbench.watchtest import run_watch_cases

CLAIMS: Final = Effort().claims
"""Generated lines a policy; with fewer nothing is passed for publishing."""

Progress = Callable[[int, int], None]
"""Told how many policies are done, of how many that must be tried."""


class Asked(Struct, frozen=True, kw_only=True):
    """What is to be run, by whom and when."""

    effort: Effort = Effort()
    only: str | None = None
    """A policy's id, or payer/id; None: all of them."""
    again: bool = False
    """Try also what passed before."""
    jobs: int = 2
    """Policies that are tried at once."""
    ran_at: datetime
    ran_by: str


class GateRun(Struct, frozen=True, kw_only=True):
    """What a run gave."""

    document_faults: tuple[Fault, ...] = ()
    """With one of these nothing was run."""
    case_faults: tuple[Fault, ...] = ()
    trials: tuple[Trial, ...] = ()
    """Of the policies that were tried now, in order."""
    passed_before: int = 0
    """Policies that were asked for and had passed with this very content."""
    remaining: int = 0
    """Policies of the folder that have still to pass."""
    record: GateRecord | None = None
    """What was kept for publishing; None: nothing."""

    @property
    def passed(self) -> bool:
        """Whether nothing that was run is against it."""
        return not self.document_faults and not self.case_faults and all(each.passed for each in self.trials)

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything that is against it, one sentence each."""
        return tuple(_faults(self))


def run_gate(folder: Path, asked: Asked, progress: Progress) -> GateRun:
    """Run the gate and keep its record.

    Args:
        folder: the rules.
        asked: what is to be run.
        progress: is told how far it is.

    Raises:
        BadInput: the folder, the policy that was asked for or the second engine is not there, or the folder cannot be
            written.
    """
    durable_rules = durable_rules_version()
    files = tuple(files_in(folder))
    reading = check_rules(folder, asked.ran_at.date())
    if reading.faults:
        return GateRun(document_faults=reading.faults)
    if tuple(files_in(folder)) != files:
        raise BadInput(f"{folder} changed while it was read. Run the gate again.")
    documents = Documents(files)
    keys = _wanted(documents.policies, asked.only)
    case_run = run_cases(reading) + run_watch_cases(reading)
    ledger = Ledger(folder)
    engines = engines_digest(durable_rules)
    digests = {each: documents.digest(each, engines) for each in documents.policies}
    due = [each for each in keys if asked.again or ledger.passed(digests[each], asked.effort.claims) is None]
    trials = []
    for trial in _tried(documents, reading, due, asked, progress):
        trials.append(trial)
        ledger.add(_entry(trial, digests[trial.payer, trial.policy], asked))
    run = GateRun(
        case_faults=case_run.faults,
        trials=tuple(sorted(trials, key=lambda each: (each.payer, each.policy))),
        passed_before=len(keys) - len(due),
        remaining=sum(ledger.passed(each, min(asked.effort.claims, CLAIMS)) is None for each in digests.values()),
    )
    return _recorded(folder, documents.content, run, case_run, ledger, digests, asked, durable_rules)


def _wanted(policies: tuple[Key, ...], only: str | None) -> list[Key]:
    found = [each for each in policies if only in (None, each[1], "/".join(each))]
    if not found and only is not None:
        known = [each[1] for each in policies]
        close = get_close_matches(only, known, n=1)
        mend = f"Did you mean {close[0]}?" if close else "policywire rules check names the documents."
        raise BadInput(f"There is no policy {only}. {mend}")
    return found


def _tried(documents: Documents, reading: Reading, due: list[Key], asked: Asked, progress: Progress) -> Iterator[Trial]:
    """Each trial as it ends."""
    rulebook = reading.rulebook
    assert rulebook is not None  # noqa: S101  without a fault there is one
    progress(0, len(due))
    with ThreadPoolExecutor(max_workers=asked.jobs) as pool:
        running = [pool.submit(try_policy, documents, rulebook, each, asked.effort) for each in due]
        try:
            for done, future in enumerate(as_completed(running), start=1):
                yield future.result()
                progress(done, len(due))
        finally:
            for future in running:
                future.cancel()


def _entry(trial: Trial, digest: str, asked: Asked) -> Entry:
    return Entry(
        digest=digest,
        payer=trial.payer,
        policy=trial.policy,
        passed=trial.passed,
        cases=trial.cases,
        claims=trial.claims,
        seed=asked.effort.seed,
        ran_at=_written(asked.ran_at),
        ran_by=asked.ran_by,
    )


def _recorded(  # noqa: PLR0913, PLR0917  everything that a record tells
    folder: Path,
    content: str,
    run: GateRun,
    case_run: CaseRun,
    ledger: Ledger,
    digests: dict[Key, str],
    asked: Asked,
    durable_rules: str,
) -> GateRun:
    """The run with its record: of a whole folder that passed, or of anything that did not."""
    entries = [entry for each in digests.values() if (entry := ledger.passed(each, CLAIMS)) is not None]
    complete = len(entries) == len(digests)
    if run.passed and not complete:
        return run
    record = GateRecord(
        content=content,
        passed=run.passed,
        policies=len(digests),
        cases=case_run.count,
        claims=sum(each.claims for each in entries) + sum(each.claims for each in run.trials if not each.passed),
        seed=asked.effort.seed,
        differences=sum(each.differing for each in run.trials),
        faults=run.faults,
        policywire=__version__,
        durable_rules=durable_rules,
        ran_at=_written(asked.ran_at),
        ran_by=asked.ran_by,
    )
    save(folder, record)
    return replace(run, record=record)


def _faults(run: GateRun) -> Iterator[str]:
    if run.document_faults:
        count = len(run.document_faults)
        yield f"the documents have {count} fault{'s' if count != 1 else ''}"
    if run.case_faults:
        count = len(run.case_faults)
        yield f"{count} fault{'s' if count != 1 else ''} in cases, or cases that do not hold"
    for trial in run.trials:
        name = f"{trial.payer} {trial.policy}"
        if trial.failure is not None:
            yield f"{name}: {trial.failure.what}"
        elif trial.differing:
            yield f"{name}: the engines differ on {trial.differing} of {trial.cases + trial.claims} lines"


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
