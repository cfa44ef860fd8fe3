"""One policy on trial: its cases and generated lines through both engines, and where they differ.

Knows the way from a policy's documents to what is wrong; does not know folders, records or a terminal.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.records import RuleTried
from policywire.rulebook.collection import Key
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.gate.answer import Answer, differing
from policywire.workbench.gate.documents import Bundle, Documents
from policywire.workbench.gate.first import FirstAnswer, FirstEngine
from policywire.workbench.gate.line import SentLine, line_of_case
from policywire.workbench.gate.lines import Lines
from policywire.workbench.gate.logic import TooLarge
from policywire.workbench.gate.reading import Message, Reader
from policywire.workbench.gate.ruleset import meanings_of, rulesets_of
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
    bundle = documents.bundle(policy)
    trial = Trial(payer=policy[0], policy=policy[1], cases=sum(len(each.cases) for each in bundle.cases))
    trial = replace(trial, claims=effort.claims)
    try:
        reader = Reader(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
        lines = (*_of_cases(bundle), *_generated(bundle, reader, effort))
        ours = tuple(_first_answers(FirstEngine(rulebook, policy), lines))
        messages = [reader.message(each.line, elsewhere=documents.elsewhere(policy, each.line)) for each in lines]
        theirs = tuple(_second_answers(bundle, reader, lines, messages, effort.time_limit))
    except TooLarge as error:
        return replace(trial, failure=Failure(str(error), None, None))
    except NoAnswer as error:
        return replace(trial, failure=error.failure)
    found = tuple(_differences(lines, ours, theirs))
    unreached = tuple(_unreached(bundle, ours))
    return replace(trial, differing=len(found), differences=found[:KEPT_MAX], unreached=unreached)


class NoAnswer(Exception):
    """An engine gave none; ``failure`` says what happened."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def _first_answers(engine: FirstEngine, lines: Sequence[Named]) -> Iterator[FirstAnswer]:
    for each in lines:
        try:
            yield engine.decide(each.line)
        except Exception as error:  # whatever our engine raises is a failed gate
            what = f"our engine raised {type(error).__name__}: {error}"
            raise NoAnswer(Failure(what, each.name, each.line)) from error


def _second_answers(
    bundle: Bundle, reader: Reader, lines: Sequence[Named], messages: Sequence[Message], time_limit: float
) -> Iterator[tuple[Answer | None, str | None]]:
    """Each answer with the name of the rule that fired."""
    rulesets = rulesets_of(bundle.policy, bundle.payer, bundle.contexts, reader)
    places = {code: place for place, each in enumerate(rulesets) for code in each.codes}
    asked = [(places.get(str(each["code"]), 0), each) for each in messages]
    try:
        answers = ask(rulesets, asked, time_limit)
    except SecondEngineFailed as error:
        at = lines[error.answered] if error.answered < len(lines) else None
        name, line = (None, None) if at is None else (at.name, at.line)
        raise NoAnswer(Failure(f"the second engine {error.what}", name, line, error.said)) from error
    for each, (place, _), fired in zip(lines, asked, answers, strict=True):
        of_claim = each.line.stage != "scheduled"
        yield rulesets[place].answer(fired.rule, fired.doubts, of_claim=of_claim), fired.rule


def _differences(
    lines: Sequence[Named], ours: Sequence[FirstAnswer], theirs: Sequence[tuple[Answer | None, str | None]]
) -> Iterator[Difference]:
    for each, first, (second, fired) in zip(lines, ours, theirs, strict=True):
        if fields := differing(first.answer, second):
            yield Difference(each.name, each.line, fields, first.answer, first.explanation, second, fired)


def _of_cases(bundle: Bundle) -> Iterator[Named]:
    payer_id = bundle.payer.payer_ids[0]
    for document in bundle.cases:
        for case in document.cases:
            yield Named(f"case: {case.name}", line_of_case(case.line, payer_id))


def _generated(bundle: Bundle, reader: Reader, effort: Effort) -> Iterator[Named]:
    vocabulary = Vocabulary(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    lines = Lines(bundle.policy, vocabulary, reader, meanings_of(bundle.policy, reader))
    for number, line in enumerate(lines.draw(effort.claims, effort.seed), start=1):
        yield Named(f"generated line {number}", line)


def _unreached(bundle: Bundle, ours: Sequence[FirstAnswer]) -> Iterator[str]:
    reached = {(each.answer.version, each.answer.rule) for each in ours if each.answer is not None}
    for version in bundle.policy.versions:
        day = version.effective_from.isoformat()
        yield from (f"{day}: {rule.id}" for rule in version.rules if (day, rule.id) not in reached)
