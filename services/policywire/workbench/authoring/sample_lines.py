"""Finds a claim line that a rule decides, so that a new policy has a case for each rule.

Knows conditions and values that satisfy them; asks the same step as the worker whether a line comes to the rule, and
does not decide anything itself. All lines are synthetic.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, product
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.records import Determination
from policywire.rulebook.cases import Case, CaseLine
from policywire.rulebook.checks import condition_of, good_codes, tests_in
from policywire.rulebook.conditions import Test
from policywire.rulebook.document import RuleText
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.workbench.casetest import claim_of

TRIED_MAX: Final = 3000
"""Lines tried for a rule before a person is asked to write its case: a second of work."""

OTHER_WORDS: Final = "synthetic narrative of something else"

Choice = dict[str, Any]
"""Fields of a case line."""


class Surroundings(Struct, frozen=True):
    """What lines of a policy are read by."""

    rulebook: Rulebook
    payer: PayerDocument
    policy: str
    contexts: ContextsDocument | None
    terms: TermsDocument | None

    def decided_by(self, line: CaseLine) -> str | None:
        """Id of the rule of the policy that decides a line; None: none does."""
        found = self.determination(line)
        return found.policy.rule if found else None

    def determination(self, line: CaseLine) -> Determination | None:
        """What the policy says of a line; None: nothing."""
        case = Case(name="sample", line=line, expect="no_determination")
        claim = claim_of(case, self.payer.payer, self.rulebook)
        for record in step(claim, None, self.rulebook, claim.occurred_at).records:
            if isinstance(record, Determination) and record.policy.id == self.policy:
                return record
        return None


def line_for(rule: RuleText, day: date, around: Surroundings) -> CaseLine | None:
    """A line of a day that a rule decides; None: none was found.

    Args:
        rule: a rule of the version in force on the day.
        day: the date of service.
        around: the rulebook that has the rule, and what lines are read by.
    """
    return next(
        (line for line in islice(_lines(rule, day, around), TRIED_MAX) if around.decided_by(line) == rule.id), None
    )


def _lines(rule: RuleText, day: date, around: Surroundings) -> Iterator[CaseLine]:
    tests = tuple(tests_in(condition_of(rule.when))) if rule.when is not None else ()
    choices = [_choices(fact, tests, around) for fact in dict.fromkeys(test.fact for test in tests)]
    for fields in product(*choices):
        for code in good_codes(rule.codes):
            yield _line(code, day, fields)


def _line(code: str, day: date, fields: Iterable[Choice]) -> CaseLine:
    line = CaseLine(procedure_code=code, service_date=day)
    for each in fields:
        diagnoses = (*line.diagnoses, *each.get("diagnoses", ()))
        line = replace(line, **{**each, "diagnoses": diagnoses})
    return line


def _choices(fact: str, tests: Sequence[Test], around: Surroundings) -> list[Choice]:
    """Values of a fact that may satisfy what is asked of it, nothing first, and one that may not."""
    operands = [each for test in tests if test.fact == fact for each in _operands(test)]
    return [{}, *_CHOICES[fact](operands, around)]


def _operands(test: Test) -> list[Any]:
    if isinstance(test.operand, bool):
        return []
    return sorted(test.operand) if isinstance(test.operand, frozenset | tuple) else [test.operand]


def _contexts(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del operands
    shown = [_diagnosis(each.diagnoses.include) for each in around.contexts.classes] if around.contexts else []
    yield from ({"diagnoses": (code,)} for code in shown)
    yield {"diagnoses": tuple(shown)}


def _diagnosis(include: Sequence[str]) -> str:
    """A diagnosis of a class: the first of a range, or of what begins so."""
    return include[0].partition("-")[0]


def _narratives(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del operands
    terms = around.terms
    words = [terms.product[0], *terms.hint[:1], OTHER_WORDS] if terms else []
    yield from ({"narrative": each} for each in words)


def _diagnoses(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del around
    yield from ({"diagnoses": (each,)} for each in (*operands, "Z0000"))


def _modifiers(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del around
    yield from ({"modifiers": (each,)} for each in operands)
    yield {"modifiers": tuple(operands)}


def _taxonomies(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del around
    yield from ({"rendering_taxonomy": each.ljust(10, "X")} for each in (*operands, "101YA0400"))


def _units(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del around
    yield from ({"units": each + step} for each in operands for step in (0, 1, -1) if each + step >= 0)


def _charges(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del around
    amounts = (each + step for each in operands for step in (0, 1, -1) if each + step >= 0)
    yield from ({"charge_amount": f"{each // 100}.{each % 100:02}"} for each in amounts)


def _stages(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del operands, around
    yield {"stage": "drafted"}


def _lines_of_business(operands: Sequence[Any], around: Surroundings) -> Iterator[Choice]:
    del operands
    written = ((word, *spellings) for word, spellings in around.payer.lines_of_business.items())
    yield from ({"line_of_business": each[-1]} for each in written)


_CHOICES: Final[Mapping[str, Callable[[Sequence[Any], Surroundings], Iterator[Choice]]]] = {
    "clinical_context": _contexts,
    "narrative": _narratives,
    "diagnosis": _diagnoses,
    "modifiers": _modifiers,
    "rendering_taxonomy": _taxonomies,
    "units": _units,
    "charge_amount": _charges,
    "stage": _stages,
    "line_of_business": _lines_of_business,
}
"""How to find values of each fact."""
