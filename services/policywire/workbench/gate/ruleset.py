"""A policy document as a durable-rules ruleset: the second engine's whole knowledge of the policy.

Knows the document and the order of the checks (domain.md: line of business, span, a version in force, then the rules in
order); does not know our compiled form, nor how a line is read (:mod:`policywire.workbench.gate.reading`). The ruleset
itself has the windows of versions, the codes, the lines of business, spans, three-valued conditions and the order of
rules; durable-rules lets the rule of the smallest ``pri`` that holds fire, and it alone.

A rule that is unknown fires too, unless one before it holds; then the line is asked about again from that rule on, with
what stays in doubt (``goes_on``, which :mod:`policywire.workbench.gate.engine` carries out).
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.reference import ContextsDocument, PayerDocument
from policywire.workbench.gate.answer import Answer, DenialAnswer
from policywire.workbench.gate.listing import DAYS_END, DAYS_START, Window, codes_of, gaps, listed, windows
from policywire.workbench.gate.logic import (
    NEVER,
    Compare,
    Expression,
    TooLarge,
    alternatives,
    comparisons,
    equals,
    every,
    one_of,
    opposite,
    some,
    written,
)
from policywire.workbench.gate.meaning import UNCONDITIONAL, Meaning, meaning, plain
from policywire.workbench.gate.reading import Reader

DENIALS: Final = ("not_medically_necessary", "experimental_investigational")
# What durable-rules 2.0.28 takes was measured: of one rule 14 connectives, beyond which it refuses it; of a ruleset 500
# rules or different comparisons, beyond which it hangs, or writes over its memory and crashes. Kept well below.
CONNECTIVES_MAX: Final = 10
RULES_MAX: Final = 120
COMPARISONS_MAX: Final = 200


class Ruleset(Struct, frozen=True):
    """What the second engine is given for some codes, and what the rule that it says fired means."""

    codes: frozenset[str]
    rules: dict[str, Any]
    """By name, as durable-rules takes them, but for their actions."""
    goes_on: dict[str, dict[str, Any]]
    """Rules after which the line is asked about again, as ``gate/engine.py`` takes them."""
    says: dict[str, Answer | None]
    """What each other rule answers; None: no determination."""
    with_doubts: frozenset[str]
    """Rules whose answer carries the doubts that were collected, as flags."""

    def answer(self, rule: str | None, doubts: tuple[str, ...], *, of_claim: bool) -> Answer | None:
        """What it means that a rule fired with these doubts; None: no determination."""
        said = None if rule is None else self.says[rule]
        if said is None:
            return None
        if rule in self.with_doubts:
            said = replace(said, flags=tuple(sorted({*said.flags, *doubts})))
        return said if of_claim or said.denial is None else replace(said, denial=None)


def rulesets_of(
    policy: PolicyDocument, payer: PayerDocument, contexts: ContextsDocument | None, reader: Reader
) -> tuple[Ruleset, ...]:
    """The rulesets of a checked policy document, each for some of its codes; most policies need one.

    Raises:
        TooLarge: the rules of a single code are more than durable-rules takes.
    """
    writer = _Writer(policy, payer, contexts, reader)
    return tuple(_parts(writer, sorted(frozenset().union(*map(listed, policy.versions)))))


def _parts(writer: "_Writer", codes: list[str]) -> Iterator[Ruleset]:
    try:
        yield writer.write(frozenset(codes))
    except TooLarge:
        if len(codes) < 2:  # noqa: PLR2004  one code cannot be parted
            raise
        half = len(codes) // 2
        yield from _parts(writer, codes[:half])
        yield from _parts(writer, codes[half:])


class RuleMeaning(NamedTuple):
    """A rule with its codes, by the position of its version."""

    version: int
    codes: tuple[str, ...]
    meaning: Meaning


def meanings_of(policy: PolicyDocument, reader: Reader) -> list[RuleMeaning]:
    """What the rules of a policy mean, in order."""
    return [
        RuleMeaning(number, codes_of(rule), meaning_of(rule, version, reader))
        for number, version in enumerate(policy.versions)
        for rule in version.rules
    ]


def meaning_of(rule: RuleText, version: VersionText, reader: Reader) -> Meaning:
    """What the condition of a rule means under its version."""
    if rule.when is None:
        return UNCONDITIONAL
    return meaning(plain(rule.when), reader.holds, {fact: reader.absent(fact) for fact in version.unknown})


class _Writer:
    def __init__(
        self, policy: PolicyDocument, payer: PayerDocument, contexts: ContextsDocument | None, reader: Reader
    ) -> None:
        self._policy = policy
        self._payer = payer
        self._by_taxonomy = None if contexts is None else contexts.by_taxonomy_flag.value
        self._reader = reader
        self._windows = list(windows(policy))
        self._gaps = list(gaps(self._windows))
        self._foreign = opposite(reader.business(policy.scope.lines_of_business))

    def write(self, codes: frozenset[str]) -> Ruleset:
        """The ruleset of some of the policy's codes."""
        self._codes = codes
        self._order = count(1)
        self._rules: dict[str, Any] = {}
        self._compared: set[Compare] = set()
        self._goes_on: dict[str, dict[str, Any]] = {}
        self._says: dict[str, Answer | None] = {}
        self._with_doubts: set[str] = set()
        self._add("another payer", opposite(one_of("payer", self._payer.payer_ids)), None)
        for first in self._gaps:
            self._from_no_version(first)
        for number, version in enumerate(self._policy.versions):
            self._from_version(number, version)
            for group in _groups(version, codes):
                self._version_rules(
                    version, group, every(_within("first", self._windows[number]), one_of("code", group))
                )
        # Every message meets a rule: one that meets none leaves durable-rules in a state of which little is known.
        self._add("nothing is said", Compare("first", "gte", DAYS_START), None)
        return Ruleset(codes, self._rules, self._goes_on, self._says, frozenset(self._with_doubts))

    def _from_no_version(self, first: Window) -> None:
        """Lines that begin on a day without a version."""
        starts = _within("first", first)
        for last in self._gaps:
            here = every(starts, _within("last", last), one_of("code", sorted(self._codes)))
            if last >= first:
                self._add(f"another policy decides {first} {last}", every(here, equals("elsewhere", 1)), None)
                self._scope(None, here)
                self._add(f"not in force {first} {last}", here, _undecided("no_policy_in_force", None, ()))
        for last, version in zip(self._windows, self._policy.versions, strict=True):
            named = one_of("code", sorted(listed(version) & self._codes))
            self._crossing(None, every(starts, _within("last", last), named))

    def _from_version(self, number: int, version: VersionText) -> None:
        """What comes before any rule for lines that begin under a version."""
        starts, codes = _within("first", self._windows[number]), listed(version) & self._codes
        here = every(starts, one_of("code", sorted(codes)))
        self._scope(version, here)
        self._span(version, every(here, opposite(_within("last", self._windows[number]))))
        for last, other in zip(self._windows, self._policy.versions, strict=True):
            also = sorted((listed(other) & self._codes) - codes)
            self._crossing(version, every(starts, _within("last", last), one_of("code", also)))

    def _crossing(self, version: VersionText | None, here: Expression) -> None:
        self._scope(version, here)
        self._span(version, here)

    def _scope(self, version: VersionText | None, here: Expression) -> None:
        says = _undecided("review", version, ("line_of_business_out_of_scope",))
        self._add(f"out of scope {next(self._order)}", every(here, self._foreign), says)

    def _span(self, version: VersionText | None, here: Expression) -> None:
        says = _undecided("review", version, ("span_crosses_versions",))
        self._add(f"span {next(self._order)}", here, says)

    def _add(self, name: str, where: Expression, says: Answer | None) -> list[str]:
        names = self._rule(name, where)
        self._says |= dict.fromkeys(names, says)
        return names

    def _rule(self, name: str, where: Expression) -> list[str]:
        """Add a rule after those before it, in several where one would be too large; none where it can never hold."""
        names = []
        for number, part in enumerate(alternatives(where, CONNECTIVES_MAX) if where != NEVER else (), start=1):
            full = f"{name} ~{number}"
            self._rules[full] = {"all": [{"m": written(part)}], "pri": next(self._order)}
            self._compared.update(comparisons(part))
            names.append(full)
            if len(self._rules) > RULES_MAX or len(self._compared) > COMPARISONS_MAX:
                raise TooLarge("the rules of a code are more than the second engine takes")
        return names

    def _version_rules(self, version: VersionText, group: tuple[str, ...], here: Expression) -> None:
        """The rules of a version that name the codes of a group, in order, and what follows when none decides."""
        name = f"{version.effective_from.isoformat()}: {group[0]}: "
        asked: Expression = NEVER
        doubtful = False
        for position, rule in enumerate((each for each in version.rules if group[0] in codes_of(each)), start=1):
            means = meaning_of(rule, version, self._reader)
            asked = some(asked, means.asks_context)
            open_ = every(here, Compare("after", "lt", position))
            decides = every(open_, means.holds)
            settled = decides
            if doubtful and rule.outcome != "review":
                settled = every(decides, one_of("doubt", ("", rule.outcome.value)))
            self._deciding(f"{name}{rule.id}", settled, asked, version, rule)
            if doubtful:
                self._doubting(f"{name}{rule.id} in doubt", decides, asked, version)
            for number, (where, fact) in enumerate(means.unknown):
                unknown = f"{name}{rule.id} unknown for {fact} ({number})"
                step = {"after": position, "outcome": rule.outcome.value, "doubt": version.unknown[fact].value}
                self._goes_on |= dict.fromkeys(self._rule(unknown, every(open_, where)), step)
                doubtful = True
            if rule.when is None:
                return
        self._doubting(f"{name}none", here, asked, version)

    def _deciding(self, name: str, where: Expression, asked: Expression, version: VersionText, rule: RuleText) -> None:
        for suffix, also, flags in self._ways_of_context(asked):
            said = _decided(version, rule, (*map(str, rule.flags), *flags))
            self._add(name + suffix, every(where, also), said)

    def _doubting(self, name: str, where: Expression, asked: Expression, version: VersionText) -> None:
        for suffix, also, flags in self._ways_of_context(asked):
            says = _undecided("review", version, (*flags, *map(str, version.flags)))
            self._with_doubts.update(self._add(name + suffix, every(where, also), says))

    def _ways_of_context(self, asked: Expression) -> Iterator[tuple[str, Expression, tuple[str, ...]]]:
        """Where the context was asked for and only a taxonomy gives it, with the flag that says so; then the rest."""
        if self._by_taxonomy is not None:
            yield " by taxonomy", every(asked, equals("by_taxonomy", 1)), (self._by_taxonomy,)
        yield "", every(), ()


def _within(day: str, window: Window) -> Expression:
    start, end = window
    from_start = () if start == DAYS_START else (Compare(day, "gte", start),)
    to_end = () if end == DAYS_END else (Compare(day, "lte", end),)
    return every(*from_start, *to_end)


def _groups(version: VersionText, codes: frozenset[str]) -> list[tuple[str, ...]]:
    """Those of the codes that a version names, together where the same rules name them."""
    by_rules: dict[tuple[str, ...], list[str]] = {}
    for each in sorted(listed(version) & codes):
        naming = tuple(rule.id for rule in version.rules if each in codes_of(rule))
        by_rules.setdefault(naming, []).append(each)
    return [tuple(group) for group in by_rules.values()]


def _undecided(outcome: str, version: VersionText | None, flags: tuple[str, ...]) -> Answer:
    """An answer that no rule gives."""
    return Answer(
        outcome=outcome,
        rule=None,
        version=None if version is None else version.effective_from.isoformat(),
        flags=tuple(sorted(set(flags))),
        handoff=None,
        prior_authorization="unknown",
        reason=None,
        denial=None,
    )


def _decided(version: VersionText, rule: RuleText, flags: tuple[str, ...]) -> Answer:
    """The answer of a rule."""
    outcome = rule.outcome.value
    all_flags = tuple(sorted({*flags, *map(str, version.flags)}))
    denial = (rule.denial or version.denial) if outcome in DENIALS else None
    elsewhere = outcome == "other_policy"
    return Answer(
        outcome=outcome,
        rule=rule.id,
        version=version.effective_from.isoformat(),
        flags=all_flags,
        handoff=rule.handoff if elsewhere else None,
        prior_authorization="unknown" if elsewhere else version.prior_authorization,
        reason=None if denial is None else denial.reason,
        denial=None
        if denial is None
        else DenialAnswer(
            bucket=denial.bucket,
            appeal="confirm_first" if {*map(str, denial.confirm_first_when)} & {*all_flags} else denial.appeal,
            carc=denial.carc,
            rarc=denial.rarc.provider_liable,
        ),
    )
