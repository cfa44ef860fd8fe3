"""A run of the gate in words for a terminal and as plain values for ``--json``.

Knows reports; does not know how a run comes about. Lines are shown whole: those of cases and the generated ones are
synthetic.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from policywire.workbench.gate.answer import Answer
from policywire.workbench.gate.run import CLAIMS, GateRun
from policywire.workbench.gate.trial import Difference, Failure, Trial

SHOWN_MAX: Final = 3
"""So many differences of a policy are spelled out on a terminal; ``--json`` has more."""

LISTED_MAX: Final = 20
"""Of more policies only those are listed of which there is something to say."""

NO_ANSWER: Final = "no determination"


def report(run: GateRun) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "passed": run.passed,
        "faults": list(run.faults),
        "document_faults": [fault._asdict() for fault in run.document_faults],
        "case_faults": [fault._asdict() for fault in run.case_faults],
        "policies": [_trial_report(each) for each in run.trials],
        "passed_before": run.passed_before,
        "remaining": run.remaining,
        "record": msgspec.to_builtins(run.record),
    }


def _trial_report(trial: Trial) -> dict[str, Any]:
    value = msgspec.to_builtins(trial)
    assert isinstance(value, dict)  # noqa: S101  a struct gives a mapping
    return {"passed": trial.passed, **value}


def lines_of(run: GateRun) -> Iterator[str]:
    """For people: what is wrong first, the verdict last."""
    for fault in (*run.document_faults, *run.case_faults):
        yield str(fault)
    for trial in run.trials:
        if len(run.trials) <= LISTED_MAX or not trial.passed or trial.unreached:
            yield from _of_trial(trial)
    yield verdict(run)


def verdict(run: GateRun) -> str:
    """One line: whether it passed, and for what."""
    if not run.passed:
        return f"The gate did not let it pass: {'; '.join(run.faults)}."
    tried = _count(len(run.trials), "policy", "policies")
    before = f", {run.passed_before} passed before with the same content" if run.passed_before else ""
    said = f"Passed: both engines agree. {tried} tried{before}."
    if run.record is not None:
        return f"{said} Kept for publishing {run.record.content[:19]}."
    few = [each.claims for each in run.trials if each.claims < CLAIMS]
    if few:
        return f"{said} Not for publishing: that takes {CLAIMS:,} generated lines a policy."
    return f"{said} {_count(run.remaining, 'policy has', 'policies have')} still to pass before this folder does."


def _of_trial(trial: Trial) -> Iterator[str]:
    name = f"{trial.payer} {trial.policy}"
    counts = f"{trial.cases:,} cases, {trial.claims:,} generated lines"
    if trial.failure is not None:
        yield f"{name}: {counts}: {trial.failure.what}"
        yield from _indented(_of_failure(trial.failure))
    else:
        yield f"{name}: {counts}: {f'{trial.differing:,} decided differently' if trial.differing else 'equal answers'}"
    for difference in trial.differences[:SHOWN_MAX]:
        yield from _indented(_of_difference(difference))
    if trial.differing > SHOWN_MAX:
        yield f"  and {trial.differing - SHOWN_MAX:,} more; --json shows {len(trial.differences)} of them."
    for rule in trial.unreached:
        yield f"  warning: no line reached rule {rule}; the engines were not compared on it."


def _of_failure(failure: Failure) -> Iterator[str]:
    if failure.name is not None and failure.line is not None:
        yield f"it was asked about {failure.name}: {_line(failure.line.told())}"
    if failure.said:
        yield "it said last:"
        yield from _indented(iter(failure.said.splitlines()))


def _of_difference(difference: Difference) -> Iterator[str]:
    yield f"{difference.name}: {_line(difference.line.told())}"
    yield f"  differs in: {', '.join(difference.fields)}"
    yield f"  ours:   {_answer(difference.ours, difference.fields)}"
    for tried in difference.explanation:
        yield f"            {tried.rule} {tried.result}: {tried.because}"
    fired = f"fired: {difference.fired}" if difference.fired is not None else "no rule fired"
    yield f"  second: {_answer(difference.second, difference.fields)}"
    yield f"            {fired}"


def _answer(answer: Answer | None, fields: tuple[str, ...]) -> str:
    """The answer in a line, and of what differs that which the line does not have."""
    if answer is None:
        return NO_ANSWER
    value = msgspec.to_builtins(answer)
    told = [
        f"{name} {value[name]}" for name in fields if name in ("handoff", "prior_authorization", "reason", "denial")
    ]
    return ", ".join([str(answer), *told])


def _line(told: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in told.items())


def _indented(lines: Iterator[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
