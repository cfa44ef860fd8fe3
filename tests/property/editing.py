"""Documents edited at random, as an analyst may edit them: most edits change an answer, some only words."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from policywire.model.records import DENIED, Flag, Outcome
from policywire.rulebook.document import DenialTerms, PolicyDocument, RuleText, VersionText
from policywire.rulebook.load import File, document_of, files_in, read_rules
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rulebook
from policywire.rulebook.shape import AnyDocument
from policywire.rulebook.when import When

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "rules"
SYNTHETIC = ROOT / "tests/rules/synthetic"

Documents = tuple[tuple[str, AnyDocument], ...]
"""Under the name of a JSON file each."""

WHENS: tuple[dict[str, Any], ...] = (
    {"clinical_context": "oncology"},
    {"clinical_context": ["orthopaedic", "mixed"]},
    {"not": {"clinical_context": "orthopaedic"}},
    {"narrative": ["product", "hint"]},
    {"units": {"at_least": 2, "at_most": 4}},
    {"charge_amount": {"at_least": "1000.00"}},
    {"modifiers": ["RT", "LT"]},
    {"modifiers": {"present": False}},
    {"diagnosis": {"prefix": ["M17", "M75.1"]}},
    {"diagnosis": ["C91.00"]},
    {"rendering_taxonomy": {"prefix": ["207X"]}},
    {"any": [{"stage": "drafted"}, {"units": 1}]},
    {"all": [{"narrative": "missing"}, {"not": {"modifiers": "50"}}]},
    {"line_of_business": ["commercial"]},
)

OWN_DENIAL = DenialTerms(bucket="own", reason="a reason of its own", appeal="may_appeal", carc="55")


@cache
def documents(folder: Path) -> Documents:
    """The documents of a folder that are no cases, by the name of a JSON file."""
    typed = ((f"{file.name}.json", document_of(file)) for file in files_in(folder))
    return tuple((name, each) for name, each in typed if "Cases" not in type(each).__name__)


def with_a_second_policy(given: Documents) -> Documents:
    """The documents and a policy of the same payer and codes, in force from 2024 to 2026."""
    (name, first) = next((name, each) for name, each in given if isinstance(each, PolicyDocument))
    assert isinstance(first, PolicyDocument)
    version = replace(first.versions[-1], effective_from=date(2024, 1, 1), effective_through=date(2026, 6, 30))
    second = replace(first, policy="SECOND 1", versions=(replace(version, rules=version.rules[::-1]),), companions=())
    return (*given, (f"{name}-second.json", second))


def compiled(given: Documents) -> Rulebook | None:
    """The rulebook of the documents; None when they have faults."""
    return read_rules(File(name, msgspec.json.encode(each)) for name, each in given).rulebook


def edited(given: Documents, random: Random, edits: int) -> Documents:
    """The documents after so many edits, or fewer where one makes no sound document."""
    for _ in range(edits):
        place = random.randrange(len(given))
        name, document = given[place]
        tried = (*given[:place], (name, _edit(document, random)), *given[place + 1 :])
        if compiled(tried) is not None:
            given = tried
    return given


def _edit(document: AnyDocument, random: Random) -> AnyDocument:
    match document:
        case PolicyDocument():
            return _edit_policy(document, random)
        case ContextsDocument():
            return _edit_contexts(document, random)
        case TermsDocument():
            return _edit_terms(document, random)
        case PayerDocument():
            return _edit_payer(document, random)
        case _:
            return document


def _edit_policy(policy: PolicyDocument, random: Random) -> PolicyDocument:
    if random.random() < 0.1:
        scope = random.choice([("commercial",), ("commercial", "medicare_advantage"), ("medicare_advantage",)])
        return replace(policy, scope=replace(policy.scope, lines_of_business=scope), title="Another title")
    place = random.randrange(len(policy.versions))
    version = random.choice(VERSION_EDITS)(policy.versions[place], random)
    return replace(policy, versions=_put(policy.versions, place, version))


def _moved(version: VersionText, random: Random) -> VersionText:
    return replace(version, effective_from=version.effective_from + timedelta(random.randint(-40, 40)))


def _ended(version: VersionText, random: Random) -> VersionText:
    if version.effective_through is None:
        return version
    return replace(version, effective_through=version.effective_through + timedelta(random.randint(-40, 40)))


def _reauthorized(version: VersionText, random: Random) -> VersionText:
    stances = ("no_pathway", "required", "not_required", "unknown")
    return replace(version, prior_authorization=random.choice(stances), basis="Other words.")


def _denied(version: VersionText, random: Random) -> VersionText:
    if version.denial is None:
        return version
    edits: list[dict[str, Any]] = [
        {"carc": "96"},
        {"appeal": "may_appeal"},
        {"reason": "another reason"},
        {"bucket": "another bucket"},
        {"confirm_first_when": (Flag.CONTEXT_BY_TAXONOMY,)},
        {"rarc": replace(version.denial.rarc, patient_liable=("N999",))},
    ]
    return replace(version, denial=replace(version.denial, **random.choice(edits)))


def _flagged(version: VersionText, random: Random) -> VersionText:
    return replace(version, flags=random.choice([(), (Flag.PRIOR_VERSION_CODES_UNVERIFIED,)]))


def _reruled(version: VersionText, random: Random) -> VersionText:
    rules = list(version.rules)
    place = random.randrange(len(rules))
    match random.randrange(4):
        case 0 if len(rules) > 1:
            del rules[place]
        case 1:
            random.shuffle(rules)
        case 2:
            rules.insert(place, replace(rules[place], id=f"r{random.randrange(10**6)}"))
            rules[place + 1] = _edit_rule(rules[place + 1], random)
        case _:
            rules[place] = _edit_rule(rules[place], random)
    return replace(version, rules=tuple(rules))


def _edit_rule(rule: RuleText, random: Random) -> RuleText:
    match random.randrange(6):
        case 0:
            outcome = random.choice([each for each in Outcome if each != Outcome.NO_POLICY_IN_FORCE])
            handoff = "another policy" if outcome == Outcome.OTHER_POLICY else None
            return replace(rule, outcome=outcome, handoff=handoff, denial=None)
        case 1:
            return replace(rule, when=None)
        case 2:
            return replace(rule, when=msgspec.convert(random.choice(WHENS), When))
        case 3 if rule.outcome in DENIED:
            return replace(
                rule, denial=random.choice([None, *(replace(OWN_DENIAL, carc=each) for each in ("55", "96"))])
            )
        case 4:
            return replace(rule, rationale="Said otherwise.", id=f"r{random.randrange(10**6)}")
        case _:
            return replace(rule, codes=random.choice([rule.codes[:1], (*rule.codes, "X0007")]))


VERSION_EDITS: tuple[Callable[[VersionText, Random], VersionText], ...] = (
    *(_moved, _ended, _reauthorized, _denied, _flagged),
    *(_reruled,) * 4,
)


def _edit_contexts(contexts: ContextsDocument, random: Random) -> ContextsDocument:
    place = random.randrange(len(contexts.classes))
    each = contexts.classes[place]
    include, exclude = list(each.diagnoses.include), list(each.diagnoses.exclude)
    match random.randrange(5):
        case 0 if len(include) > 1:
            include.remove(random.choice(include))
        case 1:
            include.append(random.choice(["Z99.8", "Q00-Q99", "M17", "C91.0", "E71.5"]))
        case 2 if exclude:
            exclude.remove(random.choice(exclude))
        case 3:
            exclude.append(random.choice(["M17.1", "C91", "S83", "M99"]))
        case _:
            each = replace(each, taxonomies=random.choice([(), ("207R",), ("207X00000X", "2081")]))
    each = replace(each, diagnoses=replace(each.diagnoses, include=tuple(include), exclude=tuple(exclude)))
    return replace(contexts, classes=_put(contexts.classes, place, each))


def _edit_terms(terms: TermsDocument, random: Random) -> TermsDocument:
    product, hint, negations = list(terms.product), list(terms.hint), list(terms.negations)
    match random.randrange(5):
        case 0 if len(product) > 1:
            hint.append(product.pop(random.randrange(len(product))))
        case 1 if len(hint) > 1:
            hint.pop(random.randrange(len(hint)))
        case 2:
            product.append("brand new product")
        case 3 if len(negations) > 1:
            negations.pop(random.randrange(len(negations)))
        case _:
            return replace(terms, negation_reach=random.randint(0, 4))
    return replace(terms, product=tuple(product), hint=tuple(hint), negations=tuple(negations))


def _edit_payer(payer: PayerDocument, random: Random) -> PayerDocument:
    business = {word: list(written) for word, written in payer.lines_of_business.items()}
    word = random.choice(sorted(business))
    if len(business[word]) > 1 and random.random() < 0.5:
        business["medicaid"] = [*business.get("medicaid", []), business[word].pop()]
    else:
        business[word].append(f"plan {random.randrange(3)}")
    return replace(payer, lines_of_business={each: tuple(written) for each, written in business.items()})


def _put(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])
