"""Makes a new policy of a few answers: one version with one rule, to be filled in by somebody who knows the policy.

Knows what is asked and what holds where nothing is answered; knows no terminal and no file.
"""

from datetime import date
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.codes import is_procedure_code, procedure_code
from policywire.model.records import Flag, Outcome
from policywire.rulebook.document import PolicyDocument, RuleText
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.authoring.naming import short_name
from policywire.workbench.authoring.terms import Terms, policy_of, version_of
from policywire.workbench.plain_words import OUTCOMES

COMMERCIAL: Final = (
    "ppo",
    "pos",
    "epo",
    "hmo",
    "indemnity",
    "exchange",
    "self_funded",
    "CI",
    "12",
    "13",
    "14",
    "15",
    "HM",
)
"""What senders write for commercial business beside the word: plain words, then X12 claim filing codes."""

UNSTATED_INDICATION: Final = "procedures that the policy names, to be described in own words"
UNSTATED_SOURCE: Final = "To be filled in: where the text is to be found, and who wrote it."


class RuleAnswers(Struct, frozen=True, kw_only=True):
    """What was answered about the first rule and its version."""

    codes: tuple[str, ...]
    outcome: Outcome
    effective_from: date
    effective_through: date | None = None
    indication: str = UNSTATED_INDICATION
    rationale: str = ""
    handoff: str | None = None


def scaffold(terms: Terms, answers: RuleAnswers, today: date) -> PolicyDocument:
    """A new policy.

    Raises:
        BadInput: a code has not the shape of one.
    """
    rule = RuleText(
        id=short_name("" if answers.indication == UNSTATED_INDICATION else answers.indication, "named-procedures"),
        codes=good_codes(answers.codes),
        indication=answers.indication,
        outcome=answers.outcome,
        flags=(Flag.CONTEXT_UNKNOWN,) if answers.outcome is Outcome.REVIEW else (),
        handoff=answers.handoff,
        rationale=answers.rationale or f"The policy calls it: {OUTCOMES[answers.outcome]}.",
        cites=(terms.citation.id,),
    )
    version = version_of(terms, answers.effective_from, answers.effective_through, (rule,), today)
    return policy_of(terms, (version,))


def good_codes(written: tuple[str, ...]) -> tuple[str, ...]:
    """Codes in normal form, each once.

    Raises:
        BadInput: one has not the shape of a code.
    """
    codes = tuple(dict.fromkeys(map(procedure_code, written)))
    for code in codes:
        if not is_procedure_code(code):
            mend = "Write four digits and a digit or letter (0565T), or a letter and four digits (J1234)."
            raise BadInput(f"{code} has not the shape of a procedure code. {mend}")
    return codes


def new_payer(key: str, name: str, payer_ids: tuple[str, ...]) -> PayerDocument:
    """A payer's profile with commercial business only, as senders usually write it."""
    return PayerDocument(
        payer=key,
        name=name,
        payer_ids=payer_ids,
        lines_of_business={"commercial": ("commercial", *COMMERCIAL)},
        default_line_of_business="commercial",
    )
