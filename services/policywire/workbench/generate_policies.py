"""Synthetic policies for benchmarks: as many as wanted, each of the size that the speed promises are made for.

Two versions, eight rules and eight procedure codes a policy. Everything is made up: payers, codes and words; a code of
such a policy says nothing about the real one of that number. The same count and seed give the same documents.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any, Final

import msgspec

from policywire.model.records import Outcome
from policywire.resources import shipped
from policywire.rulebook.document import (
    Citation,
    DenialTerms,
    Document,
    PolicyDocument,
    Rarc,
    RuleText,
    Scope,
    VersionText,
)
from policywire.rulebook.reference import PayerDocument
from policywire.rulebook.when import When

POLICIES_A_PAYER: Final = 500
"""About what a large payer publishes, so that 10,000 policies are 20 payers and codes are shared within a payer."""

CODES_A_POLICY: Final = 8
RULES_A_VERSION: Final = 8
CHANGED: Final = date(2026, 1, 1)
"""The day on which the second version of every policy starts."""


def generate_policies(count: int, seed: int) -> Iterator[Document]:
    """The payer profiles and then the policies, in order.

    Args:
        count: number of policies.
        seed: what the random choices start from.
    """
    random = Random(seed)  # noqa: S311 (synthetic data, no secret)
    for number in range((count + POLICIES_A_PAYER - 1) // POLICIES_A_PAYER):
        yield PayerDocument(
            payer=f"synthetic-{number}",
            name=f"Synthetic Payer {number}",
            payer_ids=(payer_id(number),),
            lines_of_business={"commercial": ("commercial", "ppo", "hmo")},
            default_line_of_business="commercial",
        )
    codes: tuple[str, ...] = ()
    for number in range(count):
        within = number % POLICIES_A_PAYER
        if not within:
            codes = _codes_of_a_payer(random)
        yield _policy(number, codes[within * CODES_A_POLICY : (within + 1) * CODES_A_POLICY], random)


def payer_id(number: int) -> str:
    """The only id of the synthetic payer of that number."""
    return f"S{number:04}"


def write_policies(folder: Path, count: int, seed: int) -> None:
    """Write the documents of :func:`generate_policies` as JSON files, beside a copy of the rules that ship.

    Args:
        folder: is made; must not be there yet.
        count: number of synthetic policies.
        seed: what the random choices start from.
    """
    copytree(shipped("rules"), folder / "shipped")
    for number, document in enumerate(generate_policies(count, seed)):
        (folder / f"{number:06}.json").write_bytes(msgspec.json.encode(document))


def _codes_of_a_payer(random: Random) -> tuple[str, ...]:
    # No code twice within a payer: so a decision is one determination, whatever the number of policies.
    return tuple(f"{value:05}" for value in random.sample(range(10_000, 100_000), POLICIES_A_PAYER * CODES_A_POLICY))


def _policy(number: int, codes: tuple[str, ...], random: Random) -> PolicyDocument:
    payer = number // POLICIES_A_PAYER
    return PolicyDocument(
        payer=f"synthetic-{payer}",
        policy=f"SP {number:05}",
        title=f"Synthetic policy {number}",
        scope=Scope(lines_of_business=("commercial",)),
        change_type="Modified",
        impact="Low",
        known_from=CHANGED,
        citations=(Citation(id="made-up", title="Made up", source="Synthetic.", kind="secondary", retrieved=CHANGED),),
        versions=(
            _version(number, codes, date(2020, 1, 1), "experimental_investigational", random),
            _version(number, codes, CHANGED, "not_medically_necessary", random),
        ),
    )


def _version(number: int, codes: tuple[str, ...], start: date, position: Any, random: Random) -> VersionText:
    reason = position.replace("_", " ") + f" per Synthetic SP {number:05}"
    rules = [_rule(n, codes, _condition(n, random), random) for n in range(RULES_A_VERSION - 1)]
    return VersionText(
        effective_from=start,
        known_from=start,
        basis="Made up for benchmarks.",
        position=position,
        prior_authorization="not_required",
        denial=DenialTerms(
            bucket=f"SP {number:05}",
            reason=reason,
            appeal="may_appeal",
            carc="50" if position == "not_medically_necessary" else "55",
            rarc=Rarc(provider_liable=("N563",), patient_liable=("N492",)),
        ),
        rules=(*rules, _rule(RULES_A_VERSION - 1, codes, None, random, position)),
    )


def _rule(number: int, codes: tuple[str, ...], when: When | None, random: Random, outcome: Any = None) -> RuleText:
    return RuleText(
        id=f"rule-{number}",
        codes=codes,
        indication="Made up.",
        when=when,
        outcome=Outcome(outcome) if outcome else random.choice((Outcome.COVERED, Outcome.REVIEW)),
        rationale=f"Made up, as rule {number} of a synthetic version.",
    )


def _condition(number: int, random: Random) -> When:
    # The number is in every condition: two rules that ask the same would leave the second unreachable.
    match number % 4:
        case 0:
            return When(diagnosis=(f"Q{number}{random.randrange(10)}{random.randrange(10)}",))
        case 1:
            return When(modifiers=(random.choice(("Q1", "Q2", "Q3")),), units=float(50 + number))
        case 2:
            return When(rendering_taxonomy=(f"{random.randrange(400, 500)}X0000{number}X",))
        case _:
            return When(stage="drafted", diagnosis=(f"R{number}{random.randrange(10)}",))
