"""The facts of a line for the second engine: one message of numbers and short texts.

Read by a way of its own: from the documents, with none of ``rulebook.compile`` and ``decision``. What the two engines
share is the meaning of normal forms (blanks and case of codes do not count, a diagnosis has no dot) and nothing else;
windows, lines of business, spans and the order of rules are left to the ruleset.

Some facts are put as numbers, because a ruleset compares those best: a day as its ordinal, money in cents, units in the
smallest decimal that the policy writes (thousandths at least), and 1 or 0 for each modifier, diagnosis or beginning of
a code that the policy asks for.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.workbench.gate.clinical import Contexts, Narratives, bare, code
from policywire.workbench.gate.line import SentLine
from policywire.workbench.gate.logic import (
    NEVER,
    Compare,
    Expression,
    Operator,
    TooLarge,
    equals,
    every,
    one_of,
    opposite,
    some,
)
from policywire.workbench.gate.meaning import Asked, plain, tests_in

Message = dict[str, int | str]

UNITS_PLACES: Final = 3
"""Decimal places of units that are always told apart: more than any claim format carries."""

BOUNDS: Final[dict[str, Operator]] = {"is": "eq", "at_least": "gte", "at_most": "lte"}
WORDS: Final = {"clinical_context": "context", "narrative": "narrative", "stage": "stage"}
"""Facts of one word, and the field of the message that has it."""

NUMBER_MAX: Final = 2**53
"""Beyond it a JSON number may be read as another one."""


def squeezed(text: str | None) -> str:
    """A line of business as it is compared: without blanks and case."""
    return re.sub(r"\s+", "", text or "").casefold()


def cents(money: str) -> int:
    """Money in cents."""
    return int(Decimal(money) * 100)


class Reader:
    """Makes messages of lines under one policy, and says where a test of a fact holds in them."""

    def __init__(
        self,
        policy: PolicyDocument,
        payer: PayerDocument,
        contexts: ContextsDocument | None,
        terms: TermsDocument | None,
    ) -> None:
        self._payer = payer
        self._contexts = None if contexts is None else Contexts(contexts)
        self._narratives = None if terms is None else Narratives(terms)
        self._context = lru_cache(maxsize=None)(self._contexts.of if self._contexts else lambda _, __: ("", False))
        self._narrative = lru_cache(maxsize=None)(self._narratives.of if self._narratives else lambda _: "")
        asked = [
            each
            for version in policy.versions
            for rule in version.rules
            if rule.when is not None
            for each in tests_in(plain(rule.when))
        ]
        self._modifiers = _numbered("modifier", asked, "modifiers", "is", str.upper)
        self._diagnoses = _numbered("diagnosis", asked, "diagnosis", "is", bare)
        self._beginnings = _numbered("diagnosis_begins", asked, "diagnosis", "prefix", bare)
        self._specialties = _numbered("taxonomy_begins", asked, "rendering_taxonomy", "prefix", code)
        numbered = (self._modifiers, self._diagnoses, self._beginnings, self._specialties)
        self._operands = {field: value for each in numbered for value, field in each.items()}
        bounds = [each.operand for each in asked if each.fact == "units" and not isinstance(each.operand, bool)]
        self._places = max([UNITS_PLACES, *(_decimals(each) for each in bounds)])
        self._absent: dict[str, Expression] = {
            "clinical_context": equals("context", ""),
            "modifiers": equals("modifiers", 0),
            "units": equals("has_units", 0),
            "charge_amount": equals("has_charge", 0),
            "diagnosis": equals("diagnoses", 0),
            "rendering_taxonomy": equals("taxonomy", ""),
        }

    def message(self, line: SentLine, *, elsewhere: bool) -> Message:
        """The facts of a line.

        Args:
            line: as sent.
            elsewhere: whether another policy of the payer lists the code and is in force on one of the line's days.
        """
        diagnoses = tuple(map(bare, line.pointed()))
        taxonomy = code(line.rendering_taxonomy or "")
        modifiers = set(map(code, line.modifiers))
        context, by_taxonomy = self._context(diagnoses, taxonomy)
        facts: Message = {
            "payer": line.payer_id,
            "code": code(line.procedure_code),
            "first": line.service_date.toordinal(),
            "last": (line.service_date_end or line.service_date).toordinal(),
            "business": squeezed(line.line_of_business),
            "elsewhere": int(elsewhere),
            "context": context,
            "by_taxonomy": int(by_taxonomy),
            "narrative": self._narrative(line.narrative),
            "modifiers": len(modifiers),
            "diagnoses": len(diagnoses),
            "taxonomy": taxonomy,
            "has_units": int(line.units is not None),
            "units": 0 if line.units is None else self._scaled(line.units),
            "has_charge": int(line.charge_amount is not None),
            "cents": 0 if line.charge_amount is None else cents(line.charge_amount),
            "stage": line.stage,
        }
        facts |= {field: int(value in modifiers) for value, field in self._modifiers.items()}
        facts |= {field: int(value in diagnoses) for value, field in self._diagnoses.items()}
        begun = self._beginnings.items()
        facts |= {field: int(any(each[: len(value)] == value for each in diagnoses)) for value, field in begun}
        return facts | {field: int(taxonomy[: len(value)] == value) for value, field in self._specialties.items()}

    def operand_of(self, field: str) -> str | None:
        """The modifier, code or beginning of a code that a field of 1 or 0 is about; None of other fields."""
        return self._operands.get(field)

    def absent(self, fact: str) -> Expression:
        """Where a fact is absent."""
        return self._absent.get(fact, NEVER)

    def holds(self, asked: Asked) -> Expression:
        """Where a test holds.

        Raises:
            TooLarge: a number that the second engine cannot compare.
        """
        absent = self.absent(asked.fact)
        if asked.operator == "present":
            return opposite(absent) if asked.operand else absent
        values = asked.operand if isinstance(asked.operand, list | tuple) else (asked.operand,)
        if asked.fact in ("units", "charge_amount"):
            return every(opposite(absent), self._bound(asked))
        if asked.operator == "prefix":
            begun = self._beginnings if asked.fact == "diagnosis" else self._specialties
            return some(*(equals(begun[code(each).replace(".", "")], 1) for each in values))
        return self._one_of(asked.fact, values)

    def _one_of(self, fact: str, values: Sequence[str]) -> Expression:
        match fact:
            case "line_of_business":
                return self.business(values)
            case "modifiers":
                return some(*(equals(self._modifiers[each.upper()], 1) for each in values))
            case "diagnosis":
                return some(*(equals(self._diagnoses[bare(each)], 1) for each in values))
            case "rendering_taxonomy":
                return one_of("taxonomy", map(code, values))
            case _:
                return one_of(WORDS[fact], values)

    def _bound(self, asked: Asked) -> Expression:
        units = asked.fact == "units"
        field, value = ("units", self._scaled(asked.operand)) if units else ("cents", cents(asked.operand))
        return Compare(field, BOUNDS[asked.operator], value)

    def business(self, words: Iterable[str]) -> Expression:
        """Where the line of business, as the payer reads what was sent, is one of its words."""
        words, payer = tuple(words), self._payer
        sent = [squeezed(each) for word in words for each in payer.lines_of_business.get(word, ())]
        return one_of("business", [*sent, *([""] if payer.default_line_of_business in words else [])])

    def _scaled(self, units: float) -> int:
        exact = Decimal(repr(units)).scaleb(self._places)
        scaled = int(exact)
        if scaled != exact or abs(scaled) > NUMBER_MAX:
            raise TooLarge("units are larger or finer than the second engine takes")
        return scaled


def _decimals(units: float) -> int:
    exponent = Decimal(repr(units)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _numbered(name: str, asked: Iterable[Asked], fact: str, operator: str, normal: Any) -> dict[str, str]:
    """A field of the message for each value that the policy asks for; the dots of a code would be taken for a path."""
    operands = [each.operand for each in asked if each.fact == fact and each.operator == operator]
    values = [value for each in operands for value in (each if isinstance(each, list | tuple) else (each,))]
    return {value: f"{name}_{number}" for number, value in enumerate(dict.fromkeys(map(normal, values)))}
