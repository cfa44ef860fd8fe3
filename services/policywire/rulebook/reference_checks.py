"""What payer, contexts, terms and watch documents must fulfil beyond their shape, each looked at alone.

Knows the meaning of these documents; does not know files or policies.
"""

import re
from collections.abc import Iterator
from string import Formatter
from typing import Final, get_args

from policywire.model.codes import diagnosis, is_procedure_code, procedure_code
from policywire.model.records import Severity
from policywire.rulebook.checks import YEARS, twice
from policywire.rulebook.phrases import words
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import fold
from policywire.rulebook.source import Finding, Path
from policywire.rulebook.watch import AlertText, WatchDocument

CATEGORY: Final = re.compile(r"[A-Z][0-9][0-9A-Z]")
DIAGNOSIS: Final = re.compile(CATEGORY.pattern + r"[0-9A-Z]{0,4}")
TAXONOMY: Final = re.compile(r"[0-9]{3}[0-9A-Z]{0,7}")
LOUDNESS: Final = get_args(Severity)
PLACEHOLDERS: Final = ("codes", "policy", "payer")


def payer_findings(payer: PayerDocument) -> Iterator[Finding]:
    """Everything that is wrong in a payer document."""
    yield from twice(("payer_ids",), "", payer.payer_ids)
    for position, payer_id in enumerate(payer.payer_ids):
        if payer_id != payer_id.strip():
            yield Finding(("payer_ids", position), "blank", "blanks around a payer id", "Take them away.")
    if payer.default_line_of_business not in payer.lines_of_business:
        message = f"{payer.default_line_of_business} is none of lines_of_business"
        yield Finding(("default_line_of_business",), "line-of-business", message, "Add it, or choose one of them.")
    read_as: dict[str, str] = {}
    for word, written in payer.lines_of_business.items():
        for position, each in enumerate(written):
            where = ("lines_of_business", word, position)
            if read_as.setdefault(fold(each), word) != word or not fold(each):
                message = f"{each!r} is blank or already read as {read_as[fold(each)]}"
                yield Finding(where, "line-of-business", message, "Keep one of them.")


def contexts_findings(contexts: ContextsDocument) -> Iterator[Finding]:
    """Everything that is wrong in a contexts document; a missing sign-off is a warning."""
    yield from twice(("classes",), "name", (each.name for each in contexts.classes))
    for position, each in enumerate(contexts.classes):
        path = ("classes", position)
        if each.name == "mixed":
            message = "mixed is what several classes at once are called"
            yield Finding((*path, "name"), "reserved", message, "Choose another name.")
        for field in ("include", "exclude"):
            entries: tuple[str, ...] = getattr(each.diagnoses, field)
            below = (*path, "diagnoses", field)
            yield from twice(below, "", map(diagnosis, entries))
            for e, entry in enumerate(entries):
                if not _is_diagnosis_entry(entry):
                    message = f"{entry} is no ICD-10-CM code, beginning of one, or range of categories"
                    yield Finding((*below, e), "diagnosis", message, "Write E71.52, or C00-C96 with the lower first.")
        for t, taxonomy in enumerate(each.taxonomies):
            if not TAXONOMY.fullmatch(taxonomy):
                message = f"{taxonomy} is no NUCC taxonomy code or beginning of one"
                yield Finding((*path, "taxonomies", t), "taxonomy", message, "Write 207X or 207RH0000X.")
    if contexts.signed_off is None:
        yield _sign_off_due()


def _is_diagnosis_entry(entry: str) -> bool:
    low, dash, high = entry.partition("-")
    if dash:
        return bool(CATEGORY.fullmatch(low) and CATEGORY.fullmatch(high)) and low <= high
    return DIAGNOSIS.fullmatch(diagnosis(entry)) is not None


def _sign_off_due() -> Finding:
    message = "a clinician has still to sign these clinical data off"
    return Finding(("signed_off",), "sign-off", message, "Fill in by and on when it is done.", "warning")


def terms_findings(terms: TermsDocument) -> Iterator[Finding]:
    """Everything that is wrong in a terms document; a missing sign-off is a warning."""
    seen: dict[tuple[str, ...], str] = {}
    for field in ("product", "hint"):
        for position, phrase in enumerate(getattr(terms, field)):
            folded = words(phrase)
            if not folded:
                yield Finding((field, position), "phrase", f"{phrase!r} has no word in it", "Write letters or digits.")
            elif folded in seen:
                message = f"{phrase!r} is already given as {seen[folded]}"
                yield Finding((field, position), "twice", message, "Keep one of them.")
            seen.setdefault(folded, f"{field}[{position}]")
    for field in ("negations", "negating_prefixes"):
        for position, word in enumerate(getattr(terms, field)):
            if len(words(word)) != 1:
                yield Finding((field, position), "phrase", f"{word!r} is not one word", "Write one word an entry.")
    if terms.signed_off is None:
        yield _sign_off_due()


def watch_findings(watch: WatchDocument) -> Iterator[Finding]:
    """Everything that is wrong in a watch document."""
    for kind, texts in watch.texts.items():
        path: Path = ("texts", kind)
        yield from _threshold_findings(texts, (*path, "severity_by_days"))
        known = (*PLACEHOLDERS, "companion") if kind == "companion_policy_review" else PLACEHOLDERS
        for below, words_ in ((path, texts), ((*path, "of_appointment"), texts.of_appointment)):
            if words_ is not None:
                yield from _placeholder_findings(words_.message, (*below, "message"), known)
                yield from _placeholder_findings(words_.action, (*below, "action"), known)
    for position, each in enumerate(watch.substitutions):
        for code in sorted(set(map(procedure_code, each.unlisted)).intersection(map(procedure_code, each.targeted))):
            message = f"{code} is unlisted and targeted at once"
            yield Finding(("substitutions", position), "stands-for-itself", message, "Take it out of one of the two.")
    for field, lists in (("substitutions", ("unlisted", "targeted")), ("companions", ("codes",))):
        for position, entry in enumerate(getattr(watch, field)):
            for name in lists:
                yield from _code_findings(getattr(entry, name), (field, position, name))
    for position, review in enumerate(watch.context_reviews):
        yield from _code_findings(review.codes, ("context_reviews", position, "codes"))
    yield from _first_day_findings(watch)


def _first_day_findings(watch: WatchDocument) -> Iterator[Finding]:
    first = watch.alerts_from
    if first is not None and first.year not in YEARS:
        yield Finding(("alerts_from",), "date", f"{first} lies outside 1900 to 2199", "Mend the year.")


def _threshold_findings(texts: AlertText, path: Path) -> Iterator[Finding]:
    """Days must rise, and each step nearer to the service must be louder than what lies beyond it."""
    days = [each.days_at_most for each in texts.severity_by_days]
    if days != sorted(set(days)):
        yield Finding(path, "order", "days do not rise", "Give the fewest days first.")
        return
    beyond = [*(each.severity for each in texts.severity_by_days), texts.severity][1:]
    for position, (step, further) in enumerate(zip(texts.severity_by_days, beyond, strict=True)):
        if LOUDNESS.index(step.severity) <= LOUDNESS.index(further):
            message = f"{step.severity} within {step.days_at_most} days is no louder than {further} beyond them"
            mend = "Make the nearer service louder, or take the step away."
            yield Finding((*path, position), "severity-order", message, mend)


def _placeholder_findings(text: str, path: Path, known: tuple[str, ...]) -> Iterator[Finding]:
    try:
        names = {
            f"{name}{':' if spec else ''}{spec}" for _, name, spec, _ in Formatter().parse(text) if name is not None
        }
    except ValueError:
        names = {text}
    for name in sorted(names.difference(known)):
        message = f"a text cannot hold {{{name}}}"
        yield Finding(path, "placeholder", message, f"Use {', '.join(f'{{{each}}}' for each in known)}.")


def _code_findings(codes: tuple[str, ...], path: Path) -> Iterator[Finding]:
    yield from twice(path, "", map(procedure_code, codes))
    for position, code in enumerate(codes):
        if not is_procedure_code(procedure_code(code)):
            message = f"{code!r} has not the shape of a procedure code"
            yield Finding((*path, position), "code-shape", message, "Mend it, as 20999 or 0565T.")
