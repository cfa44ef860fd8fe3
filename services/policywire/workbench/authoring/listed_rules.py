"""Makes rules of the codes that hold in one period, in the order of the list.

Knows when codes make one rule, and what of a list cannot be said by a rule: two statuses of one code, and a status that
holds in some context only while nobody has said which lines those are. Both go to review, never to a guess. Knows no
file and no date.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from policywire.model.records import Flag, Outcome
from policywire.rulebook.document import RuleText
from policywire.rulebook.when import When
from policywire.workbench.authoring.code_list import NO_CONDITION, TEXT_MAX, ListedCode
from policywire.workbench.authoring.naming import short_name, unused
from policywire.workbench.plain_words import OUTCOMES


class Unsettled(Struct, frozen=True):
    """A rule whose status holds in some context only: what the list says, and where."""

    rule: str
    codes: tuple[str, ...]
    listed_as: Outcome
    says: str
    rows: tuple[int, ...]


class Conflict(Struct, frozen=True):
    """A code that the list gives two statuses at once, with the first row that says each of them."""

    code: str
    said: tuple[ListedCode, ...]


class Ruled(Struct, frozen=True):
    """The rules of one period, and what a person has to settle."""

    rules: tuple[RuleText, ...]
    unsettled: tuple[Unsettled, ...]
    conflicts: tuple[Conflict, ...]
    repeated: tuple[ListedCode, ...]
    """Codes that say again what a row above says, of the same code, under another indication."""


class _Group(NamedTuple):
    """What codes of one rule have in common."""

    indication: str
    outcome: Outcome
    condition: str
    is_limited: bool
    handoff: str


Names = Mapping[frozenset[str], str]
"""Ids of rules by their codes: a rule of the same codes keeps its name from version to version."""


def rules_of(listed: Sequence[ListedCode], cites: str, names: Names, *, as_listed: bool) -> Ruled:
    """The rules of the codes that hold in one period.

    Args:
        listed: at least one code.
        cites: id of the citation that rules rest on.
        names: what rules of these codes are called already.
        as_listed: a status that holds in some context only is taken for every line; otherwise such lines go to review.
    """
    conflicts = tuple(_conflicts(listed))
    in_conflict = {each.code for each in conflicts}
    groups: dict[_Group, list[ListedCode]] = {}
    repeated: list[ListedCode] = []
    settled: set[tuple[str, str]] = set()
    for each in listed:
        place = (each.code, each.condition)
        if each.code in in_conflict:
            continue
        if place in settled:
            repeated.append(each)
            continue
        settled.add(place)
        key = _Group(each.indication, each.outcome, each.condition, bool(each.limit), each.handoff)
        groups.setdefault(key, []).append(each)
    # What has a condition stands before what always matches: behind it no line would ever come to it.
    ordered = sorted(groups.items(), key=lambda item: item[0].condition == NO_CONDITION)
    rules: list[RuleText] = []
    unsettled: list[Unsettled] = []
    for group, codes in ordered:
        usual = short_name(group.indication or OUTCOMES[group.outcome], "listed")
        name = unused(names.get(frozenset(each.code for each in codes), usual), {rule.id for rule in rules})
        if group.is_limited and not as_listed:
            rules.append(_review(name, group, codes, cites))
        else:
            rules.append(_rule(name, group, codes, cites))
        if group.is_limited:
            unsettled.append(_unsettled(name, group, codes))
    if conflicts:
        rules.append(_conflict_rule({rule.id for rule in rules}, conflicts, cites))
    return Ruled(tuple(rules), tuple(unsettled), conflicts, tuple(repeated))


def _conflicts(listed: Iterable[ListedCode]) -> Iterable[Conflict]:
    said: dict[tuple[str, str], dict[Outcome, ListedCode]] = {}
    for each in listed:
        said.setdefault((each.code, each.condition), {}).setdefault(each.outcome, each)
    seen: set[str] = set()
    for (code, _), by_outcome in said.items():
        if len(by_outcome) > 1 and code not in seen:
            seen.add(code)
            yield Conflict(code, tuple(by_outcome.values()))


def _rule(name: str, group: _Group, listed: Sequence[ListedCode], cites: str) -> RuleText:
    return RuleText(
        id=name,
        codes=tuple(each.code for each in listed),
        indication=_indication(group),
        when=msgspec.json.decode(group.condition, type=When) if group.condition else None,
        outcome=group.outcome,
        handoff=group.handoff or None,
        rationale=_rationale(group, listed),
        cites=(cites,),
    )


def _review(name: str, group: _Group, listed: Sequence[ListedCode], cites: str) -> RuleText:
    return RuleText(
        id=name,
        codes=tuple(each.code for each in listed),
        indication=_indication(group),
        outcome=Outcome.REVIEW,
        flags=(Flag.CONTEXT_UNKNOWN,),
        rationale=f"Listed as {OUTCOMES[group.outcome]} in some context only, so a person must settle it.",
        cites=(cites,),
    )


def _indication(group: _Group) -> str:
    return group.indication or f"procedures listed as {OUTCOMES[group.outcome]}"


def _rationale(group: _Group, listed: Sequence[ListedCode]) -> str:
    notes = dict.fromkeys(each.notes.rstrip(". ") for each in listed if each.notes)
    text = ". ".join([f"Listed as {OUTCOMES[group.outcome]}", *notes])
    return f"{text[: TEXT_MAX - 1]}."


def _unsettled(name: str, group: _Group, listed: Sequence[ListedCode]) -> Unsettled:
    says = "; ".join(dict.fromkeys(text for each in listed for text in (each.limit, each.notes) if text))
    rows = tuple(dict.fromkeys(each.row for each in listed))
    return Unsettled(name, tuple(each.code for each in listed), group.outcome, says, rows)


def _conflict_rule(taken: set[str], conflicts: Sequence[Conflict], cites: str) -> RuleText:
    return RuleText(
        id=unused("conflicting-status", taken),
        codes=tuple(each.code for each in conflicts),
        indication="procedures that the list gives two statuses",
        outcome=Outcome.REVIEW,
        rationale="The list gives it two statuses at once, so a person must settle which one holds.",
        cites=(cites,),
    )
