"""What lines under a policy can be made of: pools of values on and beside every bound that its documents draw.

Knows how senders write (blanks, case, dots, nothing at all); does not know which line is wanted
(:mod:`policywire.workbench.gate.lines`). Everything is made up.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.workbench.gate.clinical import Contexts, Narratives, bare, code
from policywire.workbench.gate.listing import DAYS_END, listed, windows
from policywire.workbench.gate.meaning import plain, tests_in

NEUTRAL_DIAGNOSES: Final = ("I10", "R52", "Z00.00", "E11.9", "K21.9", "D3A.00", "D62", "S06.0X0A", "G89.4")
NEUTRAL_TAXONOMIES: Final = ("208D00000X", "363L00000X", "207R00000X")
NEUTRAL_TEXTS: Final = ("hardware removal", "aspiration of a cyst, left side", "see operative note 4", "-", "ü. ; : x")
UNLISTED_CODES: Final = ("99213", "20610", "0232T", "J3301", "X9999", "2099", "ABCDE")
FOREIGN_BUSINESS: Final = ("Medicaid ?", "zz", "workers comp", "0")
OTHER_MODIFIERS: Final = ("RT", "lt", "59", " GA")
PLAIN_UNITS: Final = (None, 0, 1, 1.0, 2, 40, 0.5)
PLAIN_CHARGES: Final = ("0.00", "0.01", "1000.00", "999999999999.99")
FURTHEST: Final = timedelta(days=1200)
"""How far into a version without an end days are drawn."""
FAR: Final = timedelta(days=400)
CATEGORY_LENGTH: Final = 3
"""No diagnosis is shorter than its category."""
A_DAY: Final = timedelta(days=1)


class Vocabulary:
    """Draws values for the fields of a line under one policy."""

    def __init__(
        self,
        policy: PolicyDocument,
        payer: PayerDocument,
        contexts: ContextsDocument | None,
        terms: TermsDocument | None,
    ) -> None:
        self.payer = payer
        self.codes = sorted(frozenset().union(*map(listed, policy.versions)))
        written = [each for version in policy.versions for rule in version.rules for each in rule.codes]
        self._quarantined = sorted({each for each in written if code(each) not in self.codes})
        self.windows = [
            (date.fromordinal(start), date.fromordinal(min(end, start + FURTHEST.days) if end == DAYS_END else end))
            for start, end in windows(policy)
        ]
        operands = _operands(policy)
        self.modifiers = [*operands["modifiers"], *OTHER_MODIFIERS]
        self.units = [*PLAIN_UNITS, *(each for bound in operands["units"] for each in _around(bound, 0.5, 0.001))]
        self.charges = [*PLAIN_CHARGES, *(each for bound in operands["charge_amount"] for each in _money_around(bound))]
        self._businesses = [each for written in payer.lines_of_business.values() for each in written]
        self._read_diagnoses(operands["diagnosis"], contexts)
        self.taxonomies = [
            *(f"{each}{end}" for each in operands["rendering_taxonomy"] for end in ("", "X")),
            *(
                f"{each}{end}"
                for group in (contexts.classes if contexts else ())
                for each in group.taxonomies
                for end in ("", "9")
            ),
            *NEUTRAL_TAXONOMIES,
        ]
        self._read_narratives(terms)

    def _read_diagnoses(self, operands: list[str], contexts: ContextsDocument | None) -> None:
        written = [*NEUTRAL_DIAGNOSES, *(each for operand in operands for each in _diagnoses_around(operand))]
        for group in contexts.classes if contexts else ():
            entries = (*group.diagnoses.include, *group.diagnoses.exclude)
            written += (each for entry in entries for each in _diagnoses_of(entry))
        classes = Contexts(contexts) if contexts else None
        self.diagnoses: dict[str, list[str]] = {}
        """By the context that each alone shows; empty text: none."""
        for each in dict.fromkeys(written):
            shown = classes.of((bare(each),), "")[0] if classes else ""
            self.diagnoses.setdefault(shown, []).append(each)

    def _read_narratives(self, terms: TermsDocument | None) -> None:
        reads = Narratives(terms) if terms else None
        self.narratives: dict[str, list[str | None]] = {"missing": [None, "", "  \n"]}
        """By what they say."""
        for text in (*NEUTRAL_TEXTS, *(_texts(terms) if terms else ())):
            self.narratives.setdefault(reads.of(text) if reads else "other", []).append(text)

    def code(self, random: Random) -> str:
        """Mostly a listed code."""
        if not self.codes or _one_in(12, random):
            return random.choice((*UNLISTED_CODES, *self._quarantined))
        return self.as_sent(random, random.choice(self.codes))

    def as_sent(self, random: Random, value: str) -> str:
        """A code as somebody may write it."""
        return random.choice((value, value, value, value.lower(), f" {value} ", f"{value.lower()}\t"))

    def payer_id(self, random: Random) -> str:
        """Mostly one of the payer's."""
        return "no such payer" if _one_in(100, random) else random.choice(self.payer.payer_ids)

    def business(self, random: Random) -> str | None:
        """A line of business as somebody may write it: none, one of the profile's words, or one that it has not."""
        if _one_in(2, random):
            return self.business_of(random.choice(self._businesses), random)
        return random.choice((None, None, "", " ", *FOREIGN_BUSINESS))

    def business_of(self, word: str, random: Random) -> str | None:
        """One word as somebody may write it."""
        return random.choice((word, word.upper(), word.title(), f" {word} ", word.replace("_", "_ "))) if word else None

    def day(self, random: Random) -> date:
        """A day of service, often on or beside a bound of the versions."""
        version = random.randrange(len(self.windows))
        if _one_in(2, random):
            return self.day_of(version, random)
        start, end = self.windows[version]
        return random.choice((start - A_DAY, start, end, end + A_DAY, start - FAR, end + FAR))

    def day_of(self, version: int, random: Random) -> date:
        """A day of a version, often its first or last."""
        start, end = self.windows[version]
        if _one_in(3, random):
            return random.choice((start, end, min(end, start + A_DAY), max(start, end - A_DAY)))
        return start + A_DAY * random.randint(0, (end - start).days)

    def shown_by(self, random: Random, context: str | None = None) -> tuple[str, ...]:
        """Diagnoses that show a context (empty: none; None: whichever), with others that show nothing."""
        contexts = [each for each in self.diagnoses if each]
        if context is None:
            context = random.choice((*contexts, "mixed", "", ""))
        if context == "mixed" and len(contexts) > 1:
            chosen = [random.choice(self.diagnoses[each]) for each in random.sample(contexts, 2)]
        else:
            chosen = [random.choice(self.diagnoses[context])] if self.diagnoses.get(context) else []
        chosen += random.choices(self.diagnoses.get("", NEUTRAL_DIAGNOSES), k=random.randint(0, 2))
        if not context and _one_in(3, random):
            return ()
        random.shuffle(chosen)
        return tuple(random.choice((each, each.lower(), bare(each), f" {each}")) for each in chosen)

    def narrative(self, random: Random, says: str | None = None) -> str | None:
        """A text that says this, or whatever."""
        return random.choice(self.narratives.get(says or random.choice(list(self.narratives)), [None]))


def _one_in(number: int, random: Random) -> bool:
    return random.randrange(number) == 0


def _operands(policy: PolicyDocument) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {each: [] for each in ("modifiers", "units", "charge_amount", "diagnosis")}
    found["rendering_taxonomy"] = []
    for version in policy.versions:
        for rule in version.rules:
            for asked in tests_in(plain(rule.when)) if rule.when is not None else ():
                if asked.fact in found and not isinstance(asked.operand, bool):
                    found[asked.fact] += asked.operand if isinstance(asked.operand, list | tuple) else [asked.operand]
    return found


def _around(bound: float, *steps: float) -> Iterable[float]:
    yield bound
    for step in steps:
        yield from (round(each, 6) for each in (bound - step, bound + step) if each >= 0)


def _money_around(bound: str) -> Iterable[str]:
    cents = int(bound.replace(".", ""))
    yield from (f"{each // 100}.{each % 100:02}" for each in (cents - 1, cents, cents + 1) if each >= 0)


def whole_category(operand: str) -> str:
    """A diagnosis that begins as a policy asks, and is at least a category: ``C`` is none, ``C01`` is."""
    return operand + "01"[len(bare(operand)) - 1 :] if len(bare(operand)) < CATEGORY_LENGTH else operand


def _diagnoses_around(operand: str) -> Iterable[str]:
    whole = whole_category(operand)
    yield from (whole, f"{whole}1", whole[: max(CATEGORY_LENGTH, len(whole) - 1)])


def _diagnoses_of(entry: str) -> Iterable[str]:
    """Some in an entry of a contexts document, and some beside it."""
    low, dash, high = entry.partition("-")
    if not dash:
        yield from (entry, f"{entry}0", entry[: max(CATEGORY_LENGTH, len(entry) - 1)])
        return
    for category, step in ((low, -1), (low, 0), (high, 0), (high, 1)):
        number = int(category[1:]) + step if category[1:].isdecimal() else None
        if number is not None and 0 <= number < 100:  # noqa: PLR2004  a category has two digits
            yield f"{category[0]}{number:02}.9"
    yield f"{low[:2]}A.1"


def _texts(terms: TermsDocument) -> Iterable[str]:
    """Each phrase plain, dressed, negated near and too far, and beside another sentence's negation."""
    negations = terms.negations or ("no",)
    filler = " ".join(["word"] * terms.negation_reach)
    for number, phrase in enumerate((*terms.product, *terms.hint)):
        negation = negations[number % len(negations)]
        yield from (phrase, f"Left knee, {phrase.upper()}: two sites", f"{phrase}s", phrase.replace(" ", "-"))
        yield from (f"{negation} {phrase}", f"{negation} {filler} {phrase}", f"{negation}. {phrase}")
        yield from (f"{negation} {phrase}; then {phrase}", f"word {negation.upper()} word {phrase}")
        yield from (f"{prefix}-{phrase}" for prefix in terms.negating_prefixes)
        yield from (f"{prefix} word {phrase}" for prefix in terms.negating_prefixes)
