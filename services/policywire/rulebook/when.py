"""The language of a rule's ``when``: how conditions are written, checked and read into compiled ones.

Knows which facts take which operands, and how to say what is wrong with one. Does not know a policy or a file.

A mapping of several facts means all of them. Written forms by kind of fact::

    {stage: drafted}                         is
    {stage: [drafted, submitted]}            one of; of a set (modifiers, diagnosis): shares one with it
    {units: {at_least: 2, at_most: 3}}       numbers; charge_amount takes quoted money, "1250.00"
    {diagnosis: {prefix: [M17, M75.1]}}      begins with one of
    {rendering_taxonomy: {present: false}}   absent
    {clinical_context: {known: false}}       unknown, of a fact that the version declares so
    {all: [...]} {any: [...]} {not: ...}     of conditions like these
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, field

from policywire.model.codes import diagnosis, taxonomy
from policywire.model.records import Stage
from policywire.rulebook.conditions import FACTS, All, AnyOf, Condition, Not, Test
from policywire.rulebook.nearest import nearest
from policywire.rulebook.source import Finding

MoneyText = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$")]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Meta(min_length=1)]


class _Operand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    known: Annotated[bool | UnsetType, Meta(description="Whether the fact is known at all.")] = UNSET


class Presence(_Operand, frozen=True, kw_only=True):
    """Of any fact."""

    present: Annotated[bool | UnsetType, Meta(description="Whether the fact is there.")] = UNSET


class Beginning(Presence, frozen=True, kw_only=True):
    """Of codes."""

    prefix: Annotated[Words | UnsetType, Meta(description="Begins with one of these.")] = UNSET


class NumberRange(Presence, frozen=True, kw_only=True):
    """Of numbers; both ends included."""

    at_least: Annotated[float | UnsetType, Meta(description="This many or more.")] = UNSET
    at_most: Annotated[float | UnsetType, Meta(description="This many or fewer.")] = UNSET


class MoneyRange(Presence, frozen=True, kw_only=True):
    """Of money, as quoted decimal text; both ends included."""

    at_least: Annotated[MoneyText | UnsetType, Meta(description="This amount or more.")] = UNSET
    at_most: Annotated[MoneyText | UnsetType, Meta(description="This amount or less.")] = UNSET


class When(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A condition: facts and what they must be, all of them; or all, any, not of such conditions."""

    clinical_context: Annotated[Word | Words | Presence | UnsetType, Meta(description=FACTS["clinical_context"])] = (
        UNSET
    )
    narrative: Annotated[Word | Words | UnsetType, Meta(description=FACTS["narrative"])] = UNSET
    line_of_business: Annotated[Word | Words | UnsetType, Meta(description=FACTS["line_of_business"])] = UNSET
    modifiers: Annotated[Word | Words | Presence | UnsetType, Meta(description=FACTS["modifiers"])] = UNSET
    units: Annotated[float | NumberRange | UnsetType, Meta(description=FACTS["units"])] = UNSET
    charge_amount: Annotated[MoneyText | MoneyRange | UnsetType, Meta(description=FACTS["charge_amount"])] = UNSET
    diagnosis: Annotated[Word | Words | Beginning | UnsetType, Meta(description=FACTS["diagnosis"])] = UNSET
    rendering_taxonomy: Annotated[
        Word | Words | Beginning | UnsetType, Meta(description=FACTS["rendering_taxonomy"])
    ] = UNSET
    stage: Annotated[Word | Words | UnsetType, Meta(description=FACTS["stage"])] = UNSET
    all_of: Annotated[
        Annotated[tuple["When", ...], Meta(min_length=1)] | UnsetType, Meta(description="Every one holds.")
    ] = field(name="all", default=UNSET)
    any_of: Annotated[
        Annotated[tuple["When", ...], Meta(min_length=1)] | UnsetType, Meta(description="At least one holds.")
    ] = field(name="any", default=UNSET)
    not_: Annotated["When | UnsetType", Meta(description="It does not hold.")] = field(name="not", default=UNSET)


class FactKind(NamedTuple):
    """How a fact is written: the operators its mapping takes, the values of a closed fact, and its normal form."""

    operators: tuple[str, ...]
    """None for a fact that always has a value: to ask whether it is present would be a trap."""
    is_set: bool = False
    values: tuple[str, ...] = ()
    normal: Callable[[Any], Any] = lambda value: value


def cents(money: str) -> int:
    """Decimal money text in whole cents."""
    return int(money.replace(".", ""))


_CHOICE = ("present", "known")
_CODE = ("prefix", "present", "known")
_NUMBER = ("at_least", "at_most", "present", "known")

FACT_KINDS: Final = MappingProxyType(
    {
        "clinical_context": FactKind(_CHOICE),
        "narrative": FactKind((), values=("missing", "product", "hint", "other")),
        "line_of_business": FactKind(()),
        "modifiers": FactKind(_CHOICE, is_set=True, normal=str.upper),
        "units": FactKind(_NUMBER),
        "charge_amount": FactKind(_NUMBER, normal=cents),
        "diagnosis": FactKind(_CODE, is_set=True, normal=diagnosis),
        "rendering_taxonomy": FactKind(_CODE, normal=taxonomy),
        "stage": FactKind((), values=get_args(Stage)),
    }
)
"""Every fact and how it is written."""

COMBINATORS: Final = ("all", "any", "not")


def suggestion(word: object, known: tuple[str, ...]) -> str:
    """A mend that names the closest known word, or all of them."""
    near = nearest(word, known)
    return f"Did you mean {near}?" if near else f"Known are: {', '.join(known)}."


def faults_in(when: object, declared_unknown: frozenset[str]) -> Iterator[Finding]:
    """What is wrong in a ``when`` as parsed from the file, before any typing.

    Args:
        when: plain values: mappings, lists, text, numbers.
        declared_unknown: facts that the version declares may be unknown.
    """
    if not isinstance(when, dict) or not when:
        yield Finding((), "condition", "a condition is a mapping of facts", "Write for example {stage: drafted}.")
        return
    for key, operand in when.items():
        if key in ("all", "any"):
            yield from _faults_in_list(key, operand, declared_unknown)
        elif key == "not":
            yield from _under((key,), faults_in(operand, declared_unknown))
        elif key in FACT_KINDS:
            yield from _under((key,), _operand_faults(key, operand, declared_unknown))
        else:
            yield Finding((key,), "unknown-fact", f"no such fact: {key}", suggestion(key, (*FACT_KINDS, *COMBINATORS)))


def _under(path: tuple[str | int, ...], faults: Iterator[Finding]) -> Iterator[Finding]:
    for finding in faults:
        yield finding._replace(path=(*path, *finding.path))


def _faults_in_list(key: str, operand: object, declared_unknown: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(operand, list) or not operand:
        yield Finding((key,), "condition", f"{key} takes a list of conditions", f"Write {key}: [{{...}}, {{...}}].")
        return
    for position, part in enumerate(operand):
        yield from _under((key, position), faults_in(part, declared_unknown))


def _operand_faults(fact: str, operand: object, declared_unknown: frozenset[str]) -> Iterator[Finding]:
    if isinstance(operand, dict):
        yield from _mapping_faults(fact, operand, declared_unknown)
    elif isinstance(operand, list):
        if FACT_KINDS[fact].operators is _NUMBER or not operand:
            yield Finding((), "operand", f"{fact} takes no such list", _how_to_write(fact))
        for position, value in enumerate(operand):
            yield from _under((position,), _value_faults(fact, value))
    else:
        yield from _value_faults(fact, operand)


def _mapping_faults(fact: str, operand: dict[Any, Any], declared_unknown: frozenset[str]) -> Iterator[Finding]:
    operators = FACT_KINDS[fact].operators
    if not operators:
        yield Finding((), "operand", f"{fact} always has a value and takes no mapping", _how_to_write(fact))
        return
    if not operand:
        yield Finding((), "operand", f"an empty mapping says nothing about {fact}", _how_to_write(fact))
    for operator, value in operand.items():
        if operator in operators:
            yield from _under((operator,), _operator_faults(fact, operator, value, declared_unknown))
        else:
            message = f"{fact} has no operator {operator}"
            yield Finding((operator,), "unknown-operator", message, suggestion(operator, operators))


def _operator_faults(fact: str, operator: str, value: object, declared_unknown: frozenset[str]) -> Iterator[Finding]:
    if operator in ("present", "known"):
        if not isinstance(value, bool):
            yield Finding((), "operand", f"{operator} takes true or false", "Write it without quotes.")
        elif operator == "known" and fact not in declared_unknown:
            message = f"{fact} is never unknown here: the version does not declare it so"
            yield Finding((), "never-unknown", message, f"Add {fact} under unknown, or drop this.")
    elif operator != "prefix":
        yield from _value_faults(fact, value)
    elif not isinstance(value, list) or not value:
        yield Finding((), "operand", "prefix takes a list", _how_to_write(fact))
    else:
        for position, each in enumerate(value):
            yield from _under((position,), _value_faults(fact, each))


def _value_faults(fact: str, value: object) -> Iterator[Finding]:
    kind = FACT_KINDS[fact]
    if fact == "units":
        good = isinstance(value, int | float) and not isinstance(value, bool)
    elif fact == "charge_amount":
        good = isinstance(value, str) and _is_money(value)
    else:
        good = isinstance(value, str) and bool(value)
    if not good:
        yield Finding((), "operand", f"{fact} cannot be {value!r}", _how_to_write(fact))
    elif kind.values and value not in kind.values:
        yield Finding((), "operand", f"{fact} is never {value}", suggestion(value, kind.values))


def _is_money(text: str) -> bool:
    whole, dot, part = text.partition(".")
    return bool(dot) and whole.isdecimal() and len(part) == len("00") and part.isdecimal()


def _how_to_write(fact: str) -> str:
    if fact == "units":
        return "Write a number, or {at_least: 2, at_most: 3}."
    if fact == "charge_amount":
        return 'Write quoted money, as {at_least: "1250.00"}.'
    if FACT_KINDS[fact].values:
        return f"Known are: {', '.join(FACT_KINDS[fact].values)}."
    return "Write text, quoted, or a list of such."


def read(when: When) -> Condition:
    """The compiled condition of a well-formed ``when``."""
    parts = tuple(_parts(when))
    return parts[0] if len(parts) == 1 else All(parts)


def _parts(when: When) -> Iterator[Condition]:
    for fact in FACT_KINDS:
        operand = getattr(when, fact)
        if operand is not UNSET:
            yield from _tests(fact, operand)
    if when.all_of is not UNSET:
        yield All(tuple(read(part) for part in when.all_of))
    if when.any_of is not UNSET:
        yield AnyOf(tuple(read(part) for part in when.any_of))
    if when.not_ is not UNSET:
        yield Not(read(when.not_))


def _tests(fact: str, operand: Any) -> Iterator[Test]:
    kind = FACT_KINDS[fact]
    if isinstance(operand, tuple):
        values = frozenset(kind.normal(value) for value in operand)
        yield Test(fact, "any_of" if kind.is_set else "in", values)
    elif isinstance(operand, Struct):
        for operator in kind.operators:
            value = getattr(operand, operator, UNSET)
            if value is UNSET:
                continue
            if operator == "prefix":
                value = tuple(kind.normal(each) for each in value)
            elif operator in ("at_least", "at_most"):
                value = kind.normal(value)
            yield Test(fact, operator, value)
    elif kind.is_set:
        yield Test(fact, "any_of", frozenset((kind.normal(operand),)))
    else:
        yield Test(fact, "is", kind.normal(operand))
