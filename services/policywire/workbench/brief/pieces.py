"""What can be said of a version of a policy in plain words, each thing in one place. Knows no reader.

Every sentence follows from the documents; none names a code or a payer of its own.
"""

from collections.abc import Iterator
from typing import Final

from policywire.decision.agreement import MISSING
from policywire.decision.consequences import next_action
from policywire.decision.verdict import NEXT_ACTIONS
from policywire.model.records import DENIED, Outcome
from policywire.rulebook.document import RuleText
from policywire.workbench.brief.page import Points, Rows, Section
from policywire.workbench.brief.subject import Subject, condition_of
from policywire.workbench.plain_words import (
    FLAGS,
    PRIOR_AUTHORIZATION,
    condition_in_words,
    day_in_words,
    outcome_in_words,
)

ROWS_MAX: Final = 14
"""More rules than that do not fit on a page: then a row stands for all rules of the same codes."""

CLOSING: Final = (
    "A prediction from published policy, made by policywire for planning; the payer has the last word. "
    "Bill what was done and why, as the record shows it."
)


def lead(subject: Subject) -> tuple[str, ...]:
    """What matters most: from when, what the payer's position is, and what it was."""
    day = day_in_words(subject.version.effective_from)
    left = (subject.version.effective_from - subject.as_of).days
    position = outcome_in_words(subject.written.position)
    codes = subject.codes()
    count = f"{len(codes)} procedure code{'s' if len(codes) != 1 else ''}"
    if subject.is_upcoming:
        first = f"For services on {day} or later ({left} day{'s' if left != 1 else ''} left), {subject.name} changes"
    else:
        first = f"For services since {day}, {subject.name} says"
    sentences = [f"{first}: {position}, for {count}."]
    if subject.former is not None:
        former = outcome_in_words(_position_before(subject))
        sentences.append(f"For services before that day it {'says' if subject.is_upcoming else 'said'}: {former}.")
    return tuple(sentences)


def what_changes(subject: Subject, *, remittance: bool = False) -> Section:
    """Which codes are answered otherwise than under the version before; ``remittance``: how denials read, too."""
    if subject.former is None:
        first = "It is the policy's first version that is known here; before it, no policy is in force."
        return Section("What changes", Points((first,)))
    everything = set(subject.codes())
    items = [
        f"{'Every code' if set(each.codes) == everything else listed(each.codes)}: {each.change}."
        for each in subject.change.by_codes
    ]
    if subject.former.prior_authorization != subject.version.prior_authorization:
        before, now = subject.former.prior_authorization, subject.version.prior_authorization
        items.append(f"Prior authorization: {PRIOR_AUTHORIZATION[before]}; now: {PRIOR_AUTHORIZATION[now]}.")
    if remittance:
        items += _denial_change(subject)
    return Section("What changes", Points(tuple(items) or ("Nothing that changes an answer.",)))


def _denial_change(subject: Subject) -> Iterator[str]:
    former, now = subject.former, subject.version
    if former is not None and former.denial != now.denial and former.denial is not None and now.denial is not None:
        yield f'For earlier days of service denials read "{former.denial.reason}", CARC {former.denial.carc}.'
    for flag in former.flags if former is not None else ():
        if flag not in now.flags:
            yield f"Determinations for those days also say: {FLAGS[flag]}."


def code_list(subject: Subject, *, in_full: bool = False) -> Section:
    """Every code with what the payer answers; beside it, what the list itself leaves open (``in_full``: and why)."""
    rules = subject.written.rules
    rows = _rule_rows(subject) if len(rules) <= ROWS_MAX else _code_rows(subject)
    notes = tuple(beside_the_list(subject, in_full=in_full))
    return Section("The codes", Rows(("codes", "service, and when", "answer"), tuple(rows), notes))


def beside_the_list(subject: Subject, *, in_full: bool) -> Iterator[str]:
    """What somebody who uses the list of codes must know: rows kept out, sources that disagree, what is assumed."""
    for row in subject.compiled.quarantined:
        yield f"Kept out of this list: {sentence(row.why)}"
    for conflict in subject.policy.source_conflicts:
        followed = f"The sources disagree. {sentence(conflict.about)} Followed is: {sentence(conflict.taken)}"
        yield f"{followed} Not: {sentence(conflict.set_aside)} {sentence(conflict.why)}" if in_full else followed
    for flag in subject.written.flags:
        yield f"Not certain: {FLAGS[flag]}."
    readings = (each for each in (subject.contexts, subject.terms) if each is not None)
    if unsigned := tuple(each.id for each in readings if each.signed_off is None):
        yield f"Not signed off by a clinician yet, though lines are read by it: {listed(unsigned)}."


def authorization(subject: Subject) -> str:
    """Whether one can ask first."""
    return {
        "no_pathway": "There is no way to ask for prior authorization.",
        "required": "Prior authorization is required: ask before the service.",
        "not_required": "Prior authorization is not required.",
        "unknown": "Whether prior authorization can be asked for is not known: call the payer.",
    }[subject.version.prior_authorization]


def agreement_rule(subject: Subject) -> str:
    """When a financial responsibility agreement holds."""
    return (
        f"An agreement holds when it is signed on a day before the service, names the code and the day, and is about "
        f"{subject.payer.name}. Signed on the day itself it counts only when it is confirmed as signed before the "
        "service; a blanket one counts for nothing."
    )


def urgency(subject: Subject) -> str | None:
    """From when a missing agreement is how loud."""
    text = subject.texts.get("agreement_missing")
    if text is None or not text.severity_by_days:
        return None
    steps = [f"{each.severity} from {each.days_at_most} days before the service" for each in text.severity_by_days]
    return f"A missing agreement is {text.severity} at first, {' and '.join(reversed(steps))}."


def substitutions(subject: Subject) -> Iterator[str]:
    """What coding around leads to."""
    for each in subject.substitutions:
        yield (
            f"Do not use {listed(each.unlisted)} in place of {listed(each.targeted, 'or')}: the policy names it too, "
            f"and the answer is the same. It is held beside what was booked or billed in {each.within_days} days."
        )


def companions(subject: Subject) -> Iterator[str]:
    """Other policies that deserve a look."""
    codes = {each.companion: listed(each.codes) for each in subject.companions}
    for each in subject.policy.companions:
        which = f" ({codes[each.policy]})" if each.policy in codes else ""
        yield f"Look at {subject.payer.name} {each.policy} separately, {each.title}{which}. {sentence(each.why)}"


def appeals(subject: Subject) -> Iterator[str]:
    """Whether an appeal is worth anybody's time."""
    denial = subject.written.denial
    if denial is None:
        return
    match denial.appeal:
        case "do_not_appeal":
            yield "Do not appeal: the position is categorical, and clinical records do not change it."
        case "confirm_first":
            yield "Confirm the facts before you give a denied line up."
        case _:
            yield "An appeal is possible."
    if denial.confirm_first_when:
        cases = "; ".join(FLAGS[flag] for flag in denial.confirm_first_when)
        yield f"Before a line is given up, make sure of it where {cases}."


def remittance(subject: Subject) -> Iterator[str]:
    """How a denial will read, and who owes then."""
    denial = subject.written.denial
    if denial is None:
        return
    provider, member = " ".join(denial.rarc.provider_liable), " ".join(denial.rarc.patient_liable)
    yield f'Work denials in the bucket "{denial.bucket}", with the reason "{denial.reason}".'
    yield (
        f"Without a valid agreement expect CO {denial.carc}{_with(provider)}: the practice bears the cost. With one "
        f"expect PR {denial.carc}{_with(member)}: the member owes it."
    )


def to_settle(subject: Subject) -> Iterator[str]:
    """What must be found out for lines that no rule can deny or pay by itself, by what is to be done."""
    tasks: dict[str, dict[str, None]] = {}
    for rule in subject.written.rules:
        action = next_action(rule.outcome, rule.flags, "submitted", MISSING)
        if rule.outcome not in DENIED and action != "none":
            tasks.setdefault(action, {}).update(dict.fromkeys(rule.codes))
    for action, codes in tasks.items():
        yield f"{listed(tuple(codes))}: {NEXT_ACTIONS[action]}"


def listed(codes: tuple[str, ...], word: str = "and") -> str:
    """Codes in a sentence."""
    return codes[0] if len(codes) == 1 else f"{', '.join(codes[:-1])} {word} {codes[-1]}"


def sentence(text: str) -> str:
    """Text of a document as a sentence."""
    stripped = " ".join(text.split())
    return stripped if stripped.endswith((".", "?", "!")) else f"{stripped}."


def answer(rule: RuleText) -> str:
    """What a rule answers, in words."""
    if rule.outcome is Outcome.OTHER_POLICY and rule.handoff:
        return f"belongs to {rule.handoff}"
    return outcome_in_words(rule.outcome)


def _position_before(subject: Subject) -> str:
    place = subject.policy.versions.index(subject.written)
    return subject.policy.versions[place - 1].position


def _rule_rows(subject: Subject) -> Iterator[tuple[str, ...]]:
    for rule in subject.written.rules:
        when = "" if rule.when is None else f": when {condition_in_words(condition_of(rule))}"
        if codes := [code for code in rule.codes if code in subject.version.rules]:
            yield ", ".join(codes), rule.indication + when, answer(rule)


def _code_rows(subject: Subject) -> Iterator[tuple[str, ...]]:
    """A row for all codes that the same rules name, with every answer that they can get."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for code in subject.codes():
        groups.setdefault(tuple(rule.id for rule in subject.version.rules[code]), []).append(code)
    by_id = {rule.id: rule for rule in subject.written.rules}
    for ids, codes in groups.items():
        rules = [by_id[each] for each in ids]
        answers = " / ".join(dict.fromkeys(map(answer, rules)))
        when = "" if len(rules) == 1 and rules[0].when is None else f", by {len(rules)} rules in order"
        yield ", ".join(codes), rules[0].indication + when, answers


def _with(remarks: str) -> str:
    return f" with {remarks}" if remarks else ""
