"""By whose leave a folder is published: the gate's record and a second person's approval, of its very content.

Knows what is demanded and the words of a refusal; does not publish, and runs no gate.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire import __version__
from policywire.rulebook.history import Account, Approval, GateRun
from policywire.rulebook.load import File
from policywire.workbench.gate.record import GateRecord, content_of, load
from policywire.workbench.publishing.approvals import ApprovalRecord, approvals_of, others_approved
from policywire.workbench.publishing.person import same_person

FAULTS_SHOWN: Final = 3
"""Of a failed gate; the gate itself shows all."""


class Refusal(Struct, frozen=True):
    """Why a content is not published: a stable word, what is missing, and how to mend it."""

    code: str
    message: str
    mend: str

    def __str__(self) -> str:
        """``code: message. mend``."""
        return f"{self.code}: {self.message}. {self.mend}"


class Leave(Struct, frozen=True):
    """What speaks for publishing a content, and what against it.

    Attributes:
        content: its name, as the gate gives it.
        gate: the record of its run, passed or not; None where it never went through.
        approvals: by others than the author.
        refusals: what is missing; empty when it may be published.
    """

    content: str
    gate: GateRecord | None
    approvals: tuple[ApprovalRecord, ...]
    refusals: tuple[Refusal, ...]

    def account(self, author: str, reason: str) -> Account:
        """What is to be recorded of a publication; what is missing is recorded as passed over."""
        passed = self.gate is not None and not any(each.code.startswith("gate-") for each in self.refusals)
        return Account(
            kind="publication",
            author=author,
            reason=reason,
            content=self.content,
            gate=_run(self.gate) if self.gate is not None and passed else None,
            approvals=tuple(Approval(by=each.by, at=each.at, note=each.note) for each in self.approvals),
            forced=tuple(each.code for each in self.refusals),
        )


def leave_for(folder: Path, files: Iterable[File], author: str) -> Leave:
    """What speaks for and against publishing the documents of a folder.

    Args:
        folder: where they, their record and approvals are.
        files: the documents as they were read, the same that are then published: the folder may change meanwhile.
        author: who publishes, and whose own approval counts for nothing.

    Raises:
        RulesRefused: a file is no document.
        BadInput: a record or an approval cannot be read.
    """
    content = content_of(files)
    gate = load(folder, content)
    approvals = approvals_of(folder, content)
    others = tuple(each for each in approvals if not same_person(each.by, author))
    refusals = [*_against_gate(folder, content, gate), *_against_approvals(folder, content, approvals, others)]
    return Leave(content, gate, others, tuple(refusals))


def _against_gate(folder: Path, content: str, gate: GateRecord | None) -> Iterator[Refusal]:
    run = f"Run policywire rules gate {folder}"
    if gate is None:
        message = f"this content ({content[:19]}) has not been through the gate as it is now"
        yield Refusal("gate-missing", message, f"{run}.")
    elif not gate.passed:
        shown = "; ".join(each.rstrip(".") for each in gate.faults[:FAULTS_SHOWN]) or "no reason was recorded"
        more = f"; and {len(gate.faults) - FAULTS_SHOWN} more" if len(gate.faults) > FAULTS_SHOWN else ""
        message = f"the gate failed this content on {gate.ran_at}: {shown}{more}"
        yield Refusal("gate-failed", message, f"Mend the draft. {run}, which shows all of it.")
    elif gate.policywire != __version__:
        message = f"the gate was run with policywire {gate.policywire}, and this is {__version__}"
        yield Refusal("gate-outdated", message, f"{run} again.")


def _against_approvals(
    folder: Path, content: str, approvals: tuple[ApprovalRecord, ...], others: tuple[ApprovalRecord, ...]
) -> Iterator[Refusal]:
    mend = f"Somebody else looks at it and runs policywire rules approve {folder} --by NAME."
    if others:
        return
    if approvals:
        message = "only the author has approved of this content, and the author's own approval does not count"
        yield Refusal("approval-by-author", message, mend)
        return
    earlier = others_approved(folder, content)
    known = f"; {earlier} approval{'s are' if earlier != 1 else ' is'} of another content" if earlier else ""
    yield Refusal("approval-missing", f"nobody has approved of this content ({content[:19]}){known}", mend)


def _run(gate: GateRecord) -> GateRun:
    return GateRun(
        claims=gate.claims,
        cases=gate.cases,
        seed=gate.seed,
        policywire=gate.policywire,
        durable_rules=gate.durable_rules,
        ran_at=gate.ran_at,
        ran_by=gate.ran_by,
    )
