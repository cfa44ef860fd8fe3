"""One policy on trial: its cases and generated lines through both engines, and where they differ.

Knows the way from a policy's documents to what is wrong; does not know folders, records or a terminal.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from policywire.model.records import RuleTried
from policywire.rulebook.collection import Key
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.gate.answer import Answer, differing
from policywire.workbench.gate.documents import Bundle, Documents
from policywire.workbench.gate.first import FirstAnswer, FirstEngine
from policywire.workbench.gate.line import SentLine, line_of_case
from policywire.workbench.gate.lines import Lines
from policywire.workbench.gate.reading import Message, Reader
from policywire.workbench.gate.ruleset import TooLarge, meanings_of, rulesets_of
from policywire.workbench.gate.second import SecondEngineFailed, ask
from policywire.workbench.gate.vocabulary import Vocabulary

KEPT_MAX: Final = 20
"""So many differences of a policy are kept with their lines; all are counted."""


class Difference(Struct, frozen=True):
    """A line that the engines decide differently."""

    name: str
    """``case: ...`` or ``generated line 17``."""
    line: SentLine
    fields: tuple[str, ...]
    """What the answers differ in."""
    ours: Answer | None
    explanation: tuple[RuleTried, ...]
    """Why ours says so."""
    second: Answer | None
    fired: str | None
    """The rule of the ruleset by which the second says so."""


class Failure(Struct, frozen=True):
    """An engine that gave no answer: it crashed, hung, raised or said something else."""

    what: str
    name: str | None
    """Of the line that it was asked about, when that is known."""
    line: SentLine | None
    said: str = ""
    """The end of what it wrote to standard error."""


class Trial(Struct, frozen=True, kw_only=True):
    """What the gate found of one policy."""

    payer: str
    policy: str
    cases: int = 0
    claims: int = 0
    """Generated lines."""
    differing: int = 0
    differences: tuple[Difference, ...] = ()
    """The first of them, at most KEPT_MAX."""
    failure: Failure | None = None
    unreached: tuple[str, ...] = ()
    """Rules that no line reached, as ``version: rule``: nothing was compared of them."""

    @property
    def passed(self) -> bool:
        """Whether the engines agree about everything."""
        return self.failure is None and not self.differing


class Named(Struct, frozen=True):
    """A line and what it is called."""

    name: str
    line: SentLine


class Effort(Struct, frozen=True, kw_only=True):
    """How hard a policy is tried."""

    claims: int = 5000
    """Generated lines."""
    seed: int = 0
    """What they are drawn from."""
    time_limit: float = 120.0
    """Seconds that the second engine may take for one policy."""


def try_policy(documents: Documents, rulebook: Rulebook, policy: Key, effort: Effort) -> Trial:
    """Put a policy on trial.

    Args:
        documents: all documents, as written: the second engine's.
        rulebook: the same compiled: our engine's.
        policy: which one.
        effort: how hard it is tried.
    """
    bundle, claims = documents.bundle(policy), effort.claims
    trial = Trial(payer=policy[0], policy=policy[1])
    reader = Reader(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    lines = (*_of_cases(bundle), *_generated(bundle, reader, claims, effort.seed))
    cases = len(lines) - claims
    ours: list[FirstAnswer] = []
    messages: list[Message] = []
    engine = FirstEngine(rulebook, policy)
    for each in lines:
        try:
            ours.append(engine.decide(each.line))
            messages.append(reader.message(each.line, elsewhere=documents.elsewhere(policy, each.line)))
        except Exception as error:  # noqa: BLE001  whatever is raised, by our engine or in reading a line, is a failed gate
            what = f"our engine raised {type(error).__name__}: {error}"
            return _with(trial, cases, claims, failure=Failure(what, each.name, each.line))
    try:
        rulesets = rulesets_of(bundle.policy, bundle.payer, bundle.contexts, reader)
        places = {code: place for place, each in enumerate(rulesets) for code in each.codes}
        asked = [(places.get(str(each["code"]), 0), each) for each in messages]
        fired = ask(rulesets, asked, effort.time_limit)
    except TooLarge as error:
        return _with(trial, cases, claims, failure=Failure(str(error), None, None))
    except SecondEngineFailed as error:
        at = lines[error.answered] if error.answered < len(lines) else None
        name, line = (None, None) if at is None else (at.name, at.line)
        failure = Failure(f"the second engine {error.what}", name, line, error.said)
        return _with(trial, cases, claims, failure=failure)
    found = []
    for each, first, second, (place, _) in zip(lines, ours, fired, asked, strict=True):
        theirs = rulesets[place].answer(second.rule, second.doubts, of_claim=each.line.stage != "scheduled")
        if fields := differing(first.answer, theirs):
            found.append(Difference(each.name, each.line, fields, first.answer, first.explanation, theirs, second.rule))
    return Trial(
        payer=trial.payer,
        policy=trial.policy,
        cases=cases,
        claims=claims,
        differing=len(found),
        differences=tuple(found[:KEPT_MAX]),
        unreached=tuple(_unreached(bundle, ours)),
    )


def _of_cases(bundle: Bundle) -> Iterator[Named]:
    payer_id = bundle.payer.payer_ids[0]
    for document in bundle.cases:
        for case in document.cases:
            yield Named(f"case: {case.name}", line_of_case(case.line, payer_id))


def _generated(bundle: Bundle, reader: Reader, claims: int, seed: int) -> Iterator[Named]:
    vocabulary = Vocabulary(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    lines = Lines(bundle.policy, vocabulary, reader, meanings_of(bundle.policy, reader))
    for number, line in enumerate(lines.draw(claims, seed), start=1):
        yield Named(f"generated line {number}", line)


def _unreached(bundle: Bundle, ours: list[FirstAnswer]) -> Iterator[str]:
    reached = {(each.answer.version, each.answer.rule) for each in ours if each.answer is not None}
    for version in bundle.policy.versions:
        day = version.effective_from.isoformat()
        yield from (f"{day}: {rule.id}" for rule in version.rules if (day, rule.id) not in reached)


def _with(trial: Trial, cases: int, claims: int, *, failure: Failure) -> Trial:
    return Trial(payer=trial.payer, policy=trial.policy, cases=cases, claims=claims, failure=failure)
