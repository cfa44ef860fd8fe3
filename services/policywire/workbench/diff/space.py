"""The lines of one code (or of several that the same rules name) that stand for all others, decided by both editions.

Knows what both editions ask of a line; gives for each policy the boxes of lines that it answers otherwise, with what
changes there. Pure. Complete as long as ``left_out`` is 0: every line has the same keys as one that was decided.
"""

from collections.abc import Hashable, Iterator, Sequence
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
from policywire.workbench.diff.variants import CHARGE, Asked, Aspect, Reading, aspects, lines_of_business

LINES_MAX: Final = 200_000
"""So many lines are decided for one code, in a few seconds; the rules of MM 0552 need a hundred at most."""


class Side(NamedTuple):
    """One edition: its rulebook, the payer's profile in it, and its policies that list the code."""

    rulebook: Rulebook
    profile: PayerProfile | None
    policies: tuple[CompiledPolicy, ...]

    def deciding(self, code: str, first: date, last: date) -> Iterator[Rule]:
        """The rules that decide lines of these days, which all lie within one version."""
        for policy in self.policies:
            version = policy.version_on(first)
            if version is not None and version is policy.version_on(last):
                yield from version.rules.get(code, ())

    def rules(self, code: str) -> Iterator[tuple[CompiledPolicy, Rule]]:
        """Every rule of the policies that names a code."""
        for policy in self.policies:
            for version in policy.versions:
                for rule in version.rules.get(code, ()):
                    yield policy, rule


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
        asked = _asked(code, before, after)
        readings = [Reading(each.profile, _scopes(each)) for each in self._sides if each.profile is not None]
        business = lines_of_business(readings, asked.tests.get("line_of_business", ()))
        self._aspects: tuple[Aspect, ...] = (business, *aspects(asked, self._line()))
        self.axes: tuple[Axis, ...] = tuple(axis for each in self._aspects for axis in each.axes)
        self._keys: list[set[Hashable]] = [set() for _ in self.axes]
        self.decided = 0
        self.left_out = 0

    def keys(self, place: int) -> frozenset[Hashable]:
        """Every key of one of the axes."""
        return frozenset(self._keys[place])

    def cell(self, item: Item) -> tuple[Hashable, ...]:
        """Where a line of the code stands: what :func:`policywire.workbench.diff.boxes.holds` asks for."""
        span = (window_of(self.days, item.first_day), window_of(self.days, item.last_day))
        return (span, *(axis.key(item) for axis in self.axes))

    def differences(self) -> dict[tuple[PolicyKey, Change], tuple[Box, ...]]:
        """For each policy and each way in which an answer changes, the boxes of the lines for which it does."""
        found: dict[tuple[PolicyKey, Change], list[Box]] = {}
        spans = [span for span in self._spans() if self._may_differ(*span)]
        lines = self._lines() if spans else {}
        for first, last in spans:
            matters = self._mattering(first, last)
            seen: dict[tuple[Hashable, ...], Item] = {}
            for keys, line in lines.items():
                seen.setdefault(tuple(key for key, does in zip(keys, matters, strict=True) if does), line)
            for keys, line in seen.items():
                item = replace(line, first_day=self.days[first].first, last_day=self.days[last].first)
                box = (frozenset(((first, last),)), *self._box(keys, matters))
                for policy, change in self._compare(item):
                    found.setdefault((policy, change), []).append(box)
        return {key: merged(boxes) for key, boxes in found.items()}

    def _spans(self) -> Iterator[tuple[int, int]]:
        count = len(self.days)
        return ((first, last) for first in range(count) for last in range(first, count))

    def _may_differ(self, first: int, last: int) -> bool:
        days = self.days[first].first, self.days[last].first
        before, after = (_state(side, self._code, *days) for side in self._sides)
        return before != after

    def _mattering(self, first: int, last: int) -> list[bool]:
        """Which axes matter on these days: what the rules in force ask for, and always the line of business."""
        days = self.days[first].first, self.days[last].first
        asked = {
            test.fact
            for side in self._sides
            for rule in side.deciding(self._code, *days)
            for test in tests_in(rule.condition)
        }
        return [axis.name in asked or axis.name == "line_of_business" for axis in self.axes]

    def _box(self, keys: Sequence[Hashable], matters: Sequence[bool]) -> Iterator[frozenset[Hashable]]:
        """A line's keys on the axes that matter; all keys on the others."""
        given = iter(keys)
        for place, does in enumerate(matters):
            yield frozenset((next(given),)) if does else self.keys(place)

    def _compare(self, item: Item) -> Iterator[tuple[PolicyKey, Change]]:
        self.decided += 1
        before, after = (self._answers(item, side) for side in self._sides)
        for policy in dict.fromkeys((*before, *after)):
            yield from ((policy, change) for change in changes(before.get(policy), after.get(policy)))

    def _answers(self, item: Item, side: Side) -> dict[PolicyKey, Answer]:
        if side.profile is None:
            return {}
        return answers(replace(item, payer_id=min(side.profile.payer_ids)), side.rulebook)

    def _lines(self) -> dict[tuple[Hashable, ...], Item]:
        """A line for each combination of keys that one can have."""
        made: dict[tuple[Hashable, ...], Item] = {}
        for fields in product(*(each.variants for each in self._aspects)):
            line = replace(self._line(), **{name: value for each in fields for name, value in each.items()})
            if line.charge is None and line.modifiers:
                continue  # an appointment's procedure has no modifiers
            if len(made) >= LINES_MAX:
                self.left_out += 1
                continue
            made.setdefault(tuple(axis.key(line) for axis in self.axes), line)
        for keys in made:
            for seen, key in zip(self._keys, keys, strict=True):
                seen.add(key)
        return made

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


def _asked(code: str, before: Side, after: Side) -> Asked:
    """What the rules of both editions that name a code ask for."""
    tests: dict[str, dict[Test, None]] = {}
    read_with: dict[tuple[str, bool], dict[object, None]] = {}
    for is_after, side in enumerate((before, after)):
        for policy, rule in side.rules(code):
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


def _state(side: Side, code: str, first: date, last: date) -> tuple[object, ...]:
    """All that the answers of one edition to lines of these days rest on: where two are equal nothing can differ."""
    profile = side.profile
    reads = None if profile is None else (dict(profile.lines_of_business), profile.default_line_of_business)
    return reads, [
        (
            *(policy.id, policy.lines_of_business, policy.contexts, policy.terms),
            _content(policy.version_on(first), code),
            _content(policy.version_on(last), code),
            policy.version_on(first) is policy.version_on(last),
        )
        for policy in side.policies
    ]


def _content(version: Version | None, code: str) -> object:
    """What of a version can change an answer about a code."""
    if version is None:
        return None
    rules = version.rules.get(code)
    told = rules and [(rule.condition, rule.outcome, rule.flags, rule.handoff) for rule in rules]
    return told, version.prior_authorization, version.denial, version.flags, dict(version.unknown_flags)


def _scopes(side: Side) -> tuple[frozenset[str], ...]:
    return tuple(policy.lines_of_business for policy in side.policies)
