"""Two rulebooks become a :class:`~policywire.workbench.diff.report.Diff`: what to compare, and how it is told.

Knows which policies and codes can answer otherwise at all, so that of 10,000 policies those that did not change cost a
look; :mod:`policywire.workbench.diff.space` decides. Pure.
"""

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec.structs import replace

from policywire.rulebook.answers import answers_of
from policywire.rulebook.rulebook import CompiledPolicy, PayerProfile, PolicyKey, Rule, Rulebook
from policywire.workbench.diff.alerts import alerts_diff
from policywire.workbench.diff.answer import Change
from policywire.workbench.diff.boxes import Box
from policywire.workbench.diff.days import LAST_DAY, Window, joined
from policywire.workbench.diff.readings import contexts_diff, terms_diff
from policywire.workbench.diff.report import (
    FACETS,
    Diff,
    Difference,
    EditionName,
    PayerDiff,
    PolicyDiff,
    ReadingDiff,
    SpanDays,
)
from policywire.workbench.diff.space import Side, Space

Policies = Mapping[PolicyKey, CompiledPolicy]


class Compared:
    """Two rulebooks side by side.

    Args:
        before: one of them.
        after: the other.
        only: a policy, when nothing else is asked for.
    """

    def __init__(self, before: Rulebook, after: Rulebook, only: PolicyKey | None = None) -> None:
        self._rulebooks = (before, after)
        self._only = only
        self._profiles = tuple({each.key: each for each in rulebook.payers.values()} for rulebook in self._rulebooks)
        self._policies: tuple[Policies, Policies] = (_by_key(before), _by_key(after))
        self.decided = 0
        self.left_out = 0

    @cached_property
    def touched(self) -> list[PolicyKey]:
        """Policies that may answer otherwise, each with a reason to look: it, or how its payer reads plans, changed."""
        before, after = self._policies
        return [key for key in sorted({*before, *after}) if self._only in {None, key} and self._may_differ(key)]

    def spaces(self) -> Iterator[tuple[tuple[str, ...], Space]]:
        """The lines to decide: codes of one payer that the same rules name, and their space."""
        touched = dict.fromkeys(self.touched)
        for payer in dict.fromkeys(payer for payer, _ in touched):
            policies = [each.get(key) for key in touched if key[0] == payer for each in self._policies]
            groups: dict[Hashable, list[str]] = {}
            for code in sorted({code for policy in policies if policy is not None for code in _codes(policy)}):
                groups.setdefault(self._alike(payer, code, touched), []).append(code)
            for codes in groups.values():
                before, after = (self._side(place, payer, codes[0]) for place in range(2))
                yield tuple(codes), Space(codes[0], before, after)

    def diff(self, before: str, after: str) -> Diff:
        """Everything that differs, under the names that somebody gave the two."""
        policies = tuple(self._policy_diffs())
        return Diff(
            before=EditionName(before, self._rulebooks[0].revision),
            after=EditionName(after, self._rulebooks[1].revision),
            policies=policies,
            payers=tuple(self._payer_diffs()),
            readings=tuple(self._reading_diffs(self.touched)),
            alerts=tuple(alerts_diff(self._rulebooks[0].watch, self._rulebooks[1].watch, self._only)),
            decided=self.decided,
            left_out=self.left_out,
        )

    def _may_differ(self, key: PolicyKey) -> bool:
        before, after = (each.get(key) for each in self._policies)
        if before is None or after is None:
            return True
        reads = [_reading(profiles.get(key[0])) for profiles in self._profiles]
        return reads[0] != reads[1] or (before != after and answers_of(before) != answers_of(after))

    def _side(self, place: int, payer: str, code: str) -> Side:
        rulebook, profile = self._rulebooks[place], self._profiles[place].get(payer)
        listing = () if profile is None else rulebook.index[min(profile.payer_ids)].get(code, ())
        return Side(rulebook, profile, listing)

    def _alike(self, payer: str, code: str, touched: Container[PolicyKey]) -> Hashable:
        """Equal for codes that are answered alike: the same rules of every policy that may answer otherwise.

        A policy that did not change matters only where one beside it comes into force or leaves it: it is silent then.
        """
        before, after = (self._side(place, payer, code).policies for place in range(2))
        rules = [[_rules(policy, code) for policy in side if (payer, policy.id) in touched] for side in (before, after)]
        days = [[each[:2] for each in side] for side in rules]
        others = () if days[0] == days[1] else tuple(policy.id for policy in (*before, *after))
        return tuple(rules[0]), tuple(rules[1]), others

    def _policy_diffs(self) -> Iterator[PolicyDiff]:
        told: dict[PolicyKey, dict[Difference, list[str]]] = {}
        for codes, space in self.spaces():
            for (key, change), boxes in space.differences().items():
                if self._only in {None, key}:
                    for box in boxes:
                        told.setdefault(key, {}).setdefault(_difference(space, box, change), []).extend(codes)
            self.decided += space.decided
            self.left_out += space.left_out
        for key in sorted(told):
            yield self._policy_diff(key, _gathered(told[key]))

    def _policy_diff(self, key: PolicyKey, differences: Iterable[Difference]) -> PolicyDiff:
        before, after = (each.get(key) for each in self._policies)
        known = after or before
        assert known is not None  # noqa: S101  a difference is of a policy that one of them has
        listed = (set() if before is None else _codes(before), set() if after is None else _codes(after))
        return PolicyDiff(
            payer=key[0],
            policy=key[1],
            title=known.title,
            status="added" if before is None else "removed" if after is None else "changed",
            versions_before=_windows(before),
            versions_after=_windows(after),
            codes_added=tuple(sorted(listed[1] - listed[0])),
            codes_removed=tuple(sorted(listed[0] - listed[1])),
            differences=tuple(sorted(differences, key=_order)),
        )

    def _payer_diffs(self) -> Iterator[PayerDiff]:
        before, after = self._profiles
        for payer in sorted({*before, *after}):
            if self._only is not None and self._only[0] != payer:
                continue
            ids = [frozenset[str]() if each.get(payer) is None else each[payer].payer_ids for each in (before, after)]
            if ids[0] != ids[1]:
                yield PayerDiff(payer, tuple(sorted(ids[1] - ids[0])), tuple(sorted(ids[0] - ids[1])))

    def _reading_diffs(self, touched: Iterable[PolicyKey]) -> Iterator[ReadingDiff]:
        found: dict[ReadingDiff, None] = {}
        for key in touched:
            before, after = (each.get(key) for each in self._policies)
            if before is not None and after is not None:
                found.update(dict.fromkeys(contexts_diff(before.contexts, after.contexts)))
                found.update(dict.fromkeys(terms_diff(before.terms, after.terms)))
        return iter(found)


def compare(before: Rulebook, after: Rulebook, names: tuple[str, str], only: PolicyKey | None = None) -> Diff:
    """What two rulebooks answer differently.

    Args:
        before: one of them.
        after: the other.
        names: what they are called in the report.
        only: a policy, when nothing else is asked for.
    """
    return Compared(before, after, only).diff(*names)


def _gathered(told: Mapping[Difference, Iterable[str]]) -> Iterator[Difference]:
    """Differences with their codes, those of the same lines as one with several changes."""
    together: dict[Difference, list[Change]] = {}
    for difference, codes in told.items():
        lines = replace(difference, codes=tuple(sorted(codes)), changes=())
        together.setdefault(lines, []).extend(difference.changes)
    for lines, changes in together.items():
        yield replace(lines, changes=tuple(sorted(changes, key=lambda change: FACETS.index(change.facet))))


def _difference(space: Space, box: Box, change: Change) -> Difference:
    """One change and the lines that it is of, yet without their codes."""
    days, *others = box
    pairs = [pair for pair in days if isinstance(pair, tuple)]
    said = (axis.words(keys, every) for axis, keys, every in zip(space.axes, others, space.keys(), strict=True))
    return Difference(
        codes=(),
        dates=joined(space.days, (first for first, last in pairs if first == last)),
        spans=tuple(_spans(space, [pair for pair in pairs if pair[0] != pair[1]])),
        when=tuple(words for words in said if words is not None),
        changes=(change,),
    )


def _spans(space: Space, pairs: Iterable[tuple[int, int]]) -> Iterator[SpanDays]:
    lasts: dict[int, list[int]] = {}
    for first, last in pairs:
        lasts.setdefault(first, []).append(last)
    firsts: dict[tuple[int, ...], list[int]] = {}
    for first, each in sorted(lasts.items()):
        firsts.setdefault(tuple(sorted(each)), []).append(first)
    for ends, begins in firsts.items():
        for begin in joined(space.days, begins):
            yield from (SpanDays(begin, end) for end in joined(space.days, ends))


def _order(difference: Difference) -> tuple[int, tuple[str, ...], tuple[Window, ...], tuple[str, ...]]:
    first = min(FACETS.index(facet) for facet in difference.facets)
    return first, difference.codes, difference.dates, difference.when


def _by_key(rulebook: Rulebook) -> Policies:
    return {(each.payer, each.id): each for each in rulebook.policies()}


def _codes(policy: CompiledPolicy) -> set[str]:
    return {code for version in policy.versions for code in version.rules}


def _rules(policy: CompiledPolicy, code: str) -> tuple[str, tuple[object, ...], tuple[tuple[Rule, ...] | None, ...]]:
    """The policy, the days of its versions and which of them name a code, and their rules for it."""
    days = tuple((each.effective_from, each.effective_through, code in each.rules) for each in policy.versions)
    return policy.id, days, tuple(each.rules.get(code) for each in policy.versions)


def _windows(policy: CompiledPolicy | None) -> tuple[Window, ...]:
    versions = () if policy is None else policy.versions
    return tuple(Window(each.effective_from, each.effective_through or LAST_DAY) for each in versions)


def _reading(profile: PayerProfile | None) -> tuple[object, ...]:
    """What of a payer's profile its policies' answers rest on."""
    return () if profile is None else (dict(profile.lines_of_business), profile.default_line_of_business)
