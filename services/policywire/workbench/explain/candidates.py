"""The changes worth trying on a line: for each fact that its payer's policies can tell apart, one of every sort.

Knows what policies look at and where their answers can change; does not know what they answer. Days are exact: between
two of the days that are tried no answer can change. Of diagnoses and modifiers one is added, taken away or put alone,
not every set of them. The procedure code and the payer are never tried: what was done is what is billed.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from policywire.decision.agreement import PROBLEMS
from policywire.decision.narrative import narrative_class
from policywire.model.decode import YEAR_MAX, YEAR_MIN
from policywire.rulebook.checks import tests_in
from policywire.rulebook.conditions import Test
from policywire.rulebook.rulebook import ClinicalContexts, CompiledPolicy, ContextClass, Rulebook
from policywire.workbench.explain.change import NEW, NONE, Change
from policywire.workbench.explain.situation import Situation
from policywire.workbench.plain_words import NARRATIVES, diagnosis_in_words

_DAY: Final = timedelta(days=1)
_OTHER_NARRATIVE: Final = "a procedure of another kind"
_NOT_IN_PROFILE: Final = "not in the payer's profile"
_MENDS: Final = {
    "wrong_service": "also listed {code}",
    "wrong_date": "also held for {day}",
    "signed_after_service": "had been signed by the day before the service",
    "signed_on_service_day": "were confirmed as signed before the service",
    "revoked": "had not been revoked before the service",
}


def candidates(situation: Situation, rulebook: Rulebook, policies: Iterable[CompiledPolicy]) -> tuple[Change, ...]:
    """Every change to try, of each kind the smallest first.

    Args:
        situation: the line; its payer id has a profile.
        rulebook: what decides it.
        policies: those that list its code.
    """
    policies = tuple(policies)
    tests = tuple(dict.fromkeys(_tests(policies, situation.item.procedure_code)))
    return (
        *_agreement(situation, rulebook),
        *_pointers(situation),
        *_narrative(situation, policies),
        *_date(situation, policies),
        *_span(situation),
        *_diagnosis(situation, policies, tests),
        *_line_of_business(situation, rulebook),
        *_taxonomy(situation, policies, tests),
        *_modifiers(situation, tests),
        *_numbers(situation, tests),
        *_stage(situation, tests),
    )


def _tests(policies: Iterable[CompiledPolicy], code: str) -> Iterator[Test]:
    for policy in policies:
        for version in policy.versions:
            for rule in version.rules.get(code, ()):
                if rule.condition is not None:
                    yield from tests_in(rule.condition)


def _agreement(situation: Situation, rulebook: Rulebook) -> Iterator[Change]:
    item = situation.item
    payer, code, day = rulebook.payers[item.payer_id].key, item.procedure_code, item.first_day
    for agreement in situation.agreements:
        place = agreement.problem(payer, code, day)
        problem = PROBLEMS[place] if place < len(PROBLEMS) else None
        if problem in _MENDS:
            name = "the agreement" if len(situation.agreements) == 1 else f"agreement {agreement.agreement_id}"
            words = f"{name} {_MENDS[problem].format(code=code, day=day)}"
            yield Change(kind="agreement", words=words, to=agreement.agreement_id, mend=problem)
    words = f"the member had signed by the day before an agreement that lists {code}"
    yield Change(kind="agreement", words=words, to=NEW, mend=payer)
    if situation.agreements:
        yield Change(kind="agreement", words="the member had signed no agreement", to=NONE)


def _pointers(situation: Situation) -> Iterator[Change]:
    own, every = situation.item.diagnoses, situation.diagnoses
    others = [each for each in every if each not in own]
    for other in others:
        yield _pointing(f"the line also pointed at the claim's diagnosis {diagnosis_in_words(other)}", (*own, other))
    for each in own:
        if len(own) > 1:
            rest = tuple(other for other in own if other != each)
            yield _pointing(f"the line did not point at the diagnosis {diagnosis_in_words(each)}", rest)
    for other in (*others, *(own if len(own) > 2 else ())):  # noqa: PLR2004  of two, the other was just left out
        yield _pointing(f"the line pointed at the claim's diagnosis {diagnosis_in_words(other)} alone", (other,))


def _pointing(words: str, diagnoses: tuple[str, ...]) -> Change:
    return Change(kind="pointers", words=words, to=diagnoses)


def _narrative(situation: Situation, policies: tuple[CompiledPolicy, ...]) -> Iterator[Change]:
    for terms in dict.fromkeys(policy.terms for policy in policies if policy.terms is not None):
        texts = {
            "product": " ".join(terms.product[0]),
            "hint": " ".join(terms.hint[0]) if terms.hint else None,
            "other": _OTHER_NARRATIVE,
            "missing": None,
        }
        now = narrative_class(terms, situation.item.narrative)
        for name, text in texts.items():
            if name != now and narrative_class(terms, text) == name:
                words = "there were no narrative" if name == "missing" else f"the narrative {_subjunctive(name)}"
                yield Change(kind="narrative", words=words, to=text)


def _subjunctive(name: str) -> str:
    return {"product": "named a product of the policy", "hint": "only hinted at a product of the policy"}.get(
        name, NARRATIVES[name].replace("names", "named")
    )


def _date(situation: Situation, policies: tuple[CompiledPolicy, ...]) -> Iterator[Change]:
    item = situation.item
    span = item.last_day - item.first_day
    starts = {start - shift for start in _starts(situation, policies) for shift in (timedelta(0), span)}
    days = {start for start in starts if start > item.first_day}
    days |= {start - _DAY for start in starts if start <= item.first_day}
    sound = (day for day in days if day.year >= YEAR_MIN and (day + span).year <= YEAR_MAX)
    for day in sorted(sound, key=lambda each: (abs(each - item.first_day), each)):
        days_away = abs((day - item.first_day).days)
        told = f"{days_away} day{'s' if days_away != 1 else ''} {'later' if day > item.first_day else 'earlier'}"
        yield Change(kind="date", words=f"the date of service were {day}, {told}", to=day)


def _starts(situation: Situation, policies: tuple[CompiledPolicy, ...]) -> Iterator[date]:
    """Every day on which an answer may be another than on the day before."""
    for policy in policies:
        for version in policy.versions:
            yield version.effective_from
            if version.effective_through is not None:
                yield version.effective_through + _DAY
    for agreement in situation.agreements:
        yield from (agreement.service_date_from, agreement.service_date_through + _DAY)
        yield from (agreement.signed_on, agreement.signed_on + _DAY)
        if agreement.revoked_on is not None:
            yield agreement.revoked_on + _DAY


def _span(situation: Situation) -> Iterator[Change]:
    item = situation.item
    if item.last_day != item.first_day:
        for name, day in (("first", item.first_day), ("last", item.last_day)):
            yield Change(kind="span", words=f"only the {name} day, {day}, were billed on this line", to=day)


def _diagnosis(situation: Situation, policies: tuple[CompiledPolicy, ...], tests: tuple[Test, ...]) -> Iterator[Change]:
    own = situation.item.diagnoses
    sorts = {
        example: f"a diagnosis of the {each.name} class, such as {diagnosis_in_words(example)}"
        for contexts in _contexts(policies)
        for each in contexts.classes
        if (example := _example(each, contexts)) is not None
    }
    for test in tests:
        if test.fact == "diagnosis" and test.operator in ("any_of", "prefix"):
            sorts |= {
                each: f"the diagnosis {diagnosis_in_words(each)}" for each in sorted(test.operand) if each not in sorts
            }
    for example, told in sorts.items():
        if own:
            yield Change(kind="diagnosis", words=f"the line also had {told}", to=(*own, example))
        yield Change(kind="diagnosis", words=f"the line had {told}{' alone' if own else ''}", to=(example,))
    if own:
        yield Change(kind="diagnosis", words="the line had no diagnosis", to=())


def _contexts(policies: tuple[CompiledPolicy, ...]) -> Iterable[ClinicalContexts]:
    found = {policy.contexts.id: policy.contexts for policy in policies if policy.contexts is not None}
    return found.values()


def _example(of: ContextClass, contexts: ClinicalContexts) -> str | None:
    """A code that shows this class and no other."""
    listed = (*(low for low, _ in of.diagnoses.ranges), *of.diagnoses.prefixes)
    others = [each.diagnoses for each in contexts.classes if each.name != of.name]
    fitting = (code for code in listed if of.diagnoses.holds(code) and not any(each.holds(code) for each in others))
    return next(fitting, None)


def _line_of_business(situation: Situation, rulebook: Rulebook) -> Iterator[Change]:
    profile = rulebook.payers[situation.item.payer_id]
    now = profile.line_of_business(situation.item.line_of_business)
    for word in sorted(set(profile.lines_of_business.values())):
        written = next(each for each, means in profile.lines_of_business.items() if means == word)
        if word != now:
            yield Change(kind="line_of_business", words=f"the line of business were {word}", to=written)
    if now is not None and profile.line_of_business(_NOT_IN_PROFILE) is None:
        words = "the line of business were none that the payer's profile knows"
        yield Change(kind="line_of_business", words=words, to=_NOT_IN_PROFILE)


def _taxonomy(situation: Situation, policies: tuple[CompiledPolicy, ...], tests: tuple[Test, ...]) -> Iterator[Change]:
    now = situation.item.taxonomy
    sorts: dict[str, str] = {}
    for contexts in _contexts(policies):
        for each in contexts.classes:
            sorts |= {code: f"one of the {each.name} class, such as {code}" for code in each.taxonomies[:1]}
    for test in tests:
        if test.fact == "rendering_taxonomy" and test.operator in ("is", "in", "prefix"):
            operand = (test.operand,) if isinstance(test.operand, str) else test.operand
            sorts |= {code: code for code in sorted(operand)}
    for code, told in sorts.items():
        if code != now:
            yield Change(kind="taxonomy", words=f"the rendering provider's taxonomy were {told}", to=code)
    if now is not None:
        yield Change(kind="taxonomy", words="no taxonomy of the rendering provider were given", to=None)


def _modifiers(situation: Situation, tests: tuple[Test, ...]) -> Iterator[Change]:
    own = situation.item.modifiers
    asked = [test.operand for test in tests if test.fact == "modifiers" and test.operator == "any_of"]
    for modifier in sorted(frozenset().union(*asked)):
        if modifier not in own:
            yield Change(kind="modifiers", words=f"the line had the modifier {modifier}", to=(*own, modifier))
    if own and any(test.fact == "modifiers" for test in tests):
        yield Change(kind="modifiers", words="the line had no modifier", to=())


def _numbers(situation: Situation, tests: tuple[Test, ...]) -> Iterator[Change]:
    item = situation.item
    units = {value for test in tests if test.fact == "units" for value in _around(test)}
    for value in sorted(units, key=lambda each: (abs(each - (item.units or 0)), each)):
        if value != item.units and value >= 0:
            yield Change(kind="units", words=f"there were {value:g} units", to=float(value))
    if item.charge is None:
        return
    cents = int(item.charge.replace(".", ""))
    charges = {int(value) for test in tests if test.fact == "charge_amount" for value in _around(test)}
    for value in sorted(charges, key=lambda each: (abs(each - cents), each)):
        if value != cents and value >= 0:
            money = f"{value // 100}.{value % 100:02}"
            yield Change(kind="charge", words=f"the charge were ${money}", to=money)


def _around(test: Test) -> tuple[Any, ...]:
    """The numbers on both sides of where a test turns."""
    numbers = test.operand if isinstance(test.operand, frozenset) else (test.operand,)
    if test.operator not in ("is", "in", "at_least", "at_most"):
        return ()
    return tuple(each + step for each in numbers for step in (-1, 0, 1))


def _stage(situation: Situation, tests: tuple[Test, ...]) -> Iterator[Change]:
    stage = situation.item.stage
    if stage != "scheduled" and any(test.fact == "stage" for test in tests):
        other = "submitted" if stage == "drafted" else "drafted"
        yield Change(kind="stage", words=f"the claim were {other}", to=other)
