"""Says why a rule did not decide: the first condition that failed, with the value read.

Knows how facts and operators are put in words; never repeats text that a sender wrote freely: a value is shown only
when it has the shape of a code, a word or a number.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from policywire.decision.verdict import Tried
from policywire.rulebook.conditions import Facts, Test
from policywire.rulebook.rulebook import Rule

_CODE_SHAPED: Final = re.compile(r"[A-Za-z0-9_.-]{1,24}")

_WORDS: Final = {
    "is": "be",
    "in": "be one of",
    "any_of": "include one of",
    "at_least": "be at least",
    "at_most": "be at most",
    "prefix": "begin with",
}


def not_matched(rule: Rule, leaf: Test | None, facts: Facts) -> Tried:
    """A rule that was tried and did not match."""
    return Tried(rule.id, "not_matched", "no condition of it holds" if leaf is None else _because(leaf, facts))


def undecidable(rule: Rule, leaf: Test) -> Tried:
    """A rule that could not be judged because a fact is unknown."""
    return Tried(rule.id, "unknown", f"{leaf.fact} is unknown; the rule needs it")


def _because(leaf: Test, facts: Facts) -> str:
    read = f"{leaf.fact} is {_shown(facts.read(leaf.fact))}"
    if leaf.operator in {"known", "present"}:
        return read
    asked = "not to" if leaf.judge(facts).truth else "to"
    return f"{read}; the rule asks it {asked} {_WORDS[leaf.operator]} {_shown(leaf.operand)}"


def _shown(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, str):
        return value if _CODE_SHAPED.fullmatch(value) else "not shown"
    if isinstance(value, Iterable):
        return ", ".join(sorted(map(_shown, value)))
    return "unknown" if not isinstance(value, int | float) else f"{value:g}"
