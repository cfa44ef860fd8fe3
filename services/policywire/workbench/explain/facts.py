"""The facts of a line as a policy read them, in words that hold nothing a sender wrote in free text.

Knows which facts the rules of a code look at and how each was come by; decides nothing.
"""

from collections.abc import Iterator

from msgspec import Struct

from policywire.decision.facts import ItemFacts
from policywire.decision.item import Item
from policywire.rulebook.checks import tests_in
from policywire.rulebook.conditions import UNKNOWN, shown
from policywire.rulebook.rulebook import CompiledPolicy, PayerProfile, Version
from policywire.workbench.plain_words import NARRATIVES, diagnosis_in_words


class FactRead(Struct, frozen=True):
    """A fact, its value in words, and how it was come by (empty: as sent)."""

    fact: str
    value: str
    how: str = ""


def facts_read(item: Item, policy: CompiledPolicy, profile: PayerProfile, version: Version) -> Iterator[FactRead]:
    """The line of business, and every fact that the version's rules for the item's code look at."""
    line_of_business = profile.line_of_business(item.line_of_business)
    how = "" if item.line_of_business else "none was sent, so the payer's profile decides"
    yield FactRead("line_of_business", line_of_business or "none that the payer's profile knows", how)
    facts = ItemFacts(item, line_of_business or "", policy, version)
    conditions = [rule.condition for rule in version.rules.get(item.procedure_code, ()) if rule.condition is not None]
    asked = dict.fromkeys(test.fact for condition in conditions for test in tests_in(condition))
    for fact in asked:
        if fact != "line_of_business":
            yield _read(fact, facts)


def _read(fact: str, facts: ItemFacts) -> FactRead:
    value = facts[fact]
    if fact == "clinical_context":
        return FactRead(fact, "not known" if value is UNKNOWN else shown(value), _context(facts))
    if fact == "narrative" and value is not None:
        return FactRead(fact, f"the narrative {NARRATIVES[value]}")
    if fact == "charge_amount" and facts.item.charge is not None:
        return FactRead(fact, f"${facts.item.charge}")
    return FactRead(fact, "not known" if value is UNKNOWN else shown(value))


def _context(facts: ItemFacts) -> str:
    contexts = facts.policy.contexts
    if contexts is None:
        return "the policy names no contexts"
    if facts.context is not None and facts.context.by_taxonomy:
        return f"no diagnosis shows it; the rendering provider's taxonomy {shown(facts.item.taxonomy)} suggests it"
    shows = []
    for each in contexts.classes:
        diagnoses = [diagnosis for diagnosis in facts.item.diagnoses if each.diagnoses.holds(diagnosis)]
        if diagnoses:
            told = ", ".join(shown(diagnosis_in_words(diagnosis)) for diagnosis in diagnoses)
            shows.append(f"{told} {'show' if len(diagnoses) > 1 else 'shows'} {each.name}")
    return "; ".join(shows) or "neither a diagnosis of the line nor a taxonomy shows a class"
