"""The lines of one code (or of several that the same rules name) that stand for all others, decided by both editions.

Knows what both editions ask of a line; gives for each policy the boxes of lines that it answers otherwise, with what
changes there. Pure. Complete as long as ``left_out`` is 0: every line has the same keys as one that was decided.
"""

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Final, NamedTuple

from msgspec.structs import replace

from policywire.decision.item import Item
from policywire.rulebook.conditions import Test
from policywire.rulebook.rulebook import CompiledPolicy, PayerProfile, PolicyKey, Rule, Rulebook, Version
from policywire.workbench.diff.answer import Answer, Change, answers, changes
from policywire.workbench.diff.axis import Axis, Sides, tests_in
from policywire.workbench.diff.boxes import Box, merged
from policywire.workbench.diff.days import Window, window_of, windows
from policywire.workbench.diff.variants import CHARGE, Asked, Aspect, Fields, Reading, aspects, lines_of_business

LINES_MAX: Final = 200_000
"""So many lines are decided for one code, in a few seconds; the rules of MM 0552 need a hundred at most."""


Keys = tuple[Hashable, ...]
"""A key of each axis of an aspect."""


class Side(NamedTuple):
    """One edition: its rulebook, the payer's profile in it, and its policies that list the code."""

    rulebook: Rulebook
    profile: PayerProfile | None
    policies: tuple[CompiledPolicy, ...]

    def deciding(self, code: str, policies: Container[str], first: date, last: date) -> Iterator[Rule]:
        """The rules of some policies that decide lines of these days, which all lie within one version."""
        for policy in self.policies:
            version = policy.version_on(first)
            if policy.id in policies and version is not None and version is policy.version_on(last):
                yield from version.rules.get(code, ())

    def rules(self, code: str, policies: Container[str]) -> Iterator[tuple[CompiledPolicy, Rule]]:
        """Every rule of some policies that names a code."""
        for policy in self.policies:
            if policy.id in policies:
                for version in policy.versions:
                    yield from ((policy, rule) for rule in version.rules.get(code, ()))


class Space:
    """Every kind of line of a code, for one payer.

    Attributes:
        days: the windows of days; the first axis of a box has pairs of places in it: of the first day of service and
            of the last.
        axes: the other axes, in the order of a box.
        decided: lines that were decided by both editions.
        left_out: lines that were not, because there would have been too many.
    """

    def __init__(self, code: str, before: Side, after: Side) -> None:
        self._code = code
        self._sides = (before, after)
        self.days: tuple[Window, ...] = windows((*before.policies, *after.policies))
        spans = list(self._spans())
        asked = _asked(code, before, after, {policy for span in spans for policy in self._changed(*span)})
        readings = [Reading(each.profile, _scopes(each)) for each in self._sides if each.profile is not None]
        business = lines_of_business(readings, asked.tests.get("line_of_business", ()))
        self._aspects: tuple[Aspect, ...] = (business, *aspects(asked, self._line()))
        self.axes: tuple[Axis, ...] = tuple(axis for each in self._aspects for axis in each.axes)
        self._keys = [[self._keys_of(each, fields) for fields in each.variants] for each in self._aspects]
        self.decided = 0
        self.left_out = sum(each.left_out for each in self._aspects)

    def _keys_of(self, aspect: Aspect, fields: Fields) -> Keys:
        line = replace(self._line(), **fields)
        return tuple(axis.key(line) for axis in aspect.axes)

    def keys(self) -> tuple[frozenset[Hashable], ...]:
        """Every key of each axis."""
        return tuple(frozenset(column) for variants in self._keys for column in zip(*variants, strict=True))

    def cell(self, item: Item) -> tuple[Hashable, ...]:
        """Where a line of the code stands: what :func:`policywire.workbench.diff.boxes.holds` asks for."""
        span = (window_of(self.days, item.first_day), window_of(self.days, item.last_day))
        return (span, *(axis.key(item) for axis in self.axes))

    def differences(self) -> dict[tuple[PolicyKey, Change], tuple[Box, ...]]:
        """For each policy and each way in which an answer changes, the boxes of the lines for which it does."""
        found: dict[tuple[PolicyKey, Change], list[Box]] = {}
        for first, last in self._spans():
            changed = self._changed(first, last)
            if not changed:
                continue
            for line, where in self._kinds(self._tests(first, last, changed)):
                item = replace(line, first_day=self.days[first].first, last_day=self.days[last].first)
                box = (frozenset(((first, last),)), *where)
                for policy, change in self._compare(item):
                    found.setdefault((policy, change), []).append(box)
        return {key: merged(boxes) for key, boxes in found.items()}

    def _spans(self) -> Iterator[tuple[int, int]]:
        count = len(self.days)
        return ((first, last) for first in range(count) for last in range(first, count))

    def _changed(self, first: int, last: int) -> set[str]:
        """The policies that may answer lines of these days otherwise; where others differ, no fact decides it."""
        days = self.days[first].first, self.days[last].first
        before, after = (
            {policy.id: _state(side.profile, policy, self._code, *days) for policy in side.policies}
            for side in self._sides
        )
        return {policy for policy in {*before, *after} if before.get(policy) != after.get(policy)}

    def _tests(self, first: int, last: int, policies: Container[str]) -> frozenset[Test]:
        """What the rules of some policies ask of lines of these days."""
        days = self.days[first].first, self.days[last].first
        rules = (rule for side in self._sides for rule in side.deciding(self._code, policies, *days))
        return frozenset(test for rule in rules for test in tests_in(rule.condition))

    def _kinds(self, tests: frozenset[Test]) -> Iterator[tuple[Item, Box]]:
        """A line of each kind that these tests can tell apart, and the box of all lines of its kind."""
        aspects = zip(self._aspects, self._keys, strict=True)
        made = 0
        for parts in product(*(_kinds_of(aspect, keys, tests) for aspect, keys in aspects)):
            line = replace(self._line(), **{name: value for fields, _ in parts for name, value in fields.items()})
            if line.charge is None and line.modifiers:
                continue  # an appointment's procedure has no modifiers
            made += 1
            if made > LINES_MAX:
                self.left_out += 1
                continue
            yield line, tuple(keys for _, box in parts for keys in box)

    def _compare(self, item: Item) -> Iterator[tuple[PolicyKey, Change]]:
        self.decided += 1
        before, after = (self._answers(item, side) for side in self._sides)
        for policy in dict.fromkeys((*before, *after)):
            yield from ((policy, change) for change in changes(before.get(policy), after.get(policy)))

    def _answers(self, item: Item, side: Side) -> dict[PolicyKey, Answer]:
        if side.profile is None:
            return {}
        return answers(replace(item, payer_id=min(side.profile.payer_ids)), side.rulebook)

    def _line(self) -> Item:
        return Item(
            owner_id="",
            line_number=1,
            event_id="",
            decided_for="",
            payer_id="",
            line_of_business=None,
            procedure_code=self._code,
            first_day=self.days[0].first,
            last_day=self.days[0].first,
            diagnoses=(),
            taxonomy=None,
            narrative=None,
            charge=CHARGE,
            stage="submitted",
        )


def _kinds_of(aspect: Aspect, keys: Sequence[Keys], tests: frozenset[Test]) -> list[tuple[Fields, Box]]:
    """A variant of each kind that these tests can tell apart, and on each axis the keys of which they see the same."""
    every = [frozenset(column) for column in zip(*keys, strict=True)]
    sights = [{key: axis.seen(key, tests) for key in each} for axis, each in zip(aspect.axes, every, strict=True)]
    alike = [_inverted(sight) for sight in sights]
    kinds: dict[Keys, Fields] = {}
    for fields, each in zip(aspect.variants, keys, strict=True):
        kinds.setdefault(tuple(sight[key] for sight, key in zip(sights, each, strict=True)), fields)
    return [
        (fields, tuple(by_seen[seen] for by_seen, seen in zip(alike, kind, strict=True)))
        for kind, fields in kinds.items()
    ]


def _inverted(sight: Mapping[Hashable, Hashable]) -> dict[Hashable, frozenset[Hashable]]:
    """The keys of which the same is seen, by what is seen."""
    found: dict[Hashable, set[Hashable]] = {}
    for key, seen in sight.items():
        found.setdefault(seen, set()).add(key)
    return {seen: frozenset(keys) for seen, keys in found.items()}


def _asked(code: str, before: Side, after: Side, policies: Container[str]) -> Asked:
    """What the rules of some policies that name a code ask for, in both editions."""
    tests: dict[str, dict[Test, None]] = {}
    read_with: dict[tuple[str, bool], dict[object, None]] = {}
    for is_after, side in enumerate((before, after)):
        for policy, rule in side.rules(code, policies):
            for test in tests_in(rule.condition):
                tests.setdefault(test.fact, {})[test] = None
                document = {"clinical_context": policy.contexts, "narrative": policy.terms}.get(test.fact)
                if document is not None:
                    read_with.setdefault((test.fact, bool(is_after)), {})[document] = None
    return Asked(
        {fact: tuple(each) for fact, each in tests.items()},
        Sides(*(tuple(read_with.get(("clinical_context", is_after), ())) for is_after in (False, True))),
        Sides(*(tuple(read_with.get(("narrative", is_after), ())) for is_after in (False, True))),
    )


def _state(
    profile: PayerProfile | None, policy: CompiledPolicy, code: str, first: date, last: date
) -> tuple[object, ...]:
    """All that a policy's answers to lines of these days rest on: where two are equal nothing can differ.

    Not quite all: where several policies list a code, one that is not in force is silent beside one that is. Then that
    other one's state differs.
    """
    starts, ends = policy.version_on(first), policy.version_on(last)
    reads = None if profile is None else (dict(profile.lines_of_business), profile.default_line_of_business)
    read_with = (policy.lines_of_business, policy.contexts, policy.terms)
    return reads, read_with, _content(starts, code), _content(ends, code), starts is ends


def _content(version: Version | None, code: str) -> object:
    """What of a version can change an answer about a code."""
    if version is None:
        return None
    rules = version.rules.get(code)
    told = rules and [(rule.condition, rule.outcome, rule.flags, rule.handoff, rule.denial) for rule in rules]
    return told, version.prior_authorization, version.denial, version.flags, dict(version.unknown_flags)


def _scopes(side: Side) -> tuple[frozenset[str], ...]:
    return tuple(policy.lines_of_business for policy in side.policies)
