"""The facts of one item under one policy, read when a condition asks for them.

Knows where each fact of :data:`policywire.rulebook.conditions.FACTS` comes from. A fact is UNKNOWN only when the
version declares that it may be; any other absent fact is known to be absent (None).
"""

from collections.abc import Callable
from typing import Any, Final

from policywire.decision.context import Context, clinical_context
from policywire.decision.item import Item
from policywire.decision.narrative import narrative_class
from policywire.rulebook.conditions import UNKNOWN, shown
from policywire.rulebook.rulebook import CompiledPolicy, Version


class ItemFacts(dict[str, Any]):
    """The facts of an item, each worked out when it is first asked for.

    A value is None when absent, UNKNOWN when the version declares that absence means unknown.
    """

    __slots__ = ("_told", "context", "item", "line_of_business", "policy", "version")

    def __init__(self, item: Item, line_of_business: str, policy: CompiledPolicy, version: Version) -> None:
        self.item = item
        self.line_of_business = line_of_business
        self.policy = policy
        self.version = version
        self.context: Context | None = None
        """The clinical context, once a condition has asked for it."""
        self._told: dict[str, str] = {}

    def __missing__(self, fact: str) -> Any:
        value = _READERS[fact](self)
        if value is None and fact in self.version.unknown_flags:
            value = UNKNOWN
        self[fact] = value
        return value

    def told(self, fact: str) -> str:
        """The fact and its value in words."""
        try:
            return self._told[fact]
        except KeyError:
            told = self._told[fact] = f"{fact} is {shown(self[fact])}"
            return told


def _context(facts: ItemFacts) -> Any:
    if facts.policy.contexts is None:
        return None
    facts.context = clinical_context(facts.policy.contexts, facts.item.diagnoses, facts.item.taxonomy)
    return None if facts.context.value is UNKNOWN else facts.context.value


def _narrative(facts: ItemFacts) -> Any:
    return None if facts.policy.terms is None else narrative_class(facts.policy.terms, facts.item.narrative)


def _charge_cents(facts: ItemFacts) -> int | None:
    charge = facts.item.charge
    return None if charge is None else int(charge.replace(".", ""))


_READERS: Final[dict[str, Callable[[ItemFacts], Any]]] = {
    "clinical_context": _context,
    "narrative": _narrative,
    "line_of_business": lambda facts: facts.line_of_business,
    "modifiers": lambda facts: facts.item.modifiers or None,
    "units": lambda facts: facts.item.units,
    "charge_amount": _charge_cents,
    "diagnosis": lambda facts: facts.item.diagnoses or None,
    "rendering_taxonomy": lambda facts: facts.item.taxonomy,
    "stage": lambda facts: facts.item.stage,
}
