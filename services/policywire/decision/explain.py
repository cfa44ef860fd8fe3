"""Says why a rule did not decide: the first condition that failed, with the value read.

Knows how a rule's trial is put in words; how a value or a test is worded is in :mod:`policywire.rulebook.conditions`.
"""

from policywire.decision.facts import ItemFacts
from policywire.model.records import RuleTried
from policywire.rulebook.conditions import Condition, Test
from policywire.rulebook.rulebook import Rule


def not_matched(rule: Rule, condition: Condition, facts: ItemFacts) -> RuleTried:
    """A rule that was tried and did not match."""
    leaf, negated = condition.culprit(facts)
    asks = leaf.asks.replace(" to ", " not to ", 1) if negated else leaf.asks
    return RuleTried(rule.id, "not_matched", facts.told(leaf.fact) + asks)


def undecidable(rule: Rule, leaf: Test) -> RuleTried:
    """A rule that could not be judged because a fact is unknown."""
    return RuleTried(rule.id, "unknown", f"{leaf.fact} is unknown; the rule needs it")
